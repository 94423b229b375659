"""Fairness of held-out predictions by group. Protected attributes are read here and nowhere else."""
import numpy as np

from . import metrics

FEWEST = 30
"""Groups with fewer rows, or fewer bad or good ones, are counted but not judged; nobody is compared with a reference group like that."""


def report(spec, table, y, log_odds, score, cut_off):
    """Approval rate, adverse impact ratio, standardised mean difference, AUC and calibration of every group."""
    attributes = {}
    for name, (column, groups, against) in spec.protected.items():
        member = np.array([_group(groups, text) for text in table.text[column]])
        rows = {group: member == group for group in sorted(set(member) - {""})}
        base = rows[against]
        spread = float(score.std())
        attributes[name] = {
            "column": column, "reference": against,
            "groups": {group: _figures(y, log_odds, score, cut_off, inside, base, spread) for group, inside in rows.items()}}
    return {"model": spec.name, "cut_off": cut_off, "rows": len(y), "predictions": "held out", "attributes": attributes}


def _group(groups, text):
    if isinstance(groups, dict):
        return groups.get(text, "")
    found = ""
    for low, name in groups:
        if float(text) >= low:
            found = name
    return found


def _figures(y, log_odds, score, cut_off, inside, base, spread):
    approved = score >= cut_off
    out = {"rows": int(inside.sum()), "bad_rate": _six(y[inside].mean()), "approval_rate": _six(approved[inside].mean()),
           "adverse_impact_ratio": None, "smd": None, "auc": None, "slope": None, "intercept": None}
    if _few(y, inside):
        return out
    if not _few(y, base):
        out["adverse_impact_ratio"] = _six(approved[inside].mean() / approved[base].mean())
        out["smd"] = _six((score[inside].mean() - score[base].mean()) / spread)
    out["auc"] = {key: _six(v) for key, v in metrics.auc_interval(y[inside], log_odds[inside]).items()}
    for key, at, value in (("intercept", 0, True), ("slope", 1, False)):
        fit = metrics.recalibration(y[inside], log_odds[inside], offset=value)
        half = metrics.Z95 * fit[at + 2]
        out[key] = {"value": _six(fit[at]), "low": _six(fit[at] - half), "high": _six(fit[at] + half)}
    return out


def _few(y, inside):
    bad = int(y[inside].sum())
    return min(bad, int(inside.sum()) - bad) < FEWEST


def _six(value):
    return round(float(value), 6)
