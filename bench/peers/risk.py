"""The same trees and rows as `usance-bench --only risk_`, by LightGBM's C API and by ONNX Runtime, one row a call.

The trees are those of `model.bin` of a committed model, written as a LightGBM model file, so nothing is trained here and the answers
have to be the golden ones to the bit. Needs the locked packages of the training (scripts/train.sh makes target/training/venv):

    target/training/venv/bin/python bench/peers/risk.py [--ours figures.json] [--model risk/models/taiwan]
"""
import argparse
import ctypes
import json
import os
import struct
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import lightgbm as lgb  # noqa: E402
import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RAW, CONTRIBUTIONS, FLOAT64 = 1, 3, 1


def trees_of(data):
    """Thresholds, slots and trees of `model.bin`, as in risk/FORMAT.md."""
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values

    magic, version, kind, _, features = take("4sHBBH")
    if (magic, version, kind) != (b"USRM", 1, 1):
        raise SystemExit("peers: a model of kind FOREST is needed")
    thresholds = [take(f"{take('H')[0]}d") for _ in range(features)]
    slots = [take("HB") for _ in range(take("H")[0])]
    start, count = take("dH")
    if start != 0.0:
        raise SystemExit("peers: LightGBM starts at 0")
    trees = []
    for _ in range(count):
        depth, = take("B")
        nodes = take(f"{2 * (2**depth - 1)}B")
        trees.append((list(zip(nodes[::2], nodes[1::2])), take(f"{2**depth}d")))
    return thresholds, slots, trees


def model_text(thresholds, slots, trees):
    """A LightGBM model file. Nodes that always go left are passed over; missing types None and NaN are 0 and 8, default left is 2."""
    features = len(thresholds)
    head = ["tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0", f"max_feature_idx={features - 1}",
            "objective=binary sigmoid:1", "feature_names=" + " ".join(f"f{f}" for f in range(features)),
            "feature_infos=" + " ".join("[-1e300:1e300]" for _ in range(features)), ""]
    for number, (nodes, values) in enumerate(trees):
        feature, limit, decision, left, right, leaf = [], [], [], [], [], []

        def place(at):
            while at < len(nodes) and nodes[at][1] == 255:
                at = 2 * at + 1
            if at >= len(nodes):
                leaf.append(values[at - len(nodes)])
                return ~(len(leaf) - 1)
            slot, k = nodes[at]
            here = len(feature)
            feature.append(slots[slot][0])
            limit.append(thresholds[slots[slot][0]][k])
            decision.append({0: 0, 1: 10, 2: 8}[slots[slot][1]])
            left.append(0)
            right.append(0)
            left[here] = place(2 * at + 1)
            right[here] = place(2 * at + 2)
            return here

        place(0)

        def line(name, numbers):
            return f"{name}=" + " ".join(format(n, ".17g") for n in numbers)

        head += [f"Tree={number}", f"num_leaves={len(leaf)}", "num_cat=0", line("split_feature", feature),
                 line("split_gain", [1.0] * len(feature)), line("threshold", limit), line("decision_type", decision),
                 line("left_child", left), line("right_child", right), line("leaf_value", leaf), line("leaf_weight", [1.0] * len(leaf)),
                 line("leaf_count", [1] * len(leaf)), line("internal_value", [0.0] * len(feature)),
                 line("internal_weight", [1.0] * len(feature)), line("internal_count", [2] * len(feature)), "is_linear=0", "shrinkage=1", "", ""]
    return "\n".join([*head, "end of trees", "", ""])


class Single:
    """LightGBM's C API for one row, `LGBM_BoosterPredictForMatSingleRowFast`, through ctypes."""

    def __init__(self, booster, kind, features):
        self.call = lgb.basic._LIB.LGBM_BoosterPredictForMatSingleRowFast
        self.config = ctypes.c_void_p()
        handle = booster._handle if hasattr(booster, "_handle") else booster.handle
        wrong = lgb.basic._LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
            handle, ctypes.c_int(kind), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(FLOAT64), ctypes.c_int32(features),
            ctypes.c_char_p(b"num_threads=1"), ctypes.byref(self.config))
        if wrong:
            raise SystemExit("peers: " + lgb.basic._LIB.LGBM_GetLastError().decode())
        self.length = ctypes.c_int64()
        self.out = (ctypes.c_double * (features + 1))()
        self.more = (ctypes.byref(self.length), self.out)

    def __call__(self, pointer):
        if self.call(self.config, pointer, *self.more):
            raise SystemExit("peers: LightGBM could not predict")
        return self.out[0]


def timed(call, items, calls):
    """p50 and p99 of single calls, microseconds."""
    spent = []
    for number in range(calls):
        item = items[number % len(items)]
        begun = time.perf_counter_ns()
        call(item)
        spent.append(time.perf_counter_ns() - begun)
    spent.sort()
    return [spent[(calls * share + 99) // 100 - 1] / 1000 for share in (50, 99)]


def onnx_session(booster, features):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime
        from onnxmltools import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType
        converted = convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, features]))], target_opset=15, zipmap=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, providers=["CPUExecutionProvider"])
    wanted = [session.get_outputs()[1].name]
    return lambda row: session.run(wanted, {"x": row}), onnxruntime.__version__


def ours(path):
    """Medians of `usance-bench --json`, microseconds, by figure: [p50, p99]."""
    found = {}
    for line in json.loads(Path(path).read_text())["figures"]:
        found.setdefault(line["figure"], []).append(line["medianThousandths"] / 1000)
    return {name: values[:2] for name, values in found.items()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path, default=ROOT / "risk/models/taiwan")
    options.add_argument("--ours", type=Path, help="output of usance-bench --only risk_ --json")
    options.add_argument("--calls", type=int, default=20_000)
    options = options.parse_args()
    golden = [json.loads(line) for line in (options.model / "golden.jsonl").read_text().splitlines()]
    rows = np.array([[float(v) for v in line["x"]] for line in golden])
    expected = np.array([struct.unpack(">d", bytes.fromhex(line["raw"]))[0] for line in golden])
    parts = trees_of((options.model / "model.bin").read_bytes())
    booster = lgb.Booster(model_str=model_text(*parts))
    features = rows.shape[1]

    pointers = [row.ctypes.data_as(ctypes.c_void_p) for row in rows]
    score = Single(booster, RAW, features)
    equal = sum(struct.pack("<d", score(pointer)) == struct.pack("<d", raw) for pointer, raw in zip(pointers, expected))
    # LightGBM's interface reads what is no farther from zero than 1e-35 as zero; golden rows hold that threshold itself.
    tiny = int(((rows != 0) & (np.abs(rows) <= np.float64(np.float32(1e-35)))).any(axis=1).sum())
    print(f"{len(parts[2])} trees, {features} features; LightGBM {lgb.__version__} answers {equal} of {len(rows)} golden rows to the bit; "
          f"{tiny} of them hold a value within 1e-35 of zero, which it reads as zero")
    idle = lgb.basic._LIB.LGBM_GetLastError
    idle.restype = ctypes.c_char_p
    print(f"an empty call through ctypes, p50: {timed(lambda _: idle(), pointers, 10_000)[0]:.2f} us, is part of LightGBM's figures")
    results = {
        ("LightGBM C API, one row", "risk_forest"): timed(score, pointers, options.calls),
        ("LightGBM C API, its SHAP values", "risk_explain"): timed(Single(booster, CONTRIBUTIONS, features), pointers, options.calls // 20),
    }
    run, version = onnx_session(booster, features)
    singles = [np.ascontiguousarray(row[None, :], dtype=np.float32) for row in rows]
    results[(f"ONNX Runtime {version}, one row, with Python's call", "risk_forest")] = timed(run, singles, options.calls)

    own = ours(options.ours) if options.ours else {}
    print(f"\n{'':<52}{'p50 us':>10}{'p99 us':>10}{'p50 / ours':>12}{'p99 / ours':>12}")
    for name, (middle, high) in own.items():
        print(f"{name:<52}{middle:>10.2f}{high:>10.2f}")
    for (name, figure), (middle, high) in results.items():
        ratio = "".join(f"{theirs / mine:>12.1f}" for theirs, mine in zip((middle, high), own.get(figure, ())))
        print(f"{name:<52}{middle:>10.2f}{high:>10.2f}{ratio}")


if __name__ == "__main__":
    main()
