"""What a learned Life makes of each neighbourhood, as a table; and what came before some cells, as
a question about that table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.games.life import life
from gameengine.certify.life import is_local
from gameengine.engine import Engine
from gameengine.neighbourhoods import learned_tables

Cells = NDArray[np.uint8]  # (..., H, W) of zeros and ones


@dataclass(frozen=True)
class Question:
    """Which cells become `target` (H, W) after so many ticks? law (512,): what a cell becomes, of
    the number of its neighbourhood, in which bit 3 * row + column is a cell. wraps: the edges are
    joined; otherwise nothing lives beyond them."""

    law: NDArray[np.uint8]
    target: Cells
    ticks: int
    wraps: bool = True

    def __post_init__(self) -> None:
        if self.ticks < 1:
            raise ValueError(f"ticks must be at least 1, not {self.ticks}")

    @property
    def around(self) -> NDArray[np.int32]:
        """(H * W, 9): the cells around each, itself in the middle; -1: beyond an edge."""
        height, width = self.target.shape
        row, column = np.divmod(np.arange(height * width)[:, None], width)  # (N, 1)
        over, beside = np.divmod(np.arange(9), 3)
        row, column = row + over - 1, column + beside - 1  # (N, 9)
        there = (row >= 0) & (row < height) & (column >= 0) & (column < width) | self.wraps
        return np.where(there, row % height * width + column % width, -1).astype(np.int32)

    @property
    def reach(self) -> NDArray[np.int32]:
        """(H * W, n): the cells on which each depends after all ticks, in any order; -1: none."""
        around = np.pad(self.around, ((0, 1), (0, 0)), constant_values=-1)
        cells = around[:, 4:5]  # itself
        for _ in range(self.ticks):
            cells = np.unique(around[cells].reshape(len(cells), -1), axis=1)
        each = [np.unique(row[row >= 0]) for row in cells[:-1]]
        return np.stack(
            [np.pad(row, (0, max(map(len, each)) - len(row)), constant_values=-1) for row in each]
        ).astype(np.int32)

    def future(self, cells: Cells) -> Cells:
        """What becomes of cells (..., H, W) after all ticks, by the law."""
        around = self.around
        flat = cells.reshape(-1, self.target.size)
        for _ in range(self.ticks):
            beyond = np.pad(flat, ((0, 0), (0, 1)))  # which is where -1 leads
            flat = self.law[(beyond[:, around] << np.arange(9)).sum(2)]
        return flat.reshape(cells.shape)

    def wrong(self, cells: Cells) -> NDArray[np.int64]:
        """(...): how many cells of the future of each are not those of the target, by the law."""
        return (self.future(cells) != self.target).sum((-2, -1))


def law_of(engine: Engine) -> NDArray[np.uint8]:
    """What an engine of Life makes of each neighbourhood, (512,). Raises UserError for an engine
    whose cells see more than that."""
    if engine.spec.name != "life" or not is_local(engine):
        raise UserError(
            f"this {type(engine).__name__} of {engine.spec.name} has no law of neighbourhoods; give"
            " a cell engine of Life, with token=0 and steps=1"
        )
    rule = life(rule=str(engine.spec.options["rule"])).init(np.zeros(1, np.uint64)).description
    return learned_tables(engine, torch.from_numpy(rule))[0]


def true_future(options: dict[str, Any], cells: Cells, ticks: int) -> Cells:
    """What the true Life with these options makes of cells (H, W): frames (ticks + 1, H, W)."""
    truth = life(
        size=cells.shape, rule=str(options["rule"]), edges=str(options["edges"]), density=0.0
    )
    state = replace(truth.init(np.zeros(1, np.uint64)), cells=cells[None] > 0)
    frames = [cells]
    for _ in range(ticks):
        state = truth.advance(state, 1)
        frames.append(state.cells[0].astype(np.uint8))
    return np.stack(frames)
