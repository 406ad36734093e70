"""Writes a BERT sentence encoder (safetensors, config.json) as an fp32 ONNX graph, without torch.

Usage: python3 export_minilm.py MODEL_DIR OUT.onnx

The graph is the encoder of Devlin et al. 2018 (https://arxiv.org/abs/1810.04805) with absolute positions:
inputs input_ids, attention_mask, token_type_ids (int64, [batch, length]), output last_hidden_state
(float32, [batch, length, hidden]). Pooling is left to the caller.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open


class Graph:
    """Collects nodes and constants; every method returns the name of a value."""

    def __init__(self):
        self.nodes = []
        self.constants = []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, *inputs, **attributes):
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, name, value, weight, bias):
        product = self.add("MatMul", value, self.constant(f"{name}.weight", weight))
        return self.add("Add", product, self.constant(f"{name}.bias", bias))

    def layer_norm(self, name, value, scale, bias, epsilon):
        scale = self.constant(f"{name}.scale", scale)
        bias = self.constant(f"{name}.bias", bias)
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=epsilon)


def check(config):
    """Refuses what this graph does not describe."""
    expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in expected.items():
        if config.get(key, value) != value:
            sys.exit(f"export: config.json has {key} = {config[key]!r}, this graph needs {value!r}")


def export(model_dir, out_path):
    config = json.loads((model_dir / "config.json").read_text())
    check(config)
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"]
    head = hidden // heads
    epsilon = config["layer_norm_eps"]
    graph = Graph()

    with safe_open(model_dir / "model.safetensors", "np") as weights:
        tensor = weights.get_tensor

        def norm(prefix, value):
            return graph.layer_norm(prefix, value, tensor(f"{prefix}.weight"), tensor(f"{prefix}.bias"), epsilon)

        def dense(prefix, value):
            return graph.linear(prefix, value, tensor(f"{prefix}.weight").T, tensor(f"{prefix}.bias"))

        # Embeddings: word + token type + the first `length` positions.
        table = lambda name: graph.constant(f"{name}_table", tensor(f"embeddings.{name}_embeddings.weight"))
        word = graph.add("Gather", table("word"), "input_ids")
        kind = graph.add("Gather", table("token_type"), "token_type_ids")
        one = graph.constant("one", np.array([1], np.int64))
        zero = graph.constant("zero", np.array([0], np.int64))
        two = graph.constant("two", np.array([2], np.int64))
        length = graph.add("Slice", graph.add("Shape", "input_ids"), one, two)
        position = graph.add("Slice", table("position"), zero, length, zero)
        state = norm("embeddings.LayerNorm", graph.add("Add", graph.add("Add", word, kind), position))

        # Padding gets a score so low that its share of attention is exactly zero.
        axes = graph.constant("mask_axes", np.array([1, 2], np.int64))
        mask = graph.add("Cast", graph.add("Unsqueeze", "attention_mask", axes), to=TensorProto.FLOAT)
        absent = graph.add("Sub", graph.constant("present", np.array(1, np.float32)), mask)
        mask = graph.add("Mul", absent, graph.constant("masked_score", np.array(-10000, np.float32)))

        split_shape = graph.constant("split_shape", np.array([0, 0, heads, head], np.int64))
        joined_shape = graph.constant("joined_shape", np.array([0, 0, hidden], np.int64))
        scale = graph.constant("score_scale", np.array(1 / np.sqrt(head), np.float32))
        for layer in range(config["num_hidden_layers"]):
            prefix = f"encoder.layer.{layer}"

            def heads_of(part, order):
                value = dense(f"{prefix}.attention.self.{part}", state)
                return graph.add("Transpose", graph.add("Reshape", value, split_shape), perm=order)

            query = heads_of("query", [0, 2, 1, 3])
            key = heads_of("key", [0, 2, 3, 1])
            value = heads_of("value", [0, 2, 1, 3])
            scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
            shares = graph.add("Softmax", graph.add("Add", scores, mask), axis=-1)
            mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
            mixed = graph.add("Reshape", mixed, joined_shape)
            attended = dense(f"{prefix}.attention.output.dense", mixed)
            state = norm(f"{prefix}.attention.output.LayerNorm", graph.add("Add", attended, state))
            wide = graph.add("Gelu", dense(f"{prefix}.intermediate.dense", state))
            narrow = dense(f"{prefix}.output.dense", wide)
            state = norm(f"{prefix}.output.LayerNorm", graph.add("Add", narrow, state))

    graph.nodes.append(helper.make_node("Identity", [state], ["last_hidden_state"]))
    tokens = lambda name: helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
    inputs = [tokens("input_ids"), tokens("attention_mask"), tokens("token_type_ids")]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", hidden])
    encoder = helper.make_graph(graph.nodes, "bert", inputs, [output], graph.constants)
    model = helper.make_model(encoder, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, out_path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    export(Path(sys.argv[1]), sys.argv[2])
