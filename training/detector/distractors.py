"""Things that are no plates and must not be found: lettering, time stamps, signs, stickers, lamps, windows."""
import cv2
import numpy as np

from geometry import bounds, overlaps, plate_quad, warp_in
from vehicles import emblem, lettering, paint, sticker

KINDS = {"lettering": 3, "panel": 3.5, "cluster": 2, "lamp": 4, "print": 2, "bars": 1, "round": 1, "stamp": 1.2, "badge": 2.5, "shop": 1.5,
         "sticker": 1, "windows": 1, "strip": 1, "fence": 3,
         "block": 1}
SHAPES = {"lettering": (0.08, 0.25), "panel": (0.2, 0.6), "print": (0.5, 1.6), "bars": (0.2, 0.8), "round": (1, 1),
          "stamp": (0.04, 0.12), "badge": (0.3, 0.8), "shop": (0.12, 0.35), "sticker": (0.2, 0.5),
          "windows": (0.3, 1.0), "strip": (0.02, 0.1), "fence": (0.2, 0.9), "block": (0.2, 0.45), "cluster": (0.25, 0.7), "lamp": (0.25, 0.9)}


def distract(dice, canvas, painter, taken):
    rows, columns = canvas.shape
    kind = dice.weighted(KINDS)
    width = dice.log_uniform(14, 260)
    height = width * dice.uniform(*SHAPES[kind])
    x, y = dice.uniform(-0.2, 1) * (columns - 0.6 * width), dice.uniform(-0.2, 1) * (rows - 0.6 * height)
    if kind == "stamp":
        width = dice.uniform(80, 260)
        height = width * dice.uniform(0.05, 0.14)
        x, y = dice.uniform(0, 20), dice.pick([dice.uniform(0, 12), rows - height - dice.uniform(2, 12)])
    if overlaps([x - 3, y - 3, x + width + 3, y + height + 3], taken):
        return
    x0, y0 = int(max(0, x)), int(max(0, y))
    x1, y1 = int(min(columns, x + width)), int(min(rows, y + height))
    if x1 - x0 < 6 or y1 - y0 < 4:
        return
    part = canvas[y0:y1, x0:x1]
    mean = float(part.mean())
    tone = float(np.clip(mean + dice.pick([-1, 1]) * dice.uniform(25, 170), 0, 255))
    other = float(np.clip(255 - tone + dice.uniform(-40, 40), 0, 255))
    quad = plate_quad(dice, x + width / 2, y + height / 2, width, height, dice.uniform(-10, 10))
    if kind == "lettering":
        lettering(dice, canvas, painter, x + width / 2, y + height / 2, min(max(5, height), 60), tone, 2)
    elif kind == "stamp":
        stamp(dice, canvas, painter, x0, y0, max(6, height))
    elif kind == "badge":
        emblem(dice, canvas, painter, x + width / 2, y + height / 2, width / 2)
    elif kind == "round":
        centre, axes = (int(x + width / 2), int(y + height / 2)), (int(width / 2), int(height / 2))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, tone, -1, cv2.LINE_AA)
        if dice.chance(0.6):
            cv2.ellipse(canvas, centre, (int(width * 0.35), int(height * 0.35)), 0, 0, 360, other,
                        dice.pick([-1, 2, 4]), cv2.LINE_AA)
    elif kind == "bars":
        step = dice.log_uniform(2.5, 14)
        part += np.sin((np.arange(y1 - y0)[:, None] if dice.chance(0.6) else np.arange(x1 - x0)[None]) / step * 6.28) \
            * dice.uniform(15, 90)
    elif kind == "windows":
        step = max(4, int(width / dice.integer(2, 7)))
        for left in range(x0, x1, step):
            cv2.rectangle(canvas, (left, y0), (left + int(step * 0.7), y1 - 1), tone + dice.uniform(-30, 30), -1)
    elif kind == "fence":
        fence(dice, canvas, x0, y0, x1, y1, tone)
    elif kind == "lamp":
        lamp(dice, canvas, quad, width, height, tone)
    elif kind == "strip":
        warp_in(canvas, np.full((8, 32), tone, np.float32), quad)
    else:
        face = {"panel": panel, "print": printed, "shop": shop, "block": block, "cluster": cluster,
                "sticker": lambda *_: sticker(dice, painter)}[kind](
            dice, painter, tone, other)
        warp_in(canvas, face.astype(np.float32), quad)
    taken.append(bounds(quad))


def panel(dice, painter, tone, other):
    """A blank plate-like panel: lamp, reflector, window, empty holder."""
    face = np.full((24, 64), tone, np.float32)
    if dice.chance(0.5):
        face += dice.normal(0, dice.uniform(0, 25), face.shape)
    if dice.chance(0.4):
        face += np.linspace(-1, 1, 64)[None] * dice.uniform(-60, 60)
    if dice.chance(0.3):
        face[:, dice.integer(4, 56):] = other
    if dice.chance(0.3):
        face[dice.integer(3, 20):] = other
    if dice.chance(0.3):
        cv2.rectangle(face, (0, 0), (63, 23), other, 2)
    return np.clip(face, 0, 255)


def fence(dice, canvas, x0, y0, x1, y1, tone):
    """Upright bars between two rails: gates, railings, grids."""
    step, bar = dice.integer(4, 26), dice.integer(1, 5)
    if dice.chance(0.4):  # what is seen through it, brighter or darker than around
        canvas[y0:y1, x0:x1] += dice.uniform(-60, 90)
    for left in range(x0, x1, step):
        cv2.line(canvas, (left, y0), (left, y1), tone, bar)
    for rail in (y0, y1 - 1):
        cv2.line(canvas, (x0, rail), (x1, rail), tone, dice.integer(1, 5))


def block(dice, painter, tone, other):
    """A kerb, a trough, a step or a rough lamp glass: bright, grainy, parted by a few upright lines."""
    face = np.full((40, 120), tone, np.float32) + dice.noise((40, 120)) * dice.uniform(3, 30)
    for _ in range(dice.integer(0, 7)):
        left = dice.integer(4, 115)
        face[:, left:left + dice.integer(1, 6)] = tone * dice.uniform(0.5, 0.9) if dice.chance(0.7) else other
    if dice.chance(0.4):
        cv2.ellipse(face, (dice.integer(10, 110), 20), (dice.integer(4, 18), dice.integer(4, 18)), 0, 0, 360,
                    dice.uniform(0, 90), -1)
    return np.clip(face, 0, 255)


def lamp(dice, canvas, quad, width, height, tone):
    """A head or tail lamp: a bulging outline, glass that reflects, ribs, bright and dark cells."""
    middle = quad.mean(0)
    outline = []
    for k in range(4):
        outline.append(quad[k] + (middle - quad[k]) * np.float32([dice.uniform(0, 0.35), dice.uniform(0, 0.35)]))
        side = (quad[k] + quad[(k + 1) % 4]) / 2
        outline.append(side + (side - middle) * dice.uniform(-0.1, 0.08))
    if dice.chance(0.5):  # the darker housing or coloured glass around it
        paint(dice, canvas, [ground(dice)], middle + (np.float32(outline) - middle) * dice.uniform(1.1, 1.8),
              dice.uniform(20, 200), dice.uniform(5, 50))
    paint(dice, canvas, [ground(dice)], outline, tone, dice.uniform(10, 110), dice.uniform(0.3, 3))
    for _ in range(dice.integer(0, 4)):
        x, y = middle + np.float32([width, height]) * [dice.uniform(-0.3, 0.3), dice.uniform(-0.25, 0.25)]
        cell = float(np.clip(tone + dice.uniform(-170, 170), 0, 255))
        if dice.chance(0.5):
            cv2.circle(canvas, (int(x), int(y)), max(1, int(height * dice.uniform(0.05, 0.3))), cell,
                       dice.pick([-1, -1, 1, 2]), cv2.LINE_AA)
        else:
            half = np.float32([width * dice.uniform(0.03, 0.2), height * dice.uniform(0.05, 0.25)])
            cv2.rectangle(canvas, (int(x - half[0]), int(y - half[1])), (int(x + half[0]), int(y + half[1])), cell, -1)
    if dice.chance(0.5):  # ribs
        start, end = middle - [width * 0.35, 0], middle + [width * 0.35, 0]
        number, tall = dice.integer(3, 14), height * dice.uniform(0.1, 0.35)
        shade = float(np.clip(tone + dice.uniform(-120, 120), 0, 255))
        for part in np.linspace(0, 1, number):
            x, y = start + (end - start) * part
            cv2.line(canvas, (int(x), int(y - tall)), (int(x + dice.uniform(-1, 1)), int(y + tall)), shade, 1,
                     cv2.LINE_AA)


def ground(dice):
    """Something for glass to reflect."""
    return np.clip(cv2.resize(dice.noise((12, 20)), (160, 100), interpolation=cv2.INTER_CUBIC) * 60 + 128, 0,
                   255).astype(np.uint8)


def cluster(dice, painter, tone, other):
    """A lamp of several cells, a mirror, a vent: framed, with bright and dark parts inside."""
    face = np.full((40, 96), tone, np.float32)
    for _ in range(dice.integer(1, 5)):
        x, y = dice.integer(4, 84), dice.integer(3, 24)
        cell = float(np.clip(other + dice.uniform(-80, 80), 0, 255))
        if dice.chance(0.6):
            cv2.rectangle(face, (x, y), (x + dice.integer(4, 40), y + dice.integer(4, 30)), cell, -1)
        else:
            cv2.circle(face, (x, y), dice.integer(3, 18), cell, -1)
    if dice.chance(0.5):
        cv2.rectangle(face, (0, 0), (95, 39), other, dice.integer(1, 3))
    return cv2.GaussianBlur(face, (0, 0), dice.uniform(0.3, 2))


def printed(dice, painter, tone, other):
    """A sign or poster with several lines of print."""
    face = np.full((160, dice.integer(100, 300)), tone, np.uint8)
    row = dice.integer(6, 20)
    while row < 140:
        size = dice.integer(9, 34)
        painter.small(face, painter.phrase(4), (face.shape[1] * dice.uniform(0.4, 0.6), row + size / 2), size * 0.7,
                      other, face.shape[1] * 0.95)
        row += int(size * dice.uniform(1.1, 1.8))
    return face


def shop(dice, painter, tone, other):
    """A fascia or a street name: a long board with words."""
    face = np.full((56, dice.integer(220, 420)), tone, np.uint8)
    painter.small(face, painter.phrase(4), (face.shape[1] / 2, 28), dice.uniform(16, 40), other, face.shape[1] * 0.95)
    return face


def stamp(dice, canvas, painter, x, y, height):
    """What cameras write into a corner: one or two lines, light or with a dark ground."""
    drawn = np.clip(canvas, 0, 255).astype(np.uint8)  # OpenCV 5 writes on 8 bits only
    for line in range(dice.integer(1, 2)):
        digits = "".join(str(dice.integer(0, 9)) for _ in range(12))
        text = dice.pick([f"20{digits[:2]}-0{digits[2]}-1{digits[3]} 1{digits[4]}:{digits[5]}0:{digits[6:8]}",
                          f"{digits[:2]}/{digits[2:4]}/2014 {digits[4:6]}:{digits[6:8]}", f"CAM{digits[:2]} {digits[2:5]} km/h",
                          painter.phrase(2)])
        thickness = max(1, int(height / 12))
        origin = (x, int(y + height * (1 + 1.4 * line)))
        scale = height / 22
        if dice.chance(0.3):
            (w, h), _ = cv2.getTextSize(text, 0, scale, thickness)
            cv2.rectangle(drawn, (x - 2, origin[1] - h - 3), (x + w + 2, origin[1] + 4), 15.0, -1)
        elif dice.chance(0.4):
            cv2.putText(drawn, text, (origin[0] + 1, origin[1] + 1), 0, scale, 0.0, thickness + 1, cv2.LINE_AA)
        cv2.putText(drawn, text, origin, 0, scale, dice.uniform(180, 255), thickness, cv2.LINE_AA)
    canvas[:] = drawn
