"""What MAPIE says about conformal prediction: the sets of the second half of a case's rows, given the first half."""

import numpy as np
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from peers import alpha_of
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin


class Given(ClassifierMixin, BaseEstimator):
    """Its inputs are its probabilities."""

    def __init__(self, classes=2):
        self.classes = classes
        self.classes_ = np.arange(classes)
        self.n_features_in_ = classes

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)

    def __sklearn_is_fitted__(self):
        return True


class GivenValue(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return X[:, 0]

    def __sklearn_is_fitted__(self):
        return True


def halves(case):
    rows = len(case.labels)
    return np.arange(rows // 2), np.arange(rows // 2, rows)


def too_few(case, calibration):
    alpha = alpha_of(case)
    return len(calibration) <= max(1 / alpha, 1 / (1 - alpha))


def split_sets(case):
    """Of APS there is nothing to compare: MAPIE's scores are randomised, those here are not."""
    calibration, test = halves(case)
    if case.mean.shape[1] < 2 or case.style == "ties" or too_few(case, calibration):
        return None
    p = case.probabilities[0]
    conformal = SplitConformalClassifier(
        Given(p.shape[1]),
        confidence_level=1 - alpha_of(case),
        conformity_score="lac",
        prefit=True,
    )
    conformal.conformalize(p[calibration], case.labels[calibration])
    threshold = np.quantile(
        1 - p[calibration, case.labels[calibration]],
        np.ceil((len(calibration) + 1) * (1 - alpha_of(case)) - 1e-9) / len(calibration),
        method="inverted_cdf",
    )
    distance = np.abs(1 - p[test] - threshold)
    if ((distance > 0) & (distance < 1e-7)).any():
        return None  # MAPIE counts as equal what is 1e-8 apart
    return conformal.predict_set(p[test])[1][:, :, 0]


def intervals(case):
    calibration, test = halves(case)
    if too_few(case, calibration):
        return None
    conformal = SplitConformalRegressor(
        GivenValue(), confidence_level=1 - alpha_of(case), prefit=True
    )
    x, y = case.logits[0][:, :1], case.targets[:, 0]
    conformal.conformalize(x[calibration], y[calibration])
    return conformal.predict_interval(x[test])[1][:, :, 0]


MAPIE = {
    ("predictionSets, split", "mapie"): split_sets,
    ("predictionIntervals", "mapie"): intervals,
}
