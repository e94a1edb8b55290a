"""Life in plain NumPy: count the neighbours, look into the rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.games.rle import parse_rle
from data_gen.randomness import chance
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [
    {"size": (3, 3), "rule": "B0/S8"},
    {"size": (5, 65), "rule": "B0/S0123", "edges": "dead"},
    {"size": (16, 130), "rule": "B36/S23", "density": 0.6},
    {"size": (64, 48), "pattern": "x = 3, y = 3, rule = B36/S23\nbo$2bo$3o!"},
]


@dataclass(frozen=True)
class CellState(State):
    cells: NDArray[np.bool_]  # (B, H, W)


class Reference:
    """See data_gen/games/life.py."""

    name = "life"

    def __init__(self, **options: Any) -> None:
        self.spec = make_game(self.name, **options).spec

    def init(self, seeds: Seeds) -> CellState:
        options, (_, height, width) = self.spec.options, self.spec.shape
        births, survivals = options["rule"][1:].split("/S")
        rule = [str(n) in births for n in range(9)] + [str(n) in survivals for n in range(9)]
        if options["pattern"] is None:
            place = np.arange(height * width, dtype=np.uint64).reshape(height, width)
            cells = chance(options["density"], seeds[:, None, None], place)
        else:
            pattern = parse_rle(options["pattern"]).cells
            top, left = (height - pattern.shape[0]) // 2, (width - pattern.shape[1]) // 2
            cells = np.zeros((len(seeds), height, width), np.bool_)
            cells[:, top : top + pattern.shape[0], left : left + pattern.shape[1]] = pattern
        return beginning(cells, np.tile(np.array(rule, np.float32), (len(seeds), 1)))

    def step(self, state: CellState, actions: Actions) -> CellState:
        wraps = self.spec.options["edges"] == "torus"
        return replace(state, cells=next_cells(state.cells, state.description, wraps))

    def render(self, state: CellState) -> Frames:
        return state.cells[:, None].astype(np.uint8)


def next_cells(
    cells: NDArray[np.bool_], rules: NDArray[np.float32], wraps: bool
) -> NDArray[np.bool_]:
    """One generation of cells (B, H, W) by rules (B, 18)."""
    mode = "wrap" if wraps else "constant"
    padded = np.pad(cells.astype(np.uint8), ((0, 0), (1, 1), (1, 1)), mode=mode)
    _, height, width = cells.shape
    around = sum(
        padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        if (down, right) != (0, 0)
    )
    # A dead cell looks among the first nine bits of the rule, a living one among the others.
    wanted = np.asarray(around) + 9 * cells
    return rules[np.arange(len(cells))[:, None, None], wanted] > 0


def beginning(cells: NDArray[np.bool_], rules: NDArray[np.float32]) -> CellState:
    batch = len(cells)
    return CellState(
        reward=np.zeros((batch, 1), np.float32),
        terminated=np.zeros(batch, np.bool_),
        description=rules,
        event=np.zeros(batch, np.uint8),
        cells=cells,
    )
