"""Characters drawn by code: strokes of one width along straight lines and round corners.

Plate alphabets are made that way, and the free fonts lack many of them: the square O of Brazil and Britain, the
upright W, the 1 without flag, the zero with a gap. `draw_face` draws a whole alphabet with proportions at random.
Coordinates are shares of the box between the strokes' middle lines: (0, 0) top left, (1, 1) bottom right.
A third number on a vertex says how far its corner is rounded, as a share of the face's own corner radius.
"""

import math
import random

import cv2
import numpy as np

SCALE = 4  # drawn this much larger, then averaged


def outlines(rng: random.Random, kind: str) -> dict[str, list[tuple[list, bool]]]:
    """For each character its strokes: vertices and whether the stroke is closed."""
    mid = rng.uniform(0.44, 0.54)
    low = rng.uniform(0.48, 0.6)  # where the bowl of P and R ends
    bar = rng.uniform(0.6, 0.74)  # the bar of A
    ring = ([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)], True)
    flat_a = rng.choice([0, 0, 0.08, 0.16])
    m_depth = rng.choice([0.45, 0.6, 0.75, 1.0])
    w_height = rng.choice([0.0, 0.2, 0.35, 0.5])
    w_slope = rng.choice([0, 0, 0.1, 0.2, 0.24])
    if kind == "br":
        w_slope = rng.choice([0, 0, 0.06, 0.12])
    flag = rng.uniform(0.12, 0.3)
    one = [([(0.5, 1), (0.5, 0), (0.5 - rng.uniform(0.22, 0.5), flag)], False)]
    style = rng.random()
    if style < 0.22:
        one = [([(0.5, 1), (0.5, 0)], False)]
    elif style < 0.4:
        one.append(([(0.1, 1), (0.9, 1)], False))
    eye = [([(0.5, 0), (0.5, 1)], False)]
    if rng.random() < 0.35:
        eye += [([(0.15, 0), (0.85, 0)], False), ([(0.15, 1), (0.85, 1)], False)]
    hook = rng.uniform(0.15, 0.32)
    waist = rng.uniform(0.0, 0.07)  # how much narrower the upper bowl of 8 and B is
    diagonal_six = rng.random() < 0.3
    six = [([(1, hook), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, mid - 0.04, 1), (0, mid - 0.04, 0.9), (0, 0.7)], False)]
    nine = [([(0, 1 - hook), (0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 1), (0, mid + 0.06, 1), (1, mid + 0.06, 0.9), (1, 0.3)], False)]
    if diagonal_six:
        six = [([(0.75, 0), (0, 0.62, 0.6), (0, 1, 1), (1, 1, 1), (1, 0.42, 1), (0.1, 0.42, 0.6), (0, 0.62)], False)]
        nine = [([(0.25, 1), (1, 0.38, 0.6), (1, 0, 1), (0, 0, 1), (0, 0.58, 1), (0.9, 0.58, 0.6), (1, 0.38)], False)]
    three = [([(0, hook), (0, 0, 1), (1, 0, 1), (1, mid, 0.8), (0.4, mid)], False), ([(0.4, mid), (1, mid, 0.8), (1, 1, 1), (0, 1, 1), (0, 1 - hook)], False)]
    if rng.random() < 0.2:
        three = [([(0, 0), (1, 0), (0.42, mid - 0.04), (1, mid, 0.8), (1, 1, 1), (0, 1, 1), (0, 1 - hook)], False)]
    four = [([(0.72, 1), (0.72, 0), (0, 0.7), (1, 0.7)], False)]
    if rng.random() < 0.3:
        four = [([(0.3, 0), (0, 0.68), (1, 0.68)], False), ([(0.72, 0.36), (0.72, 1)], False)]
    tail = rng.choice([0.55, 0.66, 0.75])
    g_bar = rng.uniform(0.45, 0.6)
    return {
        "A": [([(0, 1), (0.5 - flat_a, 0), (0.5 + flat_a, 0), (1, 1)], False), ([(0.5 - 0.5 * bar, bar), (0.5 + 0.5 * bar, bar)], False)],
        "B": [([(0, 0), (1 - waist, 0, 0.9), (1 - waist, mid, 0.9), (0, mid)], True), ([(0, mid), (1, mid, 0.9), (1, 1, 0.9), (0, 1)], True)],
        "C": [([(1, hook), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1 - hook)], False)],
        "D": [([(0, 0), (1, 0, 1), (1, 1, 1), (0, 1)], True)],
        "E": [([(1, 0), (0, 0), (0, 1), (1, 1)], False), ([(0, mid), (0.85, mid)], False)],
        "F": [([(1, 0), (0, 0), (0, 1)], False), ([(0, mid), (0.85, mid)], False)],
        "G": [([(1, hook), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, g_bar), (0.52, g_bar)], False)],
        "H": [([(0, 0), (0, 1)], False), ([(1, 0), (1, 1)], False), ([(0, mid), (1, mid)], False)],
        "I": eye,
        "J": [([(1, 0), (1, 1, 1), (0, 1, 1), (0, 1 - hook)], False)],
        "K": [([(0, 0), (0, 1)], False), ([(1, 0), (0, 0.62)], False), ([(0.36, 0.4), (1, 1)], False)],
        "L": [([(0, 0), (0, 1), (1, 1)], False)],
        "M": [([(0, 1), (0, 0), (0.5, m_depth), (1, 0), (1, 1)], False)],
        "N": [([(0, 1), (0, 0), (1, 1), (1, 0)], False)],
        "O": [ring],
        "P": [([(0, 1), (0, 0), (1, 0, 1), (1, low, 1), (0, low)], False)],
        "Q": [ring, ([(tail - 0.05, tail + 0.05), (1.04, 1.06)], False)],
        "R": [([(0, 1), (0, 0), (1, 0, 1), (1, low, 1), (0, low)], False), ([(0.45, low), (1, 1)], False)],
        "S": [([(1, hook), (1, 0, 1), (0, 0, 1), (0, mid, 1), (1, mid, 1), (1, 1, 1), (0, 1, 1), (0, 1 - hook)], False)],
        "T": [([(0, 0), (1, 0)], False), ([(0.5, 0), (0.5, 1)], False)],
        "U": [([(0, 0), (0, 1, 1), (1, 1, 1), (1, 0)], False)],
        "V": [([(0, 0), (0.5, 1), (1, 0)], False)],
        "W": [([(0, 0), (w_slope, 1), (0.5, w_height), (1 - w_slope, 1), (1, 0)], False)],
        "X": [([(0, 0), (1, 1)], False), ([(1, 0), (0, 1)], False)],
        "Y": [([(0, 0), (0.5, 0.5), (1, 0)], False), ([(0.5, 0.5), (0.5, 1)], False)],
        "Z": [([(0, 0), (1, 0), (0, 1), (1, 1)], False)],
        "0": [ring],
        "1": one,
        "2": [([(0, hook), (0, 0, 1), (1, 0, 1), (1, rng.uniform(0.36, 0.5), 0.7), (0, 1), (1, 1)], False)],
        "3": three,
        "4": four,
        "5": [([(1, 0), (0.06, 0), (0, mid - 0.03, 0.25), (1, mid - 0.08, 1), (1, 1, 1), (0, 1, 1), (0, 1 - hook)], False)],
        "6": six,
        "7": [([(0, 0), (1, 0), (rng.uniform(0.2, 0.45), 1)], False)],
        "8": [([(waist, 0, 1), (1 - waist, 0, 1), (1 - waist, mid, 0.9), (waist, mid, 0.9)], True), ([(0, mid, 0.9), (1, mid, 0.9), (1, 1, 1), (0, 1, 1)], True)],
        "9": nine,
    }


def rounded(points: list[tuple[float, float, float]], closed: bool) -> np.ndarray:
    """A polyline whose vertices (x, y, radius) are replaced by quarter curves."""
    count, path = len(points), []
    for i, (x, y, radius) in enumerate(points):
        if radius <= 0 or (not closed and i in (0, count - 1)):
            path.append((x, y))
            continue
        ends = []
        for other in (points[i - 1], points[(i + 1) % count]):
            dx, dy = other[0] - x, other[1] - y
            length = max(1e-6, math.hypot(dx, dy))
            reach = min(radius, length / 2)
            ends.append((x + dx / length * reach, y + dy / length * reach))
        (ax, ay), (bx, by) = ends
        for k in range(9):  # a conic that is close to a circle's quarter
            t = k / 8
            a, b, c = (1 - t) ** 2, 1.414 * t * (1 - t), t * t
            total = a + b + c
            path.append(((a * ax + b * x + c * bx) / total, (a * ay + b * y + c * by) / total))
    return np.array(path)


def draw_face(rng: random.Random, kind: str, cap: int) -> dict[str, np.ndarray]:
    """A whole alphabet: opacity 0...255, `cap` rows and 2 more on each side, as wide as the character needs."""
    width = {"us": (0.42, 0.62), "eu": (0.5, 0.7), "fe": (0.55, 0.68), "br": (0.55, 0.78)}[kind]
    width = rng.uniform(*width) * cap
    stroke = rng.uniform(0.105, 0.19) * cap * (1.06 if kind == "br" else 1)
    radius = rng.uniform(0.16, 0.5) * width
    butt = rng.random() < {"us": 0.35, "eu": 0.75, "fe": 0.8, "br": 0.9}[kind]
    strokes = outlines(rng, kind)
    zero_width = rng.choice([1.0, 1.0, 0.9, 0.8]) if kind != "br" else 1.0
    zero_mark = rng.choice(["", "", "", "", "slash", "gap", "dot"] if kind != "fe" else ["gap", "gap", "slash", "", ""])
    alphabet = {}
    for character, parts in strokes.items():
        wide = width
        if character in "1I":
            wide = max(2.4 * stroke, width * 0.62)
        elif character in "MW":
            wide = width * rng.uniform(1.0, 1.3)
        elif character == "0":
            wide = width * zero_width
        elif character in "EFLJT":
            wide = width * rng.uniform(0.86, 1.0)
        thick = stroke * (0.88 if character in "MW" else 1)
        image = draw(parts, wide, cap, thick, radius, butt)
        if character == "0" and zero_mark:
            mark_zero(image, zero_mark, thick)
        columns = np.where(image.max(0) > 25)[0]
        alphabet[character] = np.ascontiguousarray(image[:, columns[0] : columns[-1] + 1])
    return alphabet


def draw(parts, width: float, cap: int, stroke: float, radius: float, butt: bool) -> np.ndarray:
    margin = 2
    canvas = np.zeros((SCALE * (cap + 2 * margin), SCALE * (round(width) + 8)), np.uint8)
    left, top = 4 + stroke / 2, margin + stroke / 2
    inner_width, inner_height = width - stroke, cap - stroke
    for vertices, closed in parts:
        points = []
        for i, vertex in enumerate(vertices):
            x, y = left + vertex[0] * inner_width, top + vertex[1] * inner_height
            if butt and not closed and i in (0, len(vertices) - 1) and vertex[1] in (0, 1):
                other = vertices[1] if i == 0 else vertices[-2]
                if other[1] != vertex[1]:  # an upright end: pushed over the edge, so that it comes out flat
                    rise = (vertex[1] - other[1]) * inner_height
                    y += math.copysign(stroke, rise)
                    x += (vertex[0] - other[0]) * inner_width / abs(rise) * stroke
            points.append((x, y, (vertex[2] if len(vertex) > 2 else 0) * radius))
        path = np.round(rounded(points, closed) * SCALE * 8).astype(np.int32)
        cv2.polylines(canvas, [path], closed, 255, max(1, round(stroke * SCALE)), cv2.LINE_AA, 3)
    canvas[: SCALE * margin] = 0
    canvas[-SCALE * margin :] = 0
    return cv2.resize(canvas, (canvas.shape[1] // SCALE, canvas.shape[0] // SCALE), interpolation=cv2.INTER_AREA)


def mark_zero(image: np.ndarray, mark: str, stroke: float) -> None:
    height, width = image.shape
    if mark == "dot":
        cv2.circle(image, (width // 2, height // 2), round(stroke * 0.55), 255, -1, cv2.LINE_AA)
    elif mark == "slash":
        cv2.line(image, (int(width * 0.3), int(height * 0.72)), (int(width * 0.7), int(height * 0.28)), 255, max(2, round(stroke * 0.6)), cv2.LINE_AA)
    else:  # the gap of FE-Schrift, at the upper right
        cv2.line(image, (int(width * 0.62), int(height * 0.2)), (width, int(height * 0.02)), 0, max(2, round(stroke * 0.3)), cv2.LINE_AA)
