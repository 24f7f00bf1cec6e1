"""Asks a running server with the clients of Triton, gRPC's own tools and schemathesis, and compares with NumPy.
`python check.py quick|long`

quick: the whole protocol once, twenty random batches. long: two thousand random batches, from eight threads, ten times as many
cases of schemathesis, and perf_analyzer."""

import json
import queue
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import onnx
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from onnx import numpy_helper
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

import make
import make_cascade
import perf_analyzer

HERE = Path(__file__).parent
GOLDEN = make.GOLDEN
# float32 arithmetic against NumPy's float64.
TOLERANCE = 2e-6
BATCHES = {"quick": 20, "long": 2000}
FUZZED = {"quick": 15, "long": 150}


@contextmanager
def server(**bundles):
    """The built server on free ports; yields host:port of HTTP and of gRPC."""
    words = [f"{name}={folder}" for name, folder in bundles.items()]
    command = ["node", str(HERE / "serve.mjs"), *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline().split()
        if len(line) != 2:
            raise SystemExit("the server did not start. Build it first: npm run build")
        yield line[0].removeprefix("http://"), line[1]
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
        and {"binary_tensor_data", "statistics", "model_repository"} <= set(metadata["extensions"])
    )


def metadata(client, rng):
    model = client.get_model_metadata("identity", "1")
    named = {each["name"]: (each["datatype"], each["shape"]) for each in model["inputs"]}
    outputs = {each["name"] for each in model["outputs"]}
    return len(outputs) == 7 and "members_used" in outputs and named["int64_in"] == ("INT64", [-1, 2])


def every_form(client, rng):
    """JSON and binary, in and out, all outputs and some."""
    x = random_rows(rng, 5)
    names = ["probs.members", "probs", "probs.mutual_information"]
    return all(
        close(infer(client, x, binary_in=i, binary_out=o, names=n), answer(x))
        for i in (True, False)
        for o in (True, False)
        for n in ((), names)
    )


def order_and_id(client, rng):
    names = ["probs.expected_entropy", "probs"]
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
    inputs = [tensor(f"{k}_in", v) for k, v in arrays.items()]
    refused = refusal(lambda: client.infer("identity", inputs))
    if refused is None or refused[0] != "400":
        return False
    result = client.infer("identity", inputs, parameters={"allow_non_finite": True})
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
        ("400", 'no output "z"', lambda: infer(client, x, names=["z"])),
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
    """make.py and make_cascade.py, run again, write what is committed."""
    committed = {p.relative_to(GOLDEN): p.read_bytes() for p in GOLDEN.rglob("*") if p.is_file()}
    with tempfile.TemporaryDirectory() as folder:
        make.main(Path(folder))
        make_cascade.main(Path(folder))
        fresh = {p.relative_to(folder): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}
    expected = {Path("tiny.expected.json"), Path("cascade.expected.json")}
    return committed.keys() == fresh.keys() and all(
        same_numbers(json.loads(committed[path]), json.loads(fresh[path]))
        if path in expected
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
        with server(tiny=Path(folder) / "tiny") as (address, _):
            client = triton.InferenceServerClient(address)
            x = random_rows(rng, 5)
            difference = apart(infer(client, x), answer(x))
            client.close()
    return TOLERANCE < difference < 1e-2


def every_call(address, grpc_address):
    """Each call that the two clients of Triton offer, by what became of it: answered, refused as not there, or wrong."""
    rows = []
    for transport, module, at in (("http", triton, address), ("grpc", triton_grpc, grpc_address)):
        client = module.InferenceServerClient(at)
        for name, act, expected in calls(client, module):
            try:
                act()
                came = "answered"
            except InferenceServerException as error:
                came = f"refused {error.status()}"
            except Exception as error:  # noqa: BLE001
                came = f"wrong: {error!r}"
            rows.append((transport, name, came, came.split()[0] == expected))
        client.close()
    print("\n| transport | call | came |\n|---|---|---|")
    for transport, name, came, fits in rows:
        print(f"| {transport} | {name} | {came}{'' if fits else ' (UNEXPECTED)'} |")
    print()
    return all(fits for *_, fits in rows)


def calls(client, module):
    """Name, call and what must come of it."""
    key = {"headers": {"authorization": "Bearer conformance"}}
    x = np.ones((2, make.FEATURES), np.float32)
    given = module.InferInput("x", list(x.shape), "FP32")
    given.set_data_from_numpy(x)
    top = module.InferRequestedOutput("probs", class_count=2)
    return [
        ("is_server_live", lambda: must(client.is_server_live()), "answered"),
        ("is_server_ready", lambda: must(client.is_server_ready()), "answered"),
        ("is_model_ready", lambda: must(client.is_model_ready("tiny", "1")), "answered"),
        ("get_server_metadata", lambda: client.get_server_metadata(), "answered"),
        ("get_model_metadata", lambda: client.get_model_metadata("tiny"), "answered"),
        ("get_model_config", lambda: client.get_model_config("tiny"), "answered"),
        ("get_inference_statistics", lambda: client.get_inference_statistics(), "answered"),
        ("get_inference_statistics(model)", lambda: client.get_inference_statistics("tiny", "1"), "answered"),
        ("get_model_repository_index", lambda: client.get_model_repository_index(), "answered"),
        ("load_model without the key", lambda: client.load_model("identity"), "refused"),
        ("load_model", lambda: client.load_model("identity", **key), "answered"),
        ("load_model(config=…)", lambda: client.load_model("identity", config="{}", **key), "refused"),
        ("unload_model", lambda: client.unload_model("identity", **key), "answered"),
        ("load_model again", lambda: client.load_model("identity", **key), "answered"),
        ("infer", lambda: client.infer("tiny", [given]), "answered"),
        ("infer(class_count)", lambda: must(classified(client, given, top)), "answered"),
        ("infer(priority, timeout)", lambda: must(ignored(client, given, module)), "answered"),
        ("infer(sequence_id)", lambda: client.infer("tiny", [given], sequence_id=7), "refused"),
        ("infer(misspelt knob)", lambda: client.infer("tiny", [given], parameters={"max_member": 1}), "refused"),
        ("get_trace_settings", lambda: client.get_trace_settings(), "refused"),
        ("get_log_settings", lambda: client.get_log_settings(), "refused"),
        ("get_system_shared_memory_status", lambda: client.get_system_shared_memory_status(), "refused"),
        ("register_system_shared_memory", lambda: client.register_system_shared_memory("a", "/a", 8), "refused"),
        ("unregister_system_shared_memory", lambda: client.unregister_system_shared_memory(), "refused"),
        ("get_cuda_shared_memory_status", lambda: client.get_cuda_shared_memory_status(), "refused"),
    ]


def must(truth):
    if not truth:
        raise AssertionError("another answer was expected")


def classified(client, given, top):
    labels = client.infer("tiny", [given], outputs=[top]).as_numpy("probs")
    return labels.shape == (2, 2) and labels[0, 0].decode().split(":")[2] in ("ant", "bee", "cat")


def ignored(client, given, module):
    response = client.infer("tiny", [given], priority=1, timeout=10_000_000).get_response()
    if module is triton:
        return response["parameters"]["ignored"] == "priority"
    return response.parameters["ignored"].string_param == "priority"


def grpc_infer(address, rng):
    """Raw contents, typed contents, an asynchronous call, a stream with an error in it, a call that is cancelled."""
    client = triton_grpc.InferenceServerClient(address)
    x = random_rows(rng, 5)
    given = triton_grpc.InferInput("x", list(x.shape), "FP32")
    given.set_data_from_numpy(x)
    raw = close_grpc(client.infer("tiny", [given]), answer(x))
    request = service_pb2.ModelInferRequest(model_name="tiny")
    typed = request.inputs.add(name="x", datatype="FP32", shape=list(x.shape))
    typed.contents.fp32_contents.extend(x.flatten().tolist())
    result = triton_grpc.InferResult(client._client_stub.ModelInfer(request))
    got = queue.Queue()
    client.start_stream(lambda result, error: got.put((result, error)))
    for model in ("tiny", "nope", "tiny"):
        client.async_stream_infer(model, [given])
    streamed = [got.get(timeout=30) for _ in range(3)]
    client.stop_stream()
    orders = [error is None for _, error in streamed] == [True, False, True]
    call = client.async_infer("tiny", [given], callback=lambda *_: None)
    call.cancel()
    client.close()
    return raw and close_grpc(result, answer(x)) and orders and close_grpc(streamed[2][0], answer(x))


def close_grpc(result, expected):
    names = [output.name for output in result.get_response().outputs]
    return max(np.abs(result.as_numpy(name) - expected[name]).max() for name in names) < TOLERANCE


def reflection(address):
    """The services and their methods, found without any .proto, and health as Kubernetes asks."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        names = set(database.get_services())
        pool = DescriptorPool(database)
        service = pool.FindServiceByName("inference.GRPCInferenceService")
        methods = {method.name for method in service.methods}
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="tiny"))
    return (
        {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= names
        and {"ModelInfer", "ModelStreamInfer", "RepositoryIndex"} <= methods
        and service.methods_by_name["ModelInfer"].input_type.fields_by_name["raw_input_contents"].number == 7
        and health.status == health_pb2.HealthCheckResponse.SERVING
    )


def fuzzed(address, tier):
    """Requests that schemathesis makes of openapi.json: no answer that it does not describe, none with 500."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"http://{address}/openapi.json",
        "--max-examples", str(FUZZED[tier]), "--seed", "7", "--no-color",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--exclude-path-regex", "(load|unload)$",
        "--suppress-health-check", "all",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tempfile.gettempdir())
    print("\n".join(run.stdout.strip().splitlines()[-12:]))
    return run.returncode == 0


def main(tier):
    rng = np.random.default_rng(7)
    checks = [health, metadata, every_form, order_and_id, compression, dtypes, datatypes_are_tritons]
    checks += [errors, raw_request]
    results = {"remade": remade(), "planted fault": planted_fault_is_caught(rng)}
    with server(tiny=GOLDEN / "tiny", identity=GOLDEN / "identity") as (address, grpc_address):
        client = triton.InferenceServerClient(address, concurrency=8)
        for check in checks:
            results[check.__name__] = check(client, rng)
        results["concurrent"] = concurrent(client, rng, BATCHES[tier])
        client.close()
        results["grpc infer"] = grpc_infer(grpc_address, rng)
        results["reflection and health"] = reflection(grpc_address)
        results["every call"] = every_call(address, grpc_address)
        results["fuzzed"] = fuzzed(address, tier)
        if tier == "long":
            for transport, at in (("http", address), ("grpc", grpc_address)):
                results[f"perf_analyzer {transport}"] = perf_analyzer.measures(at, transport)
                results[f"perf_analyzer {transport} without shared memory"] = (
                    perf_analyzer.is_refused_shared_memory(at, transport)
                )
    for name, passed in results.items():
        print(f"{'ok' if passed else 'FAILED'} {name}")
    failed = sum(not passed for passed in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "quick"))
