#!/usr/bin/env python3
"""Sends 10,000 malformed requests to a study's server while a participant answers.

It checks that the server does not crash, stores nothing of these requests, and sends no file that
is not part of the study's page.

    make build
    python3 Tests/malformed_requests.py [--count 10000] [--seed 1] [--crossfire FILE]
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
# Files of the study's folder that must not be served.
SECRETS = ["key.csv", "design.yaml", "trials.csv", "study.json", "answers.sqlite",
           "answers.sqlite-wal", "sheets.csv"]
MARKER = "this-must-never-be-served"
# Texts that would do damage in a path or in an SQL statement.
HOSTILE = [
    "../" * 8 + "etc/passwd", "..%2f..%2fkey.csv", "%2e%2e/key.csv", "images/../key.csv",
    "s0000' OR '1'='1", "\0", "%00", "s0000.png", "//", "\\..\\key.csv", "s" * 2000,
    "api/../../key.csv", "file:///etc/passwd", "'; DROP TABLE answer; --"]
BROKEN_JSON = [b"", b"{", b"[" * 8000, b"\xff\xfe", b'{"a":' * 1000, b"x" * 8192, b"null",
               b'"' + b"a" * 8000]
WRONG_LENGTHS = [
    b"Content-Length: -1", b"Content-Length: 99999999999",
    b"Content-Length: 2\r\nContent-Length: 3", b"Content-Length: 0x2",
    b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked",
    b"Content-Length: 1"]
ANSWER = {"position": 1, "question": 1, "choice": "0", "endedOn": "response", "milliseconds": 5.0}


def request(port, data, half=False):
    """Sends bytes and returns the reply. If `half`, closes the sending side after them."""
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
    """The bytes of a request with a participant's secret."""
    lines = [f"{method} {path} HTTP/1.1", "Host: study", "Connection: close",
             "Content-Type: application/json", f"Authorization: Bearer {secret}",
             f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def malformed(chance, secret):
    """One malformed request, of one of nine kinds."""
    kind = chance.randrange(9)
    if kind == 0:  # Random bytes.
        return bytes(chance.randrange(256) for _ in range(chance.randrange(1, 600)))
    if kind == 1:  # A request with damaged bytes.
        body = json.dumps({**ANSWER, "choice": "x"}).encode()
        data = bytearray(compose("POST", "/api/answer", secret, body))
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    if kind == 2:  # A path to a file that must not be served.
        name = chance.choice(HOSTILE + SECRETS)
        folder = chance.choice(["/", "/api/image/", "/images/", "/api/sheet/", "/../", "//"])
        return compose("GET", folder + name, secret, b"")
    if kind == 3:  # An answer with one wrong value.
        wrong = dict(ANSWER)
        field = chance.choice(list(ANSWER))
        wrong[field] = chance.choice(
            [None, -1, 1e308, "", "na'", [], {}, 10**30, True, chance.choice(HOSTILE), 99])
        # Some of these values are possible answers after all.
        is_possible = wrong[field] == ANSWER[field] or wrong[field] is True
        if is_possible or (field, wrong[field]) == ("milliseconds", 99):
            wrong[field] = "telepathy"
        return compose("POST", "/api/answer", secret, json.dumps(wrong).encode())
    if kind == 4:  # A body that is not JSON, or is nested deeply, or is large.
        body = chance.choice(BROKEN_JSON)
        path = "/api/" + chance.choice(["answer", "open", "consent", "event", "comment"])
        return compose("POST", path, secret, body)
    if kind == 5:  # A wrong length of the body.
        data = compose("POST", "/api/answer", secret, b"{}")
        return data.replace(b"Content-Length: 2", chance.choice(WRONG_LENGTHS))
    if kind == 6:  # Too many header fields.
        fields = [f"X-{number}: " + "y" * chance.randrange(200)
                  for number in range(chance.randrange(60, 200))]
        return compose("GET", "/api/study", secret, b"", fields)
    if kind == 7:  # A wrong secret.
        wrong = chance.choice(["", "x" * 26, "'" * 26, secret[:-1], secret.upper(), "é" * 26])
        return compose("POST", "/api/answer", wrong, json.dumps(ANSWER).encode())
    # An unknown method or address.
    method = chance.choice(
        ["PUT", "DELETE", "TRACE", "CONNECT", "OPTIONS", "get", "PATCH", "G" * 300])
    path = chance.choice(["/", "/api/answer", "*", "http://study/api/answer"])
    return compose(method, path, secret, b"")


def problem(data, reply):
    """What is wrong with the reply to a malformed request; None if nothing is."""
    if MARKER.encode() in reply or b"SQLite format" in reply or b"root:" in reply:
        return f"served a secret file: {data[:120]}"
    status = reply[9:12].decode("latin-1") if reply else "none"
    if status in ("none", "429", "501", "505") or status.startswith("4"):
        return None
    # Damage may leave a request intact. Then the reply is a page or a picture that anybody may see.
    is_harmless = data.startswith((b"GET", b"HEAD", b"POST /api/event"))
    return None if status in ("200", "204") and is_harmless else f"{status} for {data[:160]}"


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
        links = subprocess.run(
            [options.crossfire, "study", "links", folder, "--count", "2"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.split()
        server = subprocess.Popen(
            [options.crossfire, "study", "serve", folder, "--port", "0"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        port = int(server.stdout.readline().strip().rsplit(":", 1)[1].strip("/"))
        # The malformed requests use the secret of the first participant; the second one answers.
        attacked, worker = (link.split("#")[1] for link in links)
        consent = json.dumps({
            "consent": hashlib.sha256(study["consent"].encode()).hexdigest(), "external": {},
            "screen": "1x1 mouse"}).encode()
        for secret in (attacked, worker):
            reply = request(port, compose("POST", "/api/consent", secret, consent))
            assert b" 200 " in reply.split(b"\r\n")[0], reply[:200]
        statuses = collections.Counter()
        problems = []
        for number in range(options.count):
            data = malformed(chance, attacked)
            reply = request(port, data, half=True)
            statuses[reply[9:12].decode("latin-1") if reply else "none"] += 1
            found = problem(data, reply)
            if found:
                problems.append(found)
            position = number // 500 + 1
            if number % 500 == 0 and position <= 12:
                answer = {**ANSWER, "position": position, "choice": "na", "milliseconds": 900}
                body = json.dumps(answer).encode()
                reply = request(port, compose("POST", "/api/answer", worker, body))
                assert b" 200 " in reply.split(b"\r\n")[0], reply[:200]
        is_alive = server.poll() is None
        server.kill()
        server.wait()
        rows = sqlite3.connect(folder / "answers.sqlite").execute(
            "SELECT participant, COUNT(*) FROM answer GROUP BY 1").fetchall()
        expected = min(12, (options.count - 1) // 500 + 1)
        counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
        print(f"{options.count} requests (seed {options.seed}): {counts}")
        print("the server is " + ("alive" if is_alive else "DEAD"))
        print(f"answers by participant: {rows}, expected {expected} of participant 2 and no other")
        for found in problems[:20]:
            print("  ", found)
        sys.exit(0 if is_alive and not problems and rows == [(2, expected)] else 1)


if __name__ == "__main__":
    main()
