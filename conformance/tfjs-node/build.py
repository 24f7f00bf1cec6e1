"""Builds `@tensorflow/tfjs-node` from its own sources, where its installer cannot download libtensorflow.

The npm package carries the addon's C++ sources, which call TensorFlow's C API only; PyPI's `tensorflow-cpu` wheel carries
the library and the headers. What is built stays in `conformance/.cache/tfjs-node` and is made again when a version changes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "tfjs-node"
TFJS_NODE = "4.22.0"
TENSORFLOW = "2.15.1"
WHEEL = ["--no-deps", "--only-binary=:all:", "--python-version", "311"]
PLATFORMS = ["manylinux_2_17_x86_64", "manylinux_2_27_x86_64"]
LIBRARIES = {"libtensorflow_cc.so.2": "libtensorflow.so", "libtensorflow_framework.so.2": "libtensorflow_framework.so"}
# Which of these folders a wheel has depends on its version.
HEADERS = ("tensorflow/c/", "tensorflow/core/platform/", "tensorflow/tsl/", "tsl/")


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result.stdout


def node_prefix():
    """The folder that holds `include/node`, so that nothing is downloaded to build an addon."""
    prefix = Path(run("node", "-p", "require('path').dirname(require('path').dirname(process.execPath))").strip())
    if not (prefix / "include/node/node_api.h").exists():
        sys.exit(f"Node's headers are missing: no {prefix}/include/node. Install the Node that comes with them.")
    return prefix


def unpack(wheel, package):
    """The two libraries under the names that the addon links, and the headers of the C API."""
    libraries, include = package / "deps/lib", package / "deps/include"
    libraries.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = Path(name)
            if path.parent == Path("tensorflow") and path.name in LIBRARIES:
                with archive.open(name) as source, open(libraries / path.name, "wb") as target:
                    shutil.copyfileobj(source, target)
                (libraries / LIBRARIES[path.name]).symlink_to(path.name)
            inner = name.removeprefix("tensorflow/include/")
            if inner != name and inner.startswith(HEADERS) and not name.endswith("/"):
                target = include / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))


def build():
    """The folder whose `node_modules` holds a tfjs-node that runs. Takes about two minutes the first time, 1 GB."""
    stamp = CACHE / "built.json"
    node = run("node", "-p", "process.version").strip()
    wanted = {"script": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(), "node": node}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return CACHE
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    (CACHE / "package.json").write_text('{ "private": true }\n')
    run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"@tensorflow/tfjs-node@{TFJS_NODE}", cwd=CACHE)
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    run(sys.executable, "-m", "pip", "download", "-q", *WHEEL, *platforms, "-d", CACHE, f"tensorflow-cpu=={TENSORFLOW}")
    wheel = next(CACHE.glob("tensorflow_cpu-*.whl"))
    package = CACHE / "node_modules/@tensorflow/tfjs-node"
    unpack(wheel, package)
    wheel.unlink()
    run(
        "npx", "--no-install", "node-pre-gyp", "install", "--build-from-source",
        cwd=package, env={**os.environ, "npm_config_nodedir": str(node_prefix())},
    )
    stamp.write_text(json.dumps(wanted))
    return CACHE


if __name__ == "__main__":
    print(build())
