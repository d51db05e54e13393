#!/usr/bin/env python3
"""Fits the confidence of a read: the weights in Sources/Stages/ReadEvidence.swift.

    gantry plates --json --crops --evidence FOLDER > reads.jsonl
    training/reader/calibrate.py reads.jsonl [GROUP...]

FOLDER holds pictures of one plate each, named SET_GROUP_TEXT.png. Cuts of one photograph share a group: they are
kept on one side of each split, so that the figures printed are those on photographs that were not fitted. Cut each
plate several times with the errors that a detector makes, or the confidences will be those of perfect boxes.
Groups named after the file are left out: photographs whose truth is a typing error.
Needs Python's standard library only.
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
    size = len(NAMES)
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


def main():
    rows = [row for row in load(sys.argv[1]) if str(row[0]) not in sys.argv[2:]]
    folds = 5
    scored = []
    for fold in range(folds):
        weights = fit([row for row in rows if row[0] % folds != fold])
        scored += [(chance(weights, x), right) for group, x, right in rows if group % folds == fold]
    print(f"{len(rows)} reads of {len({row[0] for row in rows})} photographs, {sum(r for _, _, r in rows)} right")
    print("on photographs that were not fitted:")
    for low, high in [(0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1)]:
        part = [(p, right) for p, right in scored if low <= p < high]
        if part:
            said = sum(p for p, _ in part) / len(part)
            print(f"  said {said:.2f}, right {sum(r for _, r in part) / len(part):.2f}, n {len(part)}")
    for threshold in [0.5, 0.6, 0.7, 0.75, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.95]:
        taken = [right for p, right in scored if p >= threshold]
        if taken:
            print(f"  accept from {threshold}: precision {sum(taken) / len(taken):.3f}, "
                  f"coverage {len(taken) / len(scored):.3f}")
    print("weights, fitted on all:")
    for name, weight in zip(NAMES, fit(rows)):
        print(f"  {name}: {weight:.3f}")


main()
