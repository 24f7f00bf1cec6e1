"""Graph models as the Python converter of TensorFlow.js writes them: topologies of keras.applications and of layers.

Run once; the files are committed in test/golden/graph-models:

    python3.11 -m venv venv
    venv/bin/pip install tensorflow-cpu==2.15.1 packaging six
    venv/bin/pip install --no-deps tensorflowjs==4.22.0 tensorflow-hub==0.16.1
    venv/bin/python scripts/make-graph-models.py

Each file has the topology, the signature and the specs of the weights; of the weights themselves only integers and the few numbers that
a graph computes with. The others are drawn from a seed by whoever reads it (test/graph-models.ts): megabytes of random numbers need no
place in a repository.
"""

import gzip
import json
import os
import sys
import tempfile
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

for absent in ("tensorflow_decision_forests", "jax", "jax.experimental", "flax"):
    sys.modules[absent] = types.ModuleType(absent)
sys.modules["jax.experimental"].jax2tf = None

from tensorflowjs.converters import tf_saved_model_conversion_v2 as conversion

HERE = Path(__file__).resolve().parent.parent / "test/golden/graph-models"
# What shapes, axes, epsilons and the like have at most.
SMALL = 64
keras, layers, applications = tf.keras, tf.keras.layers, tf.keras.applications


def application(name, side, **options):
    def make():
        return getattr(applications, name)(weights=None, input_shape=(side, side, 3), classes=10, **options)

    return make


def network(shape, *parts, dtype="float32"):
    def make():
        x = given = keras.Input(shape, dtype=dtype)
        for part in parts:
            x = part()(x)
        return keras.Model(given, x)

    return make


def function(*shapes, dtypes=None):
    """A model of plain TensorFlow operations."""

    def wrap(work):
        def make():
            inputs = [keras.Input(shape, dtype=(dtypes or ["float32"] * 9)[at]) for at, shape in enumerate(shapes)]
            return keras.Model(inputs, layers.Lambda(lambda values: work(*values))(inputs) if len(inputs) > 1 else layers.Lambda(work)(inputs[0]))

        return make

    return wrap


@function((6, 6, 4))
def crop(x):
    return tf.concat([x[:, 1:-1, ::2, :], x[:, 2:, 1:4, :][:, :, :3, ...]], axis=2)


@function((8, 8, 3))
def resize(x):
    return tf.image.resize(x, (12, 20)) + tf.image.resize(tf.image.resize(x, (5, 5), "nearest"), (12, 20))


@function((20,))
def top(x):
    values, indices = tf.math.top_k(x, 5)
    return values * tf.cast(indices, tf.float32)


@function((5, 7))
def where(x):
    return tf.where(x > 0.0, tf.math.log1p(tf.abs(x)), tf.reduce_mean(x, -1, keepdims=True))


@function((3, 4), (4, 5))
def einsum(a, b):
    return tf.nn.softmax(tf.einsum("bij,bjk->bik", a, b))


@function((10, 2))
def dynamic_shape(x):
    shape = tf.shape(x)
    return tf.reshape(x, (shape[0], shape[1] * shape[2] // 4, 4)) * tf.cast(shape[1], tf.float32)


class Attention(layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4)

    def call(self, x):
        return self.attention(x, x)


MODELS = {
    "mobilenet": application("MobileNet", 64, alpha=0.25),
    "mobilenet-v2": application("MobileNetV2", 64, alpha=0.35),
    "mobilenet-v3-small": application("MobileNetV3Small", 64, minimalistic=True),
    "mobilenet-v3-large": application("MobileNetV3Large", 64),
    "efficientnet-b0": application("EfficientNetB0", 32),
    "efficientnet-v2-b0": application("EfficientNetV2B0", 32),
    "nasnet-mobile": application("NASNetMobile", 32),
    "xception": application("Xception", 71),
    "resnet-50": application("ResNet50", 32),
    "inception-v3": application("InceptionV3", 75),
    "vgg-16": application("VGG16", 32),
    "conv1d": network((24, 3), lambda: layers.Conv1D(6, 3, padding="same", activation="relu"), lambda: layers.MaxPooling1D(2), lambda: layers.Conv1D(4, 3, dilation_rate=2)),
    "conv3d": network((6, 6, 6, 2), lambda: layers.Conv3D(4, 3, padding="same", activation="relu"), lambda: layers.MaxPooling3D(2), lambda: layers.Flatten(), lambda: layers.Dense(3)),
    "transpose": network((7, 7, 3), lambda: layers.Conv2DTranspose(5, 3, 2, "same", activation="relu"), lambda: layers.Conv2DTranspose(2, 4, 3)),
    "dilated": network((12, 12, 3), lambda: layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="elu"), lambda: layers.DepthwiseConv2D(3, padding="same"), lambda: layers.LeakyReLU(), lambda: layers.PReLU(shared_axes=[1, 2])),
    "separable": network((10, 10, 3), lambda: layers.SeparableConv2D(6, 3, activation="swish"), lambda: layers.BatchNormalization(), lambda: layers.Activation("gelu"), lambda: layers.GlobalAveragePooling2D(), lambda: layers.Dense(4, "softmax")),
    "embedding": network((6,), lambda: layers.Embedding(20, 5), lambda: layers.Flatten(), lambda: layers.Dense(4, "tanh"), dtype="int32"),
    "attention": network((6, 8), Attention, lambda: layers.Dense(3, "selu")),
    "lstm-unrolled": network((4, 3), lambda: layers.LSTM(5, unroll=True, return_sequences=True), lambda: layers.GRU(4, unroll=True)),
    "up-sampling": network((4, 4, 2), lambda: layers.UpSampling2D(2, interpolation="bilinear"), lambda: layers.ZeroPadding2D(1), lambda: layers.UpSampling2D(3), lambda: layers.Cropping2D(2)),
    "crop": crop,
    "resize": resize,
    "top-k": top,
    "where": where,
    "einsum": einsum,
    "dynamic-shape": dynamic_shape,
}
QUANTIZED = ("mobilenet", "separable", "lstm-unrolled")


def save(name, make, quantization=None, **options):
    keras.utils.set_random_seed(len(name))
    with tempfile.TemporaryDirectory() as folder:
        model = make()
        # Zero biases and unit scales would be folded away.
        model.set_weights([np.abs(np.random.normal(size=w.shape)) + 0.5 if "variance" in v.name else np.random.normal(size=w.shape) * 0.1 + 0.05 for v, w in zip(model.weights, model.get_weights())])
        tf.saved_model.save(model, folder + "/saved")
        conversion.convert_tf_saved_model(folder + "/saved", folder + "/out", quantization_dtype_map=quantization, **options)
        converted = json.loads(Path(folder + "/out/model.json").read_text())
        data = b"".join(Path(folder + "/out", path).read_bytes() for group in converted["weightsManifest"] for path in group["paths"])
        specs, at = [], 0
        for spec in (spec for group in converted["weightsManifest"] for spec in group["weights"]):
            stored = spec.get("quantization", {}).get("dtype", spec["dtype"])
            width = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "uint16": 2, "float16": 2}[stored]
            length = int(np.prod(spec["shape"])) * width
            part = data[at : at + length]
            at += length
            if spec["dtype"] != "float32" or int(np.prod(spec["shape"])) <= SMALL:
                spec["bytes"] = part.hex()
            specs.append(spec)
        topology = converted["modelTopology"]
        for node in topology["node"]:
            # Nobody reads what begins with an underscore.
            node["attr"] = {key: value for key, value in node.get("attr", {}).items() if not key.startswith("_")}
        kept = {"format": converted["format"], "convertedBy": converted["convertedBy"], "modelTopology": topology, "weightSpecs": specs}
        for key in ("signature", "userDefinedMetadata"):
            if key in converted:
                kept[key] = converted[key]
        HERE.mkdir(parents=True, exist_ok=True)
        (HERE / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), mtime=0))
        print(name, len(topology["node"]), "nodes")


if __name__ == "__main__":
    for name, make in MODELS.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        try:
            save(name, make)
            if name in QUANTIZED:
                for dtype in ("float16", "uint8"):
                    save(f"{name}-{dtype}", make, {dtype: "*"})
        except Exception as error:
            print(name, "NOT", str(error)[:300])
    if len(sys.argv) == 1 or "lstm-while" in sys.argv:
        save("lstm-while", network((5, 3), lambda: layers.LSTM(4)), control_flow_v2=True)
