"""A larger network that computes what a smaller, trained one does: its weights are copied, new units start with
small random inputs and unheard outputs, and training goes on from there."""

import numpy as np
import torch

from network import POOLS, PlateNetwork


def grow(small: dict[str, np.ndarray], network: PlateNetwork) -> None:
    """`small` holds PyTorch's parameters by name, of a network with the same layers, none of them larger."""
    old = {name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in small.items()}
    rows = 40
    with torch.no_grad():
        previous = 1
        for i, (layer, (pool, _)) in enumerate(zip(network.conv, POOLS)):
            weight = old[f"conv.{i}.weight"]
            count = len(weight)
            layer.weight[:count] = 0  # deaf to new channels
            layer.weight[:count, :previous] = weight
            layer.bias[:count] = old[f"conv.{i}.bias"]
            previous, rows = count, rows // pool
        # The first LSTM's inputs are all channels of the first row of the picture, then of the second, and so on.
        channels = network.conv[-1].out_channels
        sources = torch.cat([torch.arange(previous) + y * channels for y in range(rows)])
        for i, layer in enumerate(network.lstm):
            new, size = layer.hidden_size, old[f"lstm.{i}.weight_hh_l0"].shape[1]
            for way in ("", "_reverse"):
                inputs, states = (getattr(layer, f"weight_{k}_l0{way}") for k in ("ih", "hh"))
                biases = [getattr(layer, f"bias_{k}_l0{way}") for k in ("ih", "hh")]
                for gate in range(4):
                    to = slice(gate * new, gate * new + size)
                    of = slice(gate * size, (gate + 1) * size)
                    inputs[to] = 0
                    inputs[to, sources] = old[f"lstm.{i}.weight_ih_l0{way}"][of]
                    states[to] = 0
                    states[to, :size] = old[f"lstm.{i}.weight_hh_l0{way}"][of]
                    for bias, kind in zip(biases, ("ih", "hh")):
                        bias[to] = old[f"lstm.{i}.bias_{kind}_l0{way}"][of]
            sources = torch.cat([torch.arange(size), torch.arange(size) + new])
        network.out.weight[:] = 0
        network.out.weight[:, sources] = old["out.weight"]
        network.out.bias[:] = old["out.bias"]
