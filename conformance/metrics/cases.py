"""Random cases from a seed, bit for bit the same here and in packages/ensemble-math/test/cases.ts.

Only additions, multiplications and divisions of float64 are used: those are exact everywhere, exp is not.
"""

from dataclasses import dataclass

import numpy as np

MASK = 0xFFFFFFFF
STYLES = ("random", "sharp", "zeros", "ties")


class Integers:
    """xoshiro128** seeded by splitmix32."""

    def __init__(self, seed):
        self.state = [splitmix32(seed + (i + 1) * 0x9E3779B9) for i in range(4)]

    def __call__(self, bound):
        s = self.state
        result = rotate(s[1] * 5 & MASK, 7) * 9 & MASK
        shifted = s[1] << 9 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 11)
        return int(result / 2**32 * bound)


def rotate(value, by):
    return (value << by | value >> (32 - by)) & MASK


def splitmix32(seed):
    z = seed & MASK
    z = (z ^ z >> 16) * 0x21F0AAAD & MASK
    z = (z ^ z >> 15) * 0x735A2D97 & MASK
    return z ^ z >> 15


@dataclass
class Case:
    seed: int
    style: str
    probabilities: np.ndarray  # [members, rows, classes]
    logits: np.ndarray  # [members, rows, classes]
    weights: np.ndarray  # [members], sum 1
    shares: np.ndarray  # [members], the integers the weights are made of
    labels: np.ndarray  # [rows]
    targets: np.ndarray  # [rows, classes]

    @property
    def mean(self):
        return np.average(self.probabilities, axis=0, weights=self.weights)


def shape_of(group, index):
    """[members, rows, classes]: one member, one row and one class come up again and again."""
    members = 1 + index * 7 % 6
    classes = 1 + index * 5 % 7
    rows = 1 + index % 3 if group == "small" else 1 + index * 13 % 60
    return members, rows, classes


def make_case(group, index):
    members, rows, classes = shape_of(group, index)
    seed = index + (1000 if group == "small" else 2000)
    style = STYLES[index // 3 % len(STYLES)]
    draw = Integers(seed)

    def uniform():
        return draw(2**32) / 2**32

    def row():
        values = [value(style, uniform()) for _ in range(classes)]
        total = 0.0
        for v in values:
            total += v
        if total == 0:
            return [1.0] + [0.0] * (classes - 1)
        return [v / total for v in values]

    probabilities = np.array([[row() for _ in range(rows)] for _ in range(members)])
    logits = np.array([(uniform() - 0.5) * 12 for _ in range(members * rows * classes)])
    shares = np.array([1 + draw(4) for _ in range(members)])
    labels = [
        int(np.argmax(probabilities[0, r])) if uniform() < 0.6 else draw(classes)
        for r in range(rows)
    ]
    targets = np.array([uniform() * 4 - 2 for _ in range(rows * classes)])
    return Case(
        seed,
        style,
        probabilities,
        logits.reshape(members, rows, classes),
        shares / shares.sum(),
        shares,
        np.array(labels),
        targets.reshape(rows, classes),
    )


def value(style, u):
    if style == "sharp":
        square = u * u
        fourth = square * square
        return fourth * fourth
    if style == "zeros":
        return 0.0 if u < 0.4 else u
    if style == "ties":
        return 1.0 + int(u * 3)
    return u


def checksum(case):
    """Sum of all inputs in order, to know at once if the two generators drift apart."""
    total = 0.0
    for v in np.concatenate(
        [case.probabilities.ravel(), case.logits.ravel(), case.labels, case.targets.ravel()]
    ):
        total += v
    return total


GROUPS = {"small": 150, "large": 320}


def all_cases(group, count=None):
    return [make_case(group, index) for index in range(count or GROUPS[group])]
