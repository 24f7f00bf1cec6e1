"""The table of the migration page, from what both sides gave."""

import os
import re

import numpy as np


def mean_and_deviation(values, digits):
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def median(values):
    return sorted(values)[len(values) // 2]


def cell(scores):
    """Error and negative log-likelihood of one member or ensemble, over the seeds."""
    if scores is None:
        return "not kept"
    return f"{mean_and_deviation([each['error'] for each in scores], 2)} % · {mean_and_deviation([each['nll'] for each in scores], 4)}"


def score_rows(compared):
    """`compared`: for each seed the scores of both, members first, the ensemble last."""
    at = lambda side, position: [each[side][position] for each in compared]
    return [
        ("member of cycle 1", cell(at("theirs", 0)), cell(at("ours", 0))),
        ("member of cycle 2", cell(at("theirs", 1)), cell(at("ours", 1))),
        ("member of cycle 3", cell(None), cell(at("ours", 2))),
        ("ensemble", cell(at("theirs", -1)), cell(at("ours", -1))),
    ]


def files_of(files):
    """Names and sizes; the members, whose names carry the run that wrote them, as one."""
    shown = {}
    for name, size in sorted(files.items()):
        shown.setdefault(re.sub(r"step-.*safetensors", "….safetensors", name), []).append(size)
    listed = ", ".join(f"`{name}` {sizes[0]:,}" + (f" ({len(sizes)} times)" if len(sizes) > 1 else "") for name, sizes in shown.items())
    return f"{len(files)} files, {sum(files.values()):,} bytes: {listed}"


def table(job, versions, compared, theirs, mine, itself, resumed, restarts):
    """Markdown. `theirs`, `mine`: the runs of all seeds; `itself`: how far the original is from a second run of its own; `resumed`, `restarts`: what each side did."""
    weights = sum(part.size for part in theirs[0].initial)
    batches = len(job["seeds"]) * len(theirs[0].rates)
    rows = [
        *score_rows(compared),
        (f"largest difference in the learning rate of {batches:,} batches", "", f"{max(each['rates'] for each in compared):.1e}"),
        (
            "largest difference of a weight, cycles 1 and 2",
            f"to itself, started 1e-6 away: {itself[0]:.2f}, {itself[1]:.2f}",
            "to the original: " + ", ".join(f"{np.mean([each['weights'][i] for each in compared]):.2f}" for i in (0, 1)),
        ),
        ("processor seconds an epoch, median", f"{median([run.epoch for run in theirs]):.2f}", f"{median([run['epoch'] for run in mine]):.2f}"),
        (
            "processor milliseconds of it in the callback, saving included",
            f"{1000 * median([run.overhead for run in theirs]):.0f}",
            f"{1000 * median([run['overhead'] for run in mine]):.0f}",
        ),
        ("left on disk", files_of(theirs[0].files), files_of(mine[0]["files"])),
        ("resumed after epoch 3", *resumed),
        ("restarts, `cycle_length=1`, multiplier 1.5, 7 batches an epoch", *(", ".join(map(str, each)) for each in restarts)),
        ("prediction", "none: load the files and average them", "`loadMembers`: `predict`, `predictMembers`, `evaluate`"),
    ]
    lines = [f"| {' | '.join(row)} |" for row in [("", "`snapshot-ensemble` 1.0.0 (Python)", "ours (WebAssembly)"), ("---",) * 3, *rows]]
    return f"""A CNN (8 and 16 filters, {weights:,} weights) on {job["rows"]:,} images of Fashion-MNIST: {job["epochs"]} epochs in cycles of 2, SGD without momentum from 0.1, batches of {job["batch"]}.
Error and negative log-likelihood on the 10,000 test images, mean ± standard deviation of {len(job["seeds"])} seeds. {versions}, {os.cpu_count()} cores.

{chr(10).join(lines)}"""
