"""LightGBM: a monotone forest, the mean of several, and boosted stumps collapsed to an additive model."""
import math

import lightgbm as lgb
import numpy as np

from .models import NAN_AS_ZERO, NAN_LEFT, NAN_RIGHT, Additive, Forest, Tree

FIXED = {"objective": "binary", "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
         "zero_as_missing": False, "boost_from_average": True, "bagging_freq": 1}
SIGN = {"UP": 1, "DOWN": -1, None: 0}


def fit(features, x, y, settings, seed):
    """A booster; with `seeds` above 1 in the settings, one whose trees are those of several, each leaf divided by their number."""
    settings = dict(settings)
    rounds, seeds = settings.pop("rounds"), settings.pop("seeds", 1)
    texts = []
    for k in range(seeds):
        params = {**FIXED, **settings, "seed": seed + k,
                  "monotone_constraints": [SIGN[feature.monotone] for feature in features]}
        dataset = lgb.Dataset(x, y, params={"verbosity": -1, "max_bin": settings.get("max_bin", 255),
                                            "zero_as_missing": False, "min_data_in_bin": 3})
        booster = lgb.train(params, dataset, rounds)
        texts.append(booster.model_to_string(num_iteration=-1))
    return lgb.Booster(model_str=mean_of(texts))


def mean_of(texts):
    """The model file whose raw score is the mean of the raw scores of the given model files."""
    head, _, _ = texts[0].partition("\nTree=0\n")
    head = "\n".join(line for line in head.splitlines() if not line.startswith("tree_sizes="))
    blocks = []
    for text in texts:
        body = text[text.index("\nTree=0\n"):text.index("\nend of trees")]
        blocks += [block.split("\n", 1)[1] for block in body.split("\nTree=")[1:]]
    out = [head, ""]
    for number, block in enumerate(blocks):
        lines = [_divided(line, len(texts)) for line in block.strip("\n").splitlines()]
        out += [f"Tree={number}", *lines, "", ""]
    return "\n".join([*out, "end of trees", "", ""])


def _divided(line, count):
    name, _, values = line.partition("=")
    if name not in ("leaf_value", "internal_value") or count == 1:
        return line
    return f"{name}=" + " ".join(repr(float(v) / count) for v in values.split())


def forest_of(booster, features):
    """The trees with missing values made explicit: NaN counts as 0.0 where LightGBM saw none in training."""
    dump = booster.dump_model()
    if dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        raise ValueError("only a sum of single trees can be exported")
    return Forest(features, [_tree(info["tree_structure"]) for info in dump["tree_info"]])


def _tree(root):
    tree = Tree([], [], [], [], [], [])

    def place(node):
        if "leaf_value" in node:
            tree.leaf.append(float(node["leaf_value"]))
            return ~(len(tree.leaf) - 1)
        if node["decision_type"] != "<=":
            raise ValueError(f"split {node['decision_type']} cannot be exported")
        rule = {"None": NAN_AS_ZERO, "NaN": NAN_LEFT if node["default_left"] else NAN_RIGHT}[node["missing_type"]]
        here = len(tree.feature)
        tree.feature.append(int(node["split_feature"]))
        tree.threshold.append(float(node["threshold"]))
        tree.rule.append(rule)
        tree.left.append(0)
        tree.right.append(0)
        tree.left[here] = place(node["left_child"])
        tree.right[here] = place(node["right_child"])
        return here

    place(root)
    return tree


def collapsed(booster, features):
    """Boosted stumps as one table a feature. Sums are rounded to 1e-9, which keeps their order."""
    forest = forest_of(booster, features)
    edges = forest.thresholds()
    sums = [[[] for _ in range(len(cuts) + 2)] for cuts in edges]
    constant = []
    for tree in forest.trees:
        if not tree.feature:
            constant.append(tree.leaf[0])
            continue
        if len(tree.feature) != 1:
            raise ValueError("a tree of depth 1 is needed")
        f, threshold, rule = tree.feature[0], tree.threshold[0], tree.rule[0]
        left, right = tree.leaf[~tree.left[0]], tree.leaf[~tree.right[0]]
        k = edges[f].index(threshold)
        for b in range(len(edges[f]) + 1):
            sums[f][b].append(left if b <= k else right)
        goes_left = rule == NAN_LEFT or (rule == NAN_AS_ZERO and 0.0 <= threshold)
        sums[f][-1].append(left if goes_left else right)
    tables, intercept = [], math.fsum(constant)
    for per_bin in sums:
        raw = [math.fsum(values) for values in per_bin]
        centre = float(np.median(raw[:-1]))
        intercept += centre
        tables.append([round(v - centre, 9) + 0.0 for v in raw])
    return Additive(round(intercept, 9), edges, tables)
