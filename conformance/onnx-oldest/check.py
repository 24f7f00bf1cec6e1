"""Judges export-onnx by the oldest onnxruntime in use: 1.15, of the Triton that KServe starts by default. `python check.py quick|long`

Every file of the default opset 17 loads there and answers what tfjs answers, and ensemble-math for ensembles.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
CONFIGURATIONS = {"quick": 3, "long": 50}
ABSOLUTE, RELATIVE = 1e-5, 1e-4
# The quick tier ran 149 when this was written: a folder that is nearly empty is no proof.
FEWEST = 140


def arrays(tensors: dict) -> dict[str, np.ndarray]:
    return {
        name: np.array(value["data"], dtype=np.float32).reshape(value["shape"])
        for name, value in tensors.items()
    }


def judge(path: Path, case: dict) -> str | None:
    """What is wrong with a file, or None. What has no answer of its own has to load."""
    try:
        session = onnxruntime.InferenceSession(str(path))
        names = list(case["answers"])
        came = session.run(names, arrays(case["inputs"])) if names else []
    except Exception as error:
        return f"onnxruntime: {error}"
    for name, value in zip(names, came):
        want = arrays(case["answers"])[name]
        if value.shape != want.shape:
            return f"{name}: shape {value.shape} instead of {want.shape}"
        if not np.allclose(value, want, atol=ABSOLUTE, rtol=RELATIVE, equal_nan=True):
            return f"{name}: off by {np.max(np.abs(value - want))}"
    return None


def main(tier: str) -> int:
    passed = failed = 0
    # Inside the repository, where the transpiled models find their packages.
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="onnx-oldest-") as folder:
        files = HERE.parent / "onnx" / "files.mjs"
        command = ["node", str(files), folder, str(CONFIGURATIONS[tier])]
        made = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if made.returncode != 0:
            raise SystemExit(f"files.mjs failed; is export-onnx built?\n{made.stderr}")
        for path in sorted(Path(folder).glob("*.onnx")):
            # Opset 21 came later than this runtime.
            if path.stem.endswith("-opset21"):
                continue
            case = json.loads(path.with_suffix(".json").read_text())
            problem = judge(path, case)
            passed += problem is None
            failed += problem is not None
            if problem is not None:
                print(f"{path.stem}: {problem}")
        clean = Path(folder) / "ensemble-0-fused.onnx"
        case = json.loads(clean.with_suffix(".json").read_text())
        name, answer = next(iter(case["answers"].items()))
        answer["data"][0] += 0.01
        is_found = judge(clean, case) is not None
        passed += is_found
        failed += not is_found
        if not is_found:
            print(f"planted fault not found: {name} off by 0.01")
    if passed < FEWEST:
        print(f"only {passed} files were judged")
        failed += 1
    print(f"onnxruntime {onnxruntime.__version__}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
