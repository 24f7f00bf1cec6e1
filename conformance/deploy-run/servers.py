"""Free ports, and servers that are started and ended."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, ready_url, log, seconds=180, **more):
    """A process in a group of its own, from when `ready_url` answers 200 until it has ended."""
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True, **more)
    try:
        wait_for(process, ready_url, log, seconds)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(process, url, log, seconds):
    for _ in range(seconds * 5):
        if process.poll() is not None:
            raise AssertionError(f"it ended with exit code {process.returncode}: {Path(log).read_text()[-1500:]}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        time.sleep(0.2)
    raise AssertionError(f"{url} is not ready after {seconds} s: {Path(log).read_text()[-1500:]}")
