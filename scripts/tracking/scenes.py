"""Seeded scenes in the format of the MOT Challenge: what moves, what hides what, and what a detector makes of it.

`make(family, seed)` gives a `Sequence`: truth and detections by frame. Detectors miss what is hidden, lose a box to
non-maximum suppression, shrink boxes to what is seen, jitter, see doubles, clutter and ghosts; scores fall before a box
goes missing. Standard normal latent values with memory drive scores and misses, so that both come in runs.
"""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class Detector:
    sure: float = 2.2  # latent value of a large, fully seen object; the score is its logistic
    spread: float = 0.9  # how much objects differ, and how much one varies
    hidden: float = 5.5  # loss from fully seen to fully hidden
    least: float = 0.1  # scores below are not reported
    jitter: float = 0.03  # of the size
    ghosts: float = 0.4  # false boxes a frame
    clutter: int = 4  # places that look like an object now and then
    parts: float = 0.02  # chance of a second box on part of an object
    suppression: float = 0.6  # overlap at which the weaker box is dropped
    kind: str = "share"  # share, percent, channel (MOT15's), parts (MOT17's DPM), none


@dataclasses.dataclass
class Sequence:
    name: str
    fps: float
    width: int
    height: int
    frames: int
    truth: list  # of (frame, id, x, y, w, h)
    boxes: list  # of (frame, x, y, w, h, score)


def overlaps(a, b):
    """Intersection over union of boxes [n, 4] and [m, 4], each x, y, w, h."""
    across = np.minimum(a[:, None, 0] + a[:, None, 2], b[None, :, 0] + b[None, :, 2]) - np.maximum(
        a[:, None, 0], b[None, :, 0])
    down = np.minimum(a[:, None, 1] + a[:, None, 3], b[None, :, 1] + b[None, :, 3]) - np.maximum(
        a[:, None, 1], b[None, :, 1])
    shared = np.clip(across, 0, None) * np.clip(down, 0, None)
    return shared / ((a[:, 2] * a[:, 3])[:, None] + (b[:, 2] * b[:, 3])[None] - shared + 1e-9)


def visible(boxes, nearness):
    """Of each box, the share that no nearer box covers; sampled on 8 x 8 points."""
    grid = (np.arange(8) + 0.5) / 8
    result = np.ones(len(boxes))
    for i, (x, y, w, h) in enumerate(boxes):
        others = boxes[(nearness > nearness[i]) & (boxes[:, 0] < x + w) & (boxes[:, 0] + boxes[:, 2] > x)]
        if len(others) == 0:
            continue
        px, py = x + grid * w, y + grid * h
        inx = (px[None] >= others[:, :1]) & (px[None] < others[:, :1] + others[:, 2:3])
        iny = (py[None] >= others[:, 1:2]) & (py[None] < others[:, 1:2] + others[:, 3:4])
        result[i] = 1 - (inx[:, :, None] & iny[:, None, :]).any(0).mean()
    return result


class Watcher:
    """Turns what is there into what is found."""

    def __init__(self, random, detector, width, height):
        self.random, self.d, self.width, self.height = random, detector, width, height
        self.state, self.spots = {}, None

    def see(self, ids, boxes, seen):
        r, d, found = self.random, self.d, []
        for i, box, share in zip(ids, boxes, seen):
            own = self.state.setdefault(i, {"base": r.normal(0, 0.5), "latent": r.normal(), "shift": r.normal(0, 1, 4)})
            own["latent"] = 0.85 * own["latent"] + math.sqrt(1 - 0.85**2) * r.normal()
            own["shift"] = 0.6 * own["shift"] + 0.8 * r.normal(0, 1, 4)
            small = max(0.0, 1.5 - math.sqrt(box[2] * box[3]) / 20)
            latent = d.sure - small + d.spread * (own["base"] + own["latent"]) - d.hidden * (1 - share) ** 1.3
            if latent < math.log(d.least / (1 - d.least)):
                continue
            x, y, w, h = box
            wobble = d.jitter * (1 + 1.5 * (1 - share)) * own["shift"]
            x, y = x + wobble[0] * w, y + wobble[1] * h
            w, h = w * math.exp(wobble[2]), h * math.exp(wobble[3])
            if share < 0.75 and r.random() < 0.3:  # only what is seen: mostly the upper part
                h *= 0.55 + 0.45 * share
            found.append([x, y, w, h, latent])
            if r.random() < d.parts:
                found.append([x + w * r.uniform(0, 0.3), y + h * r.uniform(0, 0.4), w * r.uniform(0.5, 0.9),
                              h * r.uniform(0.4, 0.75), latent - r.uniform(0.5, 2.5)])
        if len(boxes):
            sizes = boxes[:, 2:4]
            if self.spots is None:
                self.spots = [(r.uniform(0, self.width), r.uniform(0, self.height), *sizes[r.integers(len(sizes))],
                               r.uniform(0.05, 0.4), r.normal(-0.8, 0.6)) for _ in range(d.clutter)]
            for x, y, w, h, often, base in self.spots:
                if r.random() < often:
                    found.append([x + r.normal(0, 0.04) * w, y + r.normal(0, 0.04) * h, w, h, base + r.normal(0, 0.5)])
            for _ in range(r.poisson(d.ghosts)):
                w, h = sizes[r.integers(len(sizes))] * r.uniform(0.6, 1.4)
                found.append([r.uniform(0, self.width), r.uniform(0, self.height), w, h, r.normal(-1.0, 0.8)])
        found = np.array([f for f in found if f[4] >= math.log(d.least / (1 - d.least))]).reshape(-1, 5)
        found = found[np.argsort(-found[:, 4], kind="stable")]
        keep = []
        for k in range(len(found)):
            if not keep or overlaps(found[k : k + 1, :4], found[keep][:, :4]).max() < d.suppression:
                keep.append(k)
        return [self.report(f) for f in found[keep]]

    def report(self, f):
        x, y, w, h, latent = f
        if self.d.kind == "channel":  # sizes and places on a coarse grid, scores from 0 to about 120
            w2 = 26 * 1.0905 ** round(math.log(max(w, 20) / 26) / math.log(1.0905) + self.random.normal(0, 1.2))
            h2, step = w2 * 2.27, 0.154 * w2
            x, y = round((x + (w - w2) / 2) / step) * step, round((y + (h - h2) / 2) / step) * step
            w, h = w2, h2
        score = {"share": 1 / (1 + math.exp(-latent)), "percent": 100 / (1 + math.exp(-latent)),
                 "channel": 28 * math.log1p(math.exp(latent)), "parts": 0.45 * latent, "none": -1}[self.d.kind]
        return round(x, 2), round(y, 2), round(w, 2), round(h, 2), round(score, 5)


def crowd(random, frames, fps, count, detector, pan=0.0, speed=0.8, width=1920, height=1080, tall=0.33):
    """People on a square, most of them crossing it, some standing, some in pairs; pan: pixels a second of the camera."""
    watcher = Watcher(random, detector, width, height)
    horizon, people, truth, boxes, next_id = 0.25 * height, [], [], [], 1

    def new(inside):
        nonlocal next_id
        side = random.integers(2)
        x = random.uniform(0, width) if inside else (-60 if side == 0 else width + 60)
        heading = random.uniform(0, 2 * math.pi) if inside else (random.normal(0, 0.5) + (0 if side == 0 else math.pi))
        pace = 0 if random.random() < 0.15 else speed * random.uniform(0.6, 1.3)
        if not inside:
            pace = max(pace, 0.4)
        y = random.uniform(horizon + 0.2 * height, 1.05 * height)
        group = random.random() < 0.35
        for k in range(2 if group else 1):
            people.append({"id": next_id, "x": x + 50 * k, "y": y + random.normal(0, 8), "heading": heading,
                           "pace": pace, "wide": random.uniform(0.34, 0.45), "tall": random.uniform(0.9, 1.1)})
            next_id += 1

    while len(people) < count:
        new(True)
    camera, drift, shake = np.zeros(2), np.zeros(2), np.zeros(2)
    for frame in range(1, frames + 1):
        if pan:
            drift = 0.98 * drift + random.normal(0, pan * 0.2, 2) * [1, 0.3]
            shake = random.normal(0, pan / fps * 0.25, 2)
            camera = camera + drift / fps
        for p in people:
            tall_now = tall * height * (p["y"] - horizon) / (height - horizon) * p["tall"]
            p["heading"] += random.normal(0, 0.25 / math.sqrt(fps))
            if random.random() < 0.05 / fps:
                p["pace"] = 0 if p["pace"] else speed * random.uniform(0.6, 1.2)
            step = p["pace"] * tall_now / fps
            p["x"] += step * math.cos(p["heading"])
            p["y"] = min(max(p["y"] + 0.35 * step * math.sin(p["heading"]), horizon + 0.15 * height), 1.1 * height)
        people = [p for p in people if -150 < p["x"] - camera[0] < width + 150]
        while len(people) < count:
            new(False)
            for p in people[-2:]:
                if p["id"] >= next_id - 2 and (p["x"] <= -10 or p["x"] >= width):
                    p["x"] += camera[0]
        feet = np.array([[p["x"], p["y"]] for p in people]) - camera - shake
        talls = np.array([tall * height * (p["y"] - horizon) / (height - horizon) * p["tall"] for p in people])
        wides = talls * np.array([p["wide"] * (1 + 0.06 * math.sin(frame / fps * 6 + p["id"])) for p in people])
        all_boxes = np.stack([feet[:, 0] - wides / 2, feet[:, 1] - talls, wides, talls], 1)
        record(frame, [p["id"] for p in people], all_boxes, feet[:, 1], watcher, truth, boxes, width, height, 0.0)
    return fps, width, height, truth, boxes


def record(frame, ids, all_boxes, nearness, watcher, truth, boxes, width, height, least):
    """Truth and detections of one frame; what is seen by less than `least`, or lies outside, is no truth."""
    seen = visible(all_boxes, nearness)
    left, top = np.clip(all_boxes[:, 0], 0, width), np.clip(all_boxes[:, 1], 0, height)
    right = np.clip(all_boxes[:, 0] + all_boxes[:, 2], 0, width)
    bottom = np.clip(all_boxes[:, 1] + all_boxes[:, 3], 0, height)
    inside = np.stack([left, top, right - left, bottom - top], 1)
    share = inside[:, 2] * inside[:, 3] / (all_boxes[:, 2] * all_boxes[:, 3])
    keep = (share > 0.25) & (seen >= least) & (inside[:, 2] > 6) & (inside[:, 3] > 6)
    for k in np.flatnonzero(keep):
        truth.append((frame, ids[k], *inside[k].round(2)))
    kept = np.flatnonzero(keep)
    found = watcher.see([ids[k] for k in kept], inside[kept], seen[kept])
    boxes.extend((frame, *f) for f in found)


def road(random, frames, fps, rate, detector, lights=False, lanes=3, width=1920, height=1080):
    """A gantry's view along a road: lanes that come and lanes that go, keeping distance; `lights` stop them in turn."""
    watcher = Watcher(random, detector, width, height)
    focal, tall, cars, truth, boxes, next_id = 1100.0 * width / 1920, 7.0, [], [], [], 1
    for frame in range(1, frames + 1):
        now = frame / fps
        for lane in range(2 * lanes):
            comes = lane < lanes
            inlane = [c for c in cars if c["lane"] == lane]
            start = 110.0 if comes else 6.0
            if random.random() < rate / fps and all(abs(c["z"] - start) > 14 for c in inlane):
                big = random.random() < 0.15
                cars.append({"id": next_id, "lane": lane, "z": start, "want": random.uniform(9, 30),
                             "speed": random.uniform(9, 25), "wide": 2.5 if big else random.uniform(1.7, 2.0),
                             "tall": random.uniform(2.8, 3.8) if big else random.uniform(1.4, 1.9),
                             "long": 9 if big else 4.5, "off": random.normal(0, 0.25)})
                next_id += 1
        red = lights and int(now / 9) % 2 == 0
        for c in cars:
            comes = c["lane"] < lanes
            ahead = [o["z"] for o in cars if o["lane"] == c["lane"] and o is not c
                     and (o["z"] < c["z"] if comes else o["z"] > c["z"])]
            gap = min([abs(z - c["z"]) - 5.5 for z in ahead], default=200.0)
            if red and (c["z"] > 32 if comes else c["z"] < 32):
                gap = min(gap, abs(c["z"] - 32))
            want = min(c["want"], max(0.0, (gap - 2) / 1.3))
            c["speed"] += float(np.clip(want - c["speed"], -7 / fps, 2.5 / fps))
            c["z"] += (-1 if comes else 1) * c["speed"] / fps
        cars = [c for c in cars if 5 < c["z"] < 115]
        if not cars:
            continue
        z = np.array([c["z"] for c in cars])
        scale = focal / z
        across = np.array([(c["lane"] - lanes + 0.5) * 3.5 + c["off"] for c in cars])
        wide = np.array([c["wide"] + 0.12 * abs((c["lane"] - lanes + 0.5) * 3.5) * c["long"] / 9 for c in cars])
        high = np.array([c["tall"] for c in cars]) + tall * np.array([c["long"] for c in cars]) / (z + 4)
        foot = 0.12 * height + tall * scale
        all_boxes = np.stack([width / 2 + across * scale - wide * scale / 2, foot - high * scale * 0.9, wide * scale,
                              high * scale * 0.9], 1)
        record(frame, [c["id"] for c in cars], all_boxes, -z, watcher, truth, boxes, width, height, 0.1)
    return fps, width, height, truth, boxes


def junction(random, frames, fps, rate, detector, width=1920, height=1080):
    """Two roads seen from the side: four flows at different depth pass in front of each other; some stop, some turn."""
    watcher = Watcher(random, detector, width, height)
    rows, cars, truth, boxes, next_id = [0.42, 0.5, 0.62, 0.78], [], [], [], 1
    for frame in range(1, frames + 1):
        for lane, row in enumerate(rows):
            if random.random() < rate / fps:
                direction = 1 if lane % 2 else -1
                size = 230 * row / 0.6 * width / 1920
                start = -size if direction > 0 else width + size
                if all(abs(c["x"] - start) > 1.3 * size for c in cars if c["lane"] == lane):
                    cars.append({"id": next_id, "lane": lane, "x": start, "y": row * height, "size": size, "vy": 0.0,
                                 "speed": direction * random.uniform(0.8, 3.2), "kind": random.uniform(0.8, 1.5),
                                 "stop": random.uniform(0.3, 0.7) * width if random.random() < 0.3 else None,
                                 "wait": random.uniform(1, 4), "pace": 1.0, "turn": random.random() < 0.15})
                    next_id += 1
        for c in cars:
            if c["stop"] is not None and abs(c["x"] - c["stop"]) < 1.2 * c["size"] and c["wait"] > 0:
                c["pace"] = max(0.0, c["pace"] - 1.5 / fps)
                if c["pace"] == 0:
                    c["wait"] -= 1 / fps
            else:
                c["pace"] = min(1.0, c["pace"] + 0.8 / fps)
            if c["turn"] and abs(c["x"] - width / 2) < 0.2 * width:
                c["vy"] = min(c["vy"] + 0.6 / fps, 0.8)
            for o in cars:  # keeps distance
                if o["lane"] == c["lane"] and o is not c and 0 < (o["x"] - c["x"]) * np.sign(c["speed"]) < 1.5 * c["size"]:
                    c["pace"] = min(c["pace"], max(0.0, abs(o["x"] - c["x"]) / c["size"] - 1.2))
            c["x"] += c["speed"] * c["size"] * c["pace"] / fps
            c["y"] += c["vy"] * c["size"] * c["pace"] / fps
        cars = [c for c in cars if -1.5 * c["size"] < c["x"] < width + 1.5 * c["size"] and c["y"] < 1.1 * height]
        if not cars:
            continue
        wide = np.array([c["size"] * c["kind"] * (1 - 0.4 * min(1, c["vy"])) for c in cars])
        high = np.array([c["size"] * 0.55 * (1 + c["kind"]) / 2 for c in cars])
        y = np.array([c["y"] for c in cars])
        all_boxes = np.stack([np.array([c["x"] for c in cars]) - wide / 2, y - high, wide, high], 1)
        record(frame, [c["id"] for c in cars], all_boxes, y, watcher, truth, boxes, width, height, 0.1)
    return fps, width, height, truth, boxes


def above(random, frames, fps, count, detector, width=1024, height=768):
    """Seen from above, small: vehicles on curved ways, boxes that turn with them, a camera that drifts."""
    watcher = Watcher(random, detector, width, height)
    cars, truth, boxes, next_id, camera, drift = [], [], [], 1, np.zeros(2), np.zeros(2)
    for frame in range(1, frames + 1):
        drift = 0.97 * drift + random.normal(0, 3, 2)
        camera = camera + drift / fps
        while len(cars) < count:
            inside = frame == 1
            side = random.integers(4)
            place = [[-20, random.uniform(0, height)], [width + 20, random.uniform(0, height)],
                     [random.uniform(0, width), -20], [random.uniform(0, width), height + 20]][side]
            if inside:
                place = [random.uniform(0, width), random.uniform(0, height)]
            heading = [0, math.pi, math.pi / 2, -math.pi / 2][side] + random.normal(0, 0.2)
            cars.append({"id": next_id, "x": place[0] + camera[0], "y": place[1] + camera[1], "heading": heading,
                         "turn": 0.0, "speed": random.uniform(0, 5.5), "long": random.uniform(38, 60), "wide": 20})
            next_id += 1
        for c in cars:
            c["turn"] = 0.97 * c["turn"] + random.normal(0, 0.08)
            c["heading"] += c["turn"] / fps
            if random.random() < 0.1 / fps:
                c["speed"] = random.uniform(0, 5.5)
            c["x"] += c["speed"] * c["wide"] * math.cos(c["heading"]) / fps * 2
            c["y"] += c["speed"] * c["wide"] * math.sin(c["heading"]) / fps * 2
        cars = [c for c in cars if -40 < c["x"] - camera[0] < width + 40 and -40 < c["y"] - camera[1] < height + 40]
        if not cars:
            continue
        turn = np.array([c["heading"] for c in cars])
        long, wide = np.array([c["long"] for c in cars]), np.array([c["wide"] for c in cars])
        w = np.abs(np.cos(turn)) * long + np.abs(np.sin(turn)) * wide
        h = np.abs(np.sin(turn)) * long + np.abs(np.cos(turn)) * wide
        x = np.array([c["x"] for c in cars]) - camera[0]
        y = np.array([c["y"] for c in cars]) - camera[1]
        all_boxes = np.stack([x - w / 2, y - h / 2, w, h], 1)
        record(frame, [c["id"] for c in cars], all_boxes, np.zeros(len(cars)), watcher, truth, boxes, width, height, 0)
    return fps, width, height, truth, boxes


def drive(random, frames, fps, detector, width=1242, height=375):
    """From a car that drives: parked ones rush by, others lead or come, and the view sways."""
    watcher = Watcher(random, detector, width, height)
    focal, tall, truth, boxes = 720.0, 1.65, [], []
    cars, next_id, ego, yaw = [], 1, 0.0, 0.0
    ahead = 60.0
    for side in (-1, 1):
        z = 8.0
        while z < frames / fps * 12 + 80:
            z += random.exponential(9) + 5.5
            cars.append({"id": next_id, "z": z, "x": side * random.uniform(4, 6.5), "speed": 0.0, "wide": 1.8,
                         "tall": random.uniform(1.4, 2.0)})
            next_id += 1
    speed = 8.0
    for frame in range(1, frames + 1):
        speed = float(np.clip(speed + random.normal(0, 1.2 / math.sqrt(fps)), 0, 15))
        ego += speed / fps
        yaw = 0.95 * yaw + random.normal(0, 0.006)
        if random.random() < 0.35 / fps:
            comes = random.random() < 0.6
            cars.append({"id": next_id, "z": ego + (ahead if comes else 5), "x": -2.8 if comes else 0.3,
                         "speed": -random.uniform(5, 14) if comes else speed + random.uniform(0, 4), "wide": 1.8,
                         "tall": random.uniform(1.4, 2.0)})
            next_id += 1
        for c in cars:
            c["z"] += c["speed"] / fps
        near = [c for c in cars if 3.5 < c["z"] - ego < ahead + 5]
        if not near:
            continue
        z = np.array([c["z"] for c in near]) - ego
        scale = focal / z
        x = np.array([c["x"] for c in near])
        wide = (np.array([c["wide"] for c in near]) + 0.35 * np.abs(x) * 4 / z) * scale
        high = np.array([c["tall"] for c in near]) * scale
        foot = 172 + random.normal(0, 1) + tall * scale
        all_boxes = np.stack([width / 2 + x * scale - yaw * focal - wide / 2, foot - high, wide, high], 1)
        record(frame, [c["id"] for c in near], all_boxes, -z, watcher, truth, boxes, width, height, 0.1)
    return fps, width, height, truth, boxes


PUBLIC = Detector(sure=0.9, spread=1.1, hidden=5, least=0.12, jitter=0.05, ghosts=0.8, clutter=8, suppression=0.55)
CHANNEL = Detector(sure=1.0, spread=1.1, hidden=5, least=0.12, jitter=0.04, ghosts=0.9, clutter=8, suppression=0.6,
                   kind="channel")
DPM = Detector(sure=1.2, spread=1.2, hidden=5.5, least=0.15, jitter=0.06, ghosts=1.2, clutter=8, suppression=0.5,
               kind="parts")
SURE = Detector(sure=3.2, spread=0.8, hidden=5, least=0.05, jitter=0.02, ghosts=0.3, clutter=3, suppression=0.7)

FAMILIES = {
    "crowd-dense": lambda r: crowd(r, 400, 30, 55, SURE),
    "crowd-public": lambda r: crowd(r, 400, 25, 30, PUBLIC),
    "crowd-channel": lambda r: crowd(r, 400, 25, 14, CHANNEL, width=768, height=576, tall=0.5),
    "crowd-dpm": lambda r: crowd(r, 400, 30, 28, DPM),
    "crowd-percent": lambda r: crowd(r, 300, 25, 25, dataclasses.replace(SURE, kind="percent")),
    "crowd-unscored": lambda r: crowd(r, 300, 25, 20, dataclasses.replace(PUBLIC, kind="none", least=0.4)),
    "crowd-moving": lambda r: crowd(r, 400, 14, 22, PUBLIC, pan=260, width=640, height=480, tall=0.5),
    "crowd-slow": lambda r: crowd(r, 160, 7, 25, Detector(), width=768, height=576, tall=0.4),
    "road-25": lambda r: road(r, 500, 25, 0.35, Detector(), width=960, height=540),
    "road-10": lambda r: road(r, 300, 10, 0.3, Detector()),
    "road-5": lambda r: road(r, 200, 5, 0.25, SURE),
    "road-lights": lambda r: road(r, 500, 20, 0.3, Detector(), lights=True),
    "junction-25": lambda r: junction(r, 400, 25, 0.5, Detector()),
    "junction-10": lambda r: junction(r, 300, 10, 0.4, PUBLIC),
    "above-30": lambda r: above(r, 400, 30, 35, Detector()),
    "above-8": lambda r: above(r, 200, 8, 25, Detector()),
    "drive-10": lambda r: drive(r, 300, 10, Detector()),
    "drive-public": lambda r: drive(r, 300, 10, PUBLIC),
}


def make(family, seed):
    order = sorted(FAMILIES).index(family)
    fps, width, height, truth, boxes = FAMILIES[family](np.random.default_rng([seed, order]))
    frames = max([t[0] for t in truth] + [b[0] for b in boxes], default=1)
    return Sequence(f"{family}-{seed}", fps, width, height, frames, truth, boxes)


def write(sequence, folder):
    """Writes det/det.txt, gt/gt.txt and seqinfo.ini into folder/NAME."""
    place = folder / sequence.name
    (place / "det").mkdir(parents=True, exist_ok=True)
    (place / "gt").mkdir(exist_ok=True)
    (place / "det/det.txt").write_text("".join(
        f"{b[0]},-1,{b[1]:g},{b[2]:g},{b[3]:g},{b[4]:g},{b[5]:g},-1,-1,-1\n" for b in sequence.boxes))
    (place / "gt/gt.txt").write_text("".join(
        f"{t[0]},{t[1]},{t[2]:g},{t[3]:g},{t[4]:g},{t[5]:g},1,1,1\n" for t in sequence.truth))
    (place / "seqinfo.ini").write_text(
        f"[Sequence]\nname={sequence.name}\nframeRate={sequence.fps:g}\nseqLength={sequence.frames}\n"
        f"imWidth={sequence.width}\nimHeight={sequence.height}\n")
    return place
