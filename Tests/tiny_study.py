"""Writes a small study with drawn digits, for the scripts that test the study's page and server."""

import json
import pathlib
import struct
import zlib

# Digits are drawn as on a seven-segment display. For each digit: whether the segments at the top,
# upper left, upper right, middle, lower left, lower right and bottom are lit.
SEGMENTS = {
    0: "1110111", 1: "0010010", 2: "1011101", 3: "1011011", 4: "0111010",
    5: "1101011", 6: "1101111", 7: "1010010", 8: "1111111", 9: "1111011",
}
# The top, left, bottom and right pixel of each segment.
BARS = [(4, 8, 6, 20), (5, 7, 13, 9), (5, 19, 13, 21), (13, 8, 15, 20), (14, 7, 22, 9),
        (14, 19, 22, 21), (22, 8, 24, 20)]


def digit(label, noise):
    """28 rows of 28 grey values that show a digit."""
    rows = [[(37 * (x * 31 + y * 17 + noise * 101) % 97) * noise % 90 for x in range(28)]
            for y in range(28)]
    for lit, (top, left, bottom, right) in zip(SEGMENTS[label], BARS):
        for y in range(top, bottom):
            for x in range(left, right):
                if lit == "1":
                    rows[y][x] = 255 - rows[y][x] // 3
    return rows


def png(rows, scale):
    """The bytes of a grey PNG picture in which each value becomes a block of `scale` pixels."""
    rows = [[value for value in row for _ in range(scale)] for row in rows for _ in range(scale)]
    raw = b"".join(b"\0" + bytes(row) for row in rows)

    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


CONSENT = """You are invited to take part in a study of how people see pictures. You will look at \
pictures one after the other and say what they show.

We store your answers and the time that each answer took, under a code that does not say who you \
are. You may stop at any time, without giving a reason.

If you agree, continue."""

INSTRUCTIONS = """Some of the pictures have been changed. For each picture, choose the label that \
is the most plausible to you. Then choose the label that is the second most plausible. If no label \
is plausible, choose “None of them”."""

CAPTION = """Each row is the label of the pictures before they were changed. Each column is a \
label that they were changed towards."""


DEMOGRAPHICS = [
    {"name": "age", "question": "How old are you?",
     "choices": ["18 to 24", "25 to 34", "35 or older"]},
    {"name": "vision", "question": "How well do you see the screen?",
     "choices": ["Well", "Not well"]},
]


def page_texts(language):
    """The texts of the page in a language that Crossfire has, by their keys."""
    folder = pathlib.Path(__file__).resolve().parent.parent / "Sources/HumanStudy/Languages"
    texts, key = {}, None
    for line in (folder / f"{language}.txt").read_text().splitlines():
        if not line.startswith((" ", "#")) and ":" in line:
            key, _, value = line.partition(":")
            texts[key] = value.strip()
        elif line.startswith(" ") and key:
            texts[key] += " " + line.strip()
    return {key: value for key, value in texts.items() if key.startswith(("page.", "refused."))}


def write(folder, slots=3, trials=6, practice=2, sheets=1, **more):
    """Writes study.json, trials.csv and the pictures of a study with `slots` lists.

    Each list has `practice` practice trials and then `trials` trials. `more` replaces entries of
    study.json. Returns the content of study.json."""
    folder = pathlib.Path(folder)
    (folder / "images").mkdir(parents=True)
    (folder / "sheets").mkdir()
    main = [f"s{number:04}" for number in range(slots * trials)]
    warm = [f"s{9000 + number}" for number in range(practice)]
    for number, name in enumerate(main + warm):
        picture = png(digit(number % 10, number % 7), 10)
        (folder / "images" / f"{name}.png").write_bytes(picture)
    for number in range(sheets):
        rows = [[value for column in range(10) for value in digit(row, column)[y]]
                for row in range(10) for y in range(28)]
        (folder / "sheets" / f"sheet-{number}.png").write_bytes(png(rows, 2))
    study = {
        "format": 1, "title": "What do you see?",
        "classNames": [str(label) for label in range(10)], "consent": CONSENT,
        "instructions": INSTRUCTIONS,
        "questions": ["Which label is the most plausible?",
                      "Which label is the second most plausible?"],
        "noneText": "None of them", "participants": slots, "slots": slots, "width": 280,
        "height": 280, "stimuli": main + warm,
        "practiceLabels": {name: (len(main) + number) % 10 for number, name in enumerate(warm)},
        "sheets": [{"name": f"sheet-{number}", "caption": CAPTION, "width": 560, "height": 560}
                   for number in range(sheets)],
    }
    study.update(more)
    (folder / "study.json").write_text(json.dumps(study))
    lines = ["participant,position,phase,stimulus"]
    for slot in range(slots):
        own = main[slot * trials:(slot + 1) * trials]
        order = [("practice", name) for name in warm] + [("main", name) for name in own]
        lines += [f"{slot + 1},{position + 1},{phase},{name}"
                  for position, (phase, name) in enumerate(order)]
    (folder / "trials.csv").write_text("\n".join(lines) + "\n")
    return study
