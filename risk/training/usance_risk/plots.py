"""Plots for the documentation: plain, on white, the same bytes in every run."""
import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from . import metrics  # noqa: E402

GOOD, BAD, LINE, GREY = "#2f6f9f", "#b5442e", "#222222", "#8a8a8a"
matplotlib.rcParams.update({
    "svg.hashsalt": "usance", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": LINE, "figure.facecolor": "white",
    "axes.facecolor": "white", "savefig.facecolor": "white", "legend.frameon": False})


def draw(folder, spec, y, log_odds, score, cut_off, reasons, report):
    calibration(folder / f"{spec.name}-calibration.svg", spec, y, log_odds)
    distribution(folder / f"{spec.name}-scores.svg", spec, y, score, cut_off)
    frequencies(folder / f"{spec.name}-reasons.svg", spec, reasons)
    if report["attributes"]:
        fairness(folder / f"{spec.name}-fairness.svg", spec, report)


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def deciles(y, log_odds, count=10):
    """(rows, mean PD, observed rate, low, high) of equally large groups from safest to riskiest; Wilson intervals."""
    order = np.argsort(log_odds, kind="stable")
    out = []
    for part in np.array_split(order, count):
        n, p = len(part), float(y[part].mean())
        z = metrics.Z95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        out.append((n, float(metrics.pd_of(log_odds[part]).mean()), p, centre - half, centre + half))
    return out


def calibration(path, spec, y, log_odds):
    rows = deciles(y, log_odds)
    predicted = [r[1] for r in rows]
    observed = [r[2] for r in rows]
    figure, axes = plt.subplots(figsize=(5.2, 4.6))
    top = max(*predicted, *[r[4] for r in rows]) * 1.05
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle="--", label="predicted = observed")
    axes.errorbar(predicted, observed, yerr=[[o - r[3] for o, r in zip(observed, rows)], [r[4] - o for o, r in zip(observed, rows)]],
                  fmt="o", color=GOOD, markersize=5, capsize=3, linewidth=1, label="tenths of the rows, 95 % interval")
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="Predicted probability of going bad", ylabel="Observed share that went bad",
             title=f"{spec.name}: calibration, {len(y):,} held-out predictions")
    axes.legend(loc="upper left")
    _save(figure, path)


def distribution(path, spec, y, score, cut_off):
    figure, axes = plt.subplots(figsize=(6.4, 4))
    low, high = int(score.min()) // 10 * 10, int(score.max()) // 10 * 10 + 10
    edges = np.arange(low, high + 1, 10 if high - low > 100 else 5)
    for outcome, color, label in ((0, GOOD, "good"), (1, BAD, "bad")):
        part = score[y == outcome]
        axes.hist(part, bins=edges, weights=np.full(len(part), 100 / len(part)), histtype="stepfilled", alpha=0.45, color=color,
                  label=f"{label} ({len(part):,})", edgecolor=color)
    axes.axvline(cut_off, color=LINE, linewidth=1, linestyle="--")
    axes.annotate(f"cut-off {cut_off}", (cut_off, axes.get_ylim()[1]), xytext=(4, -10), textcoords="offset points")
    axes.set(xlabel="Score", ylabel="% of the rows with this outcome", title=f"{spec.name}: held-out scores by outcome")
    axes.legend(loc="upper right")
    _save(figure, path)


def frequencies(path, spec, reasons):
    total = max(1, sum(first for _, first in reasons.values()))
    order = sorted(reasons, key=lambda code: (reasons[code][0], code))
    figure, axes = plt.subplots(figsize=(7.4, 0.5 * len(order) + 1.5))
    place = np.arange(len(order))
    axes.barh(place, [100 * reasons[code][0] / total for code in order], color=GOOD, alpha=0.45, label="named")
    axes.barh(place, [100 * reasons[code][1] / total for code in order], color=BAD, alpha=0.8, height=0.4, label="named first")
    axes.set_yticks(place, [code.replace("_", " ").capitalize() for code in order])
    axes.set(xlabel="% of the sampled declines", title=f"{spec.name}: reasons for declining", xlim=(0, 100))
    axes.legend(loc="lower right")
    _save(figure, path)


def fairness(path, spec, report):
    names, ratios, marks = [], [], []
    for name, attribute in report["attributes"].items():
        for group, figures in attribute["groups"].items():
            if figures["adverse_impact_ratio"] is not None:
                names.append(f"{name}: {group} ({figures['rows']:,})")
                ratios.append(figures["adverse_impact_ratio"])
                marks.append(group == attribute["reference"])
    figure, axes = plt.subplots(figsize=(7.4, 0.42 * len(names) + 1.5))
    place = np.arange(len(names))[::-1]
    axes.barh(place, ratios, color=[GREY if mark else GOOD for mark in marks], alpha=0.6)
    for at, ratio in zip(place, ratios):
        axes.annotate(f"{ratio:.2f}", (ratio, at), xytext=(4, -3), textcoords="offset points", zorder=3,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.axvline(0.8, color=BAD, linewidth=1, linestyle="--")
    axes.annotate("0.80 screen", (0.8, len(names) - 0.5), xytext=(-4, 0), textcoords="offset points", ha="right", color=BAD, fontsize=8)
    axes.axvline(1.0, color=LINE, linewidth=1)
    axes.set_yticks(place, names)
    axes.set(xlabel="Approval rate over that of the reference group (grey)", xlim=(0, max(1.25, *ratios) + 0.1),
             ylim=(-0.6, len(names) - 0.1),
             title=f"{spec.name}: adverse impact ratio at the cut-off")
    _save(figure, path)
