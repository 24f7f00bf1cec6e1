import { UsageError } from '../run-main.ts';
import { bundleFiles, type Deployment, type Files } from './deployment.ts';
import { checkModelName } from './names.ts';

export interface RayOptions {
  readonly replicas: number;
  readonly maxBatchSize: number;
}

/** A Ray Serve application in Python that reads the bundle and batches rows, and what it needs installed. Throws `UsageError`. */
export function rayApplication(deployment: Deployment, options: RayOptions): Files {
  const name = checkModelName(deployment.name);
  const { graph, form } = deployment.bundle.manifest;
  if (graph === undefined)
    throw new UsageError(
      `deploy ray: the bundle's form is "${form}"; this application runs one graph. Export it with --form fused or stacked.`,
    );
  return {
    'app.py': program(name, graph, options),
    'requirements.txt': 'ray[serve]==2.60.0\nonnxruntime==1.30.0\nnumpy>=2,<3\n',
    ...bundleFiles(deployment, 'bundle'),
  };
}

function program(name: string, graph: string, { replicas, maxBatchSize }: RayOptions): string {
  return `"""Serves the bundle beside this file with Ray Serve: \`serve run app:app\`.

POST /v2/models/${name}/infer takes and gives Open Inference v2 JSON; rows of requests that arrive together run as one batch.
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


@serve.deployment(num_replicas=${replicas}, ray_actor_options={"num_cpus": 1}, max_ongoing_requests=${4 * maxBatchSize})
class Ensemble:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(BUNDLE / "${graph}", options, ["CPUExecutionProvider"])

    @serve.batch(max_batch_size=${maxBatchSize}, batch_wait_timeout_s=0.002)
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
        return JSONResponse({"model_name": "${name}", "outputs": tensors})


app = Ensemble.bind()
`;
}
