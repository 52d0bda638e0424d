"""The error that every function of the package raises."""

from __future__ import annotations


class CrossfireError(RuntimeError):
    """Something that the user can act on.

    Attributes:
        message: what was expected, what was found, and where.
        hint: what to do about it; None if the message says it.
        status: the exit status of the command, as in `sysexits.h`: 1 a failure, 64 wrong use, 65
            bad data, 66 a missing file, 69 no PyTorch that fits, 74 a file that cannot be written.
            None if no command ran.
    """

    def __init__(self, message: str, hint: str | None = None, status: int | None = None) -> None:
        self.message = message
        self.hint = hint
        self.status = status
        super().__init__(message if hint is None else f"{message}\n  hint: {hint}")

    def __reduce__(self) -> tuple[type[CrossfireError], tuple[str, str | None, int | None]]:
        return type(self), (self.message, self.hint, self.status)


def parsed(errors: str, status: int) -> CrossfireError:
    """The error that the command's standard error describes.

    Args:
        errors: everything the command wrote to standard error, without its progress.
        status: its exit status; below zero, the number of the signal that ended it.
    """
    lines = errors.strip().splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(("crossfire: ", "Error: "))]
    if status < 0:
        return CrossfireError(
            f"the command was ended by signal {-status}",
            (
                "signal 9 often means that memory was short; a smaller batch_size needs less"
                if status == -9
                else None
            ),
            status,
        )
    if not starts:
        text = "\n".join(lines[-5:]) or "the command failed and did not say why"
        return CrossfireError(text, None, status)
    first, *rest = lines[starts[-1] :]
    message = first.split(": ", 1)[1]
    hint: list[str] = []
    for line in rest:
        if line.startswith("  hint: "):
            hint.append(line.removeprefix("  hint: "))
        elif line.startswith(("Usage:", "  See ")):
            break
        elif hint:
            hint.append(line.strip())
        else:
            message += "\n" + line
    return CrossfireError(message, "\n".join(hint) or None, status)
