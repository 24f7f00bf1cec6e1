"""Judges how export-onnx reads, writes and folds the models that ONNX's own backends are tested with.

- What it writes says the same as what it read, field by field.
- What its passes leave is accepted by the official checker where the original is, and answers what the original answers.
"""

import json
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.descriptor import FieldDescriptor

HERE = Path(__file__).resolve().parent
# Debian's package libonnx-testdata.
DATA = Path("/usr/share/libonnx-testdata/data")
# Folding a constant into a kernel rounds once more.
ABSOLUTE, RELATIVE = 1e-5, 1e-4


def plain(message):
    """The message in one of the several ways to say it: numbers as raw bytes, empty names left out, constants by name."""
    if isinstance(message, onnx.TensorProto) and not message.external_data:
        try:
            data = onnx.numpy_helper.to_array(message)
        except Exception:
            data = None
        if data is not None and data.dtype != object:
            for field in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                message.ClearField(field)
            message.raw_data = data.tobytes()
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for part in value if field.is_repeated else [value]:
                plain(part)
        elif field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated and value == "":
            message.ClearField(field.name)
    if isinstance(message, onnx.GraphProto):
        tensors = sorted(message.initializer, key=lambda tensor: tensor.name)
        del message.initializer[:]
        message.initializer.extend(tensors)
    return message


def is_accepted(model: onnx.ModelProto) -> bool:
    try:
        onnx.checker.check_model(model, full_check=True)
        return True
    except Exception:
        return False


def given(folder: Path, model: onnx.ModelProto) -> dict:
    """The test's own inputs."""
    constants = {tensor.name for tensor in model.graph.initializer}
    readers = {
        "tensor_type": (onnx.TensorProto, onnx.numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, onnx.numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, onnx.numpy_helper.to_optional),
    }
    inputs = {}
    for index, value in enumerate(v for v in model.graph.input if v.name not in constants):
        proto, read = readers[value.type.WhichOneof("value")]
        path = folder / "test_data_set_0" / f"input_{index}.pb"
        inputs[value.name] = read(proto.FromString(path.read_bytes()))
    return inputs


def answers(model: onnx.ModelProto, inputs: dict) -> list:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


def is_same(a, b) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(is_same, a, b))
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a, b, atol=ABSOLUTE, rtol=RELATIVE, equal_nan=True))


def judge(original, written, folded, folder: Path, seen: Counter) -> str | None:
    """What is wrong with a model that was written again, or None."""
    if plain(onnx.ModelProto.FromString(written)) != plain(onnx.ModelProto.FromString(original)):
        return "says something else"
    before, after = onnx.ModelProto.FromString(original), onnx.ModelProto.FromString(folded)
    if is_accepted(before):
        seen["accepted"] += 1
        if not is_accepted(after):
            return "is no longer accepted by the checker"
    try:
        inputs = given(folder, before)
        want, again = answers(before, inputs), answers(before, inputs)
    except Exception:
        seen["not run by onnxruntime"] += 1
        return None
    try:
        came = answers(after, inputs)
    except Exception as error:
        return f"does not run any more: {error}"
    if not is_same(want, again):
        seen["random"] += 1
        return None if len(want) == len(came) else "has other outputs"
    seen["ran"] += 1
    return None if is_same(want, came) else "answers something else"


def planted(folder: Path, made: Path) -> list[tuple[str, bool]]:
    """Faults that must be found: an attribute flipped in what is written, and in what the passes leave."""
    name = "node.test_argmax_keepdims_random"
    original = (folder / name.replace(".", "/", 1) / "model.onnx").read_bytes()
    good = (made / f"{name}.written.onnx").read_bytes()
    flipped = onnx.ModelProto.FromString(good)
    next(a for a in flipped.graph.node[0].attribute if a.name == "axis").i ^= 1
    bad = flipped.SerializeToString()
    where = folder / name.replace(".", "/", 1)
    return [
        (fault, judge(original, *files, where, Counter()) is not None)
        for fault, files in {
            "a flipped attribute": (bad, good),
            "a flipped attribute after the passes": (good, bad),
        }.items()
    ] + [("nothing", judge(original, good, good, where, Counter()) is None)]


def check(made: Path) -> tuple[int, int]:
    """How many passed and failed; `made` is an empty folder."""
    if not DATA.is_dir():
        raise SystemExit("ONNX's test data is missing. Install it: apt-get install libonnx-testdata")
    command = ["node", str(HERE / "rewrite.mjs"), str(DATA), str(made)]
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise SystemExit(f"rewrite.mjs failed; is export-onnx built?\n{run.stderr}")
    passed = failed = 0
    seen: Counter = Counter()
    for name, count in json.loads((made / "counts.json").read_text()).items():
        where = DATA / name.replace(".", "/", 1)
        files = [(made / f"{name}.{kind}.onnx").read_bytes() for kind in ("written", "folded")]
        problem = judge((where / "model.onnx").read_bytes(), *files, where, seen)
        seen["models"] += 1
        seen["shortened"] += count["left"] < count["nodes"]
        passed += problem is None
        failed += problem is not None
        if problem is not None:
            print(f"{name} {problem}")
    for fault, is_right in planted(DATA, made):
        passed += is_right
        failed += not is_right
        if not is_right:
            print(f"planted fault not judged rightly: {fault}")
    print("libonnx-testdata: " + ", ".join(f"{count} {what}" for what, count in seen.items()))
    return passed, failed
