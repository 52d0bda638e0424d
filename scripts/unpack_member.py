#!/usr/bin/env python3
"""Extracts one file from a wheel, and checks its SHA-256.

usage: unpack_member.py WHEEL MEMBER PLACE SHA256
"""

import hashlib, os, sys, zipfile

wheel, member, place, expected = sys.argv[1:5]
with zipfile.ZipFile(wheel) as archive:
    content = archive.read(member)
found = hashlib.sha256(content).hexdigest()
if found != expected:
    sys.exit(f"{wheel}: {member} has a wrong SHA-256: expected {expected}, found {found}")
with open(place + ".partial", "wb") as out:
    out.write(content)
os.replace(place + ".partial", place)
