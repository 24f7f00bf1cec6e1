"""Writes golden/torch.json. Needs PyTorch, which is Debian's python3-torch, and Debian's Python with it:

    /usr/bin/python3 -m venv --system-site-packages conformance/.venv-metrics-torch
    conformance/.venv-metrics-torch/bin/pip install -r conformance/metrics/requirements.txt torchmetrics==1.4.3
    conformance/.venv-metrics-torch/bin/pip install --no-deps netcal==1.3.6
    conformance/.venv-metrics-torch/bin/python conformance/metrics/make_torch.py

netcal comes without its dependencies: its metrics need none of the Bayesian ones.
"""

from make import write
from peers_torch import NOTES, TORCH

if __name__ == "__main__":
    write("torch", "large", TORCH, "python conformance/metrics/make_torch.py", NOTES)
