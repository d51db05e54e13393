#!/usr/bin/env python3
"""More of labelled photographs than there are: what calibrate.py is fed with.

    variants.py crops DATA OUT [--times 8]         plates cut out, with the errors that a detector makes
    variants.py photographs DATA OUT [--times 4]   whole, seen by worse cameras in other light

DATA holds folders with photographs and truth.tsv (file, x, y, width, height, text). The first variant of each is the
photograph itself. Crops are named SET_GROUP_TEXT.png, GROUP being the photograph's number; photographs keep their
number as gNNNN in their names, and get a truth.tsv of their own. Seeded: the same every time. Real plates are personal
data: write to a place that is not shared, and delete it afterwards.
"""
import argparse
import csv
from pathlib import Path

import cv2
import numpy as np


def labelled(data: Path):
    number = 0
    for truth in sorted(data.glob("*/truth.tsv")):
        for file, x, y, width, height, text in csv.reader(truth.open(), delimiter="\t"):
            picture = cv2.imread(str(truth.parent / file))
            if picture is not None:
                yield number, picture, np.array([float(x), float(y), float(width), float(height)]), text
                number += 1


def crop(picture, box, rng):
    """Each edge is off by what a detector's is: a twentieth of the height up and down, of the width a fortieth."""
    x, y, width, height = box
    edges = np.array([x, y, x + width, y + height])
    if rng is not None:
        edges += rng.normal(0, 1, 4) * np.array([0.025 * width, 0.05 * height] * 2)
    rows, columns = picture.shape[:2]
    left, top, right, bottom = np.clip(np.round(edges), 0, [columns, rows, columns, rows]).astype(int)
    return picture[top:max(bottom, top + 1), left:max(right, left + 1)]


def photograph(picture, box, rng):
    if rng is None:
        return picture, box
    # Not smaller than plates that can be read: 14 pixels high.
    scale = rng.uniform(min(1, max(0.4, 14 / box[3])), 1)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    if rng.random() < 0.5:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 1.0))
    small = 255 * (np.clip(small, 0, 255) / 255) ** np.exp(rng.uniform(-0.6, 0.8))
    small = (small - 128) * rng.uniform(0.5, 1.1) + 128 + rng.normal(0, rng.uniform(0, 8), small.shape)
    coded = cv2.imencode(".jpg", np.clip(small, 0, 255), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 90))])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR), box * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["crops", "photographs"])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int)
    options = parser.parse_args()
    times = options.times or {"crops": 8, "photographs": 4}[options.what]
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, picture, box, text in labelled(options.data):
        for variant in range(times):
            rng = np.random.default_rng([number, variant]) if variant else None
            if options.what == "crops":
                cv2.imwrite(str(options.out / f"{variant}_{number}_{text}.png"), crop(picture, box, rng))
            else:
                image, place = photograph(picture, box, rng)
                name = f"g{number:04}-{variant}.jpg"
                cv2.imwrite(str(options.out / name), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
                rows.append("\t".join([name, *(f"{value:.0f}" for value in place), text]))
    if rows:
        (options.out / "truth.tsv").write_text("\n".join(rows) + "\n")


main()
