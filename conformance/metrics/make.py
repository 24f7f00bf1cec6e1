"""Writes golden/*.json: what other software answers to the cases of cases.py.

    node conformance/run.mjs quick metrics          # makes conformance/.venv-metrics
    conformance/.venv-metrics/bin/python conformance/metrics/make.py [NAME …]

golden/torch.json and golden/mapie.json are made by make_torch.py and make_mapie.py.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cases import GROUPS, all_cases, checksum
from peers import FILES

GOLDEN = Path(__file__).parent / "golden"


# All other functions are about classes, of which there are at least two.
ONE_COLUMN_WILL_DO = {
    "mean",
    "median",
    "median, weighted",
    "softmax",
    "memberVariance",
    "outputCorrelation",
    "ambiguity",
    "deepEnsembleEquivalent",
    "fitConformalIntervals",
    "meanInterval",
    "predictionIntervals",
    "auroc",
    "mse",
    "mae",
    "r2",
    "gaussianNll",
    "convexWeights, mse",
}


def answers(function, peer, cases):
    least = 1 if function in ONE_COLUMN_WILL_DO else 2
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [plain(peer(case)) if case.mean.shape[1] >= least else None for case in cases]


def plain(answer):
    if answer is None:
        return None
    values = np.asarray(answer, dtype=float)
    assert np.isfinite(values).all(), answer
    # 13 digits are enough to compare to 1e-12.
    return [float(f"{v:.13g}") for v in values.ravel()]


def write(name, group, peers, command, notes):
    cases = all_cases(group)
    results = [
        {
            "function": function,
            "library": library,
            "version": version(library),
            **notes.get((function, library), {}),
            "answers": answers(function, peer, cases),
        }
        for (function, library), peer in peers.items()
    ]
    data = {
        "command": command,
        "group": group,
        "checksums": [float(checksum(case)) for case in cases],
        "results": results,
    }
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / f"{name}.json").write_text(json.dumps(data, separators=(",", ":")) + "\n")
    for result in results:
        count = sum(answer is not None for answer in result["answers"])
        print(f"{name}: {result['function']}, {result['library']} {result['version']}: {count} cases")
        if count < 60:
            sys.exit(f"{result['function']} has only {count} cases")


if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        group, peers = FILES[name]
        write(name, group, peers, "python conformance/metrics/make.py", {})
