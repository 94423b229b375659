"""The two forms a trained model takes in an artefact: one table a feature, or a forest of complete trees."""
from dataclasses import dataclass

import numpy as np

NAN_AS_ZERO, NAN_LEFT, NAN_RIGHT = 0, 1, 2
ALWAYS_LEFT = 255


@dataclass(frozen=True)
class Additive:
    """Raw score = intercept + one value a feature; `tables[f]` holds one value a bin and one for NaN at its end."""

    intercept: float
    thresholds: list
    tables: list

    def raw(self, x):
        total = np.full(len(x), self.intercept)
        for f, (edges, table) in enumerate(zip(self.thresholds, self.tables)):
            total = total + np.asarray(table)[bins(x[:, f], edges)]
        return total


@dataclass(frozen=True)
class Tree:
    """Inner nodes as (feature, threshold, rule of NaN, left, right), children below zero are ~leaf."""

    feature: list
    threshold: list
    rule: list
    left: list
    right: list
    leaf: list

    def depth(self):
        deepest, stack = 0, [(0, 0)] if self.feature else []
        while stack:
            node, level = stack.pop()
            deepest = max(deepest, level + 1)
            stack += [(child, level + 1) for child in (self.left[node], self.right[node]) if child >= 0]
        return deepest


@dataclass(frozen=True)
class Forest:
    """Raw score = start + sum of the leaves in the order of the trees; `divisor` is for mean path lengths only."""

    features: int
    trees: list
    start: float = 0.0
    divisor: float | None = None

    def thresholds(self):
        used = [set() for _ in range(self.features)]
        for tree in self.trees:
            for f, t in zip(tree.feature, tree.threshold):
                used[f].add(t)
        return [sorted(values) for values in used]


def bins(values, edges):
    """Number of thresholds below each value; NaN gets the place behind the last bin."""
    found = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, found)
