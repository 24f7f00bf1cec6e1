"""Loads single modules of pinned wheels without what they depend on: neither timm's nor Transformers' schedulers need
more of PyTorch than the names they import, and `snapshot-ensemble` no more of Keras than a base class."""

import hashlib
import importlib
import subprocess
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

CACHE = Path(__file__).parent.parent / ".cache" / "schedules"
WHEELS = {
    "snapshot-ensemble": ("1.0.0", "f5cc57d2f35d38a703e4563d4b11be5c78148c6fd8bb2ddb7763d256bc44b74f"),
    "timm": ("1.0.11", "52a6f895e2cbec35a87d0846870419c2c0aa40de9b205bcda917f38278bf3044"),
    "transformers": ("4.46.3", "a12ef6f52841fd190a3e5602145b542d03507222f2c64ebb7ee92e8788093aef"),
}


def wheel(name):
    version, digest = WHEELS[name]
    CACHE.mkdir(parents=True, exist_ok=True)
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(CACHE.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--dest", CACHE, f"{name}=={version}"], check=True)
    [path] = CACHE.glob(pattern)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise SystemExit(f"{path} has SHA-256 {found}, not {digest}. Delete it and run again.")
    return path


def module_of(name, package, module, stubs):
    """Imports `package.module` out of the wheel, with empty parents and `stubs` in place of other modules."""
    path = wheel(name)
    parents = package.split(".")
    for depth in range(len(parents)):
        parent = types.ModuleType(".".join(parents[: depth + 1]))
        parent.__path__ = [str(path / "/".join(parents[: depth + 1]))]
        sys.modules[parent.__name__] = parent
    for stub in stubs:
        sys.modules[stub] = MagicMock(name=stub)
    return importlib.import_module(f"{package}.{module}")


def stub_module(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module
    return module
