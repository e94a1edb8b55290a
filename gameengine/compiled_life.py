"""A learned Life as a table: what the network says of each neighbourhood, looked up at every cell.

Exactly the same game as the network's, as its cells see no more than that; only faster.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds
from data_gen.games.automaton import CellState
from data_gen.games.life import life
from data_gen.kernels import kernel
from gameengine.engine import Engine
from gameengine.infer.law import law_of

LAW = types.Array(types.uint8, 1, "C")
BOARD = types.Array(types.uint8, 2, "C")


class CompiledLife:
    """A Game, made of an engine of Life. Raises UserError for engines whose cells see more than
    their neighbourhood."""

    def __init__(self, engine: Engine) -> None:
        self.spec = engine.spec
        self._law = law_of(engine)
        self._truth = life(**engine.spec.options)  # where games begin and how they are drawn

    def init(self, seeds: Seeds) -> CellState:
        return self._truth.init(seeds)

    def step(self, state: CellState, actions: Actions) -> CellState:
        return self.advance(state, 1)

    def render(self, state: CellState) -> Frames:
        return self._truth.render(state)

    def advance(self, state: CellState, ticks: int) -> CellState:
        """The state after `ticks` ticks, without frames."""
        wraps = self.spec.options["edges"] == "torus"
        cells = [_run(self._law, board, wraps, ticks) for board in state.cells.view(np.uint8)]
        return replace(state, cells=np.stack(cells).view(np.bool_))


def _run(
    law: NDArray[np.uint8], board: NDArray[np.uint8], wraps: bool, ticks: int
) -> NDArray[np.uint8]:
    """A board (H, W) after some ticks; the given one stays as it is."""
    now, after = np.pad(board, 1), np.zeros(np.add(board.shape, 2), np.uint8)
    for _ in range(ticks):
        _tick(law, now, after, wraps)
        now, after = after, now
    return np.ascontiguousarray(now[1:-1, 1:-1])


@kernel(types.void(LAW, BOARD, BOARD, types.boolean))
def _tick(
    law: NDArray[np.uint8], now: NDArray[np.uint8], after: NDArray[np.uint8], wraps: bool
) -> None:
    """One tick of boards with a margin (H + 2, W + 2); that of `now` is filled first."""
    height, width = now.shape[0] - 2, now.shape[1] - 2
    if wraps:
        now[0], now[height + 1] = now[height], now[1]
        now[:, 0], now[:, width + 1] = now[:, width], now[:, 1]
    for row in range(1, height + 1):
        above, here, below = now[row - 1], now[row], now[row + 1]
        seen = 0  # the neighbourhood slides along the row; bit 3 * row + column
        for column in range(width + 2):
            seen = seen >> 1 & 0b011011011
            seen |= above[column] << 2 | here[column] << 5 | below[column] << 8
            if column >= 2:
                after[row, column - 1] = law[seen]
