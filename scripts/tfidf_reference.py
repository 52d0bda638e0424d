#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/texts: small texts, and their tf-idf weights by scikit-learn.

Needs scikit-learn and NumPy below 2.4, whose `argsort` still has a heapsort (1.9.1 and 2.2.6 were
used). NumPy runs without vector instructions: with them, `argsort` puts
equal numbers into an order that depends on the processor, and scikit-learn's choice among words that
are equally frequent depends on it too.

    python3 scripts/tfidf_reference.py [FOLDER]      # writes the fixtures
    python3 scripts/tfidf_reference.py --posts DATA  # prints numbers of the 20 Newsgroups' posts

DATA is a folder that holds 20news-bydate-train and 20news-bydate-test.
"""
import hashlib
import json
import os
import pathlib
import random
import sys

os.environ["NPY_DISABLE_CPU_FEATURES"] = "AVX2 AVX512F AVX512CD AVX512_SKX"
import numpy
from sklearn.feature_extraction.text import TfidfVectorizer

plain = ["faith", "Faith", "a", "I", "of", "don't", "e-mail", "x_1", "_", "__", "1993", "v2", "GOD"]
odd = ["naïve", "cafe\u0301", "Straße", "x²", "½cup", "日本語", "Ⅷ", "٣٤", "ﬁn", "mañana", "Ǆ", "ª", "µm"]


def write_texts(folder):
    """20 training and 8 test texts of two classes. Many words are equally frequent."""
    chance = random.Random(7)
    rare = [f"w{number}" for number in range(120)]
    for split, count in [("train", 20), ("test", 8)]:
        for number in range(count):
            common = chance.choices(plain + odd, k=30)
            words = common + chance.sample(rare, 25)
            chance.shuffle(words)
            place = folder / split / ["first", "second"][number % 2]
            place.mkdir(parents=True, exist_ok=True)
            text = chance.choice([" ", ", ", "\n"]).join(words)
            (place / f"{number:02}.txt").write_bytes(text.encode())
    (folder / "train/first/none.txt").write_bytes(b"! ? a\n")


def read(folder, encoding, classes):
    """The texts, one of each class in turn, and sorted by name within a class."""
    own = [sorted((folder / name).iterdir()) for name in classes]
    turns = range(max(map(len, own)))
    files = [files[turn] for turn in turns for files in own if turn < len(files)]
    return [file.read_bytes().decode(encoding) for file in files]


def entries(rows):
    rows = rows.tocoo()
    order = numpy.lexsort((rows.col, rows.row))
    return [[int(rows.row[i]), int(rows.col[i]), float(rows.data[i])] for i in order]


def checksum(order):
    """A number that depends on every place of an order."""
    return sum((place + 1) * int(value) for place, value in enumerate(order)) % 1_000_003


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/DatasetsTests/Fixtures/texts")
    write_texts(folder)
    classes = ["first", "second"]
    train, test = (read(folder / split, "utf-8", classes) for split in ["train", "test"])
    found = {}
    for most in [40, 5000]:
        fit = TfidfVectorizer(lowercase=False, max_features=most)
        rows = fit.fit_transform(train)
        found[str(most)] = {
            "words": list(fit.get_feature_names_out()),
            "train": entries(rows),
            "test": entries(fit.transform(test)),
        }
    # values[i] = (i * i * 7919 + 31 * i) mod m
    orders = []
    for count, m in [(1, 5), (17, 4), (18, 4), (100, 7), (1000, 10), (1000, 100_000), (5000, 40)]:
        index = numpy.arange(count, dtype=numpy.int64)
        values = (index * index * 7919 + 31 * index) % m
        orders.append(
            {
                "count": count,
                "modulus": m,
                "quick": checksum(values.argsort()),
                "heap": checksum(values.argsort(kind="heapsort")),
            }
        )
    found["orders"] = orders
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (folder / "reference.json").write_text(text + "\n")


def posts(folder):
    classes = ["alt.atheism", "soc.religion.christian"]
    train, test = (
        read(folder / f"20news-bydate-{split}", "latin-1", classes) for split in ["train", "test"]
    )
    fit = TfidfVectorizer(lowercase=False, max_features=5000)
    rows = [fit.fit_transform(train), fit.transform(test)]
    words = fit.get_feature_names_out()
    print("SHA-256 of the words:", hashlib.sha256("\n".join(words).encode()).hexdigest())
    for name, found in zip(["train", "test"], rows):
        weight = (numpy.arange(5000) % 97 + 1.0)[None] * (numpy.arange(found.shape[0]) % 89 + 1.0)[:, None]
        print(name, found.shape, "entries", found.nnz, "sum", repr(float(found.sum())))
        print("  weighted sum", repr(float(found.multiply(weight).sum())))
        print("  entries", entries(found)[:: found.nnz // 10][:10])


if len(sys.argv) > 2 and sys.argv[1] == "--posts":
    posts(pathlib.Path(sys.argv[2]))
else:
    main()
