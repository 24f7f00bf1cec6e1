"""Trains with the Python package `snapshot-ensemble` itself, on the newest TensorFlow and the Keras on which it runs (`tf_keras`, Keras 2)."""

import os
import time
from types import SimpleNamespace

import numpy as np
import snapshot_ensemble
import tensorflow as tf
from snapshot_ensemble import SnapshotEnsembleCallback

keras = tf.keras


def build(seed):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    # Biases of 0 make sums of the black background exactly 0, where a ReLU has no derivative: a sum in another order, a rounding off 0, has
    # one. Moving the original's own weights by 1e-7 then moves its weights after 24 batches by 1e-2.
    bias = {"bias_initializer": keras.initializers.Constant(0.01)}
    model = keras.Sequential(
        [
            layers.Conv2D(8, 3, activation="relu", input_shape=(28, 28, 1), **bias),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu", **bias),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    # Without momentum, which Keras and TensorFlow.js define differently once the learning rate moves.
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


class Clock:
    """Processor seconds spent in the hooks of a callback."""

    def __init__(self, callback):
        self.seconds = 0
        for name in ("on_batch_begin", "on_epoch_end"):
            setattr(callback, name, self.timed(getattr(callback, name)))

    def timed(self, hook):
        def call(*args, **named):
            start = time.process_time()
            hook(*args, **named)
            self.seconds += time.process_time() - start

        return call


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rates, self.ends = [], [time.process_time()]

    def on_batch_begin(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.lr.numpy()))

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.process_time())


def train(job, seed, data, folder, moved=0):
    """Members' probabilities and weights, the learning rate of every batch, files, processor seconds. `moved`: how far each initial weight is moved."""
    model = build(seed)
    initial = model.get_weights()
    model.set_weights([weight + np.float32(moved) for weight in initial])
    directory = os.path.join(folder, f"python-{seed}-{moved}")
    callback = SnapshotEnsembleCallback(**job["options"], ensemble_options={"dirpath": directory})
    clock, recorder = Clock(callback), Recorder()
    model.fit(
        data["train_x"], data["train_y"], batch_size=job["batch"], epochs=job["epochs"], shuffle=False,
        callbacks=[callback, recorder], verbose=0,
    )
    files = {name: os.path.getsize(os.path.join(directory, name)) for name in sorted(os.listdir(directory))}
    members = []
    for name in files:
        model.load_weights(os.path.join(directory, name))
        members.append((model.get_weights(), model.predict(data["test_x"], batch_size=500, verbose=0)))
    epochs = np.diff(recorder.ends)
    return SimpleNamespace(
        initial=initial, members=members, rates=recorder.rates, files=files,
        epoch=float(np.median(epochs)), overhead=clock.seconds / job["epochs"],
    )


def fit_few(model, job, data, **epochs):
    """Trains on few images with a new callback; the learning rate of every batch."""
    rows, recorder = slice(0, job["few"]), Recorder()
    callbacks = [SnapshotEnsembleCallback(**job["options"], ensemble=False), recorder]
    model.fit(data["train_x"][rows], data["train_y"][rows], batch_size=job["batch"], shuffle=False, callbacks=callbacks, verbose=0, **epochs)
    return recorder.rates


def beginning(job, data):
    """Weights after the first cycle on few images."""
    model = build(job["seeds"][0])
    fit_few(model, job, data, epochs=job["options"]["cycle_length"])
    return model.get_weights()


def resumed(job, data):
    """A run that is cut after epoch 3 and continued by a new callback: its first learning rate, and whether it ends with the uncut run's weights."""
    uncut, model = build(job["seeds"][0]), build(job["seeds"][0])
    fit_few(uncut, job, data, epochs=job["epochs"])
    fit_few(model, job, data, epochs=3)
    first_rate = fit_few(model, job, data, initial_epoch=3, epochs=job["epochs"])[0]
    is_equal = all(np.allclose(a, b, atol=1e-4) for a, b in zip(model.get_weights(), uncut.get_weights()))
    return SimpleNamespace(first_rate=first_rate, is_equal=is_equal)


def rates_without_training(options, steps_per_epoch, epochs):
    """The learning rates of the callback, which needs a model with an optimizer and nothing more; and where it saves."""
    callback = SnapshotEnsembleCallback(**options, ensemble=False)
    callback.set_params({"steps": steps_per_epoch})
    callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(lr=tf.Variable(0.0))))
    rates, restarts = [], []
    for epoch in range(epochs):
        for batch in range(steps_per_epoch):
            before = callback.prevCycleEnd
            callback.on_batch_begin(batch)
            if callback.prevCycleEnd != before:
                restarts.append(epoch * steps_per_epoch + batch)
            rates.append(float(callback.model.optimizer.lr.numpy()))
        callback.on_epoch_end(epoch)
    return rates, restarts


def public_names():
    return sorted(name for name in vars(snapshot_ensemble) if name[0].isupper())
