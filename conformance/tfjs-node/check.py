"""Runs the adapter on the real `@tensorflow/tfjs-node`. `python check.py long`

- build.py makes tfjs-node from its sources and TensorFlow's C library;
- the adapter's whole suite (training, resume bit by bit, leaks, contracts) runs on the backend `tensorflow`;
- the demo runs on it in its short form;
- planted fault: without the native backend the same suite must fail, and name the backend.
"""

import os
import re
import subprocess
import sys
import tempfile

from build import HERE, build

ROOT = HERE.parent.parent
ENV = {**os.environ, "NX_DAEMON": "false", "TF_CPP_MIN_LOG_LEVEL": "2", "NO_COLOR": "1", "CI": "true"}
counts = {"passed": 0, "failed": 0}


def report(name, fault=None, tests=1):
    counts["failed" if fault else "passed"] += 1 if fault else tests
    print(f"{'FAILED' if fault else 'ok'}  {name}{f': {fault}' if fault else ''}", flush=True)


def call(*command, **env):
    return subprocess.run(command, cwd=ROOT, env={**ENV, **env}, text=True, capture_output=True)


def suite(**env):
    return call("npx", "vitest", "run", "--config", "conformance/tfjs-node/vitest.config.mjs", **env)


def versions():
    program = (
        "const {createRequire}=require('module');const r=createRequire(process.argv[1]+'/package.json');"
        "const tf=r('@tensorflow/tfjs-node');"
        "console.log('tfjs '+tf.version.tfjs+', tfjs-node '+tf.version['tfjs-node']+', backend '+tf.getBackend()+', Node '+process.version)"
    )
    answer = call("node", "-e", program, str(HERE.parent / ".cache/tfjs-node"))
    line = answer.stdout.strip()
    report(f"versions: {line}", None if ", backend tensorflow," in line else answer.stderr[-2000:])


def adapter_suite():
    answer = suite()
    passed = re.search(r"Tests\s+(\d+) passed \(\d+\)", answer.stdout)
    fault = None if answer.returncode == 0 and passed else (answer.stdout + answer.stderr)[-4000:]
    report("the adapter's suite on the backend tensorflow", fault, tests=int(passed[1]) if passed else 1)


def planted_fault():
    answer = suite(WITHOUT_NATIVE="1")
    caught = answer.returncode != 0 and "'tensorflow' not found in registry" in answer.stdout + answer.stderr
    report("planted fault: without tfjs-node the suite fails", None if caught else "it did not")


def demo():
    with tempfile.TemporaryDirectory() as folder:
        built = call("npx", "nx", "run-many", "-t", "build", "-p", "@snapshot-ensemble/demo", "--outputStyle", "static")
        if built.returncode != 0:
            return report("the demo builds", built.stdout[-2000:])
        hook = (HERE / "use-built.mjs").as_uri()
        flags = ["--train-size", "2000", "--epochs", "2", "--cycles", "2", "--fresh", "--backend", "tensorflow", "--out", folder]
        answer = call("node", "--import", hook, "examples/demo/dist/main.js", *flags)
        says = re.search(r"Backend: (.*tfjs-node.*)", answer.stdout)
        fault = None if answer.returncode == 0 and says else (answer.stdout + answer.stderr)[-3000:]
        report(f"the demo: {says[1] if says else ''}", fault)


if __name__ == "__main__":
    build()
    versions()
    adapter_suite()
    planted_fault()
    demo()
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] else 0)
