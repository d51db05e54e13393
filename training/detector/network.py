"""The plate network: grey picture in, a map of one cell for each 8 x 8 pixels out.

Channel 0 is the score of a plate's centre; channels 1 to 8 are the offsets of its four corners (clockwise from the
top left, x then y), in cells from the middle of the cell.
"""
import torch
from torch import nn
from torch.nn import functional

STRIDE = 8


def convolution(inputs, outputs, size=3, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs),
                         nn.ReLU(True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return functional.relu(x + self.second(self.first(x)))


class PlateNetwork(nn.Module):
    """Few channels while the picture is large: the first two steps take a fifth of the time, not half of it."""

    def __init__(self, stem=(8, 24), channels=(48, 64, 96), head=48):
        super().__init__()
        at8, at16, at32 = channels
        self.stem = nn.Sequential(convolution(1, stem[0], 5, 2), convolution(stem[0], stem[1], 3, 2))
        self.down8 = nn.Sequential(convolution(stem[1], at8, 3, 2), Residual(at8))
        self.down16 = nn.Sequential(convolution(at8, at16, 3, 2), Residual(at16), Residual(at16))
        self.down32 = nn.Sequential(convolution(at16, at32, 3, 2), Residual(at32), Residual(at32))
        self.from32, self.from16 = convolution(at32, at16, 1), convolution(at16, at16, 1)
        self.merge16, self.to8 = convolution(at16, at16), convolution(at16, at8, 1)
        self.merge8, self.head = convolution(at8, at8), convolution(at8, head)
        self.map = nn.Conv2d(head, 9, 1)
        nn.init.normal_(self.map.weight, 0, 0.01)
        nn.init.zeros_(self.map.bias)
        self.map.bias.data[0] = -4.0

    def forward(self, x, logits=False):
        at8 = self.down8(self.stem(x))
        at16 = self.down16(at8)
        at32 = self.down32(at16)
        up16 = self.merge16(self.from16(at16) + functional.interpolate(self.from32(at32), scale_factor=2.0))
        up8 = self.merge8(at8 + functional.interpolate(self.to8(up16), scale_factor=2.0))
        out = self.map(self.head(up8))
        return out if logits else torch.cat([torch.sigmoid(out[:, :1]), out[:, 1:]], 1)
