"""Draws a plate, flat and clean, in grey: characters, bands, small print, seals, stickers, bolts and frames.

Everything on the hot path is a numpy or OpenCV call on small arrays; characters and small print come from the atlas.
"""

import math
import pickle
import random
from dataclasses import dataclass

import cv2
import numpy as np

import plates
from fonts import CAP, STRIP

HEIGHT = 96  # rows of a plate with one row of characters
SQUARE_HEIGHT = 128


@dataclass
class Row:
    text: str
    centres: list[float]  # across, pixels of the plate; one a character
    middle: float  # down


@dataclass
class Plate:
    image: np.ndarray  # uint8
    rows: list[Row]
    style: str


class Painter:
    """Draws plates; one per process."""

    def __init__(self, atlas_path, seed: int):
        with open(atlas_path, "rb") as file:
            atlas = pickle.load(file)
        self.rng = random.Random(seed)
        self.np_rng = np.random.default_rng(seed)
        self.faces: dict[str, list[dict]] = {}
        for kinds, glyphs in atlas["faces"]:
            names = [f"stroke-{kinds[1]}", "fe"] if kinds == ["stroke", "fe"] else [f"stroke-{kinds[1]}"] if kinds[0] == "stroke" else kinds
            for name in names:
                self.faces.setdefault(name, []).append(glyphs)
        self.strips: dict[str, list[np.ndarray]] = {}
        for group, strip in atlas["strips"]:
            self.strips.setdefault(group, []).append(strip)
        # Smooth noise is cut from a stock of fields; making it anew for every plate would cost more than all the rest.
        self.fields = []
        for cells in (3, 3, 4, 5, 6, 8, 12, 20, 32, 48):
            for _ in range(6):
                coarse = self.np_rng.normal(0, 1, (cells, cells * 2)).astype(np.float32)
                self.fields.append(cv2.resize(coarse, (512, 256), interpolation=cv2.INTER_CUBIC))

    # -- chance

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def choose(self, weights: dict):
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def noise(self, height: int, width: int, coarse: bool = True) -> np.ndarray:
        rng = self.rng
        field = self.fields[rng.randrange(0, 36) if coarse else rng.randrange(30, len(self.fields))]
        h, w = rng.randint(120, 256), rng.randint(240, 512)
        y, x = rng.randint(0, 256 - h), rng.randint(0, 512 - w)
        return cv2.resize(field[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)

    # -- the whole plate

    def plate(self) -> Plate:
        style, text = plates.pick(self.rng)
        rng = self.rng
        rows = text.split("/")
        height = SQUARE_HEIGHT if len(rows) > 1 else HEIGHT
        width = int(height * rng.uniform(*style.aspect))
        count = max(len(row.replace("|", "")) for row in rows)
        if style.look == "europe" and count <= 5 and self.chance(0.5):
            width = int(width * rng.uniform(0.75, 1))
        dark = self.chance(style.dark)
        paper, ink = rng.uniform(165, 255), rng.uniform(0, 90)
        if style.look == "brazil":
            paper = rng.uniform(110, 215)
        if self.chance(0.12):  # coloured ink
            ink = rng.uniform(50, 150)
            paper = max(paper, ink + 60)
        if dark:
            paper, ink = rng.uniform(5, 120), rng.uniform(175, 255)
        image = np.full((height, width), paper, np.float32)
        self.paper, self.ink = paper, ink
        room = getattr(self, "_" + style.look)(image, style, rows)
        glyphs = rng.choice(self.faces[self.choose(style.faces)])
        glyphs = self.twins(glyphs, style)
        opacity = np.zeros((height, width), np.float32)
        cap = rng.uniform(*style.cap) * height
        drawn = []
        middles = room["middles"](cap)
        squeeze = rng.uniform(0.85, 1.2)
        equal_cells, fill = self.chance(0.6), rng.uniform(0.86, 1.0) if self.chance(0.75) else rng.uniform(0.6, 0.9)
        for row, middle in zip(rows, middles):
            drawn.append(self.row(image, opacity, row, glyphs, style, room["left"], room["right"], middle, cap, squeeze, equal_cells, fill))
        self.small_print(image, style, room, drawn, cap)
        self.ink_in(image, opacity, cap * len(rows))
        self.rim(image, style, drawn, cap)
        return Plate(np.clip(image, 0, 255).astype(np.uint8), drawn, style.name)

    def twins(self, glyphs: dict, style) -> dict:
        glyphs = dict(glyphs)
        if self.chance(style.same_zero):
            source = "O" if self.chance(0.6) else "0"
            glyphs["O"] = glyphs["0"] = glyphs[source]
            if style.look == "brazil" and self.chance(0.15):
                glyphs["O"] = glyphs["0"] = glyphs["D"]
        if self.chance(style.same_one):
            glyphs["1"] = glyphs["I"] = glyphs["I" if self.chance(0.5) else "1"]
        return glyphs

    def row(self, image, opacity, text, glyphs, style, left, right, middle, cap, squeeze, equal_cells, fill) -> Row:
        """Sets one row of characters between `left` and `right`, and draws what its gaps hold."""
        rng = self.rng
        scale = cap / CAP
        widths = [0 if c == "|" else glyphs[c].shape[1] * scale * squeeze for c in text]
        shown = sorted(w for w in widths if w)
        typical = shown[len(shown) // 2] if len(shown) > 2 else cap * 0.55
        space = typical * rng.uniform(0.08, 0.36)
        kind = self.choose(style.gap) if "|" in text else "none"
        gap = typical * {"none": rng.uniform(0.0, 0.6), "dash": rng.uniform(0.3, 0.8), "dot": rng.uniform(0.15, 0.5)}.get(kind, rng.uniform(0.45, 1.2))
        strict = equal_cells and self.chance(0.7)
        widest = max(shown)
        if strict:
            widest = min(widest, typical * rng.uniform(1.0, 1.12))
        cells = []
        for c, w in zip(text, widths):
            if c == "|":
                cells.append(gap)
            elif equal_cells and (c not in "I1" or self.chance(0.6)):
                cells.append(max(w, typical * 1.05) if not strict else widest)
            else:
                cells.append(w)
        total = sum(cells) + space * (len(cells) - 1)
        limit = right - left
        stretch = min(limit * fill / total, 1.25)
        extra = 0.0
        if limit * fill > total * stretch and len(cells) > 1 and self.chance(0.7):  # the rest goes between the characters
            extra = min((limit * fill - total * stretch) / (len(cells) - 1), typical * 0.5)
        used = total * stretch + extra * (len(cells) - 1)
        x = left + max(0.0, limit - used) * (rng.uniform(0.4, 0.6) if self.chance(0.8) else rng.uniform(0, 1))
        top, tall = middle - cap / 2, max(6, round(cap) + round(cap * 4 / CAP))
        centres, letters = [], ""
        for c, w, cell in zip(text, widths, cells):
            cell *= stretch
            if c == "|":
                self.gap_filler(image, opacity, kind, x + cell / 2, middle, cell + space, cap, style)
            else:
                wide = max(3, round(min(w * stretch, cell * 1.02) if strict else w * stretch))
                shape = cv2.resize(glyphs[c], (wide, tall), interpolation=cv2.INTER_AREA)
                px = round(x + (cell - wide) / 2)
                py = round(top - cap * 2 / CAP + rng.uniform(-0.012, 0.012) * cap)
                merge(opacity, shape, px, py)
                centres.append(x + cell / 2)
                letters += c
            x += cell + space * stretch + extra
        return Row(letters, centres, middle)

    def ink_in(self, image, opacity, cap: float) -> None:
        rng = self.rng
        weight = rng.random()
        inked = float(opacity.sum()) / max(1.0, float((opacity.max(0) > 0.5).sum()) * cap)  # of the characters' own columns
        if weight < 0.12 and inked < 0.5:
            opacity = cv2.dilate(opacity, np.ones((3, 3)))
        elif weight < 0.25 and inked < 0.58:
            opacity = cv2.dilate(opacity, np.ones((2, 2)))
        elif weight < 0.37 and inked > 0.3 or inked > 0.68:
            opacity = cv2.erode(opacity, np.ones((2, 2)))
        if self.chance(0.3):  # pressed characters: one lit and one shaded edge
            soft = cv2.GaussianBlur(opacity, (0, 0), rng.uniform(0.7, 1.6))
            image += (np.roll(soft, (1, 1), (0, 1)) - np.roll(soft, (-1, -1), (0, 1))) * rng.uniform(-80, 80)
        if self.chance(0.06):  # worn paint
            opacity = opacity * np.clip(0.9 + self.noise(*opacity.shape, coarse=False) * 0.35, 0.2, 1)
        if self.chance(0.04):  # outlined characters
            edge = cv2.dilate(opacity, np.ones((5, 5)))
            image += (rng.uniform(0, 255) - image) * edge * 0.9
        image += (self.ink - image) * opacity

    # -- looks: each prepares the paper and answers where characters may stand

    def _europe(self, image, style, rows) -> dict:
        rng = self.rng
        height, width = image.shape
        left, right = rng.uniform(0.015, 0.05) * width, width * (1 - rng.uniform(0.015, 0.05))
        if self.chance(0.74):
            left = self.euroband(image, 0, rng.uniform(0.07, 0.115) * width) + rng.uniform(0.006, 0.04) * width
        side = 0.5 if style.name in ("italy", "france", "albania") else 0.06
        if self.chance(side):
            band = rng.uniform(0.07, 0.11) * width
            self.euroband(image, width - band, band)
            right = width - band - rng.uniform(0.006, 0.03) * width
        return {"left": left, "right": right, "middles": lambda cap: [height * rng.uniform(0.47, 0.53)]}

    def euroband(self, image, x: float, band: float) -> float:
        rng = self.rng
        height = image.shape[0]
        tone = rng.uniform(15, 130)
        image[:, int(x) : int(x + band)] = tone
        light = rng.uniform(160, 255)
        middle = int(x + band / 2)
        if self.chance(0.75):  # the ring of stars, or a flag
            if self.chance(0.7):
                radius = band * rng.uniform(0.22, 0.36)
                for k in range(12):
                    a = k * math.pi / 6
                    cv2.circle(image, (int(middle + radius * math.cos(a)), int(height * 0.32 + radius * math.sin(a))), 1, light, -1)
            else:
                self.emblem(image, middle, int(height * 0.3), band * 0.3)
        if self.chance(0.8):
            self.paste("country", image, middle, height * rng.uniform(0.7, 0.84), height * rng.uniform(0.14, 0.22), light, band * 0.9)
        return x + band

    def _square(self, image, style, rows) -> dict:
        rng = self.rng
        height, width = image.shape
        left, right = rng.uniform(0.04, 0.09) * width, width * (1 - rng.uniform(0.04, 0.09))
        if self.chance(0.5):
            left = self.euroband(image, 0, rng.uniform(0.1, 0.16) * width) + 0.03 * width
        self.scatter_seals(image, style)
        upper, lower = rng.uniform(0.25, 0.3), rng.uniform(0.7, 0.76)
        return {"left": left, "right": right, "middles": lambda cap: [height * upper, height * lower]}

    def scatter_seals(self, image, style) -> None:
        if "germany" in style.name and self.chance(0.8):
            height, width = image.shape
            for x in (0.8, 0.92):
                if self.chance(0.6):
                    self.seal(image, int(width * x), int(height * 0.28), height * 0.08)

    def _america(self, image, style, rows) -> dict:
        rng = self.rng
        height, width = image.shape
        if self.chance(0.5):  # printed scenery
            image += self.noise(height, width) * rng.uniform(3, 26)
        if self.chance(0.3):
            image += np.linspace(-1, 1, height, dtype=np.float32)[:, None] * rng.uniform(-45, 45)
        if self.chance(0.12):  # mountains or a landscape behind the characters
            points = [(0, height)] + [(int(width * k / 6), int(height * rng.uniform(0.45, 0.95))) for k in range(7)] + [(width, height)]
            tone = self.paper + rng.uniform(-60, 30)
            cv2.fillPoly(image, [np.array(points, np.int32)], tone)
        for top in (True, False):
            if self.chance(0.16):
                band = int(rng.uniform(0.1, 0.26) * height)
                image[:band] = image[:band] if not top else rng.uniform(20, 235)
                if not top:
                    image[-band:] = rng.uniform(20, 235)
        left, right = rng.uniform(0.02, 0.07) * width, width * (1 - rng.uniform(0.02, 0.07))
        if self.chance(0.2):  # a logo, a seal or stacked small letters beside the characters
            wide = rng.uniform(0.07, 0.22) * width
            at_left = self.chance(0.7)
            x = int(left + wide / 2 if at_left else right - wide / 2)
            if self.chance(0.7):
                self.emblem(image, x, int(height * rng.uniform(0.4, 0.65)), wide * rng.uniform(0.4, 0.6))
            else:
                group = rng.choice(["letter", "letter", "year", "month"])
                for y in rng.choice([(0.38, 0.62), (0.38, 0.62), (0.32, 0.5, 0.68), (rng.uniform(0.35, 0.65),)]):
                    self.paste(group, image, x, height * y, height * rng.uniform(0.13, 0.24), self.ink, wide)
            left, right = (left + wide, right) if at_left else (left, right - wide)
        middle = rng.uniform(0.47, 0.57)
        return {"left": left, "right": right, "middles": lambda cap: [height * middle]}

    def _brazil(self, image, style, rows) -> dict:
        rng = self.rng
        height, width = image.shape
        left, right = rng.uniform(0.025, 0.06) * width, width * (1 - rng.uniform(0.025, 0.06))
        if len(rows) > 1:
            upper = rng.uniform(0.35, 0.41)
            lower = upper + rng.uniform(0.35, 0.4)
            return {"left": left, "right": right, "middles": lambda cap: [height * upper, height * lower]}
        middle = rng.uniform(0.56, 0.64)
        return {"left": left, "right": right, "middles": lambda cap: [height * middle]}

    def _mercosur(self, image, style, rows) -> dict:
        rng = self.rng
        height, width = image.shape
        band = rng.uniform(0.2, 0.26) if len(rows) == 1 else rng.uniform(0.16, 0.22)
        image[: int(height * band)] = rng.uniform(20, 130)
        light = rng.uniform(170, 255)
        self.paste("mercosur", image, width * rng.uniform(0.44, 0.56), height * band * 0.5, height * band * rng.uniform(0.4, 0.7), light, width * 0.5)
        for x in (0.07, 0.93):
            if self.chance(0.75):
                self.emblem(image, int(width * x), int(height * band * 0.5), height * band * 0.33)
        left, right = rng.uniform(0.03, 0.07) * width, width * (1 - rng.uniform(0.03, 0.07))
        if self.chance(0.7):  # BR below a code square, or a hologram, at the left
            if self.chance(0.6):
                cv2.rectangle(image, (int(width * 0.02), int(height * 0.36)), (int(width * 0.07), int(height * 0.52)), rng.uniform(60, 200), -1)
            if self.chance(0.7):
                self.paste("country", image, width * 0.045, height * rng.uniform(0.82, 0.9), height * rng.uniform(0.09, 0.14), self.ink, width * 0.08)
            left = max(left, width * rng.uniform(0.06, 0.09))
        if len(rows) > 1:
            upper, lower = rng.uniform(0.39, 0.43), rng.uniform(0.75, 0.79)
            return {"left": left, "right": right, "middles": lambda cap: [height * upper, height * lower]}
        middle = band + (1 - band) * rng.uniform(0.46, 0.54)
        return {"left": left, "right": right, "middles": lambda cap: [height * middle]}

    # -- what stands between and around the characters

    def gap_filler(self, image, opacity, kind, x, y, room, cap, style) -> None:
        rng = self.rng
        x, half = int(x), room / 2
        if kind == "dash":
            reach = min(half * rng.uniform(0.4, 0.8), cap * 0.2)
            thick = max(1, int(cap * rng.uniform(0.03, 0.07)))
            cv2.rectangle(opacity, (int(x - reach), int(y - thick)), (int(x + reach), int(y + thick)), 1.0, -1)
        elif kind == "dot":
            cv2.circle(opacity, (x, int(y + (rng.uniform(-0.1, 0.1) if self.chance(0.7) else 0.4) * cap)), max(1, int(cap * rng.uniform(0.05, 0.1))), 1.0, -1)
        elif kind == "seals":
            radius = min(half * 0.85, cap * rng.uniform(0.14, 0.22))
            self.seal(image, x, int(y - cap * rng.uniform(0.2, 0.28)), radius)
            self.seal(image, x, int(y + cap * rng.uniform(0.2, 0.28)), radius)
        elif kind == "seal":
            self.seal(image, x, int(y + rng.uniform(-0.3, 0.3) * cap), min(half * 0.85, cap * rng.uniform(0.12, 0.26)))
        elif kind == "shield":
            r = min(half * 0.8, cap * rng.uniform(0.18, 0.34))
            points = [(-r, -1.2 * r), (r, -1.2 * r), (r, 0.3 * r), (0, 1.3 * r), (-r, 0.3 * r)]
            shape = np.array([(x + px, y + py) for px, py in points], np.int32)
            cv2.fillPoly(image, [shape], rng.uniform(60, 240))
            self.scribble(image, x, y, r, rng.randint(1, 5))
            cv2.polylines(image, [shape], True, self.ink if self.chance(0.6) else rng.uniform(0, 255), rng.randint(1, 2))
        elif kind == "sticker":
            self.sticker(image, x, int(y), min(half * 0.9, cap * 0.4), cap * rng.uniform(0.2, 0.4))
        elif kind == "emblem":
            self.emblem(image, x, int(y + rng.uniform(-0.15, 0.15) * cap), min(half * rng.uniform(0.6, 1.15), cap * 0.5))

    def scribble(self, image, x, y, radius, count) -> None:
        rng = self.rng
        for _ in range(count):
            a, b = ((int(x + rng.uniform(-0.7, 0.7) * radius), int(y + rng.uniform(-0.7, 0.7) * radius)) for _ in range(2))
            cv2.line(image, a, b, rng.uniform(0, 255), rng.randint(1, max(1, int(radius * 0.3))))

    def seal(self, image, x, y, radius) -> None:
        rng = self.rng
        radius = max(2, int(radius))
        cv2.circle(image, (x, y), radius, rng.uniform(60, 240), -1, cv2.LINE_AA)
        if self.chance(0.7):
            self.scribble(image, x, y, radius, rng.randint(1, 4))
        if self.chance(0.6):
            cv2.circle(image, (x, y), radius, rng.uniform(0, 160), 1, cv2.LINE_AA)

    def sticker(self, image, x, y, half_width, half_height) -> None:
        rng = self.rng
        box = cv2.boxPoints(((x, y), (2 * half_width, 2 * half_height), rng.gauss(0, 4)))
        cv2.fillPoly(image, [box.astype(np.int32)], rng.uniform(20, 255))
        for dy in (-0.45, 0.4):
            if self.chance(0.65):
                group = "month" if dy < 0 and self.chance(0.6) else "year"
                self.paste(group, image, x, y + dy * half_height, half_height * rng.uniform(0.5, 0.95), rng.uniform(0, 255), half_width * 1.8)
        if self.chance(0.3):
            cv2.polylines(image, [box.astype(np.int32)], True, rng.uniform(0, 255), 1)

    def emblem(self, image, x, y, radius) -> None:
        """A star, an outline of a state, a sun, a cross, a bear-like blot: nothing that is a character."""
        rng = self.rng
        r = max(2.0, radius)
        tone = rng.uniform(40, 230) if self.chance(0.6) else self.ink
        kind = rng.random()
        if kind < 0.2:
            cv2.circle(image, (x, y), int(r * 0.8), tone, -1 if self.chance(0.6) else max(1, int(r * 0.2)), cv2.LINE_AA)
            self.scribble(image, x, y, r * 0.7, rng.randint(0, 4))
        elif kind < 0.4:
            n = rng.choice([5, 5, 6, 8])
            points = [(x + r * (1 if k % 2 == 0 else 0.42) * math.sin(k * math.pi / n), y - r * (1 if k % 2 == 0 else 0.42) * math.cos(k * math.pi / n)) for k in range(2 * n)]
            cv2.fillPoly(image, [np.array(points, np.int32)], tone, cv2.LINE_AA)
        elif kind < 0.72:  # outline of a state or an animal: a star-shaped polygon with chance radii
            n, flat = rng.randint(6, 14), rng.uniform(0.6, 1.4)
            points = []
            for k in range(n):
                a, reach = 2 * math.pi * (k + rng.uniform(-0.3, 0.3)) / n, r * rng.uniform(0.45, 1.05)
                points.append((x + reach * math.cos(a), y + flat * reach * math.sin(a)))
            shape = np.array(points, np.int32)
            if self.chance(0.75):
                cv2.fillPoly(image, [shape], tone, cv2.LINE_AA)
            else:
                cv2.polylines(image, [shape], True, tone, max(1, int(r * 0.15)), cv2.LINE_AA)
            if self.chance(0.4):
                self.scribble(image, x, y, r * 0.6, rng.randint(1, 3))
        elif kind < 0.78:  # sun or wheel
            for k in range(8):
                a = k * math.pi / 4
                cv2.line(image, (x, y), (int(x + r * math.cos(a)), int(y + r * math.sin(a))), tone, max(1, int(r * 0.14)), cv2.LINE_AA)
            cv2.circle(image, (x, y), int(r * 0.5), tone, -1, cv2.LINE_AA)
        elif kind < 0.88:  # cactus, tree, rider: a trunk and arms
            thick = max(1, int(r * rng.uniform(0.1, 0.3)))
            cv2.line(image, (x, int(y - r)), (x + int(rng.gauss(0, 0.1) * r), int(y + r)), tone, thick, cv2.LINE_AA)
            for way in (-1, 1):
                if self.chance(0.85):
                    arm, tip, root = x + int(way * r * rng.uniform(0.35, 0.8)), y - int(r * rng.uniform(0.1, 0.9)), y + int(r * rng.uniform(-0.2, 0.5))
                    cv2.polylines(image, [np.array([(arm, tip), (arm, root), (x, root)], np.int32)], False, tone, thick, cv2.LINE_AA)
        elif kind < 0.94:  # tree, mountain, keystone
            w, top = r * rng.uniform(0.5, 0.9), r * rng.uniform(0, 0.5)
            shape = np.array([(x - top * 0.6, y - r), (x + top * 0.6, y - r), (x + w, y + r), (x - w, y + r)], np.int32)
            cv2.fillPoly(image, [shape], tone, cv2.LINE_AA)
        else:
            self.sticker(image, x, y, r * 0.7, r * rng.uniform(0.5, 0.9))

    def paste(self, group, image, x, y, height, ink, limit) -> None:
        """A piece of small print, centred at x, y; narrowed or cut when wider than `limit`."""
        strip = self.rng.choice(self.strips[group])
        height = max(4, int(height))
        wide = max(3, int(strip.shape[1] * height / STRIP))
        if wide > limit * 1.6:
            strip = strip[:, : max(8, int(strip.shape[1] * limit * 1.6 / wide))]
        wide = max(3, min(wide, int(limit)))
        shape = cv2.resize(strip, (wide, height), interpolation=cv2.INTER_AREA)
        left, top = int(x - wide / 2), int(y - height / 2)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(image.shape[1], left + wide), min(image.shape[0], top + height)
        if x1 > x0 and y1 > y0:
            part = image[y0:y1, x0:x1]
            part += (ink - part) * (shape[y0 - top : y1 - top, x0 - left : x1 - left] * (1 / 255))

    def small_print(self, image, style, room, drawn, cap) -> None:
        rng = self.rng
        height, width = image.shape
        above, below = drawn[0].middle - cap / 2, height - drawn[-1].middle - cap / 2
        tone = self.ink if self.chance(0.6) else rng.uniform(0, 200)
        if style.look == "america":
            group = "mexico" if style.name == "mexico" else "state"
            if self.chance(0.88):
                self.paste(group, image, width * rng.uniform(0.4, 0.6), above * rng.uniform(0.42, 0.62), above * rng.uniform(0.45, 0.85), tone, width * 0.75)
            if self.chance(0.65):
                self.paste("slogan", image, width * rng.uniform(0.4, 0.6), height - below * rng.uniform(0.38, 0.6), below * rng.uniform(0.35, 0.75), tone, width * 0.85)
            for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
                x, y = rng.choice([0.1, 0.9]) * width + rng.gauss(0, 4), rng.choice([above * 0.5, height - below * 0.5])
                self.sticker(image, int(x), int(y), rng.uniform(0.03, 0.08) * width, rng.uniform(0.05, 0.11) * height)
            if self.chance(0.08):
                self.emblem(image, int(width * rng.choice([0.12, 0.88])), int(above * 0.6), above * 0.45)
        elif style.look == "brazil" and self.chance(0.92):
            if self.chance(0.6):  # the city stands on a plaque of its own
                reach = rng.uniform(0.2, 0.34) * width
                middle = width * rng.uniform(0.46, 0.54)
                cv2.rectangle(image, (int(middle - reach), int(above * 0.12)), (int(middle + reach), int(above * 0.88)), rng.uniform(0, 255), rng.choice([1, 1, -1]))
            self.paste("brazil", image, width * rng.uniform(0.46, 0.54), above * rng.uniform(0.42, 0.6), above * rng.uniform(0.4, 0.75), tone, width * 0.62)
        for _ in range(rng.choice([0, 0, 1, 2, 2, 4])):  # bolts
            x, y = rng.choice([0.08, 0.2, 0.3, 0.5, 0.7, 0.8, 0.92]) * width + rng.gauss(0, 3), rng.choice([above * 0.5, height - below * 0.5, height / 2 if self.chance(0.1) else above * 0.5])
            radius = rng.randint(1, 4)
            cv2.circle(image, (int(x), int(y)), radius, rng.uniform(0, 255), -1, cv2.LINE_AA)
            if self.chance(0.5):
                cv2.circle(image, (int(x), int(y)), radius + 1, rng.uniform(0, 255), 1, cv2.LINE_AA)

    def rim(self, image, style, drawn, cap) -> None:
        """The plate's own border line, and a dealer's frame over its edge."""
        rng = self.rng
        height, width = image.shape
        above, below = drawn[0].middle - cap / 2, height - drawn[-1].middle - cap / 2
        if self.chance(0.6):
            inset = rng.randint(0, 4)
            cv2.rectangle(image, (inset, inset), (width - 1 - inset, height - 1 - inset), self.ink if self.chance(0.7) else rng.uniform(0, 255), rng.randint(1, 3))
        if self.chance(0.42 if style.look == "america" else 0.14):
            tone = rng.uniform(0, 255) if self.chance(0.5) else rng.uniform(0, 60)
            print_tone = 255 - tone if abs(tone - 127) > 40 else 250
            top, bottom = int(min(rng.uniform(0.02, 0.15) * height, above * 0.9)), int(min(rng.uniform(0.02, 0.22) * height, below * 0.95))
            if top > 1:
                image[:top] = tone
                if top > 8 and self.chance(0.5):
                    self.paste("dealer", image, width / 2, top / 2, top * 0.7, print_tone, width * 0.7)
            if bottom > 1:
                image[-bottom:] = tone
                if bottom > 8 and self.chance(0.7):
                    self.paste("dealer", image, width / 2, height - bottom / 2, bottom * 0.7, print_tone, width * 0.8)
            if self.chance(0.7):
                side = max(1, int(rng.uniform(0.005, 0.03) * width))
                image[:, :side] = tone
                image[:, -side:] = tone


def merge(opacity: np.ndarray, shape: np.ndarray, left: int, top: int) -> None:
    """The greater of the two opacities, where they overlap."""
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(opacity.shape[1], left + shape.shape[1]), min(opacity.shape[0], top + shape.shape[0])
    if x1 > x0 and y1 > y0:
        part = opacity[y0:y1, x0:x1]
        np.maximum(part, shape[y0 - top : y1 - top, x0 - left : x1 - left] * np.float32(1 / 255), out=part)
