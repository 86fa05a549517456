"""Golden numbers of the analysis: rank correlations, AUROC, calibration, intervals, growth fits, re-weighting.

Writes tests/parity/golden/analysis.json. Needs numpy, scipy and scikit-learn; values are rounded to 12 digits.
"""

import numpy as np
from scipy import special, stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from common import GOLDEN, write_json

random = np.random.default_rng(11)


def num(value):
    return float(f"{float(value):.12g}")


def nums(values):
    return [num(v) for v in values]


def correlations():
    cases = []
    for n, ties in ((5, False), (7, True), (8, False), (20, True), (40, False)):
        x = random.normal(size=n)
        y = 0.6 * x + random.normal(size=n)
        if ties:
            x, y = np.round(x), np.round(y)
        case = {"x": nums(x), "y": nums(y)}
        for name, function in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
            case[name] = num(function(x, y).statistic)
            if n <= 8:
                # all orders of y: the number of resamples asked for is above n!
                test = stats.permutation_test((y,), lambda v: function(x, v).statistic, permutation_type="pairings",
                                              n_resamples=50_000)
                value = function(x, y).statistic
                case[name + "P"] = num(np.mean(np.abs(test.null_distribution) >= abs(value) - 1e-12))
        cases.append(case)
    return cases


def aurocs():
    cases = []
    for n, digits in ((12, 0), (30, 1), (60, 6)):
        scores = np.round(random.normal(size=n), digits)
        positive = scores + random.normal(size=n) > 0.3
        cases.append({"scores": nums(scores), "positive": positive.tolist(), "auroc": num(roc_auc_score(positive, scores))})
    return cases


def calibrations():
    n, bins = 60, 10
    confidence = random.uniform(size=n)
    right = random.uniform(size=n) < confidence ** 2
    case = {"confidence": nums(confidence), "right": right.tolist(), "brier": num(brier_score_loss(right, confidence))}
    for name, strategy in (("equal-width", "uniform"), ("equal-mass", "quantile")):
        # scikit-learn leaves empty bins out, and gives no counts
        accuracy, mean = calibration_curve(right, confidence, n_bins=bins, strategy=strategy)
        if strategy == "uniform":
            counts = np.histogram(confidence, np.linspace(0, 1, bins + 1))[0]
            counts = counts[counts > 0]
        else:
            counts = np.full(bins, n // bins)
        case[name] = {"confidence": nums(mean), "accuracy": nums(accuracy), "counts": counts.tolist(),
                      "error": num(np.sum(counts / n * np.abs(accuracy - mean)))}
    return case


def seeds():
    quantiles = [{"df": df, "p": p, "t": num(stats.t.ppf(p, df))} for df in (1, 2, 4, 9, 30, 400) for p in (0.6, 0.975, 0.995)]
    a, b = random.normal(0.6, 0.1, 6), random.normal(0.5, 0.1, 6)
    low, high = stats.t.interval(0.95, len(a) - 1, np.mean(a), stats.sem(a))
    d = a - b
    paired = stats.t.interval(0.95, len(d) - 1, np.mean(d), stats.sem(d))
    test = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=10_000)
    return {
        "quantiles": quantiles, "a": nums(a), "b": nums(b),
        "interval": nums([np.mean(a), low, high]), "paired": nums([np.mean(d), *paired]), "p": num(test.pvalue),
    }


def curve():
    """pass@k as one minus a hypergeometric chance of no right sample."""
    return [{"n": n, "c": c, "k": k, "pass": num(1 - stats.hypergeom.pmf(0, n, c, k))}
            for n, c, k in ((8, 3, 2), (32, 1, 8), (64, 20, 4), (64, 0, 16), (16, 15, 2), (256, 5, 64))]


def growth():
    votes, steps = 16, np.arange(0, 8)
    problems = []
    for start, beta in ((0.3, 2.5), (0.45, 3.0), (0.2, 4.0)):
        logit = special.logit(start) + steps / beta
        counts = np.minimum(votes - 1, random.binomial(votes, special.expit(logit)))
        problems.append(np.clip(counts / votes, 0.5 / votes, 1 - 0.5 / votes))
    fits = [stats.linregress(steps, special.logit(p)) for p in problems]
    x = np.tile(steps, len(problems))
    y = np.concatenate([special.logit(p) for p in problems])
    design = np.column_stack([x] + [np.repeat(np.eye(len(problems))[i], len(steps)) for i in range(len(problems))])
    solution, residual, _, _ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(residual[0] / (len(y) - design.shape[1]) * np.linalg.inv(design.T @ design)[0, 0])
    return {
        "votes": votes, "steps": steps.tolist(), "shares": [nums(p) for p in problems],
        "single": [{"growth": num(f.slope), "error": num(f.stderr)} for f in fits],
        "common": {"growth": num(solution[0]), "error": num(error)},
    }


def optimum():
    rewards = random.normal(size=10)
    cluster = [0, 0, 0, 0, 1, 1, 1, 2, 2, None]
    cases = []
    for beta in (0.1, 0.5, 2.0):
        weights = special.softmax(rewards / beta)
        cases.append({
            "beta": beta, "weights": nums(weights),
            "clusters": [num(sum(w for w, c in zip(weights, cluster) if c == k)) for k in range(3)],
            "effective": num(1 / np.sum(weights ** 2)),
        })
    return {"rewards": nums(rewards), "cluster": cluster, "cases": cases}


def entropies():
    return [{"votes": votes, "entropy": num(stats.entropy(votes))} for votes in ([8], [5, 3], [1, 1, 1, 1], [10, 4, 1, 1])]


write_json(GOLDEN / "analysis.json", {
    "correlations": correlations(), "auroc": aurocs(), "calibration": calibrations(), "seeds": seeds(), "pass": curve(),
    "growth": growth(), "optimum": optimum(), "entropies": entropies(),
})
