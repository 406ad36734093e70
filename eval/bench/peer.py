"""The same ingest by LlamaIndex: its folder reader, its sentence splitter, FastEmbed, its default store.

`peer.py FOLDER MODEL_DIR STORE_DIR TOKENS OVERLAP`; the model is the very file that Footnote uses.
"""

import json
import logging
import sys

from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.fastembed import FastEmbedEmbedding

MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def main(folder, model_dir, store_dir, tokens, overlap):
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    Settings.llm = None
    embedder = FastEmbedEmbedding(model_name=MODEL, specific_model_path=model_dir)
    splitter = SentenceSplitter(chunk_size=int(tokens), chunk_overlap=int(overlap))
    documents = SimpleDirectoryReader(folder, recursive=True, filename_as_id=True).load_data()
    nodes = splitter.get_nodes_from_documents(documents)
    index = VectorStoreIndex(nodes, embed_model=embedder)
    index.storage_context.persist(store_dir)
    files = {document.metadata["file_path"] for document in documents}
    characters = sum(len(document.text) for document in documents)
    print(json.dumps({"files": len(files), "chunks": len(nodes), "characters": characters}))


if __name__ == "__main__":
    main(*sys.argv[1:])
