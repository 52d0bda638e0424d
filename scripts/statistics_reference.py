#!/usr/bin/env python3
"""Writes Tests/SupportTests/StatisticsReference.swift: intervals and exact tests by SciPy.

    python3 scripts/statistics_reference.py > Tests/SupportTests/StatisticsReference.swift
"""

import scipy
from scipy.stats import binomtest, fisher_exact

COUNTS = [(0, 1), (1, 1), (0, 50), (1, 50), (25, 50), (38, 50), (50, 50), (3, 256), (10, 256),
          (186, 256), (255, 256), (256, 256), (1, 1000), (500, 1000), (997, 1000), (0, 10000),
          (9930, 10000), (12345, 100000)]
DISCORDANT = [(0, 0), (0, 1), (1, 0), (3, 3), (1, 5), (2, 12), (0, 20), (10, 25), (121, 59),
              (400, 500), (4900, 5100)]
TABLES = [(38, 12, 25, 25), (1, 0, 0, 1), (0, 0, 3, 4), (3, 1, 1, 3), (10, 2, 3, 15),
          (50, 0, 0, 50), (1, 9, 11, 3), (13, 37, 23, 32), (120, 136, 90, 166), (990, 10, 970, 30),
          (5000, 5000, 4800, 5200)]

version = scipy.__version__
print(f"""// Computed by SciPy {version}: scripts/statistics_reference.py writes this file.

/// Wilson intervals of `k` of `n` at 95 %.
let wilsonReference: [(k: Int, n: Int, lower: Double, upper: Double)] = [""")
for k, n in COUNTS:
    interval = binomtest(k, n).proportion_ci(0.95, method="wilson")
    print(f"  ({k}, {n}, {max(0.0, float(interval.low))!r}, {float(interval.high)!r}),")
print("""]

/// McNemar's exact test as an exact binomial test: one changed in `b` pairs, the other in `c`.
let mcNemarReference: [(b: Int, c: Int, p: Double)] = [""")
for b, c in DISCORDANT:
    print(f"  ({b}, {c}, {float(binomtest(b, b + c).pvalue) if b + c else 1.0!r}),")
print("""]

/// Fisher's exact test of the table a, b; c, d.
let fisherReference: [(a: Int, b: Int, c: Int, d: Int, p: Double)] = [""")
for a, b, c, d in TABLES:
    print(f"  ({a}, {b}, {c}, {d}, {float(fisher_exact([[a, b], [c, d]]).pvalue)!r}),")
print("]")
