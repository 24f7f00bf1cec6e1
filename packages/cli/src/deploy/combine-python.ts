/** Functions in Python that combine members' outputs by a policy, as `ensemble-math` does; they need `np`. */
export const combinePython = `def softmax(values):
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log(values):
    return np.log(np.maximum(values, 1e-38))


def odds(p):
    return log(p) - log(1 - p)


def entropy(kind, p):
    """[..., 1]; of several labels their mean."""
    if kind in ("binary", "multi-label"):
        return -(p * log(p) + (1 - p) * log(1 - p)).mean(axis=-1, keepdims=True)
    return -(p * log(p)).sum(axis=-1, keepdims=True)


def combine(policy, raw):
    """Members' raw outputs [members, rows, ..., values] -> prediction, the same before the temperature, and the members as probabilities."""
    kind, rule = policy["kind"], policy["combine"]
    weights = np.array(policy["weights"]).reshape(-1, *[1] * (raw.ndim - 1))
    if kind == "regression":
        mean = (weights * raw).sum(axis=0)
        return mean, mean, raw
    members = softmax(raw) if kind == "logits" else raw
    independent = kind in ("binary", "multi-label")
    if rule == "meanProbabilities":
        pooled = (weights * members).sum(axis=0)
    elif independent:
        pooled = 1 / (1 + np.exp(-(weights * odds(members)).sum(axis=0)))
    else:
        logits = raw if kind == "logits" and rule == "meanLogits" else log(members)
        pooled = softmax((weights * logits).sum(axis=0))
    t = policy["temperature"]
    if t == 1:
        return pooled, pooled, members
    return (1 / (1 + np.exp(-odds(pooled) / t)) if independent else softmax(log(pooled) / t)), pooled, members


def whole(policy, raw):
    """Everything that can be asked about one prediction, by role, from these members."""
    prediction, pooled, members = combine(policy, raw)
    found = {"prediction": prediction, "members": np.moveaxis(members, 0, 1)}
    weights = np.array(policy["weights"]).reshape(-1, *[1] * (raw.ndim - 1))
    mean = (weights * members).sum(axis=0)
    if policy["kind"] == "regression":
        found["variance"] = (weights * (members - mean) ** 2).sum(axis=0)
        return found
    both = np.maximum(pooled, 1 - pooled) if policy["kind"] == "binary" else pooled
    found["confidence"] = both.max(axis=-1, keepdims=True)
    found["predictive_entropy"] = entropy(policy["kind"], mean)
    found["expected_entropy"] = (weights * entropy(policy["kind"], members)).sum(axis=0)
    found["mutual_information"] = np.maximum(found["predictive_entropy"] - found["expected_entropy"], 0)
    return found


def statistics(policy, raw):
    """As \`whole\`; with a cascade each row is that of the stage at which it would have stopped."""
    found = whole(policy, raw)
    if "cascade" not in policy:
        return found
    order, thresholds = policy["cascade"]["order"], policy["cascade"]["thresholds"]
    waiting = np.ones(found["prediction"].shape[:-1], bool)
    for stage, threshold in enumerate(thresholds):
        running = order[: stage + 1]
        weights = np.array(policy["weights"])[running]
        weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(running), 1 / len(running))
        part = whole({**policy, "weights": weights}, raw[running])
        leaving = waiting & (part["confidence"][..., 0] >= threshold)
        for role in part:
            if role != "members":
                found[role][leaving] = part[role][leaving]
        waiting &= ~leaving
    return found`;
