"""What the network should answer for a scene."""
import numpy as np

from network import STRIDE


def targets(plates, ignored, width, height):
    """Score map, corner offsets, their weights, plate sizes in cells, and where the score counts."""
    rows, columns = height // STRIDE, width // STRIDE
    score = np.zeros((rows, columns), np.float32)
    corners = np.zeros((8, rows, columns), np.float32)
    weight = np.zeros((rows, columns), np.float32)
    size = np.ones((2, rows, columns), np.float32)
    counted = np.ones((rows, columns), np.float32)
    y, x = (np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5) * STRIDE
    for quad in ignored:
        x0, y0 = np.maximum(0, quad.min(0) // STRIDE).astype(int)
        x1, y1 = np.maximum(0, quad.max(0) // STRIDE + 1).astype(int)
        counted[y0:y1, x0:x1] = 0
    for quad in plates:
        centre, width_px, height_px = quad.mean(0), np.ptp(quad[:, 0]), np.ptp(quad[:, 1])
        spread_x, spread_y = max(0.14 * width_px, 4.5), max(0.16 * height_px, 4.0)
        bump = np.exp(-((x - centre[0]) ** 2 / (2 * spread_x ** 2) + (y - centre[1]) ** 2 / (2 * spread_y ** 2)))
        row, column = int(np.clip(centre[1] // STRIDE, 0, rows - 1)), int(np.clip(centre[0] // STRIDE, 0, columns - 1))
        bump[row, column] = 1
        near = bump > np.maximum(score, 0.35)
        for k in range(4):
            corners[2 * k][near] = ((quad[k, 0] - x) / STRIDE)[near]
            corners[2 * k + 1][near] = ((quad[k, 1] - y) / STRIDE)[near]
        weight[near] = bump[near]
        size[0][near], size[1][near] = width_px / STRIDE, height_px / STRIDE
        score = np.maximum(score, bump)
    return score, corners, weight, size, counted
