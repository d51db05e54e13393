"""Trains the plate network for a fixed time on scenes made as it goes; averaged weights are written every two minutes.

    python3 train.py --data DATA --pictures FOLDER --out plates.pt --minutes 60 [--resume]

The learning rate falls along a cosine over the wall clock, so any number of minutes ends well. --resume goes on from
the last checkpoint of --out, with its clock. A GPU is used if there is one.
"""
import argparse
import multiprocessing
import os
import queue
import time

import numpy as np
import torch
from torch import nn

from network import PlateNetwork

BATCH = 16


def produce(batches, seed, data, pictures, niceness):
    os.nice(niceness)
    from scenes import HEIGHT, WIDTH, SceneMaker
    from targets import targets
    maker = SceneMaker(seed, data, pictures)
    while True:
        images, answers = [], []
        while len(images) < BATCH:
            image, plates, ignored = maker.sample()
            images.append(image)
            answers.append(targets(plates, ignored, WIDTH, HEIGHT))
        batches.put([np.stack(images)] + [np.stack(a).astype(np.float16) for a in zip(*answers)])


def losses(out, score, corners, weight, size, counted):
    """Focal loss on the score map; corner distances in parts of the plate's width and height."""
    probability = torch.sigmoid(out[:, 0]).clamp(1e-5, 1 - 1e-5)
    centre = (score >= 0.999).float()
    number = centre.sum().clamp(min=4)
    found = -((1 - probability) ** 2 * probability.log() * centre).sum() / number
    empty = -((1 - score) ** 4 * probability ** 2 * (1 - probability).log() * (1 - centre) * counted).sum() / number
    distance = (out[:, 1:] - corners).abs()
    distance = distance.view(len(out), 4, 2, *distance.shape[2:]) / size[:, None]
    distance = torch.where(distance < 0.05, distance ** 2 / 0.1, distance - 0.025)
    return found, empty, (distance.sum((1, 2)) * weight).sum() / weight.sum().clamp(min=1)


def average(slow, fast, keep):
    with torch.no_grad():
        for a, b in zip(slow.state_dict().values(), fast.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(keep).add_(b, alpha=1 - keep)
            else:
                a.copy_(b)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--out", default="plates.pt")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--producers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    network = PlateNetwork().to(device, memory_format=torch.channels_last)
    averaged = PlateNetwork().to(device)
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": weights, "weight_decay": 1e-2}, {"params": others, "weight_decay": 0}])
    step, spent, full = 0, 0.0, options.out + ".full"
    if options.resume:
        state = torch.load(full, map_location=device, weights_only=False)
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
    else:
        averaged.load_state_dict(network.state_dict())
    averaged.eval()

    context = multiprocessing.get_context("spawn")
    batches = context.Queue(6)
    workers = [context.Process(target=produce, daemon=True, args=(
        batches, options.seed * 1000 + step + i, options.data, options.pictures, 5)) for i in range(options.producers)]
    for worker in workers:
        worker.start()

    def save():
        torch.save(averaged.state_dict(), options.out + ".new")
        os.replace(options.out + ".new", options.out)
        torch.save({"network": network.state_dict(), "averaged": averaged.state_dict(), "step": step,
                    "optimiser": optimiser.state_dict(), "spent": spent}, full + ".new")
        os.replace(full + ".new", full)

    def next_batch():
        while True:
            try:
                return batches.get(timeout=20)
            except queue.Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise SystemExit("every producer of scenes has died: see the errors above")

    batch = next_batch()
    start, waited, sums, count, logged, saved = time.time() - spent, 0.0, np.zeros(3), 0, time.time(), time.time()
    begun, first = time.time(), step
    while spent < options.minutes * 60:
        rate = options.rate * min(1, (step + 1) / 150) * (0.5 + 0.5 * np.cos(np.pi * spent / options.minutes / 60)) + 2e-5
        for group in optimiser.param_groups:
            group["lr"] = float(rate)
        image = torch.from_numpy(batch[0]).to(device).float().div_(255)[:, None].to(memory_format=torch.channels_last)
        answers = [torch.from_numpy(a).to(device).float() for a in batch[1:]]
        with torch.autocast(device, torch.bfloat16):
            out = network(image, logits=True)
        found, empty, corner = losses(out.float(), *answers)
        optimiser.zero_grad(set_to_none=True)
        (found + empty + 1.5 * corner).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        step += 1
        average(averaged, network, min(0.998, (step + 1) / (step + 20)))
        sums += [found.item(), empty.item(), corner.item()]
        count += 1
        before = time.time()
        batch = next_batch()
        now = time.time()
        waited += now - before
        spent = now - start
        if now - logged > 30:
            print(f"{spent / 60:6.1f} min  step {step:6d}  {(step - first) * BATCH / (now - begun):5.0f} samples/s  waiting "
                  f"{waited / (now - begun):3.0%}  found {sums[0] / count:.3f}  empty {sums[1] / count:.3f}  corners "
                  f"{sums[2] / count:.3f}  rate {rate:.1e}", flush=True)
            sums, count, logged = np.zeros(3), 0, now
        if now - saved > 120:
            save()
            saved = now
    save()
    print(f"done: {step} steps, {step * BATCH} samples, {spent / 60:.1f} minutes", flush=True)
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
