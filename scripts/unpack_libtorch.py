#!/usr/bin/env python3
"""Unpacks lib/ and include/ of a PyTorch wheel, and checks every file against the wheel's RECORD.

usage: unpack_libtorch.py WHEEL FOLDER
"""

import base64, csv, hashlib, io, os, shutil, sys, zipfile

wheel, folder = sys.argv[1], sys.argv[2]
partial = folder + ".partial"
shutil.rmtree(partial, ignore_errors=True)
unneeded = ("libtorch_python", "test")

with zipfile.ZipFile(wheel) as archive:
    record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
    digests = {
        row[0]: row[1] for row in csv.reader(io.TextIOWrapper(archive.open(record), "utf-8")) if row
    }
    for name in archive.namelist():
        if not name.startswith(("torch/lib/", "torch/include/")) or name.endswith("/"):
            continue
        if name.startswith("torch/lib/") and any(
            part in os.path.basename(name) for part in unneeded
        ):
            continue
        content = archive.read(name)
        expected = digests.get(name, "")
        found = (
            "sha256="
            + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        )
        if found != expected:
            sys.exit(
                f"{wheel}: {name} is damaged: expected {expected or 'an entry in RECORD'}, "
                f"found {found}"
            )
        place = os.path.join(partial, name.removeprefix("torch/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as out:
            out.write(content)

shutil.rmtree(folder, ignore_errors=True)
os.rename(partial, folder)
