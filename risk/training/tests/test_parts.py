"""Tests of the pipeline's own parts; each name says the rule."""
import hashlib
import itertools
import json
import math
import os
import struct
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from usance_risk import artefact, binary, boosting, data, fairness, golden, isolation, metrics, pipeline, plots, scorecard, sets
from usance_risk.models import NAN_AS_ZERO, NAN_LEFT, NAN_RIGHT, Additive, Forest, Tree, bins
from usance_risk.scale import Explainer, Scale, shapley
from usance_risk.sets import Feature


def stump(feature, threshold, rule, left, right):
    return Tree([feature], [threshold], [rule], [~0], [~1], [left, right])


class Binning(unittest.TestCase):
    def test_a_value_equal_to_a_threshold_belongs_to_the_bin_below_it(self):
        above = math.nextafter(2.0, math.inf)
        self.assertEqual(bins(np.array([1.0, 2.0, above, math.nan]), [1.0, 2.0]).tolist(), [0, 1, 2, 3])

    def test_monotone_bins_have_monotone_rates(self):
        rng = np.random.default_rng(3)
        v = rng.normal(size=4_000)
        y = (rng.random(4_000) < 0.3 + 0.1 * np.sin(3 * v)).astype(np.int64)
        for direction, sign in (("UP", 1), ("DOWN", -1)):
            place = bins(v, scorecard.edges_of(v, y, direction))
            rates = [sign * y[place == k].mean() for k in range(place.max() + 1)]
            self.assertGreater(len(rates), 1)
            self.assertEqual(rates, sorted(rates))
        free = bins(v, scorecard.edges_of(v, y))
        rates = [y[free == k].mean() for k in range(free.max() + 1)]
        self.assertNotEqual(rates, sorted(rates))
        self.assertNotEqual(rates, sorted(rates, reverse=True))

    def test_no_bin_is_smaller_than_the_least_share(self):
        rng = np.random.default_rng(4)
        v = np.exp(rng.normal(size=3_000))
        y = (rng.random(3_000) < 0.2).astype(np.int64)
        counts = np.bincount(bins(v, scorecard.edges_of(v, y)))
        self.assertGreaterEqual(counts.min(), scorecard.MIN_SHARE * 3_000)

    def test_missing_values_do_not_move_the_bins(self):
        rng = np.random.default_rng(5)
        v, y = rng.normal(size=2_000), rng.integers(0, 2, 2_000)
        with_missing = np.append(v, [math.nan] * 50)
        self.assertEqual(scorecard.edges_of(v, y, "UP"), scorecard.edges_of(with_missing, np.append(y, [1] * 50), "UP"))


class Evidence(unittest.TestCase):
    def test_weight_of_evidence_is_zero_at_the_average_and_for_no_rows(self):
        self.assertAlmostEqual(scorecard.woe(30, 70, 300, 700), 0, places=12)
        self.assertAlmostEqual(scorecard.woe(0, 0, 300, 700), 0, places=12)

    def test_weight_of_evidence_rises_with_the_rate_and_is_finite_without_good_rows(self):
        values = [scorecard.woe(bad, 50 - bad, 300, 700) for bad in range(51)]
        self.assertEqual(values, sorted(values))
        self.assertTrue(all(map(math.isfinite, values)))

    def test_a_scorecard_finds_the_log_odds_that_made_the_rows(self):
        rng = np.random.default_rng(6)
        x = rng.integers(0, 4, (20_000, 2)).astype(float)
        true = -1 + 0.8 * x[:, 0] - 0.5 * x[:, 1]
        y = (rng.random(20_000) < metrics.pd_of(true)).astype(np.int64)
        features = [Feature("a", "a", "", "G", "UP"), Feature("b", "b", "", "G", "DOWN")]
        self.assertLess(np.abs(scorecard.fit(features, x, y).raw(x) - true).max(), 0.25)

    def test_a_weight_below_zero_is_taken_out(self):
        rng = np.random.default_rng(7)
        a = rng.normal(size=3_000)
        y = (rng.random(3_000) < metrics.pd_of(a)).astype(np.int64)
        weights, _ = scorecard.logistic(np.column_stack([a, -a + rng.normal(size=3_000)]), y)
        self.assertGreater(weights[0], 0.5)
        self.assertTrue(all(w >= 0 for w in weights))


class Shapley(unittest.TestCase):
    def test_values_equal_the_mean_over_all_orders(self):
        g = 4
        worth = np.random.default_rng(8).normal(size=(2**g, 3))
        values, _ = shapley(worth, g)
        for row in range(3):
            expected = np.zeros(g)
            orders = list(itertools.permutations(range(g)))
            for order in orders:
                seen = 0
                for k in order:
                    expected[k] += worth[seen | 1 << k, row] - worth[seen, row]
                    seen |= 1 << k
            np.testing.assert_allclose(values[row], expected / len(orders), atol=1e-12)
            self.assertAlmostEqual(values[row].sum(), worth[-1, row] - worth[0, row], places=12)

    def test_a_group_at_its_reference_has_the_value_zero_and_is_no_reason(self):
        model = Additive(0.0, [[0.5], [0.5]], [[0.0, 1.0, 0.3], [0.0, 2.0, 0.4]])
        features = [Feature("a", "a", "", "A"), Feature("b", "b", "", "B")]
        explainer = Explainer(binary.read(binary.write("ADDITIVE", model)), features, Scale(), [0.0, 0.0])
        values, ambiguous = explainer.values(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
        np.testing.assert_allclose(values, [[1, 0], [1, 2], [0, 0]], atol=1e-12)
        self.assertEqual([explainer.reasons(v) for v in values], [["A"], ["B", "A"], []])
        self.assertFalse(ambiguous.any())

    def test_a_tie_is_seen_as_ambiguous(self):
        model = Additive(0.0, [[0.5], [0.5]], [[0.0, 1.0, 0.3], [0.0, 1.0, 0.4]])
        features = [Feature("a", "a", "", "A"), Feature("b", "b", "", "B")]
        explainer = Explainer(binary.read(binary.write("ADDITIVE", model)), features, Scale(), [0.0, 0.0])
        self.assertEqual(explainer.values(np.array([[1.0, 1.0], [1.0, 0.0]]))[1].tolist(), [True, False])

    def test_named_groups_go_to_the_reference_and_no_others(self):
        model = Additive(0.0, [[0.5], [0.5]], [[0.0, 1.0, 0.3], [0.0, 2.0, 0.4]])
        features = [Feature("a", "a", "", "A"), Feature("b", "b", "", "B")]
        explainer = Explainer(binary.read(binary.write("ADDITIVE", model)), features, Scale(), [0.0, 0.0])
        self.assertEqual(explainer.towards_reference(np.array([[1.0, 1.0]] * 2), [["A"], ["B"]]).tolist(), [2.0, 1.0])


class Export(unittest.TestCase):
    def test_a_missing_value_follows_the_rule_of_its_node(self):
        for rule, threshold, expected in ((NAN_AS_ZERO, 1.0, -1), (NAN_AS_ZERO, -1.0, 1), (NAN_LEFT, -1.0, -1), (NAN_RIGHT, 1.0, 1)):
            loaded = binary.read(binary.write("FOREST", Forest(1, [stump(0, threshold, rule, -1.0, 1.0)])))
            self.assertEqual(loaded.raw(np.array([[math.nan]]))[0], expected, (rule, threshold))

    def test_a_shallow_leaf_answers_in_a_complete_tree(self):
        tree = Tree([0, 1], [0.0, 0.0], [0, 0], [~0, ~1], [1, ~2], [1.0, 2.0, 3.0])
        loaded = binary.read(binary.write("FOREST", Forest(2, [tree, Tree([], [], [], [], [], [0.5])])))
        x = np.array([[-1.0, 9.0], [1.0, -1.0], [1.0, 1.0], [0.0, 1.0]])
        self.assertEqual(loaded.raw(x).tolist(), [1.5, 2.5, 3.5, 1.5])

    def test_a_random_forest_of_lightgbm_answers_to_the_bit_with_missing_values_and_on_thresholds(self):
        rng = np.random.default_rng(9)
        x = rng.normal(size=(3_000, 4))
        x[rng.random(x.shape) < 0.1] = math.nan
        x[:, 3] = rng.integers(0, 5, 3_000)
        y = (rng.random(3_000) < metrics.pd_of(np.nan_to_num(x[:, 0]) * x[:, 3] / 2)).astype(np.int64)
        features = [Feature(n, n, "", "G", m) for n, m in zip("abcd", (None, "UP", None, "UP"))]
        settings = {"rounds": 30, "num_leaves": 15, "max_depth": 5, "feature_fraction": 0.7, "bagging_fraction": 0.7}
        for seeds in (1, 3):
            booster = boosting.fit(features, x, y, {**settings, "seeds": seeds}, 1)
            forest = boosting.forest_of(booster, 4)
            self.assertEqual(len(forest.trees), 30 * seeds)
            loaded = binary.read(binary.write("FOREST", forest))
            rows = np.vstack([x, golden.rows(features, loaded, x[:5], np.nan_to_num(x[0]))])
            self.assertGreater(len(pipeline.comparable(rows)), len(rows) - 20)
            rows = pipeline.comparable(rows)
            self.assertEqual(loaded.raw(rows).tobytes(), booster.predict(rows, raw_score=True).tobytes())

    def test_the_mean_of_boosters_is_the_mean_of_their_scores(self):
        rng = np.random.default_rng(10)
        x = rng.normal(size=(1_000, 2))
        y = (rng.random(1_000) < metrics.pd_of(x[:, 0])).astype(np.int64)
        features = [Feature("a", "a", "", "G"), Feature("b", "b", "", "G")]
        settings = {"rounds": 20, "num_leaves": 7, "feature_fraction": 0.5, "bagging_fraction": 0.6}
        single = [boosting.fit(features, x, y, settings, seed).predict(x, raw_score=True) for seed in (4, 5)]
        self.assertGreater(np.abs(single[0] - single[1]).max(), 1e-3)
        both = boosting.fit(features, x, y, {**settings, "seeds": 2}, 4).predict(x, raw_score=True)
        np.testing.assert_allclose(both, (single[0] + single[1]) / 2, atol=1e-12)

    def test_collapsed_stumps_answer_as_the_booster_and_keep_their_sign(self):
        rng = np.random.default_rng(11)
        x = rng.normal(size=(2_000, 2))
        x[rng.random(2_000) < 0.2, 1] = math.nan
        y = (rng.random(2_000) < metrics.pd_of(x[:, 0])).astype(np.int64)
        features = [Feature("a", "a", "", "G", "UP"), Feature("b", "b", "", "G")]
        booster = boosting.fit(features, x, y, {"rounds": 60, "num_leaves": 2, "max_depth": 1}, 1)
        model = boosting.collapsed(booster, 2)
        np.testing.assert_allclose(model.raw(x), booster.predict(x, raw_score=True), atol=1e-7)
        self.assertEqual(model.tables[0][:-1], sorted(model.tables[0][:-1]))

    def test_an_isolation_forest_answers_as_scikit_learn(self):
        self.assertAlmostEqual(isolation.mean_path(256), 10.2447, places=3)
        self.assertEqual(isolation.mean_path(2), 1.0)
        with tempfile.TemporaryDirectory() as folder:
            isolation.run(Path(folder))
            strange = [20.0, 30.0, 5.0, 9.0, 19_000_000.0, 0.0]
            usual = [1.0, 1.0, 180.0, 1.0, 150_000.0, 300.0]
            loaded = binary.read((Path(folder) / "anomaly" / "model.bin").read_bytes())
            anomaly = 2.0 ** -loaded.raw(np.array([strange, usual]))
            self.assertGreater(anomaly[0], 0.6)
            self.assertLess(anomaly[1], 0.45)

    def test_what_the_format_cannot_hold_is_refused(self):
        many = [stump(0, float(k), 0, 0.0, 1.0) for k in range(255)]
        deep = Tree(list([0] * 11), [float(k) for k in range(11)], [0] * 11, [*range(1, 11), ~0], [~k for k in range(1, 12)], [0.0] * 12)
        for model in (Forest(1, many), Forest(1, [deep]), Forest(1, []), Forest(1, [stump(0, math.inf, 0, 0.0, 1.0)])):
            with self.assertRaises(binary.BinaryError):
                binary.write("FOREST", model)

    def test_bytes_too_few_or_too_many_are_refused(self):
        content = binary.write("FOREST", Forest(1, [stump(0, 1.0, 0, 0.0, 1.0)]))
        for wrong in (content[:-1], content + b"\0", b"XXXX" + content[4:]):
            with self.assertRaises(binary.BinaryError):
                binary.read(wrong)

    def test_the_folder_is_signed_and_one_byte_changes_the_sums(self):
        files = {name: name.encode() for name in artefact.NAMES}
        with tempfile.TemporaryDirectory() as folder:
            artefact.write(folder, files)
            self.assertEqual(sorted(p.name for p in Path(folder).iterdir()), sorted([*artefact.NAMES, "SHA256SUMS", "SHA256SUMS.sig"]))
            sums = (Path(folder) / "SHA256SUMS").read_bytes()
            for line in sums.decode().splitlines():
                digest, name = line.split("  ")
                self.assertEqual(digest, hashlib.sha256(files[name]).hexdigest())
            key_id, signature = (Path(folder) / "SHA256SUMS.sig").read_text().split()
            public = Ed25519PrivateKey.from_private_bytes(artefact.DEVELOPMENT_SEED).public_key()
            self.assertEqual(key_id, hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16])
            public.verify(bytes.fromhex(signature), sums)
            with self.assertRaises(InvalidSignature):
                public.verify(bytes.fromhex(signature), sums.replace(b"a", b"b"))


class Golden(unittest.TestCase):
    def test_text_reads_back_to_the_same_bits(self):
        for value in (0.1, 1e300, 1.0000000180025095e-35, math.nextafter(3.5, 4), -2.0, 123456789.0, 2.0**60):
            self.assertEqual(struct.pack("d", float(golden_text(value))), struct.pack("d", value))
        self.assertEqual(golden_text(math.nan), "NaN")

    def test_every_threshold_is_there_with_its_neighbours_and_all_missing(self):
        loaded = binary.read(binary.write("FOREST", Forest(2, [stump(0, 1.5, 0, 0.0, 1.0), stump(1, 7.0, 1, 0.0, 1.0)])))
        features = [Feature("a", "a", "", "G", special=(96.0,)), Feature("b", "b", "", "G")]
        rows = golden.rows(features, loaded, [np.array([1.0, 2.0])], np.array([5.0, 6.0])).tolist()
        for f, t in ((0, 1.5), (1, 7.0)):
            for value in (math.nextafter(t, -9), t, math.nextafter(t, 9)):
                self.assertTrue(any(row[f] == value and row[1 - f] == [5.0, 6.0][1 - f] for row in rows))
        self.assertTrue(any(row[0] == 96.0 for row in rows))
        self.assertTrue(any(all(math.isnan(v) for v in row) for row in rows))

    def test_scores_are_rounded_half_away_from_zero_and_clamped(self):
        scale = Scale()
        self.assertEqual(scale.score(np.array([-math.log(50), 99.0, -99.0])).tolist(), [600, 300, 850])
        self.assertEqual(scale.score(np.array([-math.log(100)])).tolist(), [620])
        self.assertAlmostEqual(float(scale.points(scale.log_odds_at(534))), 534, places=9)


def golden_text(value):
    return artefact.golden_text(value)


class Data(unittest.TestCase):
    spec = sets.Spec(
        name="t", title="t", file="t.csv", known_sha256=(), columns=("id", "v", "w", "bad"), target="bad", row_number=("id",),
        features=(Feature("v", "v", "", "G", special=(96.0,)), Feature("w", "w", "", "G", codes={"x": 1.0, "y": 2.0})),
        groups={"G": "g"}, forest={}, additive={}, cost_of_bad=5.0, protected={}, licence="", window="", limits=(), bar=0.5)
    content = b"id,v,w,bad\n1,5,x,0\n2,5,x,0\n3,5,x,1\n4,,y,0\n5,96,z,1\n"

    def read(self, content=None, allow=True, spec=None):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"CREDIT_DATA": folder}):
            (Path(folder) / "t.csv").write_bytes(self.content if content is None else content)
            return data.read(spec or self.spec, allow)

    def test_exact_duplicates_are_dropped_whatever_their_row_number(self):
        table = self.read()
        self.assertEqual((table.rows_read, table.duplicates, table.text["id"]), (5, 1, ["1", "3", "4", "5"]))

    def test_missing_special_and_unknown_texts_are_missing_values(self):
        x = data.matrix(self.spec, self.read())
        np.testing.assert_array_equal(x, [[5, 1], [5, 1], [math.nan, 2], [math.nan, math.nan]])

    def test_an_unknown_hash_stops_unless_allowed(self):
        with self.assertRaisesRegex(data.DataError, "--allow-other-data"):
            self.read(allow=False)
        known = replace(self.spec, known_sha256=(hashlib.sha256(self.content).hexdigest(),))
        self.assertEqual(self.read(allow=False, spec=known).rows(), 4)

    def test_other_columns_short_lines_and_strange_outcomes_are_refused(self):
        for content in (b"id,v,bad,w\n1,5,0,x\n", b"id,v,w,bad\n1,5,x\n", b"id,v,w,bad\n1,5,x,2\n2,5,x,0\n", b"id,v,w,bad\n1,5,x,0\n"):
            with self.assertRaises(data.DataError):
                self.read(content)

    def test_an_absent_file_is_no_error(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"CREDIT_DATA": folder}):
            self.assertIsNone(data.read(self.spec))

    def test_parts_of_a_split_are_disjoint_complete_and_keep_the_rate(self):
        y = (np.arange(1_000) % 5 == 0).astype(np.int64)
        parts = data.split(y, 1)
        self.assertEqual(sorted(np.concatenate(parts).tolist()), list(range(1_000)))
        self.assertEqual([len(p) for p in parts], [600, 200, 200])
        self.assertEqual([int(y[p].sum()) for p in parts], [120, 40, 40])
        tests = np.concatenate([test for _, test in data.folds(y, 5, 1)])
        self.assertEqual(sorted(tests.tolist()), list(range(1_000)))

    def test_protected_columns_are_no_features(self):
        for spec in sets.ALL.values():
            used = {feature.column for feature in spec.features}
            protected = {column for column, _, _ in spec.protected.values()}
            self.assertEqual(used & protected, {"age"} if spec.name == "gmsc" else set())
        age = next(f for f in sets.GMSC.features if f.name == "age")
        self.assertEqual(age.monotone, "DOWN")

    def test_every_set_fits_the_format(self):
        for spec in sets.ALL.values():
            self.assertLessEqual(len(spec.groups), 8)
            self.assertEqual({f.group for f in spec.features}, set(spec.groups))
            self.assertEqual(len({f.name for f in spec.features}), len(spec.features))
            self.assertTrue({f.column for f in spec.features} <= set(spec.columns))


class Figures(unittest.TestCase):
    def test_auc_counts_pairs_and_ties_half(self):
        y, s = np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0])
        self.assertEqual(metrics.auc(y, s), (1 + 1 + 0.5 + 1) / 4)

    def test_the_interval_of_delong_has_the_width_of_the_sampling_error(self):
        rng = np.random.default_rng(12)
        errors, values = [], []
        for _ in range(300):
            s = np.append(rng.normal(0, 1, 200), rng.normal(1, 1, 100))
            y = np.append(np.zeros(200, int), np.ones(100, int))
            values.append(metrics.auc(y, s))
            errors.append(metrics.auc_error(y, s))
        self.assertAlmostEqual(np.mean(errors) / np.std(values), 1, delta=0.12)

    def test_recalibration_finds_slope_and_intercept(self):
        rng = np.random.default_rng(13)
        z = rng.normal(-1, 1.5, 60_000)
        y = (rng.random(60_000) < metrics.pd_of(0.4 + 0.7 * z)).astype(np.int64)
        intercept, slope, _, error = metrics.recalibration(y, z)
        self.assertLess(abs(slope - 0.7), 4 * error)
        self.assertAlmostEqual(intercept, 0.4, delta=0.06)
        scale, words = pipeline.calibration_of(y, z)
        self.assertIn("corrected", words)
        self.assertAlmostEqual(scale.slope, slope, places=5)

    def test_good_calibration_is_left_alone(self):
        rng = np.random.default_rng(14)
        z = rng.normal(-1, 1.5, 5_000)
        scale, _ = pipeline.calibration_of((rng.random(5_000) < metrics.pd_of(z)).astype(np.int64), z)
        self.assertEqual((scale.slope, scale.intercept), (1.0, 0.0))

    def test_only_the_level_is_corrected_when_the_slope_is_right(self):
        rng = np.random.default_rng(18)
        z = rng.normal(-1, 1.5, 20_000)
        scale, _ = pipeline.calibration_of((rng.random(20_000) < metrics.pd_of(z + 0.3)).astype(np.int64), z)
        self.assertEqual(scale.slope, 1.0)
        self.assertAlmostEqual(scale.intercept, 0.3, delta=0.06)

    def test_every_figure_lies_in_its_interval(self):
        rng = np.random.default_rng(15)
        z = rng.normal(-1, 1, 800)
        y = (rng.random(800) < metrics.pd_of(z)).astype(np.int64)
        for name, f in metrics.all_figures(y, z).items():
            self.assertTrue(f["low"] <= f["value"] <= f["high"], (name, f))

    def test_ks_and_ece_of_known_rows(self):
        y, s = np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0])
        self.assertEqual(metrics.ks(y, s), 0.5)
        self.assertAlmostEqual(metrics.ece(np.array([0, 1]), np.array([0.0, 0.0]), bins=1), 0.0)
        self.assertEqual(metrics.psi([0.5, 0.5], [0.5, 0.5]), 0.0)

    def test_the_champion_is_the_simplest_near_the_best_that_reaches_the_bar(self):
        aucs = {"scorecard": 0.790, "additive": 0.7985, "forest": 0.800}
        self.assertEqual(pipeline.champion_of(aucs, 0.79), "additive")
        self.assertEqual(pipeline.champion_of(aucs, 0.7995), "forest")
        self.assertEqual(pipeline.champion_of(aucs, 0.9), "additive")

    def test_drift_shares_add_up_and_no_bin_is_empty(self):
        shares = pipeline._shares(np.array([0.0] * 70 + [1.0] * 20 + [5.0] * 10), 10)
        self.assertEqual(shares["edges"], [0, 1])
        self.assertEqual(shares["shares"], [0.7, 0.2, 0.1])

    def test_the_impact_ratio_is_a_ratio_of_approval_rates(self):
        spec = replace(Data.spec, protected={"k": ("kind", {"a": "A", "b": "B"}, "A")})
        text = {"kind": ["a"] * 200 + ["b"] * 200}
        table = data.Table(text, np.tile([0, 1], 200), "", "", 400, 0)
        score = np.concatenate([np.repeat([600, 500], 100), np.repeat([600, 500], [50, 150])])
        z = np.random.default_rng(16).normal(size=400)
        groups = fairness.report(spec, table, table.y, z, score, 550)["attributes"]["k"]["groups"]
        self.assertEqual(groups["A"]["adverse_impact_ratio"], 1.0)
        self.assertEqual(groups["B"]["adverse_impact_ratio"], 0.5)
        self.assertLess(groups["B"]["smd"], 0)

    def test_two_plots_have_the_same_bytes(self):
        rng = np.random.default_rng(17)
        z = rng.normal(size=500)
        y = (rng.random(500) < metrics.pd_of(z)).astype(np.int64)
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("a.svg", "b.svg")]
            for path in paths:
                plots.calibration(path, Data.spec, y, z)
            self.assertEqual(paths[0].read_bytes(), paths[1].read_bytes())


class Committed(unittest.TestCase):
    def test_the_committed_golden_rows_hold_for_the_committed_numbers(self):
        for folder in sorted((data.ROOT / "risk" / "models").iterdir()):
            if not (folder / "model.json").is_file():
                continue
            loaded = binary.read((folder / "model.bin").read_bytes())
            lines = [json.loads(line) for line in (folder / "golden.jsonl").read_text().splitlines()]
            self.assertGreaterEqual(len(lines), 1_000, folder.name)
            raw = loaded.raw(np.array([[float(v) for v in line["x"]] for line in lines]))
            self.assertEqual([golden.bits(v) for v in raw], [line["raw"] for line in lines], folder.name)


if __name__ == "__main__":
    unittest.main()
