"""Makes the fixed set of rendered plates that tests read: Tests/VisionTests/Plates.

    regression.py ATLAS FOLDER [--count 200] [--seed 2026]

Whole plates as a person would cut them (3 to 6% around), 28 to 70 pixels high, moderately damaged; texts are invented.
`truth.tsv`: file, text.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

import damage
from render import Painter


def picture(painter: Painter):
    """A plate within its surroundings at its natural size, its style and its text."""
    rng = painter.rng
    plate = painter.plate()
    scene, corners, _ = damage.surround(painter, plate)
    rows, columns = plate.image.shape
    height = rng.uniform(28, 70) if len(plate.rows) == 1 else rng.uniform(48, 90)
    width = height * columns / rows * rng.uniform(0.85, 1.02)
    angle = math.radians(rng.gauss(0, 1.5))
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    corners = half @ turn.T
    low, high = corners.min(0), corners.max(0)
    spread = high - low
    low, high = low - spread * rng.uniform(0.03, 0.06), high + spread * rng.uniform(0.03, 0.06)
    size = np.maximum(1, np.round(high - low)).astype(int)
    target = ((corners - low) * size / (high - low)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(damage.plate_corners(scene, plate), target)
    cut = cv2.warpPerspective(scene, matrix, tuple(int(v) for v in size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return damage.photograph(painter, cut, height, mild=painter.chance(0.95)), plate.style, "".join(row.text for row in plate.rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("atlas", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    painter = Painter(options.atlas, options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = []
    while len(lines) < options.count:
        pixels, style, text = picture(painter)
        nothing_to_lean_on = style in ("any", "any-wide", "personal", "truck")  # O or 0 would be a guess
        if len(text) < 4 or nothing_to_lean_on or pixels.std() < 20:  # nearly invisible: tests nothing
            continue
        name = f"plate-{len(lines):03}.jpg"
        cv2.imwrite(str(options.folder / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
        lines.append(f"{name}\t{text}\n")
    (options.folder / "truth.tsv").write_text("".join(lines))


if __name__ == "__main__":
    main()
