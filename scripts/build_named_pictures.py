"""Build `avrec/models/named_pictures.npz`, the named-picture map, from small drawings with names.

Inputs (build time only, all openly licensed; see assets/named_pictures/LICENSES.md):
    apt-get install fonts-noto-color-emoji openclipart-png openclipart-svg
    npm pack @lobehub/fluent-emoji-3d@1.1.0    (unpack it; pass the folder as --fluent)
    pip download --no-deps emoji==2.16.0       (pass the wheel as --emoji; only its table of names is read)
Run:
    python scripts/build_named_pictures.py --fluent FOLDER --emoji WHEEL --cache FOLDER

Encoding about 4,500 drawings takes ten minutes on one core; vectors are cached, so a refit takes seconds.
"""

import argparse
import hashlib
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from avrec.config import PACKAGE, REPOSITORY, Settings
from avrec.models.clip_image import ClipImageEncoder
from avrec.models.devices import choose_dtype
from avrec.models.picture_map_fit import fit_picture_map
from avrec.models.sentences import UniversalSentenceEncoder
from avrec.models.weights import Weights

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CLIPART = Path("/usr/share/openclipart")
SIDE = 224
SEED = 11
MOST_OF_A_TITLE = 3  # a title that many drawings share ("card") names a series, not a thing
CLIPART_LEFT_OUT = {"shapes", "logos", "buttons", "decorations", "special", "signs_and_symbols", "unsorted"}
GENERIC = re.compile(
    r"icon|flag|clip ?art|untitled|unnamed|button|logo|template|border|frame|sketch|symbol|vector|\bby\b"
)


@dataclass(frozen=True)
class Drawing:
    style: str
    name: str
    key: str
    source: object


def plain(name: str) -> str:
    """Lower-case words without numbering or punctuation."""
    words = re.sub(r"[^a-z' -]", " ", name.lower().replace("_", " "))
    return re.sub(r"\s+", " ", words).strip(" -'")


def emoji_names(wheel: Path) -> dict[str, str]:
    """Emoji -> English CLDR name, without flags, keycaps and skin tones."""
    with zipfile.ZipFile(wheel) as packed:
        table = json.loads(packed.read("emoji/unicode_codes/emoji.json"))
    names = {}
    for symbol, row in table.items():
        name = plain(row["en"].strip(":"))
        odd = any(0x1F1E6 <= ord(c) <= 0x1F1FF or 0x1F3FB <= ord(c) <= 0x1F3FF or ord(c) == 0x20E3 for c in symbol)
        if name and not odd and "flag" not in name and "skin tone" not in name and row["status"] == 2:
            names[symbol] = name
    return names


def noto(names: dict[str, str]) -> Iterator[Drawing]:
    for symbol, name in names.items():
        if "\u200d" not in symbol:
            yield Drawing("noto", name, symbol, symbol)


def fluent(names: dict[str, str], folder: Path) -> Iterator[Drawing]:
    for symbol, name in names.items():
        code = "-".join(f"{ord(c):04x}" for c in symbol)
        path = folder / "assets" / f"{code}.webp"
        if path.exists() and "\u200d" not in symbol:
            yield Drawing("fluent", name, code, path)


def clipart() -> Iterator[Drawing]:
    """Open Clip Art whose SVG carries the public-domain mark and a telling title."""
    for png in sorted((CLIPART / "png").rglob("*.png")):
        relative = png.relative_to(CLIPART / "png")
        svg = CLIPART / "svg" / relative.with_suffix(".svg")
        if relative.parts[0] in CLIPART_LEFT_OUT or not svg.exists():
            continue
        text = svg.read_text(encoding="utf-8", errors="replace")
        title = re.search(r"<dc:title>([^<]+)</dc:title>", text)
        if title is None or "PublicDomain" not in text:
            continue
        name = plain(re.sub(r"\d+", " ", title[1]))
        if 2 < len(name) <= 40 and len(name.split()) <= 4 and not GENERIC.search(name):
            yield Drawing("clipart", name, str(relative), png)


def draw(drawing: Drawing, font: ImageFont.FreeTypeFont) -> np.ndarray | None:
    """Put a drawing on white, uint8 (224, 224, 3); None when it cannot be drawn."""
    canvas = Image.new("RGB", (SIDE, SIDE), "white")
    if drawing.style == "noto":
        layer = Image.new("RGBA", (160, 160), (255, 255, 255, 0))
        ImageDraw.Draw(layer).text((80, 80), drawing.source, font=font, embedded_color=True, anchor="mm")
        if layer.getbbox() is None:
            return None
        picture = layer.crop(layer.getbbox())
    else:
        try:
            with Image.open(drawing.source) as opened:
                picture = opened.convert("RGBA")
        except (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            return None
    picture.thumbnail((200, 200)) if max(picture.size) > 200 else None
    if max(picture.size) < 200:
        scale = 200 / max(picture.size)
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    canvas.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2), picture)
    return np.asarray(canvas)


def encode(drawings: list[Drawing], cache: Path) -> tuple[list[Drawing], np.ndarray]:
    """CLIP vectors of all drawings that can be drawn, cached by their keys."""
    stamp = hashlib.sha256("\n".join(f"{d.style}|{d.key}" for d in drawings).encode()).hexdigest()[:16]
    path = cache / f"named-{stamp}.npz"
    if path.exists():
        with np.load(path) as file:
            return [drawings[i] for i in file["kept"]], file["vectors"]
    encoder = ClipImageEncoder(Weights(Settings()), dtype=choose_dtype("cpu"))
    font = ImageFont.truetype(str(FONT), 109)
    kept, batch, vectors = [], [], []
    for i, drawing in enumerate(drawings):
        pixels = draw(drawing, font)
        if pixels is not None:
            kept.append(i)
            batch.append(pixels)
        if len(batch) == 16 or (batch and i == len(drawings) - 1):
            vectors.append(encoder.encode(np.stack(batch)))
            batch = []
            print(f"\r{i + 1} of {len(drawings)}", end="", flush=True)
    found = np.concatenate(vectors)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(path, kept=np.array(kept), vectors=found)
    return [drawings[i] for i in kept], found


def repeats(drawings: list[Drawing]) -> list[int]:
    """How many clip-art drawings have the same title, for each drawing."""
    counts = Counter(d.name for d in drawings if d.style == "clipart")
    return [counts[d.name] for d in drawings]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--fluent", "--emoji", "--cache"):
        parser.add_argument(option, type=Path, required=True)
    options = parser.parse_args()
    names = emoji_names(options.emoji)
    drawings = [*noto(names), *fluent(names, options.fluent), *clipart()]
    drawings, vectors = encode(drawings, options.cache)
    telling = np.array(
        [d.style != "clipart" or n <= MOST_OF_A_TITLE for d, n in zip(drawings, repeats(drawings), strict=True)]
    )
    drawings, vectors = [d for d, keep in zip(drawings, telling, strict=True) if keep], vectors[telling]
    styles = np.array([d.style for d in drawings])
    distinct = sorted({d.name for d in drawings})
    encoded = dict(zip(distinct, UniversalSentenceEncoder().encode(distinct), strict=True))
    name_vectors = np.stack([encoded[d.name] for d in drawings])
    fit = fit_picture_map(vectors, styles, name_vectors)

    order = np.random.default_rng(SEED).permutation(len(distinct))
    words = [distinct[i] for i in order if len(distinct[i].split()) <= 2][:2000]
    targets = fit.texts(np.stack([encoded[word] for word in words]))
    np.savez_compressed(
        PACKAGE / "models" / "named_pictures.npz",
        mu=fit.mu.astype(np.float32),
        W=fit.W.astype(np.float16),
        q0=fit.q0.astype(np.float32),
        M=fit.M.astype(np.float16),
        words=np.array(words),
        word_vectors=np.round(targets * 127 / np.abs(targets).max()).astype(np.int8),
    )
    sample = np.random.default_rng(SEED).permutation(len(drawings))[:800]
    np.savez_compressed(
        REPOSITORY / "tests" / "models" / "named_pictures_sample.npz",
        vectors=vectors[sample].astype(np.float16),
        styles=styles[sample],
        names=np.array([drawings[i].name for i in sample]),
    )
    counts = {style: int((styles == style).sum()) for style in np.unique(styles)}
    print(f"\n{len(drawings)} drawings with {len(distinct)} names: {counts}")


if __name__ == "__main__":
    main()
