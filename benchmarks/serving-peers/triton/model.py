"""The bundle's graph in Triton's Python backend, on one onnxruntime thread."""

import os

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = os.path.join(args["model_repository"], args["model_version"], "ensemble.onnx")
        self.session = onnxruntime.InferenceSession(path, options)
        self.input = self.session.get_inputs()[0].name
        self.outputs = [each.name for each in self.session.get_outputs() if not each.name.endswith("members")]

    def execute(self, requests):
        # Requests that wait share a run, as in our server.
        given = [pb.get_input_tensor_by_name(request, self.input).as_numpy() for request in requests]
        answers = self.session.run(self.outputs, {self.input: np.concatenate(given)})
        ends = np.cumsum([len(rows) for rows in given])[:-1]
        parts = [np.split(answer, ends) for answer in answers]
        return [
            pb.InferenceResponse([pb.Tensor(name, part[k]) for name, part in zip(self.outputs, parts)])
            for k in range(len(requests))
        ]
