"""One set from its file to a signed artefact."""
import json
import math
import time
from dataclasses import dataclass, replace

import numpy as np

from . import artefact, binary, boosting, card, data, fairness, golden, metrics, onnx_oracle, plots, scorecard
from .models import Additive
from .scale import Explainer, Scale

# The simplest model within this distance of the best one is the champion.
TOLERANCE = 0.002
ORDER = ("scorecard", "additive", "forest")
CV_REPEATS, CV_FOLDS = 5, 5
# With few rows, more of them stay in training when calibration is checked out of fold.
FEW_ROWS, FOLDS_OF_FEW = 10_000, 10
VERSION = "1.0.0"
EXPIRES = "2027-11-21"
REASON_SAMPLE = 2_000
LIGHTGBM_ZERO, LIGHTGBM_UNBOUNDED = float(np.float32(1e-35)), 1e300


class ParityError(Exception):
    """An exported model does not answer as the trained one does."""


@dataclass(frozen=True)
class Fitted:
    """A trained model: what is exported, and the booster it came from where it is a forest."""

    kind: str
    model: object
    booster: object = None

    def raw(self, x):
        return self.booster.predict(x, raw_score=True) if self.kind == "forest" else self.model.raw(x)


@dataclass(frozen=True)
class HeldOut:
    """Predictions for rows that the predicting model was not fitted on."""

    rows: np.ndarray
    raw: np.ndarray


@dataclass(frozen=True)
class Result:
    """What one run says about a set."""

    name: str
    champion: str
    rows: int
    figures: dict
    bar: float
    folder: str


def fit(spec, kind, x, y):
    if kind == "scorecard":
        return Fitted(kind, scorecard.fit(spec.features, x, y))
    if kind == "additive":
        booster = boosting.fit(spec.features, x, y, spec.additive, spec.seed)
        return Fitted(kind, boosting.collapsed(booster, len(spec.features)))
    booster = boosting.fit(spec.features, x, y, spec.forest, spec.seed)
    return Fitted(kind, boosting.forest_of(booster, len(spec.features)), booster)


class Progress:
    """Lines with the seconds since the start."""

    def __init__(self, name):
        self.name, self.start = name, time.perf_counter()

    def __call__(self, text):
        print(f"[{self.name} {time.perf_counter() - self.start:5.0f} s] {text}", flush=True)


def out_of_fold(spec, kind, x, y, seed, count=CV_FOLDS):
    raw, per_fold = np.zeros(len(y)), []
    for train, test in data.folds(y, count, seed):
        raw[test] = fit(spec, kind, x[train], y[train]).raw(x[test])
        per_fold.append(metrics.auc(y[test], raw[test]))
    return raw, per_fold


def champion_of(aucs, bar):
    """The simplest kind within `TOLERANCE` of the best; one below the bar is passed over when a later one reaches it."""
    best = max(aucs.values())
    near = [kind for kind in ORDER if aucs[kind] >= best - TOLERANCE]
    return next((kind for kind in near if aucs[kind] >= bar), near[0])


def calibration_of(y, raw):
    """(scale, words): corrected only where slope or intercept leave 1 and 0 by more than their 95 % interval, Platt's way."""
    _, slope, _, slope_error = metrics.recalibration(y, raw)
    offset, _, offset_error, _ = metrics.recalibration(y, raw, offset=True)
    found = (f"slope {slope:.3f} +- {metrics.Z95 * slope_error:.3f}, "
             f"intercept {offset:+.3f} +- {metrics.Z95 * offset_error:.3f}")
    if abs(slope - 1) <= metrics.Z95 * slope_error and abs(offset) <= metrics.Z95 * offset_error:
        return Scale(), f"{found} out of fold: both intervals hold 1 and 0, no recalibration"
    if abs(slope - 1) <= metrics.Z95 * slope_error:
        return Scale(intercept=round(offset, 6)), f"{found} out of fold: the level is off and was corrected, the slope was left"
    a, b, _, _ = metrics.recalibration(y, raw)
    return Scale(slope=round(b, 6), intercept=round(a, 6)), f"{found} out of fold: corrected after Platt"


@dataclass(frozen=True)
class Chosen:
    """The champion with what was measured on the way."""

    kind: str
    compared: dict
    scale: Scale
    calibration: str
    figures: dict
    held_out: HeldOut
    split: str


def choose_with_test_part(spec, x, y, say):
    """60/20/20: compare on validation, check calibration out of fold on the first 80 %, look at the test part once."""
    train, validation, test = data.split(y, spec.seed)
    aucs = {}
    for kind in ORDER:
        aucs[kind] = metrics.auc(y[validation], fit(spec, kind, x[train], y[train]).raw(x[validation]))
        say(f"{kind}: AUC {aucs[kind]:.4f} on validation")
    kind = champion_of(aucs, spec.bar)
    development = np.sort(np.concatenate([train, validation]))
    raw, _ = out_of_fold(spec, kind, x[development], y[development], spec.seed,
                         FOLDS_OF_FEW if len(y) < FEW_ROWS else CV_FOLDS)
    scale, words = calibration_of(y[development], raw)
    say(f"champion is the {kind}; {words}")
    on_test = fit(spec, kind, x[development], y[development]).raw(x[test])
    figures = metrics.all_figures(y[test], scale.log_odds(on_test))
    everything = np.zeros(len(y))
    everything[development], everything[test] = raw, on_test
    return Chosen(kind, aucs, scale, words, figures, HeldOut(test, everything),
                  f"60/20/20 stratified, seed {spec.seed}; settings and champion chosen on the first 80 %")


def choose_by_cross_validation(spec, x, y, say):
    """5 x 5-fold: the figures are means over the 25 folds, intervals from the sampling error of the rows."""
    raws, aucs = {}, {}
    for kind in ORDER:
        runs = [out_of_fold(spec, kind, x, y, spec.seed + k) for k in range(CV_REPEATS)]
        raws[kind] = [raw for raw, _ in runs]
        aucs[kind] = float(np.mean([a for _, per_fold in runs for a in per_fold]))
        say(f"{kind}: AUC {aucs[kind]:.4f} in {CV_REPEATS} x {CV_FOLDS} folds")
    kind = champion_of(aucs, spec.bar)
    scale, words = calibration_of(y, raws[kind][0])
    say(f"champion is the {kind}; {words}")
    runs = [metrics.all_figures(y, scale.log_odds(raw)) for raw in raws[kind]]
    figures = {name: {key: float(np.mean([run[name][key] for run in runs])) for key in ("value", "low", "high")}
               for name in runs[0]}
    shift = aucs[kind] - figures["auc"]["value"]
    figures["auc"] = {key: value + shift for key, value in figures["auc"].items()}
    figures["gini"] = {key: 2 * value - 1 for key, value in figures["auc"].items()}
    return Chosen(kind, aucs, scale, words, figures, HeldOut(np.arange(len(y)), raws[kind][0]),
                  f"{CV_REPEATS} x {CV_FOLDS}-fold stratified cross-validation, seeds {spec.seed} to {spec.seed + CV_REPEATS - 1}")


def reference_of(spec, x, score, cut_off, pdo):
    """The marginal approval: medians of the rows approved by at most one `pdo`, categories from one such row."""
    near = np.flatnonzero((score >= cut_off) & (score <= cut_off + pdo))
    rows = x[near]
    reference = np.array([_median(rows[:, f]) for f in range(x.shape[1])])
    categories = [f for f, feature in enumerate(spec.features) if feature.category is not None or feature.unordered]
    if categories:
        # The row whose categories are the most common ones, so that they occur together.
        common = np.array([_mode(rows[:, f]) for f in categories])
        alike = (rows[:, categories] == common).sum(axis=1)
        best = near[np.lexsort((near, np.abs(score[near] - cut_off), -alike))[0]]
        reference[categories] = x[best, categories]
    return reference


def _median(values):
    known = np.sort(values[~np.isnan(values)])
    return float(known[(len(known) - 1) // 2]) if 2 * len(known) >= len(values) else math.nan


def _mode(values):
    known, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return known[np.argmax(counts)]


def drift_of(spec, x, score):
    """Shares of the training population a bin; the score's are of predictions that had not seen their row."""
    out = {"score": _shares(score.astype(float), 10), "features": {}}
    for f, feature in enumerate(spec.features):
        known = ~np.isnan(x[:, f])
        out["features"][feature.name] = {**_shares(x[known, f], 10), "missing": round(float(1 - known.mean()), 6)}
    return out


def _shares(values, count):
    edges = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1], method="lower"))
    edges = edges[edges < values.max()]
    place = np.searchsorted(edges, values, side="left")
    shares = np.bincount(place, minlength=len(edges) + 1) / len(values)
    return {"edges": [artefact.number(e) for e in edges], "shares": [round(float(s), 6) for s in shares]}


def run(spec, models, docs, allow_other=False):
    """Trains a set; None when its file is absent."""
    say = Progress(spec.name)
    table = data.read(spec, allow_other)
    if table is None:
        print(f"[{spec.name}] skipped: file absent ({spec.file} in {', '.join(str(p) for p in data.folder())})", flush=True)
        return None
    say(f"{table.file}: {table.rows_read} rows, {table.duplicates} duplicates dropped, {table.y.mean():.2%} bad")
    x, y = data.matrix(spec, table), table.y
    chosen = (choose_by_cross_validation if spec.cross_validated else choose_with_test_part)(spec, x, y, say)
    final = fit(spec, chosen.kind, x, y)
    say("fitted again on all rows for the artefact")
    export(spec, table, x, y, chosen, final, models / spec.name, docs, say)
    return Result(spec.name, chosen.kind, table.rows(), chosen.figures, spec.bar, str(models / spec.name))


def export(spec, table, x, y, chosen, final, folder, docs, say):
    kind = "ADDITIVE" if isinstance(final.model, Additive) else "FOREST"
    content = binary.write(kind, final.model)
    loaded = binary.read(content)
    parity = check_parity(final, loaded, x, say)
    scale = chosen.scale
    cut_off = int(math.floor(float(scale.points(-math.log(spec.cost_of_bad))) + 0.5))
    score = scale.score(scale.log_odds(loaded.raw(x)))
    reference = reference_of(spec, x, score, cut_off, scale.pdo)
    explainer = Explainer(loaded, spec.features, scale, reference)
    reasons = check_reasons(explainer, loaded, scale, x, score, cut_off, say)
    base = x[np.lexsort((np.arange(len(x)), np.abs(score - (cut_off + 2 * scale.pdo)), np.isnan(x).sum(axis=1)))[0]]
    rows = golden.rows(spec.features, loaded, x[chosen.held_out.rows], base)
    check_parity(final, loaded, rows, None)
    golden_text, left_out = golden.lines(rows, loaded, scale, cut_off, explainer)
    say(f"{golden_text.count(chr(10))} golden rows, {left_out} left out as ambiguous")
    held_out_log_odds = scale.log_odds(chosen.held_out.raw)
    held_out_score = scale.score(held_out_log_odds)
    report = fairness.report(spec, table, y, held_out_log_odds, held_out_score, cut_off)
    manifest = {
        "format": 1, "name": spec.name, "version": VERSION, "kind": kind, "status": "TRAINED",
        "purpose": f"Probability that a loan goes bad, trained on: {spec.title}", "expires": EXPIRES,
        "input": {"delimiter": spec.delimiter, "header": spec.header, "columns": list(spec.columns)},
        "features": [artefact.feature_json(feature, np.nanmin(x[:, f]), np.nanmax(x[:, f]), float(reference[f]))
                     for f, feature in enumerate(spec.features)],
        "calibration": {"slope": scale.slope, "intercept": scale.intercept},
        "scale": {"base_score": scale.base_score, "base_odds": scale.base_odds, "pdo": scale.pdo,
                  "min_score": scale.min_score, "max_score": scale.max_score},
        "cut_off": cut_off,
        "training": {"data": table.file, "data_sha256": table.sha256, "rows": table.rows(), "duplicates": table.duplicates,
                     "bad_rate": round(float(y.mean()), 6), "target": spec.target, "split": chosen.split,
                     "code_sha256": artefact.code_sha256(), "requirements_sha256": artefact.requirements_sha256(), "seed": spec.seed},
        "metrics": artefact.rounded(chosen.figures),
        "drift": drift_of(spec, x, held_out_score),
        "iterations": len(final.model.trees) if kind == "FOREST" else iterations(spec, chosen.kind),
    }
    text = card.text(spec, table, manifest, chosen, parity, reasons, report, y, held_out_log_odds, held_out_score)
    artefact.write(folder, {
        "model.json": artefact.json_text(manifest).encode(), "model.bin": content, "golden.jsonl": golden_text.encode(),
        "reasons.en.json": artefact.json_text(spec.groups).encode(), "MODEL_CARD.md": text.encode()})
    docs.mkdir(parents=True, exist_ok=True)
    (docs / f"{spec.name}-fairness.json").write_text(artefact.json_text(report))
    counts = reasons["counts"]
    plots.draw(docs, spec, y, held_out_log_odds, held_out_score, cut_off, counts, report)
    say(f"written to {folder}")


def iterations(spec, kind):
    return spec.additive["rounds"] if kind == "additive" else 1


def check_parity(final, loaded, x, say):
    """The exported bytes answer as the trained model: to the bit for a forest, to 1e-9 for collapsed tables."""
    x = comparable(x)
    ours, theirs = loaded.raw(x), final.raw(x)
    differ = int((ours.view(np.uint64) != np.asarray(theirs, dtype=np.float64).view(np.uint64)).sum())
    if differ:
        raise ParityError(f"{differ} of {len(x)} raw scores differ, the largest by {np.abs(ours - theirs).max():.3g}")
    words = {"rows": len(x), "differ": differ}
    if say is not None:
        say(f"raw scores equal to the bit on {len(x)} of {len(x)} rows")
        if final.booster is not None:
            words["onnx"] = onnx_oracle.compare(final.booster, x, ours)
            say(f"ONNX Runtime: {words['onnx']['words']}")
    return words


def comparable(x):
    """Rows without the two kinds of numbers that LightGBM itself does not tell apart; only golden rows hold them, never data.

    Its interface turns numbers nearer to zero than 1e-35 into zero, and its threshold of 1e300 stands for no bound at all.
    """
    return x[~(((x != 0) & (np.abs(x) <= LIGHTGBM_ZERO)) | (x > LIGHTGBM_UNBOUNDED)).any(axis=1)]


def check_reasons(explainer, loaded, scale, x, score, cut_off, say):
    """Turning the named groups to the reference must improve the score; how often each reason is named."""
    below = np.flatnonzero(score < cut_off)
    rng = np.random.default_rng(1)
    below = np.sort(rng.choice(below, min(REASON_SAMPLE, len(below)), replace=False))
    values, _ = explainer.values(x[below])
    named = [explainer.reasons(v) for v in values]
    turned = scale.log_odds(explainer.towards_reference(x[below], named))
    before = scale.log_odds(loaded.raw(x[below]))
    better = float(np.mean(turned < before))
    counts = {code: [sum(code in row for row in named), sum(row[:1] == [code] for row in named)] for code in explainer.codes}
    empty = sum(not row for row in named)
    say(f"turning the named reasons to the reference improves {better:.2%} of {len(below)} declines, {empty} without a reason")
    return {"sampled": len(below), "improved": better, "without": empty, "counts": counts}
