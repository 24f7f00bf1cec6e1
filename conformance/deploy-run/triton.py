"""A real Triton serves what `deploy triton` wrote; see onnxruntime/model.py for its backend."""

import contextlib
import importlib.util
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from judge import caught, check, deploy, judged
from servers import free_port, running
from smoke import agrees, post, smoke_of

HERE = Path(__file__).resolve().parent
STUB = f"{sys.version_info.major}.{sys.version_info.minor}"


def backends(folder):
    """The wheel's Python backend with the stub for this Python, and ours that is called onnxruntime."""
    wheel = Path(importlib.util.find_spec("pytriton").submodule_search_locations[0]) / "tritonserver"
    shutil.copytree(wheel / "backends", folder)
    shutil.copy(wheel / "python_backend_stubs" / STUB / "triton_python_backend_stub", folder / "python")
    shutil.copytree(HERE / "onnxruntime", folder / "onnxruntime", ignore=shutil.ignore_patterns("__pycache__"))
    return wheel


@contextlib.contextmanager
def triton(repository, folder):
    """Base URL of a Triton on a model repository; throws its log where it refuses one."""
    wheel = backends(folder / "backends") if not (folder / "backends").exists() else triton.wheel
    triton.wheel = wheel
    port = free_port()
    site = wheel.parent.parent
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": f"{site / 'nvidia_pytriton.libs'}:{wheel / 'external_libs'}",
        # The stub takes its Python from there.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [wheel / "bin" / "tritonserver", f"--model-repository={repository}", f"--backend-directory={folder / 'backends'}"]
    command += [f"--http-port={port}", "--http-address=127.0.0.1", "--allow-grpc=false", "--allow-metrics=false"]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/v2/health/ready", folder / "triton.log", env=environment):
        yield url


def infer_url(url, name):
    return f"{url}/v2/models/{name}/infer"


def agrees_together(url, bundle):
    """Requests of one to five rows at once, which Triton batches as it likes: every row is answered as if alone."""
    rows = [list(range(first, first + count)) for count in (1, 2, 3) for first in range(6 - count)] * 4
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda some: agrees(url, bundle, some), rows))


def names_labels(url, bundle):
    """Triton's classification extension gives the labels that the bundle has."""
    request, expected = smoke_of(bundle)
    output = expected["outputs"][0]
    status, answer = post(url, {**request, "outputs": [{"name": output["name"], "parameters": {"classification": 1}}]})
    assert status == 200, answer
    best = [max(range(4), key=lambda c: output["data"][4 * row + c]) for row in range(output["shape"][0])]
    named = [text.split(":")[1:] for text in answer["outputs"][0]["data"]]
    assert named == [[str(c), ["ring", "cross", "bar", "dot"][c]] for c in best], named


def serves(bundle, folder, name):
    repository = folder / f"triton-{name}"
    deploy(repository, "triton", bundle, "--name", name, "--max-batch-size", "16")
    with triton(repository, folder) as url:
        judged(f"triton {name}: smoke/", agrees, infer_url(url, name), bundle)
        judged(f"triton {name}: batches of many requests", agrees_together, infer_url(url, name), bundle)
        judged(f"triton {name}: labels", names_labels, infer_url(url, name), bundle)
        status, answer = post(infer_url(url, name), {"inputs": []})
        judged(f"triton {name}: a request without inputs is refused", lambda: check(400 <= status < 500, (status, answer)))


def starts(repository, folder):
    with triton(repository, folder):
        pass


def all_of(folder, bundles):
    for name in ("fused", "stacked", "separate", "cascade"):
        judged(f"triton {name}: it loads", serves, bundles / name, folder, name)
    wrong = folder / "triton-wrong"
    shutil.copytree(folder / "triton-separate", wrong)
    swapped = [wrong / f"separate_member_{index}" / "1" / "model.onnx" for index in (0, 1)]
    contents = [path.read_bytes() for path in swapped]
    for path, content in zip(swapped, reversed(contents)):
        path.write_bytes(content)
    with triton(wrong, folder) as url:
        caught("two members changed places", agrees, infer_url(url, "separate"), bundles / "separate")
    config = wrong / "separate" / "config.pbtxt"
    config.write_text(config.read_text().replace("dims: 8", "dims: 0", 1))
    caught("a dimension that Triton refuses", starts, wrong, folder)
