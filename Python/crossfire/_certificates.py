"""Certificates: the function and its result."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._cells import number, same
from ._command import run
from ._data import Images, Labels
from ._errors import CrossfireError
from ._models import Model, Source
from ._request import Budget, Normalisation, Options, optional, prepare, several
from ._tables import Share, frame, html_table, percent

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Unpack


class Certificates:
    """The certified accuracy of models against the size of perturbations.

    Attributes:
        document: what the command found, as docs/certificates.md describes it.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def frame(self) -> pandas.DataFrame:
        """A row for each model and size: model, epsilon, images, certified, accuracy, interval."""
        return frame(self._rows())

    @property
    def images(self) -> pandas.DataFrame:
        """A row for each model and image: model, image, label, prediction and radius.

        `radius` is the size up to which no perturbation changes the class; it is missing where
        nothing is certified, and `prediction` where the method abstains.
        """
        return frame(
            [
                {
                    "model": model["model"],
                    "image": place,
                    "label": label,
                    "prediction": image.get("prediction"),
                    "radius": image.get("radius"),
                }
                for model in self.document["models"]
                for place, (label, image) in enumerate(zip(model["labels"], model["images"]))
            ]
        )

    def accuracy(self, model: str, epsilon: Budget) -> Share:
        """The certified accuracy of a model for a size.

        Raises:
            CrossfireError: if the model was not certified for the size.
        """
        for cell in self.document["cells"]:
            if cell["model"] == model and same(cell["epsilon"], number(epsilon)):
                return Share(cell["certified"], cell["images"], cell["ciLow"], cell["ciHigh"])
        known = sorted({f"{cell['model']} at {cell['epsilon']}" for cell in self.document["cells"]})
        raise CrossfireError(
            f"{model} was not certified for {epsilon}", f"these were: {', '.join(known)}"
        )

    def _rows(self) -> list[dict[str, Any]]:
        names = {"ciLow": "ci_low", "ciHigh": "ci_high"}
        wanted = ("model", "epsilon", "images", "certified", "accuracy", "ciLow", "ciHigh")
        return [
            {names.get(name, name): cell[name] for name in wanted}
            for cell in self.document["cells"]
        ]

    def __repr__(self) -> str:
        cells = (
            f"{row['model']} {percent(row['accuracy'])} at {row['epsilon']}"
            for row in self._rows()
        )
        return f"<Certificates: {', '.join(cells)}>"

    def _repr_html_(self) -> str:
        body = [
            [
                html.escape(row["model"]),
                str(row["epsilon"]),
                percent(row["accuracy"]),
                f"{percent(row['ci_low'])} to {percent(row['ci_high'])}",
                str(row["images"]),
            ]
            for row in self._rows()
        ]
        header = ["model", "size", "certified", "95 % interval", "images"]
        return html_table(header, body, "certified accuracy")


def certify(
    models: Mapping[str, Source | Model],
    images: Images,
    labels: Labels | None = None,
    *,
    certificate: str,
    epsilons: Budget | Sequence[Budget],
    mean: Normalisation = None,
    std: Normalisation = None,
    mask: str | None = None,
    **options: Unpack[Options],
) -> Certificates:
    """Proves for single images that no perturbation up to a size changes their class.

    Args:
        certificate: the method, with settings after a colon: "crown", "smoothing:sigma=0.25,n=1000".
            Modules are certified by "smoothing" only; the other methods bound the layers of
            networks, and need a model file, an ONNX file, or weights with an architecture.
        epsilons: the sizes of perturbations in the unit of the pixels.
        mask: "nuisance" or "core", the part of each image that may change; needs masks.

    All other arguments are those of `transfer`.

    Returns:
        The certified accuracy for each size, and the certified size of each image.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> certify({"a": "a.safetensors"}, images, labels, certificate="crown", epsilons=0.01)
        <Certificates: a 84.0 % at 0.01>
    """
    request = prepare(models, images, labels, mean, std, None, options, "results")
    words = ["certify", *request.arguments, "--certificate", certificate]
    words += ["--epsilon", *several(epsilons, "sizes"), *optional(mask=mask)]
    try:
        return Certificates(run(words, options.get("progress", True)))
    finally:
        request.close()
