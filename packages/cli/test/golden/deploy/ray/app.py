"""Serves the bundle beside this file with Ray Serve: `serve run app:app`.

POST /v2/models/tiny/infer takes and gives Open Inference v2 JSON. Rows of requests that arrive together run as one batch.
A request whose replica dies is asked again of another one.
"""

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


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0}, max_ongoing_requests=512)
class Front:
    def __init__(self, graph):
        self.graph = graph

    async def predict(self, given):
        return await ask(self.graph, given)

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
        return JSONResponse({"model_name": "tiny", "outputs": tensors})


app = Front.bind(Graph.bind("ensemble.onnx"))
