"""TensorFlow.js graph models of npm packages, with their trained weights, and of the Python converter. `python check.py quick|long`

- quick: our exports of the small ones answer on onnxruntime what tfjs answers.
- long: all of them, and beside each what `tf2onnx --tfjs` makes of it: whether it converts, its nodes, its answers, its time on one thread.
  Writes TABLE.md. What tf2onnx made is kept in the cache: a second run measures time alone.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".cache" / "graph-models"
# Of the largest value of an output: rounding grows with what is rounded.
ABSOLUTE, RELATIVE = 1e-5, 1e-4
# handtrack has control flow of TensorFlow 1, refused by name.
REFUSED = {"handtrack"}
ROUNDS, TARGET = 15, 1.03


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options)


def feeds(case: dict, made: onnxruntime.InferenceSession) -> dict:
    """By name, or by order where an exporter has other names."""
    by_name = {tensor["name"]: tensor for tensor in case["inputs"]}
    declared = made.get_inputs()
    result = {}
    for index, each in enumerate(declared):
        tensor = by_name.get(each.name.split(":")[0], case["inputs"][index])
        kind = np.float32 if "float" in each.type else np.int64 if "int64" in each.type else np.int32
        result[each.name] = np.array(tensor["data"], kind).reshape(tensor["shape"])
    return result


def judge(case: dict, answers: list[np.ndarray]) -> str | None:
    left = list(answers)
    for output in case["outputs"]:
        want = np.array(output["data"], np.float32).reshape(output["shape"])
        scale = max(1.0, float(np.abs(want).max()))
        fits = [a for a in left if a.shape == want.shape and np.allclose(a, want, atol=ABSOLUTE * scale, rtol=RELATIVE)]
        if not fits:
            return f"no output is the {output['shape']} of {output['name']}"
    return None


def planted(case: dict) -> str | None:
    """One changed kernel must be seen."""
    path = FOLDER / "liveness-ours.onnx"
    model = onnx.load(path)
    kernel = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    kernel.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(kernel) * 1.5, kernel.name))
    made = onnxruntime.InferenceSession(model.SerializeToString())
    return None if judge(case, made.run(None, feeds(case, made))) else "a changed kernel was not seen"


def convert(case: dict) -> tuple[Path | None, str]:
    """What tf2onnx makes of a model, or why not."""
    path = FOLDER / f"{case['name']}-tf2onnx.onnx"
    reason = path.with_suffix(".failed")
    if path.exists():
        return path, ""
    if reason.exists():
        return None, reason.read_text()
    command = [sys.executable, "-m", "tf2onnx.convert", "--tfjs", case["file"], "--output", str(path), "--opset", "17"]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode == 0 and path.exists():
        return path, ""
    last = [line for line in made.stderr.splitlines() if line.strip()][-1]
    reason.write_text(last[:90].replace("|", "/"))
    return None, reason.read_text()


def run_or_reason(case: dict, path: Path) -> list[np.ndarray] | str:
    try:
        made = session(path)
        return made.run(None, feeds(case, made))
    except Exception as error:  # onnxruntime has its own, one a kind.
        reason = str(error).splitlines()[0].replace(f"{FOLDER}/", "")
        return f"does not run: {reason[:70]}".replace("|", "/")


def write_table(rows: list[list[str]]) -> None:
    head = ["model", "nodes in tfjs", "nodes, ours", "nodes, tf2onnx", "time, ours / tf2onnx"]
    lines = [head, ["-" * len(cell) for cell in head], *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines[1] = ["-" * width for width in widths]
    body = "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
    ours = sum(row[2] != "refused" for row in rows)
    theirs = sum(row[4] != "" for row in rows)
    versions = f"onnxruntime {onnxruntime.__version__}, one thread; medians of {ROUNDS} interleaved rounds, processor time"
    text = f"""# Graph models, ours and those of `tf2onnx --tfjs`

Of {len(rows)} models ours converts {ours}, tf2onnx 1.16.1 {theirs} to what runs. Where it fails, the last line of what it says. {versions}. Written by
`npm run conformance long graph-models`.

{body}
"""
    (HERE / "TABLE.md").write_text(text)
    print(text)


def ratio(case: dict, ours: Path, theirs: Path) -> float:
    """Median of interleaved rounds, each many runs."""
    sessions = [session(ours), session(theirs)]
    given = [feeds(case, made) for made in sessions]
    start = time.process_time()
    sessions[0].run(None, given[0])
    # Enough to be told from the clock's own steps.
    runs = max(5, int(0.02 / max(time.process_time() - start, 1e-5)))
    ratios = []
    for round_ in range(ROUNDS + 1):
        times = []
        for made, each in zip(sessions, given):
            start = time.process_time()
            for _ in range(runs):
                made.run(None, each)
            times.append(time.process_time() - start)
        if round_ > 0:
            ratios.append(times[0] / times[1])
    return statistics.median(ratios)


def main(tier: str) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["node", "files.mjs", str(FOLDER), "all" if tier == "long" else ""], cwd=HERE, capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"files.mjs failed. Is export-onnx built?\n{made.stderr}")
    cases = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    problems: dict[str, str | None] = {}
    rows: list[list[str]] = []
    for case in cases:
        name, before = case["name"], str(case["nodes"])
        theirs, reason = convert(case) if tier == "long" else (None, "")
        if "refused" in case:
            problems[f"{name} is refused"] = None if name in REFUSED else case["refused"]
            rows.append([name, before, "refused", "converted" if theirs else reason, ""])
            continue
        ours = FOLDER / f"{name}-ours.onnx"
        opened = session(ours)
        problems[f"{name} answers as tfjs"] = judge(case, opened.run(None, feeds(case, opened)))
        if theirs is None:
            rows.append([name, before, str(case["ours"]), reason, ""])
            continue
        other = run_or_reason(case, theirs)
        if isinstance(other, str):
            rows.append([name, before, str(case["ours"]), other, ""])
            continue
        nodes = len(onnx.load(theirs).graph.node)
        share = ratio(case, ours, theirs)
        rows.append([name, before, str(case["ours"]), f"{nodes}{', wrong' if judge(case, other) else ''}", f"{share:.2f}"])
        problems[f"{name} takes at most {TARGET} of tf2onnx's time"] = None if share <= TARGET else f"{share:.3f}"
    if tier == "long":
        write_table(rows)
    liveness = next(case for case in cases if case["name"] == "liveness")
    problems["planted fault"] = planted(liveness)
    for title, problem in problems.items():
        if problem is not None:
            print(f"{title}: {problem}")
    failed = sum(problem is not None for problem in problems.values())
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{len(problems) - failed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
