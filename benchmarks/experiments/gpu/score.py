"""Scores of contestants, many at a time: outputs are [contestants, rows, classes]."""

import math

import torch


def pooled(logits):
    """Log of the mean over members of the probabilities: [members, rows, classes] to [rows, classes]."""
    return torch.logsumexp(logits.log_softmax(-1), 0) - math.log(len(logits))


def fit_temperature(log_p, labels):
    """The temperature in [0.05, 20] with the least NLL, by golden section on its logarithm: [contestants]."""
    low = torch.full((len(log_p),), math.log(0.05), device=log_p.device)
    high = torch.full_like(low, math.log(20.0))
    golden = (math.sqrt(5) - 1) / 2

    def at(x):
        return row_nll(tempered(log_p, x.exp()), labels).mean(1)

    a, b = high - golden * (high - low), low + golden * (high - low)
    fa, fb = at(a), at(b)
    for _ in range(28):
        left = fa < fb
        high, low = torch.where(left, b, high), torch.where(left, low, a)
        a, b = high - golden * (high - low), low + golden * (high - low)
        fa, fb = at(a), at(b)
    return ((low + high) / 2).exp()


def tempered(log_p, temperature):
    return (log_p / temperature[:, None, None]).log_softmax(-1)


def row_nll(log_p, labels):
    return -log_p.gather(-1, labels.expand(len(log_p), -1)[..., None])[..., 0]


def ece(log_p, labels, bins=15):
    p, predicted = log_p.exp().max(-1)
    hit = (predicted == labels).float()
    bin_of = (p * bins).ceil().long().clamp(1, bins) - 1
    gap = torch.zeros(len(log_p), bins, device=log_p.device)
    gap.scatter_add_(1, bin_of, hit - p)
    return gap.abs().sum(1) / log_p.shape[1]


def risk(error, confidence):
    """Errors among the surest rows: area under the curve, and at some coverages in per cent."""
    order = confidence.argsort(1, descending=True)
    count = torch.arange(1, error.shape[1] + 1, device=error.device)
    curve = error.float().gather(1, order).cumsum(1) / count
    n = error.shape[1]
    at = {f"errorAt{share}": curve[:, share * n // 100 - 1] for share in (95, 90, 80, 70, 60, 50)}
    return {"aurc": curve.mean(1), **at}


def auroc(known, unknown):
    """How often an unknown row scores higher than a known one, ties half: [contestants]."""
    order = known.sort(1).values.contiguous()
    unknown = unknown.contiguous()
    below = torch.searchsorted(order, unknown).double()
    up_to = torch.searchsorted(order, unknown, right=True).double()
    return ((below + up_to) / 2).mean(1) / known.shape[1]


def uncertainty(logits):
    """Of one contestant's members: the higher, the less sure; [rows] each."""
    log_p = pooled(logits)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1)
    members = logits.log_softmax(-1)
    expected = -(members.exp() * members).sum(-1).mean(0)
    scores = {"maxProbability": -p.max(-1).values, "entropy": entropy, "energy": -torch.logsumexp(logits, -1).mean(0)}
    if len(logits) > 1:
        scores["mutualInformation"] = entropy - expected
    return scores


def score_classes(parts, labels, known_rows=5000):
    """
    `parts`: part name to a list, over contestants, of logits [members, rows, classes]. Returns one plain dict for each
    contestant and, for each, the row losses (calibrated and raw NLL, error).
    """
    count = len(parts["test"])
    val = torch.stack([pooled(logits) for logits in parts["validation"]])
    test = torch.stack([pooled(logits) for logits in parts["test"]])
    t = fit_temperature(val, labels["validation"])
    calibrated = tempered(test, t)
    error = test.argmax(-1) != labels["test"]
    raw_rows, cal_rows = row_nll(test, labels["test"]), row_nll(calibrated, labels["test"])
    one_hot = torch.nn.functional.one_hot(labels["test"], test.shape[-1])
    columns = {
        "validation.error": (val.argmax(-1) != labels["validation"]).float().mean(1),
        "validation.nll": row_nll(val, labels["validation"]).mean(1),
        "validation.nllCalibrated": row_nll(tempered(val, t), labels["validation"]).mean(1),
        "temperature": t,
        "error": error.float().mean(1),
        "nll": raw_rows.mean(1),
        "nllCalibrated": cal_rows.mean(1),
        "ece": ece(test, labels["test"]),
        "eceCalibrated": ece(calibrated, labels["test"]),
        "brier": (test.exp() - one_hot).square().sum(-1).mean(1),
        "brierCalibrated": (calibrated.exp() - one_hot).square().sum(-1).mean(1),
    }
    columns |= risk(error, test.max(-1).values)
    known = [uncertainty(logits[:, :known_rows]) for logits in parts["test"]]
    for name in parts:
        if name.startswith("unknown:"):
            unknown = [uncertainty(logits) for logits in parts[name]]
            for score in ("maxProbability", "entropy", "energy", "mutualInformation"):
                of = [i for i in range(count) if score in known[i]]
                if of:
                    values = auroc(torch.stack([known[i][score] for i in of]), torch.stack([unknown[i][score] for i in of]))
                    column = torch.full((count,), float("nan"), device=values.device, dtype=values.dtype)
                    column[of] = values
                    columns[f"{name}.{score}"] = column
        if name.startswith("shifted:"):
            shifted = torch.stack([pooled(logits) for logits in parts[name]])
            truth = labels["test"][: shifted.shape[1]]
            after = tempered(shifted, t)
            columns[f"{name}.error"] = (shifted.argmax(-1) != truth).float().mean(1)
            columns[f"{name}.nll"] = row_nll(shifted, truth).mean(1)
            columns[f"{name}.nllCalibrated"] = row_nll(after, truth).mean(1)
            columns[f"{name}.eceCalibrated"] = ece(after, truth)
    return to_dicts(columns, count), [(cal_rows[i], raw_rows[i], error[i]) for i in range(count)]


def score_regression(parts, labels):
    """The same for one real output: squared errors, and likelihoods under a normal distribution."""
    count = len(parts["test"])

    def mean_and_spread(name):
        stacked = [outputs[..., 0] for outputs in parts[name]]
        mean = torch.stack([outputs.mean(0) for outputs in stacked])
        return mean, torch.stack([outputs.var(0, correction=0) for outputs in stacked])

    val, val_spread = mean_and_spread("validation")
    test, spread = mean_and_spread("test")
    squared = (test - labels["test"]).square()
    val_squared = (val - labels["validation"]).square()
    # One variance for all rows, or one plus a multiple of the members' own: whichever of a few multiples fits best.
    best = None
    for factor in (0.0, 1.0, 3.0, 10.0, 30.0):
        floor = (val_squared - factor * val_spread).mean(1, keepdim=True).clamp_min(1e-5)
        on_val = gaussian(val_squared, floor + factor * val_spread).mean(1)
        on_test = gaussian(squared, floor + factor * spread)
        if best is None:
            best = on_val, on_test
        else:
            better = on_val < best[0]
            best = torch.where(better, on_val, best[0]), torch.where(better[:, None], on_test, best[1])
    columns = {
        "validation.mse": val_squared.mean(1),
        "validation.nllCalibrated": best[0],
        "mse": squared.mean(1),
        "nllCalibrated": best[1].mean(1),
        "r2": 1 - squared.mean(1) / labels["test"].var(correction=0),
        "mseAt90": at_coverage(squared, spread, 0.9),
        "mseAt80": at_coverage(squared, spread, 0.8),
    }
    return to_dicts(columns, count), [(best[1][i], squared[i], None) for i in range(count)]


def gaussian(squared, variance):
    return 0.5 * (torch.log(2 * math.pi * variance) + squared / variance)


def at_coverage(losses, spread, coverage):
    """The loss on the rows with the least spread; of a single network, which has none, on all."""
    order = spread.argsort(1)[:, : int(coverage * losses.shape[1])]
    part = losses.gather(1, order).mean(1)
    return torch.where(spread.amax(1) > 0, part, losses.mean(1))


def to_dicts(columns, count):
    host = {name: values.double().tolist() for name, values in columns.items()}
    rows = []
    for i in range(count):
        rows.append({name: round(values[i], 6) for name, values in host.items() if values[i] == values[i]})
    return rows
