"""The command `crossfire` of the wheel: runs the program with PyTorch's libtorch."""

from __future__ import annotations

import os
import sys

from ._errors import CrossfireError
from ._libraries import UNAVAILABLE, command


def main() -> None:
    """Becomes the command, with the same arguments. Exits with status 69 if PyTorch is missing."""
    try:
        path, environment = command()
    except CrossfireError as error:
        print(f"crossfire: {error}", file=sys.stderr)
        sys.exit(error.status or UNAVAILABLE)
    os.execve(path, ["crossfire", *sys.argv[1:]], environment)
