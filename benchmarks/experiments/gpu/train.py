"""Trains all runs of a group side by side and keeps the members that their recipes ask for."""

import time

import torch
import torch.nn.functional as F

MOMENTUM = 0.9


class Members:
    """Flat weights and batch-norm statistics of members, [members, …], and of which run each is."""

    def __init__(self):
        self.theta, self.stats, self.runs, self.averaged = [], [], [], []

    def add(self, theta, stats, runs, averaged):
        self.theta.append(theta.clone())
        self.stats.append(stats.clone())
        self.runs += runs
        self.averaged += [averaged] * len(runs)


def train_group(net, group, runs, data, plan, device, deadline, log):
    """`runs`: [(configuration, seed)]. Returns their members in the order in which they were kept, or None if time ran out."""
    k = len(runs)
    steps = group["epochs"] * group["stepsPerEpoch"]
    batch = group["batch"]
    seeds = sorted({seed for _, seed in runs})
    seed_of = torch.tensor([seeds.index(seed) for _, seed in runs], device=device)

    def table(name):
        rows = torch.zeros(k, steps)
        for i, (config, _) in enumerate(runs):
            if config[name] is not None:
                rows[i] = plan[config[name] : config[name] + steps]
        return rows.t().contiguous()

    rates = table("rates").to(device)
    shares_host, noise_host = table("shares"), table("noise")
    averages_at = (shares_host != 0).any(1).tolist()
    noises_at = (noise_host != 0).any(1).tolist()
    shares, noise = shares_host.to(device), noise_host.to(device)
    decay = torch.tensor([config["settings"]["weightDecay"] for config, _ in runs], device=device)[:, None]
    decay = decay * net.decay_mask(device)
    kept_at = {}
    for i, (config, _) in enumerate(runs):
        if not config["keepsBest"]:
            for kept in config["kept"]:
                kept_at.setdefault(kept["step"], {}).setdefault(kept["from"], []).append(i)
    best = [i for i, (config, _) in enumerate(runs) if config["keepsBest"]]

    initial = {seed: net.initial(seed, device) for seed in seeds}
    theta = torch.stack([initial[seed] for _, seed in runs])
    velocity = torch.zeros_like(theta)
    averages = any(averages_at) or any("average" in kept for kept in kept_at.values())
    average = torch.zeros_like(theta) if averages else None
    stats = [part.reshape(-1).contiguous() for part in net.initial_stats(device).expand(k, -1).split(net.stat_sizes, 1)] if net.bn else []

    def flat_stats(of):
        if not stats:
            return torch.zeros(len(of), 0, device=device)
        return torch.cat([part.view(k, -1)[of] for part in stats], 1)

    params = [part.detach().requires_grad_() for part in net.split(theta)]
    members = Members()
    best_loss = torch.full((len(best),), float("inf"), device=device)
    best_theta, best_stats = theta[best].clone(), flat_stats(best)
    x, y = data["train"], data["trainLabels"]
    generators = [torch.Generator().manual_seed(7919 * seed + 3) for seed in seeds]
    for step in range(steps):
        at = step % group["stepsPerEpoch"]
        if at == 0:
            if deadline() < 0:
                return None
            order = torch.stack([torch.randperm(len(x), generator=g) for g in generators]).to(device)
        chosen = order[:, at * batch : (at + 1) * batch][seed_of]
        loss = loss_of(net, net.forward(params, stats, x[chosen], True), y[chosen]).sum()
        gradient = torch.cat([g.reshape(k, -1) for g in torch.autograd.grad(loss, params)], 1)
        with torch.no_grad():
            velocity.mul_(MOMENTUM).add_(gradient).addcmul_(decay, theta)
            theta.sub_(velocity * rates[step][:, None])
            if noises_at[step]:
                theta.add_(torch.randn_like(theta) * noise[step][:, None])
            if averages_at[step]:
                average.add_((theta - average) * shares[step][:, None])
            done = step + 1
            for source, of in kept_at.get(done, {}).items():
                members.add((average if source == "average" else theta)[of], flat_stats(of), of, source == "average")
            if best and done % group["stepsPerEpoch"] == 0:
                logits = predict(net, theta[best], flat_stats(best), data["validation"][:2500])
                losses = loss_of(net, logits, data["validationLabels"][:2500].expand(len(best), -1))
                better = losses < best_loss
                best_loss = torch.where(better, losses, best_loss)
                best_theta = torch.where(better[:, None], theta[best], best_theta)
                best_stats = torch.where(better[:, None], flat_stats(best), best_stats)
        if step in (20, 120) and device.type == "cuda":
            torch.cuda.synchronize()
            if step == 20:
                since = time.monotonic()
                continue
            needed = (time.monotonic() - since) / 100 * (steps - step)
            log(f"  {group['name']}: {k} runs of {steps} steps need {needed:.0f} s, {deadline():.0f} s are left")
            if needed > deadline():
                return None
    if best:
        members.add(best_theta, best_stats, best, False)
    return members


def loss_of(net, outputs, labels):
    """Mean over the batch, one for each network: [networks]."""
    if net.task["classes"] == 1:
        return (outputs[..., 0] - labels).square().mean(1)
    k, rows, classes = outputs.shape
    losses = F.cross_entropy(outputs.reshape(-1, classes), labels.reshape(-1), reduction="none")
    return losses.view(k, rows).mean(1)


@torch.no_grad()
def predict(net, theta, stats, x, values=24_000_000):
    """Outputs of networks about the same rows: [networks, rows, classes]."""
    params, parts = net.split(theta), net.split_stats(stats)
    per_row = 6000 if net.task["net"] == "cnn" else 14000 if net.task["net"] == "resnet20" else 600
    chunk = max(1, values // (per_row * len(theta)) * 8)
    return torch.cat(
        [net.forward(params, parts, rows.expand(len(theta), *rows.shape), False) for rows in x.split(chunk)], 1
    )


@torch.no_grad()
def refresh_batch_norm(net, theta, stats, x, rows=2000, batch=200):
    """Statistics of averaged weights: the plain mean over batches of training rows."""
    if not net.bn:
        return stats
    params, parts = net.split(theta), [part.contiguous() for part in net.split_stats(stats)]
    for i, part in enumerate(x[:rows].split(batch)):
        net.forward(params, parts, part.expand(len(theta), *part.shape), 1.0 / (i + 1))
    return torch.cat([part.view(len(theta), -1) for part in parts], 1)
