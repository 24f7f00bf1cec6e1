"""Runs what `snapshot-ensemble deploy` writes. `python check.py long`

- Triton: a real tritonserver (2.51, out of a wheel) serves the repositories of a fused, a stacked and two separate bundles.
- Ray: one node serves the application, whole and sharded, with two replicas; one is killed under load.
- Docker: the folder is built and started as its Dockerfile says, read-only and as another user.
Every answer is compared with the bundle's smoke test, whose expected values come from TensorFlow.js.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import container  # noqa: E402 -- it and the others use what lies beside the groups
import ray_serve  # noqa: E402
import triton  # noqa: E402
from judge import judged, summary  # noqa: E402

parts = {"triton": triton.all_of, "ray": ray_serve.all_of, "docker": container.all_of}
chosen = sys.argv[2:] or list(parts)
with tempfile.TemporaryDirectory(prefix="deploy-run-") as folder:
    bundles = Path(folder) / "bundles"
    subprocess.run(["node", HERE / "bundles.mjs", bundles], check=True)
    for name in chosen:
        place = Path(folder) / name
        place.mkdir()
        judged(name, parts[name], place, bundles)
sys.exit(summary())
