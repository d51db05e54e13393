"""Writes trained weights into a Tesseract model.

    export.py CHECKPOINT MODEL.traineddata --work FOLDER [--float]

Tesseract's own tools make an untrained model of the network in FOLDER (charset, recoder, an empty network); the trained
weights then take the place of its random ones. The result computes with 8-bit integers unless --float is given.
The tools `lstmtraining`, `combine_tessdata`, `combine_lang_model` and `unicharset_extractor` must be on the PATH.
"""

import argparse
import os
import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import torch

import network as plates


def run(*command, cwd: Path) -> None:
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"export: {command[0]} failed:\n{done.stderr[-2000:]}")


def training_page() -> bytes:
    """One line of training data in Tesseract's .lstmf form: lstmtraining will not even begin without any."""

    def text(value: bytes) -> bytes:
        return struct.pack("<I", len(value)) + value

    picture = cv2.imencode(".png", np.full((plates.HEIGHT, plates.WIDTH), 255, np.uint8))[1].tobytes()
    page = text(b"line") + struct.pack("<i", 0) + text(picture) + text(b"plate") + text(b"AB12")
    page += struct.pack("<Ihhhh", 1, 0, 0, plates.WIDTH, plates.HEIGHT) + struct.pack("<I", 1) + text(b"AB12") + b"\0"
    return struct.pack("<I", 1) + b"\1" + page


def skeleton(work: Path) -> None:
    """An untrained model of `network.spec()`: skeleton.traineddata and its component skeleton.lstm."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "characters.txt").write_text(plates.CHARACTERS + "\n")
    (work / "empty.txt").write_text("")
    (work / "radical-stroke.txt").write_text("# none\n")
    (work / "page.lstmf").write_bytes(training_page())
    (work / "pages.txt").write_text(str((work / "page.lstmf").resolve()) + "\n")
    for stale in work.glob("skeleton*"):
        stale.unlink()
    run("unicharset_extractor", "--output_unicharset", "unicharset", "--norm_mode", 1, "characters.txt", cwd=work)
    lists = ["--words", "empty.txt", "--numbers", "empty.txt", "--puncs", "empty.txt"]
    run("combine_lang_model", "--input_unicharset", "unicharset", "--script_dir", ".", *lists, "--output_dir", ".", "--lang", "plate", "--pass_through_recoder", cwd=work)
    starter = ["--traineddata", "plate/plate.traineddata"]
    run("lstmtraining", *starter, "--net_spec", plates.spec(), "--model_output", "skeleton", "--train_listfile", "pages.txt", "--max_iterations", 1, cwd=work)
    run("lstmtraining", "--stop_training", *starter, "--continue_from", "skeleton_checkpoint", "--model_output", "skeleton.traineddata", cwd=work)
    run("combine_tessdata", "-u", "skeleton.traineddata", "skeleton.", cwd=work)


def matrices(state: dict) -> list[np.ndarray]:
    """The weights in Tesseract's order and layout: one matrix a layer or gate, the bias in its last column."""
    state = {name: values.float().numpy() for name, values in state.items()}
    result = []
    for i in range(len(plates.CONVOLUTIONS)):
        weight, bias = state[f"conv.{i}.weight"], state[f"conv.{i}.bias"]
        # PyTorch: output, input, y, x. Tesseract: output, then x, y, input.
        result.append(np.concatenate([weight.transpose(0, 3, 2, 1).reshape(len(weight), -1), bias[:, None]], 1))
    for i in range(len(plates.LSTMS)):
        for way in ("", "_reverse"):
            inputs, states = state[f"lstm.{i}.weight_ih_l0{way}"], state[f"lstm.{i}.weight_hh_l0{way}"]
            bias = state[f"lstm.{i}.bias_ih_l0{way}"] + state[f"lstm.{i}.bias_hh_l0{way}"]
            whole = np.concatenate([inputs, states, bias[:, None]], 1)
            size = len(whole) // 4
            # PyTorch's gates are i, f, g, o; Tesseract's CI, GI, GF1, GO.
            result += [whole[g * size : (g + 1) * size] for g in (2, 0, 1, 3)]
    result.append(np.concatenate([state["out.weight"], state["out.bias"][:, None]], 1))
    return result


def fill(network: bytes, weights: list[np.ndarray]) -> bytes:
    """Replaces the matrices of an .lstm component.

    Each is: mode 0x84 (doubles, Adam), rows, columns (int32), the value of empty cells (double), then rows x columns doubles.
    """
    data, position = bytearray(network), 0
    for matrix in weights:
        header = b"\x84" + struct.pack("<iid", *matrix.shape, 0.0)
        found = data.find(header, position)
        if found < 0:
            raise SystemExit(f"export: the skeleton has no further matrix of {matrix.shape}; do the specs agree?")
        values = matrix.astype("<f8").tobytes()
        start = found + len(header)
        data[start : start + len(values)] = values
        position = start + len(values)
    return bytes(data)


def export(checkpoint: Path, model: Path, work: Path, integers: bool = True) -> None:
    skeleton(work)
    state = torch.load(checkpoint, map_location="cpu")["averaged"]
    (work / "trained.lstm").write_bytes(fill((work / "skeleton.lstm").read_bytes(), matrices(state)))
    shutil.copy(work / "skeleton.traineddata", work / "trained.traineddata")
    run("combine_tessdata", "-o", "trained.traineddata", "trained.lstm", cwd=work)
    if integers:
        run("combine_tessdata", "-c", "trained.traineddata", cwd=work)
    shutil.copy(work / "trained.traineddata", model)
    print(f"export: {model}, {model.stat().st_size} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--float", action="store_true")
    options = parser.parse_args()
    export(options.checkpoint, options.model, options.work, not options.float)
