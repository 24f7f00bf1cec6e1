"""Asks a running server with Triton's own client and compares with NumPy. `python check.py quick|long`

quick: the whole protocol once, twenty random batches. long: two thousand random batches, from eight threads."""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import tritonclient.http as triton
from onnx import numpy_helper
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

import make

HERE = Path(__file__).parent
GOLDEN = make.GOLDEN
# float32 arithmetic against NumPy's float64.
TOLERANCE = 2e-6
BATCHES = {"quick": 20, "long": 2000}


@contextmanager
def server(**bundles):
    """The built server on a free port; yields host:port."""
    words = [f"{name}={folder}" for name, folder in bundles.items()]
    command = ["node", str(HERE / "serve.mjs"), *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit("the server did not start. Build it first: npm run build")
        yield url.removeprefix("http://")
    finally:
        process.stdin.close()
        if process.wait(timeout=60) != 0:
            raise SystemExit(f"the server ended with exit code {process.returncode}")


def answer(x):
    """What the tiny ensemble must answer, in float64 from the weights in its graph."""
    graph = onnx.load(GOLDEN / "tiny" / "ensemble.onnx").graph
    weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    return make.evaluate(x, *(np.stack([weights[f"{kind}{k}"] for k in range(2)]) for kind in "wb"))


def tensor(name, array, binary=True):
    datatype = triton.np_to_triton_dtype(array.dtype)
    given = triton.InferInput(name, list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=binary)
    return given


def random_rows(rng, rows):
    return rng.normal(size=(rows, make.FEATURES)).astype(np.float32)


def apart(result, expected, names=None):
    """The largest difference over the outputs."""
    names = names or [output["name"] for output in result.get_response()["outputs"]]
    return max(np.abs(result.as_numpy(name) - expected[name]).max() for name in names)


def close(result, expected, names=None):
    return apart(result, expected, names) < TOLERANCE


def infer(client, x, *, binary_in=True, binary_out=True, names=(), **more):
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    given = [tensor("x", x, binary_in)]
    return client.infer("tiny", given, outputs=outputs or None, **more)


def refusal(act):
    try:
        act()
    except InferenceServerException as error:
        return error.status(), error.message()
    return None


def health(client, rng):
    metadata = client.get_server_metadata()
    return (
        client.is_server_live()
        and client.is_server_ready()
        and client.is_model_ready("tiny")
        and client.is_model_ready("tiny", "1")
        and not client.is_model_ready("nope")
        and metadata["extensions"] == ["binary_tensor_data"]
    )


def metadata(client, rng):
    model = client.get_model_metadata("identity", "1")
    named = {each["name"]: (each["datatype"], each["shape"]) for each in model["inputs"]}
    return len(model["outputs"]) == 6 and named["int64_in"] == ("INT64", [-1, 2])


def every_form(client, rng):
    """JSON and binary, in and out, all outputs and some."""
    x = random_rows(rng, 5)
    names = ["probs_members", "probs", "probs_mutual_information"]
    return all(
        close(infer(client, x, binary_in=i, binary_out=o, names=n), answer(x))
        for i in (True, False)
        for o in (True, False)
        for n in ((), names)
    )


def order_and_id(client, rng):
    names = ["probs_expected_entropy", "probs"]
    result = infer(client, random_rows(rng, 1), names=names, request_id="seven")
    response = result.get_response()
    return response["id"] == "seven" and [o["name"] for o in response["outputs"]] == names


def compression(client, rng):
    x = random_rows(rng, 200)
    return all(
        close(
            infer(
                client,
                x,
                binary_out=binary,
                names=["probs"],
                request_compression_algorithm=way,
                response_compression_algorithm=way,
            ),
            answer(x),
        )
        for way in ("gzip", "deflate")
        for binary in (True, False)
    )


def dtypes(client, rng):
    """Every dtype there and back, bit for bit."""
    arrays = {
        "float32": np.array([[np.nan, -0.0], [1e-45, np.inf]], np.float32),
        "float16": np.array([[65504, -0.0], [6e-8, np.nan]], np.float16),
        "int32": np.array([[-(2**31), 2**31 - 1], [0, 1]], np.int32),
        "int64": np.array([[-(2**63), 2**63 - 1], [2**53 + 1, 1]], np.int64),
        "uint8": np.array([[0, 255], [7, 8]], np.uint8),
        "bool": np.array([[True, False], [False, True]]),
    }
    result = client.infer("identity", [tensor(f"{k}_in", v) for k, v in arrays.items()])
    outputs = {name: result.as_numpy(f"{name}_out") for name in arrays}
    return all(
        outputs[name].dtype == array.dtype and outputs[name].tobytes() == array.tobytes()
        for name, array in arrays.items()
    )


def datatypes_are_tritons(client, rng):
    model = client.get_model_metadata("identity")
    return all(
        np.dtype(triton_to_np_dtype(each["datatype"])) == np.dtype(each["name"].removesuffix("_in"))
        for each in model["inputs"]
    )


def errors(client, rng):
    x = random_rows(rng, 2)
    cases = [
        ("404", "There is no model", lambda: client.infer("nope", [tensor("x", x)])),
        ("404", "no version", lambda: client.infer("tiny", [tensor("x", x)], "2")),
        ("400", 'no input "y"', lambda: client.infer("tiny", [tensor("y", x)])),
        ("400", 'must be "FP32"', lambda: client.infer("tiny", [tensor("x", x.astype("i4"))])),
        ("400", "shape [2, 3]", lambda: client.infer("tiny", [tensor("x", x[:, :3].copy())])),
        ("400", "outputs [z]", lambda: infer(client, x, names=["z"])),
        ("400", "sequence_id", lambda: infer(client, x, sequence_id=7)),
    ]
    found = [(refusal(act), status, text) for status, text, act in cases]
    return all(came and came[0] == status and text in came[1] for came, status, text in found)


def raw_request(client, rng):
    """A body that is nothing but elements, which Triton's client can build by hand only."""
    x = random_rows(rng, 3)
    headers = {"Inference-Header-Content-Length": "0"}
    response = client._post("v2/models/tiny/infer", x.tobytes(), headers, None)
    result = triton.InferResult(response, False)
    return close(result, answer(x))


def concurrent(client, rng, batches):
    """Batches of all sizes at once: each gets its own rows back."""
    xs = [random_rows(rng, int(rows)) for rows in rng.integers(1, 150, batches)]
    waiting = [client.async_infer("tiny", [tensor("x", x)]) for x in xs]
    return all(close(each.get_result(), answer(x)) for each, x in zip(waiting, xs))


def remade():
    """make.py, run again, writes what is committed."""
    committed = {p.relative_to(GOLDEN): p.read_bytes() for p in GOLDEN.rglob("*") if p.is_file()}
    with tempfile.TemporaryDirectory() as folder:
        make.main(Path(folder))
        fresh = {p.relative_to(folder): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}
    expected = Path("tiny.expected.json")
    return committed.keys() == fresh.keys() and all(
        same_numbers(json.loads(committed[path]), json.loads(fresh[path]))
        if path == expected
        else committed[path] == fresh[path]
        for path in committed
    )


def same_numbers(a, b):
    """Another machine's mathematics library may round the last bit the other way."""
    return a.keys() == b.keys() and all(np.allclose(a[k], b[k], rtol=1e-12, atol=0) for k in a)


def planted_fault_is_caught(rng):
    """A bundle in which one weight of one member is 1e-3 off, with sums that fit."""
    with tempfile.TemporaryDirectory() as folder:
        make.main(Path(folder), fault=1e-3)
        with server(tiny=Path(folder) / "tiny") as address:
            client = triton.InferenceServerClient(address)
            x = random_rows(rng, 5)
            difference = apart(infer(client, x), answer(x))
            client.close()
    return TOLERANCE < difference < 1e-2


def main(tier):
    rng = np.random.default_rng(7)
    checks = [health, metadata, every_form, order_and_id, compression, dtypes, datatypes_are_tritons]
    checks += [errors, raw_request]
    results = {"remade": remade(), "planted fault": planted_fault_is_caught(rng)}
    with server(tiny=GOLDEN / "tiny", identity=GOLDEN / "identity") as address:
        client = triton.InferenceServerClient(address, concurrency=8)
        for check in checks:
            results[check.__name__] = check(client, rng)
        results["concurrent"] = concurrent(client, rng, BATCHES[tier])
        client.close()
    for name, passed in results.items():
        print(f"{'ok' if passed else 'FAILED'} {name}")
    failed = sum(not passed for passed in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
