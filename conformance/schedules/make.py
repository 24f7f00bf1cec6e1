"""Writes golden/NAME.json for all originals, or for the names given: `python make.py [NAME …]`.

Needs requirements.txt, requirements-long.txt and, for PyTorch, Debian's python3-torch."""

import json
import subprocess
import sys
from pathlib import Path

from parameters import PARAMETERS, sets_of

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
DEBIAN_PYTHON = "/usr/bin/python3"


def ask(name, sets):
    """Version and values of one original. PyTorch is asked through Debian's Python, which alone sees it."""
    python = DEBIAN_PYTHON if name.startswith("torch") else sys.executable
    run = subprocess.run(
        [python, HERE / "ask.py", name], input=json.dumps(sets), capture_output=True, text=True
    )
    if run.returncode != 0:
        hint = "\nInstall PyTorch: apt-get install python3-torch" if name.startswith("torch") else ""
        raise SystemExit(f"{name} cannot be asked:\n{run.stderr}{hint}")
    return json.loads(run.stdout.splitlines()[-1])


def write(name):
    sets = sets_of(name)
    answer = ask(name, sets)
    head = {
        "original": name,
        "version": answer["version"],
        "command": f"python conformance/schedules/make.py {name}",
        "seed": f"schedules/{name}/<index of the set>",
    }
    rows = [
        json.dumps({"p": params, "s": steps, "v": values}, separators=(",", ":"))
        for (params, steps), values in zip(sets, answer["values"])
    ]
    text = json.dumps(head, indent=1)[:-2] + ',\n "sets": [\n' + ",\n".join(rows) + "\n]}\n"
    (GOLDEN / f"{name}.json").write_text(text)
    print(f"{name} {answer['version']}: {len(rows)} sets, {len(text) / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in sys.argv[1:] or PARAMETERS:
        write(each)
