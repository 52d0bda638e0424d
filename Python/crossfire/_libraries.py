"""Where the command is, and where the libtorch that it needs is.

The wheel holds the command, but not libtorch: that is the one of the PyTorch beside it, so that a
CUDA build of PyTorch brings CUDA. PyTorch may be in another folder of packages than this package,
for example outside of the virtual environment.
"""

from __future__ import annotations

import importlib.util
import os
import re
import ssl
import sys
from pathlib import Path

from . import _build
from ._errors import CrossfireError

UNAVAILABLE = 69
"""The status of a command that misses its PyTorch (EX_UNAVAILABLE of `sysexits.h`)."""


def command() -> tuple[str, dict[str, str]]:
    """The path of the command, and the environment to run it in.

    The environment variable CROSSFIRE_COMMAND names another command than that of the wheel, which
    then has to find its libraries itself.

    Raises:
        CrossfireError: if there is no command, or no PyTorch of the version that it was built with.
    """
    environment = dict(os.environ)
    named = environment.get("CROSSFIRE_COMMAND")
    if named:
        return named, environment
    path = Path(__file__).resolve().parent / "command" / "crossfire"
    if _build.TORCH is None or not path.is_file():
        raise CrossfireError(
            f"{path.parent.parent} has no command",
            "install the wheel that `make wheel` builds, or name a built command in the "
            "environment variable CROSSFIRE_COMMAND",
            UNAVAILABLE,
        )
    torch = _torch_folder()
    _check_version(torch, _build.TORCH)
    folders = [str(torch / "lib"), *_cuda_folders(torch), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, folders))
    authorities = ssl.get_default_verify_paths().cafile
    if authorities:
        # Downloads of data sets are verified by the certificates that Python trusts.
        environment.setdefault("URLSessionCertificateAuthorityInfoFile", authorities)
    return str(path), environment


def _torch_folder() -> Path:
    """The folder of the PyTorch that Python imports, which is not imported for this."""
    specification = importlib.util.find_spec("torch")
    locations = list((specification and specification.submodule_search_locations) or [])
    needed = _install_command()
    if not locations:
        raise CrossfireError(
            f"crossfire needs PyTorch, which {sys.executable} cannot import",
            f"install it: {needed}",
            UNAVAILABLE,
        )
    folder = Path(locations[0])
    if not (folder / "lib" / "libtorch_cpu.so").is_file():
        raise CrossfireError(
            f"the PyTorch in {folder} has no lib/libtorch_cpu.so",
            f"install one of PyTorch's own packages: {needed}",
            UNAVAILABLE,
        )
    return folder


def _check_version(torch: Path, built: str) -> None:
    """Compares the minor version, which is the one that libtorch's C++ interface belongs to."""
    stated = re.search(r"__version__ = '([^']+)'", (torch / "version.py").read_text())
    found = stated[1] if stated else "unknown"
    if found.split(".")[:2] != built.split(".")[:2]:
        raise CrossfireError(
            f"this crossfire was built for PyTorch {_minor(built)}, "
            f"found PyTorch {found} in {torch}",
            f"install that PyTorch: {_install_command()}; or build a wheel for PyTorch "
            f"{_minor(found)}: LIBTORCH={torch} make wheel",
            UNAVAILABLE,
        )


def _cuda_folders(torch: Path) -> list[str]:
    """CUDA's libraries in other folders of packages than PyTorch's own.

    PyTorch's libraries find those beside it themselves.
    """
    found: list[str] = []
    for entry in sys.path:
        packages = Path(entry or ".")
        if packages != torch.parent and (packages / "nvidia").is_dir():
            found += [str(folder.resolve()) for folder in sorted(packages.glob("nvidia/*/lib"))]
    return found


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _install_command() -> str:
    return f"pip install 'torch=={_minor(_build.TORCH or '2')}.*'"
