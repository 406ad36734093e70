"""Checks the sample workspace against its golden questions; exits 1 and names each fault.

Needs only the standard library for Markdown, text, HTML and DOCX. PDFs are read with pypdf or, failing
that, pdftotext; without either they are reported as skipped. Pass --stats for the counts alone.
"""

import fnmatch
import html.parser
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
WORKSPACE = HERE / "workspace"
SUITE = HERE.parent / "suites" / "sample.jsonl"
FIELDS = {"id", "question", "kind", "groups", "documents", "any_documents", "phrases", "split", "note"}
KINDS = {"answerable", "multi", "unanswerable", "restricted"}


def main():
    rules = tomllib.loads((WORKSPACE / "access.toml").read_text("utf-8"))["rule"]
    texts, skipped = {}, []
    for path in sorted(WORKSPACE.rglob("*")):
        if path.is_file() and path.name != "access.toml":
            text = read(path)
            name = path.relative_to(WORKSPACE).as_posix()
            texts[name] = normal(text) if text is not None else None
            if text is None:
                skipped.append(name)
    readers = {name: readers_of(name, rules) for name in texts}
    questions = [json.loads(line) for line in SUITE.read_text("utf-8").splitlines()]
    absent = json.loads((HERE / "absent.json").read_text("utf-8"))
    if "--stats" not in sys.argv:
        faults = check(questions, texts, readers, absent)
        for fault in faults:
            print(fault)
        for name in skipped:
            print(f"skipped, install pypdf or pdftotext to check it: {name}")
        if faults:
            return 1
    stats(questions, texts, readers)
    return 0


def check(questions, texts, readers, absent):
    faults = []
    ids = Counter(question["id"] for question in questions)
    faults += [f"{name}: id used {times} times" for name, times in ids.items() if times > 1]
    facts = {}
    for question in questions:
        name, kind = question["id"], question["kind"]
        groups = {f"group:{group}" for group in question.get("groups", [])} | {"everyone"}
        documents = question.get("documents", []) + question.get("any_documents", [])
        phrases = [phrase if isinstance(phrase, list) else [phrase] for phrase in question.get("phrases", [])]
        if unknown := set(question) - FIELDS:
            faults.append(f"{name}: unknown fields {sorted(unknown)}")
        if kind not in KINDS or question["split"] not in {"train", "test"}:
            faults.append(f"{name}: kind or split is wrong")
        if missing := [document for document in documents if document not in texts]:
            faults.append(f"{name}: no such document: {missing}")
            continue
        may_read = [document for document in documents if readers[document] & groups]
        if kind in {"answerable", "multi"}:
            if not documents or not phrases or len(may_read) < len(documents):
                faults.append(f"{name}: {kind}, but without phrases or without documents that the asker may read")
            faults += answerable_faults(question, phrases, texts)
            if question.get("groups"):
                facts[question["question"]] = phrases
        if kind == "multi" and len(question["documents"]) < 2:
            faults.append(f"{name}: multi needs at least two documents")
        if kind == "restricted" and may_read:
            faults.append(f"{name}: the asker may read {may_read}")
        if kind == "unanswerable":
            if not absent.get(name):
                faults.append(f"{name}: no patterns in absent.json")
            for pattern in absent.get(name, []):
                faults += [f"{name}: `{pattern}` occurs in {document}: {hit[0]!r}"
                           for document, text in texts.items() if text and (hit := re.search(pattern, text))]
    for question in questions:
        if question["kind"] == "restricted":
            if question["question"] not in facts:
                faults.append(f"{question['id']}: nobody with access asks the same")
            groups = {f"group:{group}" for group in question.get("groups", [])} | {"everyone"}
            for phrase in sum(facts.get(question["question"], []), []):
                faults += [f"{question['id']}: `{phrase}` leaks through {document}"
                           for document, text in texts.items() if text and readers[document] & groups and has(text, phrase)]
    return faults


def answerable_faults(question, phrases, texts):
    """Each phrase must be in a document; in a single-document question, in each of the alternatives."""
    faults = []
    needed = [texts[document] for document in question.get("documents", [])]
    either = [texts[document] for document in question.get("any_documents", [])]
    for phrase in phrases:
        inside = [text is None or any(has(text, choice) for choice in phrase) for text in needed + either]
        if question["kind"] == "answerable" and not all(inside) or not any(inside):
            faults.append(f"{question['id']}: {phrase} is not in its document")
    if question["kind"] == "multi":
        for document in question["documents"]:
            text = texts[document]
            if text is not None and not any(has(text, choice) for phrase in phrases for choice in phrase):
                faults.append(f"{question['id']}: {document} holds none of the phrases")
            if text is not None and all(any(has(text, choice) for choice in phrase) for phrase in phrases):
                faults.append(f"{question['id']}: {document} alone holds all the phrases")
    return faults


def has(text, phrase):
    """Whether the phrase is in the text and not merely inside a longer word or number."""
    return re.search(rf"(?<![\w.,]){re.escape(normal(phrase))}(?!\w|[.,]\d)", text) is not None


def stats(questions, texts, readers):
    kinds = Counter((question["kind"], question["split"]) for question in questions)
    for kind in sorted(KINDS):
        print(f"{kind}: {kinds[kind, 'train']} train, {kinds[kind, 'test']} test")
    formats = Counter(name.rsplit(".", 1)[1] for name in texts)
    words = {name: len(text.split()) for name, text in texts.items() if text is not None}
    print(f"{len(questions)} questions; {len(texts)} documents: " + ", ".join(f"{n} {kind}" for kind, n in sorted(formats.items())))
    print(f"{sum(words.values())} words; {sum(count >= 1500 for count in words.values())} documents of 1,500 words or more; "
          f"{sum(group != {'everyone'} for group in readers.values())} restricted")
    used = {name for question in questions for key in ("documents", "any_documents") for name in question.get(key, [])}
    print(f"documents without a question: {sorted(set(texts) - used)}")


def readers_of(name, rules):
    found = {"everyone"}
    for rule in rules:
        if fnmatch.fnmatchcase(name, rule["path"]):
            found = set(rule["readers"])
    return found


def normal(text):
    return re.sub(r"\s+", " ", text).strip().lower()


def read(path):
    """The text of a document, or None for a PDF where no reader is at hand."""
    data = path.read_bytes()
    if path.suffix == ".pdf":
        return read_pdf(path)
    if path.suffix == ".docx":
        return read_docx(path)
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "latin-1"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if path.suffix == ".html":
        parser = Words()
        parser.feed(text)
        return "".join(parser.parts)
    return text.replace("**", "").replace("`", "")


def read_pdf(path):
    try:
        from pypdf import PdfReader
    except ImportError:
        if not shutil.which("pdftotext"):
            return None
        return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode()
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def read_docx(path):
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))
    return "\n".join("".join(run.text or "" for run in paragraph.iter(f"{space}t")) for paragraph in body.iter(f"{space}p"))


class Words(html.parser.HTMLParser):
    """Collects the words that a reader sees, so not those of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.parts, self.hidden = [], 0

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in {"script", "style"}
        if tag not in {"em", "strong", "code", "a"}:
            self.parts.append("\n")

    def handle_endtag(self, tag):
        self.hidden -= tag in {"script", "style"}
        if tag not in {"em", "strong", "code", "a"}:
            self.parts.append("\n")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


if __name__ == "__main__":
    sys.exit(main())
