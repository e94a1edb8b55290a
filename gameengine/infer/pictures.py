"""What was looked for and what was found, as a picture and as a film."""

from __future__ import annotations

from collections.abc import Sequence

from data_gen.game import GameSpec
from data_gen.pictures import (
    ALARM,
    INK,
    Picture,
    caption,
    difference,
    enlarge,
    stack,
    to_rgb,
)
from gameengine.infer.law import Cells

HOLD = 8  # frames that the film stands still at its end


def picture(spec: GameSpec, target: Cells, frames: Cells, told: str) -> Picture:
    """Target, what was found, its true future and where that is wrong, beside each other. frames
    (T + 1, H, W): the true game from what was found on. told: a line above."""
    ticks = len(frames) - 1
    return _titled(
        told,
        [
            _panel("target", _shown(spec, target)),
            _panel(f"found, {_ticks(ticks)} before", _shown(spec, frames[0])),
            _panel("its true future", _shown(spec, frames[-1])),
            _panel(*_verdict(spec, target, frames[-1])),
        ],
    )


def film(spec: GameSpec, target: Cells, frames: Cells, told: str) -> list[Picture]:
    """The true game, from what was found to the target."""
    shown = [0] * 3 + list(range(len(frames))) + [len(frames) - 1] * HOLD
    return [
        _titled(
            told,
            [
                _panel("target", _shown(spec, target)),
                _panel(f"the true game, tick {tick}", _shown(spec, frames[tick])),
                _panel(*_verdict(spec, target, frames[tick]))
                if tick == len(frames) - 1
                else _panel("difference", difference(target[None], frames[tick][None], spec)),
            ],
        )
        for tick in shown
    ]


def _ticks(count: int) -> str:
    return f"{count} tick" if count == 1 else f"{count} ticks"


def _shown(spec: GameSpec, cells: Cells) -> Picture:
    return to_rgb(cells[None], spec)


def _verdict(
    spec: GameSpec, target: Cells, last: Cells
) -> tuple[str, Picture, tuple[int, int, int]]:
    wrong = int((last != target).sum())
    text = f"{wrong} cells are off" if wrong != 1 else "1 cell is off"
    return (
        text if wrong else "exact",
        difference(target[None], last[None], spec),
        ALARM if wrong else INK,
    )


def _panel(name: str, inside: Picture, colour: tuple[int, int, int] = INK) -> Picture:
    height, width, _ = inside.shape
    factor = max(1, round(224 / max(height, width)))
    large = enlarge(inside, factor)
    return stack([caption(large.shape[1], name, colour), large], axis=0, gap=0)


def _titled(told: str, panels: Sequence[Picture]) -> Picture:
    row = stack(panels, axis=1, gap=8)
    return stack([caption(row.shape[1], told), row], axis=0, gap=2)
