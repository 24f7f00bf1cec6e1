"""The five models in Keras with the weights of tfjs, exported by tf2onnx: `python keras_side.py FOLDER`

Reads NAME.json of models.mjs, writes NAME-tf2onnx.onnx, for images NAME-tf2onnx-nchw.onnx, and NAME-keras.json (Keras's own answers).
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx


def without_cell(name):
    """Keras names the cell of a recurrent layer, tfjs does not."""
    parts = name.split(":")[0].split("/")
    return "/".join(part for part in parts if not part.endswith("_cell"))


def build(case):
    model = tf.keras.models.model_from_json(json.dumps(case["topology"]))
    arrays = {
        w["name"]: np.array(w["data"], dtype=np.float32).reshape(w["shape"]) for w in case["weights"]
    }
    for weight in model.weights:
        weight.assign(arrays[without_cell(weight.name)])
    return model


def main(folder):
    for path in sorted(folder.glob("*.json")):
        if "-" in path.stem:
            continue
        case = json.loads(path.read_text())
        model = build(case)
        shape = case["inputs"]["shape"]
        x = np.array(case["inputs"]["data"], dtype=np.float32).reshape(shape)
        y = model(x).numpy()
        answer = {"shape": list(y.shape), "data": y.ravel().tolist()}
        (folder / f"{path.stem}-keras.json").write_text(json.dumps(answer))
        signature = [tf.TensorSpec([None, *shape[1:]], tf.float32, name="x")]
        layouts = {"": {}} if len(shape) != 4 else {"": {}, "-nchw": {"inputs_as_nchw": ["x"]}}
        for suffix, options in layouts.items():
            made, _ = tf2onnx.convert.from_keras(model, signature, opset=17, **options)
            onnx.save(made, folder / f"{path.stem}-tf2onnx{suffix}.onnx")
    print(f"tf2onnx {tf2onnx.__version__}, TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
