"""What scikit-learn, scipy and numpy say. Each peer takes a Case and returns a number or an array; None where the
library refuses or means something else, and the case is left to the other peers of the function."""

import itertools
import math
import warnings

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn.metrics as skm

from cases import Integers

TINY = 2.0**-126


def clipped(p):
    return np.maximum(p, TINY)


def one_hot(case):
    return np.eye(case.mean.shape[1])[case.labels]


def normalised(p):
    total = p.sum(axis=-1, keepdims=True)
    return np.where(total == 0, 1 / p.shape[-1], p / np.where(total == 0, 1, total))


def average(values, case):
    return np.average(values, axis=0, weights=case.weights)


def geometric(values, case):
    weights = np.broadcast_to(case.weights[:, None, None], values.shape)
    return scipy.stats.gmean(values, axis=0, weights=weights)


def votes(case):
    classes = case.mean.shape[1]
    chosen = case.probabilities.argmax(axis=2)
    return np.array([np.bincount(c, weights=case.weights, minlength=classes) for c in chosen.T])


def repeated(case):
    return np.repeat(case.probabilities, case.shares, axis=0)


def variance(case):
    return average((case.probabilities - case.mean) ** 2, case)


def cascade(case):
    """Members used and the outputs of a cascade in the members' order, thresholds 0.4, 0.5, 0.6, …"""
    used, outputs = [], []
    for row in range(len(case.labels)):
        for k in itertools.count(1):
            pooled = np.average(case.probabilities[:k, row], axis=0, weights=case.weights[:k])
            if k == len(case.probabilities) or pooled.max() >= 0.4 + 0.1 * (k - 1):
                break
        used.append(k)
        outputs.append(pooled)
    return np.concatenate([used, np.ravel(outputs)])


# --- combine -------------------------------------------------------------------------------------

COMBINE = {
    ("meanProbabilities", "numpy"): lambda c: average(c.probabilities, c),
    ("meanProbabilities of logits", "scipy"): lambda c: average(
        scipy.special.softmax(c.logits, axis=2), c
    ),
    ("meanLogits", "scipy"): lambda c: scipy.special.softmax(average(c.logits, c), axis=1),
    ("geometricMean", "scipy"): lambda c: normalised(
        geometric(clipped(c.probabilities), c)
    ),
    ("geometricMean of logits", "scipy"): lambda c: normalised(
        geometric(scipy.special.softmax(c.logits, axis=2), c)
    ),
    ("medianProbabilities", "numpy"): lambda c: normalised(np.median(c.probabilities, axis=0)),
    ("medianProbabilities, weighted", "numpy"): lambda c: normalised(np.median(repeated(c), axis=0)),
    ("majorityVote", "numpy"): votes,
    ("mean", "numpy"): lambda c: average(c.logits, c),
    ("median", "numpy"): lambda c: np.median(c.logits, axis=0),
    ("median, weighted", "numpy"): lambda c: np.median(np.repeat(c.logits, c.shares, axis=0), axis=0),
    ("softmax", "scipy"): lambda c: scipy.special.softmax(c.logits[0], axis=1),
    ("applyTemperature", "scipy"): lambda c: scipy.special.softmax(
        np.log(clipped(c.mean)) / (0.25 + c.seed % 8 / 2), axis=1
    ),
    ("memberVariance", "numpy"): variance,
    ("entropy", "scipy"): lambda c: scipy.stats.entropy(c.mean, axis=1),
    ("expectedEntropy", "scipy"): lambda c: average(
        scipy.stats.entropy(c.probabilities, axis=2), c
    ),
    ("mutualInformation", "scipy"): lambda c: average(
        scipy.stats.entropy(c.probabilities, np.broadcast_to(c.mean, c.probabilities.shape), axis=2),
        c,
    ),
    ("runCascade", "numpy"): cascade,
}

# --- metrics -------------------------------------------------------------------------------------


def labels_of(case):
    return np.arange(case.mean.shape[1])


def multiclass(case):
    return case.mean.shape[1] >= 2


def log_loss(case):
    own = case.mean[np.arange(len(case.labels)), case.labels]
    if not multiclass(case) or own.min() < 1e-15:
        return None
    return skm.log_loss(case.labels, case.mean, labels=labels_of(case))


def nll_of(p, labels):
    return -np.log(clipped(p[np.arange(len(labels)), labels])).mean()


def brier_score(case):
    if not multiclass(case):
        return None
    if case.mean.shape[1] == 2:
        # Of two classes scikit-learn takes the second alone: half of the sum.
        return 2 * skm.brier_score_loss(case.labels, case.mean[:, 1], labels=[0, 1], pos_label=1)
    return skm.brier_score_loss(
        case.labels, case.mean, labels=labels_of(case), scale_by_half=False
    )


def top_k(case):
    k = min(2, case.mean.shape[1])
    if case.mean.shape[1] < 3 or case.style in ("ties", "zeros"):
        return None  # ties are broken for the higher class there, for the lower one here
    return skm.top_k_accuracy_score(case.labels, case.mean, k=k, labels=labels_of(case))


def top_k_numpy(case):
    k = min(2, case.mean.shape[1])
    order = np.argsort(-case.mean, axis=1, kind="stable")[:, :k]
    return (order == case.labels[:, None]).any(axis=1).mean()


def confidence(case):
    """Of one member: a mean may differ in its last bit, and with it the bin of a confidence on an edge."""
    own = case.probabilities[0]
    return own.max(axis=1), (own.argmax(axis=1) == case.labels).astype(float)


def gap(groups, conf, hit):
    return sum(len(g) * abs(hit[g].mean() - conf[g].mean()) for g in groups if len(g)) / len(conf)


def ece(case, bins=15):
    conf, hit = confidence(case)
    edges = np.array([i / bins for i in range(bins + 1)])
    at = np.clip(np.digitize(conf, edges, right=True) - 1, 0, bins - 1)
    return gap([np.flatnonzero(at == b) for b in range(bins)], conf, hit)


def adaptive_ece(case, bins=5):
    conf, hit = confidence(case)
    if len(set(conf)) < len(conf):
        return None  # equal confidences are kept together here, and parted by array_split
    return gap(np.array_split(np.argsort(conf), bins), conf, hit)


def uncertainty_auroc(case):
    errors = (case.mean.argmax(axis=1) != case.labels).astype(int)
    if errors.min() == errors.max():
        return None
    return skm.roc_auc_score(errors, np.round(scipy.stats.entropy(case.mean, axis=1), 1))


def mann_whitney(case):
    positive = case.labels > 0
    if positive.all() or not positive.any():
        return None
    scores = np.floor(case.targets[:, 0] * 3)
    u = scipy.stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    return u / positive.sum() / (~positive).sum()


def r2_score(case):
    if len(case.targets) < 2:
        return None
    return skm.r2_score(case.targets, average(case.logits, case))


def gaussian_nll(case):
    spread = np.sqrt(np.maximum(np.var(case.logits, axis=0), 1e-3))
    return -scipy.stats.norm.logpdf(case.targets, np.mean(case.logits, axis=0), spread).mean()


METRICS = {
    ("accuracy", "scikit-learn"): lambda c: skm.accuracy_score(c.labels, c.mean.argmax(axis=1)),
    ("topKAccuracy", "scikit-learn"): top_k,
    ("topKAccuracy", "numpy"): top_k_numpy,
    ("nll", "scikit-learn"): log_loss,
    ("nll", "numpy"): lambda c: nll_of(c.mean, c.labels),
    ("brier", "scikit-learn"): brier_score,
    ("brier", "numpy"): lambda c: ((c.mean - one_hot(c)) ** 2).sum(axis=1).mean(),
    ("ece", "numpy"): ece,
    ("adaptiveEce", "numpy"): adaptive_ece,
    ("confusionMatrix", "scikit-learn"): lambda c: skm.confusion_matrix(
        c.labels, c.mean.argmax(axis=1), labels=labels_of(c)
    ),
    ("errorAuroc", "scikit-learn"): uncertainty_auroc,
    ("auroc", "scipy"): mann_whitney,
    ("mse", "scikit-learn"): lambda c: skm.mean_squared_error(c.targets, average(c.logits, c)),
    ("mae", "scikit-learn"): lambda c: skm.mean_absolute_error(c.targets, average(c.logits, c)),
    ("r2", "scikit-learn"): r2_score,
    ("gaussianNll", "scipy"): gaussian_nll,
}

# --- diversity -----------------------------------------------------------------------------------


def disagreement(case):
    chosen = case.probabilities.argmax(axis=2)
    return [[skm.zero_one_loss(a, b) for b in chosen] for a in chosen]


def correlation(case):
    flat = case.probabilities.reshape(len(case.probabilities), -1)
    if (flat.std(axis=1) < 1e-9).any():
        return None  # undefined: NaN there and here
    return np.atleast_2d(np.corrcoef(flat))


def squared_parts(case):
    members = [skm.mean_squared_error(case.targets, m) for m in case.logits]
    mean = average(case.logits, case)
    spread = average((case.logits - mean) ** 2, case).mean()
    return [skm.mean_squared_error(case.targets, mean), np.dot(case.weights, members), spread]


def brier_parts(case):
    def score(p):
        return ((p - one_hot(case)) ** 2).sum(axis=1).mean()

    members = [score(m) for m in case.probabilities]
    return [score(case.mean), np.dot(case.weights, members), variance(case).sum(axis=1).mean()]


def equivalent(case):
    curve = np.sort(case.logits.ravel())[::-1]
    if len(curve) < 2:
        return None
    loss = curve[0] * 0.3 + curve[-1] * 0.7
    return np.interp(-loss, -curve, 1 + np.arange(len(curve)))


DIVERSITY = {
    ("pairwiseDisagreement", "scikit-learn"): disagreement,
    ("outputCorrelation", "numpy"): correlation,
    ("ambiguity", "scikit-learn"): squared_parts,
    ("brierAmbiguity", "numpy"): brier_parts,
    ("deepEnsembleEquivalent", "numpy"): equivalent,
}

# --- selection -----------------------------------------------------------------------------------


def best_members(case):
    losses = [nll_of(m, case.labels) for m in case.probabilities]
    return np.argsort(losses, kind="stable")[: (len(losses) + 1) // 2]


def first_least(losses):
    """Losses equal but for rounding would make the choice a matter of luck: the case is left out."""
    losses = np.array(losses)
    if (np.sort(losses)[1:2] - losses.min() < 1e-12).any():
        raise Undecided
    return int(losses.argmin())


class Undecided(Exception):
    pass


def greedy(case, rounds=6):
    """Counts of Caruana's forward selection with replacement, by its definition."""
    chosen, losses = [], []
    for _ in range(rounds):
        trial = [
            nll_of(case.probabilities[chosen + [m]].mean(axis=0), case.labels)
            for m in range(len(case.probabilities))
        ]
        chosen.append(first_least(trial))
        losses.append(min(trial))
    kept = chosen[: first_least(losses) + 1]
    return np.bincount(kept, minlength=len(case.probabilities)) / len(kept)


def drop_worst(case):
    kept = list(range(len(case.probabilities)))

    def score(members):
        return nll_of(case.probabilities[members].mean(axis=0), case.labels)

    while len(kept) > 1:
        trial = [[m for m in kept if m != dropped] for dropped in kept]
        best = trial[first_least([score(t) for t in trial])]
        if score(best) >= score(kept):
            break
        kept = best
    return [int(m in kept) for m in range(len(case.probabilities))]


def decided(function):
    def peer(case):
        try:
            return function(case)
        except Undecided:
            return None

    return peer


def least_on_simplex(value, gradient, members):
    """SLSQP from several starts, the best kept."""
    starts = [np.full(members, 1 / members)] + [
        np.full(members, 0.1 / members) + 0.9 * np.eye(members)[m] for m in range(members)
    ]
    best = math.inf
    for start in starts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = scipy.optimize.minimize(
                value,
                start,
                jac=gradient,
                method="SLSQP",
                bounds=[(0, 1)] * members,
                constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
                options={"ftol": 1e-16, "maxiter": 2000},
            )
        weights = np.clip(found.x, 0, None)
        best = min(best, value(weights / weights.sum()))
    return best


def convex_nll(case):
    own = clipped(case.probabilities[:, np.arange(len(case.labels)), case.labels])
    if own.min() == TINY:
        return None  # SLSQP does not get through a curvature of 1e76
    return least_on_simplex(
        lambda w: -np.log(np.maximum(w @ own, TINY)).mean(),
        lambda w: -(own / np.maximum(w @ own, TINY)).mean(axis=1),
        len(own),
    )


def convex_squares(errors):
    flat = errors.reshape(len(errors), -1)
    gram = flat @ flat.T
    return lambda scale: least_on_simplex(
        lambda w: w @ gram @ w / scale, lambda w: 2 * gram @ w / scale, len(errors)
    )


SELECTION = {
    ("bestMembers", "numpy"): best_members,
    ("greedyMembers", "numpy"): decided(greedy),
    ("dropWorstMembers", "numpy"): decided(drop_worst),
    ("convexWeights, nll", "scipy"): convex_nll,
    ("convexWeights, brier", "scipy"): lambda c: convex_squares(c.probabilities - one_hot(c))(
        len(c.labels)
    ),
    ("convexWeights, mse", "scipy"): lambda c: convex_squares(c.logits - c.targets)(c.targets.size),
}

# --- calibration, conformal, bootstrap ----------------------------------------------------------


def temperature(case):
    logs = np.log(clipped(case.mean))
    own = logs[np.arange(len(case.labels)), case.labels]

    def slope(inverse):
        tempered = scipy.special.softmax(logs * inverse, axis=1)
        return ((tempered * logs).sum(axis=1) - own).mean()

    if slope(0.01) >= -1e-12 or slope(100) <= 1e-12:
        return None  # no minimum inside of the range
    return 1 / scipy.optimize.brentq(slope, 0.01, 100, xtol=1e-15, rtol=1e-15, maxiter=1000)


def alpha_of(case):
    return (0.1, 0.2, 0.35)[case.seed % 3]


def conformal_quantile(scores, alpha, otherwise):
    level = math.ceil(round((len(scores) + 1) * (1 - alpha), 9)) / len(scores)
    return otherwise if level > 1 else np.quantile(scores, level, method="inverted_cdf")


def split_threshold(case):
    own = case.mean[np.arange(len(case.labels)), case.labels]
    return conformal_quantile(1 - own, alpha_of(case), 1.0)


def aps_scores(p):
    """[rows, classes]: the probability of all classes at least as likely, ties to 1 part in 2¹⁶ included."""
    less = p[:, None, :] < p[:, :, None] * (1 - 2.0**-16)
    return 1 - (p[:, None, :] * less).sum(axis=2)


def aps_threshold(case):
    own = aps_scores(case.mean)[np.arange(len(case.labels)), case.labels]
    return conformal_quantile(own, alpha_of(case), 1.0)


def interval_width(case):
    widest = np.abs(case.targets - case.logits[0]).max(axis=1)
    width = conformal_quantile(widest, alpha_of(case), math.nan)
    return None if math.isnan(width) else width


def mean_interval(case):
    """Each bound the farther of bootstrap-t and Student's t, within the values; 99 resamples, 90 %."""
    values = case.targets.ravel()
    n = len(values)
    if n < 3:
        return None  # resamples of two values are all alike too often to have percentiles
    draw = Integers(case.seed)
    samples = np.array([[values[draw(n)] for _ in range(n)] for _ in range(99)])
    errors = scipy.stats.sem(samples, axis=1)
    shifts = samples.mean(axis=1) - values.mean()
    if (errors < 1e-9).any():
        return None
    low, high = np.percentile(shifts / errors, [5, 95])
    t = scipy.stats.t.ppf(0.95, n - 1)
    error = scipy.stats.sem(values)
    lower, upper = values.mean() - error * max(t, high), values.mean() + error * max(t, -low)
    return [max(lower, values.min()), min(upper, values.max())]


FITTING = {
    ("fitTemperature", "scipy"): temperature,
    ("fitConformal, split", "numpy"): split_threshold,
    ("fitConformal, aps", "numpy"): aps_threshold,
    ("fitConformalIntervals", "numpy"): interval_width,
    ("meanInterval", "scipy"): mean_interval,
}

# --- unsure --------------------------------------------------------------------------------------

# Scores that differ by less are in another order wherever sums are taken in another order.
NEAR = 1e-6
# Our threshold leaves room for float32: a row this close to it may fall to the other side.
ROOM = 1e-5
SHARES = (0.1, 0.2, 0.35)


def of_all(scores):
    """A score of the pooled members, `[rows]`; None where some rows nearly tie."""

    def unless_near(case):
        values = scores(case)
        tied = len(set(values)) < len(values)
        return None if tied or close(values, NEAR) else values

    return unless_near


def close(values, room):
    """Whether some rows differ, but by less than that."""
    gaps = np.diff(np.unique(values))
    return len(gaps) > 0 and gaps.min() < room


def unsure_first(case):
    """Of one member, whose ties are ties everywhere."""
    return -case.probabilities[0].max(axis=1)


unsure_entropy = of_all(lambda c: scipy.stats.entropy(c.mean, axis=1))
unsure_information = of_all(COMBINE[("mutualInformation", "scipy")])
unsure_energy = of_all(lambda c: -average(scipy.special.logsumexp(c.logits, axis=2), c))


def unknown_inputs(scores):
    """AUROC and FPR at 95 % of the first half of the rows as known inputs, the rest as unknown ones."""

    def peer(case):
        values = scores(case)
        half = len(case.labels) // 2
        if values is None or half == 0:
            return None
        known = np.arange(len(values)) < half
        fpr, tpr, _ = skm.roc_curve(known, -values, drop_intermediate=False)
        return [skm.roc_auc_score(~known, values), fpr[np.argmax(tpr >= 0.95 - 1e-9)]]

    return peer


def risk_coverage(case):
    """Risks and their mean by the definition, tied rows in every order alike: Geifman et al. 2019, eq. 1 to 3."""
    unsure, tie = np.unique(np.floor(case.targets[:, 0] * 3), return_inverse=True)
    losses = (case.probabilities[0].argmax(axis=1) != case.labels).astype(float)
    expected = (np.bincount(tie, losses) / np.bincount(tie))[np.sort(tie)]
    rows = len(losses)
    risks = [expected[:k].mean() for k in range(1, rows + 1)]
    at = [math.ceil(round(c * rows, 9)) for c in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)]
    return [*(risks[k - 1] for k in at), np.mean(risks)]


def abstaining(scores):
    """Of the rows [0, half) as many of the least sure as may be refused, all of a tie or none; which rows that refuses."""

    def peer(case):
        values = scores(case)
        half = len(case.labels) // 2
        if values is None or half == 0 or close(values, ROOM * max(1, abs(values).max())):
            return None
        fit, share = values[:half], SHARES[case.seed % 3]
        allowed = [t for t in fit if (fit > t).sum() <= share * half]
        return [(fit > min(allowed)).mean(), *(values > min(allowed))]

    return peer


UNSURE = {
    ("unknownInputs, largestProbability", "scikit-learn"): unknown_inputs(unsure_first),
    ("unknownInputs, entropy", "scikit-learn"): unknown_inputs(unsure_entropy),
    ("unknownInputs, mutualInformation", "scikit-learn"): unknown_inputs(unsure_information),
    ("unknownInputs, energy", "scikit-learn"): unknown_inputs(unsure_energy),
    ("riskCoverage", "numpy"): risk_coverage,
    ("abstain, largestProbability", "numpy"): abstaining(unsure_first),
    ("abstain, entropy", "numpy"): abstaining(unsure_entropy),
    ("abstain, energy", "numpy"): abstaining(unsure_energy),
}

# File → (group of cases, peers).
FILES = {
    "unsure": ("large", UNSURE),
    "combine": ("small", COMBINE),
    "metrics": ("large", METRICS),
    "diversity": ("large", DIVERSITY),
    "selection": ("large", SELECTION),
    "fitting": ("large", FITTING),
}
