"""Models as the Python converter of TensorFlow.js writes them, each with inputs and what Keras answers.

Run once; the files are committed in test/golden/python-converter:

    python3.11 -m venv venv
    venv/bin/pip install tensorflow-cpu==2.19.1 tf_keras==2.19.0 packaging six
    venv/bin/pip install --no-deps tensorflowjs==4.22.0 tensorflow-hub==0.16.1
    venv/bin/python scripts/make-python-models.py

The converter imports TensorFlow Decision Forests and JAX for other formats than this one; stand-ins keep them away.
"""

import json
import os
import sys
import tempfile
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras as keras3
import numpy as np
import tf_keras as keras2

for absent in ("tensorflow_decision_forests", "jax", "jax.experimental", "flax"):
    sys.modules[absent] = types.ModuleType(absent)
sys.modules["jax.experimental"].jax2tf = None

import tensorflowjs
from tensorflowjs.converters import converter

HERE = Path(__file__).resolve().parent.parent / "test/golden/python-converter"


def image_classifier(keras):
    layers = keras.layers
    image = keras.Input((8, 8, 2), name="image")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(max_value=6.0, name="relu")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(3, "softmax", name="classes")(x), name="classifier")


def sequence_tagger(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6,), name="ids"),
            layers.Embedding(9, 4, mask_zero=True, name="embedding"),
            layers.Bidirectional(
                layers.LSTM(3, return_sequences=True, name="lstm"), name="both_ways"
            ),
            layers.GRU(4, return_sequences=True, reset_after=False, name="gru"),
            layers.TimeDistributed(layers.Dense(2, "softmax", name="tag"), name="tags"),
        ],
        name="tagger",
    )


def far_from_initial(model, seed):
    random = np.random.default_rng(seed)
    weights = [random.uniform(0.2, 0.9, w.shape).astype("float32") for w in model.get_weights()]
    signs = [1 if w.ndim == 1 else random.choice([-1, 1], w.shape) for w in weights]
    model.set_weights([weight * sign for weight, sign in zip(weights, signs)])


def save(name, keras, model, dtype_map=None, suffix=None):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    convert = {
        ".h5": converter.dispatch_keras_h5_to_tfjs_layers_model_conversion,
        ".keras": converter.dispatch_keras_keras_to_tfjs_layers_model_conversion,
    }
    suffix = suffix or (".h5" if keras is keras2 else ".keras")
    with tempfile.TemporaryDirectory() as place:
        path = str(Path(place) / f"model{suffix}")
        model.save(path)
        # Small shards: weights go across them.
        convert[suffix](path, str(folder), dtype_map, weight_shard_size_bytes=500)
    random = np.random.default_rng(1)
    shape = (3, *model.input_shape[1:])
    ids = random.integers(1, 9, shape).astype("float32")
    # Padding at the end, as Keras's fast recurrent kernels want it.
    ids[1, 3:] = 0
    x = ids if len(shape) == 2 else random.uniform(-1, 1, shape).astype("float32")
    y = model.predict(x, verbose=0)
    case = {"inputs": {"shape": shape, "data": x.ravel().tolist()}}
    case["answers"] = {"shape": y.shape, "data": y.ravel().tolist()}
    case["made_with"] = {"keras": f"{keras.__name__} {keras.__version__}", "tensorflowjs": tensorflowjs.__version__}
    (folder / "case.json").write_text(json.dumps(case) + "\n")


makers = {"classifier": image_classifier, "tagger": sequence_tagger}
if __name__ == "__main__":
    for label, keras in {"keras-2": keras2, "keras-3": keras3}.items():
        for name, make in makers.items():
            model = make(keras)
            far_from_initial(model, len(name))
            save(f"{label}-{name}", keras, model)
    # tf_keras also saves in Keras 3's way.
    model = image_classifier(keras2)
    far_from_initial(model, 6)
    save("keras-2-classifier-keras-file", keras2, model, suffix=".keras")
    for dtype in ("uint8", "uint16", "float16"):
        model = image_classifier(keras2)
        far_from_initial(model, 5)
        save(f"keras-2-classifier-{dtype}", keras2, model, {dtype: "*"})
