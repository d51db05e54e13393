"""Quadrilaterals (4 x 2, clockwise from the top left) and the warps between them."""
import cv2
import numpy as np


def plate_quad(dice, x, y, width, height, degrees=0.0, perspective=0.0):
    quad = np.float32([[-width / 2, -height / 2], [width / 2, -height / 2],
                       [width / 2, height / 2], [-width / 2, height / 2]])
    if perspective:
        lean = dice.uniform(-perspective, perspective)  # one side further away
        quad[1:3, 1] *= 1 + lean
        quad[[0, 3], 1] *= 1 - lean
        quad[:, 0] += quad[:, 1] * dice.uniform(-2, 2) * perspective
    turn = np.radians(degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    return (quad @ np.float32([[cosine, sine], [-sine, cosine]]) + [x, y]).astype(np.float32)


def bounds(quad, margin=0.0):
    return [*(quad.min(0) - margin), *(quad.max(0) + margin)]


def overlaps(box, others):
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)


def warp_in(canvas, face, quad, strength=1.0):
    """Blends FACE into QUAD of a float canvas, without aliasing."""
    x0, y0 = np.maximum(0, np.floor(quad.min(0)).astype(int) - 2)
    x1, y1 = np.ceil(quad.max(0)).astype(int) + 3
    x1, y1 = min(canvas.shape[1], x1), min(canvas.shape[0], y1)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    width = max(4, int(round(np.linalg.norm(quad[1] - quad[0]))))
    height = max(3, int(round(np.linalg.norm(quad[3] - quad[0]))))
    fine = 2 if width < 120 else 1
    small = cv2.resize(face, (width * fine, height * fine), interpolation=cv2.INTER_AREA
                       if height * fine < face.shape[0] else cv2.INTER_LINEAR).astype(np.float32)
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]]) * fine
    matrix = cv2.getPerspectiveTransform(corners, ((quad - [x0, y0]) * fine).astype(np.float32))
    size = ((x1 - x0) * fine, (y1 - y0) * fine)
    warped = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.full_like(small, strength), matrix, size)
    if fine == 2:
        warped, mask = (cv2.resize(a, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA) for a in (warped, mask))
    part = canvas[y0:y1, x0:x1]
    part[:] = part * (1 - mask) + warped * mask


def polygon(canvas, points, tone):
    cv2.fillPoly(canvas, [np.int32(np.round(points))], float(np.clip(tone, 0, 255)), cv2.LINE_AA)
