"""Real plates, for measuring only: cut from photographs as the reader cuts them.

A set is a folder with `truth.tsv` (file, x, y, width, height, text): see the README of the data folder.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from damage import HEIGHT, WIDTH, to_line

# The looks of TesseractReader.Settings.exact and two plain margins: shares of the box across and down, on each side.
LOOKS = {"exact": ((0.03, 0.08), (-0.02, 0.0), (0.0, 0.06)), "4%": ((0.04, 0.04),)}


@dataclass
class Crop:
    region: str
    picture: np.ndarray  # grey
    box: tuple[float, float, float, float]
    text: str

    def line(self, across: float, down: float) -> np.ndarray:
        x, y, width, height = self.box
        left, top = x - across * width, y - down * height
        right, bottom = x + width * (1 + across), y + height * (1 + down)
        columns, rows = right - left, bottom - top
        if not (columns > 1.5 * WIDTH and rows > 1.5 * HEIGHT):
            columns, rows = WIDTH, HEIGHT
        columns, rows = round(columns), round(rows)
        corners = np.float32([[left, top], [right, top], [left, bottom]])
        matrix = cv2.getAffineTransform(corners, np.float32([[0, 0], [columns, 0], [0, rows]]))
        cut = cv2.warpAffine(self.picture, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return to_line(cut)


def load(folder: Path) -> list[Crop]:
    crops = []
    for truth in sorted(Path(folder).glob("*/truth.tsv")):
        for file, x, y, width, height, text in csv.reader(truth.open(), delimiter="\t"):
            picture = cv2.imread(str(truth.parent / file), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                crops.append(Crop(truth.parent.name, picture, (float(x), float(y), float(width), float(height)), text))
    return crops
