"""What a grid tells, from a document as the command writes it."""

import copy
import pathlib
import tempfile
import unittest

from crossfire import CrossfireError, Grid, robustbench

from .support import needs_pandas


def cell(attack, epsilon, source, victim, correct):
    setting = "white-box" if source == victim else "black-box"
    return dict(
        attack=attack,
        epsilon=epsilon,
        source=source,
        victim=victim,
        setting=setting,
        examples=100,
        correct=correct,
        accuracy=correct / 100,
        ci_low=0.1,
        ci_high=0.9,
        images=100,
        both_right=50,
        success=0.5,
        excluded=0,
        kept_right=correct,
    )


def case(victim, epsilon, own, everyone, norm="linf"):
    return dict(
        attacks=["fgsm", "autoattack"],
        victim=victim,
        norm=norm,
        epsilon=epsilon,
        images=100,
        rightUnderOwn=own,
        rightUnderAll=everyone,
    )


small, large = 4 / 255, 8 / 255
document = {
    "cells": [
        cell(attack, epsilon, source, victim, correct)
        for attack, loss in (("fgsm", 0), ("autoattack", 20))
        for epsilon, start in ((0, 90), (small, 70), (large, 50))
        for source in ("a", "b")
        for victim in ("a", "b")
        for correct in [start - (loss if epsilon else 0) - (5 if source == victim else 0)]
    ],
    "worstCases": [
        case("a", small, 44, 43),
        case("b", small, 42, 41),
        case("a", large, 24, 23),
        case("b", large, 22, 21),
    ],
    "flags": [
        dict(name="one step beats many", raisedBecause="<40 %>", meaning="It.", advice="Do.")
    ],
}


class GridTests(unittest.TestCase):
    def setUp(self):
        self.grid = Grid(document, pathlib.Path("/nowhere"))

    def test_the_worst_case_is_that_of_the_largest_budget_unless_one_is_given(self):
        self.assertEqual(self.grid.worst_case("a"), 0.23)
        self.assertEqual(self.grid.worst_case("a", own=True), 0.24)
        self.assertEqual(self.grid.worst_case("a", "4/255"), 0.43)
        self.assertEqual(self.grid.worst_case("b", small, own=True), 0.42)

    def test_the_interval_is_that_of_the_table(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "worst.csv")
            path.write_text(
                "victim,norm,epsilon,ci_low,ci_high\n"
                f"b,linf,{large},0.7,0.8\na,l2,{large},0.5,0.6\na,linf,{large},0.12,0.34\n"
            )
            share = Grid(document, pathlib.Path(folder)).worst_case("a")
        self.assertEqual((share.low, share.high), (0.12, 0.34))

    def test_several_norms_have_to_be_told_apart(self):
        both = copy.deepcopy(document)
        both["worstCases"].append(case("a", 0.5, 10, 9, "l2"))
        grid = Grid(both, pathlib.Path("/nowhere"))
        with self.assertRaisesRegex(CrossfireError, "norms linf, l2"):
            grid.worst_case("a")
        self.assertEqual(grid.worst_case("a", norm="l2"), 0.09)
        self.assertEqual(grid.worst_case("a", norm="linf"), 0.23)

    def test_an_accuracy_is_that_of_its_cell(self):
        self.assertEqual(self.grid.accuracy("a", "fgsm", "8/255"), 0.45)
        self.assertEqual(self.grid.accuracy("a", "fgsm", large, source="b"), 0.5)

    def test_what_the_grid_does_not_have_is_told(self):
        for ask in (
            lambda: self.grid.accuracy("a", "fgsm", 0.3),
            lambda: self.grid.accuracy("c", "fgsm", large),
            lambda: self.grid.worst_case("c"),
            lambda: self.grid.worst_case("a", 0.3),
        ):
            with self.assertRaisesRegex(CrossfireError, "the models a, b"):
                ask()
        with self.assertRaisesRegex(CrossfireError, "no finished run folder"):
            Grid.open("/nowhere")

    def test_the_notebook_shows_the_matrices_and_escapes_what_it_shows(self):
        shown = self.grid._repr_html_()
        self.assertIn("fgsm, ε = 0.03137", shown)
        self.assertIn("45.0 %", shown)
        self.assertIn("&lt;40 %&gt; Do.", shown)

    @needs_pandas
    def test_the_matrix_has_sources_in_rows_and_victims_in_columns(self):
        matrix = self.grid.matrix("fgsm")
        self.assertEqual(matrix.loc["a", "a"], 0.45)
        self.assertEqual(matrix.loc["b", "a"], 0.5)
        self.assertEqual(list(self.grid.frame.columns[:4]), "attack epsilon source victim".split())


class RecordTests(unittest.TestCase):
    # model_info/cifar10/Linf/Rice2020Overfitting.json of RobustBench.
    published = {
        "link": "https://arxiv.org/abs/2002.11569",
        "name": "Overfitting in adversarially robust deep learning",
        "authors": "Leslie Rice, Eric Wong, J. Zico Kolter",
        "additional_data": False,
        "number_forward_passes": 1,
        "dataset": "cifar10",
        "venue": "ICML 2020",
        "architecture": "WideResNet-34-20",
        "eps": "8/255",
        "clean_acc": "85.34",
        "reported": "58",
        "autoattack_acc": "53.42",
        "unreliable": False,
    }

    def grid(self, **changes):
        return Grid(copy.deepcopy(document) | changes, pathlib.Path("/nowhere"))

    def test_a_record_has_the_fields_of_a_published_one_in_their_order(self):
        computed = ("dataset", "eps", "clean_acc", "autoattack_acc")
        given = {k: v for k, v in self.published.items() if k not in computed}
        cases = [case("a", large, 25, 23)]
        entry = robustbench.record(
            self.grid(worstCases=cases), "a", dataset="cifar10", epsilon="8/255", **given
        )
        self.assertEqual(list(entry), list(self.published))
        for name in self.published:
            self.assertIs(type(entry[name]), type(self.published[name]), name)
        self.assertEqual(
            (entry["clean_acc"], entry["autoattack_acc"], entry["eps"]), ("85.0", "25.0", "8/255")
        )
        with tempfile.TemporaryDirectory() as folder:
            path = robustbench.write(entry, f"{folder}/cifar10/Linf/Mine.json")
            self.assertEqual(robustbench.read(path), entry)

    def test_a_lower_worst_case_is_an_external_evaluation(self):
        entry = robustbench.record(self.grid(), "a", dataset="cifar10", epsilon=large)
        self.assertEqual((entry["autoattack_acc"], entry["external"]), ("25.0", "24.0"))
        self.assertEqual(entry["eps"], "8/255")
        self.assertIsNone(entry["link"])

    def test_without_autoattack_there_is_no_accuracy_under_it(self):
        cells = [c for c in document["cells"] if c["attack"] == "fgsm"]
        entry = robustbench.record(self.grid(cells=cells), "a", dataset="cifar10", epsilon=large)
        self.assertNotIn("autoattack_acc", entry)
        self.assertEqual(entry["external"], "24.0")

    def test_what_cannot_be_told_is_refused(self):
        cells = [c for c in document["cells"] if c["epsilon"]]
        with self.assertRaisesRegex(CrossfireError, "add 0 to the budgets"):
            robustbench.record(self.grid(cells=cells), "a", dataset="cifar10", epsilon=large)
        for name in ("clean_acc", "autor"):
            with self.assertRaisesRegex(CrossfireError, "no field to be given"):
                robustbench.record(
                    self.grid(), "a", dataset="cifar10", epsilon=large, **{name: "99"}
                )
        with self.assertRaisesRegex(CrossfireError, "Linf or L2"):
            robustbench.record(
                self.grid(), "a", dataset="cifar10", threat_model="L1", epsilon=large
            )
