"""The true state variables of a game, by name: what a probe is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import AnyGame, State
from data_gen.games.automaton import CellState
from data_gen.kernel_game import KernelGame, RowState


def true_variables(game: AnyGame, state: State) -> dict[str, NDArray[np.float64]]:
    """Name -> values (B,). Games of rows: their named columns. Grids of cells: how many live, and
    the description. Raises UserError for other games."""
    if isinstance(game, KernelGame) and isinstance(state, RowState):
        columns = state.values.T[: len(game.columns)]
        return dict(zip(game.columns, columns.astype(np.float64), strict=True))
    if isinstance(state, CellState):
        return _of_cells(state.cells) | {
            name: state.description[:, index].astype(np.float64)
            for index, name in enumerate(game.spec.description)
        }
    raise UserError(f"{game.spec.name} does not name its state variables; there is nothing to ask")


def _of_cells(cells: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    height, width = cells.shape[1:]
    parts = {
        "living cells": cells,
        "living, upper half": cells[:, : height // 2],
        "living, left half": cells[:, :, : width // 2],
    }
    return {name: part.sum((1, 2)).astype(np.float64) for name, part in parts.items()}
