"""Life-like cellular automata as games: every item of a batch has cells, and a rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, GameSpec, Seeds, State, ready
from data_gen.games import life_board, life_grids
from data_gen.games.life_grids import LANES
from data_gen.kernels import threshold_of
from data_gen.players import Cast, Memory
from data_gen.rollout import FusedGame, Ticks
from data_gen.threads import in_parts

COUNTS = 9  # a cell has 0 to 8 living neighbours
EDGES = ("torus", "dead")
RULE_BITS = tuple(f"{part}{count}" for part in "BS" for count in range(COUNTS))
_FEW = 8  # boards are advanced one by one rather than 64 at a time


@dataclass(frozen=True)
class CellState(State):
    cells: NDArray[np.bool_]  # (B, H, W): True is alive


class Automaton(FusedGame[CellState]):
    """Cells that all change at once, each by the number of its living neighbours.

    begin: seeds (B,) -> cells (B, H, W) bool and descriptions (B, 18) float32, the rules: B0 to B8,
    S0 to S8, 1 where that many neighbours give birth or let survive. wraps: the edges are joined;
    otherwise the board is surrounded by cells that never live, not even by B0.
    """

    def __init__(
        self,
        spec: GameSpec,
        begin: Callable[[Seeds], tuple[NDArray[np.bool_], NDArray[np.float32]]],
        wraps: bool,
    ) -> None:
        self.spec = spec
        self._begin, self._wraps = begin, wraps

    def init(self, seeds: Seeds) -> CellState:
        cells, description = self._begin(seeds)
        batch = len(seeds)
        return CellState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=description,
            event=np.zeros(batch, np.uint8),
            cells=cells,
        )

    def step(self, state: CellState, actions: Actions) -> CellState:
        return replace(state, cells=self._run(state, None, 1, threads=1))

    def render(self, state: CellState) -> Frames:
        """Returns palette indices (B, 1, H, W): 0 dead, 1 alive."""
        return state.cells[:, None].astype(np.uint8)

    def run(
        self, state: CellState, cast: Cast, memory: Memory, ticks: Ticks, threads: int = 1
    ) -> tuple[CellState, Memory]:
        """See FusedGame. Where there is nothing to choose, players only count the ticks."""
        count = ticks.event.shape[1]
        cells = self._run(state, ticks.frames, count, threads)
        for values in (ticks.actions, ticks.reward, ticks.terminated, ticks.event):
            values[...] = 0
        ticks.policy[...] = memory["policy"][:, None]
        return replace(state, cells=cells), memory | {"tick": memory["tick"] + np.uint64(count)}

    def advance(self, state: CellState, ticks: int, threads: int = 1) -> CellState:
        """The state after `ticks` ticks, without frames: far faster than playing them."""
        if len(state.cells) >= _FEW:
            return replace(state, cells=self._run(state, None, ticks, threads))
        cells = np.empty_like(state.cells)

        def run(items: slice) -> None:
            for item in range(items.start, items.stop):
                rule = state.description[item] > 0
                cells[item] = life_board.advance(state.cells[item], rule, self._wraps, ticks)

        in_parts(run, len(cells), threads)
        return replace(state, cells=cells)

    def _run(
        self, state: CellState, frames: Frames | None, ticks: int, threads: int
    ) -> NDArray[np.bool_]:
        """The cells after `ticks`. frames (B, T + 1, 1, H, W): filled from frame 1 on."""
        batch, height, width = state.cells.shape
        cells = state.cells.astype(np.uint8).reshape(batch, 1, height * width)
        shown = cells[:0] if frames is None else frames.reshape(batch, ticks + 1, height * width)
        rules = _rule_words(state.description)

        def run(part: slice) -> None:  # of the blocks of LANES items
            items = slice(part.start * LANES, part.stop * LANES)
            life_grids.run(
                cells[items], shown[items], rules[part], height, width, self._wraps, ticks
            )

        in_parts(run, len(rules), threads)
        return cells.reshape(batch, height, width).view(np.bool_)


def _rule_words(description: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Rules (B, 18) as the kernels take them: (ceil(B / 64), 18), a bit for each item."""
    blocks = -(-len(description) // LANES)
    bits = np.zeros((2 * COUNTS, blocks * LANES), np.bool_)
    bits[:, : len(description)] = description.T > 0
    words = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)  # (18, blocks)
    return np.ascontiguousarray(words.T)


def rule_bits(rule: str) -> NDArray[np.float32]:
    """The 18 numbers of a rule such as "B3/S23": 1 where the digit is there."""
    parts = rule[1:].split("/S")
    return np.array([str(n) in part for part in parts for n in range(COUNTS)], np.float32)


def soups(seeds: Seeds, density: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """Cells (B, H, W) that live by chance. density (B,): how likely."""
    cells = np.empty((len(seeds), height * width), np.uint8)
    thresholds = np.array([threshold_of(share) for share in density], np.uint64)
    life_grids.soup(ready(seeds, np.uint64), thresholds, cells)
    return cells.reshape(-1, height, width).view(np.bool_)


def check_edges(edges: str) -> None:
    """Raises ValueError for edges that there are not."""
    if edges not in EDGES:
        raise ValueError(f"unknown edges {edges!r}; choose from {', '.join(EDGES)}")
