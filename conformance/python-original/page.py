"""The migration page: what it says of the original's options is compared, its Python is run, its table is written."""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from snapshot_ensemble import SnapshotEnsembleCallback

from original import public_names

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/from-the-python-library.md"
START, END = "<!-- side by side: start -->\n", "\n<!-- side by side: end -->"


def option_rows(text):
    """The code of the two columns of the table of options: `lr_init=0.01`, `lrInit: 0.01`."""
    part = text.split("## The callback")[1].split("\n\n")[1]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return [[re.search(r"`(.+)`", cell)[1] for cell in row] for row in rows]


def camel(name):
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def python_options(cells):
    """Options and defaults that the left column names."""
    named = {}
    for cell in cells:
        if re.match(r"'\w+': ", cell):
            named |= ast.literal_eval(f"{{{cell}}}")
        elif re.match(r"\w+=", cell):
            named |= {word.arg: ast.literal_eval(word.value) for word in ast.parse(f"f({cell})", mode="eval").body.keywords}
    return named | named.pop("ensemble_options", {})


def original_options():
    """Options and defaults that the package has."""
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.chdir(folder)
        within = SnapshotEnsembleCallback().ensembleConfig
        os.chdir(here)
    parameters = inspect.signature(SnapshotEnsembleCallback).parameters.values()
    return {each.name: each.default for each in parameters if each.name != "ensemble_options"} | within


def our_options(cell):
    """The options of a cell of the right column: `lrInit: 0.01`."""
    if not re.match(r"\w+: ", cell):
        return {}
    options = json.loads("{" + re.sub(r"(\w+):", r'"\1":', cell).replace("'", '"') + "}")
    return options | options.pop("ensembleOptions", {})


def option_faults(rows, ours):
    """`ours`: `exports`, the names of our functions, and `defaults`, our copy of the package's."""
    named, theirs = python_options([left for left, _ in rows]), original_options()
    faults = [] if named == theirs else [f"the page says {named}, the package has {theirs}"]
    for left, right in rows:
        if our_options(right) != {camel(name): value for name, value in python_options([left]).items()}:
            faults.append(f"{left} is not {right}")
    functions = [(left.split("(")[0], right.split("(")[0]) for left, right in rows if left.endswith(")")]
    faults += [f"there is no {left} or no {right}" for left, right in functions if left not in public_names() or right not in ours["exports"]]
    missing = [name for name in public_names() if name not in dict(functions)]
    defaults = {name: value for name, value in ours["defaults"].items() if name != "ensembleOptions"} | ours["defaults"]["ensembleOptions"]
    originals = {camel(name): value for name, value in theirs.items()}
    moved = [name for name, value in defaults.items() if value != originals[name]]
    return faults + [f"{name} is left out" for name in missing] + [f"the default of {name} differs" for name in moved]


def run_python(text):
    """What the page's Python ends with, and how many programs it has."""
    programs = re.findall(r"```python\n(.*?)```", text, re.S)
    for program in programs:
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([sys.executable, "-c", program], cwd=folder, text=True, capture_output=True)
        if run.returncode != 0:
            return len(programs), run.stderr[-2000:]
    return len(programs), None


def table_of(text):
    return text.split(START)[1].split(END)[0].strip()


def write_table(table):
    before, rest = PAGE.read_text().split(START)
    after = rest[rest.index(END) :]
    PAGE.write_text(f"{before}{START}\n{table}\n{after}")
    subprocess.run(["npx", "prettier", "--write", "--log-level", "warn", str(PAGE)], cwd=ROOT, check=True)


def fixed_rows(table):
    """The rows that are the same on every machine and for every version of TensorFlow."""
    names = ("resumed", "restarts", "prediction")
    squeezed = (re.sub(r"\s+", " ", line) for line in table.splitlines())
    return [line for line in squeezed if line.startswith(tuple(f"| {name}" for name in names))]
