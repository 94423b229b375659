"""Command line: trains the sets whose files are present, prints one table at the end."""
import argparse
import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

from . import data, isolation, pipeline, sets

MODELS = data.ROOT / "risk" / "models"
DOCS = data.ROOT / "docs" / "risk"
PRIVATE_DOCS = data.ROOT / "target" / "risk"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("--set", action="append", choices=[*sets.ALL, "anomaly"], help="only this set (may be given several times)")
    parser.add_argument("--check", action="store_true", help="train the committed sets again and compare byte by byte")
    parser.add_argument("--allow-other-data", action="store_true", help="accept a file whose hash is not known")
    options = parser.parse_args(arguments)
    try:
        return check() if options.check else train(options)
    except (data.DataError, pipeline.ParityError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def train(options):
    wanted = options.set or [*sets.ALL, "anomaly"]
    results = []
    for name in wanted:
        if name == "anomaly":
            isolation.run(MODELS)
            continue
        spec = sets.ALL[name]
        result = pipeline.run(spec, MODELS, DOCS if spec.shipped else PRIVATE_DOCS, options.allow_other_data)
        if result is not None:
            results.append(result)
    print_table(results)
    return 0


def print_table(results):
    if not results:
        return
    header = ("set", "champion", "rows", "AUC (95 %)", "KS", "Brier", "ECE", "slope", "bar", "reached")
    rows = [header]
    for r in results:
        f = r.figures
        rows.append((r.name, r.champion, f"{r.rows:,}", f"{f['auc']['value']:.4f} ({f['auc']['low']:.4f} to {f['auc']['high']:.4f})",
                     f"{f['ks']['value']:.4f}", f"{f['brier']['value']:.4f}", f"{f['ece']['value']:.4f}", f"{f['slope']['value']:.3f}",
                     f"{r.bar:.3f}", "yes" if f["auc"]["value"] >= r.bar else "NO"))
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    print()
    for row in rows:
        print("  ".join(value.ljust(width) for value, width in zip(row, widths)).rstrip())


def check():
    """Trains into a temporary folder and compares with what is committed."""
    made = Path(tempfile.mkdtemp(prefix="train-check-"))
    try:
        names = [spec.name for spec in sets.ALL.values() if spec.shipped]
        for name in names:
            if pipeline.run(sets.ALL[name], made / "models", made / "docs") is None:
                print(f"error: the data of {name} is absent, nothing can be compared", file=sys.stderr)
                return 1
        isolation.run(made / "models")
        pairs = [(path, MODELS / path.relative_to(made / "models")) for path in sorted((made / "models").rglob("*")) if path.is_file()]
        pairs += [(path, DOCS / path.name) for path in sorted((made / "docs").iterdir())]
        different = [str(old.relative_to(data.ROOT)) for new, old in pairs if not old.is_file() or not filecmp.cmp(new, old, shallow=False)]
        known = {old for _, old in pairs}
        extra = [str(path.relative_to(data.ROOT)) for name in [*names, "anomaly"] for path in sorted((MODELS / name).iterdir())
                 if path not in known]
        for name in different + extra:
            print(f"differs: {name}", file=sys.stderr)
        print(f"{len(pairs) - len(different)} of {len(pairs)} files are equal to the byte")
        return 1 if different or extra else 0
    finally:
        shutil.rmtree(made)


sys.exit(main())
