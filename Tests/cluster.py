#!/usr/bin/env python3
"""Runs an experiment of 4 models, 4 attacks and 4 parts on a Slurm cluster, again and again, and
disturbs each run at random: daemons, scripts and commands are killed, jobs are cancelled, time limits
are reached, and writing fails on one node. After each disturbance the experiment is submitted again
until it is done. At the end every file must be byte for byte equal to that of one undisturbed process.

    export SLURM_CONF=…   # a cluster for tests alone, whose slurmd this script may kill and start
    make build && python3 Tests/cluster.py [ROUNDS [SEED]]

ROUNDS is the number of disturbed runs (20), SEED the seed of the disturbances (1). The first run is
not disturbed. The exit status is 0 if all files are equal, and 1 otherwise.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".build/release/crossfire"
EXPERIMENT = """
name: disturbed
data: { name: synthetic, train: 2000, test: 500 }
models:
  a: { architecture: small, epochs: 12 }
  b: { architecture: mlp, epochs: 12 }
  c: { architecture: small, epochs: 6, defense: { adversarial-training: { attack: fgsm, epsilon: 0.1 } } }
  d: { ensemble: [a, b] }
attacks:
  fgsm: { epsilons: [0, 0.1, 0.2] }
  pgd: { epsilons: [0.1, 0.2], steps: 40 }
  bim: { epsilons: [0.1], steps: 20 }
  tgsm: { epsilons: [0.1], target: random }
images: { attacks: [fgsm], count: 20 }
cluster:
  # While the file FULL exists, one node can write only small files, as on a disk that is nearly full.
  setup: ['if [ "$SLURMD_NODENAME" = LAST ] && [ -e FULL ]; then ulimit -f 16; fi']
"""
OPTIONS = ["--parts", "4", "--threads", "1", "--batch-size", "32"]


def digests(folder):
    """The SHA-256 of every result below a folder."""
    skipped = {".claims", ".steps", ".data", "log.jsonl", "jobs"}
    files = [
        file for file in sorted(folder.rglob("*"))
        if file.is_file() and not skipped & set(file.relative_to(folder).parts)]
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files}


def run(*words, check=True):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if check and result.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nended with {result.returncode}: {result.stderr}")
    return result


def submit(out, tasks):
    run(
        PROGRAM, "submit", out.parent / "disturbed.yaml", "--out", out, *OPTIONS, "--max-tasks", tasks)


def status(out):
    return json.loads(run(PROGRAM, "status", out, "--json").stdout)


def processes(pattern):
    """The numbers of the processes whose command line matches a pattern."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if re.search(pattern, line) and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def kill(pattern, chance):
    """Kills one process whose command line matches a pattern, if there is one."""
    found = processes(pattern)
    if not found:
        return False
    try:
        os.kill(chance.choice(found), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def nodes():
    return run("sinfo", "-hN", "-o", "%N").stdout.split()


def revive():
    """Starts the slurmd of nodes that have none, and takes all nodes into service again."""
    for node in nodes():
        if not processes(rf"slurmd .*-N ?{node}\b"):
            run("slurmd", "-N", node, check=False)
        run("scontrol", "update", f"nodename={node}", "state=resume", check=False)


def disturb(kind, out, chance):
    """Disturbs a run.
    Returns a word for the table, and whether jobs may be left waiting for a dead node."""
    if kind == "crossfire":
        return kill(rf"{re.escape(str(PROGRAM))} run .*{re.escape(str(out))}", chance)
    if kind == "script":
        return kill(r"/bin/bash /\S*slurm_script|/bin/bash .*/job\d+/slurm_script", chance)
    if kind == "slurmd":
        node = chance.choice(nodes())
        killed = kill(rf"slurmd .*-N ?{node}\b", chance)
        time.sleep(chance.uniform(0, 2))
        # What the node was doing is given up, as when a machine has lost its power.
        run("scontrol", "update", f"nodename={node}", "state=down", "reason=test", check=False)
        kill(rf"{re.escape(str(PROGRAM))} run .*{re.escape(str(out))}", chance)
        revive()
        return killed
    if kind == "cancel":
        return run(PROGRAM, "cancel", out).returncode == 0
    if kind == "disk":
        full = out.parent / "full"
        full.touch()
        time.sleep(chance.uniform(3, 10))
        full.unlink()
        return True
    if kind == "stop":
        # What Slurm sends two minutes before a time limit.
        jobs = run("squeue", "-hr", "-t", "R", "-o", "%i").stdout.split()
        if not jobs:
            return False
        run("scancel", "-b", "-s", "USR1", chance.choice(jobs), check=False)
        return True
    raise ValueError(kind)


def finish(out, tasks, deadline):
    """Submits until everything is done. Returns how often."""
    again = 0
    while True:
        found = status(out)
        if found["total"]["done"] == found["total"]["steps"]:
            return again
        if time.monotonic() > deadline:
            print(json.dumps(found, indent=1))
            print(run("squeue", "-r").stdout)
            sys.exit(f"{out} was not finished in time")
        if not found["isAtWork"]:
            submit(out, tasks)
            again += 1
        time.sleep(0.5)


def compare(calm, folder, title):
    found = digests(folder)
    differing = sorted(
        name for name in calm.keys() | found.keys() if calm.get(name) != found.get(name))
    if differing:
        sys.exit(f"{title}: {len(differing)} files differ: " + ", ".join(differing[:10]))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if not os.environ.get("SLURM_CONF"):
        sys.exit("SLURM_CONF is not set: this test needs a Slurm cluster of its own")
    chance = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfire-cluster-"))
    (folder / "disturbed.yaml").write_text(
        EXPERIMENT.replace("FULL", str(folder / "full")).replace("LAST", nodes()[-1]))
    run(PROGRAM, "run", folder / "disturbed.yaml", "--out", folder / "calm", *OPTIONS[2:])
    calm = digests(folder / "calm")
    print(f"one process: {len(calm)} files; {len(nodes())} nodes", flush=True)
    kinds = ["crossfire", "script", "slurmd", "cancel", "stop", "disk"]
    for number in range(rounds + 1):
        out = folder / f"run{number}"
        began = time.monotonic()
        # A task does one step, or several.
        tasks = chance.choice(["4", "8", "200"]) if number else "200"
        submit(out, tasks)
        done = []
        if number:
            for _ in range(chance.randint(1, 4)):
                time.sleep(chance.uniform(0.2, 6))
                kind = chance.choice(kinds)
                if disturb(kind, out, chance):
                    done.append(kind)
        again = finish(out, tasks, time.monotonic() + 900)
        compare(calm, out, f"round {number}")
        words = ", ".join(done) or "undisturbed"
        print(
            f"round {number}: {words}; at most {tasks} tasks; submitted {again + 1} times; "
            f"{time.monotonic() - began:.0f} s; equal", flush=True)
        shutil.rmtree(out)
    shutil.rmtree(folder)
    print(f"{rounds} disturbed runs, all equal to one process")


if __name__ == "__main__":
    main()
