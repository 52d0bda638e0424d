#!/usr/bin/env python3
"""Runs the Python examples of Markdown files and the code cells of notebooks.

usage: python_examples.py FILE...

The examples of a Markdown file run one after the other, as a reader would run them: with two modules
`mine` and `theirs` that take pixels in [0, 1], `images` [N, 3, 32, 32] and `labels`, in an empty
folder. A block that begins with `def test_` is a test for pytest, which is checked for its syntax
only. A notebook runs in an empty folder, too, and must have been stored with its results.
"""

import json, os, pathlib, re, sys, tempfile, time

import numpy, torch

torch.set_num_threads(1)


def reader():
    """The models and data that the documentation speaks about."""
    torch.manual_seed(1)
    layers = [torch.nn.Conv2d(3, 6, 5, 2), torch.nn.ReLU(), torch.nn.Flatten()]
    mine = torch.nn.Sequential(*layers, torch.nn.Linear(6 * 14 * 14, 10))
    layers = [torch.nn.AvgPool2d(4), torch.nn.Flatten()]
    theirs = torch.nn.Sequential(*layers, torch.nn.Linear(3 * 8 * 8, 10))
    images = numpy.random.default_rng(1).random((60, 3, 32, 32), dtype=numpy.float32)
    with torch.no_grad():
        labels = mine(torch.from_numpy(images)).argmax(1).numpy()
    return {"mine": mine, "theirs": theirs, "images": images, "labels": labels}


def blocks(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return (
            re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE),
            reader(),
        )
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    if not any(cell["outputs"] for cell in cells):
        sys.exit(f"{path} has no results; scripts/notebooks.py stores them")
    return ["".join(cell["source"]) for cell in cells], {}


for path in [pathlib.Path(file).resolve() for file in sys.argv[1:]]:
    start = time.perf_counter()
    code, names = blocks(path)
    if not code:
        sys.exit(f"{path} has no Python examples")
    names["__name__"] = "__main__"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, block in enumerate(code, 1):
            compiled = compile(block, f"{path.name}, example {number}", "exec")
            if re.search(r"^def test_", block, re.MULTILINE) and path.suffix == ".md":
                continue
            exec(compiled, names)
        os.chdir(path.parent)
    print(f"{path.name}: {len(code)} examples, {time.perf_counter() - start:.0f} s")
