"""A backend `onnxruntime` for a Triton that has only the Python backend: it runs `model.onnx` as the configuration declares it."""

import json
import os
import sys

import numpy as np
import triton_python_backend_utils as pb

# Triton imports this file as a part of a package called onnxruntime, which hides the library of that name.
sys.modules.pop("onnxruntime", None)
paths = list(sys.path)
sys.path[:] = [path for path in paths if not os.path.exists(os.path.join(path, "onnxruntime", "model.py"))]
import onnxruntime  # noqa: E402

sys.path[:] = paths

TYPES = {"TYPE_FP32": np.float32, "TYPE_FP16": np.float16, "TYPE_INT32": np.int32, "TYPE_INT64": np.int64, "TYPE_UINT8": np.uint8, "TYPE_BOOL": np.bool_}


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        return config

    def initialize(self, args):
        config = json.loads(args["model_config"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(config["parameters"]["intra_op_thread_count"]["string_value"])
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        # With weights outside, a folder lies in the model's place.
        file = os.path.join(path, "model.onnx") if os.path.isdir(path) else path
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.inputs = [each["name"] for each in config["input"]]
        self.outputs = {each["name"]: TYPES[each["data_type"]] for each in config["output"]}
        self.rows = config["max_batch_size"]

    def execute(self, requests):
        given = [{n: pb.get_input_tensor_by_name(request, n).as_numpy() for n in self.inputs} for request in requests]
        together = {name: np.concatenate([each[name] for each in given]) for name in self.inputs}
        sizes = [len(each[self.inputs[0]]) for each in given]
        if sum(sizes) > self.rows:
            raise pb.TritonModelException(f"{sum(sizes)} rows, allowed are {self.rows}")
        answers = self.session.run(list(self.outputs), together)
        parts = [np.split(answer.astype(kind, copy=False), np.cumsum(sizes)[:-1]) for answer, kind in zip(answers, self.outputs.values())]
        return [
            pb.InferenceResponse([pb.Tensor(name, part[k]) for name, part in zip(self.outputs, parts)]) for k in range(len(requests))
        ]
