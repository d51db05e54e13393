"""Draws number plates in grey: faces of the United States, Europe and Brazil, old and new, cars and motorcycles.

A detector learns outlines, print and contrast, not texts: layouts are loose on purpose, letters are random.
"""
import string

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

CAP = 64  # height in pixels of a stored letter
WORDS = ("TEXAS CALIFORNIA ILLINOIS ARIZONA FLORIDA OHIO NEVADA OREGON GARDEN STATE SUNSHINE LIVE FREE DEALER MOTORS "
         "SALES AUTO GROUP PLAZA CITY BAHIA SALVADOR BRASIL SP-SAO PAULO RJ-RIO MG-BELO HORIZONTE CURITIBA VALLEY "
         "COUNTY GRAND CANYON LINCOLN LAND PEACH EMPIRE THE OF AND WWW .COM 2013 2014 EXEMPT CENTER SINCE 1987 "
         "UNIVERSITY ALUMNI PROUD").split()
KINDS = {"us": 0.46, "us-square": 0.03, "eu": 0.17, "eu-square": 0.02, "br-old": 0.10, "mercosur": 0.06,
         "moto": 0.08, "free": 0.08}
PATTERNS = {
    "us": ["NLLLNNN", "LLL NNNN", "LLL NNN", "NNN LLL", "LNN NNNN", "LL NNNNN", "LLN LNL", "LLLLNN", "NNNNNN",
           "NNNLLL", "LLLLLL", "LLLN", "NN LLLN", "LLLLLLL"],
    "eu": ["LL NNNLL", "NLN NNNN", "LL LNNN", "LLL NNN", "LL NN LLL", "LLNN LLL", "LL NNNNN", "L NNN LL",
           "LLL LLNN", "NN LLL N", "LNNNLL", "NN LL NN"],
    "br-old": ["LLL NNNN"], "mercosur": ["LLLNLNN", "LL NNN LL"],
}


class PlatePainter:
    def __init__(self, dice, fonts):
        self.dice, self.fonts = dice, fonts
        self.letters, self.small_fonts, self.bank = {}, {}, []

    def plate(self):
        """A face: 8-bit grey, about 96 rows. Most come from a bank that is renewed little by little."""
        if len(self.bank) < 500:
            self.bank.append(self.paint())
            return self.bank[-1]
        if self.dice.chance(0.12):
            face = self.paint()
            if len(self.bank) < 4000:
                self.bank.append(face)
            else:
                self.bank[self.dice.integer(0, len(self.bank) - 1)] = face
            return face
        return self.dice.pick(self.bank)

    # ---- print

    def letter(self, font, character):
        """Coverage of one capital, CAP rows high and cut tightly at the sides."""
        key = (font, character)
        if key not in self.letters:
            face = ImageFont.truetype(self.fonts[font], 88)
            top, bottom = face.getbbox("H")[1], face.getbbox("H")[3]
            image = Image.new("L", (240, 220), 0)
            ImageDraw.Draw(image).text((60, 40), character, 255, font=face)
            mask = np.asarray(image, np.float32)[40 + top:40 + bottom]
            columns = np.where(mask.max(0) > 40)[0]
            mask = mask[:, columns[0]:columns[-1] + 1] if len(columns) else mask[:, :20]
            width = max(3, round(mask.shape[1] * CAP / mask.shape[0]))
            self.letters[key] = cv2.resize(mask, (width, CAP), interpolation=cv2.INTER_AREA) / 255
        return self.letters[key]

    def random_text(self, kind):
        dice = self.dice
        if kind in PATTERNS:
            pattern = dice.pick(PATTERNS[kind])
        else:
            pattern = "".join(dice.pick("LN") for _ in range(dice.integer(3, 8)))
        return "".join(dice.pick(string.ascii_uppercase) if c == "L" else dice.pick(string.digits) if c == "N" else c
                       for c in pattern)

    def line(self, mask, text, left, right, middle, height, font=None, spread=True):
        """Writes TEXT into a coverage mask, fitted between LEFT and RIGHT."""
        dice = self.dice
        font = dice.integer(0, len(self.fonts) - 1) if font is None else font
        stretch = dice.uniform(0.68, 1.15)
        letters = [None if c == " " else self.letter(font, c) for c in text]
        typical = float(np.median([m.shape[1] for m in letters if m is not None]))
        monospaced = dice.chance(0.55)
        cells = [typical * dice.uniform(0.15, 0.9) if m is None
                 else max(m.shape[1], typical) if monospaced else m.shape[1] for m in letters]
        scale = height / CAP * stretch
        gap = typical * dice.uniform(0.08, 0.36)
        total = (sum(cells) + gap * (len(cells) - 1)) * scale
        room = right - left
        squeeze = min(1.0, room / total)
        if spread and total < room and len(cells) > 1 and dice.chance(0.7):  # most plates fill their width
            gap += (room * dice.uniform(0.86, 1.0) - total) / scale / (len(cells) - 1) * dice.uniform(0.4, 1.0)
            total = (sum(cells) + gap * (len(cells) - 1)) * scale
        x = left + max(0.0, room - total * squeeze) * dice.uniform(0.35, 0.65)
        top = int(round(middle - height / 2))
        for cell, letter in zip(cells, letters):
            width = cell * scale * squeeze
            if letter is not None:
                drawn = max(2, int(round(min(letter.shape[1] * scale * squeeze, width))))
                glyph = cv2.resize(letter, (drawn, max(3, int(round(height)))), interpolation=cv2.INTER_AREA)
                place(mask, glyph, int(round(x + (width - drawn) / 2)), top)
            elif dice.chance(0.7):  # dash, dot, seal or sticker between groups
                cx, cy = int(x + width / 2), int(middle)
                mark = dice.uniform(0, 1)
                if mark < 0.35:
                    half = max(1, int(min(width * 0.35, height * 0.18)))
                    cv2.rectangle(mask, (cx - half, cy - max(1, int(height * 0.04))),
                                  (cx + half, cy + max(1, int(height * 0.04))), 1.0, -1)
                elif mark < 0.7:
                    cv2.circle(mask, (cx, cy), max(1, int(min(width * 0.6, height * dice.uniform(0.05, 0.28)))),
                               dice.uniform(0.3, 1.0), -1)
                else:
                    half = max(1, int(min(width * 0.6, height * dice.uniform(0.1, 0.25))))
                    cv2.rectangle(mask, (cx - half, cy - half), (cx + half, cy + half), dice.uniform(0.2, 0.9), -1)
            x += width + gap * scale * squeeze
        return font

    def phrase(self, longest=3):
        dice = self.dice
        words = " ".join(dice.pick(WORDS) for _ in range(dice.integer(1, longest)))
        return words.title() if dice.chance(0.35) else words

    def small(self, face, text, centre, height, tone, widest):
        """Small print, letters about HEIGHT rows high."""
        size = max(7, int(height * 1.35) // 3 * 3)
        key = (self.dice.integer(0, len(self.fonts) - 1), size)
        if key not in self.small_fonts:
            self.small_fonts[key] = ImageFont.truetype(self.fonts[key[0]], size)
        font = self.small_fonts[key]
        image = Image.fromarray(face)
        draw = ImageDraw.Draw(image)
        box = draw.textbbox((0, 0), text, font=font)
        if box[2] - box[0] > widest:
            text = text[:max(3, int(len(text) * widest / (box[2] - box[0])))]
            box = draw.textbbox((0, 0), text, font=font)
        draw.text((centre[0] - (box[0] + box[2]) / 2, centre[1] - (box[1] + box[3]) / 2), text, int(tone), font=font)
        face[:] = np.asarray(image)

    # ---- faces

    def tones(self, kind):
        """Ground and ink."""
        dice = self.dice
        ground, ink = dice.uniform(150, 255), dice.uniform(0, 90)
        if kind == "br-old":
            ground, ink = dice.uniform(90, 220), dice.uniform(0, 70)
        if dice.chance(0.14):  # coloured ink, faded print
            ink = dice.uniform(60, 160)
            ground = max(ground, ink + dice.uniform(35, 80))
        if dice.chance({"us": 0.13, "free": 0.3, "br-old": 0.16, "moto": 0.15}.get(kind, 0.1)):
            ground, ink = dice.uniform(5, 120), dice.uniform(160, 255)
        return ground, min(ink, 255)

    def paint(self):
        dice = self.dice
        kind = dice.weighted(KINDS)
        aspect = {"us": (1.9, 2.15), "us-square": (1.6, 1.85), "eu": (4.1, 5.0), "eu-square": (1.25, 1.65),
                  "br-old": (2.85, 3.3), "mercosur": (2.9, 3.2), "moto": (1.12, 1.6), "free": (1.5, 4.8)}[kind]
        height = 96
        width = int(height * dice.uniform(*aspect))
        ground, ink = self.tones(kind)
        face = np.full((height, width), ground, np.float32)
        if dice.chance({"us": 0.55, "us-square": 0.4, "free": 0.3}.get(kind, 0.08)):
            face += self.scenery(height, width)
        if dice.chance(0.3):
            face += np.linspace(-1, 1, height, dtype=np.float32)[:, None] * dice.uniform(-35, 35)
        face = np.clip(face, 0, 255).astype(np.uint8)
        mask = np.zeros((height, width), np.float32)
        getattr(self, kind.replace("-", "_"))(face, mask, ink)
        if dice.chance(0.25):
            mask = cv2.dilate(mask, np.ones((2, 2)))
        painted = face.astype(np.float32)
        if dice.chance(0.4):  # embossing: a light and a dark edge
            soft = cv2.GaussianBlur(mask, (0, 0), dice.uniform(0.8, 1.6))
            painted += (np.roll(soft, (1, 1), (0, 1)) - np.roll(soft, (-1, -1), (0, 1))) * dice.uniform(-70, 70)
        face = np.clip(painted * (1 - mask) + ink * mask, 0, 255).astype(np.uint8)
        self.rim(face, ink, kind)
        return face

    def scenery(self, height, width):
        """Printed hills, skies and bands."""
        dice = self.dice
        cells = dice.integer(2, 5)
        noise = dice.normal(0, 1, (cells, 2 * cells)).astype(np.float32)
        noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * dice.uniform(3, 30)
        if dice.chance(0.35):
            band = int(dice.uniform(0.1, 0.3) * height)
            noise[:band] += dice.uniform(-150, 40)
        if dice.chance(0.25):
            noise[-int(dice.uniform(0.1, 0.3) * height):] += dice.uniform(-150, 40)
        if dice.chance(0.2):  # a big picture in the middle or at a side
            cv2.circle(noise, (int(dice.pick([0.12, 0.5, 0.88]) * width), int(dice.uniform(0.3, 0.7) * height)),
                       int(dice.uniform(0.15, 0.4) * height), dice.uniform(-90, 60), -1)
        return noise

    def us(self, face, mask, ink):
        dice = self.dice
        height, width = face.shape
        letters, middle = dice.uniform(0.38, 0.64), dice.uniform(0.46, 0.58)
        left, right = dice.uniform(0.02, 0.09) * width, width * (1 - dice.uniform(0.02, 0.09))
        if dice.chance(0.12):  # a square picture or logo before the number
            size = int(letters * height)
            x, y = int(left), int(middle * height - size / 2)
            cv2.ellipse(face, (x + size // 2, y + size // 2), (size // 2, size // 2), 0, 0, 360,
                        dice.uniform(0, 220), -1)
            self.small(face, dice.pick(string.ascii_uppercase), (x + size / 2, y + size / 2), size * 0.6,
                       dice.uniform(0, 255), size)
            left += size
        self.line(mask, self.random_text("us"), left, right, middle * height, letters * height)
        above, below = middle - letters / 2, 1 - middle - letters / 2
        if dice.chance(0.85):
            self.small(face, self.phrase(2), (width * dice.uniform(0.4, 0.6), height * above * dice.uniform(0.4, 0.62)),
                       height * above * dice.uniform(0.45, 0.85), ink if dice.chance(0.6) else dice.uniform(0, 200),
                       width * 0.8)
        if dice.chance(0.65):
            self.small(face, self.phrase(), (width * dice.uniform(0.4, 0.6),
                                             height * (1 - below * dice.uniform(0.35, 0.6))),
                       height * below * dice.uniform(0.35, 0.7), ink if dice.chance(0.5) else dice.uniform(0, 200),
                       width * 0.9)
        for _ in range(dice.integer(0, 3)):  # month and year stickers
            x, y = dice.pick([0.1, 0.88]) * width, dice.pick([0.1, 0.9]) * height
            half_w, half_h = dice.uniform(0.03, 0.08) * width, dice.uniform(0.05, 0.11) * height
            cv2.rectangle(face, (int(x - half_w), int(y - half_h)), (int(x + half_w), int(y + half_h)),
                          dice.uniform(10, 255), -1)

    us_square = us

    def eu(self, face, mask, ink):
        dice = self.dice
        height, width = face.shape
        left, right = dice.uniform(0.01, 0.05) * width, width * (1 - dice.uniform(0.01, 0.05))
        if dice.chance(0.72):
            band = int(dice.uniform(0.07, 0.12) * width)
            face[:, :band] = int(dice.uniform(15, 120))
            cv2.circle(face, (band // 2, int(height * 0.32)), int(band * 0.3), dice.uniform(120, 230), 2)
            cv2.putText(face, dice.pick(["D", "SK", "CZ", "F", "PL", "RO", "I", "H", "A", "N", "GB", "E"]),
                        (int(band * 0.15), int(height * 0.86)), 0, 0.5, dice.uniform(170, 255), 2)
            left = band + dice.uniform(0.01, 0.05) * width
            if dice.chance(0.2):
                face[:, -band:] = int(dice.uniform(15, 120))
                right = width - band - 0.02 * width
        self.line(mask, self.random_text("eu"), left, right, dice.uniform(0.46, 0.54) * height,
                  dice.uniform(0.58, 0.8) * height)

    def br_old(self, face, mask, ink):
        dice = self.dice
        height, width = face.shape
        letters, middle = dice.uniform(0.46, 0.66), dice.uniform(0.54, 0.64)
        self.line(mask, self.random_text("br-old"), 0.04 * width, 0.96 * width, middle * height, letters * height)
        above = middle - letters / 2
        if dice.chance(0.5):  # the city's strip, a little darker or lighter than the ground
            x0, x1 = sorted((int(dice.uniform(0.1, 0.3) * width), int(dice.uniform(0.7, 0.9) * width)))
            strip = face[int(0.03 * height):int(above * 0.9 * height), x0:x1]
            strip[:] = np.clip(strip.astype(int) + dice.integer(-40, 40), 0, 255)
        self.small(face, self.phrase(2).upper(), (width / 2, height * above * dice.uniform(0.45, 0.6)),
                   height * above * dice.uniform(0.4, 0.75), ink, width * 0.7)

    def mercosur(self, face, mask, ink):
        dice = self.dice
        height, width = face.shape
        band = int(dice.uniform(0.16, 0.26) * height)
        face[:band] = int(dice.uniform(15, 115))
        self.small(face, "BRASIL", (width / 2, band * 0.5), band * dice.uniform(0.4, 0.65), dice.uniform(180, 255),
                   width * 0.5)
        if dice.chance(0.6):
            cv2.rectangle(face, (int(width * 0.9), int(band * 0.2)), (int(width * 0.96), int(band * 0.8)),
                          dice.uniform(80, 230), -1)
        self.line(mask, self.random_text("mercosur"), 0.05 * width, 0.95 * width,
                  dice.uniform(0.58, 0.64) * height, dice.uniform(0.5, 0.66) * height)

    def moto(self, face, mask, ink):
        """Two lines: motorcycles of Brazil, old with the city on top or new with the band."""
        dice = self.dice
        height, width = face.shape
        top = dice.uniform(0.06, 0.2)
        if dice.chance(0.4):
            face[:int(top * height)] = int(dice.uniform(15, 115))
            self.small(face, "BRASIL", (width / 2, top * height * 0.5), top * height * 0.6, 240, width * 0.5)
        elif top > 0.1:
            self.small(face, self.phrase(2).upper(), (width / 2, top * height * 0.55), top * height * 0.55, ink,
                       width * 0.85)
        room = 1 - top
        letters = room * dice.uniform(0.34, 0.44)
        font = self.line(mask, self.random_text("free")[:3], dice.uniform(0.05, 0.2) * width,
                         dice.uniform(0.8, 0.95) * width, (top + room * 0.27) * height, letters * height)
        digits = "".join(dice.pick(string.digits + ("ABCDEFGHJ" if dice.chance(0.3) else ""))
                         for _ in range(dice.integer(3, 4)))
        self.line(mask, digits, 0.05 * width, 0.95 * width, (top + room * 0.74) * height, letters * height, font)

    def eu_square(self, face, mask, ink):
        dice = self.dice
        height, width = face.shape
        left = 0.05 * width
        if dice.chance(0.6):
            band = int(dice.uniform(0.1, 0.2) * width)
            face[:height // dice.integer(1, 2), :band] = int(dice.uniform(15, 120))
            left = band * 1.2
        letters = dice.uniform(0.32, 0.42) * height
        font = self.line(mask, self.random_text("free")[:3], left, 0.92 * width, 0.28 * height, letters)
        self.line(mask, self.random_text("free")[:5], left if dice.chance(0.5) else 0.06 * width, 0.94 * width,
                  0.73 * height, letters, font)

    def free(self, face, mask, ink):
        """Any other country, and stylised ones."""
        dice = self.dice
        height, width = face.shape
        letters, middle = dice.uniform(0.42, 0.78), dice.uniform(0.45, 0.58)
        self.line(mask, self.random_text(dice.pick(["free", "us", "eu"])), 0.05 * width, 0.95 * width,
                  middle * height, letters * height)
        spare = middle - letters / 2
        if spare > 0.14 and dice.chance(0.6):
            self.small(face, self.phrase(2), (width * dice.uniform(0.3, 0.7), spare * 0.5 * height),
                       spare * height * 0.6, ink, width * 0.8)

    def rim(self, face, ink, kind):
        """Bolts, a printed line along the rim, a frame of plastic or chrome with lettering."""
        dice = self.dice
        height, width = face.shape
        for _ in range(dice.integer(0, 4)):
            cv2.circle(face, (int(dice.pick([0.08, 0.2, 0.3, 0.5, 0.7, 0.8, 0.92]) * width + dice.uniform(-4, 4)),
                              int(dice.pick([0.09, 0.91]) * height)), dice.integer(2, 4), dice.uniform(0, 255), -1)
        if dice.chance(0.6):
            margin = dice.integer(1, 4)
            cv2.rectangle(face, (margin, margin), (width - 1 - margin, height - 1 - margin),
                          ink if dice.chance(0.7) else dice.uniform(0, 255), dice.integer(1, 3))
        american = kind in ("us", "us-square")
        if not dice.chance(0.5 if american else 0.14):
            return
        tone = dice.uniform(0, 70) if dice.chance(0.55) else dice.uniform(0, 255)
        lettering = 255 - tone if abs(tone - 127) > 40 else 255
        over, under = int(dice.uniform(0.02, 0.16) * height), int(dice.uniform(0.02, 0.22) * height)
        side = max(1, int(dice.uniform(0.01, 0.05) * width))
        for part, thick in ((face[:over], over), (face[height - under:], under)):
            if thick < 2:
                continue
            strip = np.full(part.shape, tone, np.uint8)
            if thick > 8 and dice.chance(0.75):
                self.small(strip, self.phrase(), (width / 2, thick / 2), thick * 0.65, lettering, width * 0.9)
            part[:] = strip
        face[:, :side] = int(tone)
        face[:, width - side:] = int(tone)
        if dice.chance(0.4):
            cv2.rectangle(face, (0, 0), (width - 1, height - 1), np.clip(tone + dice.uniform(-70, 70), 0, 255), 1)


def place(mask, glyph, x, y):
    """Lays a coverage patch into a mask; what lies outside is cut off."""
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(mask.shape[1], x + glyph.shape[1]), min(mask.shape[0], y + glyph.shape[0])
    if x1 > x0 and y1 > y0:
        part = mask[y0:y1, x0:x1]
        np.maximum(part, glyph[y0 - y:y1 - y, x0 - x:x1 - x], out=part)
