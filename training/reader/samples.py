"""Makes training samples without end, in shards, a few ahead of the trainer.

    samples.py ATLAS SHARDS SEED [COUNT]

SHARDS/NNNNNN.npz holds pixels (n, 40, 144), texts, styles, centres (n, 9; -1 where there is none). When `AHEAD` shards
wait unread, the producer waits too. With COUNT it stops after so many shards.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np

SHARD = 2000
AHEAD = 60


def shard(painter, count: int) -> dict[str, np.ndarray]:
    import damage
    from plates import LONGEST

    pixels = np.zeros((count, damage.HEIGHT, damage.WIDTH), np.uint8)
    centres = np.full((count, LONGEST), -1, np.float32)
    texts, styles = [], []
    for i in range(count):
        sample = damage.line(painter)
        pixels[i] = sample.pixels
        texts.append(sample.text)
        styles.append(sample.style)
        centres[i, : len(sample.centres)] = sample.centres
    return {"pixels": pixels, "texts": np.array(texts), "styles": np.array(styles), "centres": centres}


def main() -> None:
    import render

    atlas, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else None
    cv2.setNumThreads(1)
    folder.mkdir(parents=True, exist_ok=True)
    made = 0
    while count is None or made < count:
        if count is None and len(list(folder.glob("*.npz"))) >= AHEAD:
            time.sleep(1)
            continue
        number = seed * 100000 + made
        data = shard(render.Painter(atlas, number), SHARD)
        with open(folder / f"{number:09}.part", "wb") as file:
            np.savez(file, **data)
        (folder / f"{number:09}.part").rename(folder / f"{number:09}.npz")
        made += 1


if __name__ == "__main__":
    main()
