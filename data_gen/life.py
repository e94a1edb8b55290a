"""Conway's Game of Life and every other life-like rule, from soups or from patterns.

A cell looks at its 8 neighbours. A dead one with a number of living neighbours that is in the
rule's B digits is born, a living one with a number in the S digits survives, all others are dead.
Life is B3/S23: M. Gardner, Scientific American 223 (4), 1970. The notation is Golly's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, GameSpec, Seeds, State
from data_gen.randomness import chance
from data_gen.rle import Pattern, read_pattern, write_rle

DEFAULT_RULE = "B3/S23"
EDGES = ("torus", "dead")
COUNTS = 9  # a cell has 0 to 8 living neighbours
_NOTATION = re.compile(r"b(?P<b>[0-8]*)/?s(?P<s>[0-8]*)|s(?P<s2>[0-8]*)/?b(?P<b2>[0-8]*)", re.I)
_OLD_NOTATION = re.compile(r"([0-8]*)/([0-8]*)")  # survivals first


@dataclass(frozen=True)
class LifeState(State):
    cells: NDArray[np.bool_]  # (B, H, W): True is alive


class Life:
    """A life-like cellular automaton as a game without choices: its one action is "none".

    size: (H, W), 3 or more. rule: such as "B3/S23" or "b36s23"; None takes that of the pattern's
    header, or B3/S23. edges: "torus" wraps, "dead" is surrounded by cells that never live, not even
    by B0. density: share of living cells in the soup that each seed gives. pattern: starts every
    item from the same cells at the centre instead; a path to an .rle or .cells file, RLE text, or a
    picture of lines of '.' and 'O' or '*'.
    Raises ValueError for anything else, and for a pattern larger than the board.
    """

    def __init__(
        self,
        size: Sequence[int] = (32, 32),
        rule: str | None = None,
        edges: str = "torus",
        density: float = 0.35,
        pattern: str | Path | None = None,
    ) -> None:
        height, width = _checked_size(size)
        if edges not in EDGES:
            raise ValueError(f"unknown edges {edges!r}; choose from {', '.join(EDGES)}")
        if not isinstance(density, (int, float)) or not 0 <= density <= 1:
            raise ValueError(f"density must lie in 0 to 1, not {density!r}")
        drawn = None if pattern is None else read_pattern(pattern)
        rule = canonical_rule(_chosen_rule(rule, drawn))
        self._wraps = edges == "torus"
        self._density = float(density)
        self._description = _description(rule)
        self._start = None if drawn is None else _centred(drawn.cells, height, width)
        self.spec = GameSpec(
            name="life",
            version=1,
            shape=(1, height, width),
            actions=("none",),
            fps=15,
            colours=("dead", "alive"),
            palette=((18, 18, 28), (178, 236, 190)),
            context=1,
            description=tuple(f"{part}{count}" for part in "BS" for count in range(COUNTS)),
            options={
                "size": [height, width],
                "rule": rule,
                "edges": edges,
                "density": self._density,
                # As text, so that a checkpoint can make the game again without the file.
                "pattern": None if drawn is None else write_rle(drawn.cells, rule),
            },
        )

    def init(self, seeds: Seeds) -> LifeState:
        """A soup for each seed, or the pattern for all of them. seeds (B,) uint64."""
        batch, (_, height, width) = len(seeds), self.spec.shape
        if self._start is None:
            place = np.arange(height * width, dtype=np.uint64).reshape(height, width)
            cells = chance(self._density, seeds[:, None, None], place)  # (B, H, W)
        else:
            cells = np.tile(self._start, (batch, 1, 1))
        return _state(np.tile(self._description, (batch, 1)), cells)

    def step(self, state: LifeState, actions: Actions) -> LifeState:
        """One generation, all cells at once, each item by the rule in its description."""
        around = _square_sums(state.cells, self._wraps)  # (B, H, W)
        parts = state.description.reshape(-1, 2, COUNTS).astype(np.uint16)
        bits = parts @ (1 << np.arange(COUNTS, dtype=np.uint16))  # (B, 2)
        births = bits[:, 0, None, None]  # (B, 1, 1)
        survivals = bits[:, 1, None, None] << 1  # a living cell's square counts the cell itself
        # The bits that matter to each cell. By xor, as np.where takes three times as long here.
        wanted = births ^ (state.cells * (births ^ survivals))  # (B, H, W)
        return _state(state.description, ((wanted >> around) & 1).astype(np.bool_))

    def render(self, state: LifeState) -> Frames:
        """Returns palette indices (B, 1, H, W): 0 dead, 1 alive."""
        return state.cells[:, None].astype(np.uint8)


def canonical_rule(rule: str) -> str:
    """`rule` as Golly writes it: "B36/S23" for "b63s32". Raises ValueError for other notations."""
    match = _NOTATION.fullmatch(rule.strip()) if isinstance(rule, str) else None
    if not match:
        raise ValueError(
            f"unknown rule {rule!r}; write the neighbours for birth and for survival, 0 to 8 each,"
            f" as in {DEFAULT_RULE}"
        )
    births, survivals = match["b"] or match["b2"] or "", match["s"] or match["s2"] or ""
    return f"B{''.join(sorted(set(births)))}/S{''.join(sorted(set(survivals)))}"


def _chosen_rule(rule: str | None, pattern: Pattern | None) -> str:
    if rule is not None:
        return rule
    if pattern is None or pattern.rule is None:
        return DEFAULT_RULE
    # Golly appends the size of a bounded grid after a colon; here `size` and `edges` say that.
    stated = pattern.rule.split(":")[0].strip()
    old = _OLD_NOTATION.fullmatch(stated)
    return f"B{old[2]}/S{old[1]}" if old else stated


def _description(rule: str) -> NDArray[np.float32]:
    """The 18 numbers of a canonical rule: B0 to B8, then S0 to S8; 1 where the digit is there."""
    parts = rule[1:].split("/S")
    return np.array([str(n) in part for part in parts for n in range(COUNTS)], np.float32)


def _state(description: NDArray[np.float32], cells: NDArray[np.bool_]) -> LifeState:
    batch = len(cells)
    return LifeState(
        reward=np.zeros((batch, 1), np.float32),
        terminated=np.zeros(batch, np.bool_),
        description=description,
        event=np.zeros(batch, np.uint8),
        cells=cells,
    )


def _square_sums(cells: NDArray[np.bool_], wraps: bool) -> NDArray[np.uint8]:
    """Living cells in the 3 x 3 square around each cell, itself included. Returns (B, H, W)."""
    batch, height, width = cells.shape
    padded = np.zeros((batch, height + 2, width + 2), np.uint8)
    padded[:, 1:-1, 1:-1] = cells
    if wraps:
        padded[:, 0], padded[:, -1] = padded[:, -2], padded[:, 1]
        padded[:, :, 0], padded[:, :, -1] = padded[:, :, -2], padded[:, :, 1]
    columns = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]  # (B, H, W + 2)
    return columns[:, :, :-2] + columns[:, :, 1:-1] + columns[:, :, 2:]


def _centred(cells: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    rows, columns = cells.shape
    if rows > height or columns > width:
        raise ValueError(
            f"the pattern has {rows} x {columns} cells, but the board only {height} x {width};"
            " choose a larger size"
        )
    board = np.zeros((height, width), np.bool_)
    top, left = (height - rows) // 2, (width - columns) // 2
    board[top : top + rows, left : left + columns] = cells
    return board


def _checked_size(size: Sequence[int]) -> tuple[int, int]:
    if (
        not isinstance(size, Sequence)
        or len(size) != 2
        or any(not isinstance(n, int) or n < 3 for n in size)
    ):
        raise ValueError(f"size must be two whole numbers of 3 or more, not {size!r}")
    return size[0], size[1]
