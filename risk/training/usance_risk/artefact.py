"""The folder of a model as in risk/FORMAT.md: six files and a signature."""
import hashlib
import json
import math
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .data import TRAINING

NAMES = ("MODEL_CARD.md", "golden.jsonl", "model.bin", "model.json", "reasons.en.json")
# DEVELOPMENT KEY: public on purpose, refused by a production profile. A release is signed again by its owner's key.
DEVELOPMENT_SEED = hashlib.sha256(b"usance development signing key").digest()


def number(value):
    """A float as JSON: whole numbers without a point, figures with six digits behind it."""
    if not math.isfinite(value):
        raise ValueError("a number of an artefact must be finite")
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)


def rounded(figures):
    """Metrics with six digits."""
    return {name: {key: round(value, 6) for key, value in parts.items()} for name, parts in figures.items()}


def feature_json(feature, low, high, reference):
    return {"name": feature.name, "title": feature.title, "unit": feature.unit, "column": feature.column,
            "category": feature.category, "codes": {k: number(v) for k, v in feature.codes.items()},
            "missing": list(feature.missing), "special": [number(v) for v in feature.special],
            "min": number(low), "max": number(high), "monotone": feature.monotone, "group": feature.group,
            "reference": None if math.isnan(reference) else number(reference), "source": feature.source}


def code_sha256():
    """One hash over the sources of this package, so that a card names the code it was made by."""
    digest = hashlib.sha256()
    for path in sorted((TRAINING / "usance_risk").glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def requirements_sha256():
    return hashlib.sha256((TRAINING / "requirements.txt").read_bytes()).hexdigest()


def json_text(value):
    """JSON with one entry a line down to the lists of small things."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def golden_line(values, raw_bits, score, reasons):
    return json.dumps({"x": [golden_text(v) for v in values], "raw": raw_bits, "score": int(score), "reasons": reasons},
                      separators=(",", ":"), allow_nan=False)


def golden_text(value):
    """Text that reads back to the same bits."""
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(float(value))


def write(folder, files):
    """Writes the five files, their sums and the signature; anything else in the folder is removed."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if sorted(files) != sorted(NAMES):
        raise ValueError(f"an artefact holds {NAMES}, not {sorted(files)}")
    for old in folder.iterdir():
        old.unlink()
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "SHA256SUMS").write_text(sums)
    (folder / "SHA256SUMS.sig").write_text(signature(sums.encode()))


def signature(content, seed=DEVELOPMENT_SEED):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{hashlib.sha256(public).hexdigest()[:16]} {key.sign(content).hex()}\n"
