"""What the package was built from. `make wheel` writes this file anew."""

VERSION: str | None = None
"""The version of Crossfire; None in the repository, where there is no command to run."""

TORCH: str | None = None
"""The version of the libtorch that the command was built with."""
