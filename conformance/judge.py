"""What the groups about `snapshot-ensemble deploy` share: counting what their judges say, and the command itself."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLI = ROOT / "packages" / "cli" / "dist" / "main.js"
counts = {"passed": 0, "failed": 0}


def report(name, fault=None):
    counts["failed" if fault else "passed"] += 1
    print(f"{'FAILED' if fault else 'ok'}  {name}{f': {fault}' if fault else ''}", flush=True)


def judged(name, judge, *arguments):
    """Reports what the judge says of it."""
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


def check(holds, found):
    """A judge of one condition, which says what was found instead."""
    assert holds, found


def deploy(out, target, bundle, *flags):
    """What the command prints."""
    done = subprocess.run(["node", CLI, "deploy", target, bundle, "--out", out, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def summary():
    """The exit code, after the line that is counted."""
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] or not counts["passed"] else 0
