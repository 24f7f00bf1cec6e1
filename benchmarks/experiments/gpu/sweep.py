"""`python3 sweep.py --plan FOLDER --data FOLDER --out FOLDER --seconds N [--smoke]`: trains and scores every group of a plan.

Learning rates come from our schedules package (plan.mjs); networks, training and scores are PyTorch's and this folder's.
Each group leaves `<group>.json` (settings and scores of every contestant), `<group>.rows.gz` (losses of single rows, of
the best configuration of each family by validation) and `<group>.predictions.gz`, as soon as it is done.
"""

import argparse
import gzip
import json
import sys
import time
import traceback
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import nets  # noqa: E402
import score  # noqa: E402
import train  # noqa: E402

started = time.monotonic()


def log(*words):
    print(f"[{time.monotonic() - started:6.1f} s]", *words, flush=True)


def load_task(folder, task, device):
    index = json.loads((folder / f"{task['data']}.json").read_text())
    raw = (folder / f"{task['data']}.bin").read_bytes()
    parts = {}
    for entry in index:
        dtype = {"uint8": torch.uint8, "float32": torch.float32}[entry["type"]]
        parts[entry["name"]] = torch.frombuffer(
            bytearray(raw), dtype=dtype, count=entry["length"], offset=entry["offset"]
        )
    data = {}
    for name, values in parts.items():
        if name.endswith("Labels"):
            data[name] = (values.long() if task["classes"] > 1 else values).to(device)
            continue
        if task["data"] == "fashion":
            data[name] = values.view(-1, 28, 28).to(device).float() / 255
        elif task["data"] == "letters":
            # 0 to 15, about 5 ± 3.
            data[name] = (values.view(-1, 16).to(device).float() - 7.5) / 3
        else:
            data[name] = values.view(len(parts[f"{name}Labels"]), -1).to(device)
    if task.get("seen"):
        unseen = data["test"][data["testLabels"] >= task["seen"]]
        for name in ("train", "validation", "test"):
            keep = data[f"{name}Labels"] < task["seen"]
            data[name], data[f"{name}Labels"] = data[name][keep], data[f"{name}Labels"][keep]
        data = {name: part for name, part in data.items() if not name.startswith("shifted:")}
        data["unknown:held-out"] = unseen
    for name, rows in (("train", task["train"]), ("validation", task["validation"])):
        data[name], data[f"{name}Labels"] = data[name][:rows], data[f"{name}Labels"][:rows]
    if task["net"] == "mlp":
        task["features"] = data["train"].shape[1]
    return data


def choose_conv(task, data, device, networks):
    """The quicker of the two grouped convolutions, here and at this size; on a CPU, the plain one."""
    if task["net"] == "mlp" or device.type != "cuda":
        return "im2col"
    times = {}
    for conv in ("im2col", "grouped", "searched"):
        # `searched` is `grouped` where cuDNN times its algorithms first.
        torch.backends.cudnn.benchmark = conv == "searched"
        net = nets.net_of(task, conv)
        theta = torch.stack([net.initial(seed, device) for seed in range(networks)])
        stats = [part.reshape(-1).contiguous() for part in net.initial_stats(device).expand(networks, -1).split(net.stat_sizes, 1)] if net.bn else []
        params = [part.detach().requires_grad_() for part in net.split(theta)]
        x = data["train"][: task["batch"]].expand(networks, -1, -1, -1)
        y = data["trainLabels"][: task["batch"]].expand(networks, -1)
        for i in range(6):
            if i == 3:
                torch.cuda.synchronize()
                start = time.monotonic()
            torch.autograd.grad(train.loss_of(net, net.forward(params, stats, x, True), y).sum(), params)
        torch.cuda.synchronize()
        times[conv] = (time.monotonic() - start) / 3
    log(f"  {task['net']}, {networks} networks: " + ", ".join(f"{name} {1e3 * t:.2f} ms" for name, t in times.items()))
    return min(times, key=times.get)


def predict_all(net, members, data, parts, device):
    theta, stats = torch.cat(members.theta), torch.cat(members.stats)
    averaged = torch.tensor(members.averaged, device=device)
    if net.bn and averaged.any():
        stats = stats.clone()
        where = averaged.nonzero()[:, 0]
        for of in where.split(64):
            stats[of] = train.refresh_batch_norm(net, theta[of], stats[of], data["train"])
    together = 32 if net.task["net"] == "resnet20" else 128
    # Too many shapes to time cuDNN's algorithms for each.
    torch.backends.cudnn.benchmark = False
    return {
        part: torch.cat([train.predict(net, t, s, data[part]) for t, s in zip(theta.split(together), stats.split(together))])
        for part in parts
    }


def contestants_of(runs, members, deep):
    """[(description, positions of its members)]: every run's members, the last few of them, and deep ensembles."""
    of_run = {}
    for position, run in enumerate(members.runs):
        of_run.setdefault(run, []).append(position)
    listed = []
    by_config = {}
    for run, (config, seed) in enumerate(runs):
        own = of_run[run]
        settings = config["settings"]
        listed.append(({"settings": settings, "seed": seed, "members": len(own), "all": True}, own))
        if settings["method"] == "snapshots":
            for size in range(1, len(own)):
                listed.append(({"settings": settings, "seed": seed, "members": size, "all": False}, own[-size:]))
        if settings["method"] == "cosine":
            by_config.setdefault(json.dumps(settings, sort_keys=True), []).append((seed, own[0]))
    for text, found in by_config.items() if deep else ():
        found.sort()
        for size in range(2, len(found) + 1):
            for start in range(len(found) if size < len(found) else 1):
                turned = [found[(start + i) % len(found)] for i in range(size)]
                settings = {**json.loads(text), "method": "deep-ensemble", "cycles": size}
                listed.append(({"settings": settings, "seed": turned[0][0], "members": size, "all": True}, [p for _, p in turned]))
    return listed


def score_all(listed, outputs, data, task, together=64):
    labels = {name: data[f"{name}Labels"] for name in ("validation", "test")}
    rows = []
    for start in range(0, len(listed), together):
        part = listed[start : start + together]
        own = {name: [values[positions] for _, positions in part] for name, values in outputs.items()}
        scored, losses = score.score_regression(own, labels) if task["classes"] == 1 else score.score_classes(own, labels)
        for (description, _), scores, (cal, raw, error) in zip(part, scored, losses):
            keep = description["all"]
            packed = None
            if keep:
                packed = [cal.half().cpu(), raw.half().cpu(), None if error is None else error.cpu()]
            rows.append(({**description, "scores": scores}, packed))
    return rows


def family(settings):
    return json.dumps([settings["method"], settings.get("cycles"), settings.get("first"), settings.get("temperature")])


def by_validation(row):
    """What is chosen by; a run that diverged has no number and is never chosen."""
    return row["scores"].get("validation.nllCalibrated", float("inf"))


def kept_predictions(runs, members, outputs, seeds=3):
    """[(settings, seed, outputs about validation and test rows of its members)] of the first few seeds, as float16."""
    of_run = {}
    for position, run in enumerate(members.runs):
        of_run.setdefault(run, []).append(position)
    host = [outputs[name].half().cpu() for name in ("validation", "test")]
    return [
        (config["settings"], seed, [part[of_run[run]] for part in host])
        for run, (config, seed) in enumerate(runs)
        if seed < seeds
    ]


def save_predictions(out, group, scored, kept):
    """
    Outputs of the best snapshots, the best single model and the best cosine by validation, float16: for each entry of
    `<group>.predictions.json` [members, validation rows, outputs] and then [members, test rows, outputs].
    """
    means = {}
    for row, packed in scored:
        settings = row["settings"]
        if packed is not None and settings["method"] not in ("deep-ensemble", "tails", "csg-mcmc"):
            kinds = ["snapshots"] if settings["method"] == "snapshots" else ["single"]
            if settings["method"] == "cosine":
                kinds.append("cosine")
            for kind in kinds:
                means.setdefault(kind, {}).setdefault(json.dumps(settings, sort_keys=True), []).append(by_validation(row))
    chosen = {min(of, key=lambda settings: sum(of[settings]) / len(of[settings])) for of in means.values()}
    index = []
    with gzip.open(out / f"{group['name']}.predictions.gz", "wb", 3) as file:
        for settings, seed, (validation, test) in kept:
            if json.dumps(settings, sort_keys=True) in chosen:
                index.append({"settings": settings, "seed": seed, "validation": list(validation.shape), "test": list(test.shape)})
                file.write(validation.numpy().tobytes())
                file.write(test.numpy().tobytes())
    (out / f"{group['name']}.predictions.json").write_text(json.dumps(index))


def save(out, group, scored, facts):
    """Scores of all; single rows of the best configuration of each family, by calibrated NLL on validation rows."""
    means = {}
    for row, packed in scored:
        if packed is not None:
            key = family(row["settings"]), json.dumps(row["settings"], sort_keys=True)
            means.setdefault(key, []).append(by_validation(row))
    best = {}
    for (kind, settings), values in means.items():
        mean = sum(values) / len(values)
        if kind not in best or mean < best[kind][0]:
            best[kind] = mean, settings
    chosen = {settings for _, settings in best.values()}
    blob, rows = [], []
    for row, packed in scored:
        if packed is not None and json.dumps(row["settings"], sort_keys=True) in chosen:
            row = {**row, "rows": len(blob)}
            cal, raw, error = packed
            # A row is right or wrong by its rank in the raw output; the sign of the calibrated loss carries it.
            blob.append(cal.numpy().tobytes() + raw.numpy().tobytes() + (b"" if error is None else error.to(torch.uint8).numpy().tobytes()))
        rows.append(row)
    (out / f"{group['name']}.json").write_text(json.dumps({**facts, "contestants": rows}))
    with gzip.open(out / f"{group['name']}.rows.gz", "wb", 6) as file:
        for part in blob:
            file.write(part)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--networks", type=int, default=768, help="trained side by side at most")
    parser.add_argument("--only", help="names of groups, with commas, in the order in which to train them")
    parser.add_argument("--smoke", action="store_true", help="two epochs of a few runs of each task, to see that all works")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    plan = torch.frombuffer(bytearray((options.plan / "plan.bin").read_bytes()), dtype=torch.float32)
    groups = json.loads((options.plan / "plan.json").read_text())
    if options.only:
        groups = [group for name in options.only.split(",") for group in groups if group["name"] == name]
    if options.smoke:
        groups = smoke(groups)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    log(f"torch {torch.__version__} on {name}; {len(groups)} groups")
    convs, tasks = {}, {}

    def deadline():
        return options.seconds - (time.monotonic() - started)

    for group in groups:
        # What the others still can give is not lost to one that fails.
        try:
            if group["task"] not in tasks:
                tasks.clear()
                tasks[group["task"]] = load_task(options.data, group, device)
            run_group(group, tasks[group["task"]], convs, plan, options, device, deadline, name)
        except Exception:
            log(f"{group['name']}: failed\n{traceback.format_exc()}")
        if device.type == "cuda":
            torch.cuda.empty_cache()


def run_group(group, data, convs, plan, options, device, deadline, name):
    """Trains, scores and saves one group, in chunks of as many networks as go side by side."""
    if options.smoke:
        data = {name: part if name.startswith("train") else part[: 24 if device.type == "cuda" else 4] for name, part in data.items()}
    if group["net"] == "mlp":
        group["features"] = data["train"].shape[1]
    if group["net"] not in convs:
        convs[group["net"]] = choose_conv(group, data, device, 2 if options.smoke else 48 if group["net"] == "resnet20" else 256)
    net = nets.net_of(group, convs[group["net"]])
    limit = min(options.networks, 64) if group["net"] == "resnet20" else options.networks
    chunks, chunk = [], []
    for config in group["configs"]:
        new = [(config, seed) for seed in config["seeds"]]
        if chunk and len(chunk) + len(new) > limit:
            chunks.append(chunk)
            chunk = []
        chunk += new
    chunks.append(chunk)
    start = time.monotonic()
    scored, kept = [], []
    for runs in chunks:
        torch.backends.cudnn.benchmark = convs[group["net"]] == "searched"
        members = train.train_group(net, group, runs, data, plan, device, deadline, log)
        if members is None:
            log(f"{group['name']}: no time left for {len(runs)} runs")
            continue
        trained = time.monotonic()
        parts = ["validation", "test", *(name for name in data if name.startswith(("unknown:", "shifted:")))]
        outputs = predict_all(net, members, data, parts, device)
        listed = contestants_of(runs, members, deep=True)
        scored += score_all(listed, outputs, data, group)
        kept += kept_predictions(runs, members, outputs)
        log(f"{group['name']}: {len(runs)} runs, {len(members.runs)} members, {len(listed)} contestants; scored in {time.monotonic() - trained:.1f} s")
        del members, outputs
    if scored:
        facts = {
            "group": group["name"],
            "task": group["task"],
            "epochs": group["epochs"],
            "train": group["train"],
            "testRows": len(data["test"]),
            "engine": f"PyTorch {torch.__version__} on {name}",
            "seconds": round(time.monotonic() - start, 1),
        }
        save(options.out, group, scored, facts)
        save_predictions(options.out, group, scored, kept)
        best = min((row for row, _ in scored), key=by_validation)
        log(f"{group['name']}: done in {facts['seconds']} s; best by validation {json.dumps(best)[:400]}")


def smoke(groups):
    """The first group of each task, cut to four epochs of each method once."""
    seen, small = set(), []
    for group in groups:
        if group["task"] in seen or len(group["configs"]) < 15:
            continue
        seen.add(group["task"])
        methods = {}
        for config in group["configs"]:
            methods.setdefault(config["settings"]["method"], config)
        full, cut = group["epochs"] * group["stepsPerEpoch"], 22
        configs = []
        for config in methods.values():
            kept = [{**kept, "step": max(1, round(kept["step"] * cut / full))} for kept in config["kept"]]
            configs.append({**config, "seeds": config["seeds"][:2], "kept": kept})
        small.append({**group, "batch": 8, "configs": configs, "epochs": 2, "stepsPerEpoch": cut // 2})
    return small


if __name__ == "__main__":
    main()
