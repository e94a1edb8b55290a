"""From frames to pictures: palette indices to RGB, enlarging, split screens, gifs.

The one place of these conventions outside torch; `gameengine/frames.py` is the one inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data_gen.atomic import whole_file
from data_gen.game import Frames, GameSpec

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
PAPER = (245, 245, 242)
INK = (40, 42, 54)
ALARM = (225, 45, 57)  # wrong pixels, and the mark where dream and truth part
SHADES = 6  # of a text's colour; smooth enough


def to_rgb(frames: Frames, spec: GameSpec) -> NDArray[np.uint8]:
    """frames (..., C, H, W) of the game `spec` as RGB (..., H, W, 3)."""
    if spec.palette is None:
        return np.moveaxis(frames, -3, -1)
    return np.array(spec.palette, np.uint8)[frames[..., 0, :, :]]


def enlarge(picture: Picture, factor: int) -> Picture:
    """Each pixel becomes factor x factor pixels (nearest neighbour). picture (..., H, W, 3)."""
    return picture.repeat(factor, -3).repeat(factor, -2)


def difference(truth: Frames, dream: Frames, spec: GameSpec) -> NDArray[np.uint8]:
    """The truth, dimmed, with the dream's wrong pixels in red. Returns (..., H, W, 3)."""
    wrong = (truth != dream).any(-3)  # (..., H, W)
    dimmed = (to_rgb(truth, spec) * 0.35).astype(np.uint8)
    return np.where(wrong[..., None], np.array(ALARM, np.uint8), dimmed)


def fitting_factor(spec: GameSpec, pixels: int = 192) -> int:
    """By how much to enlarge a frame so that its longer side is about `pixels`."""
    return max(1, round(pixels / max(spec.shape[1:])))


@lru_cache(maxsize=64)  # lettering costs most of a split screen, whose columns say the same
def caption(width: int, text: str, colour: tuple[int, int, int] = INK) -> Picture:
    """A strip (18, width, 3) of paper with a line of text, in few enough shades that texts of
    several colours leave room for those of the frames in a gif's palette. Read-only."""
    mask = Image.new("L", (width, 18))
    ImageDraw.Draw(mask).text((4, 2), text, fill=255, font=_font())
    cover = np.round(np.asarray(mask) / 255 * SHADES)[..., None] / SHADES  # (18, width, 1)
    strip = np.round(PAPER + cover * np.subtract(colour, PAPER)).astype(np.uint8)
    strip.flags.writeable = False
    return strip


def stack(pictures: Sequence[Picture], axis: int, gap: int = 4) -> Picture:
    """Pictures below (axis 0) or beside (axis 1) each other on paper, `gap` pixels apart."""
    sizes = [picture.shape[axis] for picture in pictures]
    shape = [max(picture.shape[1 - axis] for picture in pictures)] * 2 + [3]
    shape[axis] = sum(sizes) + gap * (len(sizes) - 1)
    sheet = np.empty(shape, np.uint8)
    sheet[:1] = PAPER
    sheet[1:] = sheet[:1]  # whole rows: three numbers at a time took longer than all else here
    begin = 0
    for picture, size in zip(pictures, sizes, strict=True):
        place = sheet[begin:] if axis == 0 else sheet[:, begin:]
        place[: picture.shape[0], : picture.shape[1]] = picture
        begin += size + gap
    return sheet


def write_gif(path: Path, pictures: Iterable[Picture], fps: int = 30) -> None:
    """Write pictures (H, W, 3) as a gif that loops. All frames share one palette of at most 256
    colours, so that pixels keep their exact colours as long as there are no more than that.

    All pictures have one size. Those that look like the one before are merged by the format: never
    count frames in a gif. Raises ValueError for no pictures.
    """
    frames = list(pictures)
    if not frames:
        raise ValueError("a gif needs at least one picture")
    palette = _common_palette(frames)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    with whole_file(path) as temporary:
        images[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=max(20, round(1000 / fps / 10) * 10),  # gif time runs in 10 ms, 20 at least
            loop=0,
            optimize=False,
        )


def write_png(path: Path, picture: Picture) -> None:
    """Write one picture (H, W, 3)."""
    with whole_file(path) as temporary:
        imageio.imwrite(temporary, picture, extension=".png")


def _common_palette(frames: Sequence[Picture]) -> Image.Image:
    colours = _all_colours(frames)
    if len(colours) > 256:
        sample = frames[:: max(1, len(frames) // 16)]
        return Image.fromarray(np.concatenate(sample)).quantize(256, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[len(colours) :] = colours[-1]
    palette.putpalette(table.flatten().tolist())
    return palette


def _all_colours(frames: Sequence[Picture]) -> NDArray[np.uint8]:
    """Every colour of every frame, (N, 3): one that comes late, such as ALARM, counts as well."""
    seen = np.zeros((256, 256, 256), np.bool_)
    for frame in frames:
        seen[frame[..., 0], frame[..., 1], frame[..., 2]] = True
    return np.argwhere(seen).astype(np.uint8)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(12)
