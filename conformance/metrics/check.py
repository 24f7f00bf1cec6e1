"""Makes some (quick) or all (long) of the golden answers anew and compares: python check.py quick|long

Not made anew here: golden/torch.json, which needs PyTorch (see make_torch.py).
"""

import json
import sys

import numpy as np

from cases import all_cases, checksum
from make import GOLDEN, answers
from peers import FILES

QUICK_CASES = 12
# Of the digits written.
TOLERANCE = 1e-11


def main(tier):
    files = dict(FILES)
    if tier == "long":
        from peers_mapie import MAPIE

        files["mapie"] = ("large", MAPIE)
    passed, failed = 0, 0
    for name, (group, peers) in files.items():
        golden = json.loads((GOLDEN / f"{name}.json").read_text())
        count = QUICK_CASES if tier == "quick" else len(golden["checksums"])
        cases = all_cases(group, count)
        checks = [("the cases", [checksum(c) for c in cases], golden["checksums"][:count])]
        known = {(r["function"], r["library"]): r["answers"] for r in golden["results"]}
        for key, peer in peers.items():
            checks.append((", ".join(key), answers(key[0], peer, cases), known[key][:count]))
        for what, now, written in checks:
            fault = difference(now, written)
            if fault is None and not catches_a_fault(now, written):
                fault = "a planted fault went unseen"
            print(f"{'ok  ' if fault is None else 'FAIL'} {name}: {what}{f': {fault}' if fault else ''}")
            passed, failed = passed + (fault is None), failed + (fault is not None)
    print(f"{passed} passed, {failed} failed")
    return failed == 0


def difference(now, written):
    """The first case that differs, in words."""
    for index, (a, b) in enumerate(zip(now, written, strict=True)):
        if (a is None) != (b is None):
            return f"case {index}: {a}, written {b}"
        if a is not None and not np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE):
            return f"case {index}: {a}, written {b}"
    return None


def catches_a_fault(now, written):
    """Whether an answer that is off by one part in a hundred million, and a missing one, are seen."""
    at = next(i for i, answer in enumerate(now) if answer is not None)
    bent = list(now)
    bent[at] = (np.asarray(now[at], dtype=float) * (1 + 1e-8) + 1e-8).tolist()
    lost = list(now)
    lost[at] = None
    return difference(bent, written) is not None and difference(lost, written) is not None


if __name__ == "__main__":
    if sys.argv[1:] not in (["quick"], ["long"]):
        sys.exit("usage: python check.py quick|long")
    sys.exit(0 if main(sys.argv[1]) else 1)
