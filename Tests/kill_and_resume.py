#!/usr/bin/env python3
"""Kills a small experiment with SIGKILL at random moments, twenty times, and lets it go on each time; at the end every file must
be byte for byte that of an undisturbed run.

    make build && python3 Tests/kill_and_resume.py [KILLS [SEED]]
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
  b: { architecture: mlp, epochs: 12, defense: { adversarialTraining: { attack: fgsm, epsilon: 0.1 } } }
attacks:
  fgsm: { epsilons: [0, 0.1, 0.2] }
  pgd: { epsilons: [0.1], steps: 40 }
images: { attacks: [fgsm], count: 20 }
"""


def digests(folder):
    """Of every file that says nothing about when it was made."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name not in (".lock", "log.jsonl")]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "killed.yaml").write_text(EXPERIMENT)

        def start(out):
            command = [ROOT / ".build/release/crossfire", "run", folder / "killed.yaml", "--out", folder / out, "--quiet"]
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)

        begun = time.monotonic()
        if start("calm").wait() != 0:
            sys.exit("the undisturbed run failed")
        whole = time.monotonic() - begun
        print(f"undisturbed: {whole:.1f} s, {len(digests(folder / 'calm'))} files", flush=True)
        finished = 0
        for kill in range(kills):
            # Each attempt goes on where the last was killed, so the moments wander through the whole run.
            moment = chance.uniform(0.02, 2.5 * whole / kills)
            process = start("killed")
            try:
                finished += process.wait(timeout=moment) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if start("killed").wait() != 0:
            sys.exit("the last run failed")
        calm, killed = digests(folder / "calm"), digests(folder / "killed")
        differing = sorted(name for name in calm.keys() | killed.keys() if calm.get(name) != killed.get(name))
        print(f"{kills} attempts (seed {seed}), {kills - finished} killed: {len(differing)} files differ")
        for name in differing:
            print("  ", name)
        sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
