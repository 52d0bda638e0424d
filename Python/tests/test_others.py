"""RobustBench's files, and the plugin of pytest."""

import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest
from importlib import util

import crossfire
from crossfire import CrossfireError, robustbench

from .support import accuracy, examples, needs_command, needs_torch, networks, numpy, torch

MEAN, STD = 0.5, 0.1


@needs_torch
@needs_command
class RobustBenchTests(unittest.TestCase):
    def test_a_checkpoint_of_the_zoo_opens_with_its_normalisation(self):
        layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 6, 5),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(6, 16, 5),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(400, 120),
            torch.nn.ReLU(),
            torch.nn.Linear(120, 84),
            torch.nn.ReLU(),
            torch.nn.Linear(84, 10),
        )
        names = {"0": "conv1", "3": "conv2", "7": "fc1", "9": "fc2", "11": "fc3"}
        weights = {
            f"module.{names[key.partition('.')[0]]}.{key.partition('.')[2]}": value
            for key, value in layers.state_dict().items()
        }
        mean, std = torch.full((1, 3, 1, 1), MEAN), torch.full((1, 3, 1, 1), STD)
        weights |= {"module.mu": mean, "module.sigma": std}
        images = numpy.random.default_rng(3).random((50, 3, 32, 32), dtype=numpy.float32)
        labels = numpy.arange(50) % 10
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "Theirs2026.pt"
            torch.save({"state_dict": weights, "epoch": 3}, path)
            model = robustbench.model(path, "lenet")
            found = crossfire.evaluate({"theirs": model}, images, labels, threads=1, progress=False)
            with self.assertRaisesRegex(CrossfireError, "no entry best"):
                robustbench.model(path, "lenet", entry="best")
        self.assertNotIn("mean", model.settings)
        self.assertAlmostEqual(found.accuracy("theirs"), accuracy(layers, images, labels), places=6)

    def test_examples_for_a_submission_are_the_whole_test_set_in_its_order(self):
        network, _ = networks()
        images, labels = examples(network)
        found = crossfire.attack(
            network,
            images,
            labels,
            attack="fgsm",
            epsilons=[0.02, 0.05],
            mean=MEAN,
            std=STD,
            threads=1,
            progress=False,
        )
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "examples.pt"
            robustbench.write_examples(found, path, 0.02, test_images=40)
            tensor = torch.load(path, weights_only=True)
            with self.assertRaisesRegex(CrossfireError, "the 10000 images"):
                robustbench.write_examples(found, path, test_images=10_000)
        self.assertEqual((tensor.dtype, tuple(tensor.shape)), (torch.float32, (40, 3, 8, 8)))
        self.assertLessEqual(abs(tensor.numpy() - images).max(), 0.02 + 1e-6)
        self.assertAlmostEqual(accuracy(network, tensor, labels), found.accuracy(0.02), places=6)


@needs_torch
@needs_command
@unittest.skipUnless(util.find_spec("pytest"), "pytest is not installed")
class PytestTests(unittest.TestCase):
    def test_a_project_can_assert_the_robustness_of_its_models(self):
        package = pathlib.Path(crossfire.__file__).parents[1]
        text = f"""
            import sys; sys.path.insert(0, {str(package)!r})
            from tests.support import networks, examples
            def test_it(crossfire_run):
                network, _ = networks()
                images, labels = examples(network)
                grid = crossfire_run.transfer(
                    {{"mine": network}}, images, labels, attacks="fgsm", epsilons=[0.05],
                    mean=0.5, std=0.1, threads=1)
                assert grid.report.is_file()
                assert grid.worst_case("mine") > LIMIT
            """
        with tempfile.TemporaryDirectory() as folder:
            for limit, status in ((-1, 0), (1, 1)):
                lines = "\n".join(
                    line[12:] for line in text.replace("LIMIT", f"{limit}").split("\n")
                )
                pathlib.Path(folder, "test_it.py").write_text(lines)
                words = [sys.executable, "-m", "pytest", "-q", "test_it.py", "--basetemp=kept"]
                if util.find_spec("crossfire") and "site-packages" not in crossfire.__file__:
                    words += ["-p", "crossfire.pytest"]
                environment = dict(os.environ, PYTHONPATH=str(package))
                result = subprocess.run(
                    words, cwd=folder, env=environment, capture_output=True, text=True
                )
                self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        # The failed assertion tells the number, the images and the interval.
        self.assertRegex(result.stdout, r"assert 0\.\d+ \(\d+ of 40 images; 95 % interval")
