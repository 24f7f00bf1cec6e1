"""Judges what `snapshot-ensemble deploy` writes. `python check.py quick|long`

- Triton: every config.pbtxt is parsed by Triton's own protobuf; data types, dimensions and files agree with the ONNX models beside it;
  the step for members answers what the members' mean is, on onnxruntime.
- KServe: every key of an InferenceService is one that its own client has; in the long tier, every document is valid against the schemas
  of KServe's custom resources, strictly (they come with its Go module: Go is needed).
- Kubernetes: every manifest, that of the sweep example included, is valid against the schemas of kubernetes-validate, strictly.
- Ray and Triton's Python: the programs compile.
- Planted faults: an unknown field, a wrong dimension, a misspelt key of a Deployment and a wrong weight are all found.
"""

import functools
import importlib
import importlib.util
import json
import py_compile
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import jsonschema
import kubernetes_validate
import numpy as np
import onnxruntime
import yaml
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from judge import ROOT, caught, deploy, judged, summary  # noqa: E402 -- beside the groups

GOLDEN = HERE.parent / "serving" / "golden"
IMAGE = ["--image", "registry.example.com/team/tiny:1.0"]
TYPES = {"tensor(float)": "TYPE_FP32", "tensor(bool)": "TYPE_BOOL", "tensor(int64)": "TYPE_INT64", "tensor(int32)": "TYPE_INT32"}
KSERVE = "v0.15.2"
LONG = sys.argv[1:] == ["long"]


def deployed(folder, name, target, bundle, *flags):
    """Folder that the command wrote."""
    out = folder / name
    deploy(out, target, bundle, *flags)
    return out


def parsed(text):
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def agrees(config, model):
    """Inputs and outputs of the configuration are those of the ONNX model, the batch in front."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for side, declared in (("input", config.input), ("output", config.output)):
        real = {tensor.name: tensor for tensor in (session.get_inputs() if side == "input" else session.get_outputs())}
        for tensor in declared:
            found = real[tensor.name]
            assert model_config_pb2.DataType.Name(tensor.data_type) == TYPES[found.type], (tensor.name, found.type)
            shape = [size if isinstance(size, int) else -1 for size in found.shape[1:]]
            dims = [] if tensor.HasField("reshape") else list(tensor.dims)
            assert dims == shape, (tensor.name, dims, shape)


def triton(folder):
    for name, flags in (("cpu", []), ("gpu", ["--device", "gpu", "--instances", "2"])):
        out = deployed(folder, f"triton-{name}", "triton", GOLDEN / "tiny", *flags)
        text = next(out.glob("*/config.pbtxt")).read_text()
        judged(f"triton {name}: the protobuf takes the configuration", parsed, text)
        judged(f"triton {name}: it agrees with the model", agrees, parsed(text), next(out.glob("*/1/model.onnx")))
    caught("an unknown field", parsed, text + "\nmax_inflight: 3\n")
    caught("a wrong dimension", agrees, parsed(text.replace("dims: ", "dims: 1", 1)), next(out.glob("*/1/model.onnx")))


def members_bundle(folder):
    """`separate`, without the outputs that only a graph gives."""
    bundle = folder / "members"
    subprocess.run(["cp", "-r", GOLDEN / "separate", bundle], check=True)
    manifest = json.loads((bundle / "ensemble.json").read_text())
    refused = ("conformal_set", "interval", "abstain", "energy")
    manifest["outputs"] = [output for output in manifest["outputs"] if output["role"] not in refused]
    for policy in manifest["policy"].values():
        policy.pop("conformal", None)
        policy.pop("abstain", None)
    (bundle / "ensemble.json").write_text(json.dumps(manifest))
    return bundle, manifest


def loaded(path):
    """The step as Triton's backend would import it; of the backend only the module's name is needed."""
    sys.modules.setdefault("triton_python_backend_utils", types.ModuleType("triton_python_backend_utils"))
    spec = importlib.util.spec_from_file_location("step", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def combines(step, policy, raw):
    """The weighted mean of the members, calibrated, and the entropies of that mean, written another way."""
    found = step.statistics(policy, raw)
    weights = np.array(policy["weights"])
    members = raw if policy["kind"] != "logits" else np.exp(raw) / np.exp(raw).sum(-1, keepdims=True)
    mean = np.einsum("m,m...->...", weights, members)
    powered = mean ** (1 / policy["temperature"])
    np.testing.assert_allclose(found["prediction"], powered / powered.sum(-1, keepdims=True), atol=1e-9)
    np.testing.assert_allclose(found["predictive_entropy"][..., 0], -(mean * np.log(mean)).sum(-1), atol=1e-9)


def members(folder):
    bundle, manifest = members_bundle(folder)
    out = deployed(folder, "triton-members", "triton", bundle)
    for config in sorted(out.glob("*/config.pbtxt")):
        judged(f"triton members: the protobuf takes {config.parent.name}", parsed, config.read_text())
        model = config.parent / "1" / "model.onnx"
        if model.exists():
            judged(f"triton members: {config.parent.name} agrees with its model", agrees, parsed(config.read_text()), model)
    step = loaded(next(out.glob("*/1/model.py")))
    generator = np.random.default_rng(1)
    for kind in ("probabilities", "logits"):
        raw = generator.normal(size=(3, 50, 4))
        raw = raw if kind == "logits" else np.exp(raw) / np.exp(raw).sum(-1, keepdims=True)
        policy = {"kind": kind, "combine": "meanProbabilities", "weights": [0.5, 0.3, 0.2], "temperature": 1.7}
        judged(f"triton members: the step combines {kind}", combines, step, policy, raw)
    broken = {"statistics": lambda policy, raw: step.statistics({**policy, "weights": [0.2, 0.3, 0.5]}, raw)}
    caught("weights in another order", combines, types.SimpleNamespace(**broken), policy, raw)


def valid(document):
    kubernetes_validate.validate(document, "1.31", strict=True)


def kubernetes(folder):
    for name, flags in (("cpu", []), ("gpu", ["--device", "gpu"]), ("queue", ["--scale-on", "queue"])):
        out = deployed(folder, f"kubernetes-{name}", "kubernetes", GOLDEN / "tiny", *IMAGE, *flags)
        listed = yaml.safe_load((out / "kustomization.yaml").read_text())["resources"]
        for file in listed:
            judged(f"kubernetes {name}: {file}", valid, yaml.safe_load((out / file).read_text()))
    document = yaml.safe_load((out / "deployment.yaml").read_text())
    document["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    caught("a misspelt key", valid, document)


def sweep(_):
    """The indexed job of the sweep example."""
    document = yaml.safe_load((ROOT / "examples" / "sweep" / "job.yaml").read_text())
    judged("sweep: the indexed job", valid, document)
    document["spec"]["completionsMode"] = document["spec"].pop("completionMode")
    caught("a misspelt key of a job", valid, document)


def programs(folder):
    ray = deployed(folder, "ray", "ray", GOLDEN / "tiny")
    judged("ray: the program compiles", lambda: py_compile.compile(str(ray / "app.py"), doraise=True))
    step = folder / "triton-members"
    judged("triton members: the step compiles", lambda: py_compile.compile(str(next(step.glob("*/1/model.py"))), doraise=True))


def kserve_keys(document, kind):
    """Every key is one that KServe's own client knows, level by level."""
    models = kserve_models()
    openapi, keys = getattr(models, kind).openapi_types, getattr(models, kind).attribute_map
    by_key = {key: openapi[attribute] for attribute, key in keys.items()}
    for key, value in document.items():
        assert key in by_key, f"{kind} has no {key}"
        if isinstance(value, dict) and hasattr(models, by_key[key]):
            kserve_keys(value, by_key[key])


@functools.cache
def kserve_models():
    """The generated models alone: the package itself imports a server."""
    stub = types.ModuleType("kserve")
    stub.__path__ = list(importlib.util.find_spec("kserve").submodule_search_locations)
    sys.modules["kserve"] = stub
    return importlib.import_module("kserve.models")


@functools.cache
def kserve_schemas():
    """Schemas by kind, out of the module that KServe publishes; nothing of it is committed here."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["go", "mod", "download", "-json", f"github.com/kserve/kserve@{KSERVE}"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    folder = Path(json.loads(done.stdout)["Dir"]) / "config" / "crd" / "full"
    schemas = {}
    for kind in ("inferenceservices", "servingruntimes"):
        definition = yaml.load((folder / f"serving.kserve.io_{kind}.yaml").read_text(), yaml.CSafeLoader)["spec"]
        schema = definition["versions"][0]["schema"]["openAPIV3Schema"]
        schemas[definition["names"]["kind"]] = strict(schema)
    return schemas


def strict(schema):
    """Unknown keys are faults; what Kubernetes writes in words of its own is put into those of JSON Schema."""
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items() if key not in ("properties", "format")}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"], **{k: v for k, v in found.items() if k == "pattern"}}
    if "properties" in schema:
        found["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            found.setdefault("additionalProperties", False)
    return found


def kserve_valid(document):
    schema = kserve_schemas()[document["kind"]]
    # The API server knows the metadata, and leaves the status to the controller.
    jsonschema.validate({key: value for key, value in document.items() if key != "metadata"}, schema)


def scales(document):
    """What KServe's admission webhook asks of its ways to scale, v0.15: inference_service_validation.go."""
    annotations = document["metadata"]["annotations"]
    predictor = document["spec"]["predictor"]
    mode, scaler = annotations["serving.kserve.io/deploymentMode"], annotations.get("serving.kserve.io/autoscalerClass")
    if mode == "Serverless":
        assert predictor["scaleMetric"] in ("concurrency", "rps"), predictor["scaleMetric"]
        containers = predictor.get("containers", [])
        assert all(len(container["ports"]) == 1 for container in containers), "Knative takes one port"
    elif scaler == "hpa":
        assert predictor["scaleMetric"] in ("cpu", "memory") and 1 <= predictor["scaleTarget"] <= 100, predictor
    else:
        assert scaler == "keda", scaler
        [metric] = predictor["autoScaling"]["metrics"]
        assert metric["type"] == "External" and float(metric["external"]["target"]["value"]) > 0, metric


def kserve(folder):
    storage = ["--storage-uri", "s3://models/repository"]
    own = ["--runtime", "own", *IMAGE]
    queue = ["--scale-on", "queue", "--prometheus", "http://prometheus.monitoring:9090"]
    # The two revisions of a canary are the same but for the image.
    canary = ["--runtime", "own", "--image", "registry.example.com/team/tiny:1.1", "--canary", "10"]
    for name, flags in {
        "triton": storage,
        "triton, by what waits": [*storage, *queue],
        "triton, canary": [*storage, "--canary", "10"],
        "triton on a GPU": [*storage, "--device", "gpu"],
        "own": own,
        "own, by what waits": [*own, *queue],
        "own, canary: first revision": [*own, "--canary", "100"],
        "own, canary: second revision": canary,
        "own, bundle from a store": [*own, *storage],
        "own, bundle from a store, by what waits": [*own, *storage, *queue],
    }.items():
        out = deployed(folder, f"kserve-{name}", "kserve", GOLDEN / "tiny", *flags)
        document = yaml.safe_load((out / "inference-service.yaml").read_text())
        judged(f"kserve {name}: its client knows every key", kserve_keys, document, "V1beta1InferenceService")
        judged(f"kserve {name}: it scales as the webhook wants", scales, document)
        if not LONG:
            continue
        judged(f"kserve {name}: valid against the schema", kserve_valid, document)
        runtime = out / "serving-runtime.yaml"
        if runtime.exists():
            judged(f"kserve {name}: its runtime is valid against the schema", kserve_valid, yaml.safe_load(runtime.read_text()))
    caught("a key that its client lacks", kserve_keys, {**document, "canary": 1}, "V1beta1InferenceService")
    faults = {"a key that KServe lacks": ["canary", 1], "a metric that it cannot scale by": ["scaleMetric", "queue"]}
    for name, [key, value] in faults.items() if LONG else []:
        broken = json.loads(json.dumps(document))
        broken["spec"]["predictor"][key] = value
        caught(name, kserve_valid, broken)


with tempfile.TemporaryDirectory() as folder:
    for judge in (triton, members, kubernetes, sweep, kserve, programs):
        judge(Path(folder))
sys.exit(summary())
