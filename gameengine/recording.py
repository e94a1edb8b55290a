"""A match as a gif, played without a screen: truth and dream side by side."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.pictures import (
    ALARM,
    INK,
    PAPER,
    Picture,
    caption,
    enlarge,
    fitting_factor,
    write_gif,
)
from gameengine.match import Match

MARGIN = 12  # px, around and between the panels
INDENT = 4  # px, of the text in a caption
BORDER = 3  # px, around a dream that has parted from the truth
MOST_PICTURES = 600  # in a gif; longer recordings skip ticks, or they would fill the memory
FASTEST = 30  # pictures per second; many viewers show no more


def record(
    match: Match,
    ticks: int,
    path: Path,
    watch: Callable[[Match], Any] = lambda match: None,
) -> None:
    """Play `ticks` ticks and write what was seen to the gif `path`.

    `watch` is called after every tick. Real time when spec.fps is 15 or 30, nearly so for 60;
    what is longer than MOST_PICTURES runs faster. The tick of parting is always shown. Raises
    UserError when the file cannot be written.
    """
    fps = match.spec.fps
    stride = max(ceil(fps / FASTEST), ceil(ticks / MOST_PICTURES))
    pictures = [split_screen(match)]
    while match.tick < ticks:
        match.advance()
        watch(match)
        if match.tick % stride == 0 or match.tick in (match.parted_at, ticks):
            pictures.append(split_screen(match))
    write_gif(path, pictures, min(fps, FASTEST))


def split_screen(match: Match) -> Picture:
    """The match now: titles, panels, and how long the dream has been true, in red once it is not;
    then the dream has a red border as well."""
    factor = fitting_factor(match.spec)
    panels = {title: enlarge(picture, factor) for title, picture in match.panels().items()}
    height, width, _ = next(iter(panels.values())).shape
    line = len(caption(1, ""))  # px
    canvas = np.full(
        (MARGIN + line + height + line + MARGIN, len(panels) * (width + MARGIN) + MARGIN, 3),
        PAPER,
        np.uint8,
    )
    top = MARGIN + line
    for number, (title, picture) in enumerate(panels.items()):
        left = MARGIN + number * (width + MARGIN)
        if title == "dream" and match.parted_at is not None:
            border = np.full((height + 2 * BORDER, width + 2 * BORDER, 3), ALARM, np.uint8)
            _paste(canvas, border, top - BORDER, left - BORDER)
        _paste(canvas, caption(width, title)[: line - BORDER], MARGIN, left - INDENT)
        _paste(canvas, picture, top, left)
    colour = INK if match.parted_at is None else ALARM
    status = caption(canvas.shape[1] - 2 * MARGIN, _status(match), colour)
    _paste(canvas, status, top + height + BORDER, MARGIN - INDENT)
    return canvas


def _status(match: Match) -> str:
    verdict = match.verdict()
    if verdict and match.parted_at is None:
        return verdict  # it names the tick
    return f"tick {match.tick:,}" + (f", {verdict}" if verdict else "")


def _paste(canvas: Picture, picture: Picture, top: int, left: int) -> None:
    height, width, _ = picture.shape
    canvas[top : top + height, left : left + width] = picture
