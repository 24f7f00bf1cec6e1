"""What torchmetrics and netcal say about calibration; both need PyTorch."""

import torch
from netcal.metrics import ECE
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error
from torchmetrics.functional.classification import binary_auroc, binary_roc
from torchmetrics.functional.classification import multiclass_confusion_matrix

from peers import unsure_entropy, unsure_first


def smooth(case):
    """Of rows whose confidence may lie on the edge of a bin, edges belong elsewhere in these libraries."""
    return case.style in ("random", "sharp") and case.mean.shape[1] >= 2


def torchmetrics_ece(case):
    if not smooth(case):
        return None
    p, y = torch.tensor(case.probabilities[0]), torch.tensor(case.labels)
    return float(multiclass_calibration_error(p, y, num_classes=p.shape[1], n_bins=15, norm="l1"))


def netcal_ece(case):
    if not smooth(case) or len(set(case.labels)) < 3:
        return None  # netcal takes two labels for a binary task
    return float(ECE(15).measure(case.probabilities[0], case.labels))


def torchmetrics_accuracy(case):
    if not smooth(case):
        return None
    p, y = torch.tensor(case.mean), torch.tensor(case.labels)
    return float(multiclass_accuracy(p, y, num_classes=p.shape[1], average="micro"))


def torchmetrics_confusion(case):
    if not smooth(case):
        return None
    p, y = torch.tensor(case.mean), torch.tensor(case.labels)
    return multiclass_confusion_matrix(p, y, num_classes=p.shape[1]).numpy()


def torchmetrics_unknown_inputs(scores):
    """AUROC and FPR at 95 %: see unknown_inputs of peers.py."""

    def peer(case):
        values = scores(case)
        half = len(case.labels) // 2
        if values is None or half == 0:
            return None
        # In [0, 1], or torchmetrics takes them for logits.
        known = torch.tensor(-values / 8 + 0.5)
        is_known = (torch.arange(len(values)) < half).long()
        fpr, tpr, _ = binary_roc(known, is_known)
        reached = (tpr >= 0.95 - 1e-6).nonzero()[0, 0]
        return [float(binary_auroc(known, is_known)), float(fpr[reached])]

    return peer


FLOAT32 = {"tolerance": 1e-5, "reason": "torchmetrics computes in float32"}

TORCH = {
    ("ece", "torchmetrics"): torchmetrics_ece,
    ("ece", "netcal"): netcal_ece,
    ("accuracy", "torchmetrics"): torchmetrics_accuracy,
    ("confusionMatrix", "torchmetrics"): torchmetrics_confusion,
    ("unknownInputs, largestProbability", "torchmetrics"): torchmetrics_unknown_inputs(unsure_first),
    ("unknownInputs, entropy", "torchmetrics"): torchmetrics_unknown_inputs(unsure_entropy),
}
IN_FLOAT32 = (
    "ece",
    "accuracy",
    "unknownInputs, largestProbability",
    "unknownInputs, entropy",
)
NOTES = {(function, "torchmetrics"): FLOAT32 for function in IN_FLOAT32}
