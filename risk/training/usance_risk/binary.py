"""`model.bin` of risk/FORMAT.md: writing, and an evaluator of its own that only knows the bytes."""
import math
import struct
from dataclasses import dataclass

import numpy as np

from .models import ALWAYS_LEFT, NAN_LEFT, NAN_RIGHT, Additive, Forest

MAGIC, FORMAT = b"USRM", 1
FOREST, ADDITIVE, ISOLATION = 1, 2, 3
KIND = {"FOREST": FOREST, "ADDITIVE": ADDITIVE, "ISOLATION": ISOLATION}
MAX_THRESHOLDS, MAX_SLOTS, MAX_TREES, MAX_DEPTH = 254, 255, 4096, 10


class BinaryError(Exception):
    """The numbers do not fit the format, or the bytes are not a model."""


def _need(condition, message):
    if not condition:
        raise BinaryError(message)


def write(kind, model):
    """The bytes of a model; refuses what the format cannot hold."""
    edges = model.thresholds if isinstance(model, Additive) else model.thresholds()
    out = bytearray(struct.pack("<4sHBBH", MAGIC, FORMAT, KIND[kind], 0, len(edges)))
    for f, values in enumerate(edges):
        _need(len(values) <= MAX_THRESHOLDS, f"feature {f} has {len(values)} thresholds, {MAX_THRESHOLDS} fit")
        _need(all(math.isfinite(v) for v in values), f"feature {f} has a threshold that is not finite")
        _need(all(a < b for a, b in zip(values[:-1], values[1:])), f"the thresholds of feature {f} do not rise")
        out += struct.pack(f"<H{len(values)}d", len(values), *values)
    out += _additive(model) if isinstance(model, Additive) else _forest(model, edges)
    return bytes(out)


def _additive(model):
    out = struct.pack("<d", model.intercept)
    for edges, table in zip(model.thresholds, model.tables):
        _need(len(table) == len(edges) + 2, "a table has one value a bin and one for NaN")
        out += struct.pack(f"<{len(table)}d", *table)
    return out


def _forest(model, edges):
    slots = sorted({(f, r) for tree in model.trees for f, r in zip(tree.feature, tree.rule)}) or [(0, 0)]
    _need(len(slots) <= MAX_SLOTS, f"{len(slots)} slots, {MAX_SLOTS} fit")
    _need(1 <= len(model.trees) <= MAX_TREES, f"{len(model.trees)} trees")
    out = bytearray(struct.pack("<H", len(slots)))
    for f, rule in slots:
        out += struct.pack("<HB", f, rule)
    out += struct.pack("<dH", model.start, len(model.trees))
    slot_of = {slot: k for k, slot in enumerate(slots)}
    rank = [{v: k for k, v in enumerate(values)} for values in edges]
    for tree in model.trees:
        depth = tree.depth()
        _need(depth <= MAX_DEPTH, f"a tree is {depth} deep")
        nodes, leaves = [(0, ALWAYS_LEFT)] * (2**depth - 1), [0.0] * 2**depth

        def place(child, at, level, tree=tree, depth=depth, nodes=nodes, leaves=leaves):
            if child < 0:
                width = 2 ** (depth - level)
                first = (at + 1) * width - 2**depth
                leaves[first:first + width] = [tree.leaf[~child]] * width
                return
            f = tree.feature[child]
            nodes[at] = (slot_of[f, tree.rule[child]], rank[f][tree.threshold[child]])
            place(tree.left[child], 2 * at + 1, level + 1)
            place(tree.right[child], 2 * at + 2, level + 1)

        place(0 if tree.feature else ~0, 0, 0)
        out += struct.pack("<B", depth) + bytes(v for node in nodes for v in node) + struct.pack(f"<{len(leaves)}d", *leaves)
    if model.divisor is not None:
        out += struct.pack("<d", model.divisor)
    return bytes(out)


@dataclass(frozen=True)
class Loaded:
    """A model read back from its bytes."""

    kind: int
    thresholds: list
    slots: list
    start: float
    trees: list
    divisor: float
    intercept: float
    tables: list

    def bin_rows(self, x):
        """Bins of every row, NaN as the number behind the last bin."""
        out = np.empty(x.shape, dtype=np.int64)
        for f, edges in enumerate(self.thresholds):
            out[:, f] = np.searchsorted(edges, x[:, f], side="left")
            out[np.isnan(x[:, f]), f] = len(edges) + 1
        return out

    def raw(self, x):
        return self.raw_of_bins(self.bin_rows(np.asarray(x, dtype=np.float64)))

    def raw_of_bins(self, found):
        if self.kind == ADDITIVE:
            total = np.full(len(found), self.intercept)
            for f, table in enumerate(self.tables):
                total = total + table[found[:, f]]
            return total
        slots = np.empty((len(self.slots), len(found)), dtype=np.int64)
        for s, (f, rule) in enumerate(self.slots):
            edges = self.thresholds[f]
            missing = found[:, f] == len(edges) + 1
            instead = {NAN_LEFT: 0, NAN_RIGHT: 255}.get(rule, int(np.searchsorted(edges, 0.0, side="left")))
            slots[s] = np.where(missing, instead, found[:, f])
        total = np.full(len(found), self.start)
        rows = np.arange(len(found))
        for depth, slot, limit, leaves in self.trees:
            at = np.zeros(len(found), dtype=np.int64)
            for _ in range(depth):
                at = 2 * at + np.where(slots[slot[at], rows] <= limit[at], 1, 2)
            total = total + leaves[at - (2**depth - 1)]
        return total / self.divisor if self.kind == ISOLATION else total


def read(data):
    """The model in the bytes; anything left over or missing is an error."""
    at = 0

    def take(form):
        nonlocal at
        size = struct.calcsize("<" + form)
        _need(at + size <= len(data), "model.bin ends too early")
        values = struct.unpack_from("<" + form, data, at)
        at += size
        return values

    magic, version, kind, zero, features = take("4sHBBH")
    _need((magic, version, zero) == (MAGIC, FORMAT, 0), "not a model of this format")
    thresholds = [np.array(take(f"{take('H')[0]}d"), dtype=np.float64) for _ in range(features)]
    slots, trees, tables, start, divisor, intercept = [], [], [], 0.0, 1.0, 0.0
    if kind == ADDITIVE:
        intercept, = take("d")
        tables = [np.array(take(f"{len(edges) + 2}d")) for edges in thresholds]
    else:
        slots = [take("HB") for _ in range(take("H")[0])]
        start, count = take("dH")
        for _ in range(count):
            depth, = take("B")
            nodes = np.array(take(f"{2 * (2**depth - 1)}B"), dtype=np.int64).reshape(-1, 2)
            trees.append((depth, nodes[:, 0], nodes[:, 1], np.array(take(f"{2**depth}d"))))
        if kind == ISOLATION:
            divisor, = take("d")
    _need(at == len(data), "bytes are left over in model.bin")
    return Loaded(kind, thresholds, slots, start, trees, divisor, intercept, tables)
