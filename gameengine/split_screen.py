"""Split screens: the truth above, the dream below, and a mark from where they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, GameSpec
from data_gen.pictures import (
    ALARM,
    INK,
    Picture,
    caption,
    difference,
    enlarge,
    fitting_factor,
    stack,
    to_rgb,
)
from data_gen.players import Cast
from data_gen.randomness import held_out_seeds
from gameengine.judge import beside
from gameengine.learned_game import LearnedGame

BORDER = 3  # px around a panel


@dataclass(frozen=True)
class SideBySide:
    """Truth and dream of the same N rollouts, T frames each, the first predicted ones first.
    name: of what the truth is, above its picture."""

    spec: GameSpec
    truth: Frames  # (N, T, C, H, W)
    dream: Frames  # (N, T, C, H, W)
    name: str = "truth"

    @property
    def parted(self) -> list[int | None]:
        """For each rollout how many ticks were exact before one was wrong; None: it never was."""
        wrong = (self.truth != self.dream).any((2, 3, 4))  # (N, T)
        return [int(row.argmax()) if row.any() else None for row in wrong]


def dream_beside_truth(
    learned: LearnedGame, cast: Cast, rollouts: int, ticks: int, name: str = "truth"
) -> SideBySide:
    """Play held-out rollouts in the dream and in the truth; always the same ones."""
    shown = list(islice(beside(learned, cast, held_out_seeds(1, rollouts)), ticks))
    truth, dream = zip(*shown, strict=True)
    return SideBySide(learned.spec, np.stack(truth, 1), np.stack(dream, 1), name)


def split_screens(games: Sequence[SideBySide], differences: bool = False) -> list[Picture]:
    """The split screens of several games beside each other."""
    each = [split_screen(shown, differences) for shown in games]
    return [stack(pictures, axis=1, gap=8) for pictures in zip(*each, strict=True)]


def split_screen(shown: SideBySide, differences: bool = False) -> list[Picture]:
    """One picture a tick: the rollouts beside each other, truth above, dream below; the border of a
    dream turns red at the tick where it parts from the truth and stays red. differences: a third
    row with the wrong pixels in red."""
    factor = fitting_factor(shown.spec, 128)
    parted = shown.parted
    pictures = []
    for tick in range(shown.truth.shape[1]):
        columns = []
        for number, when in enumerate(parted):
            lost = when is not None and tick >= when
            true_frame, dreamt = shown.truth[number, tick], shown.dream[number, tick]
            truth = _panel(to_rgb(true_frame, shown.spec), factor, lost=False)
            dream = _panel(to_rgb(dreamt, shown.spec), factor, lost=lost)
            text = f"dream: exact for {when if lost else tick + 1}"
            below = caption(dream.shape[1], text, ALARM if lost else INK)
            above = caption(truth.shape[1], f"{shown.name}: tick {tick + 1}")
            parts = [above, truth, below, dream]
            if differences:
                wrong = difference(true_frame, dreamt, shown.spec)
                parts += [caption(dream.shape[1], "difference"), _panel(wrong, factor, lost=False)]
            columns.append(stack(parts, axis=0, gap=0))
        pictures.append(stack(columns, axis=1, gap=8))
    return pictures


def progress_strip(rows: Sequence[tuple[str, NDArray[np.uint8]]], factor: int) -> Picture:
    """The same rollouts as training goes on. rows: (name, pictures (N, H, W, 3)) from top to
    bottom, the truth first; all rows show the same ticks. factor: by which they are enlarged."""
    drawn = []
    for name, pictures in rows:
        panels = [
            _panel(picture, factor, lost=not np.array_equal(picture, true))
            for picture, true in zip(pictures, rows[0][1], strict=True)
        ]
        row = stack(panels, axis=1, gap=6)
        drawn.append(stack([caption(row.shape[1], name), row], axis=0, gap=0))
    return stack(drawn, axis=0, gap=6)


def _panel(picture: Picture, factor: int, lost: bool) -> Picture:
    """A picture, enlarged, with a border that is red when the dream is lost."""
    inside = enlarge(picture, factor)
    height, width, _ = inside.shape
    framed = np.empty((height + 2 * BORDER, width + 2 * BORDER, 3), np.uint8)
    framed[:] = ALARM if lost else (205, 205, 200)
    framed[BORDER:-BORDER, BORDER:-BORDER] = inside
    return framed
