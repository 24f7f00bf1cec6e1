"""Random parameter sets and the steps at which the originals are asked. Standard library only, seeded per set."""

import random

SETS = 200
STEPS = 10


def rng_of(name, index):
    return random.Random(f"schedules/{name}/{index}")


def learning_rate(rng):
    return float(f"{10 ** rng.uniform(-4, 0):.3g}")


def steps_of(rng, last, boundaries=()):
    """Some steps of [0, last], and both sides of some restarts."""
    inside = [b for b in boundaries if 0 < b <= last]
    near = [b + d for b in rng.sample(inside, min(3, len(inside))) for d in (-1, 0)]
    return sorted({0, last, *near, *(rng.randint(0, last) for _ in range(STEPS))})


def geometric_ends(first, multiplier, last):
    """Ends of cycles that are whole steps, in exact integer or rational arithmetic."""
    from fractions import Fraction

    ends, length, end = [], Fraction(first), Fraction(first)
    factor = Fraction(str(multiplier))
    while end <= last and len(ends) < 1000:
        if end.denominator == 1:
            ends.append(int(end))
        length *= factor
        end += length
    return ends


def torch_cosine_annealing_lr(rng):
    t_max = rng.randint(2, 400)
    params = {"lr": learning_rate(rng), "T_max": t_max}
    if rng.random() < 0.7:
        params["eta_min"] = params["lr"] * float(f"{rng.uniform(0, 0.5):.3g}")
    return params, steps_of(rng, min(600, 3 * t_max), [t_max, 2 * t_max])


def torch_warm_restarts(rng, multipliers=(1, 2, 3, 4, 5, 9, 10)):
    t_0, t_mult = rng.randint(1, 40), rng.choice(multipliers)
    params = {"lr": learning_rate(rng), "T_0": t_0, "T_mult": t_mult}
    if rng.random() < 0.7:
        params["eta_min"] = params["lr"] * float(f"{rng.uniform(0, 0.5):.3g}")
    last = rng.randint(t_0, 1500)
    return params, steps_of(rng, last, geometric_ends(t_0, t_mult, last))


def torch_warm_restarts_epochs(rng):
    params, steps = torch_warm_restarts(rng)
    iterations = rng.randint(2, 20)
    return params, sorted({*steps, *(s + rng.randrange(iterations) / iterations for s in steps)})


def torch_cyclic_lr(rng):
    up = rng.randint(1, 200)
    params = {"base_lr": learning_rate(rng), "step_size_up": up}
    params["max_lr"] = params["base_lr"] * rng.randint(2, 100)
    down = up
    if rng.random() < 0.5:
        down = params["step_size_down"] = rng.randint(1, 200)
    params["mode"] = rng.choice(["triangular", "triangular2", "exp_range"])
    if params["mode"] == "exp_range":
        params["gamma"] = float(f"{rng.uniform(0.99, 1):.6f}")
    return params, steps_of(rng, 800, range(0, 800, up + down))


def torch_one_cycle_lr(rng):
    params = {"max_lr": learning_rate(rng)}
    if rng.random() < 0.3:
        params |= {"epochs": rng.randint(2, 20), "steps_per_epoch": rng.randint(5, 50)}
        total = params["epochs"] * params["steps_per_epoch"]
    else:
        total = params["total_steps"] = rng.randint(10, 1000)
    params["pct_start"] = float(f"{rng.uniform(0.21, 0.49):.3f}")
    params["anneal_strategy"] = rng.choice(["cos", "linear"])
    params["div_factor"] = float(rng.randint(2, 50))
    params["final_div_factor"] = float(10 ** rng.randint(1, 5))
    params["three_phase"] = rng.random() < 0.5
    return params, steps_of(rng, total - 1)


def torch_swalr(rng):
    params = {"lr": learning_rate(rng), "swa_lr": learning_rate(rng)}
    params["anneal_epochs"] = rng.choice([0, 1, 5, 10, rng.randint(2, 300)])
    params["anneal_strategy"] = rng.choice(["cos", "linear"])
    return params, steps_of(rng, 2 * params["anneal_epochs"] + 5)


def keras_cosine_decay(rng):
    decay = rng.randint(1, 2000)
    params = {"initial_learning_rate": learning_rate(rng), "decay_steps": decay}
    if rng.random() < 0.6:
        params["alpha"] = float(f"{rng.uniform(0, 1):.3f}")
    warmup = 0
    if rng.random() < 0.5:
        warmup = rng.randint(1, 500)
        params |= {"warmup_target": learning_rate(rng), "warmup_steps": warmup}
    return params, steps_of(rng, decay + warmup + 100, [warmup, warmup + decay])


def keras_cosine_decay_restarts(rng):
    first = rng.randint(5, 400)
    t_mul = rng.choice([1.0, 1.1, 1.2, 1.25, 1.5, 2.0, 3.0])
    params = {"initial_learning_rate": learning_rate(rng), "first_decay_steps": first, "t_mul": t_mul}
    if rng.random() < 0.6:
        params["m_mul"] = float(f"{rng.uniform(0.5, 1):.3f}")
    if rng.random() < 0.6:
        params["alpha"] = float(f"{rng.uniform(0, 0.5):.3f}")
    last = rng.randint(first, 8 * first)
    return params, steps_of(rng, last, geometric_ends(first, t_mul, last))


def timm_cosine(rng):
    t_initial = rng.choice([rng.randint(1, 12), rng.randint(1, 200)])
    cycle_mul = rng.choice([1.0, 1.0, 1.2, 1.5, 2.0, 3.0])
    params = {"lr": learning_rate(rng), "t_initial": t_initial, "cycle_mul": cycle_mul}
    params["cycle_limit"] = rng.choice([1, 2, 5, 100])
    params["cycle_decay"] = float(f"{rng.uniform(0.4, 1):.3f}")
    params["lr_min"] = rng.choice([0.0, params["lr"] * float(f"{rng.uniform(0, 0.9):.3g}")])
    warmup = 0
    if rng.random() < 0.5:
        warmup = params["warmup_t"] = rng.randint(1, 50)
        params["warmup_lr_init"] = rng.choice([0.0, learning_rate(rng)])
        params["warmup_prefix"] = rng.random() < 0.5
    if rng.random() < 0.5:
        params["k_decay"] = float(f"{rng.uniform(0.5, 2):.2f}")
    last = rng.randint(t_initial, 1500)
    offset = warmup if params.get("warmup_prefix") else 0
    ends = [end + offset for end in geometric_ends(t_initial, cycle_mul, last)]
    return params, steps_of(rng, last, ends)


def optax_warmup_cosine(rng):
    warmup = rng.randint(0, 100)
    params = {"init_value": rng.choice([0.0, learning_rate(rng)]), "peak_value": learning_rate(rng)}
    params |= {"warmup_steps": warmup, "decay_steps": warmup + rng.randint(1, 500)}
    if rng.random() < 0.7:
        params["end_value"] = params["peak_value"] * float(f"{rng.uniform(0, 0.5):.3g}")
    if rng.random() < 0.3:
        params["exponent"] = float(f"{rng.uniform(0.5, 2):.2f}")
    return params, steps_of(rng, params["decay_steps"] + 50, [warmup, params["decay_steps"]])


def optax_sgdr(rng):
    cycles = [optax_warmup_cosine(rng)[0] for _ in range(rng.randint(1, 4))]
    ends = [sum(c["decay_steps"] for c in cycles[: i + 1]) for i in range(len(cycles))]
    return {"cosine_kwargs": cycles}, steps_of(rng, ends[-1] + 20, ends)


def hugging_face(rng):
    warmup = rng.randint(0, 100)
    params = {"lr": learning_rate(rng), "num_warmup_steps": warmup}
    params["num_training_steps"] = warmup + rng.randint(1, 2000)
    params["num_cycles"] = rng.randint(1, 20)
    run = params["num_training_steps"] - warmup
    ends = [warmup + run * i // params["num_cycles"] for i in range(1, params["num_cycles"] + 1)]
    return params, steps_of(rng, params["num_training_steps"] + 20, ends)


def hugging_face_warmup_stable_decay(rng):
    warmup, stable, decay = rng.randint(0, 100), rng.randint(0, 1000), rng.randint(1, 1000)
    params = {"lr": learning_rate(rng), "num_warmup_steps": warmup}
    params |= {"num_stable_steps": stable, "num_decay_steps": decay, "num_cycles": 0.5}
    params["min_lr_ratio"] = float(f"{rng.uniform(0, 0.5):.3g}")
    return params, steps_of(rng, warmup + stable + decay - 1, [warmup, warmup + stable])


def hugging_face_inverse_square_root(rng):
    warmup = rng.randint(1, 1000)
    params = {"lr": learning_rate(rng), "num_warmup_steps": warmup}
    params["timescale"] = rng.choice([warmup, 10_000, rng.randint(1, 5000)])
    return params, steps_of(rng, rng.randint(warmup, 20_000), [warmup])


def snapshot_ensemble(rng):
    params = {"epochs": rng.randint(5, 60), "steps_per_epoch": rng.choice([1, 2, 3, 7, 10, 33, 50])}
    params["cycle_length"] = rng.choice([1, 2, 3, 5, 10, float(f"{rng.uniform(0.5, 6):.2f}")])
    params["cycle_length_multiplier"] = rng.choice([1, 1.5, 2, float(f"{rng.uniform(1, 2):.2f}")])
    params |= {"lr_init": learning_rate(rng), "lr_multiplier": rng.choice([1, 0.9, float(f"{rng.uniform(0.5, 1):.2f}")])}
    params["lr_min"] = params["lr_init"] * float(f"{rng.uniform(0, 0.1):.3g}")
    epochs, steps = params["epochs"], params["steps_per_epoch"]
    drift = [round(end * steps) + d for end in float_ends(params, epochs) for d in (0, 1, 2)]
    return params, steps_of(rng, epochs * steps - 1, drift)


def float_ends(params, last):
    ends, length, end = [], params["cycle_length"], params["cycle_length"]
    while end < last and len(ends) < 200:
        ends.append(end)
        length *= params["cycle_length_multiplier"]
        end += length
    return ends


def snapshot_ensemble_visualize(rng):
    params = {"epochs": rng.randint(20, 500), "cycle_length": rng.randint(1, 40)}
    params["cycle_length_multiplier"] = rng.choice([1, 1.5, 2, float(f"{rng.uniform(1, 2):.2f}")])
    params |= {"lr_init": learning_rate(rng), "lr_multiplier": rng.choice([1, 0.9, float(f"{rng.uniform(0.5, 1):.2f}")])}
    params["lr_min"] = params["lr_init"] * float(f"{rng.uniform(0, 0.1):.3g}")
    first = params["cycle_length"] + 1
    return params, steps_of(rng, params["epochs"] - 1, [first, 2 * first])


PARAMETERS = {
    "torch-cosine-annealing-lr": torch_cosine_annealing_lr,
    "torch-cosine-annealing-lr-stepped": torch_cosine_annealing_lr,
    "torch-cosine-annealing-warm-restarts": torch_warm_restarts,
    "torch-cosine-annealing-warm-restarts-epochs": torch_warm_restarts_epochs,
    "torch-cyclic-lr": torch_cyclic_lr,
    "torch-one-cycle-lr": torch_one_cycle_lr,
    "torch-swalr": torch_swalr,
    "keras-cosine-decay": keras_cosine_decay,
    "keras-cosine-decay-float32": keras_cosine_decay,
    "keras-cosine-decay-restarts": keras_cosine_decay_restarts,
    "keras-cosine-decay-restarts-float32": keras_cosine_decay_restarts,
    "timm-cosine": timm_cosine,
    "optax-warmup-cosine": optax_warmup_cosine,
    "optax-warmup-cosine-float32": optax_warmup_cosine,
    "optax-sgdr": optax_sgdr,
    "optax-sgdr-float32": optax_sgdr,
    "hugging-face-cosine-with-hard-restarts": hugging_face,
    "hugging-face-warmup-stable-decay": hugging_face_warmup_stable_decay,
    "hugging-face-inverse-square-root": hugging_face_inverse_square_root,
    "snapshot-ensemble-python": snapshot_ensemble,
    "snapshot-ensemble-python-visualize-lr": snapshot_ensemble_visualize,
}


def sets_of(name, count=SETS):
    return [PARAMETERS[name](rng_of(name, index)) for index in range(count)]
