"""What every check here shares: counting, free ports, servers that are started and ended."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLI = ROOT / "packages" / "cli" / "dist" / "main.js"
counts = {"passed": 0, "failed": 0}


def report(name, fault=None):
    counts["failed" if fault else "passed"] += 1
    print(f"{'FAILED' if fault else 'ok'}  {name}{f': {fault}' if fault else ''}", flush=True)


def judged(name, judge, *arguments):
    report(name, fault_of(judge, *arguments))


def caught(name, judge, *arguments):
    """Reports whether the judge finds the fault that was planted."""
    report(f"planted fault: {name}", None if fault_of(judge, *arguments) else "not found")


def fault_of(judge, *arguments):
    try:
        judge(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a judge throws is its verdict
        return f"{type(error).__name__}: {str(error).strip()[:600]}"
    return None


def deploy(out, target, bundle, *flags):
    done = subprocess.run(["node", CLI, "deploy", target, bundle, "--out", out, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def summary():
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] or not counts["passed"] else 0
