"""MODEL_CARD.md, written from the figures of the run."""
import numpy as np

from . import metrics
from .plots import deciles

OWNER = "Risk, Usance"


def text(spec, table, manifest, chosen, parity, reasons, report, y, log_odds, score):
    """The card; every figure in it comes from this run."""
    parts = [
        f"# Model card: {spec.name} {manifest['version']}\n",
        _head(spec, table, manifest, chosen),
        _features(spec, manifest),
        _metrics(spec, manifest, chosen),
        _calibration(chosen, y, log_odds),
        _segments(spec, table, y, log_odds, score, manifest["cut_off"]),
        _fairness(report),
        _reasons(spec, reasons),
        _parity(parity),
        _drift(manifest),
        _limits(spec),
        _approvals(manifest),
    ]
    return "\n".join(parts)


def table_of(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(v) for v in row) + " |" for row in rows]) + "\n"


def _head(spec, table, manifest, chosen):
    kind = {"FOREST": f"forest of {manifest['iterations']} boosted trees (LightGBM, monotone where a sign is given)",
            "ADDITIVE": "additive: one table a feature"}[manifest["kind"]]
    if chosen.kind == "scorecard":
        kind += ", weight of evidence and logistic regression"
    elif chosen.kind == "additive":
        kind += ", collapsed from boosted trees of depth 1"
    protected = ", ".join(sorted({column for column, _, _ in spec.protected.values()})) or "none in the file"
    return table_of(("", ""), [
        ("Purpose", manifest["purpose"] + ". It supports a lender's decision; it does not take it."),
        ("Owner", OWNER), ("Kind", kind), ("Status", manifest["status"]),
        ("Data", f"{spec.title}; `{table.file}`, SHA-256 `{table.sha256}`"),
        ("Window", spec.window), ("Licence of the data", spec.licence),
        ("Target", f"`{spec.target}` = {spec.bad} is bad, {spec.good} is good; {manifest['training']['bad_rate']:.2%} bad"),
        ("Rows", f"{table.rows():,} used of {table.rows_read:,} read"),
        ("Exclusions", f"{table.duplicates} exact duplicates, dropped before splitting; no other row was left out"),
        ("Never a feature", f"{protected}; kept apart for the fairness figures" if spec.name != "gmsc" else
         "age is a feature with risk never rising by it (12 CFR 1002.6(b)(2)); the file has no other protected attribute"),
        ("Split", chosen.split),
        ("Fit of the artefact", "refitted on all rows with the chosen settings; every figure below is of models that had not seen the rows"),
        ("Score", f"{manifest['scale']['base_score']} points at odds of {manifest['scale']['base_odds']}:1, "
                  f"{manifest['scale']['pdo']} points double the odds, {manifest['scale']['min_score']} to {manifest['scale']['max_score']}"),
        ("Cut-off", f"{manifest['cut_off']}: approving breaks even when a bad loan costs {spec.cost_of_bad:g} times what a good one earns; a lender sets its own"),
        ("Reject inference", "none: outcomes of declined applicants are not in the data, and every method of guessing them "
                             "imports an assumption that cannot be tested here. Approve a small random band below the cut-off to learn them"),
        ("Code", f"SHA-256 `{manifest['training']['code_sha256']}`, requirements `{manifest['training']['requirements_sha256']}`"),
        ("Model risk guidance", "SR 26-2 (OCC Bulletin 2026-13)"),
    ])


def _features(spec, manifest):
    sign = {"UP": "risk never falls as it rises", "DOWN": "risk never rises as it rises", None: "free"}
    rows = [(f"`{f.name}`", f.title, f.unit, sign[f.monotone] + (f": {f.why}" if f.why else ""), f.group,
             "missing" if j["reference"] is None else j["reference"]) for f, j in zip(spec.features, manifest["features"])]
    return "## Features\n" + table_of(("name", "meaning", "unit", "sign and why", "reason group", "reference"), rows)


def _interval(figures):
    return f"{figures['value']:.4f} ({figures['low']:.4f} to {figures['high']:.4f})"


def _metrics(spec, manifest, chosen):
    rows = [(name, _interval(figures)) for name, figures in manifest["metrics"].items()]
    compared = ", ".join(f"{kind} {value:.4f}" for kind, value in chosen.compared.items())
    where = "in cross-validation" if spec.cross_validated else "on the validation part"
    return (f"## Figures on rows not seen in training\n{table_of(('figure', 'value and 95 % interval'), rows)}\n"
            f"AUC by DeLong, the others by {metrics.RESAMPLES} bootstrap samples with a fixed seed; ece over 20 groups, intercept with the slope held at 1.\n\n"
            f"AUC {where}: {compared}. The champion is the simplest within 0.002 of the best"
            f" that reaches the bar of {spec.bar:g}, else the simplest near the best: {chosen.kind}.\n")


def _calibration(chosen, y, log_odds):
    rows = [(k, n, f"{p:.2%}", f"{o:.2%}", f"{low:.2%} to {high:.2%}")
            for k, (n, p, o, low, high) in enumerate(deciles(y, log_odds), 1)]
    return (f"## Calibration\n{chosen.calibration[0].upper()}{chosen.calibration[1:]}.\n\n"
            + table_of(("tenth", "rows", "predicted", "observed", "95 % interval"), rows))


def _segments(spec, table, y, log_odds, score, cut_off):
    approved = score >= cut_off
    rows = [("all", len(y), f"{y.mean():.2%}", f"{metrics.auc(y, log_odds):.4f}", f"{approved.mean():.1%}")]
    order = np.argsort(score, kind="stable")
    thirds = np.array_split(order, 3)
    for name, part in zip(("lowest third of scores", "middle third", "highest third"), thirds):
        value = f"{metrics.auc(y[part], log_odds[part]):.4f}" if 0 < y[part].sum() < len(part) else "-"
        rows.append((name, len(part), f"{y[part].mean():.2%}", value, f"{approved[part].mean():.1%}"))
    for name, part in (("approved", approved), ("declined", ~approved)):
        value = f"{metrics.auc(y[part], log_odds[part]):.4f}" if 0 < y[part].sum() < part.sum() else "-"
        rows.append((name, int(part.sum()), f"{y[part].mean():.2%}", value, f"{approved[part].mean():.1%}"))
    return "## Segments\n" + table_of(("rows with", "count", "bad", "AUC", "approved at the cut-off"), rows)


def _fairness(report):
    if not report["attributes"]:
        return "## Fairness\nThe file holds no protected attribute; nothing could be measured.\n"
    rows = []
    for name, attribute in report["attributes"].items():
        for group, f in attribute["groups"].items():
            mark = " (reference)" if group == attribute["reference"] else ""
            show = [("-" if f[key] is None else f"{f[key]:.3f}") for key in ("adverse_impact_ratio", "smd")]
            show += ["-" if f[key] is None else f"{f[key]['value']:.3f}" for key in ("auc", "slope", "intercept")]
            rows.append((name, group + mark, f["rows"], f"{f['bad_rate']:.2%}", f"{f['approval_rate']:.1%}", *show))
    return ("## Fairness\nFrom held-out predictions, with attributes that the model never sees unless the head of this card says so. "
            "AIR = approval rate over that of the reference group (0.80 is a screen, not a rule of lending law), SMD = difference of mean scores in standard deviations; "
            "groups with fewer than 30 good or bad rows are counted and not judged.\n\n"
            + table_of(("attribute", "group", "rows", "bad", "approved", "AIR", "SMD", "AUC", "slope", "intercept"), rows))


def _reasons(spec, reasons):
    total = max(1, reasons["sampled"])
    rows = [(code, spec.groups[code], f"{named / total:.1%}", f"{first / total:.1%}")
            for code, (named, first) in sorted(reasons["counts"].items(), key=lambda item: (-item[1][0], item[0]))]
    return ("## Reasons\nExact baseline Shapley values over the groups against the marginal approval. "
            f"In {reasons['sampled']:,} sampled declines, setting the named groups to the reference improved the score in {reasons['improved']:.2%}; "
            f"{reasons['without']} had no group that counted against them.\n\n"
            + table_of(("code", "text", "named", "named first"), rows))


def _parity(parity):
    out = f"## Parity\nThe exported numbers, read back by a second evaluator, answer to the bit as the trained model on {parity['rows']:,} of {parity['rows']:,} rows and on all golden rows."
    if "onnx" in parity:
        out += f" ONNX Runtime: {parity['onnx']['words']}."
    swept = parity["monotone"]
    return out + (f" Signs: {swept['rows']} rows were swept through all bins of every feature with a sign, {swept['steps']:,} steps, "
                  "and the risk never moved against one.\n")


def _drift(manifest):
    drift = manifest["drift"]["score"]
    bounds = ["below or at " + str(edge) for edge in drift["edges"]] + ["above"]
    return ("## Drift baseline\nShares of the training population a score bin (predictions held out); `model.json` has those of every feature. "
            "PSI below 0.10 is stable, from 0.25 on act: a convention.\n\n"
            + table_of(("score", "share"), [(b, f"{s:.2%}") for b, s in zip(bounds, drift["shares"])]))


def _limits(spec):
    return "## Limits\n" + "".join(f"- {line}\n" for line in spec.limits)


def _approvals(manifest):
    lines = "".join(f"| {role} | | | |\n" for role in ("Developer", "Independent validator", "Model owner", "Risk committee"))
    return (f"## Approvals\nValid until {manifest['expires']}; review sooner when an alarm of the drift watch stands.\n\n"
            f"| role | name | date | signature |\n|---|---|---|---|\n{lines}")
