"""Writes golden/: two small bundles made with the onnx package, and what they must answer, computed with NumPy.

Run it with this group's Python: .venv-serving/bin/python make.py
`tiny` is an ensemble of two softmax classifiers; `identity` gives back one tensor of each dtype.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GOLDEN = Path(__file__).parent / "golden"
OPSET, IR = 17, 8
FEATURES, CLASSES = 4, 3
DTYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}


def tensor(name, dtype, shape, **more):
    return {"name": name, "dtype": dtype, "shape": [None, *shape], **more}


def values(tensors):
    return [
        helper.make_tensor_value_info(t["name"], DTYPES[t["dtype"]], ["N", *t["shape"][1:]])
        for t in tensors
    ]


def write_bundle(golden, name, inputs, outputs, nodes, initializers, policy, labels):
    graph = helper.make_graph(nodes, name, values(inputs), values(outputs), initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="onnx"
    )
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    manifest = {
        "schemaVersion": "1.0",
        "name": name,
        "form": "fused",
        "precision": "float32",
        "inputs": inputs,
        "outputs": outputs,
        "labels": labels,
        "policy": policy,
        "members": [
            {"id": f"step-{step:08d}-golden", "cycle": cycle, "step": step, "metrics": {}}
            for cycle, step in enumerate([100, 200])
        ],
        "graph": "ensemble.onnx",
        "opset": OPSET,
        "files": {
            "ensemble.onnx": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        },
        "provenance": {"onnx": onnx.__version__},
    }
    folder = golden / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ensemble.onnx").write_bytes(data)
    (folder / "ensemble.json").write_text(json.dumps(manifest, indent=2) + "\n")


def policy(kind, combine):
    return {
        "kind": kind,
        "members": [0, 1],
        "combine": combine,
        "weights": [0.5, 0.5],
        "temperature": 1,
    }


def evaluate(x, weights, biases):
    """The ensemble in float64: `weights` [members, features, classes], `biases` [members, classes]."""
    logits = np.einsum("nf,kfc->nkc", x.astype(np.float64), weights.astype(np.float64)) + biases
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    mean = p.mean(1)
    predictive = -(mean * np.log(mean)).sum(-1, keepdims=True)
    expected = -(p * np.log(p)).sum(-1, keepdims=True).mean(1)
    return {
        "probs": mean,
        "probs.predictive_entropy": predictive,
        "probs.expected_entropy": expected,
        "probs.mutual_information": predictive - expected,
        "probs.members": p,
    }


def tiny(golden, rng, fault):
    weights = rng.normal(size=(2, FEATURES, CLASSES)).astype(np.float32)
    biases = rng.normal(size=(2, CLASSES)).astype(np.float32)
    nodes, initializers = [], []

    def constant(name, array):
        initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    one, floor = constant("axis", np.array([1])), constant("floor", np.float32(1e-30))

    def entropy(probabilities, output, axis):
        """-Σ p ln p, with 0 ln 0 = 0."""
        logs = node("Log", [node("Max", [probabilities, floor], f"{output}_p")], f"{output}_log")
        terms = node("Mul", [probabilities, logs], f"{output}_terms")
        total = node("ReduceSum", [terms, axis], f"{output}_sum", keepdims=1)
        return node("Neg", [total], output)

    wrong = weights.copy()
    wrong[0, 0, 0] += fault
    members = []
    for k in range(2):
        gemm = node("Gemm", ["x", constant(f"w{k}", wrong[k]), constant(f"b{k}", biases[k])], f"z{k}")
        p = node("Softmax", [gemm], f"p{k}", axis=1)
        members.append(node("Unsqueeze", [p, one], f"p{k}_row"))
    node("Concat", members, "probs.members", axis=1)
    node("ReduceMean", ["probs.members"], "probs", axes=[1], keepdims=0)
    entropy("probs", "probs.predictive_entropy", one)
    each = entropy("probs.members", "member_entropies", constant("last", np.array([2])))
    node("ReduceMean", [each], "probs.expected_entropy", axes=[1], keepdims=0)
    node("Sub", ["probs.predictive_entropy", "probs.expected_entropy"], "probs.mutual_information")

    about = [
        tensor(f"probs.{role}", "float32", [1], role=role, of="probs")
        for role in ["predictive_entropy", "expected_entropy", "mutual_information"]
    ]
    write_bundle(
        golden,
        "tiny",
        [tensor("x", "float32", [FEATURES])],
        [
            tensor("probs", "float32", [CLASSES], role="prediction", of="probs"),
            *about,
            tensor("probs.members", "float32", [2, CLASSES], role="members", of="probs"),
        ],
        nodes,
        initializers,
        {"probs": policy("probabilities", "meanProbabilities")},
        {"probs": ["ant", "bee", "cat"]},
    )

    x = rng.normal(size=(5, FEATURES)).astype(np.float32)
    answer = {"x": x, **evaluate(x, weights, biases)}
    lists = {name: array.tolist() for name, array in answer.items()}
    (golden / "tiny.expected.json").write_text(json.dumps(lists, indent=1) + "\n")


def identity(golden):
    names = list(DTYPES)
    write_bundle(
        golden,
        "identity",
        [tensor(f"{name}_in", name, [2]) for name in names],
        [
            tensor(f"{name}_out", name, [2], role="prediction", of=f"{name}_out")
            for name in names
        ],
        [helper.make_node("Identity", [f"{name}_in"], [f"{name}_out"]) for name in names],
        [],
        {f"{name}_out": policy("regression", "mean") for name in names},
        {},
    )


def main(golden=GOLDEN, fault=0.0):
    """`fault` is added to one weight of the graph, but not to what it must answer."""
    tiny(golden, np.random.default_rng(20261122), np.float32(fault))
    identity(golden)


if __name__ == "__main__":
    main()
    print(f"wrote {GOLDEN}")
