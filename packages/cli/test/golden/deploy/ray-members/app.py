"""Serves the bundle beside this file with Ray Serve: `serve run app:app`.

POST /v2/models/shards/infer takes and gives Open Inference v2 JSON. Rows of requests that arrive together run as one batch.
A request whose replica dies is asked again of another one.
"""

import asyncio
import json
import pathlib

import numpy as np
import onnxruntime
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError
from starlette.requests import Request
from starlette.responses import JSONResponse

BUNDLE = pathlib.Path(__file__).parent / "bundle"
MANIFEST = json.loads((BUNDLE / "ensemble.json").read_text())
NAMES = [tensor["name"] for tensor in MANIFEST["inputs"]]
TYPES = {"FP32": np.float32, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8, "BOOL": np.bool_}
DTYPES = {np.dtype(dtype): name for name, dtype in TYPES.items()}
TRIES = 5


@serve.deployment(
    num_replicas=2, ray_actor_options={"num_cpus": 1}, max_ongoing_requests=128, max_queued_requests=512
)
class Graph:
    def __init__(self, file):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(BUNDLE / file, options, ["CPUExecutionProvider"])

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def __call__(self, requests):
        outputs = [output.name for output in self.session.get_outputs()]
        together = self.session.run(outputs, {n: np.concatenate([r[n] for r in requests]) for n in NAMES})
        ends = np.cumsum([len(r[NAMES[0]]) for r in requests])[:-1]
        parts = [np.split(values, ends) for values in together]
        return [dict(zip(outputs, rows)) for rows in zip(*parts)]


def read(body):
    """Inputs by name; ValueError says what is wrong with them."""
    given = {t["name"]: np.array(t["data"], TYPES[t["datatype"]]).reshape(t["shape"]) for t in body["inputs"]}
    for tensor in MANIFEST["inputs"]:
        shape = given[tensor["name"]].shape
        if len(shape) != len(tensor["shape"]) or any(isinstance(w, int) and w != s for w, s in zip(tensor["shape"], shape)):
            raise ValueError(f"input {tensor['name']} has shape {list(shape)}, allowed is {tensor['shape']}")
    return given


async def ask(graph, given):
    """What one of the graph's replicas answers; one that dies meanwhile has lost nothing but time."""
    for tries_left in reversed(range(TRIES)):
        try:
            return await graph.remote(given)
        except RayActorError:
            if tries_left == 0:
                raise


def softmax(values):
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log(values):
    return np.log(np.maximum(values, 1e-38))


def odds(p):
    return log(p) - log(1 - p)


def entropy(kind, p):
    """[..., 1]; of several labels their mean."""
    if kind in ("binary", "multi-label"):
        return -(p * log(p) + (1 - p) * log(1 - p)).mean(axis=-1, keepdims=True)
    return -(p * log(p)).sum(axis=-1, keepdims=True)


def combine(policy, raw):
    """Members' raw outputs [members, rows, ..., values] -> prediction, the same before the temperature, and the members as probabilities."""
    kind, rule = policy["kind"], policy["combine"]
    weights = np.array(policy["weights"]).reshape(-1, *[1] * (raw.ndim - 1))
    if kind == "regression":
        mean = (weights * raw).sum(axis=0)
        return mean, mean, raw
    members = softmax(raw) if kind == "logits" else raw
    independent = kind in ("binary", "multi-label")
    if rule == "meanProbabilities":
        pooled = (weights * members).sum(axis=0)
    elif independent:
        pooled = 1 / (1 + np.exp(-(weights * odds(members)).sum(axis=0)))
    else:
        logits = raw if kind == "logits" and rule == "meanLogits" else log(members)
        pooled = softmax((weights * logits).sum(axis=0))
    t = policy["temperature"]
    if t == 1:
        return pooled, pooled, members
    return (1 / (1 + np.exp(-odds(pooled) / t)) if independent else softmax(log(pooled) / t)), pooled, members


def whole(policy, raw):
    """Everything that can be asked about one prediction, by role, from these members."""
    prediction, pooled, members = combine(policy, raw)
    found = {"prediction": prediction, "members": np.moveaxis(members, 0, 1)}
    weights = np.array(policy["weights"]).reshape(-1, *[1] * (raw.ndim - 1))
    mean = (weights * members).sum(axis=0)
    if policy["kind"] == "regression":
        found["variance"] = (weights * (members - mean) ** 2).sum(axis=0)
        return found
    both = np.maximum(pooled, 1 - pooled) if policy["kind"] == "binary" else pooled
    found["confidence"] = both.max(axis=-1, keepdims=True)
    found["predictive_entropy"] = entropy(policy["kind"], mean)
    found["expected_entropy"] = (weights * entropy(policy["kind"], members)).sum(axis=0)
    found["mutual_information"] = np.maximum(found["predictive_entropy"] - found["expected_entropy"], 0)
    return found


def statistics(policy, raw):
    """As `whole`; with a cascade each row is that of the stage at which it would have stopped."""
    found = whole(policy, raw)
    if "cascade" not in policy:
        return found
    order, thresholds = policy["cascade"]["order"], policy["cascade"]["thresholds"]
    waiting = np.ones(found["prediction"].shape[:-1], bool)
    for stage, threshold in enumerate(thresholds):
        running = order[: stage + 1]
        weights = np.array(policy["weights"])[running]
        weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(running), 1 / len(running))
        part = whole({**policy, "weights": weights}, raw[running])
        leaving = waiting & (part["confidence"][..., 0] >= threshold)
        for role in part:
            if role != "members":
                found[role][leaving] = part[role][leaving]
        waiting &= ~leaving
    return found


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0}, max_ongoing_requests=512)
class Front:
    def __init__(self, *members):
        self.members = members

    async def predict(self, given):
        answers = await asyncio.gather(*(ask(member, given) for member in self.members))
        found = {}
        for output, policy in MANIFEST["policy"].items():
            raw = np.stack([answers[member][output] for member in policy["members"]]).astype(np.float64)
            found[output] = statistics(policy, raw)
        return {o["name"]: found[o["of"]][o["role"]].astype(np.float32) for o in MANIFEST["outputs"]}

    async def __call__(self, request: Request):
        try:
            given = read(await request.json())
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"not a request for this model: {error!r}"}, status_code=400)
        try:
            answer = await self.predict(given)
        except BackPressureError:
            return JSONResponse({"error": "too many requests wait already"}, status_code=503, headers={"Retry-After": "1"})
        tensors = [
            {"name": name, "shape": list(v.shape), "datatype": DTYPES[v.dtype], "data": v.ravel().tolist()} for name, v in answer.items()
        ]
        return JSONResponse({"model_name": "shards", "outputs": tensors})


app = Front.bind(
    Graph.options(name="shards-member-0").bind("members/000.onnx"),
    Graph.options(name="shards-member-1").bind("members/001.onnx"),
    Graph.options(name="shards-member-2").bind("members/002.onnx"),
)
