"""The bundle's graph in MLServer, on one onnxruntime thread."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Ensemble(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        # All outputs but the members' own, as our server answers.
        self.wanted = [each.name for each in self.session.get_outputs() if not each.name.endswith("members")]
        return True

    async def predict(self, payload):
        feeds = {each.name: NumpyCodec.decode_input(each).astype(np.float32) for each in payload.inputs}
        answers = self.session.run(self.wanted, feeds)
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output(name, value) for name, value in zip(self.wanted, answers)],
        )
