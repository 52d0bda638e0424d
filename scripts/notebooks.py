#!/usr/bin/env python3
"""Runs the notebooks of docs/notebooks and stores them with their results.

usage: notebooks.py NOTEBOOK...

Needs nbclient and ipykernel beside PyTorch, and the installed package (or PYTHONPATH=Python and
CROSSFIRE_COMMAND). What changes from run to run, such as the times of cells, is not stored.
"""

import os, pathlib, sys, tempfile

import nbformat
from nbclient import NotebookClient

for path in map(pathlib.Path, sys.argv[1:]):
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=600, record_timing=False, resources={"metadata": {"path": folder}}
        ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    for cell in notebook.cells:
        cell.metadata = {}
    nbformat.write(notebook, path)
    print(f"{path}: {os.path.getsize(path) // 1000} kB")
