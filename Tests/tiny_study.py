"""A small study made by hand, with drawn digits: what the scripts that drive the study's page and server need."""

import json
import pathlib
import struct
import zlib

SEGMENTS = {  # by digit: top, upper left, upper right, middle, lower left, lower right, bottom
    0: "1110111", 1: "0010010", 2: "1011101", 3: "1011011", 4: "0111010",
    5: "1101011", 6: "1101111", 7: "1010010", 8: "1111111", 9: "1111011",
}
BARS = [(4, 8, 6, 20), (5, 7, 13, 9), (5, 19, 13, 21), (13, 8, 15, 20), (14, 7, 22, 9), (14, 19, 22, 21), (22, 8, 24, 20)]


def digit(label, noise):
    """28 rows of 28 grey values."""
    rows = [[(37 * (x * 31 + y * 17 + noise * 101) % 97) * noise % 90 for x in range(28)] for y in range(28)]
    for lit, (top, left, bottom, right) in zip(SEGMENTS[label], BARS):
        for y in range(top, bottom):
            for x in range(left, right):
                if lit == "1":
                    rows[y][x] = 255 - rows[y][x] // 3
    return rows


def png(rows, scale):
    rows = [[value for value in row for _ in range(scale)] for row in rows for _ in range(scale)]
    raw = b"".join(b"\0" + bytes(row) for row in rows)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def write(folder, slots=3, trials=6, practice=2, sheets=1, **more):
    """Writes study.json, trials.csv and the pictures; gives the study."""
    folder = pathlib.Path(folder)
    (folder / "images").mkdir(parents=True)
    (folder / "sheets").mkdir()
    main = [f"s{number:04}" for number in range(slots * trials)]
    warm = [f"s{9000 + number}" for number in range(practice)]
    for number, name in enumerate(main + warm):
        (folder / "images" / f"{name}.png").write_bytes(png(digit(number % 10, number % 7), 10))
    for number in range(sheets):
        rows = [[value for column in range(10) for value in digit(row, column)[y]] for row in range(10) for y in range(28)]
        (folder / "sheets" / f"sheet-{number}.png").write_bytes(png(rows, 2))
    study = {
        "format": 1, "title": "What do you see?", "classNames": [str(label) for label in range(10)],
        "consent": "You are invited to take part in a study of how people see pictures. You will look at pictures one after the "
        "other and say what they show.\n\nYour answers are stored under a code that does not say who you are, with the time each "
        "one took. You may stop at any time, without giving a reason.\n\nIf you agree, go on.",
        "instructions": "Some of the pictures have been changed. For each choose the label that is the most plausible to you. "
        "Then choose the label that is the second most plausible. If none of them is, say so.",
        "questions": ["Which label is the most plausible?", "Which is the second most plausible?"],
        "noneText": "None of them", "participants": slots, "slots": slots, "width": 280, "height": 280,
        "stimuli": main + warm, "practiceLabels": {name: (len(main) + number) % 10 for number, name in enumerate(warm)},
        "sheets": [{"name": f"sheet-{number}", "caption": "Each row is a label the pictures had before they were changed, each "
                    "column a label they were changed towards.", "width": 560, "height": 560} for number in range(sheets)],
    }
    study.update(more)
    (folder / "study.json").write_text(json.dumps(study))
    lines = ["participant,position,phase,stimulus"]
    for slot in range(slots):
        order = [("practice", name) for name in warm] + [("main", name) for name in main[slot * trials:(slot + 1) * trials]]
        lines += [f"{slot + 1},{position + 1},{phase},{name}" for position, (phase, name) in enumerate(order)]
    (folder / "trials.csv").write_text("\n".join(lines) + "\n")
    return study
