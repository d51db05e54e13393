"""Trains the plate network on the samples that samples.py makes meanwhile.

    train.py SHARDS CHECKPOINT --minutes M [--start WEIGHTS.npz] [--data FOLDER] [--validation SHARD.npz]

The rate falls along a cosine over M minutes of training; CHECKPOINT holds the averaged weights, the raw ones and the
optimiser, is written once a minute, and is gone on from when it exists. --start grows a smaller network's weights
(grow.py) instead of beginning with random ones. Without it, `--frames 2` makes learning start at all: for the first
third of the time each frame is also told which character's middle it sees.
"""

import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import crops
import network as plates
from grow import grow
from network import BLANK, CHARACTERS, CODES, FIRST, FRAMES, PlateNetwork

HOPELESS = 0.7  # loss a character beyond which a sample's weight falls
USES = 3  # a sample is seen again, at most so often, only when no fresh one is ready


class Samples:
    """Batches from the shards in a folder. A shard is removed once it is in memory."""

    def __init__(self, folder: Path, batch: int, seed: int):
        self.folder, self.batch = folder, batch
        self.rng = np.random.default_rng(seed)
        self.queue: list[tuple[dict, int]] = []
        self.used: list[tuple[dict, int]] = []  # shards that may be used again
        self.fresh = self.again = 0

    def more(self) -> None:
        """Mixes a few shards into one queue."""
        while True:
            found = sorted(self.folder.glob("*.npz"), key=lambda p: p.stat().st_mtime)[:4]
            chosen = []
            for path in found:
                with np.load(path) as file:
                    chosen.append((dict(file), 1))
                path.unlink()
                self.fresh += len(chosen[-1][0]["texts"])
            if not chosen and self.used:
                chosen, self.used = self.used[:2], self.used[2:]
                chosen = [(shard, uses + 1) for shard, uses in chosen]
                self.again += sum(len(shard["texts"]) for shard, _ in chosen)
            if chosen:
                break
            time.sleep(1)
        self.used = (self.used + [(s, u) for s, u in chosen if u < USES])[-8:]
        self.queue = [(shard, k) for shard, _ in chosen for k in range(len(shard["texts"]))]
        self.rng.shuffle(self.queue)

    def next(self):
        """Inputs (n, 1, 40, 144), codes of all texts one after another, their lengths, a code for each frame."""
        if len(self.queue) < self.batch:
            self.more()
        part, self.queue = self.queue[: self.batch], self.queue[self.batch :]
        pixels = np.stack([shard["pixels"][k] for shard, k in part])
        black, contrast = plates.black_white(pixels)
        n = len(part)
        # Black and white are estimates: a little error in them makes the network robust against the engine's rounding.
        contrast = contrast / self.rng.uniform(0.88, 1.12, n).astype(np.float32)
        shift = self.rng.normal(0, 0.05, n).astype(np.float32)
        inputs = (pixels - black[:, None, None]) / contrast[:, None, None] - 1 + shift[:, None, None]
        limit = 1 if self.rng.random() < 0.8 else 4  # the int8 engine clips at 1, the float engine does not
        inputs = np.clip(inputs, -limit, limit).astype(np.float32)
        codes, lengths = [], []
        frames = np.full((n, FRAMES), BLANK, np.int64)
        for i, (shard, k) in enumerate(part):
            text = [CHARACTERS.index(c) + FIRST for c in str(shard["texts"][k])]
            codes += text
            lengths.append(len(text))
            for code, x in zip(text, shard["centres"][k]):
                frames[i, min(FRAMES - 1, max(0, int(x / 4)))] = code
        return torch.from_numpy(inputs)[:, None], torch.tensor(codes), torch.tensor(lengths), torch.from_numpy(frames)


def read(network: PlateNetwork, lines: np.ndarray, device) -> list[str]:
    network.eval()
    texts = []
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
        for i in range(0, len(lines), 128):
            batch = torch.from_numpy(plates.normalised(lines[i : i + 128])).to(device)
            texts += plates.greedy(network(batch))
    network.train()
    return texts


def report(network, device, real, validation) -> str:
    parts = []
    if real:
        for name, looks in crops.LOOKS.items():
            right = [a == c.text for a, c in zip(read(network, np.stack([c.line(*looks[0]) for c in real]), device), real)]
            parts.append(f"{name} {100 * np.mean(right):.1f}")
            for region in sorted({c.region for c in real}):
                parts.append(f"{region} {100 * np.mean([r for r, c in zip(right, real) if c.region == region]):.1f}")
    if validation is not None:
        texts = read(network, validation["pixels"], device)
        right = np.array([a == str(b) for a, b in zip(texts, validation["texts"])])
        styles = validation["styles"].astype(str)
        parts.append(f"rendered {100 * right.mean():.1f}")
        for style in ("brazil", "brazil-square", "mercosur", "mercosur-square", "germany", "california"):
            if (styles == style).any():
                parts.append(f"{style} {100 * right[styles == style].mean():.1f}")
    return " ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--frames", type=float, default=2.0, help="weight of the frame loss at first")
    parser.add_argument("--data", type=Path, help="folder of real sets, for measuring only")
    parser.add_argument("--validation", type=Path, help="a shard of rendered samples, for measuring only")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if options.device == "auto" else options.device)
    network = PlateNetwork()
    if options.start:
        grow(dict(np.load(options.start)), network)
    network.to(device, memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=1e-3, betas=(0.9, 0.98), fused=True)
    step, seen, trained = 0, 0, 0.0
    if options.checkpoint.exists():
        state = torch.load(options.checkpoint, map_location=device)
        network.load_state_dict(state["raw"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        step, seen, trained = state["step"], state["seen"], state["seconds"]
    print(plates.spec(), sum(p.numel() for p in network.parameters()), "weights on", device, flush=True)
    real = crops.load(options.data) if options.data and options.data.exists() else []
    validation = dict(np.load(options.validation)) if options.validation else None
    samples = Samples(options.shards, options.batch, options.seed + step)
    frame_weights = torch.ones(CODES, device=device)
    frame_weights[BLANK] = 0.25

    def save() -> None:
        state = {"averaged": averaged.state_dict(), "raw": network.state_dict(), "optimiser": optimiser.state_dict()}
        state |= {"step": step, "seen": seen, "seconds": trained}
        part = options.checkpoint.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, options.checkpoint)

    started, before, saved, smooth = time.time(), trained, time.time(), None
    while trained < options.minutes * 60:
        part = trained / (options.minutes * 60)
        rate = options.rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs, codes, lengths, frames = (t.to(device) for t in samples.next())
        with torch.autocast(device.type, dtype=torch.bfloat16):
            output = network(inputs)
        spans = torch.full((len(inputs),), FRAMES)
        each = F.ctc_loss(output.permute(1, 0, 2), codes, spans, lengths, blank=BLANK, reduction="none", zero_infinity=True)
        each = each / lengths.clamp(min=1)
        loss = each.mean()
        # A sample that nobody could read has the largest loss and the least to teach.
        total = (each * (HOPELESS / each.detach().clamp(min=HOPELESS))).mean()
        guidance = options.frames * max(0.0, 1 - part / 0.33)
        if guidance > 0:
            total = total + guidance * F.nll_loss(output.reshape(-1, CODES), frames.reshape(-1), weight=frame_weights)
        optimiser.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 3.0)
        optimiser.step()
        step, seen = step + 1, seen + len(inputs)
        decay = min(0.9985, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(averaged.parameters(), network.parameters()):
                a.lerp_(b, 1 - decay)
        smooth = loss.item() if smooth is None else 0.99 * smooth + 0.01 * loss.item()
        trained = before + time.time() - started
        if time.time() - saved > 60 or step == 100:
            save()
            figures = report(averaged, device, real, validation)
            print(f"{trained / 60:.1f} min step {step} seen {seen} (fresh {samples.fresh}, again {samples.again}) rate {rate:.5f} loss {smooth:.3f} | {figures}", flush=True)
            saved = time.time()
    save()
    print("done", report(averaged, device, real, validation), flush=True)


if __name__ == "__main__":
    main()
