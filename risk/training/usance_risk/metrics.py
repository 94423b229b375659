"""Figures of a model on rows it has not seen, each with a 95 % interval."""
import numpy as np
from scipy.stats import rankdata

SEED = 20_261
RESAMPLES = 200
Z95 = 1.959963984540054


def auc(y, score):
    """Area under the ROC curve; `score` rises with the risk, ties count half."""
    bad = y == 1
    n1, n0 = int(bad.sum()), int((~bad).sum())
    if n1 == 0 or n0 == 0:
        raise ValueError("AUC needs rows of both outcomes")
    ranks = rankdata(score)
    return float((ranks[bad].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def auc_error(y, score):
    """Standard error of the AUC after DeLong, DeLong and Clarke-Pearson (1988), by mid-ranks."""
    bad = y == 1
    n1, n0 = int(bad.sum()), int((~bad).sum())
    ranks = rankdata(score)
    v10 = (ranks[bad] - rankdata(score[bad])) / n0
    v01 = 1 - (ranks[~bad] - rankdata(score[~bad])) / n1
    return float(np.sqrt(v10.var(ddof=1) / n1 + v01.var(ddof=1) / n0))


def auc_interval(y, score):
    value, error = auc(y, score), auc_error(y, score)
    return interval(value, value - Z95 * error, min(1.0, value + Z95 * error))


def interval(value, low, high):
    return {"value": value, "low": low, "high": high}


def ks(y, score):
    """Largest distance between the score distributions of good and bad rows."""
    order = np.argsort(score, kind="stable")
    s, t = score[order], y[order]
    gap = np.cumsum(t) / max(t.sum(), 1) - np.cumsum(1 - t) / max((1 - t).sum(), 1)
    last_of_tie = np.append(s[1:] != s[:-1], True)
    return float(np.abs(gap[last_of_tie]).max())


def pd_of(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def brier(y, log_odds):
    return float(np.mean((pd_of(log_odds) - y) ** 2))


def log_loss(y, log_odds):
    return float(np.mean(np.logaddexp(0, np.where(y == 1, -log_odds, log_odds))))


def ece(y, log_odds, bins=20):
    """Mean distance between predicted and observed rate over `bins` equally large groups of rows."""
    order = np.argsort(log_odds, kind="stable")
    p = pd_of(log_odds[order])
    return float(sum(abs(p[part].mean() - y[order][part].mean()) * len(part) / len(y)
                     for part in np.array_split(np.arange(len(y)), bins) if len(part)))


def recalibration(y, log_odds, offset=False):
    """Logistic fit of the outcome on the log-odds: (intercept, slope, their standard errors).

    With `offset` the slope is held at 1, so that the intercept is calibration in the large.
    """
    x = np.column_stack([np.ones(len(y)), log_odds])
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        p = pd_of(x @ beta)
        w = p * (1 - p)
        hessian = np.array([[w.sum(), (w * log_odds).sum()], [0, (w * log_odds * log_odds).sum()]])
        hessian[1, 0] = hessian[0, 1]
        gradient = np.array([(y - p).sum(), ((y - p) * log_odds).sum()])
        if offset:
            step = np.array([gradient[0] / hessian[0, 0], 0.0])
        else:
            step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    if offset:
        errors = np.array([1 / np.sqrt(hessian[0, 0]), 0.0])
    return float(beta[0]), float(beta[1]), float(errors[0]), float(errors[1])


def all_figures(y, log_odds):
    """Every figure of `metrics` in model.json; AUC by DeLong, the others by a bootstrap with a fixed seed."""
    y = np.asarray(y, dtype=np.int64)
    log_odds = np.asarray(log_odds, dtype=np.float64)
    point = _figures(y, log_odds)
    rng = np.random.default_rng(SEED)
    drawn = {name: [] for name in point}
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(y), len(y))
        for name, value in _figures(y[rows], log_odds[rows]).items():
            drawn[name].append(value)
    out = {"auc": auc_interval(y, log_odds)}
    out["gini"] = {key: 2 * value - 1 for key, value in out["auc"].items()}
    for name, value in point.items():
        low, middle, high = np.quantile(drawn[name], [0.025, 0.5, 0.975])
        # Drawing rows twice makes groups noisier, so ece rises in the samples: the interval is moved back by that much.
        out[name] = interval(value, *(float(v + value - middle) for v in (low, high)))
        if name in ("ks", "brier", "log_loss", "ece"):
            out[name]["low"] = max(0.0, out[name]["low"])
    return out


def _figures(y, log_odds):
    _, slope, _, _ = recalibration(y, log_odds)
    intercept, _, _, _ = recalibration(y, log_odds, offset=True)
    return {"ks": ks(y, log_odds), "brier": brier(y, log_odds), "log_loss": log_loss(y, log_odds),
            "ece": ece(y, log_odds), "slope": slope, "intercept": intercept}


def psi(expected, observed, floor=1e-4):
    """Population stability index of two lists of shares over the same bins."""
    e, o = np.maximum(expected, floor), np.maximum(observed, floor)
    return float(((o - e) * np.log(o / e)).sum())
