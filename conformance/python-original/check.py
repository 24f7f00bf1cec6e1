"""The Python package `snapshot-ensemble` and ours, side by side. `python check.py long`; WRITE=1 writes the table of docs/from-the-python-library.md.

Same data (Fashion-MNIST), architecture, initial weights, batches and schedule, three seeds. Compares the learning rate of every batch,
members and ensemble, and what each leaves on disk; shows what differs on purpose: the last cycle, drift, resume, prediction. Runs the
Python of the page.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
import numpy as np
import tensorflow as tf
import tf_keras

import original
from page import PAGE, fixed_rows, option_faults, option_rows, run_python, table_of, write_table
from table import table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = Path("/usr/share/datasets/fashion-mnist")
JOB = {
    "rows": 5000, "few": 600, "testRows": 10000, "batch": 50, "epochs": 6, "seeds": [1, 2, 3],
    "options": {"cycle_length": 2, "cycle_length_multiplier": 1, "lr_init": 0.1, "lr_min": 1e-6, "lr_multiplier": 1},
    "drift": {
        "options": {"cycle_length": 1, "cycle_length_multiplier": 1.5, "lr_init": 0.1, "lr_min": 1e-6, "lr_multiplier": 0.9},
        "steps_per_epoch": 7, "epochs": 30,
    },
}
# Sums in another order differ by 1e-7 of their size. Hundreds of steps multiply that by far more than these 24.
WEIGHTS_AGREE = 1e-4
# Each initial weight of the original's second run.
MOVED = 1e-6
# Percentage points between the mean errors of equal members.
ERRORS_AGREE = 0.5
counts = {"passed": 0, "failed": 0}


def report(name, fault=None):
    counts["failed" if fault else "passed"] += 1
    print(f"{'FAILED' if fault else 'ok'}  {name}{f': {fault}' if fault else ''}", flush=True)


def expect(name, holds, fault):
    report(name, None if holds else fault)


def idx(name, skip):
    path = DATA / f"{name}-ubyte.gz"
    if not path.exists():
        sys.exit(f"{path} is missing. Install it: apt-get install dataset-fashion-mnist")
    return np.frombuffer(gzip.open(path).read(), np.uint8, offset=skip)


def data():
    images = lambda name, rows: (idx(f"{name}-images-idx3", 16).reshape(-1, 28, 28, 1)[:rows] / 255).astype(np.float32)
    labels = lambda name, rows: idx(f"{name}-labels-idx1", 8)[:rows].astype(np.float32)
    return {
        "train_x": images("train", JOB["rows"]), "train_y": labels("train", JOB["rows"]),
        "test_x": images("t10k", JOB["testRows"]), "test_y": labels("t10k", JOB["testRows"]),
    }


def call(*command, **options):
    return subprocess.run([str(word) for word in command], cwd=ROOT, text=True, capture_output=True, **options)


def ours(folder):
    env = {**os.environ, "NX_DAEMON": "false", "CI": "true"}
    packages = "@snapshot-ensemble/adapter-tfjs,@snapshot-ensemble/tfjs-wasm-training"
    built = call("npx", "nx", "run-many", "-t", "build", "-p", packages, "--outputStyle", "static", env=env)
    if built.returncode != 0:
        sys.exit(built.stdout + built.stderr)
    run = call("node", HERE / "ours.mjs", folder)
    if run.returncode != 0:
        sys.exit(run.stdout + run.stderr)
    return json.loads((Path(folder) / "results.json").read_text())


def scores(probabilities, labels):
    picked = probabilities[np.arange(len(labels)), labels.astype(int)].astype(np.float64)
    return {
        "error": 100 * float(np.mean(probabilities.argmax(1) != labels)),
        "nll": float(-np.mean(np.log(np.maximum(picked, 1e-12)))),
    }


def all_scores(members, labels):
    return [scores(each, labels) for each in members] + [scores(np.mean(members, 0), labels)]


def differences():
    """What differs on purpose, without training."""
    names = original.public_names()
    expect(
        "the original neither loads nor predicts", names == ["GenerateSnapshotCallbacks", "SnapshotEnsembleCallback", "VisualizeLR"], names
    )
    program = (
        "import tensorflow as tf, numpy as np; from snapshot_ensemble import SnapshotEnsembleCallback as C;"
        "m = tf.keras.Sequential([tf.keras.layers.Dense(1)]); m.compile('sgd', 'mse');"
        "m.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0, callbacks=[C(ensemble=False)])"
    )
    with_keras_3 = call(sys.executable, "-c", program, env={**os.environ, "TF_USE_LEGACY_KERAS": "0"})
    says = "The optimizer does not have well-defined learning rates."
    expect("the original does not run on Keras 3", says in with_keras_3.stderr, with_keras_3.stderr[-800:])


def drift(answer):
    asked = JOB["drift"]
    rates, restarts = original.rates_without_training(asked["options"], asked["steps_per_epoch"], asked["epochs"])
    apart = float(np.max(np.abs(np.array(rates) - answer["rates"])))
    expect(f"growing cycles: learning rates of {len(rates)} batches agree within {apart:.1e}", apart < 1e-7, apart)
    expect(f"the original restarts at {restarts}, as we reproduce", restarts == answer["restarts"], answer["restarts"])
    planted = [*answer["rates"]]
    planted[20] += 2e-7
    expect("planted fault: a learning rate that is 2e-7 off is seen", np.max(np.abs(np.array(rates) - planted)) > 1e-7, "it was not")
    return restarts, answer["exact"]


def resume(answer, theirs):
    """What a run that is cut after epoch 3 and continued does, on either side."""
    peak, floor = JOB["options"]["lr_init"], JOB["options"]["lr_min"]
    middle = (peak + floor) / 2
    expect("the original resumes at the first peak, in the middle of a cycle", abs(theirs.first_rate - peak) < 1e-7, theirs.first_rate)
    expect("the original ends with other weights than its uncut run", not theirs.is_equal, "it does not")
    expect("ours resumes with the learning rate of the step", abs(answer["firstRate"] - middle) < 1e-7, answer)
    expect("ours ends with the weights of its uncut run, bit by bit", answer["isEqual"], answer)
    return (
        f"learning rate {theirs.first_rate:.4f}, that of the first step; other weights than the uncut run",
        f"learning rate {answer['firstRate']:.4f}, that of the step; the weights of the uncut run, bit by bit",
    )


def flat(member):
    return np.concatenate([part.ravel() for part in member])


def apart_by(member, weights):
    return float(np.max(np.abs(flat(member) - weights)))


def one_seed(seed, theirs, mine, folder, labels):
    """Scores of both, and how far apart learning rates and weights are."""
    apart = float(np.max(np.abs(np.array(theirs.rates) - mine["rates"])))
    expect(f"seed {seed}: learning rates of {len(theirs.rates)} batches agree within {apart:.1e}", apart < 1e-7, apart)
    expect(f"seed {seed}: ours keeps the last cycle", mine["steps"] == [200, 400, 600], mine["steps"])
    expect(f"seed {seed}: the original does not", list(theirs.files) == ["Model-1.h5", "Model-2.h5"], theirs.files)
    weights = np.fromfile(folder / f"weights-{seed}.f32", np.float32).reshape(len(mine["steps"]), -1)
    gaps = [apart_by(member, own) for (member, _), own in zip(theirs.members, weights)]
    probabilities = np.fromfile(folder / f"ours-{seed}.f32", np.float32).reshape(-1, JOB["testRows"], 10)
    ours_scores = all_scores(list(probabilities), labels)
    accuracy = 1 - ours_scores[-1]["error"] / 100
    expect(f"seed {seed}: evaluate says what Python computes", abs(mine["ensemble"]["accuracy"] - accuracy) < 1e-9, mine["ensemble"])
    return {"theirs": all_scores([p for _, p in theirs.members], labels), "ours": ours_scores, "rates": apart, "weights": gaps}


def beginnings(theirs, folder):
    """The weights of both after the first 24 batches of a short run."""
    gap, planted = (apart_by(theirs, np.fromfile(folder / f"{name}.f32", np.float32)) for name in ("beginning", "beginning-swapped"))
    expect(f"after 24 batches the weights of both agree within {gap:.1e}", gap < WEIGHTS_AGREE, gap)
    expect(f"planted fault: the same batches in another order are seen, {planted:.1e}", planted > WEIGHTS_AGREE, planted)


def equal_errors(compared):
    for position in (0, 1):
        gap = np.mean([each["theirs"][position]["error"] - each["ours"][position]["error"] for each in compared])
        expect(f"members of cycle {position + 1}: mean errors agree within {abs(gap):.2f} points", abs(gap) < ERRORS_AGREE, gap)


def page(ours, text):
    """The migration page without its table."""
    rows = option_rows(text)
    faults = option_faults(rows, ours)
    expect(f"the page's {len(rows)} options are the package's and ours, defaults too", not faults, faults)
    wrong = [*rows[:3], [rows[3][0], rows[3][1] + "1"], *rows[4:]]
    expect("planted fault: a wrong default on the page is seen", option_faults(wrong, ours), "it was not")
    programs, fault = run_python(text)
    expect(f"the page's Python runs ({programs} program)", programs > 0 and not fault, fault)
    failing = run_python("```python\nimport snapshot_ensemble\nsnapshot_ensemble.predict\n```\n")[1]
    expect("planted fault: Python that fails is seen", failing, "it was not")


def main():
    versions = f"TensorFlow {tf.__version__} with tf_keras {tf_keras.__version__}, Node {call('node', '-p', 'process.versions.node').stdout.strip()}"
    print(versions, flush=True)
    differences()
    with tempfile.TemporaryDirectory() as name:
        folder, arrays = Path(name), data()
        for key, values in arrays.items():
            values.tofile(folder / f"{key}.f32")
        theirs = [original.train(JOB, seed, arrays, name) for seed in JOB["seeds"]]
        for seed, run in zip(JOB["seeds"], theirs):
            flat(run.initial).tofile(folder / f"initial-{seed}.f32")
        (folder / "job.json").write_text(json.dumps(JOB))
        answer = ours(name)
        mine = [answer["runs"][str(seed)] for seed in JOB["seeds"]]
        compared = [one_seed(seed, *runs, folder, arrays["test_y"]) for seed, *runs in zip(JOB["seeds"], theirs, mine)]
        equal_errors(compared)
        beginnings(original.beginning(JOB, arrays), folder)
        again = original.train(JOB, JOB["seeds"][0], arrays, name, MOVED)
        itself = [apart_by(member, flat(other)) for (member, _), (other, _) in zip(theirs[0].members, again.members)]
        resumed = resume(answer["resumed"], original.resumed(JOB, arrays))
    made = table(JOB, versions, compared, theirs, mine, itself, resumed, drift(answer["drift"]))
    print(made)
    if os.environ.get("WRITE") == "1":
        write_table(made)
    text = PAGE.read_text()
    page(answer["page"], text)
    expect("the page's table says of resuming, restarts and prediction what happened", fixed_rows(table_of(text)) == fixed_rows(made), fixed_rows(made))


if __name__ == "__main__":
    main()
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] else 0)
