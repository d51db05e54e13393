"""Scores Tesseract models on real plates and on the regression set.

    evaluate.py MODEL.traineddata... [--data FOLDER] [--plates FOLDER] [--errors]

For each model and set: exact reads by a single look (the first margin), by a vote of three looks, the single look's
character error rate, and milliseconds a line. --data is a folder of real sets (crops.py), --plates one of whole plates
with truth.tsv (file, text).
"""

import argparse
import csv
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

import crops
from engine import Engine
from network import edits


def vote(reads: list[tuple[str, list[float]]]) -> str:
    """The text most looks show; between equals the one whose weakest characters are strongest."""
    score: dict[str, float] = defaultdict(float)
    for text, confidences in reads:
        score[text] += 1 + min(confidences, default=0) / 100
    return max(score, key=score.get)


def regression(folder: Path) -> list[crops.Crop]:
    """Whole plates, cut with a small margin: the picture's own edges are the box."""
    found = []
    for file, text in csv.reader((folder / "truth.tsv").open(), delimiter="\t"):
        picture = cv2.imread(str(folder / file), cv2.IMREAD_GRAYSCALE)
        found.append(crops.Crop("rendered", picture, (0, 0, picture.shape[1], picture.shape[0]), text))
    return found


def score(engine: Engine, samples: list[crops.Crop], looks, show_errors: bool = False, two_rows: bool = False) -> str:
    times, singles, votes, distance = [], [], [], 0
    for sample in samples:
        reads = []
        for across, down in looks:
            line = sample.line(across, down)
            began = time.perf_counter()
            reads.append(engine.read(line))
            times.append(time.perf_counter() - began)
        if two_rows and sample.box[2] < 1.6 * sample.box[3]:  # TesseractReader.twoRowsBelow
            halves = [rows(engine, sample, look) for look in looks]
            if certainty(halves[0]) > certainty(reads[0]):
                reads = halves
        singles.append(reads[0][0] == sample.text)
        votes.append(vote(reads) == sample.text)
        distance += edits(reads[0][0], sample.text)
        if show_errors and not singles[-1]:
            print(f"    {sample.region} {sample.text} read {reads[0][0]}, vote {vote(reads)}")
    letters = sum(len(s.text) for s in samples)
    return (
        f"n={len(samples)} single {sum(singles)} = {100 * np.mean(singles):.1f}%  vote {sum(votes)} = {100 * np.mean(votes):.1f}%  "
        f"CER {100 * distance / letters:.2f}%  ms a line: least {1e3 * min(times):.2f}, median {1e3 * np.median(times):.2f}"
    )


def certainty(read: tuple[str, list[float]]) -> float:
    """As TesseractReader decides between one row and two."""
    return float(np.mean(read[1])) if len(read[0]) >= 4 else 0


def rows(engine: Engine, sample: crops.Crop, look) -> tuple[str, list[float]]:
    text, confidences = "", []
    x, y, width, height = sample.box
    for low, high in ((0, 0.52), (0.46, 1)):
        tall = (high - low) * height
        part = crops.Crop(sample.region, sample.picture, (x, y + low * height, width, tall), "")
        read = engine.read(part.line(look[0], look[1] * height / tall))
        text, confidences = text + read[0], confidences + read[1]
    return text, confidences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--plates", type=Path)
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args()
    for model in options.models:
        engine = Engine(model)
        print(f"{model.name} ({model.stat().st_size} bytes)")
        if options.data and options.data.exists():
            real = crops.load(options.data)
            for name, looks in crops.LOOKS.items():
                for region in [*sorted({s.region for s in real}), "all"]:
                    part = [s for s in real if region in (s.region, "all")]
                    print(f"  {region:4} {name:6}", score(engine, part, looks, options.errors and region != "all"))
        else:
            print("  real plates skipped: no data")
        if options.plates:
            print("  rendered", score(engine, regression(options.plates), crops.LOOKS["exact"], options.errors, two_rows=True))


if __name__ == "__main__":
    main()
