#!/usr/bin/env python3
"""Starts a small experiment twenty times and kills it with SIGKILL at a random moment each time.
Every start continues where the previous one was killed. A last run finishes the experiment. At the
end every file must be byte for byte equal to that of an undisturbed run.

    make build && python3 Tests/kill_and_resume.py [KILLS [SEED]]

KILLS is the number of starts (20), SEED the seed of the random moments (1). The exit status is 0 if
all files are equal, and 1 otherwise.
"""

import hashlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPERIMENT = """
name: killed
data: { name: synthetic, train: 2000, test: 400 }
models:
  a: { architecture: small, epochs: 12 }
  b:
    architecture: mlp
    epochs: 12
    defense: { adversarial-training: { attack: fgsm, epsilon: 0.1 } }
attacks:
  fgsm: { epsilons: [0, 0.1, 0.2] }
  pgd: { epsilons: [0.1], steps: 40 }
images: { attacks: [fgsm], count: 20 }
"""


def digests(folder):
    """The SHA-256 of every file below a folder, without claims, marks and the log, which hold times."""
    skipped = {".claims", ".steps", ".data", "log.jsonl"}
    files = [
        file for file in sorted(folder.rglob("*"))
        if file.is_file() and not skipped & set(file.relative_to(folder).parts)]
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files}


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "killed.yaml").write_text(EXPERIMENT)

        def start(out):
            program = ROOT / ".build/release/crossfire"
            command = [program, "run", folder / "killed.yaml", "--out", folder / out, "--quiet"]
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)

        begun = time.monotonic()
        if start("calm").wait() != 0:
            sys.exit("the undisturbed run failed; its message is above")
        whole = time.monotonic() - begun
        print(f"undisturbed: {whole:.1f} s, {len(digests(folder / 'calm'))} files", flush=True)
        finished = 0
        for kill in range(kills):
            # Each start continues where the last one was killed, so together the starts reach every
            # part of the run.
            moment = chance.uniform(0.02, 2.5 * whole / kills)
            process = start("killed")
            try:
                finished += process.wait(timeout=moment) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if start("killed").wait() != 0:
            sys.exit("the last run failed; its message is above")
        calm, killed = digests(folder / "calm"), digests(folder / "killed")
        names = calm.keys() | killed.keys()
        differing = sorted(name for name in names if calm.get(name) != killed.get(name))
        print(
            f"{kills} starts (seed {seed}), {kills - finished} killed: "
            f"{len(differing)} files differ")
        for name in differing:
            print("  ", name)
        sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
