#!/usr/bin/env python3
"""Prints the version of a libtorch, as the headers in its include folder state it.

usage: libtorch_version.py INCLUDE
"""

import pathlib, re, sys

include = pathlib.Path(sys.argv[1])
for header in ("torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"):
    path = include / header
    found = (
        dict(re.findall(r"#define TORCH_VERSION_(MAJOR|MINOR|PATCH) (\d+)", path.read_text()))
        if path.exists()
        else {}
    )
    if len(found) == 3:
        print("{MAJOR}.{MINOR}.{PATCH}".format(**found))
        break
else:
    print("unknown")
