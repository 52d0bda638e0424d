#!/usr/bin/env python3
"""Measures a study's server while 200 participants answer at the same time for a minute.

    make build && python3 Benchmarks/study_load.py [--participants 200] [--seconds 60]
                                                   [--think 1.0] [--crossfire FILE]

The server runs on the loopback interface. The program prints how long the server takes to
acknowledge an answer, then kills the server and checks that every acknowledged answer was stored.
"""

import argparse
import asyncio
import csv
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests"))
import tiny_study


class Participant:
    def __init__(self, port, secret, chance):
        self.port, self.secret, self.chance = port, secret, chance
        self.answers, self.answer_times, self.picture_times = [], [], []

    async def ask(self, method, path, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        self.writer.write(
            (
                f"{method} /api/{path} HTTP/1.1\r\nHost: study\r\n"
                f"Authorization: Bearer {self.secret}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            ).encode()
            + content
        )
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r")[0])
        reply = await self.reader.readexactly(length)
        if " 200 " not in head.split("\r\n")[0]:
            raise RuntimeError(f"{path}: {head.splitlines()[0]} {reply[:200]}")
        return reply

    async def take_part(self, consent, begin, seconds, think):
        # Participants arrive at different moments, and then all answer at the same time.
        await asyncio.sleep(self.chance.uniform(0, 3))
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        state = json.loads(
            await self.ask(
                "POST", "consent", {"consent": consent, "external": {}, "screen": "1280x800 mouse"}
            )
        )
        await asyncio.sleep(max(0, begin - time.monotonic()) + self.chance.uniform(0, think))
        while time.monotonic() < begin + seconds and state["stage"] == "trials":
            trial = state["trial"]
            if trial["question"] == 1:
                started = time.perf_counter()
                await self.ask("GET", "image/" + trial["stimulus"])
                self.picture_times.append(time.perf_counter() - started)
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * think)
            choice = str(
                self.chance.choice([label for label in range(10) if label != trial.get("first")])
            )
            answer = {
                "position": trial["position"],
                "question": trial["question"],
                "choice": choice,
                "endedOn": "response",
                "milliseconds": 1000 * think,
            }
            started = time.perf_counter()
            state = json.loads(await self.ask("POST", "answer", answer))
            self.answer_times.append(time.perf_counter() - started)
            self.answers.append((str(answer["position"]), str(answer["question"]), choice))
        self.writer.close()


def show(name, times):
    times = sorted(times)
    at = lambda share: 1000 * times[min(len(times) - 1, int(share * len(times)))]
    print(
        f"{name}: {len(times)}, median {at(0.5):.1f} ms, 99th percentile {at(0.99):.1f} ms, "
        f"longest {1000 * times[-1]:.1f} ms"
    )
    return at(0.99)


async def load(options, port, secrets, consent):
    people = [
        Participant(port, secret, random.Random(number)) for number, secret in enumerate(secrets)
    ]
    begin = time.monotonic() + 4
    await asyncio.gather(
        *(person.take_part(consent, begin, options.seconds, options.think) for person in people)
    )
    return people


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--participants", type=int, default=200)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument(
        "--think",
        type=float,
        default=1.0,
        help="seconds a participant takes for an answer, on average",
    )
    options.add_argument("--crossfire", default=str(ROOT / ".build/release/crossfire"))
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "study"
        study = tiny_study.write(
            folder, slots=20, trials=int(options.seconds / options.think) + 20, sheets=0
        )
        links = subprocess.run(
            [options.crossfire, "study", "links", folder, "--count", str(options.participants)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.split()
        server = subprocess.Popen(
            [
                options.crossfire,
                "study",
                "serve",
                folder,
                "--port",
                "0",
                "--quiet",
                "--invited-only",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            port = int(server.stdout.readline().strip().rsplit(":", 1)[1].strip("/"))
            consent = hashlib.sha256(study["consent"].encode()).hexdigest()
            people = asyncio.run(
                load(options, port, [link.split("#")[1] for link in links], consent)
            )
            # The server is killed without warning. Every answer that it acknowledged must be
            # stored.
            server.kill()
        finally:
            server.kill()
            server.wait()
        subprocess.run(
            [options.crossfire, "study", "export", folder], check=True, stdout=subprocess.DEVNULL
        )
        stored = {}
        for row in csv.DictReader(open(folder / "answers.csv")):
            stored.setdefault(row["participant"], []).append(
                (row["position"], row["question"], row["choice"])
            )
    given = sum(len(person.answers) for person in people)
    print(
        f"{options.participants} participants, {options.seconds:.0f} s: "
        f"{given / options.seconds:.0f} answers per second"
    )
    show("pictures", [value for person in people for value in person.picture_times])
    slowest = show("answers", [value for person in people for value in person.answer_times])
    lost = given - sum(len(rows) for rows in stored.values())
    same = sorted(stored.values()) == sorted(person.answers for person in people if person.answers)
    print(f"{lost} answers lost; {'all' if same else 'NOT all'} are stored as they were given")
    sys.exit(0 if same and lost == 0 and slowest < 100 else 1)


if __name__ == "__main__":
    main()
