"""Triton's load generator, which asks for metadata, configuration and statistics before it measures."""

import os
import re
import subprocess
import sys
from pathlib import Path

# The wheel of this version is the last whose binary runs on Debian 12; two libraries that it needs lie in another wheel.
CLIENT, LIBRARIES = "tritonclient==2.48.0", "nvidia-pytriton==0.7.0"
FOLDER = Path(__file__).parent / ".venv-perf-analyzer"


def install():
    """The binary and the folders of its libraries."""
    if not FOLDER.exists():
        wheels = FOLDER.with_suffix(".new")
        command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--target", wheels, CLIENT, LIBRARIES], check=True)
        (wheels / "links").mkdir(exist_ok=True)
        for name, pattern in (("libb64.so.0d", "libb64-*"), ("libcudart.so.12", "libcudart-*")):
            [library] = (wheels / "nvidia_pytriton.libs").glob(pattern)
            (wheels / "links" / name).symlink_to(Path("..") / "nvidia_pytriton.libs" / library.name)
        wheels.rename(FOLDER)
    binary = next(path for path in FOLDER.rglob("perf_analyzer") if path.is_file())
    binary.chmod(0o755)
    return binary, f"{FOLDER / 'links'}:{FOLDER / 'nvidia_pytriton.libs'}"


def run(address, transport, *more):
    binary, libraries = install()
    command = [binary, "-m", "tiny", "-u", address, "-i", transport, "--max-threads", "2"]
    # Any spread is stable enough: what counts is that every call is answered.
    command += ["--measurement-mode", "count_windows", "--measurement-request-count", "100", "-p", "1000", "-s", "100000"]
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    return subprocess.run(
        [*command, *more], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def measures(address, transport):
    """It measures, and the server's statistics agree with what it sent."""
    came = run(address, transport, "--concurrency-range", "1:2:1")
    found = re.findall(r"throughput: ([\d.]+) infer/sec", came.stdout)
    print(f"perf_analyzer {transport}: {', '.join(found) or came.stdout + came.stderr} infer/sec")
    return came.returncode == 0 and len(found) > 0 and all(float(rate) > 0 for rate in found)


def is_refused_shared_memory(address, transport):
    """It asks for what is not advertised, and stops with the server's refusal."""
    came = run(address, transport, "--shared-memory", "system")
    return came.returncode != 0 and "shared memory" in (came.stdout + came.stderr)
