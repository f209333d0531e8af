#!/usr/bin/python3
"""References for core/image: small JPEGs and what Pillow makes of them (tests/data/image).

resize.bin   records of five u16 LE (w_in, h_in, w_out, h_out, 1 = largest centred square first)
             and the result [h_out, w_out, 3] of Image.resize(BILINEAR) on picture(w_in, h_in)
<name>.jpg   a JPEG of each kind; <name>.rgb: u16 LE width and height, then the decoded pixels
stats.tsv    mean, std, min, max per channel (of value / 255) over the pixels of the five .rgb files
orient.bin   the pixels of plain.jpg with each EXIF orientation 1..8, each as in .rgb
"""

import pathlib
import struct

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parent.parent / "data" / "image"
SIZES = [
    (64, 64, 16, 16), (97, 61, 31, 17), (61, 97, 64, 64), (40, 30, 40, 30), (333, 7, 5, 5),
    (1, 100, 8, 8), (5, 5, 1, 1), (1, 1, 3, 3), (480, 480, 48, 48), (2000, 3, 7, 2),
]


def picture(w, h):
    """Smooth colours under noise and a few hard edges; image_test.c has the same formula."""
    x = np.arange(w, dtype=np.uint32)[None, :, None]
    y = np.arange(h, dtype=np.uint32)[:, None, None]
    c = np.arange(3, dtype=np.uint32)[None, None, :]
    noise = (x * np.uint32(2654435761) + y * np.uint32(2246822519) + c * np.uint32(3266489917))
    noise ^= noise >> np.uint32(15)
    v = x * 3 + y * 2 * (c + 1) + ((noise * np.uint32(668265263)) >> np.uint32(26))
    v = np.where((x // 9 + y // 7) % 5 == 0, 255 * (c % 2), v)
    return Image.fromarray((v & 255).astype(np.uint8))


def pixels(im):
    a = np.asarray(im.convert("RGB"))
    return struct.pack("<HH", a.shape[1], a.shape[0]) + a.tobytes()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "resize.bin", "wb") as f:
        for fit in (0, 1):
            for w, h, w_out, h_out in SIZES:
                if fit and w_out != h_out:
                    continue
                im = picture(w, h)
                if fit:
                    s = min(w, h)
                    x, y = (w - s) // 2, (h - s) // 2
                    im = im.crop((x, y, x + s, y + s))
                im = im.resize((w_out, h_out), Image.BILINEAR)
                f.write(struct.pack("<5H", w, h, w_out, h_out, fit) + np.asarray(im).tobytes())
    rgb = picture(35, 22)
    kinds = {
        "plain": (rgb, {}),
        "full": (rgb, {"subsampling": 0}),
        "grey": (rgb.convert("L"), {}),
        "cmyk": (rgb.convert("CMYK"), {}),
        "progressive": (rgb, {"progressive": True}),
    }
    for name, (im, options) in kinds.items():
        path = OUT / f"{name}.jpg"
        im.save(path, quality=85, **options)
        (OUT / f"{name}.rgb").write_bytes(pixels(Image.open(path)))
    every = np.concatenate([np.frombuffer((OUT / f"{name}.rgb").read_bytes()[4:], np.uint8)
                            for name in kinds]).reshape(-1, 3).astype(np.float64) / 255
    with open(OUT / "stats.tsv", "w", encoding="ascii") as f:
        f.write("channel\tmean\tstd\tmin\tmax\n")
        for c in range(3):
            v = every[:, c]
            f.write(f"{c}\t{v.mean():.17g}\t{v.std():.17g}\t{v.min():.17g}\t{v.max():.17g}\n")
    plain = Image.open(OUT / "plain.jpg")
    with open(OUT / "orient.bin", "wb") as f:
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            im = plain.copy()
            im.info["exif"] = exif.tobytes()
            im._exif = None
            turned = ImageOps.exif_transpose(im)
            f.write(pixels(turned))


main()
