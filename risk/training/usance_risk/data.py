"""Reading a data set: hash, columns, values, duplicates, split."""
import csv
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
TRAINING = ROOT / "risk" / "training"


class DataError(Exception):
    """The data cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """A data set: text by column for every row kept, the outcome (1 = bad), where it comes from."""

    text: dict
    y: np.ndarray
    file: str
    sha256: str
    rows_read: int
    duplicates: int

    def rows(self):
        return len(self.y)


def folder():
    """The folder of the data: $CREDIT_DATA, else the shipped one, else the one beside the checkout."""
    given = os.environ.get("CREDIT_DATA")
    return [Path(given)] if given else [TRAINING / "data", ROOT.parent / "shared" / "data" / "credit"]


def find(file):
    for place in folder():
        if (place / file).is_file():
            return place / file
    return None


def read(spec, allow_other=False):
    """The rows of a set. Exact duplicates (all columns but the row number) are dropped, the first is kept."""
    path = find(spec.file)
    if path is None:
        return None
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest not in spec.known_sha256 and not allow_other:
        raise DataError(f"{path}: SHA-256 is {digest}, known are {', '.join(spec.known_sha256)}. "
                        "If these are other rows on purpose, run again with --allow-other-data")
    header, rows = _parse(spec, content.decode("utf-8-sig"), path)
    kept, dropped = _distinct(rows, [i for i, name in enumerate(header) if name not in spec.row_number])
    text = {name: [row[i].strip() for row in kept] for i, name in enumerate(header)}
    unknown = set(text[spec.target]) - {spec.bad, spec.good}
    if unknown:
        raise DataError(f"{path}: outcome {sorted(unknown)} in column {spec.target} is neither {spec.bad} nor {spec.good}")
    y = np.array([1 if value == spec.bad else 0 for value in text[spec.target]], dtype=np.int64)
    if y.min() == y.max():
        raise DataError(f"{path}: all rows have the same outcome")
    return Table(text, y, spec.file, digest, len(rows), dropped)


def _parse(spec, content, path):
    if spec.delimiter == " ":
        rows = [line.split() for line in content.splitlines() if line.strip()]
    else:
        rows = [row for row in csv.reader(io.StringIO(content), delimiter=spec.delimiter) if row]
    if spec.header:
        if rows[0] != list(spec.columns):
            raise DataError(f"{path}: columns are {rows[0]}, expected {list(spec.columns)}")
        rows = rows[1:]
    for number, row in enumerate(rows, 2 if spec.header else 1):
        if len(row) != len(spec.columns):
            raise DataError(f"{path}: line {number} has {len(row)} values, expected {len(spec.columns)}")
    return list(spec.columns), rows


def _distinct(rows, columns):
    seen, kept = set(), []
    for row in rows:
        key = tuple(row[i].strip() for i in columns)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept, len(rows) - len(kept)


def value(feature, text):
    """The number of one cell, exactly as risk/FORMAT.md says; NaN is missing."""
    if text in feature.missing:
        return float("nan")
    if feature.category is not None:
        return 1.0 if text == feature.category else 0.0
    if feature.codes:
        return float(feature.codes.get(text, "nan"))
    number = float(text)
    return float("nan") if number in feature.special else number


def matrix(spec, table):
    """Values of all features, one row a row of the table."""
    columns = []
    for feature in spec.features:
        try:
            columns.append([value(feature, text) for text in table.text[feature.column]])
        except ValueError as error:
            raise DataError(f"{table.file}, column {feature.column}: {error}") from error
    out = np.array(columns, dtype=np.float64).T
    if np.isinf(out).any():
        raise DataError(f"{table.file}: a value is infinite")
    return np.ascontiguousarray(out) + 0.0


def split(y, seed, shares=(0.6, 0.2, 0.2)):
    """Row numbers of the parts, stratified by the outcome: the same rows on every machine for the same seed."""
    rng = np.random.default_rng(seed)
    parts = [[] for _ in shares]
    for outcome in (0, 1):
        rows = np.flatnonzero(y == outcome)
        rng.shuffle(rows)
        cuts = [round(len(rows) * sum(shares[:k])) for k in range(1, len(shares))]
        for part, piece in zip(parts, np.split(rows, cuts)):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def folds(y, count, seed):
    """(training rows, test rows) of a stratified cross-validation."""
    parts = split(y, seed, tuple([1 / count] * count))
    every = np.arange(len(y))
    return [(np.setdiff1d(every, part, assume_unique=True), part) for part in parts]
