"""Writes golden/separate and golden/staged: one cascade of three members, as a graph a member and as a graph a stage, made with the onnx
package, and what it must answer, computed with NumPy in float64.

Run it with this group's Python: .venv-serving/bin/python make_cascade.py
The policy has a temperature, which confidences must not see.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GOLDEN = Path(__file__).parent / "golden"
OPSET, IR = 17, 8
ROWS, FEATURES, CLASSES, MEMBERS = 24, 4, 3, 3
ORDER = [2, 0, 1]
TEMPERATURE = 2.0


def tensor(name, *shape, **more):
    return {"name": name, "dtype": "float32", "shape": [None, *shape], **more}


X = tensor("x", FEATURES)
PROBS = tensor("probs", CLASSES, role="prediction", of="probs")
CONFIDENCE = tensor("probs.confidence", 1, role="confidence", of="probs")
ENTROPY = tensor("probs.predictive_entropy", 1, role="predictive_entropy", of="probs")
SET = {**tensor("probs.conformal_set", CLASSES, role="conformal_set", of="probs"), "dtype": "bool"}
ALL_MEMBERS = tensor("probs.members", MEMBERS, CLASSES, role="members", of="probs")


class Graph:
    def __init__(self, name):
        self.name, self.nodes, self.constants, self.taken = name, [], [], 0

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, output=None, **attributes):
        self.taken += 1
        output = output or f"v{self.taken}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def bytes(self, inputs, outputs):
        def values(tensors):
            return [
                helper.make_tensor_value_info(t["name"], TensorProto.FLOAT, ["N", *t["shape"][1:]])
                for t in tensors
            ]

        graph = helper.make_graph(
            self.nodes, self.name, values(inputs), values(outputs), self.constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="onnx"
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()


def member(graph, weights, bias, output=None):
    gemm = graph.node("Gemm", ["x", graph.constant(weights), graph.constant(bias)])
    return graph.node("Softmax", [gemm], output, axis=1)


def separate_files(weights, biases):
    files = {}
    for k in range(MEMBERS):
        graph = Graph(f"member {k}")
        member(graph, weights[k], biases[k], "probs")
        files[f"members/{k:03}.onnx"] = graph.bytes([X], [PROBS])
    return files


def staged_files(weights, biases):
    files = {}
    for stage, k in enumerate(ORDER):
        graph = Graph(f"stage {stage}")
        own = member(graph, weights[k], biases[k])
        last = stage == MEMBERS - 1
        total = "state_1" if stage == 0 and not last else None if last else f"state_{stage + 1}"
        if stage == 0:
            total = graph.node("Identity", [own], total)
        else:
            total = graph.node("Add", [f"state_{stage}", own], total)
        mean = graph.node("Div", [total, graph.constant(np.float32(stage + 1))])
        graph.node("ReduceMax", [mean], "probs.confidence", axes=[1], keepdims=1)
        power = graph.node("Pow", [mean, graph.constant(np.float32(1 / TEMPERATURE))])
        norm = graph.node("ReduceSum", [power, graph.constant(np.array([1]))], keepdims=1)
        graph.node("Div", [power, norm], "probs")
        outputs = [PROBS, CONFIDENCE]
        if not last:
            outputs.append(tensor(f"state_{stage + 1}", CLASSES))
        inputs = [X] if stage == 0 else [X, tensor(f"state_{stage}", CLASSES)]
        files[f"stages/{stage:03}.onnx"] = graph.bytes(inputs, outputs)
    return files


def write_bundle(golden, name, files, policy, outputs, **form):
    members = [
        {"id": f"step-{step:08d}-golden", "cycle": cycle, "step": step, "metrics": {}}
        for cycle, step in enumerate([100, 200, 300])
    ]
    if name == "separate":
        for k, entry in enumerate(members):
            entry["file"] = f"members/{k:03}.onnx"
    manifest = {
        "schemaVersion": "1.0",
        "name": name,
        "form": name,
        "precision": "float32",
        "inputs": [X],
        "outputs": outputs,
        "labels": {"probs": ["ant", "bee", "cat"]},
        "policy": {"probs": policy},
        "members": members,
        **form,
        "opset": OPSET,
        "files": {
            path: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in files.items()
        },
        "provenance": {"onnx": onnx.__version__},
    }
    for path, data in files.items():
        (golden / name / path).parent.mkdir(parents=True, exist_ok=True)
        (golden / name / path).write_bytes(data)
    (golden / name / "ensemble.json").write_text(json.dumps(manifest, indent=2) + "\n")


def tempered(p):
    power = p ** (1 / TEMPERATURE)
    return power / power.sum(-1, keepdims=True)


def main(golden=GOLDEN):
    rng = np.random.default_rng(20261127)
    weights = rng.normal(size=(MEMBERS, FEATURES, CLASSES)).astype(np.float32)
    biases = rng.normal(size=(MEMBERS, CLASSES)).astype(np.float32)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)

    logits = np.einsum("nf,kfc->nkc", x.astype(np.float64), weights.astype(np.float64)) + biases
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    running = [p[:, ORDER[: k + 1]].mean(1) for k in range(MEMBERS)]
    # Between two rows' confidences, so that no rounding decides.
    thresholds = []
    for mean in running[:-1]:
        confidence = np.sort(mean.max(-1))
        thresholds.append(float(np.round((confidence[14] + confidence[15]) / 2, 6)))
    used = np.full(ROWS, MEMBERS)
    for k in reversed(range(MEMBERS - 1)):
        used[running[k].max(-1) >= thresholds[k]] = k + 1
    exit_mean = np.stack([running[used[row] - 1][row] for row in range(ROWS)])
    entropy = -(exit_mean * np.log(exit_mean)).sum(-1, keepdims=True)
    full = tempered(running[-1])
    alpha_threshold = 0.75

    policy = {
        "kind": "probabilities",
        "members": [0, 1, 2],
        "combine": "meanProbabilities",
        "weights": [1 / 3, 1 / 3, 1 / 3],
        "temperature": TEMPERATURE,
        "cascade": {"order": ORDER, "thresholds": thresholds},
    }
    conformal = {"method": "split", "alpha": 0.1, "threshold": alpha_threshold}
    write_bundle(
        golden,
        "separate",
        separate_files(weights, biases),
        {**policy, "conformal": conformal},
        [PROBS, CONFIDENCE, ENTROPY, SET, ALL_MEMBERS],
    )
    stages = [
        {
            "file": f"stages/{stage:03}.onnx",
            "members": [k],
            "state": [] if stage == 0 else [tensor(f"state_{stage}", CLASSES)],
        }
        for stage, k in enumerate(ORDER)
    ]
    write_bundle(
        golden,
        "staged",
        staged_files(weights, biases),
        policy,
        [PROBS, CONFIDENCE],
        stages=stages,
    )
    answer = {
        "x": x,
        "members_used": used,
        "probs": tempered(exit_mean),
        "probs.confidence": exit_mean.max(-1, keepdims=True),
        "probs.predictive_entropy": entropy,
        "probs.conformal_set": (tempered(exit_mean) >= 1 - alpha_threshold).astype(int),
        "probs.members": p,
        "full": full,
    }
    lists = {name: array.tolist() for name, array in answer.items()}
    (golden / "cascade.expected.json").write_text(json.dumps(lists, indent=1) + "\n")


if __name__ == "__main__":
    main()
    print(f"wrote {GOLDEN}")
