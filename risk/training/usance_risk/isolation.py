"""The anomaly model: an isolation forest over synthetic application rows, unvalidated."""
import math

import numpy as np
from sklearn.ensemble import IsolationForest

from . import artefact, binary, golden
from .models import NAN_LEFT, Forest, Tree
from .pipeline import EXPIRES, VERSION, ParityError, Progress, _shares
from .sets import Feature

SEED, ROWS, TREES, SAMPLE = 7, 20_000, 100, 256
GROUP = "ANOMALY"
FEATURES = tuple(
    Feature(name, title, unit, GROUP, source=name) for name, title, unit in (
        ("APPLICATIONS_24H", "Applications of this person in 24 hours", "count"),
        ("DEVICE_PEOPLE_24H", "People on this device in 24 hours", "count"),
        ("FORM_SECONDS", "Time taken to fill the form", "seconds"),
        ("PAYOUT_PEOPLE_30D", "People on this payout account in 30 days", "count"),
        ("AMOUNT_TO_INCOME_PPM", "Amount over yearly income", "parts per million"),
        ("ACCOUNT_AGE_DAYS", "Age of the account", "days")))


def synthetic(count=ROWS, seed=SEED):
    """Application rows as a person might make them; assumptions of ours, no data."""
    rng = np.random.default_rng(seed)
    return np.column_stack([
        1 + rng.poisson(0.25, count),
        1 + rng.poisson(0.1, count),
        np.floor(np.clip(np.exp(rng.normal(5.2, 0.6, count)), 5, 7_200)),
        1 + rng.poisson(0.03, count),
        np.floor(np.clip(np.exp(rng.normal(math.log(150_000), 0.8, count)), 1_000, 20_000_000)),
        np.floor(np.clip(rng.exponential(400, count), 0, 4_000)),
    ]).astype(np.float64)


def grids(x, count=200):
    """Values that training rows are rounded to, so that a feature has at most `count` thresholds."""
    return [np.unique(np.quantile(x[:, f], np.linspace(0, 1, count), method="lower")) for f in range(x.shape[1])]


def on_grid(x, grid):
    """Every value as the largest grid value not above it."""
    return np.column_stack([g[np.maximum(np.searchsorted(g, x[:, f], side="right") - 1, 0)] for f, g in enumerate(grid)])


def mean_path(n):
    """Mean length of an unsuccessful search in a binary tree of n rows (Liu, Ting and Zhou 2008)."""
    if n <= 1:
        return 0.0
    return 1.0 if n == 2 else 2 * (math.log(n - 1) + 0.5772156649015329) - 2 * (n - 1) / n


def tree_of(estimator, columns, grid):
    """Leaves are path lengths: depth plus the mean of what the leaf still holds. NaN goes left."""
    t = estimator.tree_
    tree = Tree([], [], [], [], [], [])

    def place(node, depth):
        if t.children_left[node] < 0:
            tree.leaf.append(depth + mean_path(int(t.n_node_samples[node])))
            return ~(len(tree.leaf) - 1)
        here = len(tree.feature)
        tree.feature.append(int(columns[t.feature[node]]))
        # Half-way between two grid values is the same split as anywhere between them.
        values = grid[columns[t.feature[node]]]
        k = int(np.searchsorted(values, float(t.threshold[node]), side="right"))
        tree.threshold.append(float(values[k - 1] + values[k]) / 2)
        tree.rule.append(NAN_LEFT)
        tree.left.append(0)
        tree.right.append(0)
        tree.left[here] = place(t.children_left[node], depth + 1)
        tree.right[here] = place(t.children_right[node], depth + 1)
        return here

    place(0, 0)
    return tree


def run(models):
    say = Progress("anomaly")
    drawn = synthetic()
    grid = grids(drawn)
    x = on_grid(drawn, grid)
    fitted = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=SEED, n_jobs=1).fit(x)
    trees = [tree_of(e, c, grid) for e, c in zip(fitted.estimators_, fitted.estimators_features_)]
    forest = Forest(len(FEATURES), trees, divisor=TREES * mean_path(SAMPLE))
    content = binary.write("ISOLATION", forest)
    loaded = binary.read(content)
    distance = np.abs(2.0 ** -loaded.raw(x) + fitted.score_samples(x)).max()
    if distance > 1e-9:
        raise ParityError(f"anomaly differs from scikit-learn by {distance:.3g}")
    say(f"anomaly equal to scikit-learn's within {distance:.1e} on {len(x)} rows")
    x = drawn
    medians = np.median(x, axis=0)
    rows = golden.rows(FEATURES, loaded, synthetic(golden.HELD_OUT_ROWS, SEED + 1), medians)
    anomaly = np.floor(1000 * 2.0 ** -loaded.raw(x) + 0.5)
    manifest = manifest_of(x, medians, anomaly)
    artefact.write(models / "anomaly", {
        "model.json": artefact.json_text(manifest).encode(), "model.bin": content,
        "golden.jsonl": golden.anomaly_lines(rows, loaded).encode(),
        "reasons.en.json": artefact.json_text({GROUP: "Unlike other applications"}).encode(),
        "MODEL_CARD.md": card_of(manifest, anomaly).encode()})
    say(f"written to {models / 'anomaly'}")


def manifest_of(x, medians, anomaly):
    return {
        "format": 1, "name": "anomaly", "version": VERSION, "kind": "ISOLATION", "status": "EXPERT",
        "purpose": "How unlike other applications an application is; a signal for fraud rules, never a reason to decline alone",
        "expires": EXPIRES,
        "input": {"delimiter": ",", "header": True, "columns": [feature.name for feature in FEATURES]},
        "features": [artefact.feature_json(feature, 0.0, float(x[:, f].max()), float(medians[f]))
                     for f, feature in enumerate(FEATURES)],
        "calibration": {"slope": 1.0, "intercept": 0.0},
        "scale": {"base_score": 600, "base_odds": 50, "pdo": 20, "min_score": 300, "max_score": 850},
        "cut_off": 0,
        "training": {"data": "synthetic", "data_sha256": "0" * 64, "rows": len(x), "duplicates": 0, "bad_rate": 0.0, "target": "none",
                     "split": "none", "code_sha256": artefact.code_sha256(), "requirements_sha256": artefact.requirements_sha256(), "seed": SEED},
        "metrics": {},
        "drift": {"score": _shares(anomaly, 10),
                  "features": {feature.name: {**_shares(x[:, f], 10), "missing": 0.0} for f, feature in enumerate(FEATURES)}},
        "iterations": TREES,
    }


def card_of(manifest, anomaly):
    rows = "".join(f"| `{f.name}` | {f.title} | {f.unit} |\n" for f in FEATURES)
    tops = ", ".join(f"{q:g} %: {np.quantile(anomaly, q / 100):.0f}" for q in (50, 95, 99, 99.9))
    return f"""# Model card: anomaly {manifest['version']}

**Status EXPERT: made from synthetic rows; unvalidated.** The rows come from a seeded generator whose distributions are assumptions.
It knows no fraud and no outcome; it only says that an application is unlike those the generator makes.

| | |
|---|---|
| Purpose | {manifest['purpose']} |
| Owner | Risk, Usance |
| Kind | isolation forest, {TREES} trees of {SAMPLE} rows each (scikit-learn), depth at most 8 |
| Data | {manifest['training']['rows']:,} synthetic rows, seed {SEED}; no licence applies |
| Score | 1000 x 2^(-mean path / c({SAMPLE})), higher is stranger; quantiles of the synthetic rows: {tops} |
| Missing values | go left: a missing fact is treated like a small number; ask for the facts before you ask the model |
| Figures | none: there are no outcomes to measure against |
| Use | one signal beside the fraud rules; may send to review, may not decline alone |
| Model risk guidance | SR 26-2 (OCC Bulletin 2026-13) |
| Valid until | {manifest['expires']}, or until own applications replace the synthetic rows |

## Features
| name | meaning | unit |
|---|---|---|
{rows}
## Approvals
| role | name | date | signature |
|---|---|---|---|
| Developer | | | |
| Independent validator | | | |
| Model owner | | | |
"""
