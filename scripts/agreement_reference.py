#!/usr/bin/env python3
"""Writes Tests/HumanStudyTests/AgreementReference.swift, with which AgreementTests and
StudyPowerTests compare: Fleiss' kappa and Cohen's kappa by statsmodels, Krippendorff's alpha by
krippendorff, and the power of Fisher's exact test as a sum over all tables of SciPy's tests.

    python3 scripts/agreement_reference.py > Tests/HumanStudyTests/AgreementReference.swift
    make format
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
    """For each picture, how many raters chose each category. Some pictures are clearer than others.

    `raters` is the number of raters of every picture, or one number for each picture."""
    rows = []
    for n in raters if hasattr(raters, "__len__") else [raters] * pictures:
        rows.append(random.multinomial(n, random.dirichlet([0.4] * categories)).tolist())
    return rows


def alpha(rows):
    return float(krippendorff.alpha(value_counts=np.array(rows), level_of_measurement="nominal"))


full = [counts(8, 3, 4), counts(20, 11, 5), counts(5, 2, 2)]
full += [[[3, 0], [3, 0], [0, 3]], [[1, 1], [1, 1]]]
ragged = [counts(9, 4, [1, 2, 2, 3, 5, 0, 4, 2, 1])]
ragged += [counts(30, 11, random.integers(0, 6, 30).tolist())]

print(f"""// Computed by SciPy {scipy.__version__}, statsmodels {statsmodels.__version__} and \
krippendorff {version("krippendorff")}:
// scripts/agreement_reference.py writes this file.

/// For each picture how many people chose each category, with Fleiss' kappa and Krippendorff's
/// alpha. Kappa is nil where pictures have different numbers of answers.
let agreementReference: [(counts: [[Int]], kappa: Double?, alpha: Double)] = [""")
for rows in full:
    print(f"  ({rows}, {float(fleiss_kappa(np.array(rows)))!r}, {alpha(rows)!r}),")
for rows in ragged:
    print(f"  ({rows}, nil, {alpha(rows)!r}),")
print("""]

/// On how many pictures both observers were right, only the first, only the second, and neither,
/// with Cohen's kappa.
let errorConsistencyReference: [(counts: [Int], kappa: Double)] = [""")
for a, b, c, d in [(20, 5, 10, 15), (1, 0, 0, 1), (0, 10, 10, 0), (30, 3, 40, 2), (7, 0, 3, 0)]:
    kappa = float(cohens_kappa(np.array([[a, b], [c, d]]), return_results=False))
    print(f"  ([{a}, {b}, {c}, {d}], {kappa!r}),")
print("]")
print("""
/// Two shares, the number of answers in each group, and the power of Fisher's exact test at the
/// level 0.05.
let powerReference: [(first: Double, second: Double, answers: Int, power: Double)] = [""")
for p, q, n in [(0.02, 0.16, 20), (0.02, 0.16, 60), (0.3, 0.5, 40), (0.0, 0.2, 30), (0.5, 0.5, 25)]:
    tables = [(i, j) for i in range(n + 1) for j in range(n + 1)]
    power = sum(binom.pmf(i, n, p) * binom.pmf(j, n, q) for i, j in tables
                if fisher_exact([[i, n - i], [j, n - j]]).pvalue <= 0.05)
    print(f"  ({p}, {q}, {n}, {float(power)!r}),")
print("]")
