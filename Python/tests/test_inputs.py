"""How models and data become arguments of the command."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from crossfire import CrossfireError, Model, _data, _models, _request

from .support import needs_torch, networks, numpy, program, torch


class SettingTests(unittest.TestCase):
    def test_settings_are_written_as_the_command_takes_them(self):
        model = Model("a.onnx", mean=[0.5, 0.25], std=1, channels="bgr", binary=True)
        self.assertEqual(model.words(), "channels=bgr,binary=true,mean=0.5/0.25,std=1")

    def test_a_path_keeps_its_own_settings(self):
        models = {"a": Model("a.onnx:channels=bgr", mean=0.5, std=1), "b": "b.onnx:input=3x8x8"}
        words, _ = _models.arguments(models, None, None, None, pathlib.Path())
        self.assertEqual(words, ["a=a.onnx:channels=bgr,mean=0.5,std=1", "b=b.onnx:input=3x8x8"])

    def test_what_exists_with_a_colon_is_a_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lr=0:1.onnx")
            open(path, "w").close()
            words, _ = _models.arguments(
                {"a": Model(path, mean=0, std=1)}, None, None, None, folder
            )
        self.assertEqual(words, [f"a={path}:mean=0,std=1"])

    def test_a_normalisation_is_not_added_to_a_file(self):
        with self.assertRaisesRegex(CrossfireError, "a is a file"):
            _models.arguments({"a": "a.onnx"}, 0.5, 0.5, None, pathlib.Path())

    def test_what_would_break_an_argument_is_refused(self):
        for model in (Model("a", channels="rgb,mean=1"), Model("a", classes="a:b")):
            with self.assertRaisesRegex(CrossfireError, "separates settings"):
                model.words()
        with self.assertRaisesRegex(CrossfireError, "belong together"):
            Model("a", mean=0.5)
        for name in ("", "a=b", "../a", "-a"):
            with self.assertRaisesRegex(CrossfireError, "name of a model"):
                _models.arguments({name: "a.onnx"}, None, None, None, pathlib.Path())

    def test_budgets_and_attacks_may_be_one_or_several(self):
        self.assertEqual(_request.several("fgsm", "attacks"), ["fgsm"])
        self.assertEqual(_request.several([0, "8/255", 0.1], "budgets"), ["0.0", "8/255", "0.1"])
        with self.assertRaisesRegex(CrossfireError, "found none"):
            _request.several([], "attacks")

    def test_an_unknown_option_is_refused(self):
        with self.assertRaisesRegex(CrossfireError, "no option 'eps'"):
            _request.prepare({}, None, None, None, None, None, {"eps": 1}, "results")


@needs_torch
class ArrayTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, images, labels, masks=None):
        return _data.argument(images, labels, masks, None, self.folder)

    def test_arrays_are_stored_as_they_are(self):
        images = torch.rand(5, 3, 8, 6, requires_grad=True)
        masks = numpy.ones((5, 8, 6), bool)
        path, arrays = self.write(images, [0, 1, 2, 0, 1], masks)
        stored = numpy.load(path)
        self.assertTrue((stored["images"] == images.detach().numpy()).all())
        self.assertEqual(stored["labels"].tolist(), [0, 1, 2, 0, 1])
        self.assertTrue((stored["masks"] == masks).all())
        self.assertFalse(arrays.lack_classes(3))
        self.assertTrue(arrays.lack_classes(4))

    def test_the_shape_of_an_image_is_found_as_the_command_finds_it(self):
        for shape, layout, expected in (
            ((5, 3, 8, 6), None, (3, 8, 6)),
            ((5, 8, 6, 3), None, (3, 8, 6)),
            ((5, 8, 6, 1), None, (1, 8, 6)),
            ((5, 3, 3, 3), "nhwc", (3, 3, 3)),
            ((5, 8, 6), None, (1, 8, 6)),
            ((5, 7), None, (7,)),
        ):
            _, arrays = self.write(numpy.zeros(shape, "uint8"), numpy.zeros(5, "int64"))
            self.assertEqual(arrays.shape_of_example(layout), expected)

    def test_arrays_that_do_not_fit_together_are_refused(self):
        images = numpy.zeros((5, 3, 8, 8), "uint8")
        for labels, message in (
            ([0, 1], "one for each image"),
            ([0.0] * 5, "whole numbers"),
            (None, "no labels"),
        ):
            with self.assertRaisesRegex(CrossfireError, message):
                self.write(images, labels)
        with self.assertRaisesRegex(CrossfireError, "found the shape"):
            self.write(images[None], [0])
        with self.assertRaisesRegex(CrossfireError, "has its own"):
            self.write("mnist", [0])
        with self.assertRaisesRegex(CrossfireError, r"images.float\(\)"):
            self.write(torch.zeros(5, 3, 8, 8, dtype=torch.bfloat16), [0] * 5)


@needs_torch
class ExportTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def arguments(self, model, shape=(3, 8, 8)):
        with tempfile.TemporaryDirectory() as folder:
            return _models.arguments({"a": model}, None, None, shape, pathlib.Path(folder))

    def test_what_is_no_model_is_refused_with_advice(self):
        network, _ = networks()
        for model, message in (
            (network.state_dict(), "architecture='resnet18'"),
            (lambda x: x, "found function"),
        ):
            with self.assertRaisesRegex(CrossfireError, message):
                self.arguments(model)
        with self.assertRaisesRegex(CrossfireError, "a does not take images of the shape 3x9x9"):
            self.arguments(network, (3, 9, 9))
        with self.assertRaisesRegex(CrossfireError, "give the images as an array"):
            self.arguments(network, None)

    def test_a_module_becomes_an_archive_if_the_command_opens_it(self):
        network, _ = networks()
        for status, ending in ((0, ".pt2"), (65, ".pt")):
            text = f"echo \"$2\" > {self.folder}/asked; echo '{{}}'; exit {status}"
            named = {"CROSSFIRE_COMMAND": program(self.folder, text)}
            with mock.patch.dict(os.environ, named):
                words, classes = self.arguments(Model(network, mean=0.5, std=0.1))
            self.assertEqual(pathlib.Path(words[0].partition(":")[0]).suffix, ending)
            self.assertEqual(classes, 4)
            # The command is asked about the model with its settings.
            asked = (self.folder / "asked").read_text().strip()
            self.assertTrue(asked.endswith("a.pt2:mean=0.5,std=0.1"), asked)

    def test_a_module_stays_as_it_was(self):
        network, _ = networks()
        network.train().half()
        self.arguments(network)
        self.assertTrue(network.training)
        self.assertTrue(all(p.requires_grad for p in network.parameters()))
        self.assertEqual(next(network.parameters()).dtype, torch.float16)
