#!/usr/bin/env python3
"""Fits the confidence of a read: the weights in Sources/Stages/ReadEvidence.swift, and what they are worth.

First the weights of the evidence, on plates cut out with the errors that a detector makes:

    training/reader/variants.py crops DATA CROPS
    gantry plates --json --crops --evidence CROPS > reads.jsonl
    training/reader/calibrate.py crops reads.jsonl [GROUP...]

Then, with those weights built in, how far to trust them in whole photographs, where detector and corners err as they
do, and the table of Sources/Stages/ReadAcceptance.swift:

    training/reader/variants.py photographs DATA PHOTOGRAPHS
    gantry bench plates PHOTOGRAPHS --details --format json > figures.json
    training/reader/calibrate.py photographs figures.json [GROUP...]

Variants of one photograph share a group and are kept on one side of each split, so that the figures printed are those
on photographs that were not fitted. Groups named after the file are left out: photographs whose truth is a typing
error. Needs Python's standard library only.
"""
import json
import math
import os
import sys

NAMES = ["one", "log odds of posterior", "agreement", "fits"]


def log_odds(share):
    return max(-7.0, min(7.0, math.log(max(share, 1e-12) / max(1 - share, 1e-12))))


def load(path):
    rows = []
    for line in open(path):
        read = json.loads(line)
        group, text = os.path.basename(read["file"]).rsplit(".", 1)[0].split("_")[1:]
        for plate in read["plates"]:
            seen = plate.get("evidence")
            if seen and plate["text"]:
                x = [1.0, log_odds(seen["posterior"]), seen["agreement"], seen["fits"]]
                rows.append((int(group), x, plate["text"] == text))
    return rows


def solve(matrix, vector):
    size = len(vector)
    rows = [line[:] + [value] for line, value in zip(matrix, vector)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(size):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def chance(weights, x):
    return 1 / (1 + math.exp(-sum(w * v for w, v in zip(weights, x))))


def fit(rows, ridge=2.0, rounds=30):
    """Logistic regression by Newton's method, with a ridge on all but the constant."""
    size = len(rows[0][1])
    weights = [0.0] * size
    for _ in range(rounds):
        gradient = [0.0 if i == 0 else -ridge * weights[i] for i in range(size)]
        curve = [[ridge if i == j and i else 1e-9 if i == j else 0.0 for j in range(size)] for i in range(size)]
        for _, x, right in rows:
            p = chance(weights, x)
            for i in range(size):
                gradient[i] += (right - p) * x[i]
                for j in range(size):
                    curve[i][j] += p * (1 - p) * x[i] * x[j]
        weights = [w + s for w, s in zip(weights, solve(curve, gradient))]
    return weights


def crossed(rows, folds=5):
    """For each row what weights say that were fitted without its group, and whether it is right."""
    scored = []
    for fold in range(folds):
        weights = fit([row for row in rows if row[0] % folds != fold])
        scored += [(chance(weights, x), right) for group, x, right in rows if group % folds == fold]
    return scored


def report(rows, scored):
    print(f"{len(rows)} reads of {len({row[0] for row in rows})} photographs, {sum(r for _, _, r in rows)} right")
    print("on photographs that were not fitted:")
    error = 0
    for tenth in range(10):
        part = [(p, right) for p, right in scored if min(9, int(p * 10)) == tenth]
        if part:
            said, right = (sum(column) / len(part) for column in zip(*part))
            error += abs(said - right) * len(part) / len(scored)
            print(f"  said {said:.2f}, right {right:.2f}, n {len(part)}")
    print(f"  expected calibration error {error:.3f}")


def acceptances(scored, of):
    """The least confidence that reaches each precision and keeps it from there on up, and its share of all plates."""
    ordered = sorted(scored, reverse=True)
    right = 0
    curve = []
    for count, (p, good) in enumerate(ordered, 1):
        right += good
        if count == len(ordered) or ordered[count][0] != p:
            curve.append((p, right / count, count / of))
    for wanted in [0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995]:
        reached = [point for point in curve if point[1] >= wanted and point[2] >= 0.05]
        if reached:
            p, precision, coverage = reached[-1]
            print(f"  {wanted}: from {p:.3f}, right {precision:.3f}, of all plates {coverage:.3f}")


def crops(path, left_out):
    rows = [row for row in load(path) if str(row[0]) not in left_out]
    report(rows, crossed(rows))
    print("weights, fitted on all:")
    for name, weight in zip(NAMES, fit(rows)):
        print(f"  {name}: {weight:.3f}")


def photographs(path, left_out):
    plates = [plate for plate in json.load(open(path))["details"] if plate["truth"]]
    plates = [plate for plate in plates if group_of(plate) not in left_out]
    rows = [(int(group_of(plate)), [1.0, log_odds(plate["confidence"])], plate["exact"])
            for plate in plates if plate["read"]]
    scored = crossed(rows)
    report(rows, scored)
    shift, scale = fit(rows)
    print(f"multiply all weights by {scale:.3f}, then add {shift:.3f} to the constant")
    print(f"acceptance, of {len(plates)} plates:")
    acceptances(scored, len(plates))


def group_of(plate):
    return str(int(os.path.basename(plate["file"]).split("-")[0][1:]))


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("crops", "photographs"):
        sys.exit(__doc__)
    {"crops": crops, "photographs": photographs}[sys.argv[1]](sys.argv[2], sys.argv[3:])


main()
