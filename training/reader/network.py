"""The plate network, such that Tesseract computes the same: VGSL's Ct, Mp, S, Lbx and O1c in PyTorch.

Tesseract differs from the usual in three ways that are mirrored here: what lies outside an image is noise, the input
is scaled by the line's own black and white (`black_white`), and the softmax's blank is code 2.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BLANK, FIRST, CODES = 2, 3, 39  # codes 0 and 1 are Tesseract's own and never occur
HEIGHT, WIDTH = 40, 144

CONVOLUTIONS = (16, 48, 80)
POOLS = ((2, 2), (2, 2), (2, 1))  # rows, columns
LSTMS = (128, 128)
FRAMES = WIDTH // 4


def spec() -> str:
    """This network in Tesseract's language."""
    layers = [f"Ct3,3,{c} Mp{rows},{columns}" for c, (rows, columns) in zip(CONVOLUTIONS, POOLS)]
    left = HEIGHT
    for rows, _ in POOLS:
        left //= rows
    return f"[1,{HEIGHT},0,1 {' '.join(layers)} S{left},1 {' '.join(f'Lbx{n}' for n in LSTMS)} O1c{CODES}]"


class PlateNetwork(nn.Module):
    def __init__(self, convolutions=CONVOLUTIONS, lstms=LSTMS):
        super().__init__()
        channels, rows = 1, HEIGHT
        self.conv = nn.ModuleList()
        for count, (pool, _) in zip(convolutions, POOLS):
            self.conv.append(nn.Conv2d(channels, count, 3))
            channels, rows = count, rows // pool
        self.lstm = nn.ModuleList()
        inputs = channels * rows
        for count in lstms:
            layer = nn.LSTM(inputs, count, bidirectional=True, batch_first=True)
            for bias in (layer.bias_ih_l0, layer.bias_ih_l0_reverse):
                bias.data[count : 2 * count] = 1  # remember at first
            self.lstm.append(layer)
            inputs = 2 * count
        self.out = nn.Linear(inputs, CODES)
        self.frames = {}

    def in_noise(self, x: torch.Tensor) -> torch.Tensor:
        """One pixel of noise around; drawn anew for each batch, from a small stock."""
        n, c, h, w = x.shape
        key = (c, h, w, x.device, x.dtype)
        if key not in self.frames:
            noise = torch.rand(16, c, h + 2, w + 2, device=x.device) * 2 - 1
            noise[:, :, 1:-1, 1:-1] = 0
            self.frames[key] = noise.to(x.dtype).to(memory_format=torch.channels_last)
        start = int(torch.randint(0, 16, (1,)))
        return F.pad(x, (1, 1, 1, 1)) + self.frames[key][start : start + 1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Lines (n, 1, 40, 144) to log probabilities (n, 36, 39)."""
        for layer, pool in zip(self.conv, POOLS):
            # Tesseract pools after tanh; the other order gives the same and costs a quarter.
            x = torch.tanh(F.max_pool2d(layer(self.in_noise(x)), pool))
        n, c, h, w = x.shape
        x = x.permute(0, 3, 2, 1).reshape(n, w, h * c)
        for layer in self.lstm:
            x = layer(x)[0]
        return F.log_softmax(self.out(x).float(), 2)


def black_white(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tesseract's NetworkIO::ComputeBlackWhite for lines (n, h, w) of uint8: black, and half of white less black.

    Along the middle row, black is the first quartile of the local minima and white the third of the local maxima.
    """
    row = pixels[:, pixels.shape[1] // 2].astype(np.int64)
    before, here, after = row[:, :-2], row[:, 1:-1], row[:, 2:]
    low = ((here < before) & (here <= after)) | ((here <= before) & (here < after))
    high = ((here > before) & (here >= after)) | ((here >= before) & (here > after))
    black = quantile(here, low, 0.25, 0.0)
    contrast = (quantile(here, high, 0.75, 255.0) - black) / 2
    return black.astype(np.float32), np.where(contrast > 0, contrast, 1).astype(np.float32)


def quantile(values: np.ndarray, mask: np.ndarray, share: float, empty: float) -> np.ndarray:
    """Tesseract's STATS::ile for each row of `values` where `mask`."""
    n = len(values)
    cells = (np.arange(n)[:, None] * 256 + values)[mask]
    histogram = np.bincount(cells, minlength=n * 256).reshape(n, 256)
    count = histogram.sum(1)
    target = np.clip(share * count, 1.0, np.maximum(count, 1))
    total = np.cumsum(histogram, 1)
    at = np.argmax(total >= target[:, None], 1)
    rows = np.arange(n)
    result = at + 1 - (total[rows, at] - target) / np.maximum(histogram[rows, at], 1)
    return np.where(count > 0, result, empty)


def normalised(pixels: np.ndarray) -> np.ndarray:
    """Lines of uint8 to what the network takes: about -1 for black, 1 for white."""
    black, contrast = black_white(pixels)
    scaled = (pixels - black[:, None, None]) / contrast[:, None, None] - 1
    return np.clip(scaled, -1, 1).astype(np.float32)[:, None]


def greedy(log_probabilities: torch.Tensor) -> list[str]:
    texts = []
    for frames in log_probabilities.argmax(2).tolist():
        text, last = "", BLANK
        for code in frames:
            if code != last and code >= FIRST:
                text += CHARACTERS[code - FIRST]
            last = code
        texts.append(text)
    return texts


def edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
