"""Adversarial robustness of image classifiers, from Python.

The package runs the command `crossfire`. It exports models, writes arrays into files, shows the
progress, and gives back tables. All numbers come from the command.

Example:
    >>> import crossfire
    >>> grid = crossfire.transfer(
    ...     {"a": model_a, "b": model_b}, images, labels, attacks=["fgsm", "pgd"],
    ...     epsilons=["4/255", "8/255"], mean=[0.49, 0.48, 0.45], std=[0.25, 0.24, 0.26])
    >>> grid.frame
    >>> grid.worst_case("a")
"""

from ._attacks import attack, transfer
from ._certificates import Certificates, certify
from ._errors import CrossfireError
from ._examples import Examples
from ._explanations import Explanations
from ._grid import Grid
from ._judgements import evaluate, explain, inspect
from ._models import Model
from ._request import Options
from ._tables import Flag, Share
from ._verdicts import Check, Evaluation, Inspection

__all__ = [
    "Certificates",
    "Check",
    "CrossfireError",
    "Evaluation",
    "Examples",
    "Explanations",
    "Flag",
    "Grid",
    "Inspection",
    "Model",
    "Options",
    "Share",
    "attack",
    "certify",
    "evaluate",
    "explain",
    "inspect",
    "transfer",
]
