import { combinePython } from './combine-python.ts';

/** `model.py` of the step that asks the members and combines them by the policy, as `ensemble-math` does. */
export function tritonCombineProgram(): string {
  return `"""Asks every member for its outputs and combines them by the policy in ensemble.json beside this file."""

import asyncio
import json
import pathlib

import numpy as np
import triton_python_backend_utils as pb


${combinePython}


class TritonPythonModel:
    def initialize(self, args):
        self.recipe = json.loads((pathlib.Path(__file__).parent / "ensemble.json").read_text())

    async def execute(self, requests):
        return await asyncio.gather(*(self.answer(request) for request in requests))

    async def answer(self, request):
        recipe = self.recipe
        inputs = [pb.get_input_tensor_by_name(request, name) for name in recipe["inputs"]]
        asked = [
            pb.InferenceRequest(model_name=member, inputs=inputs, requested_output_names=list(recipe["policy"]))
            for member in recipe["members"]
        ]
        answers = await asyncio.gather(*(member.async_exec() for member in asked))
        for answer in answers:
            if answer.has_error():
                return pb.InferenceResponse(error=answer.error())
        found = {}
        for output, policy in recipe["policy"].items():
            chosen = [answers[member] for member in policy["members"]]
            raw = np.stack([pb.get_output_tensor_by_name(a, output).as_numpy() for a in chosen]).astype(np.float64)
            found[output] = statistics(policy, raw)
        tensors = [
            pb.Tensor(o["name"], np.ascontiguousarray(found[o["of"]][o["role"]], dtype=np.float32))
            for o in recipe["outputs"]
        ]
        return pb.InferenceResponse(output_tensors=tensors)
`;
}
