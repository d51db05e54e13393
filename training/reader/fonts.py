"""Faces to draw plates with: fetches the packages of fonts.txt, and renders every character once.

    fonts.py FOLDER     fetch into FOLDER, then write FOLDER/atlas.pickle

Nothing is installed: Debian packages and wheels are downloaded and unpacked under FOLDER.
"""

import pickle
import random
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import strokes
import words

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CAP = 64  # rows of a stored registration character
STRIP = 28  # rows of a stored piece of small print
STROKE_FACES = 160
STRIPS = 1400


@dataclass
class Face:
    source: str
    package: str
    file: str
    licence: str
    kinds: list[str]
    axes: dict[str, float]

    def path(self, folder: Path) -> Path:
        if self.source == "pypi":
            return folder / "wheels" / self.file
        root = folder / "debian" / "usr" / "share"
        return root / ("texmf" if self.file.startswith("@") else "fonts") / self.file.removeprefix("@texmf/")

    def font(self, folder: Path, size: int) -> ImageFont.FreeTypeFont:
        font = ImageFont.truetype(str(self.path(folder)), size)
        if self.axes:
            values = []
            for axis in font.get_variation_axes():
                name = str(axis["name"]).lower()
                wanted = self.axes.get("wght" if "weight" in name else "wdth" if "width" in name else "", axis["default"])
                values.append(min(max(wanted, axis["minimum"]), axis["maximum"]))
            font.set_variation_by_axes(values)
        return font


def faces() -> list[Face]:
    found = []
    for line in (Path(__file__).parent / "fonts.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            source, package, file, licence, kinds, axes = line.split("\t")
            axis_values = {} if axes == "-" else {k: float(v) for k, v in (a.split("=") for a in axes.split(","))}
            found.append(Face(source, package, file, licence, kinds.split(","), axis_values))
    return found


def fetch(folder: Path) -> None:
    """Downloads and unpacks what is not there yet."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in sorted({f.package for f in faces() if f.source == "debian"}):
        if not list(downloads.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", package], cwd=downloads, check=True)
        for archive in downloads.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", archive, folder / "debian"], check=True)
    for package in sorted({f.package for f in faces() if f.source == "pypi"}):
        stem = package.replace("-", "_")
        if not list(downloads.glob(f"{stem}-*.whl")):
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", package]
            subprocess.run(pip, cwd=downloads, check=True)
        for archive in downloads.glob(f"{stem}-*.whl"):
            zipfile.ZipFile(archive).extractall(folder / "wheels")


def glyph(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    """Opacity 0...255 of one character: cap height `CAP` rows and 2 more on each side, cut tightly left and right."""
    left, top, right, bottom = font.getbbox("H")
    cap = bottom - top
    image = Image.new("L", (3 * cap, 3 * cap), 0)
    ImageDraw.Draw(image).text((cap, cap - top), character, 255, font=font)
    pixels = np.asarray(image)
    columns = np.where(pixels.max(0) > 25)[0]
    edge = round(cap * 2 / CAP)
    # Plates have no descenders: the tail of a Q is squeezed into the line.
    below = np.where(pixels.max(1) > 25)[0][-1] + 1
    end = below if below > 2 * cap + 3 * edge else 2 * cap
    pixels = pixels[cap - edge : end + edge, columns[0] : columns[-1] + 1]
    return cv2.resize(pixels, (max(4, round(pixels.shape[1] * CAP / cap)), CAP + 4), interpolation=cv2.INTER_AREA)


def strip(font: ImageFont.FreeTypeFont, text: str) -> np.ndarray:
    """Opacity of a piece of small print, `STRIP` rows high."""
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (right - left + 2, bottom - top + 2), 0)
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font=font)
    pixels = np.asarray(image)
    return cv2.resize(pixels, (max(6, pixels.shape[1] * STRIP // pixels.shape[0]), STRIP), interpolation=cv2.INTER_AREA)


def build_atlas(folder: Path) -> None:
    rng = random.Random(20)
    known = [f for f in faces() if f.path(folder).exists()]
    missing = [f.file for f in faces() if not f.path(folder).exists()]
    if missing:
        print("fonts: not found, left out:", ", ".join(missing))
    drawn = []
    for face in known:
        if "letter" not in face.kinds:
            font = face.font(folder, 110)
            drawn.append((face.kinds, {c: glyph(font, c) for c in CHARACTERS}))
    for k in range(STROKE_FACES):
        kind = ("us", "eu", "fe", "br")[k % 4]
        drawn.append((["stroke", kind], strokes.draw_face(rng, kind, CAP)))
    strips = []
    small = [f for f in known if "mono" not in f.kinds]
    fonts = [f.font(folder, 40) for f in small]
    for _ in range(STRIPS):
        group, text = words.pick(rng)
        strips.append((group, strip(rng.choice(fonts), text)))
    with open(folder / "atlas.part", "wb") as file:
        pickle.dump({"faces": drawn, "strips": strips}, file)
    (folder / "atlas.part").rename(folder / "atlas.pickle")
    print(f"fonts: {len(known)} faces of {len({f.package for f in known})} packages, {STROKE_FACES} drawn by strokes")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    fetch(target)
    build_atlas(target)
