"""The functions on real networks, compared with PyTorch."""

import pathlib
import tempfile
import unittest

import crossfire
from crossfire import CrossfireError, Model

from .support import (
    accuracy,
    examples,
    needs_command,
    needs_pandas,
    needs_torch,
    networks,
    numpy,
    torch,
)

MEAN, STD = 0.5, 0.1


def fgsm(network, images, labels, epsilon):
    """The fast gradient sign method, as its paper states it."""
    x = torch.from_numpy(images).requires_grad_()
    loss = torch.nn.functional.cross_entropy(network((x - MEAN) / STD), torch.from_numpy(labels))
    (gradient,) = torch.autograd.grad(loss, x)
    return (x + epsilon * gradient.sign()).clamp(0, 1).detach()


@needs_torch
@needs_command
class CallTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.a, cls.b = networks()
        cls.images, cls.labels = examples(cls.a)
        cls.options = dict(mean=MEAN, std=STD, threads=1, progress=False)

    def test_a_transfer_matrix_is_that_of_pytorch(self):
        epsilons = [0, 0.01, "8/255"]
        models = {"a": self.a, "b": self.b}
        grid = crossfire.transfer(
            models, self.images, self.labels, attacks="fgsm", epsilons=epsilons, **self.options
        )
        for epsilon in (0, 0.01, 8 / 255):
            for source in "ab":
                changed = fgsm(models[source], self.images, self.labels, epsilon)
                for victim in "ab":
                    found = grid.accuracy(victim, "fgsm", epsilon, source)
                    expected = accuracy(models[victim], changed, self.labels)
                    self.assertAlmostEqual(found, expected, places=6)
        self.assertTrue(grid.report.is_file())
        self.assertEqual(list(grid.folder.parent.iterdir()), [grid.folder])
        self.assertEqual(crossfire.Grid.open(grid.folder).rows, grid.rows)
        worst = grid.worst_case("a")
        self.assertLessEqual(worst, grid.accuracy("a", "fgsm", "8/255"))
        self.assertLessEqual(worst.low, worst)

    def test_adversarial_examples_are_those_of_pytorch(self):
        found = crossfire.attack(
            self.a, self.images, self.labels, attack="fgsm", epsilons=[0.02, 0.05], **self.options
        )
        self.assertTrue((found.original == self.images).all())
        self.assertEqual(found.labels.tolist(), self.labels.tolist())
        for epsilon in (0.02, 0.05):
            changed = fgsm(self.a, self.images, self.labels, epsilon)
            same = abs(found.adversarial(epsilon) - changed.numpy()) < 1e-6
            self.assertGreater(same.mean(), 0.995)
            self.assertAlmostEqual(
                found.accuracy(epsilon), accuracy(self.a, changed, self.labels), places=6
            )
        with self.assertRaisesRegex(CrossfireError, "no examples with ε = 0.3"):
            found.adversarial(0.3)

    def test_certificates_are_those_of_the_smoothed_model(self):
        found = crossfire.certify(
            {"a": self.a},
            self.images[:20],
            self.labels[:20],
            certificate="smoothing:sigma=0.05,n=200",
            epsilons=[0, 0.05],
            **self.options,
        )
        shares = [found.accuracy("a", epsilon) for epsilon in (0, 0.05)]
        self.assertGreaterEqual(*shares)
        self.assertEqual(shares[0].images, 20)
        self.assertLess(shares[0].low, shares[0])
        # All of 200 draws allow a radius of σ·Φ⁻¹(0.001^(1/200)).
        radii = [image.get("radius", 0) for image in found.document["models"][0]["images"]]
        self.assertLessEqual(max(radii), 0.05 * 1.826)
        self.assertGreater(max(radii), 0)
        with self.assertRaisesRegex(CrossfireError, "not certified for 0.3"):
            found.accuracy("a", 0.3)

    def test_every_kind_of_array_gives_the_same_accuracy(self):
        images = (self.images * 255).round().astype("uint8")
        expected = accuracy(self.a, images.astype("float32") / 255, self.labels)
        for given in (
            images,
            images.transpose(0, 2, 3, 1),
            torch.from_numpy(images),
            images.astype("float64") / 255,
        ):
            found = crossfire.evaluate({"a": self.a}, given, self.labels.tolist(), **self.options)
            self.assertAlmostEqual(found.accuracy("a"), expected, places=6)
        grey = crossfire.evaluate(
            {"a": self.a},
            images.astype("float32"),
            self.labels,
            value_range=(0, 255),
            mean=127.5,
            std=25.5,
            threads=1,
            progress=False,
        )
        self.assertAlmostEqual(grey.accuracy("a"), expected, places=6)

    def test_every_kind_of_model_gives_the_same_accuracy(self):
        expected = accuracy(self.a, self.images, self.labels)
        x = torch.rand(2, 3, 8, 8)
        traced = torch.jit.trace(self.a, x)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.pt"
            traced.save(path)
            models = {"module": self.a, "traced": traced, "file": Model(path, mean=MEAN, std=STD)}
            found = crossfire.evaluate(models, self.images, self.labels, **self.options)
        for name in models:
            self.assertAlmostEqual(found.accuracy(name), expected, places=6)

    def test_attention_keeps_its_gradients(self):
        torch.manual_seed(3)
        # PyTorch's fast path for attention in evaluation mode has no derivative.
        block = torch.nn.TransformerEncoderLayer(24, 2, 32, dropout=0, batch_first=True)
        # An image [3, 8, 8] as 8 tokens of 24 numbers.
        tokens = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Unflatten(1, (8, 24)))
        head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4))
        network = torch.nn.Sequential(tokens, block, head).eval()
        with torch.no_grad():
            labels = network((torch.from_numpy(self.images) - MEAN) / STD).argmax(1).numpy()
        found = crossfire.attack(
            network, self.images, labels, attack="fgsm", epsilons=0.05, **self.options
        )
        changed = fgsm(network, self.images, labels, 0.05)
        same = abs(found.adversarial() - changed.numpy()) < 1e-6
        self.assertGreater(same.mean(), 0.99)

    def test_labels_need_not_reach_the_last_class(self):
        few = self.labels < 2
        found = crossfire.evaluate(
            {"a": self.a}, self.images[few], self.labels[few], **self.options
        )
        expected = accuracy(self.a, self.images[few], self.labels[few])
        self.assertAlmostEqual(found.accuracy("a"), expected, places=6)

    def test_a_model_with_a_fault_is_told(self):
        right = crossfire.inspect(self.a, self.images, self.labels, **self.options)
        self.assertEqual(right.document["classes"], 4)
        network = torch.nn.Sequential(self.a, torch.nn.Softmax(dim=1))
        wrong = crossfire.inspect(network, self.images, self.labels, **self.options)
        name = "probabilities instead of logits"
        self.assertIn(name, [check.name for check in wrong.failed])
        self.assertNotIn(name, [check.name for check in right.failed])

    def test_explanations_are_the_gradients_of_pytorch(self):
        why = crossfire.explain(
            self.a,
            self.images[:3],
            self.labels[:3],
            methods="gradient:scalar=predicted-logit",
            trust=0,
            **self.options,
        )
        x = torch.from_numpy(self.images[:3]).requires_grad_()
        logits, predicted = self.a((x - MEAN) / STD).max(1)
        (gradient,) = torch.autograd.grad(logits.sum(), x)
        self.assertEqual(why.arrays["predicted"].tolist(), predicted.tolist())
        difference = abs(why.arrays["gradient"] - gradient.numpy()).max()
        self.assertLess(difference, 1e-4 * abs(gradient).max())
        self.assertTrue(why._repr_png_().startswith(b"\x89PNG"))

    def test_a_named_folder_holds_what_the_run_needs_again(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "results"
            ask = dict(attacks="fgsm", epsilons=0.1, out=out, **self.options)
            first = crossfire.transfer({"a": self.a}, self.images, self.labels, **ask)
            again = crossfire.transfer({"a": self.a}, self.images, self.labels, **ask)
            self.assertEqual(first.rows, again.rows)
            self.assertEqual({p.name for p in out.parent.iterdir()}, {"results", "results.inputs"})
            with self.assertRaisesRegex(CrossfireError, "another request"):
                crossfire.transfer(
                    {"a": self.a}, self.images, self.labels, **(ask | {"epsilons": 0.2})
                )

    @needs_pandas
    def test_masks_and_groups_come_with_their_tables(self):
        masks = numpy.zeros((40, 8, 8), bool)
        masks[:, :4] = True
        # A network that does not see the upper half withstands every noise in it.
        blind = torch.nn.Sequential(torch.nn.ZeroPad2d((0, 0, -4, 4)), self.a)
        with torch.no_grad():
            labels = blind((torch.from_numpy(self.images) - MEAN) / STD).argmax(1).numpy()
        groups = numpy.arange(40) % 2
        found = crossfire.evaluate(
            {"blind": blind}, self.images, labels, masks=masks, groups=groups, **self.options
        )
        (row,) = found.reliance.to_dict("records")
        self.assertEqual((row["inside"], row["maskedShare"], row["topMarked"]), (1, 0.5, 0))
        self.assertLess(row["outside"], 1)
        self.assertEqual(found.groups.images.tolist(), [20, 20])
        self.assertEqual(found.groups.accuracy.tolist(), [1, 1])
        hidden = crossfire.attack(
            blind,
            self.images,
            labels,
            attack="pgd",
            epsilons=0.3,
            mask="nuisance",
            masks=masks,
            **self.options,
        )
        self.assertTrue((hidden.adversarial()[:, :, 4:] == self.images[:, :, 4:]).all())
        self.assertEqual(hidden.accuracy(), 1)

    def test_errors_of_the_command_are_exceptions(self):
        for attacks, epsilons, status, message in (
            ("fgms", 0.1, 64, "did you mean 'fgsm'"),
            ("fgsm", 8, 64, "write 8/255"),
        ):
            with self.assertRaisesRegex(CrossfireError, message) as caught:
                crossfire.transfer(
                    {"a": self.a},
                    self.images,
                    self.labels,
                    attacks=attacks,
                    epsilons=epsilons,
                    **self.options,
                )
            self.assertEqual(caught.exception.status, status)

    @needs_pandas
    def test_predictions_agree_with_the_grid(self):
        grid = crossfire.transfer(
            {"a": self.a, "b": self.b},
            self.images,
            self.labels,
            attacks="fgsm",
            epsilons=0.05,
            **self.options,
        )
        table = grid.predictions("fgsm", "a")
        right = table[table.victim == "b"]
        self.assertAlmostEqual(
            (right.predicted == right.label).mean(), grid.accuracy("b", "fgsm", 0.05, source="a")
        )
        self.assertAlmostEqual(
            grid.matrix("fgsm").loc["a", "b"], (right.predicted == right.label).mean()
        )
