"""Judges export-onnx by others' software. `python check.py quick|long`

- The official checker (full check) and strict shape inference accept every file.
- Python's onnxruntime answers what tfjs answers, and ensemble-math for ensembles.
- The models of ONNX's own backend tests survive our reader, writer and passes (rewritten.py).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import rewritten

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
CONFIGURATIONS = {"quick": 10, "long": 50}
# Deep models add up rounding; single layers stay far below.
ABSOLUTE, RELATIVE = 1e-5, 1e-4


def arrays(tensors: dict) -> dict[str, np.ndarray]:
    return {
        name: np.array(value["data"], dtype=np.float32).reshape(value["shape"])
        for name, value in tensors.items()
    }


def judge(model: onnx.ModelProto, case: dict) -> str | None:
    """What is wrong with a file, or None."""
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as error:
        return f"checker: {error}"
    if not case["answers"]:
        return None
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        names = list(case["answers"])
        came = session.run(names, arrays(case["inputs"]))
    except Exception as error:
        return f"onnxruntime: {error}"
    for name, value in zip(names, came):
        want = arrays(case["answers"])[name]
        if value.shape != want.shape:
            return f"{name}: shape {value.shape} instead of {want.shape}"
        if not np.allclose(value, want, atol=ABSOLUTE, rtol=RELATIVE, equal_nan=True):
            return f"{name}: off by {np.max(np.abs(value - want))}"
    return None


def planted(model: onnx.ModelProto, case: dict) -> list[tuple[str, bool]]:
    """Faults that must be found: a changed weight, an operator that lost an input, an output of the wrong shape."""
    weight, broken, lying = (onnx.ModelProto() for _ in range(3))
    for copy in (weight, broken, lying):
        copy.CopyFrom(model)
    kernel = next(t for t in weight.graph.initializer if t.name == "logits/kernel")
    values = onnx.numpy_helper.to_array(kernel).copy()
    values.flat[0] += 0.5
    kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))
    del next(n for n in broken.graph.node if n.op_type == "Conv").input[1:]
    lying.graph.output[0].type.tensor_type.shape.dim[1].dim_value += 1
    named = {"a changed weight": weight, "a lost input": broken, "a lying shape": lying}
    return [(name, judge(fault, case) is not None) for name, fault in named.items()]


def main(tier: str) -> int:
    passed = failed = 0
    # Inside the repository, where the transpiled models find their packages.
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="onnx-") as folder:
        command = ["node", str(HERE / "files.mjs"), folder, str(CONFIGURATIONS[tier])]
        made = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if made.returncode != 0:
            raise SystemExit(f"files.mjs failed; is export-onnx built?\n{made.stderr}")
        for path in sorted(Path(folder).glob("*.onnx")):
            problem = judge(onnx.load(path), json.loads(path.with_suffix(".json").read_text()))
            passed += problem is None
            failed += problem is not None
            if problem is not None:
                print(f"{path.stem}: {problem}")
        clean = Path(folder) / "ResNet-20-opset17.onnx"
        case = json.loads(clean.with_suffix(".json").read_text())
        for fault, is_found in planted(onnx.load(clean), case):
            passed += is_found
            failed += not is_found
            if not is_found:
                print(f"planted fault not found: {fault}")
    with tempfile.TemporaryDirectory(prefix="onnx-") as folder:
        again = rewritten.check(Path(folder))
    passed, failed = passed + again[0], failed + again[1]
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
