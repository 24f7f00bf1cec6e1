"""Judges snapshot-core by others' software. `python check.py quick|long`

- safetensors: files written by Hugging Face's package are read by ours and the other way round, bit for bit; whatever
  that package refuses, ours refuses.
- S3: the contracts run against moto's server.
- A full disk: training on a small tmpfs, by its own mount namespace or by root's right to mount.
"""

import ctypes
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors import SafetensorError, TensorSpec, deserialize, serialize_file

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from s3_server import s3_server  # noqa: E402 -- beside the groups

SIZES = {"quick": {"files": 60, "mutants": 3000}, "long": {"files": 600, "mutants": 100_000}}
# Our name, the package's name for writing, its name in headers, bytes.
DTYPES = [
    ("float64", "float64", "F64", 8),
    ("float32", "float32", "F32", 4),
    ("float16", "float16", "F16", 2),
    ("bfloat16", "bfloat16", "BF16", 2),
    ("int32", "int32", "I32", 4),
    ("int64", "int64", "I64", 8),
    ("uint8", "uint8", "U8", 1),
    ("bool", "bool", "BOOL", 1),
]
OURS = {header: ours for ours, _, header, _ in DTYPES}
THEIRS = {ours: theirs for ours, theirs, _, _ in DTYPES}

counts = {"passed": 0, "failed": 0}


def report(name, fault=None):
    counts["failed" if fault else "passed"] += 1
    print(f"{'FAILED' if fault else 'ok'}  {name}{f': {fault}' if fault else ''}", flush=True)


class Codec:
    """Our reader and writer, asked line by line."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", str(HERE / "codec.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, command, **request):
        self.process.stdin.write(json.dumps({"command": command, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("codec.mjs ended. Build it first: npm run build")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def random_tensors(rng):
    tensors = []
    for index in range(rng.randrange(0, 8)):
        dtype, _, _, size = rng.choice(DTYPES)
        shape = [rng.randrange(0, 5) for _ in range(rng.randrange(0, 4))]
        count = 1
        for dimension in shape:
            count *= dimension
        data = rng.randbytes(count * size)
        if dtype == "bool":
            data = bytes(byte & 1 for byte in data)
        name = rng.choice(["layer/kernel", "ä ö", "0", "__proto__", 'quo"te', "\\", "𝛼"]) + f"-{index}"
        tensors.append({"name": name, "dtype": dtype, "shape": shape, "hex": data.hex()})
    return tensors


def by_name(tensors):
    return {t["name"]: (t["dtype"], list(t["shape"]), t["hex"]) for t in tensors}


def read_theirs(path):
    with open(path, "rb") as file:
        found = deserialize(file.read())
    return {
        name: (OURS[info["dtype"]], list(info["shape"]), bytes(info["data"]).hex()) for name, info in found
    }


def write_theirs(path, tensors, metadata):
    buffers = {t["name"]: ctypes.create_string_buffer(bytes.fromhex(t["hex"])) for t in tensors}
    specs = {
        t["name"]: TensorSpec(
            dtype=THEIRS[t["dtype"]],
            shape=t["shape"],
            data_ptr=ctypes.addressof(buffers[t["name"]]),
            data_len=len(t["hex"]) // 2,
        )
        for t in tensors
    }
    serialize_file(specs, str(path), metadata)


def check_files(codec, folder, files):
    rng = random.Random(1)
    ours_to_theirs, theirs_to_ours = None, None
    for index in range(files):
        tensors = random_tensors(rng)
        metadata = {"run": "1"} if index % 2 else {}
        path = folder / "ours.safetensors"
        codec.ask("write", file=str(path), tensors=tensors, metadata=metadata)
        if read_theirs(path) != by_name(tensors):
            ours_to_theirs = f"file {index} came back changed"
        path = folder / "theirs.safetensors"
        write_theirs(path, tensors, metadata or None)
        answer = codec.ask("read", file=str(path))
        if "ok" not in answer or by_name(answer["ok"]["tensors"]) != by_name(tensors):
            theirs_to_ours = f"file {index}: {answer.get('message', 'came back changed')}"
        elif answer["ok"]["metadata"] != metadata:
            theirs_to_ours = f"file {index}: the metadata came back changed"
    report(f"{files} files of ours are read by the package", ours_to_theirs)
    report(f"{files} files of the package are read by us", theirs_to_ours)

    tensors = [{"name": "w", "dtype": "float32", "shape": [2], "hex": "0000803f00000040"}]
    path = folder / "fault.safetensors"
    codec.ask("write", file=str(path), tensors=tensors, metadata={}, fault=True)
    caught = read_theirs(path) != by_name(tensors)
    report("a flipped bit would be found out (planted)", None if caught else "it was not")


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        kind = rng.randrange(5)
        at = rng.randrange(len(data) + 1) if rng.random() < 0.3 else rng.randrange(min(len(data), 400) + 1)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.choice(b'0123456789{}[]",:-eE. \x00\xff')
        elif kind == 2:
            del data[at : at + rng.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = rng.choice([b"0", b"9", b",", b" ", b"[]", b"{}", b'"x":1,', b"\x00" * 8])
        else:
            data = data[:at]
    return bytes(data)


def check_mutants(codec, folder, mutants):
    rng = random.Random(2)
    path = folder / "mutant.safetensors"
    codes, laxer, stricter, untyped = {}, [], [], []
    for index in range(mutants):
        if index % 50 == 0:
            write_theirs(path, random_tensors(rng), {"a": "b"} if index % 100 else None)
            original = path.read_bytes()
        mutant = mutate(rng, original)
        path.write_bytes(mutant)
        try:
            theirs = {name for name, _ in deserialize(mutant)}
        except SafetensorError:
            theirs = None
        answer = codec.ask("read", file=str(path))
        code = "ok" if "ok" in answer else answer["code"]
        codes[code] = codes.get(code, 0) + 1
        if code not in ("ok", "damaged", "unsupported"):
            untyped.append(answer)
        if code == "ok" and theirs is None:
            laxer.append(mutant)
        if code == "damaged" and theirs is not None:
            stricter.append(answer["message"])
    print(f"    {mutants} mutants: {codes}; we alone refused {len(stricter)}")
    for message in sorted({re.sub(r"\d+|\"[^\"]*\"", "…", message) for message in stricter})[:10]:
        print(f"      {message}")
    report(f"{mutants} mutants give a result or a typed error", untyped[0] if untyped else None)
    report("what the package refuses, we refuse", repr(laxer[0][:300]) if laxer else None)
    seen = codes.get("damaged", 0) > mutants / 10 and codes.get("ok", 0) > 0
    report("the mutants are of both kinds", None if seen else str(codes))


def check_s3():
    with s3_server() as url:
        run = subprocess.run(["node", str(HERE / "s3.mjs"), url], stdout=subprocess.PIPE, text=True)
    cases = [json.loads(line) for line in run.stdout.splitlines()]
    for case in cases:
        report(f"S3 {case['name']}", None if case["ok"] else case["message"])
    report("S3 cases all ran", None if run.returncode == 0 and len(cases) > 30 else f"only {len(cases)}")


def check_disk_full(folder):
    for mode in ("stop", "continue"):
        place = folder / mode
        place.mkdir()
        mount = f"mount -t tmpfs -o size=8m tmpfs {place}"
        command = f"{mount} && exec node {HERE / 'disk-full.mjs'} {place}/store {mode}"
        # A mount namespace of its own: nothing of it is left when the process ends.
        own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        run = subprocess.run([*own, "sh", "-c", command], stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            report(f"disk full, {mode}", "needs `unshare` and the right to mount: run as root, or allow user namespaces")
            continue
        result = json.loads(run.stdout)
        intact = len(result["members"]) >= 2 and all(member["intact"] for member in result["members"])
        report(f"disk full, {mode}: earlier members are whole", None if intact else result["members"])
        if mode == "stop":
            thrown = result.get("thrown") or {}
            good = thrown.get("code") == "no-space" and "is full" in thrown["message"] and result["steps"] < 40
            report("disk full, stop: a clear error ends the training", None if good else result)
        else:
            codes = {error["code"] for error in result["errors"]}
            good = result.get("thrown") is None and result["steps"] == 40 and codes == {"no-space"}
            report("disk full, continue: the training goes on", None if good else result)


def main(tier):
    sizes = SIZES[tier]
    folder = Path(tempfile.mkdtemp())
    codec = Codec()
    try:
        check_files(codec, folder, sizes["files"])
        check_mutants(codec, folder, sizes["mutants"])
        check_s3()
        check_disk_full(folder)
    finally:
        codec.close()
        shutil.rmtree(folder)
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
