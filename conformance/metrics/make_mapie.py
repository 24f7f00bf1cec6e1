"""Writes golden/mapie.json, and is run by check.py long:

    node conformance/run.mjs long metrics           # adds requirements-long.txt to the environment
    conformance/.venv-metrics/bin/python conformance/metrics/make_mapie.py
"""

from make import write
from peers_mapie import MAPIE

if __name__ == "__main__":
    write("mapie", "large", MAPIE, "python conformance/metrics/make_mapie.py", {})
