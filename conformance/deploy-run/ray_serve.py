"""Ray Serve on one node runs what `deploy ray` wrote, whole and with its members sharded; a replica is killed under load."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from judge import caught, check, deploy, judged
from servers import free_port, running
from smoke import agrees, post, same, smoke_of

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_DOCKER_CPU_WARNING": "1"}
REQUESTS, CLIENTS = 600, 8


def ray(*words):
    done = subprocess.run([BIN / "ray", *words], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def cluster():
    """One node of eight logical cores."""
    port = free_port()
    ray("start", "--head", "--num-cpus=8", f"--port={port}", "--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=100000000")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        ray("stop", "--force")


@contextlib.contextmanager
def serving(application, address, log):
    """Base URL of the application; its folder is where it starts, as its README says."""
    command = [BIN / "serve", "run", "app:app", f"--address={address}"]
    url = "http://127.0.0.1:8000"
    with running(command, f"{url}/-/healthz", log, cwd=application, env={**ENVIRONMENT, "PYTHONPATH": str(application)}):
        wait_until_healthy(log)
        yield url


def wait_until_healthy(log):
    for _ in range(900):
        text = Path(log).read_text()
        if "is ready at" in text or "ready at" in text:
            return
        time.sleep(0.2)
    raise AssertionError(f"the application is not ready: {text[-1500:]}")


def replicas(name):
    """Process ids of a deployment's replicas."""
    found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if f"ray::ServeReplica:default:{name}" in line]


def survives(url, bundle, name):
    """One replica of two dies amid the requests; all are answered, and rightly."""
    request, expected = smoke_of(bundle)
    before = replicas(name)
    assert len(before) == 2, before
    begun = threading.Semaphore(0)

    def one(_):
        begun.release()
        status, answer = post(url, request)
        assert status == 200, (status, answer)
        same(answer, expected)

    def kill():
        for _ in range(REQUESTS // 4):
            begun.acquire()
        os.kill(before[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, range(REQUESTS)))
    killer.join()
    assert before[0] not in replicas(name), "the replica was not killed"


def all_of(folder, bundles):
    for name, graph in (("fused", "Graph"), ("separate", "separate-member-1"), ("cascade", "cascade-member-0")):
        application = folder / name
        deploy(application, "ray", bundles / name, "--name", name, "--replicas", "2")
        # A cluster of its own: Ray's workers would keep the module `app` of the application before.
        with cluster() as address, serving(application, address, folder / f"{name}.log") as url:
            infer = f"{url}/v2/models/{name}/infer"
            judged(f"ray {name}: smoke/", agrees, infer, bundles / name)
            status, answer = post(infer, {"inputs": [{"name": "pixels_input", "shape": [1], "datatype": "FP32", "data": [1]}]})
            judged(f"ray {name}: a wrong shape is refused", lambda: check(status == 400, (status, answer)))
            judged(f"ray {name}: a replica is killed, and {REQUESTS} of {REQUESTS} are answered", survives, infer, bundles / name, graph)
            if name == "fused":
                caught("the answer of another bundle", agrees, infer, bundles / "cascade")
