"""Recall at IoU 0.5 on labelled photographs, and false boxes on pictures without plates, of several detectors alike.

    python3 evaluate.py --data DATA --pictures FOLDER ours=plates.onnx@768x448 clp_det=clp_det.onnx@960x544 \\
        lpd_yunet=lpd_yunet_2022may.onnx [--sheet FOLDER]

For every allowed number of unlabelled boxes an image (0.03, 0.1, 0.3, counted over all labelled pictures together) one
threshold is taken for all sets, and recall is read there. A box is unlabelled when its IoU with every label is below
0.3; many of those are plates of other cars. The photographs are never trained on. Pictures without plates: the same
photographs with the plate painted over, and free pictures kept out of training.
"""
import argparse
import math
import pathlib
import time

import cv2
import numpy as np

import pictures
from detectors import ClpDet, LpdYuNet, Ours, intersection_over_union

ALLOWED = (0.03, 0.1, 0.3)


def wilson(hits, number, z=1.96):
    """95% interval of a share."""
    if not number:
        return 0.0, 1.0
    share = hits / number
    middle = (share + z * z / 2 / number) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(share * (1 - share) / number + z * z / 4 / number ** 2)
    return middle - half, middle + half


def labelled_pictures(data, sets):
    for name in sets:
        folder = pathlib.Path(data) / "plates" / name
        for file, boxes in sorted(pictures.read_boxes(folder / "truth.tsv").items()):
            yield name, cv2.imread(str(folder / file)), boxes


def detector(text):
    name, _, rest = text.partition("=")
    path, _, size = rest.partition("@")
    width, _, height = size.partition("x")
    if name.startswith("clp"):
        return f"{name} {size}", ClpDet(path, int(width), int(height))
    if name.startswith("lpd"):
        return f"{name} 320x240", LpdYuNet(path)
    return f"{name} {size}", Ours(path, int(width), int(height))


def hit(boxes, found, threshold=0.5):
    return [any(intersection_over_union(b, f[1]) >= threshold for f in found) for b in boxes]


def unlabelled(boxes, found):
    return [f for f in found if all(intersection_over_union(b, f[1]) < 0.3 for b in boxes)]


def thresholds(rows):
    """The lowest threshold for each allowed number of unlabelled boxes an image."""
    scores = sorted((f[0] for _, _, boxes, found in rows for f in unlabelled(boxes, found)), reverse=True)
    result = {}
    for allowed in ALLOWED:
        spare = int(allowed * len(rows))
        result[allowed] = scores[spare] + 1e-6 if spare < len(scores) else 0.0
    return result


def report(name, rows, bare, free, milliseconds, sets):
    print(f"\n{name}: {milliseconds:.0f} ms a picture with preparing and decoding")
    for allowed, least in thresholds(rows).items():
        cells = []
        for part in sets:
            hits = [h for s, _, boxes, found in rows if s == part for h in hit(boxes, [f for f in found if f[0] >= least])]
            low, high = wilson(sum(hits), len(hits))
            cells.append(f"{part} {sum(hits)}/{len(hits)} = {100 * sum(hits) / len(hits):.1f}% [{100 * low:.0f}-{100 * high:.0f}]")
        rates = [sum(sum(f[0] >= least for f in found) for found in group) / max(1, len(group)) for group in (bare, free)]
        print(f"  <= {allowed:.2f} unlabelled an image, score {least:.3f}: {'; '.join(cells)}; "
              f"false on painted-over stills {rates[0]:.3f} (n={len(bare)}), on free pictures {rates[1]:.3f} (n={len(free)})",
              flush=True)


def tile(picture, box, others, text):
    width = max(120, 2.4 * (box[2] - box[0]))
    drawn = picture.copy() if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    for colour, group in others:
        for b in group:
            cv2.rectangle(drawn, (int(b[0]), int(b[1])), (int(b[2]), int(b[3])), colour, max(1, int(width / 200)))
    x, y = (box[0] + box[2] - width) / 2, (box[1] + box[3]) / 2 - width * 0.3
    part = drawn[int(max(0, y)):int(y + width * 0.6), int(max(0, x)):int(x + width)]
    part = cv2.resize(part, (240, 144))
    cv2.putText(part, text, (3, 14), 0, 0.45, (0, 255, 0), 1)
    return part


def sheet(path, tiles, across=7):
    if not tiles:
        return
    tiles = tiles[:70]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles[i:i + across]) for i in range(0, len(tiles), across)]))


def draw(folder, name, rows, everything, bare, free, least):
    """Sheets of misses (red: label, yellow: found) and of unlabelled and false boxes. Not to be published."""
    misses, strays = [], []
    for (part, _, boxes, found), picture in zip(rows, everything):
        found = [f for f in found if f[0] >= least]
        for box, ok in zip(boxes, hit(boxes, found)):
            if not ok:
                misses.append(tile(picture, box, [((0, 0, 255), boxes), ((0, 255, 255), [f[1] for f in found])], part))
        strays += [(f[0], tile(picture, f[1], [((0, 255, 255), [f[1]])], f"{part} {f[0]:.2f}"))
                   for f in unlabelled(boxes, found)]
    for group, label in ((bare, "bare"), (free, "free")):
        strays += [(f[0], tile(p, f[1], [((0, 255, 255), [f[1]])], f"{label} {f[0]:.2f}"))
                   for p, found in group for f in found if f[0] >= least]
    stem = pathlib.Path(folder) / name.replace(" ", "-")
    sheet(f"{stem}-misses.png", misses)
    sheet(f"{stem}-strays.png", [t for _, t in sorted(strays, key=lambda s: -s[0])])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--pictures")
    parser.add_argument("--sets", default="us,eu")
    parser.add_argument("--step", type=int, default=1, help="every STEP-th picture only")
    parser.add_argument("--sheet", help="folder for contact sheets")
    parser.add_argument("--seconds", action="store_true", help="skip the pictures without plates")
    parser.add_argument("detectors", nargs="+")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sets = options.sets.split(",")
    stills = list(labelled_pictures(options.data, sets))[::options.step]
    free = [] if options.seconds or not options.pictures else \
        [cv2.cvtColor(p, cv2.COLOR_GRAY2BGR) for p in pictures.free_pictures(options.pictures, kept_out=True)][::options.step]
    for text in options.detectors:
        name, find = detector(text)
        start = time.time()
        rows = [(part, number, boxes, find(picture)) for number, (part, picture, boxes) in enumerate(stills)]
        milliseconds = (time.time() - start) / len(stills) * 1000
        bare = [] if options.seconds else [
            [f for f in find(cv2.merge([pictures.paint_over(c, boxes) for c in cv2.split(picture)]))
             if all(intersection_over_union(f[1], g[1]) < 0.3 for g in unlabelled(boxes, rows[number][3]))]
            for number, (_, picture, boxes) in enumerate(stills)]  # strays already counted are not counted again
        blank = [find(picture) for picture in free]
        report(name, rows, bare, blank, milliseconds, sets)
        if options.sheet:
            pathlib.Path(options.sheet).mkdir(parents=True, exist_ok=True)
            everything = [picture for _, picture, _ in stills]
            draw(options.sheet, name, rows, everything, list(zip(everything, bare)), list(zip(free, blank)),
                 thresholds(rows)[0.1])


if __name__ == "__main__":
    main()
