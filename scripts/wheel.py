#!/usr/bin/env python3
"""Packs the command, its libraries and the Python package into a wheel.

usage: wheel.py BUILT TORCH FOLDER

BUILT holds the command `crossfire` and the folder `libraries`. TORCH is the version of the libtorch
that the command was built with. The wheel is written into FOLDER. Its tag names the newest version
of glibc that a file in it needs (PEP 600), and it needs PyTorch of the same minor version as TORCH,
because the C++ interface of libtorch differs between minor versions.
"""

import base64, hashlib, pathlib, platform, re, subprocess, sys, zipfile

root = pathlib.Path(__file__).resolve().parent.parent
built, torch, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
version = re.search(
    r'crossfireVersion = "([^"]+)"',
    (root / "Sources/Support/Version.swift").read_text(),
)[1]
minor = ".".join(torch.split(".")[:2])
information = f"crossfire-{version}.dist-info"


def glibc(path):
    """The newest version of glibc that a program or library needs, as (major, minor)."""
    symbols = subprocess.run(
        ["objdump", "-T", path], capture_output=True, text=True, check=True
    ).stdout
    return max((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", symbols))


def notices(libraries):
    """The licences of the Debian packages whose libraries are in the wheel, by package."""
    linked = ["libpng-dev", "libsqlite3-dev", "libjpeg-dev"]
    owners = set(linked)
    for library in libraries:
        original = subprocess.run(
            ["dpkg-query", "-S", f"*/{library.name}"], capture_output=True, text=True
        ).stdout
        owners.update(line.split(":")[0] for line in original.splitlines()[:1])
    for package in sorted(owners):
        text = pathlib.Path("/usr/share/doc", package, "copyright")
        if text.exists():
            yield package, text.read_bytes()


binaries = [built / "crossfire", *sorted((built / "libraries").iterdir())]
needed = max(map(glibc, binaries))
tag = f"py3-none-manylinux_{needed[0]}_{needed[1]}_{platform.machine()}"

members = {}  # path in the wheel: (content, whether it is a program)
for path in sorted((root / "Python/crossfire").rglob("*")):
    if path.is_file() and "__pycache__" not in path.parts:
        members[f"crossfire/{path.relative_to(root / 'Python/crossfire')}"] = (
            path.read_bytes(),
            False,
        )
members["crossfire/_build.py"] = (
    f'"""What this wheel was built from."""\n\nVERSION = "{version}"\nTORCH = "{torch}"\n'.encode(),
    False,
)
for path in binaries:
    place = "crossfire" if path.parent == built else f"libraries/{path.name}"
    members[f"crossfire/command/{place}"] = (path.read_bytes(), path.parent == built)

members[f"{information}/METADATA"] = (
    f"""Metadata-Version: 2.4
Name: crossfire
Version: {version}
Summary: Adversarial robustness of image classifiers: attacks, transfer matrices, reports
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.10
Requires-Dist: torch=={minor}.*
Requires-Dist: numpy
Requires-Dist: pandas
Description-Content-Type: text/markdown

""".encode() + (root / "docs/python.md").read_bytes(),
    False,
)
members[f"{information}/WHEEL"] = (
    f"Wheel-Version: 1.0\nGenerator: crossfire\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
    False,
)
members[f"{information}/entry_points.txt"] = (
    b"[console_scripts]\ncrossfire = crossfire._launch:main\n\n"
    b"[pytest11]\ncrossfire = crossfire.pytest\n",
    False,
)
members[f"{information}/licenses/LICENSE"] = ((root / "LICENSE").read_bytes(), False)
for package, text in notices(binaries[1:]):
    members[f"{information}/licenses/{package}.txt"] = (text, False)


def digest(content):
    sha = (
        base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    )
    return f"sha256={sha},{len(content)}"


record = "".join(
    f"{name},{digest(content)}\n" for name, (content, _) in members.items()
)
members[f"{information}/RECORD"] = (
    record.encode() + f"{information}/RECORD,,\n".encode(),
    False,
)

folder.mkdir(parents=True, exist_ok=True)
wheel = folder / f"crossfire-{version}-{tag}.whl"
partial = wheel.with_suffix(".partial")
with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, (content, program) in members.items():
        # A fixed time, so that the same build gives the same bytes.
        member = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        member.external_attr = (0o100755 if program else 0o100644) << 16
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, content)
partial.replace(wheel)
print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB, for PyTorch {minor}")
