"""`python ask.py NAME < [[params, steps], …]` prints {"version", "values"}: one original, in a process of its own."""

import json
import sys

import originals

if __name__ == "__main__":
    name = sys.argv[1]
    sets = json.load(sys.stdin)
    values = [originals.ORIGINALS[name](params, steps) for params, steps in sets]
    json.dump({"version": originals.version_of(name), "values": values}, sys.stdout)
