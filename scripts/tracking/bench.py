"""What scripts/bench-tracking runs in the environment of the other trackers."""

import argparse
import collections
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import warnings

import motmetrics
import numpy as np
import supervision as sv
import trackers
from trackers.eval import evaluate_mot_sequence

import scenes

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
if not hasattr(np, "asfarray"):  # motmetrics 1.4.0 was written for NumPy 1
    np.asfarray = lambda values: np.asarray(values, float)
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GANTRY = pathlib.Path(os.environ.get("GANTRY_BUILD") or ROOT / ".build/release") / "gantry"
PEERS = {"SORT": trackers.SORTTracker, "ByteTrack": trackers.ByteTrackTracker, "OC-SORT": trackers.OCSORTTracker}
FIGURES = ["HOTA", "IDF1", "MOTA", "switches", "motmetrics"]
Run = collections.namedtuple("Run", FIGURES + ["seconds", "boxes"])


def read(sequence):
    """Boxes by frame [n, 10], frame rate and number of frames."""
    boxes = np.loadtxt(sequence / "det/det.txt", delimiter=",", ndmin=2)
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    info = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", (sequence / "seqinfo.ini").read_text(), re.M))
    return boxes, float(info["frameRate"]), int(info.get("seqLength") or boxes[-1, 0])


def shares(scores):
    """Scores as shares of 1, as a user of the other trackers would bring them there."""
    if scores.min() < 0:
        return 1 / (1 + np.exp(-scores))
    return np.clip(scores / 100, 0, 1)


def run_peer(kind, boxes, frames, scores, settings, out):
    tracker, lines, seconds = kind(**settings), [], 0.0
    corners = boxes[:, 2:6] + np.pad(boxes[:, 2:4], ((0, 0), (2, 0)))
    ends = np.searchsorted(boxes[:, 0], np.arange(1, frames + 2))
    for frame in range(1, frames + 1):
        rows = slice(ends[frame - 1], ends[frame])
        count = rows.stop - rows.start
        found = sv.Detections(xyxy=corners[rows], confidence=scores[rows], class_id=np.zeros(count, int))
        start = time.perf_counter()
        found = tracker.update(found)
        seconds += time.perf_counter() - start
        for (left, top, right, bottom), track in zip(found.xyxy, found.tracker_id):
            if track >= 0:
                lines.append(f"{frame},{track + 1},{left:.3f},{top:.3f},{right - left:.3f},{bottom - top:.3f},1,-1,-1,-1\n")
    out.write_text("".join(lines))
    return seconds


def run_gantry(sequence, out):
    """Seconds of the whole process, and of linking as the command itself says."""
    start = time.perf_counter()
    done = subprocess.run(
        [GANTRY, "track", "--detections", sequence / "det/det.txt", "--seqinfo", sequence / "seqinfo.ini", "--out", out],
        check=True, stderr=subprocess.PIPE, text=True)
    return time.perf_counter() - start, float(re.search(r"linked in ([0-9.e-]+) s", done.stderr)[1])


def score(sequence, out, seconds, boxes, checked=False):
    if not out.stat().st_size:
        return Run(0, 0, 0, 0, 0, seconds, boxes)
    truth = plain(sequence, out.with_name("truth.txt"))
    result = evaluate_mot_sequence(truth, out, metrics=["CLEAR", "HOTA", "Identity"])
    return Run(100 * result.HOTA.HOTA, 100 * result.Identity.IDF1, 100 * result.CLEAR.MOTA, result.CLEAR.IDSW,
               check(truth, out, result) if checked else 0, seconds, boxes)


def plain(sequence, out):
    """The truth with class 1 where it names none, as in MOT15: trackers.eval looks at no other class."""
    with out.open("w") as file:
        for line in (sequence / "gt/gt.txt").read_text().split():
            cells = line.split(",")
            if len(cells) < 8 or float(cells[7]) < 0:
                line = ",".join(cells[:7] + ["1", "1"])
            file.write(line + "\n")
    return out


def check(truth, out, result):
    """The largest difference of IDF1 and MOTA to motmetrics', in points."""
    known = motmetrics.io.loadtxt(truth, fmt="mot15-2D", min_confidence=1)
    found = motmetrics.io.loadtxt(out, fmt="mot15-2D")
    both = motmetrics.utils.compare_to_groundtruth(known, found, "iou", distth=0.5)
    other = motmetrics.metrics.create().compute(both, metrics=["idf1", "mota"])
    return 100 * max(abs(other["idf1"].iloc[0] - result.Identity.IDF1), abs(other["mota"].iloc[0] - result.CLEAR.MOTA))


def measure(sequence, out):
    boxes, rate, frames = read(sequence)
    scores, results = boxes[:, 6], {}
    constant = scores.min() == scores.max()
    ways = {"": np.ones_like(scores) if constant else scores}
    if not constant and (scores.min() < 0 or scores.max() > 1):
        ways[" scaled"] = shares(scores)
    for name, kind in PEERS.items():
        for way, values in ways.items():
            for suffix, settings in {"": {}, " at its rate": {"frame_rate": rate}}.items():
                seconds = run_peer(kind, boxes, frames, values, settings, out)
                results[name + suffix + way] = score(sequence, out, seconds, len(boxes))
    whole, linking = run_gantry(sequence, out)
    results["gantry track"] = score(sequence, out, linking, len(boxes), checked=True)
    results["gantry track, whole process"] = results["gantry track"]._replace(seconds=whole)
    return results


def mean(runs, figure):
    return float(np.mean([getattr(run, figure) for run in runs]))


def best(table, names, figure):
    return max(names, key=lambda name: mean([runs[name] for runs in table], figure))


def show(title, table):
    """Our figures and those of the best other, which may differ by figure."""
    shared = set.intersection(*[set(runs) for runs in table])
    others = sorted(name for name in shared if not name.startswith("gantry"))
    ours = [runs["gantry track"] for runs in table]
    line = f"{title:16}{len(table):3}  " + "".join(f"{mean(ours, f):7.1f}" for f in FIGURES[:4]) + "  "
    for figure in FIGURES[:3]:
        name = best(table, others, figure)
        line += f" {mean([runs[name] for runs in table], figure):6.1f} {name[:22]:22}"
    print(line, flush=True)


def rates(table, names):
    for name in names:
        runs = [runs[name] for runs in table if name in runs]
        print(f"  {name:30} {sum(r.boxes for r in runs) / sum(r.seconds for r in runs):12,.0f} boxes/s")


def main():
    parser = argparse.ArgumentParser(prog="bench-tracking")
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--seeds", default="101,102,103")
    parser.add_argument("--families", default="")
    options = parser.parse_args()
    if not GANTRY.exists():
        sys.exit(f"bench-tracking: {GANTRY} is not there. Build it: make build")
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        if options.folder:
            groups = {s.name: [s] for s in sorted(options.folder.iterdir()) if (s / "det/det.txt").exists()}
        else:
            groups = {
                family: [scenes.write(scenes.make(family, int(seed)), place) for seed in options.seeds.split(",")]
                for family in sorted(scenes.FAMILIES) if options.families in family}
        if not groups:
            sys.exit("bench-tracking: no sequence (SEQ/det/det.txt with SEQ/gt/gt.txt and SEQ/seqinfo.ini) found")
        print(f"{'':16}{'n':>3}  " + "".join(f"{f:>7.6}" for f in FIGURES[:4]) + "   best other: HOTA, IDF1, MOTA")
        table = []
        for name, sequences in groups.items():
            group = [measure(sequence, place / "out.txt") for sequence in sequences]
            show(name, group)
            table += group
        show("all", table)
        print("boxes a second, one thread:")
        rates(table, [*PEERS, "gantry track", "gantry track, whole process"])
        print(f"gantry track's IDF1 and MOTA by motmetrics differ by at most "
              f"{max(runs['gantry track'].motmetrics for runs in table):.3f} points")


main()
