"""The same five architectures with the same weights in tfjs, Keras and PyTorch. `python check.py quick|long`

- quick: our exports answer on onnxruntime what tfjs answers, and what Keras and PyTorch answered when the golden file was made.
- long: Keras and PyTorch answer anew, and what tf2onnx and torch.onnx make of them answers the same as our exports. The files stay in
  conformance/.cache/onnx-peers, where benchmarks/export-onnx.mjs times them.

`python check.py golden` makes golden/answers.json, as `long` does it.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".cache" / "onnx-peers"
GOLDEN = HERE / "golden" / "answers.json"
NAMES = ["mlp", "cnn", "resnet20", "mobile", "bilstm"]
# Probabilities after up to 20 layers, added in another order.
ABSOLUTE, RELATIVE = 1e-5, 1e-4


def array(tensor: dict) -> np.ndarray:
    return np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])


def read(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def answer(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    declared = session.get_inputs()[0]
    if len(x.shape) == 4 and declared.shape[1] != x.shape[1]:
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    feed = x.astype(np.int64) if "int64" in declared.type else x
    return session.run(None, {declared.name: feed})[0]


def judge(came: np.ndarray, want: np.ndarray) -> str | None:
    if came.shape != want.shape:
        return f"shape {came.shape} instead of {want.shape}"
    if not np.allclose(came, want, atol=ABSOLUTE, rtol=RELATIVE):
        return f"off by {np.max(np.abs(came - want)):.2g}"
    same = np.array_equal(came.argmax(-1), want.argmax(-1))
    return None if same else "another class is the most likely"


def planted(x: np.ndarray, want: np.ndarray) -> bool:
    """One changed weight must be seen."""
    model = onnx.load(FOLDER / "cnn-ours.onnx")
    kernel = next(t for t in model.graph.initializer if t.name == "first/kernel")
    values = onnx.numpy_helper.to_array(kernel).copy()
    values.flat[0] += 0.2
    kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))
    return judge(answer(model, x), want) is not None


def run(*command: str, remedy: str) -> None:
    made = subprocess.run([*command, str(FOLDER)], cwd=HERE, capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed. {remedy}\n{made.stderr}")
    print(made.stdout.strip())


def answers_of_others() -> dict:
    run(sys.executable, "keras_side.py", remedy="It needs requirements-long.txt.")
    run("/usr/bin/python3", "torch_side.py", remedy="Install it: apt-get install python3-torch.")
    return {
        name: {peer: json.loads((FOLDER / f"{name}-{peer}.json").read_text()) for peer in peers}
        for name in NAMES
        for peers in [("keras", "torch")]
    }


def rounded(answers: dict) -> dict:
    for peers in answers.values():
        for tensor in peers.values():
            tensor["data"] = [float(f"{value:.7g}") for value in tensor["data"]]
    return answers


def main(tier: str) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    run("node", "models.mjs", remedy="Is export-onnx built?")
    others = json.loads(GOLDEN.read_text()) if tier == "quick" else answers_of_others()
    if tier == "golden":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(rounded(others)) + "\n")
    problems: dict[str, str | None] = {}
    for name in NAMES:
        case = read(name)
        x, tfjs = array(case["inputs"]), array(case["answers"])
        exporters = ["ours"] if tier == "quick" else ["ours", "tf2onnx", "torch"]
        files = [path for e in exporters for path in sorted(FOLDER.glob(f"{name}-{e}*.onnx"))]
        for path in files:
            problems[f"{path.stem} answers as tfjs"] = judge(answer(onnx.load(path), x), tfjs)
        for peer, tensor in others[name].items():
            problems[f"{name}: tfjs answers as {peer}"] = judge(tfjs, array(tensor))
    case = read("cnn")
    is_found = planted(array(case["inputs"]), array(case["answers"]))
    problems["planted fault"] = None if is_found else "one changed weight was not seen"
    for title, problem in problems.items():
        if problem is not None:
            print(f"{title}: {problem}")
    failed = sum(problem is not None for problem in problems.values())
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{len(problems) - failed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
