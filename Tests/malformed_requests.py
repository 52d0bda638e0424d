#!/usr/bin/env python3
"""Sends 10,000 malformed requests to a study's server while a participant answers: no crash, nothing stored of them, no file served
that is not part of the study.

    make build && python3 Tests/malformed_requests.py [--count 10000] [--seed 1] [--crossfire FILE]
"""

import argparse
import collections
import hashlib
import json
import pathlib
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tiny_study

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRETS = ["key.csv", "design.yaml", "trials.csv", "study.json", "answers.sqlite", "answers.sqlite-wal", "sheets.csv"]
MARKER = "this-must-never-be-served"


def request(port, data, half=False):
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.settimeout(20)
        reply = b""
        try:
            connection.sendall(data)
            if half:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                reply += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        return reply


def compose(method, path, secret, body, headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: study", "Connection: close", "Content-Type: application/json"]
    lines += [f"Authorization: Bearer {secret}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def junk(chance, secret):
    """One malformed request."""
    answer = {"position": 1, "question": 1, "choice": "0", "endedOn": "response", "milliseconds": 5.0}
    nasty = ["../" * 8 + "etc/passwd", "..%2f..%2fkey.csv", "%2e%2e/key.csv", "images/../key.csv", "s0000' OR '1'='1", "\0", "%00",
             "s0000.png", "//", "\\..\\key.csv", "s" * 2000, "api/../../key.csv", "file:///etc/passwd", "'; DROP TABLE answer; --"]
    kind = chance.randrange(9)
    if kind == 0:  # any bytes
        return bytes(chance.randrange(256) for _ in range(chance.randrange(1, 600)))
    if kind == 1:  # a good request with bytes changed
        data = bytearray(compose("POST", "/api/answer", secret, json.dumps({**answer, "choice": "x"}).encode()))
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    if kind == 2:  # a path that goes astray
        name = chance.choice(nasty + SECRETS)
        return compose("GET", chance.choice(["/", "/api/image/", "/images/", "/api/sheet/", "/../", "//"]) + name, secret, b"")
    if kind == 3:  # an answer that is none
        wrong = dict(answer)
        field = chance.choice(list(answer))
        wrong[field] = chance.choice([None, -1, 1e308, "", "na'", [], {}, 10**30, True, chance.choice(nasty), 99])
        if wrong[field] == answer[field] or (field, wrong[field]) == ("milliseconds", 99) or wrong[field] is True:
            wrong[field] = "telepathy"
        return compose("POST", "/api/answer", secret, json.dumps(wrong).encode())
    if kind == 4:  # JSON that is none, or deep, or large
        body = chance.choice([b"", b"{", b"[" * 8000, b"\xff\xfe", b'{"a":' * 1000, b"x" * 8192, b"null", b'"' + b"a" * 8000])
        return compose("POST", "/api/" + chance.choice(["answer", "open", "consent", "event", "comment"]), secret, body)
    if kind == 5:  # lengths that lie
        data = compose("POST", "/api/answer", secret, b"{}")
        return data.replace(b"Content-Length: 2", chance.choice([
            b"Content-Length: -1", b"Content-Length: 99999999999", b"Content-Length: 2\r\nContent-Length: 3", b"Content-Length: 0x2",
            b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked", b"Content-Length: 1"]))
    if kind == 6:  # fields without end
        fields = [f"X-{number}: " + "y" * chance.randrange(200) for number in range(chance.randrange(60, 200))]
        return compose("GET", "/api/study", secret, b"", fields)
    if kind == 7:  # secrets that are none
        return compose("POST", "/api/answer", chance.choice(["", "x" * 26, "'" * 26, secret[:-1], secret.upper(), "é" * 26]),
                       json.dumps(answer).encode())
    method = chance.choice(["PUT", "DELETE", "TRACE", "CONNECT", "OPTIONS", "get", "PATCH", "G" * 300])
    return compose(method, chance.choice(["/", "/api/answer", "*", "http://study/api/answer"]), secret, b"")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--crossfire", default=str(ROOT / ".build/release/crossfire"))
    options = options.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "study"
        study = tiny_study.write(folder, trials=10)
        for secret in ("key.csv", "design.yaml", "sheets.csv"):
            (folder / secret).write_text(MARKER + "\n")
        links = subprocess.run([options.crossfire, "study", "links", folder, "--count", "2"], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split()
        server = subprocess.Popen([options.crossfire, "study", "serve", folder, "--port", "0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        port = int(server.stdout.readline().strip().rsplit(":", 1)[1].strip("/"))
        victim, worker = (link.split("#")[1] for link in links)
        consent = json.dumps({"consent": hashlib.sha256(study["consent"].encode()).hexdigest(), "external": {},
                              "screen": "1x1 mouse"}).encode()
        for secret in (victim, worker):
            assert b" 200 " in request(port, compose("POST", "/api/consent", secret, consent)).split(b"\r\n")[0]
        statuses = collections.Counter()
        problems = []
        for number in range(options.count):
            data = junk(chance, victim)
            reply = request(port, data, half=True)
            status = reply[9:12].decode("latin-1") if reply else "none"
            statuses[status] += 1
            if MARKER.encode() in reply or b"SQLite format" in reply or b"root:" in reply:
                problems.append(f"served what is secret: {data[:120]}")
            if status not in ("none", "429") and not status.startswith("4") and status not in ("501", "505"):
                # A change may have left the request good: then it is a page or a picture that anybody may see.
                if not (status in ("200", "204") and data.startswith((b"GET", b"HEAD", b"POST /api/event"))):
                    problems.append(f"{status} for {data[:160]}")
            if number % 500 == 0:  # somebody goes on answering all the while
                position = number // 500 + 1
                answer = {"position": position, "question": 1, "choice": "na", "endedOn": "response", "milliseconds": 900}
                if position <= 12:
                    reply = request(port, compose("POST", "/api/answer", worker, json.dumps(answer).encode()))
                    assert b" 200 " in reply.split(b"\r\n")[0], reply[:200]
        alive = server.poll() is None
        server.kill()
        server.wait()
        rows = sqlite3.connect(folder / "answers.sqlite").execute("SELECT participant, COUNT(*) FROM answer GROUP BY 1").fetchall()
        expected = min(12, (options.count - 1) // 500 + 1)
        print(f"{options.count} requests (seed {options.seed}): " + ", ".join(f"{k}: {v}" for k, v in sorted(statuses.items())))
        print("the server is " + ("alive" if alive else "DEAD"))
        print(f"answers stored: {rows}, expected {expected} of participant 2 and no other")
        for problem in problems[:20]:
            print("  ", problem)
        sys.exit(0 if alive and not problems and rows == [(2, expected)] else 1)


if __name__ == "__main__":
    main()
