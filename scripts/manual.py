#!/usr/bin/env python3
"""Writes the manual page crossfire(1) from the help of the command.

Usage: crossfire --experimental-dump-help | scripts/manual.py VERSION > crossfire.1
"""

import json
import sys

EXIT_STATUS = """
0 for success, 1 for a failure, 64 for wrong use, 65 for bad data, 66 for a missing file, 74 for a
file or a result that cannot be written, 75 if other processes are doing the rest of a run or SIGUSR1
has stopped it early, and 130 after an interruption.
"""

ENVIRONMENT = {
    "CROSSFIRE_DATA": "the folder with one subfolder for each named data set, where data are looked "
    "for before ~/.cache/crossfire/data",
    "OMP_NUM_THREADS": "the number of threads if --threads is not given",
    "LC_ALL, LC_CTYPE, LANG": "if the first of these that is set is C or POSIX, symbols in messages "
    "are spelled in ASCII",
}


def text(words):
    """Text in the form in which troff prints it as it is."""
    words = words.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(
        ("\\&" if line.startswith((".", "'")) else "") + line for line in words.split("\n")
    )


def discussion(words):
    """Paragraphs, of which those that begin with EXAMPLE are printed line by line."""
    lines = []
    for paragraph in words.split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first.startswith("EXAMPLE"):
            lines += [".PP", text(first.capitalize()) + ":", ".PP", ".nf", text(rest), ".fi"]
        else:
            lines += [".PP", text(paragraph)]
    return lines


def heading(argument):
    """The names of an option with its value, or the name of a positional argument in angle brackets."""
    value = "<" + argument["valueName"] + ">"
    if argument["kind"] == "positional":
        return text(value)
    names = [
        ("-" if name["kind"] == "short" else "--") + name["name"] for name in argument["names"]
    ]
    shown = ", ".join("\\fB" + text(name) + "\\fR" for name in names)
    return shown + (" " + text(value) if argument["kind"] == "option" else "")


def options(command):
    """Every argument of a command with its meaning."""
    lines = []
    for argument in command.get("arguments", []):
        # Every command has --version and --help.
        if not argument["shouldDisplay"] or argument["valueName"] in ("version", "help"):
            continue
        meaning = argument.get("abstract", "")
        if "defaultValue" in argument:
            meaning += f" (default: {argument['defaultValue']})"
        lines += [".TP", heading(argument), text(meaning)]
    return lines


def section(command, path):
    """The section of a command and those of its subcommands."""
    path = path + [command["commandName"]]
    lines = [".SS " + text(" ".join(path)), text(command.get("abstract", ""))]
    lines += discussion(command["discussion"]) if "discussion" in command else []
    lines += options(command)
    for other in commands(command):
        lines += section(other, path)
    return lines


def commands(command):
    """The subcommands that the help shows."""
    return [
        other
        for other in command.get("subcommands", [])
        if other["shouldDisplay"] and other["commandName"] != "help"
    ]


def page(command, version):
    """The whole page."""
    lines = [
        f'.TH CROSSFIRE 1 "" "crossfire {version}" "User Commands"',
        ".SH NAME",
        "crossfire \\- " + text(command["abstract"][0].lower() + command["abstract"][1:].rstrip(".")),
        ".SH SYNOPSIS",
        "\\fBcrossfire\\fR \\fIcommand\\fR [\\fIoptions\\fR]",
        ".SH DESCRIPTION",
    ]
    lines += discussion(command["discussion"])
    lines += [".SH COMMANDS"]
    for other in commands(command):
        lines += section(other, ["crossfire"])
    lines += [".SH EXIT STATUS", text(EXIT_STATUS.strip()), ".SH ENVIRONMENT"]
    for name, meaning in ENVIRONMENT.items():
        lines += [".TP", text(name), text(meaning[0].upper() + meaning[1:] + ".")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(page(json.load(sys.stdin)["command"], sys.argv[1]))
