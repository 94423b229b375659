"""The baseline: weight-of-evidence bins, monotone where asked, and a logistic regression over them."""
import math

import numpy as np

from .metrics import pd_of
from .models import Additive, bins

# A bin's evidence counts as if this many average rows had been seen too, so small bins stay near zero.
PRIOR_ROWS = 20.0
FINE_BINS = 24
MIN_SHARE = 0.04
RIDGE = 1.0


def woe(bad, good, all_bad, all_good):
    """Weight of evidence (above zero = riskier than average), shrunk towards zero by `PRIOR_ROWS`."""
    rate = all_bad / (all_bad + all_good)
    b = bad + PRIOR_ROWS * rate
    g = good + PRIOR_ROWS * (1 - rate)
    return math.log(b / (all_bad + PRIOR_ROWS * rate)) - math.log(g / (all_good + PRIOR_ROWS * (1 - rate)))


def edges_of(values, y, direction=None, coded=False):
    """Upper edges of all bins but the last.

    `direction` "UP" or "DOWN" makes the rate of bad rows monotone by pooling adjacent violators; `coded` keeps one bin a code.
    """
    known = ~np.isnan(values)
    v, t = values[known], y[known]
    if len(v) == 0:
        return []
    distinct = np.unique(v)
    if coded or len(distinct) <= FINE_BINS:
        cuts = [(a + b) / 2 for a, b in zip(distinct[:-1], distinct[1:])]
    else:
        quantiles = np.unique(np.quantile(v, np.linspace(0, 1, FINE_BINS + 1)[1:-1], method="lower"))
        cuts = [float(q) for q in quantiles if q < distinct[-1]]
    place = bins(v, cuts)
    groups = [[float(t[place == k].sum()), float((place == k).sum()), edge]
              for k, edge in enumerate([*cuts, math.inf])]
    groups = [group for group in groups if group[1] > 0]
    if not coded:
        groups = _merge_small(groups, MIN_SHARE * len(v))
    if direction is not None:
        groups = _pool(groups, 1 if direction == "UP" else -1)
    return [float(group[2]) for group in groups[:-1]]


def _merge_small(groups, least):
    """Joins the smallest bin with the neighbour whose rate is nearer until every bin has `least` rows."""
    groups = [list(group) for group in groups]
    while len(groups) > 1:
        k = min(range(len(groups)), key=lambda i: (groups[i][1], i))
        if groups[k][1] >= least:
            break
        near = [i for i in (k - 1, k + 1) if 0 <= i < len(groups)]
        rate = groups[k][0] / groups[k][1]
        other = min(near, key=lambda i: (abs(groups[i][0] / groups[i][1] - rate), i))
        a, b = min(k, other), max(k, other)
        groups[a:b + 1] = [[groups[a][0] + groups[b][0], groups[a][1] + groups[b][1], groups[b][2]]]
    return groups


def _pool(groups, sign):
    out = []
    for group in groups:
        out.append(list(group))
        while len(out) > 1 and sign * (out[-2][0] / out[-2][1]) >= sign * (out[-1][0] / out[-1][1]):
            last = out.pop()
            out[-1] = [out[-1][0] + last[0], out[-1][1] + last[1], last[2]]
    return out


def fit(features, x, y):
    """An additive model in log-odds of bad; every weight is at least zero, so a bin's sign is its evidence's sign."""
    all_bad, all_good = float(y.sum()), float((1 - y).sum())
    edges, evidence, columns = [], [], []
    for f, feature in enumerate(features):
        cuts = edges_of(x[:, f], y, feature.monotone, coded=feature.unordered)
        place = bins(x[:, f], cuts)
        table = [woe(float(y[place == k].sum()), float((1 - y)[place == k].sum()), all_bad, all_good)
                 for k in range(len(cuts) + 2)]
        if feature.monotone is not None:
            sign = 1 if feature.monotone == "UP" else -1
            table[:-1] = [sign * v for v in np.maximum.accumulate([sign * v for v in table[:-1]])]
        edges.append(cuts)
        evidence.append(table)
        columns.append(np.array(table)[place])
    weights, intercept = logistic(np.column_stack(columns), y)
    tables = [[round(w * v, 9) + 0.0 for v in table] for w, table in zip(weights, evidence)]
    return Additive(round(intercept, 9), edges, tables)


def logistic(x, y):
    """(weights at or above zero, intercept) of a ridge regression by Newton's method; a weight below zero is taken out."""
    active = list(range(x.shape[1]))
    while True:
        design = np.column_stack([x[:, active], np.ones(len(y))])
        penalty = np.array([RIDGE] * len(active) + [0.0])
        beta = np.zeros(design.shape[1])
        for _ in range(100):
            p = pd_of(design @ beta)
            gradient = design.T @ (y - p) - penalty * beta
            hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
            step = np.linalg.solve(hessian, gradient)
            beta = beta + step
            if np.abs(step).max() < 1e-9:
                break
        negative = [k for k, b in enumerate(beta[:-1]) if b < 0]
        if not negative:
            weights = np.zeros(x.shape[1])
            weights[active] = beta[:-1]
            return weights.tolist(), float(beta[-1])
        worst = min(negative, key=lambda k: beta[k])
        active.pop(worst)
