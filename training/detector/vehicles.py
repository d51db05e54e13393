"""Draws the ends of cars and motorcycles around the place of a plate: rough, but with what surrounds real plates."""
import cv2
import numpy as np

from geometry import polygon, warp_in


def rect(x0, y0, x1, y1):
    return np.float32([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def lettering(dice, canvas, painter, x, y, height, tone, words=2):
    """A model name or a dealer's name on bodywork: not a plate."""
    strip = np.full((int(max(10, height * 1.5)), int(max(20, height * 9))), 0, np.uint8)
    painter.small(strip, painter.phrase(words), (strip.shape[1] / 2, strip.shape[0] / 2), height, 255, strip.shape[1])
    columns = np.where(strip.max(0) > 40)[0]
    if not len(columns):
        return
    strip = strip[:, columns[0]:columns[-1] + 1].astype(np.float32) / 255
    x0, y0 = int(x - strip.shape[1] / 2), int(y - strip.shape[0] / 2)
    xa, ya = max(0, x0), max(0, y0)
    xb, yb = min(canvas.shape[1], x0 + strip.shape[1]), min(canvas.shape[0], y0 + strip.shape[0])
    if xb > xa and yb > ya:
        part, mask = canvas[ya:yb, xa:xb], strip[ya - y0:yb - y0, xa - x0:xb - x0]
        part[:] = part * (1 - mask) + tone * mask


def texture(dice, pictures, rows, columns, blur):
    """A smeared piece of a picture, between -1 and 1: what paint and glass reflect."""
    picture = dice.pick(pictures)
    height, width = picture.shape
    h, w = min(height, dice.integer(40, 200)), min(width, dice.integer(60, 300))
    y, x = dice.integer(0, height - h), dice.integer(0, width - w)
    piece = cv2.resize(picture[y:y + h, x:x + w], (columns, rows), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    piece = cv2.GaussianBlur(piece, (0, 0), blur) if blur > 0.3 else piece
    return (piece - piece.mean()) / (np.abs(piece - piece.mean()).max() + 1)


def paint(dice, canvas, pictures, points, tone, shine, blur=None):
    """A polygon of bodywork or glass: a tone, a gradient and reflections."""
    points = np.float32(points)
    x0, y0 = np.maximum(0, points.min(0).astype(int))
    x1, y1 = points.max(0).astype(int) + 1
    x1, y1 = min(x1, canvas.shape[1]), min(y1, canvas.shape[0])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [np.int32(np.round(points - [x0, y0]))], 255, cv2.LINE_AA)
    mask = mask.astype(np.float32) / 255
    fill = np.full(mask.shape, tone, np.float32)
    fill += np.linspace(-1, 1, mask.shape[0], dtype=np.float32)[:, None] * dice.uniform(-1, 1) * shine
    fill += texture(dice, pictures, *mask.shape, dice.uniform(0.5, 6) if blur is None else blur) * shine
    part = canvas[y0:y1, x0:x1]
    part[:] = part * (1 - mask) + np.clip(fill, 0, 255) * mask


def car_end(dice, canvas, pictures, painter, x, y, plate):
    """The front or rear of a car whose plate, PLATE pixels wide, will be at (x, y)."""
    width = plate * dice.uniform(2.6, 5.2)
    height = width * dice.uniform(0.55, 0.95)
    front = dice.chance(0.4)
    left = x - width * (dice.uniform(0.45, 0.55) if dice.chance(0.8) else dice.uniform(0.3, 0.7))
    right = left + width
    # where between roof and ground the plate sits: on the boot lid or in the bumper
    bottom = y + height * (dice.uniform(0.08, 0.25) if front or dice.chance(0.5) else dice.uniform(0.25, 0.5))
    top = bottom - height
    tone = dice.pick([dice.uniform(5, 60), dice.uniform(60, 190), dice.uniform(190, 250)])
    slope = dice.uniform(0.04, 0.16) * width
    waist = top + height * dice.uniform(0.34, 0.46)
    shine = dice.uniform(5, 60)
    if dice.chance(0.6):  # shadow on the road
        polygon(canvas, rect(left - 5, bottom - 4, right + 5, bottom + height * 0.08), dice.uniform(0, 50))
    if dice.chance(0.6):  # wheels
        for wheel in (left + width * 0.1, right - width * 0.1):
            polygon(canvas, rect(wheel - width * 0.06, bottom - height * 0.15, wheel + width * 0.06,
                                 bottom + height * 0.06), dice.uniform(5, 40))
    paint(dice, canvas, pictures, [[left, waist], [left + slope, top], [right - slope, top], [right, waist],
                                   [right - slope * 0.2, bottom], [left + slope * 0.2, bottom]], tone, shine)
    paint(dice, canvas, pictures, [[left + slope * 1.3, top + height * 0.05], [right - slope * 1.3, top + height * 0.05],
                                   [right - slope * 0.7, waist - height * 0.05],
                                   [left + slope * 0.7, waist - height * 0.05]],
          dice.uniform(5, 110), dice.uniform(10, 110), dice.uniform(0.3, 3))
    for _ in range(dice.integer(0, 3)):  # folds: a dark and a light line
        fold = int(dice.uniform(waist, bottom))
        shade = dice.uniform(0.4, 0.9)
        cv2.line(canvas, (int(left), fold), (int(right), fold), tone * shade, dice.integer(1, 2), cv2.LINE_AA)
        cv2.line(canvas, (int(left), fold + 2), (int(right), fold + 2), min(255, tone * dice.uniform(1, 1.5)), 1)
    lamps(dice, canvas, pictures, left, right, waist, width, height)
    if dice.chance(0.65):  # bumper
        edge = dice.uniform(0.6, 0.85) * height + top
        paint(dice, canvas, pictures, rect(left, edge, right, min(bottom, edge + height * 0.25)),
              tone * dice.uniform(0.6, 1.1) if dice.chance(0.6) else dice.uniform(15, 70), shine)
    if front:
        grille(dice, canvas, x, y, plate, width, height)
    elif dice.chance(0.6):  # recess of the boot lid
        inset, tall = plate * dice.uniform(0.55, 0.8), plate * dice.uniform(0.25, 0.42)
        polygon(canvas, [[x - inset, y - tall], [x + inset, y - tall], [x + inset * 0.9, y + tall],
                         [x - inset * 0.9, y + tall]], tone * dice.uniform(0.3, 1.1))
        if dice.chance(0.5):
            cv2.rectangle(canvas, (int(x - inset), int(y - tall)), (int(x + inset), int(y - tall * 0.8)),
                          dice.pick([20.0, 230.0, float(tone)]), -1)
    ink = float(np.clip(tone + (1 if tone < 110 else -1) * dice.uniform(60, 180), 0, 255))
    for _ in range(dice.integer(0, 3)):  # badges and names beside and above the plate
        size = plate * dice.uniform(0.05, 0.16)
        if size >= 4:
            lettering(dice, canvas, painter, x + width * dice.uniform(-0.4, 0.4),
                      y + plate * dice.pick([-1, 1]) * dice.uniform(0.35, 0.8), size, ink)
    if dice.chance(0.5):  # maker's badge
        emblem(dice, canvas, painter, x, y - plate * dice.uniform(0.4, 0.9), plate * dice.uniform(0.06, 0.2))
    if dice.chance(0.15):  # bumper sticker
        sx, sy = x + width * dice.pick([-1, 1]) * dice.uniform(0.25, 0.4), y + dice.uniform(-0.3, 0.3) * plate
        warp_in(canvas, sticker(dice, painter), rect(sx - plate * 0.3, sy - plate * 0.09, sx + plate * 0.3,
                                                     sy + plate * 0.09))


def lamps(dice, canvas, pictures, left, right, waist, width, height):
    bright = dice.uniform(50, 255)
    wide, tall = width * dice.uniform(0.07, 0.22), height * dice.uniform(0.06, 0.3)
    y, tip = waist + height * dice.uniform(0, 0.12), dice.uniform(-0.3, 0.6)
    for edge, side in ((left, 1), (right, -1)):
        outline = [[edge, y], [edge + side * wide, y + tall * max(0, tip)], [edge + side * wide, y + tall],
                   [edge, y + tall * 0.9]]
        paint(dice, canvas, pictures, outline, bright, dice.uniform(10, 130), dice.uniform(0.3, 2))
        for _ in range(dice.integer(0, 3)):  # cells, ribs and reflectors behind the glass
            cx, cy = edge + side * wide * dice.uniform(0.1, 0.8), y + tall * dice.uniform(0.3, 0.8)
            cell = float(np.clip(bright + dice.uniform(-170, 170), 0, 255))
            half_w, half_h = wide * dice.uniform(0.05, 0.25), tall * dice.uniform(0.05, 0.25)
            polygon(canvas, rect(cx - half_w, cy - half_h, cx + half_w, cy + half_h), cell)
        if dice.chance(0.4):
            cv2.polylines(canvas, [np.int32(np.round(outline))], True, dice.uniform(0, 255), 1, cv2.LINE_AA)
        if dice.chance(0.6):
            cv2.circle(canvas, (int(edge + side * wide * 0.5), int(y + tall * 0.55)), max(1, int(tall * 0.3)),
                       float(np.clip(bright + dice.uniform(-120, 120), 0, 255)), -1, cv2.LINE_AA)
        if dice.chance(0.5):
            cv2.line(canvas, (int(edge), int(y + tall * 0.5)), (int(edge + side * wide), int(y + tall * 0.6)),
                     float(bright * 0.6), 1, cv2.LINE_AA)


def grille(dice, canvas, x, y, plate, width, height):
    """Bars or mesh above, below or around the plate of a car's front."""
    half, tall = width * dice.uniform(0.15, 0.36), height * dice.uniform(0.05, 0.16)
    middle = y - dice.pick([0.0, 1.0, -1.0]) * (plate * 0.18 + tall)
    x0, x1 = int(max(0, x - half)), int(min(canvas.shape[1], x + half))
    y0, y1 = int(max(0, middle - tall)), int(min(canvas.shape[0], middle + tall))
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    part = canvas[y0:y1, x0:x1]
    step = max(2.0, plate * dice.uniform(0.03, 0.12))
    bars = np.sin(np.arange(y1 - y0, dtype=np.float32)[:, None] / step * 6.28)
    if dice.chance(0.4):
        bars = bars * np.sin(np.arange(x1 - x0, dtype=np.float32)[None] / step * 6.28)
    elif dice.chance(0.3):
        bars = np.sin(np.arange(x1 - x0, dtype=np.float32)[None] / step * 6.28) * np.ones_like(bars)
    part[:] = np.clip(dice.uniform(10, 70) + (bars > dice.uniform(-0.3, 0.8)) * dice.uniform(20, 170), 0, 255)


def emblem(dice, canvas, painter, x, y, size):
    """A round or oval badge, sometimes with letters."""
    tone = dice.uniform(0, 255)
    axes = (max(2, int(size)), max(2, int(size * dice.uniform(0.4, 1.0))))
    cv2.ellipse(canvas, (int(x), int(y)), axes, 0, 0, 360, tone, -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (int(x), int(y)), axes, 0, 0, 360, 255 - tone, 1, cv2.LINE_AA)
    for _ in range(dice.integer(0, 2)):  # rings and bars of a maker's sign
        if dice.chance(0.5):
            inner = (max(1, int(axes[0] * dice.uniform(0.2, 0.8))), max(1, int(axes[1] * dice.uniform(0.2, 0.8))))
            cv2.ellipse(canvas, (int(x), int(y)), inner, dice.uniform(0, 90), 0, 360, 255 - tone, max(1, int(size / 8)),
                        cv2.LINE_AA)
        else:
            cv2.line(canvas, (int(x - axes[0] * 0.7), int(y)), (int(x + axes[0] * 0.7), int(y)), 255 - tone,
                     max(1, int(size / 6)), cv2.LINE_AA)
    if dice.chance(0.5) and axes[1] >= 6:
        lettering(dice, canvas, painter, x, y, axes[1] * 0.7, 255 - tone, 1)


def sticker(dice, painter):
    face = np.full((48, dice.integer(80, 200)), dice.integer(0, 255), np.uint8)
    tone = int(face[0, 0])
    for row in (0.3, 0.7) if dice.chance(0.5) else (0.5,):
        painter.small(face, painter.phrase(), (face.shape[1] / 2, 48 * row), 16 if row != 0.5 else 26,
                      (tone + 128) % 256, face.shape[1] * 0.9)
    return face


def motorcycle_end(dice, canvas, pictures, x, y, plate):
    """Mudguard, lamp and wheel above and below a small plate, a rider sometimes."""
    tone = dice.uniform(5, 90)
    polygon(canvas, rect(x - plate * 0.25, y, x + plate * 0.25, y + plate * dice.uniform(1.2, 2.5)),
            dice.uniform(5, 50))  # wheel
    paint(dice, canvas, pictures, [[x - plate * 0.7, y - plate * 1.6], [x + plate * 0.7, y - plate * 1.6],
                                   [x + plate * 0.45, y + plate * 0.3], [x - plate * 0.45, y + plate * 0.3]], tone, 30)
    bright = dice.uniform(60, 255)
    cv2.ellipse(canvas, (int(x), int(y - plate * dice.uniform(0.6, 0.9))), (int(plate * dice.uniform(0.2, 0.5)) + 1,
                int(plate * dice.uniform(0.1, 0.25)) + 1), 0, 0, 360, bright, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(canvas, (int(x + side * plate * dice.uniform(0.7, 1.1)), int(y - plate * dice.uniform(0.4, 0.8))),
                   max(1, int(plate * 0.14)), dice.uniform(80, 255), -1, cv2.LINE_AA)
    if dice.chance(0.6):
        paint(dice, canvas, pictures, [[x - plate * 1.1, y - plate * 4], [x + plate * 1.1, y - plate * 4],
                                       [x + plate * 0.8, y - plate * 1.4], [x - plate * 0.8, y - plate * 1.4]],
              dice.uniform(5, 230), 50)
