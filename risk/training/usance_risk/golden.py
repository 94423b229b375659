"""Golden rows: the answers that every build has to give, to the bit."""
import math
import struct

import numpy as np

from .artefact import golden_line
from .scale import NEAR

HELD_OUT_ROWS = 1_000


def rows(features, loaded, held_out, base):
    """Held-out rows, an all-missing row, special values, and every threshold with its two neighbours on the base row."""
    out = [*held_out[:HELD_OUT_ROWS], np.full(len(features), np.nan)]

    def with_value(f, value):
        row = base.copy()
        row[f] = value
        return row

    for f, feature in enumerate(features):
        values = [np.nan, 0.0, *feature.special, *feature.codes.values()]
        for t in loaded.thresholds[f]:
            values += [math.nextafter(t, -math.inf), t, math.nextafter(t, math.inf)]
        out += [with_value(f, v) for v in dict.fromkeys(values)]
    out = np.array(out)
    # A value that the format spells in two ways (0 and -0) has one spelling here.
    return out + 0.0


def lines(x, loaded, scale, cut_off, explainer):
    """(text, rows left out because two right programs might differ in them)."""
    raw = loaded.raw(x)
    log_odds = scale.log_odds(raw)
    score = scale.score(log_odds)
    points = scale.points(log_odds)
    unclear = np.abs(np.abs(points - np.floor(points)) - 0.5) < NEAR
    reasons = [[] for _ in range(len(x))]
    below = np.flatnonzero(score < cut_off)
    if len(below):
        values, ambiguous = explainer.values(x[below])
        unclear[below] |= ambiguous
        for row, v in zip(below, values):
            reasons[row] = explainer.reasons(v)
    keep = np.flatnonzero(~unclear)
    text = "".join(golden_line(x[i], bits(raw[i]), score[i], reasons[i]) + "\n" for i in keep)
    return text, len(x) - len(keep)


def anomaly_lines(x, loaded):
    raw = loaded.raw(x)
    anomaly = np.array([1000 * 2.0 ** -float(r) for r in raw])
    keep = np.flatnonzero(np.abs(np.abs(anomaly - np.floor(anomaly)) - 0.5) > NEAR)
    return "".join(golden_line(x[i], bits(raw[i]), math.floor(anomaly[i] + 0.5), []) + "\n" for i in keep)


def bits(value):
    return struct.pack(">d", float(value)).hex()
