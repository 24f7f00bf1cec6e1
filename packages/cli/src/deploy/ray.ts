import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { UsageError } from '../run-main.ts';
import { checkCombinable } from './combinable.ts';
import { combinePython } from './combine-python.ts';
import { bundleFiles, type Deployment, type Files } from './deployment.ts';
import { checkModelName } from './names.ts';

export interface RayOptions {
  /** Of each graph: the whole ensemble's, or each member's where the bundle keeps them apart. */
  readonly replicas: number;
  readonly maxBatchSize: number;
}

/**
 * A Ray Serve application in Python that reads the bundle and batches rows, and what it needs installed. A bundle whose members are apart
 * is sharded: each member has replicas of its own. Throws `UsageError`.
 */
export function rayApplication(deployment: Deployment, options: RayOptions): Files {
  const name = checkModelName(deployment.name);
  const { manifest } = deployment.bundle;
  return {
    'app.py': program(name, manifest, options),
    'requirements.txt': 'ray[serve]==2.60.0\nonnxruntime==1.30.0\nnumpy>=1.26,<3\n',
    ...bundleFiles(deployment, 'bundle'),
  };
}

function program(name: string, manifest: BundleManifest, options: RayOptions): string {
  const isSharded = manifest.form === 'separate';
  if (isSharded) checkCombinable('ray', manifest);
  else if (manifest.graph === undefined)
    throw new UsageError(
      `deploy ray: the bundle's form is "${manifest.form}", which this application cannot run. Export it with --form fused, stacked or separate.`,
    );
  const { replicas, maxBatchSize } = options;
  return `"""Serves the bundle beside this file with Ray Serve: \`serve run app:app\`.

POST /v2/models/${name}/infer takes and gives Open Inference v2 JSON. Rows of requests that arrive together run as one batch.
A request whose replica dies is asked again of another one.
"""

${isSharded ? 'import asyncio\n' : ''}import json
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
    num_replicas=${replicas}, ray_actor_options={"num_cpus": 1}, max_ongoing_requests=${2 * maxBatchSize}, max_queued_requests=${8 * maxBatchSize}
)
class Graph:
    def __init__(self, file):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(BUNDLE / file, options, ["CPUExecutionProvider"])

    @serve.batch(max_batch_size=${maxBatchSize}, batch_wait_timeout_s=0.002)
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


${isSharded ? `${combinePython}\n\n\n` : ''}@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0}, max_ongoing_requests=${8 * maxBatchSize})
class Front:
    def __init__(self, ${isSharded ? '*members' : 'graph'}):
        self.${isSharded ? 'members = members' : 'graph = graph'}

    async def predict(self, given):
${isSharded ? shardedPredict : '        return await ask(self.graph, given)\n'}
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
        return JSONResponse({"model_name": "${name}", "outputs": tensors})


${binding(name, manifest)}`;
}

const shardedPredict = `        answers = await asyncio.gather(*(ask(member, given) for member in self.members))
        found = {}
        for output, policy in MANIFEST["policy"].items():
            raw = np.stack([answers[member][output] for member in policy["members"]]).astype(np.float64)
            found[output] = statistics(policy, raw)
        return {o["name"]: found[o["of"]][o["role"]].astype(np.float32) for o in MANIFEST["outputs"]}
`;

function binding(name: string, { graph, members }: BundleManifest): string {
  if (graph !== undefined) return `app = Front.bind(Graph.bind("${graph}"))\n`;
  const shards = members.map(
    ({ file }, index) => `    Graph.options(name="${name}-member-${index}").bind("${file!}"),\n`,
  );
  return `app = Front.bind(\n${shards.join('')})\n`;
}
