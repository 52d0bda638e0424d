#!/usr/bin/env python3
"""Writes Tests/HumanStudyTests/AgreementReference.swift: agreement as statsmodels and krippendorff
compute it, and the power of Fisher's exact test summed over all tables with SciPy's.

    python3 scripts/agreement_reference.py > Tests/HumanStudyTests/AgreementReference.swift
"""

import krippendorff
import numpy as np
import scipy
import statsmodels
from importlib.metadata import version
from scipy.stats import binom, fisher_exact
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

random = np.random.default_rng(6)


def counts(pictures, categories, raters):
    """How many raters chose each category, some pictures clearer than others."""
    rows = []
    for n in raters if hasattr(raters, "__len__") else [raters] * pictures:
        rows.append(random.multinomial(n, random.dirichlet([0.4] * categories)).tolist())
    return rows


def alpha(rows):
    return float(krippendorff.alpha(value_counts=np.array(rows), level_of_measurement="nominal"))


full = [counts(8, 3, 4), counts(20, 11, 5), counts(5, 2, 2), [[3, 0], [3, 0], [0, 3]], [[1, 1], [1, 1]]]
ragged = [counts(9, 4, [1, 2, 2, 3, 5, 0, 4, 2, 1]), counts(30, 11, random.integers(0, 6, 30).tolist())]

print(f"""// Computed by SciPy {scipy.__version__}, statsmodels {statsmodels.__version__} and krippendorff {version("krippendorff")}: scripts/agreement_reference.py writes this file.

/// For each picture how many chose each category, and Fleiss' kappa and Krippendorff's alpha of it.
let agreementReference: [(counts: [[Int]], kappa: Double?, alpha: Double)] = [""")
for rows in full:
    print(f"  ({rows}, {float(fleiss_kappa(np.array(rows)))!r}, {alpha(rows)!r}),")
for rows in ragged:
    print(f"  ({rows}, nil, {alpha(rows)!r}),")
print("""]

/// Both right, only the first, only the second, neither; and Cohen's kappa.
let errorConsistencyReference: [(counts: [Int], kappa: Double)] = [""")
for a, b, c, d in [(20, 5, 10, 15), (1, 0, 0, 1), (0, 10, 10, 0), (30, 3, 40, 2), (7, 0, 3, 0)]:
    print(f"  ([{a}, {b}, {c}, {d}], {float(cohens_kappa(np.array([[a, b], [c, d]]), return_results=False))!r}),")
print("]")
print("""
/// Two shares, answers in each group, and the power of Fisher's exact test at 0.05.
let powerReference: [(first: Double, second: Double, answers: Int, power: Double)] = [""")
for p, q, n in [(0.02, 0.16, 20), (0.02, 0.16, 60), (0.3, 0.5, 40), (0.0, 0.2, 30), (0.5, 0.5, 25)]:
    power = sum(binom.pmf(i, n, p) * binom.pmf(j, n, q) for i in range(n + 1) for j in range(n + 1)
                if fisher_exact([[i, n - i], [j, n - j]]).pvalue <= 0.05)
    print(f"  ({p}, {q}, {n}, {float(power)!r}),")
print("]")
