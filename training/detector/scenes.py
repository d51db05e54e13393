"""Training samples: a crop of a camera's picture in grey, the corners of its plates, and areas to leave out.

Three kinds. *Swap*: a street frame whose plates are painted over and replaced by drawn ones. *Real*: a street frame
as it is, with its own labels. *Paste*: any free picture, with drawn vehicles, plates and distractors on it.

    python3 scenes.py DATA PICTURES SHEET.png      draws a sheet of samples to look at
"""
import pathlib
import sys
import time

import cv2
import numpy as np

import pictures
from dice import Dice
from distractors import distract
from geometry import bounds, overlaps, plate_quad, polygon, warp_in
from plates import PlatePainter
from vehicles import car_end, motorcycle_end

WIDTH, HEIGHT = 320, 256
KINDS = {"swap": 0.36, "real": 0.13, "paste": 0.51}
SMALLEST, LARGEST = 13, 360  # plate widths at the network's input, pixels
IGNORED = pathlib.Path(__file__).with_name("unlabelled.tsv")


def visible(picture, quad):
    """Whether anything of a plate is left to see; what is not is neither a plate nor background."""
    x0, y0 = np.maximum(0, quad.min(0)).astype(int)
    x1, y1 = quad.max(0).astype(int) + 1
    patch = picture[y0:y1, x0:x1]
    return patch.size > 0 and patch.std() > (11 if x1 - x0 < 26 else 8)


class SceneMaker:
    def __init__(self, seed, data, folder):
        cv2.setNumThreads(1)
        self.dice = Dice(seed)
        self.painter = PlatePainter(self.dice, pictures.font_files(folder))
        self.frames = pictures.street_frames(data, IGNORED)
        self.pictures = pictures.free_pictures(folder)
        self.videos = pictures.video_pictures(data)

    def sample(self):
        kind = self.dice.weighted(KINDS)
        canvas, plates, ignored, places = self.paste() if kind == "paste" else self.street(kind == "real")
        taken = [bounds(q, 2) for q in plates + ignored]
        planned = []
        for x, y, width, degrees, face in places:
            quad = plate_quad(self.dice, x, y, width, width * face.shape[0] / face.shape[1] * self.dice.uniform(0.92, 1.1),
                              degrees + self.dice.normal(0, 1.5),
                              self.dice.uniform(0, 0.12) if self.dice.chance(0.6) else 0)
            box = bounds(quad, 3)
            spare = 0.12 * width
            if overlaps(box, taken) or box[0] < -spare or box[2] > WIDTH + spare or box[1] < -6 or box[3] > HEIGHT + 6:
                continue
            taken.append(box)
            planned.append((face, quad))
        if self.dice.chance(0.75):
            for _ in range(self.dice.integer(1, 6)):
                distract(self.dice, canvas, self.painter, taken)
        np.clip(canvas, 0, 255, out=canvas)
        for face, quad in planned:
            self.mount(canvas, quad, face)
        plates = plates + [quad for _, quad in planned]
        picture = self.expose(canvas)
        faint = [quad for quad in plates if not visible(picture, quad)]
        plates = [quad for quad in plates if visible(picture, quad)]
        return picture, plates, ignored + faint

    def plate_width(self):
        """Most plates as in photographs of cars, some as small as at the far end of a street."""
        return self.dice.log_uniform(30, LARGEST) if self.dice.chance(0.7) else self.dice.log_uniform(SMALLEST, 45)

    # ---- grounds

    def street(self, real):
        dice = self.dice
        grey, bare, labelled, unlabelled = dice.pick(self.frames)
        while not labelled:
            grey, bare, labelled, unlabelled = dice.pick(self.frames)
        left, top, right, bottom = dice.pick(labelled)
        scale = min(self.plate_width() / (right - left), 2.4)
        wide = scale * (right - left)
        at = (dice.uniform(min(0.5 * wide + 4, WIDTH / 2), max(WIDTH - 0.5 * wide - 4, WIDTH / 2)),
              dice.uniform(20, HEIGHT - 20))
        canvas, move = self.crop(grey if real else bare, ((left + right) / 2, (top + bottom) / 2), at, scale,
                                 flip=dice.chance(0.3 if real else 0.5))
        plates, ignored, places = [], [], []
        for box, known in [(b, True) for b in labelled] + [(b, False) for b in unlabelled]:
            quad = move(np.float32([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]]))
            x, y = quad.mean(0)
            width = np.linalg.norm(quad[1] - quad[0])
            if not (2 < x < WIDTH - 2 and 2 < y < HEIGHT - 2):
                if real:
                    ignored.append(quad)
            elif real:
                (plates if known and width >= SMALLEST - 1 else ignored).append(quad)
            elif known and width >= SMALLEST and dice.chance(0.88):
                face = self.painter.plate()
                aspect = face.shape[1] / face.shape[0]
                width = width * float(np.clip((3.6 / aspect) ** -0.45 * dice.uniform(0.85, 1.25), 0.5, 1.35))
                tilt = np.degrees(np.arctan2(*(quad[1] - quad[0])[::-1]))
                if width >= SMALLEST - 2:
                    places.append((x, y, width, tilt, face))
        return canvas, plates, ignored, places

    def paste(self):
        dice = self.dice
        source = dice.weighted({"free": 0.55, "street": 0.3, "video": 0.08, "plain": 0.07})
        picture = {"free": lambda: dice.pick(self.pictures), "street": lambda: dice.pick(self.frames)[1],
                   "video": lambda: dice.pick(self.videos), "plain": self.plain}[source]()
        rows, columns = picture.shape
        canvas, _ = self.crop(picture, (dice.uniform(0.15, 0.85) * columns, dice.uniform(0.15, 0.85) * rows),
                              (WIDTH / 2, HEIGHT / 2), dice.log_uniform(0.25, 1.3), flip=dice.chance(0.5))
        if dice.chance(0.08):
            canvas = 255 - canvas
        if dice.chance(0.3):  # a road, a yard or a wall behind the car
            edge = dice.uniform(0.2, 0.9) * HEIGHT
            polygon(canvas, [[0, edge], [WIDTH, edge + dice.uniform(-20, 20)], [WIDTH, HEIGHT], [0, HEIGHT]],
                    dice.uniform(30, 200))
            canvas[int(edge):] += dice.noise(canvas[int(edge):].shape) * 5
        places = []
        for number in range(dice.weighted({0: 0.2, 1: 0.42, 2: 0.2, 3: 0.1, 4: 0.08})):
            face = self.painter.plate()
            aspect = face.shape[1] / face.shape[0]
            width = self.plate_width()
            width = max(SMALLEST - 1, min(width, 0.9 * HEIGHT * aspect, LARGEST) * (0.8 if aspect < 2.3 else 1))
            margin = min(0.5 * width if dice.chance(0.85) else 0.4 * width, WIDTH / 2)
            x, y = dice.uniform(margin, WIDTH - margin), dice.uniform(10, HEIGHT - 10)
            if number == 0 and dice.chance(0.68):
                if aspect < 1.7 and dice.chance(0.7):
                    motorcycle_end(dice, canvas, self.all_pictures(), x, y, width)
                else:
                    car_end(dice, canvas, self.all_pictures(), self.painter, x, y, width * (1.5 if aspect < 2.3 else 1))
            places.append((x, y, width, dice.normal(0, 4) if dice.chance(0.8) else dice.uniform(-15, 15), face))
        if not places and dice.chance(0.5):  # a car without a plate
            width = dice.log_uniform(25, 160)
            car_end(dice, canvas, self.all_pictures(), self.painter, dice.uniform(0.2, 0.8) * WIDTH,
                    dice.uniform(0.4, 0.8) * HEIGHT, width)
        return canvas, [], [], places

    def all_pictures(self):
        return self.pictures if self.dice.chance(0.6) else [self.dice.pick(self.frames)[1]]

    def plain(self):
        noise = self.dice.normal(0, 1, (self.dice.integer(2, 30), self.dice.integer(2, 40))).astype(np.float32)
        noise = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC) * self.dice.uniform(2, 50)
        return np.clip(noise + self.dice.uniform(20, 240), 0, 255).astype(np.uint8)

    def crop(self, picture, centre, at, scale, flip):
        """Turns, scales and shifts PICTURE so that CENTRE lands AT; also gives the same move for corners."""
        dice = self.dice
        turn = np.radians(dice.normal(0, 2.5) if dice.chance(0.7) else dice.uniform(-10, 10))
        stretch = dice.uniform(0.85, 1.18)
        matrix = np.float32([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) \
            @ np.diag([scale * stretch * (-1 if flip else 1), scale]).astype(np.float32)
        shift = np.float32(at) - matrix @ np.float32(centre)
        affine = np.hstack([matrix, shift[:, None]]).astype(np.float32)
        source = picture
        if scale < 0.6:  # shrink by averaging first: warping alone would alias
            shrink = 0.5 if scale > 0.3 else 0.25
            source = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            affine = affine.copy()
            affine[:, :2] /= shrink
        border = cv2.BORDER_REFLECT_101 if dice.chance(0.65) else cv2.BORDER_CONSTANT
        canvas = cv2.warpAffine(source, affine, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=border,
                                borderValue=114 if dice.chance(0.5) else dice.integer(0, 160)).astype(np.float32)

        def move(quad):
            moved = quad @ matrix.T + shift
            return moved[[1, 0, 3, 2]] if flip else moved
        return canvas, move

    # ---- plates and light

    def mount(self, canvas, quad, face):
        """Fixes a face at QUAD: holder and recess, the light of the place, shadows, glare."""
        dice = self.dice
        height = np.linalg.norm(quad[3] - quad[0])
        x0, y0 = np.maximum(0, quad.min(0)).astype(int)
        x1, y1 = quad.max(0).astype(int) + 1
        local = canvas[y0:y1, x0:x1]
        mean = float(local.mean()) if local.size else 100.0
        if dice.chance(0.35):
            around = quad.mean(0) + (quad - quad.mean(0)) * np.float32([dice.uniform(1.04, 1.5), dice.uniform(1.05, 1.9)])
            tone = np.clip(mean * dice.uniform(0.3, 1.4) + dice.uniform(-20, 20), 0, 255)
            warp_in(canvas, np.full((8, 16), tone, np.float32)
                    + np.linspace(-1, 1, 8, dtype=np.float32)[:, None] * dice.uniform(-25, 25), around.astype(np.float32))
        light = np.clip(mean * dice.log_uniform(0.8, 2.6) + dice.uniform(0, 60), 60, 265) if dice.chance(0.7) \
            else dice.uniform(90, 265)
        contrast = dice.uniform(0.4, 1.0) if dice.chance(0.3) else dice.uniform(0.75, 1.0)
        lit = (face.astype(np.float32) / 255 * contrast + (1 - contrast) * dice.uniform(0.2, 0.9)) * light
        if dice.chance(0.1):  # as bright as the bodywork around it: a white plate on a white car
            lit += mean - np.median(lit) + dice.uniform(-25, 25)
        if dice.chance(0.3):
            lit *= 1 + np.linspace(-1, 1, lit.shape[0], dtype=np.float32)[:, None] * dice.uniform(-0.3, 0.3)
        if dice.chance(0.2):
            lit *= 1 + np.linspace(-1, 1, lit.shape[1], dtype=np.float32)[None] * dice.uniform(-0.4, 0.4)
        if dice.chance(0.15):
            lit[:int(lit.shape[0] * dice.uniform(0.05, 0.6))] *= dice.uniform(0.35, 0.8)
        if dice.chance(0.05):  # overexposed by its own lamp or by infrared
            lit = lit * dice.uniform(1.2, 2.0) + dice.uniform(0, 60)
        warp_in(canvas, np.clip(lit, 0, 255), quad)
        if dice.chance(0.3):
            cv2.polylines(canvas, [quad.astype(np.int32)], True, float(np.clip(mean * dice.uniform(0.1, 1.8), 0, 255)),
                          1 if height < 30 else dice.integer(1, 3), cv2.LINE_AA)
        if dice.chance(0.04):  # a tow bar, a bar of a fence or a branch in front
            x = int(quad[:, 0].min() + dice.uniform(0, 1) * np.ptp(quad[:, 0]))
            cv2.line(canvas, (x, 0), (x + dice.integer(-30, 30), HEIGHT), dice.uniform(0, 200),
                     max(1, int(height * 0.1)), cv2.LINE_AA)

    def expose(self, canvas):
        """Blur, motion, light, noise, sharpening and compression of a camera."""
        dice = self.dice
        if dice.chance(0.5):
            canvas = cv2.GaussianBlur(canvas, (0, 0), dice.log_uniform(0.3, 1.4))
        if dice.chance(0.1):
            size = dice.integer(2, 6)
            kernel = np.zeros((size, size), np.float32)
            kernel[size // 2] = 1 / size
            canvas = cv2.filter2D(canvas, -1, kernel if dice.chance(0.6) else kernel.T)
        canvas = np.clip(canvas, 0, 255) / 255
        canvas = canvas ** dice.log_uniform(0.5, 2.0)
        if dice.chance(0.6):
            canvas = (canvas - canvas.mean()) * dice.uniform(0.4, 1.5) + dice.uniform(0.2, 0.75)
        canvas = canvas * 255
        if dice.chance(0.25):
            turn = dice.uniform(0, 6.28)
            y, x = np.mgrid[-1:1:HEIGHT * 1j, -1:1:WIDTH * 1j].astype(np.float32)
            canvas *= 1 + (x * np.cos(turn) + y * np.sin(turn)) * dice.uniform(0, 0.5)
        if dice.chance(0.7):
            canvas = canvas + dice.noise(canvas.shape) * dice.log_uniform(0.5, 10)
        if dice.chance(0.2):
            canvas = canvas.astype(np.float32)
            canvas += (canvas - cv2.GaussianBlur(canvas, (0, 0), 1.2)) * dice.uniform(0.3, 1.5)
        picture = np.clip(canvas, 0, 255).astype(np.uint8)
        if dice.chance(0.5):
            picture = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, dice.integer(25, 92)])[1], 0)
        return picture


if __name__ == "__main__":
    maker = SceneMaker(int(time.time()), sys.argv[1], sys.argv[2])
    print(len(maker.frames), "frames,", len(maker.pictures), "pictures,", len(maker.videos), "video frames,",
          len(maker.painter.fonts), "fonts")
    tiles = []
    start = time.time()
    for _ in range(80):
        picture, plates, ignored = maker.sample()
        tile = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        for quads, colour in ((plates, (0, 255, 0)), (ignored, (0, 0, 255))):
            for quad in quads:
                cv2.polylines(tile, [quad.astype(np.int32)], True, colour, 1)
        tiles.append(tile)
    print(f"{(time.time() - start) / 80 * 1000:.1f} ms a sample")
    cv2.imwrite(sys.argv[3], np.vstack([np.hstack(tiles[i:i + 8]) for i in range(0, 48, 8)]))
