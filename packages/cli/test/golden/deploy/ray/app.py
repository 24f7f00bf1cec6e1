"""Serves the bundle beside this file with Ray Serve: `serve run app:app`.

POST /v2/models/tiny/infer takes and gives Open Inference v2 JSON; rows of requests that arrive together run as one batch.
"""

import json
import pathlib

import numpy as np
import onnxruntime
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse

BUNDLE = pathlib.Path(__file__).parent / "bundle"
MANIFEST = json.loads((BUNDLE / "ensemble.json").read_text())
DTYPES = {"FP32": np.float32, "FP16": np.float16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8, "BOOL": np.bool_}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 1}, max_ongoing_requests=256)
class Ensemble:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(BUNDLE / "ensemble.onnx", options, ["CPUExecutionProvider"])

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def predict(self, requests):
        names = [tensor["name"] for tensor in MANIFEST["inputs"]]
        outputs = [output.name for output in self.session.get_outputs()]
        together = self.session.run(outputs, {n: np.concatenate([r[n] for r in requests]) for n in names})
        ends = np.cumsum([len(r[names[0]]) for r in requests])[:-1]
        parts = [np.split(values, ends) for values in together]
        return [dict(zip(outputs, row)) for row in zip(*parts)]

    async def __call__(self, request: Request):
        try:
            body = await request.json()
            given = {t["name"]: np.array(t["data"], DTYPES[t["datatype"]]).reshape(t["shape"]) for t in body["inputs"]}
            for tensor in MANIFEST["inputs"]:
                shape = given[tensor["name"]].shape
                if len(shape) != len(tensor["shape"]) or any(isinstance(w, int) and w != s for w, s in zip(tensor["shape"], shape)):
                    raise ValueError(f"input {tensor['name']} has shape {list(shape)}, allowed is {tensor['shape']}")
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"not a request for this model: {error!r}"}, status_code=400)
        answer = await self.predict(given)
        tensors = [
            {"name": name, "shape": list(v.shape), "datatype": NAMES[v.dtype], "data": v.ravel().tolist()} for name, v in answer.items()
        ]
        return JSONResponse({"model_name": "tiny", "outputs": tensors})


app = Ensemble.bind()
