"""Asks the originals. Each function takes parameters and steps and returns learning rates."""

import functools
import importlib.metadata
import os
import sys
import types
import warnings
from unittest.mock import MagicMock

import wheels

os.environ.setdefault("KERAS_BACKEND", "numpy")
os.environ.setdefault("JAX_PLATFORMS", "cpu")


# PyTorch

def torch_optimizer(lr):
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


def stepped(scheduler, optimizer, steps):
    """Learning rates seen by a training loop that calls `step()` after every update."""
    values = []
    for step in range(steps[-1] + 1):
        if step in set(steps):
            values.append(optimizer.param_groups[0]["lr"])
        if step < steps[-1]:
            optimizer.step()
            scheduler.step()
    return values


def torch_stepped(class_name, params, steps, **extra):
    import torch

    params = dict(params)
    optimizer = torch_optimizer(params.pop("lr", 0.1))
    where = torch.optim.swa_utils if class_name == "SWALR" else torch.optim.lr_scheduler
    return stepped(getattr(where, class_name)(optimizer, **params, **extra), optimizer, steps)


def torch_at_epochs(class_name, params, steps):
    """`step(epoch)`, asked in one go."""
    import torch

    params = dict(params)
    optimizer = torch_optimizer(params.pop("lr"))
    scheduler = getattr(torch.optim.lr_scheduler, class_name)(optimizer, **params)
    values = []
    for step in steps:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(step)
        values.append(optimizer.param_groups[0]["lr"])
    return values


# Keras

def keras_values(class_name, dtype, params, steps):
    import keras
    import numpy as np

    keras.config.set_floatx(dtype)
    schedule = getattr(keras.optimizers.schedules, class_name)(**params)
    return [float(np.asarray(schedule(step))) for step in steps]


# timm, Transformers: their own code, with names in place of PyTorch

@functools.cache
def torch_names():
    class Optimizer:
        def __init__(self, lr):
            self.param_groups = [{"lr": lr}]

    torch = MagicMock(name="torch")
    torch.optim.Optimizer = Optimizer
    sys.modules["torch"] = torch
    wheels.stub_module("torch.optim", Optimizer=Optimizer)
    wheels.stub_module("torch.optim.lr_scheduler", LambdaLR=object, ReduceLROnPlateau=object)
    return Optimizer


@functools.cache
def timm_scheduler():
    torch_names()
    return wheels.module_of("timm", "timm.scheduler", "cosine_lr", []).CosineLRScheduler


def timm_values(params, steps):
    params = dict(params)
    optimizer = torch_names()(params.pop("lr"))
    scheduler = timm_scheduler()(optimizer, **params)
    values = []
    for step in steps:
        try:
            scheduler.step(step)
            values.append(optimizer.param_groups[0]["lr"])
        except TypeError:
            # A restart that rounding puts a hair before its cycle, to a fractional power, is a complex number.
            values.append(None)
    return values


@functools.cache
def transformers_lambda(name):
    torch_names()
    beside = ["trainer_pt_utils", "trainer_utils", "utils", "utils.versions"]
    module = wheels.module_of(
        "transformers", "transformers", "optimization", [f"transformers.{name}" for name in beside]
    )
    return getattr(module, name)


def transformers_values(name, params, steps):
    params = dict(params)
    lr = params.pop("lr")
    # LambdaLR: base_lr * lr_lambda(step).
    return [lr * transformers_lambda(name)(step, **params) for step in steps]


# optax

def optax_values(function, is_double, params, steps):
    import jax

    jax.config.update("jax_enable_x64", is_double)
    import optax

    schedule = getattr(optax, function)(**params)
    return [float(schedule(jax.numpy.asarray(step))) for step in steps]


# snapshot-ensemble

@functools.cache
def snapshot_ensemble():
    keras = wheels.stub_module(
        "tensorflow.keras",
        callbacks=types.SimpleNamespace(Callback=object, ModelCheckpoint=None),
        backend=types.SimpleNamespace(set_value=lambda lr, value: lr.append(value)),
    )
    wheels.stub_module("tensorflow", keras=keras)
    pyplot = wheels.stub_module(
        "matplotlib.pyplot",
        **{name: lambda *_: None for name in ("figure", "title", "xlabel", "ylabel", "close")},
        plot=lambda values: drawn.append(values),
    )
    wheels.stub_module("matplotlib", pyplot=pyplot)
    drawn = []
    sys.path.insert(0, str(wheels.wheel("snapshot-ensemble")))
    import snapshot_ensemble as package

    return package, drawn


def snapshot_ensemble_callback(params, steps):
    """Drives the callback as `fit` does, batch by batch."""
    package, _ = snapshot_ensemble()
    params = dict(params)
    epochs, per_epoch = params.pop("epochs"), params.pop("steps_per_epoch")
    seen = []
    callback = package.SnapshotEnsembleCallback(**params, ensemble=False)
    callback.model = types.SimpleNamespace(optimizer=types.SimpleNamespace(lr=seen))
    callback.params = {"steps": per_epoch}
    for epoch in range(epochs):
        for batch in range(per_epoch):
            callback.on_batch_begin(batch)
        callback.on_epoch_end(epoch)
    return [seen[step] for step in steps]


def snapshot_ensemble_visualize(params, steps):
    package, drawn = snapshot_ensemble()
    package.VisualizeLR(**params)
    return [drawn[-1][step] for step in steps]


ORIGINALS = {
    "torch-cosine-annealing-lr": functools.partial(torch_at_epochs, "CosineAnnealingLR"),
    "torch-cosine-annealing-lr-stepped": functools.partial(torch_stepped, "CosineAnnealingLR"),
    "torch-cosine-annealing-warm-restarts": functools.partial(torch_stepped, "CosineAnnealingWarmRestarts"),
    "torch-cosine-annealing-warm-restarts-epochs": functools.partial(torch_at_epochs, "CosineAnnealingWarmRestarts"),
    "torch-cyclic-lr": functools.partial(torch_stepped, "CyclicLR"),
    "torch-one-cycle-lr": functools.partial(torch_stepped, "OneCycleLR"),
    "torch-swalr": functools.partial(torch_stepped, "SWALR"),
    "keras-cosine-decay": functools.partial(keras_values, "CosineDecay", "float64"),
    "keras-cosine-decay-float32": functools.partial(keras_values, "CosineDecay", "float32"),
    "keras-cosine-decay-restarts": functools.partial(keras_values, "CosineDecayRestarts", "float64"),
    "keras-cosine-decay-restarts-float32": functools.partial(keras_values, "CosineDecayRestarts", "float32"),
    "timm-cosine": timm_values,
    "optax-warmup-cosine": functools.partial(optax_values, "warmup_cosine_decay_schedule", True),
    "optax-warmup-cosine-float32": functools.partial(optax_values, "warmup_cosine_decay_schedule", False),
    "optax-sgdr": functools.partial(optax_values, "sgdr_schedule", True),
    "optax-sgdr-float32": functools.partial(optax_values, "sgdr_schedule", False),
    "hugging-face-cosine-with-hard-restarts": functools.partial(
        transformers_values, "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda"
    ),
    "hugging-face-warmup-stable-decay": functools.partial(
        transformers_values, "_get_wsd_scheduler_lambda"
    ),
    "hugging-face-inverse-square-root": functools.partial(
        transformers_values, "_get_inverse_sqrt_schedule_lr_lambda"
    ),
    "snapshot-ensemble-python": snapshot_ensemble_callback,
    "snapshot-ensemble-python-visualize-lr": snapshot_ensemble_visualize,
}

PACKAGES = {
    "torch": "torch",
    "keras": "keras",
    "timm": "timm",
    "optax": "optax",
    "hugging": "transformers",
    "snapshot": "snapshot-ensemble",
}


def package_of(name):
    return PACKAGES[name.split("-")[0]]


def version_of(name):
    package = package_of(name)
    if package in wheels.WHEELS:
        return wheels.WHEELS[package][0]
    if package == "torch":
        import torch

        return torch.__version__
    return importlib.metadata.version(package)
