#!/usr/bin/env python3
"""Writes Tests/EvaluationTests/WilsonReference.swift: Wilson intervals as SciPy computes them.

    python3 scripts/wilson_reference.py > Tests/EvaluationTests/WilsonReference.swift
"""

import scipy
from scipy.stats import binomtest

COUNTS = [(0, 1), (1, 1), (0, 50), (1, 50), (25, 50), (38, 50), (50, 50), (3, 256), (10, 256), (186, 256), (255, 256),
          (256, 256), (1, 1000), (500, 1000), (997, 1000), (0, 10000), (9930, 10000), (12345, 100000)]

print(f"""/// Wilson intervals of `k` of `n` at 95 %, computed by SciPy {scipy.__version__}: scripts/wilson_reference.py writes this file.
let wilsonReference: [(k: Int, n: Int, lower: Double, upper: Double)] = [""")
for k, n in COUNTS:
    interval = binomtest(k, n).proportion_ci(0.95, method="wilson")
    print(f"  ({k}, {n}, {max(0.0, float(interval.low))!r}, {float(interval.high)!r}),")
print("]")
