"""From a clean plate to what a camera and a crop make of it: the 144 by 40 line that the network sees."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from render import Painter, Plate

WIDTH, HEIGHT = 144, 40
# How the reader cuts the rows of a plate with two (Sources/Vision/TesseractReader.swift), with its margin of 5%.
ROW_BANDS = ((-0.05, 0.57), (0.41, 1.05))


@dataclass
class Line:
    pixels: np.ndarray  # HEIGHT x WIDTH, uint8
    text: str
    centres: list[float]  # of the characters, across, pixels of the line
    style: str


def line(painter: Painter) -> Line:
    """One training sample."""
    plate = painter.plate()
    rng = painter.rng
    row = rng.randrange(len(plate.rows))
    small, corners, height = surround(painter, plate)
    left, top, right, bottom = box(painter, corners)
    text, centres = plate.rows[row].text, plate.rows[row].centres
    if len(plate.rows) > 1:
        tall = bottom - top
        low, high = ROW_BANDS[row]
        top, bottom = top + tall * (low + rng.uniform(-0.03, 0.03)), top + tall * (high + rng.uniform(-0.03, 0.03))
    elif plate.image.shape[1] < 2.2 * plate.image.shape[0] and painter.chance(0.012):
        # The reader also tries plates that are not wide as two rows: half a row must not look like characters.
        tall, middle = bottom - top, rng.choice([0.25, 0.75])
        top, bottom = top + tall * (middle - 0.3), top + tall * (middle + 0.3)
        text, centres = "", []
    wide, tall = max(16, round(right - left)), max(7, round(bottom - top))
    source = plate_corners(small, plate)
    scale_x, scale_y = wide / (right - left), tall / (bottom - top)
    target = ((corners - (left, top)) * (scale_x, scale_y)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    cut = cv2.warpPerspective(small, matrix, (wide, tall), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    pixels = photograph(painter, cut, height)
    if centres:
        ratio = (source[1][0] - source[0][0]) / plate.image.shape[1]
        points = np.float32([[(source[0][0] + x * ratio, source[0][1] + plate.rows[row].middle * ratio) for x in centres]])
        centres = list(cv2.perspectiveTransform(points, matrix)[0][:, 0] * WIDTH / wide)
    if painter.chance(0.2):  # a plate cut out beforehand: the reader's margin repeats its edge
        across, down = round(wide * rng.uniform(0, 0.05)), round(tall * rng.uniform(0, 0.1))
        pixels = cv2.copyMakeBorder(pixels, down, down, across, across, cv2.BORDER_REPLICATE)
        centres = [(x * wide / WIDTH + across) * WIDTH / (wide + 2 * across) for x in centres]
    return Line(to_line(pixels, painter.chance(0.25)), text, centres, plate.style)


def plate_corners(small: np.ndarray, plate: Plate) -> np.ndarray:
    """Corners of the plate inside its surroundings (see `surround`: a border of 35% of the plate's height)."""
    height = small.shape[0] / 1.7
    border, width = 0.35 * height, small.shape[1] - 0.7 * height
    return np.float32([[border, border], [border + width, border], [border + width, border + height], [border, border + height]])


def surround(painter: Painter, plate: Plate) -> tuple[np.ndarray, np.ndarray, float]:
    """The plate before a car, at about the scale at which it will be seen; where its corners go; its height there."""
    rng = painter.rng
    rows, columns = plate.image.shape
    two = len(plate.rows) > 1
    height = math.exp(rng.uniform(math.log(12), math.log(80)))
    if painter.chance(0.55):
        height = max(height, rng.uniform(18, 46))
    if two:
        height = min(130, height * 1.9)
    working = min(rows, max(20, round(height * 1.35)))
    face = plate.image
    if working < rows:
        face = cv2.resize(face, (round(columns * working / rows), working), interpolation=cv2.INTER_AREA)
    rows, columns = face.shape
    border = round(0.35 * rows)
    tone = rng.uniform(5, 235)
    scene = np.full((rows + 2 * border, columns + 2 * border), tone, np.float32)
    if painter.chance(0.7):
        scene += painter.noise(*scene.shape) * rng.uniform(5, 50)
    for _ in range(rng.choice([0, 0, 1, 2])):  # edges of the bumper, the boot lid, the shadow below
        y = rng.choice([rng.uniform(0, border), rows + 2 * border - rng.uniform(0, border)])
        if painter.chance(0.5):
            cv2.line(scene, (0, int(y)), (scene.shape[1], int(y + rng.gauss(0, 2))), rng.uniform(0, 255), rng.randint(1, max(1, rows // 10)))
        elif y < border:
            scene[: int(y)] = rng.uniform(0, 255)
        else:
            scene[int(y) :] = rng.uniform(0, 255)
    scene = np.clip(scene, 0, 255).astype(np.uint8)
    scene[border : border + rows, border : border + columns] = face

    # Plate corners in pixels of the photograph, around the plate's middle.
    aspect = columns / rows * (rng.uniform(0.72, 1.05) if painter.chance(0.5) else 1)
    angle = math.radians(rng.gauss(0, 1.0) if painter.chance(0.4) else rng.gauss(0, 3.2) if painter.chance(0.9) else rng.uniform(-9, 9))
    if aspect > 3.5:
        angle *= 0.7
    shear = rng.gauss(0, 0.07)
    half = np.array([[-aspect, -1], [aspect, -1], [aspect, 1], [-aspect, 1]]) * height / 2
    turn = np.array([[math.cos(angle), -math.sin(angle) + shear], [math.sin(angle), math.cos(angle)]])
    corners = half @ turn.T
    shake = rng.uniform(0, 0.035)
    corners += np.array([[rng.gauss(0, shake), rng.gauss(0, shake)] for _ in range(4)]) * height
    return scene, corners.astype(np.float32), height


def box(painter: Painter, corners: np.ndarray) -> tuple[float, float, float, float]:
    """The crop: upright around the corners, and as inexact as people and detectors are."""
    rng = painter.rng
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    wide, tall = right - left, bottom - top
    kind = rng.random()
    if kind < 0.35:  # drawn with care, plus the reader's own margin
        left, right = left - wide * rng.uniform(0.0, 0.06), right + wide * rng.uniform(0.0, 0.06)
        return left, top - tall * rng.uniform(0.0, 0.1), right, bottom + tall * rng.uniform(0.0, 0.1)
    if kind < 0.87:
        left, right = left - wide * rng.uniform(-0.03, 0.07), right + wide * rng.uniform(-0.03, 0.07)
        return left, top - tall * rng.uniform(-0.07, 0.14), right, bottom + tall * rng.uniform(-0.07, 0.14)
    left, right = left - wide * rng.uniform(-0.05, 0.14), right + wide * rng.uniform(-0.05, 0.14)
    return left, top - tall * rng.uniform(-0.1, 0.3), right, bottom + tall * rng.uniform(-0.1, 0.3)


def photograph(painter: Painter, cut: np.ndarray, height: float, mild: bool | None = None) -> np.ndarray:
    """Light, optics, sensor and compression, at the crop's own size. `mild` leaves some out; by chance if not said."""
    rng, chance = painter.rng, painter.chance
    rows, columns = cut.shape
    if mild is None:
        mild = chance(0.65)  # all troubles at once would only be unreadable
    light = cut.astype(np.float32)
    if chance(0.25):  # dirt
        light += painter.noise(rows, columns, coarse=False) * rng.uniform(4, 24)
    if chance(0.1):
        for _ in range(rng.randint(1, 4)):
            spot = (rng.randrange(columns), rng.randrange(rows))
            cv2.circle(light, spot, rng.randint(1, max(1, rows // 10)), rng.uniform(0, 255), -1)
    if chance(0.4):  # uneven light, or the edge of a shadow
        angle = rng.uniform(0, 2 * math.pi)
        slope = np.linspace(-0.5, 0.5, columns, dtype=np.float32)[None] * math.cos(angle) + np.linspace(-0.5, 0.5, rows, dtype=np.float32)[:, None] * math.sin(angle)
        if chance(0.5):
            light *= 1 + slope * rng.uniform(-0.9, 0.9)
        else:
            light = np.where(slope > rng.uniform(-0.4, 0.4), light * rng.uniform(0.35, 0.85), light)
    if chance(0.06):  # glare
        y, x = rng.uniform(0, rows), rng.uniform(0, columns)
        reach = rows * rng.uniform(0.3, 1.0)
        blob = np.exp(-((np.arange(rows, dtype=np.float32)[:, None] - y) ** 2 + (np.arange(columns, dtype=np.float32)[None] - x) ** 2) / reach**2)
        light += blob * rng.uniform(40, 180)
    blur = abs(rng.gauss(0, 0.55)) + (rng.uniform(0, 0.9) * height / 40 if chance(0.35) and not mild else 0)
    if blur > 0.2:
        light = cv2.GaussianBlur(light, (0, 0), min(blur, 0.065 * height))
    if chance(0.25) and not mild:  # motion
        length = rng.randint(2, max(2, int(height * 0.11) + 1))
        kernel = np.zeros((length, length), np.float32)
        way = rng.random()
        if way < 0.5:
            kernel[length // 2] = 1
        elif way < 0.75:
            kernel[:, length // 2] = 1
        else:
            np.fill_diagonal(kernel if way < 0.88 else kernel[:, ::-1], 1)
        light = cv2.filter2D(light, -1, kernel / kernel.sum())
    tone = rng.random()
    if tone < 0.12:  # night, or a plate in deep shadow
        light = (light - 128) * rng.uniform(0.13 if mild else 0.08, 0.35) + rng.uniform(18, 90)
    elif tone < 0.5:
        light = (light - 128) * rng.uniform(0.25, 1.1) + rng.uniform(60, 200)
    elif tone < 0.6:  # too much light
        light = light * rng.uniform(1.1, 1.7) + rng.uniform(0, 40)
    if chance(0.6):
        light = 255 * np.power(np.clip(light, 0, 255) * np.float32(1 / 255), math.exp(rng.uniform(-0.6, 0.6)))
    grain = rng.uniform(0, 9) if chance(0.35) else rng.uniform(0, 2.5)
    if tone < 0.12:
        grain *= 0.35
    light += painter.np_rng.standard_normal(light.shape, np.float32) * grain
    if chance(0.2):  # a camera's sharpening
        light += (light - cv2.GaussianBlur(light, (0, 0), rng.uniform(0.8, 1.5))) * rng.uniform(0.3, 1.8)
    pixels = np.clip(light, 0, 255).astype(np.uint8)
    if chance(0.65):
        quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randint(18, 92)]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_GRAYSCALE)
    return pixels


def to_line(pixels: np.ndarray, cubic: bool = False) -> np.ndarray:
    """As `LineImage` does: averaged when much larger than the line, else interpolated."""
    rows, columns = pixels.shape
    shrinks = columns > 1.5 * WIDTH and rows > 1.5 * HEIGHT
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=how)
