"""From the raw score to log-odds, points and reasons, exactly as risk/FORMAT.md says."""
import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

# Golden rows closer than this to a tie, to zero or to half a point are left out: two right programs may differ there in the last bit.
NEAR = 1e-9
# Rows evaluated at once.
BLOCK = 20_000


@dataclass(frozen=True)
class Scale:
    slope: float = 1.0
    intercept: float = 0.0
    base_score: int = 600
    base_odds: int = 50
    pdo: int = 20
    min_score: int = 300
    max_score: int = 850

    def log_odds(self, raw):
        return self.slope * raw + self.intercept

    def points(self, log_odds):
        """Unrounded and unclamped."""
        return self.base_score + (self.pdo / math.log(2)) * (-log_odds - math.log(self.base_odds))

    def score(self, log_odds):
        points = self.points(np.asarray(log_odds, dtype=np.float64))
        rounded = np.sign(points) * np.floor(np.abs(points) + 0.5)
        return np.clip(rounded, self.min_score, self.max_score).astype(np.int64)

    def log_odds_at(self, score):
        return -math.log(self.base_odds) - (score - self.base_score) * math.log(2) / self.pdo


class Explainer:
    """Exact baseline Shapley values over the reason groups."""

    def __init__(self, loaded, features, scale, reference):
        self.loaded, self.scale = loaded, scale
        self.codes = sorted({feature.group for feature in features})
        self.members = [[i for i, feature in enumerate(features) if feature.group == code] for code in self.codes]
        self.reference = loaded.bin_rows(np.asarray([reference], dtype=np.float64))[0]

    def values(self, x):
        """(values, ambiguous) of every row: one value a group, and whether two right programs could order them differently."""
        found = self.loaded.bin_rows(np.asarray(x, dtype=np.float64))
        g = len(self.codes)
        worth = np.empty((2**g, len(found)))
        together = max(1, BLOCK // max(1, len(found)))
        for first in range(0, 2**g, together):
            subsets = np.arange(first, min(first + together, 2**g))
            rows = np.tile(self.reference, (len(subsets), len(found), 1))
            for k in range(g):
                inside = np.flatnonzero(subsets >> k & 1)
                rows[np.ix_(inside, np.arange(len(found)), self.members[k])] = found[:, self.members[k]]
            raw = self.loaded.raw_of_bins(rows.reshape(-1, found.shape[1]))
            worth[subsets] = self.scale.log_odds(raw).reshape(len(subsets), len(found))
        values, moved = shapley(worth, g)
        ordered = np.sort(values, axis=1)
        close = (np.diff(ordered, axis=1) < NEAR) & (ordered[:, 1:] > -NEAR)
        both_zero = (ordered[:, 1:] == 0) & (ordered[:, :-1] == 0)
        near_zero = (np.abs(values) < NEAR) & moved
        return values, (close & ~both_zero).any(axis=1) | near_zero.any(axis=1)

    def reasons(self, values):
        """Codes of at most four groups with a value above zero, the largest first, equal ones by code."""
        order = sorted(range(len(values)), key=lambda k: (-values[k], self.codes[k]))
        return [self.codes[k] for k in order if values[k] > 0][:4]

    def towards_reference(self, x, rows_codes):
        """The rows with the features of the named groups at the reference, as raw scores."""
        found = self.loaded.bin_rows(np.asarray(x, dtype=np.float64))
        for row, codes in enumerate(rows_codes):
            for code in codes:
                members = self.members[self.codes.index(code)]
                found[row, members] = self.reference[members]
        return self.loaded.raw_of_bins(found)


def shapley(worth, g):
    """(values, moved) from the worth of all 2^g subsets (bit k = group k); `moved`: the group changed some subset's worth."""
    rows = worth.shape[1]
    values, moved = np.zeros((rows, g)), np.zeros((rows, g), dtype=bool)
    for k in range(g):
        others = [j for j in range(g) if j != k]
        for size in range(g):
            weight = math.factorial(size) * math.factorial(g - size - 1) / math.factorial(g)
            for chosen in combinations(others, size):
                subset = sum(1 << j for j in chosen)
                gain = worth[subset | 1 << k] - worth[subset]
                values[:, k] += weight * gain
                moved[:, k] |= gain != 0
    return values, moved
