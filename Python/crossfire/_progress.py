"""The progress of the command, on the standard error of Python.

The command redraws a bar if its standard error is a terminal. Where somebody watches (a terminal, a
notebook), it is therefore given a pseudo-terminal, and what it writes is passed on. Elsewhere it is
given a pipe and writes a line every ten seconds.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import re
import shutil
import struct
import sys
import termios

CLEAR = "\r\x1b[K"
"""What the command writes before it draws a line anew."""


FAILURE = re.compile(r"(^|\n|\x1b\[K)(crossfire: |Error: )")
"""The beginning of the message with which the command fails, which it writes at once."""


class Progress:
    """Reads the standard error of a command and passes it on.

    Attributes:
        writing_end: the descriptor that the command is given, to be closed after it has started.
    """

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._is_live = shown and (sys.stderr.isatty() or _is_notebook())
        if self._is_live:
            self._reading_end, self.writing_end = os.openpty()
            _prepare(self.writing_end)
        else:
            self._reading_end, self.writing_end = os.pipe()
        self._line = ""
        self._staying: list[str] = []

    def read(self) -> str:
        """Passes everything on until the command has closed its standard error.

        Returns:
            The lines that stay, without those that were redrawn.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                received = os.read(self._reading_end, 65536)
            except OSError:
                received = b""  # The other end of a pseudo-terminal is closed.
            text = decoder.decode(received, final=not received)
            self._keep(text)
            self._pass_on(text)
            if not received:
                return "".join(self._staying) + self._line.rsplit(CLEAR, 1)[-1]

    def close(self) -> None:
        os.close(self._reading_end)

    def _pass_on(self, text: str) -> None:
        """Writes a text to standard error, up to the message of a failure, which is raised."""
        failure = FAILURE.search(text)
        text = text[: failure.start(2)] if failure else text
        if self._shown and text:
            sys.stderr.write(text)
            sys.stderr.flush()
        self._shown = self._shown and not failure

    def _keep(self, text: str) -> None:
        *whole, self._line = (self._line + text).split("\n")
        # Of a line that was drawn several times, only the last text stays.
        self._staying += [line.rsplit(CLEAR, 1)[-1] + "\n" for line in whole]
        self._line = self._line.rsplit(CLEAR, 1)[-1]


def _prepare(terminal: int) -> None:
    """Gives a pseudo-terminal the width of the real one, and lets it pass bytes on as they are."""
    size = shutil.get_terminal_size()
    window = struct.pack("HHHH", size.lines, size.columns, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, window)
    attributes = termios.tcgetattr(terminal)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _is_notebook() -> bool:
    """Whether this is a kernel of Jupyter, whose standard error is no terminal but is seen live."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return find is not None and type(find()).__name__ == "ZMQInteractiveShell"
