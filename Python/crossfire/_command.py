"""Runs the command, shows its progress, and turns its failures into exceptions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from typing import Any

from ._errors import parsed
from ._libraries import command
from ._progress import Progress


def run(arguments: list[str], progress: bool = True) -> Any:
    """Runs the command with `--json`.

    Args:
        arguments: its arguments, without `--json`.
        progress: whether its progress, notices and flags are shown on standard error. On a terminal
            and in a notebook the progress is a bar, elsewhere a line every ten seconds.

    Returns:
        The document that the command wrote.

    Raises:
        CrossfireError: if the command fails, with its message, its hint and its status.
        KeyboardInterrupt: after the command has ended, which keeps what it has finished.
    """
    output = _output([*arguments, "--json"] + ([] if progress else ["--quiet"]), progress)
    return json.loads(output.decode())


def run_plain(arguments: list[str]) -> None:
    """Runs a command that takes neither `--json` nor `--quiet`, without showing anything.

    Raises:
        CrossfireError: if the command fails.
    """
    _output(arguments, progress=False)


def _output(arguments: list[str], progress: bool) -> bytes:
    """Runs the command; returns what it wrote to standard output."""
    path, environment = command()
    shown = Progress(progress)
    # Standard output goes into a file, so that only standard error has to be read meanwhile.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=shown.writing_end,
                env=environment,
            )
        finally:
            os.close(shown.writing_end)
        errors = _watch(process, shown)
        if process.returncode != 0:
            raise parsed(errors, process.returncode)
        output.seek(0)
        return output.read()


def _watch(process: subprocess.Popen[bytes], shown: Progress) -> str:
    """Shows the progress until the command has ended; returns the lines that stay."""
    try:
        errors = shown.read()
        process.wait()
        return errors
    except BaseException:
        # The command stores what it has finished before it ends.
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        raise
    finally:
        shown.close()
