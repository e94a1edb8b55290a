"""Garden (data_gen/games/garden.py) with one of its parts learned: the true ball flies in a Life
that a network has learned; and when and where that is another game."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import AnyGame, Frames, Seeds
from data_gen.games.garden import Garden
from data_gen.players import Player
from gameengine.compiled_life import CompiledLife
from gameengine.engine import Engine
from gameengine.engines.cell import CellEngine
from gameengine.learned_game import DreamState, LearnedGame
from gameengine.retargeting import for_spec


def with_learned_board(truth: Garden, engine: Engine, as_table: bool = False) -> Garden:
    """The garden with a cell engine of Life as its board. as_table: look up what the engine says of
    each neighbourhood instead of asking it in every tick; raises UserError for cells that see more
    than their neighbourhood, and always for other engines."""
    if engine.spec.name != "life" or not isinstance(engine, CellEngine):
        raise UserError(
            f"this {type(engine).__name__} of {engine.spec.name} cannot be the garden's board; give"
            " a cell engine of Life, such as assets/life.ckpt"
        )
    fitted = for_spec(engine, truth.board.spec, edges=truth.board.spec.options["edges"])
    if as_table:
        return truth.with_board(CompiledLife(fitted))
    learned = LearnedGame(fitted, truth.board)

    def showing(state: DreamState, frames: Frames) -> DreamState:
        """The engine reads frames: it is shown these as a context of one tick."""
        return learned.dream_of(frames[:, None], np.zeros((len(frames), 1, 1), np.int64), state)

    return truth.with_board(learned, showing)


@dataclass(frozen=True)
class Difference:
    """Where two games are first not the same. game: an index of the seeds. places (N, 2): rows and
    columns of all pixels that differ then."""

    tick: int
    game: int
    places: NDArray[np.int64]


def first_difference(
    truth: AnyGame,
    other: AnyGame,
    player: Player,
    seeds: Seeds,
    ticks: int,
    told: Callable[[int], object] = lambda tick: None,
) -> Difference | None:
    """Play both from seeds (B,) with the same actions, of a player who sees the truth. None if all
    frames are equal. told: called after each tick."""
    states = [game.init(seeds) for game in (truth, other)]
    memory = player.start(truth.spec, seeds)
    for tick in range(ticks + 1):
        shown, found = truth.render(states[0]), other.render(states[1])
        differs = (shown != found).any(1)  # (B, H, W)
        if differs.any():
            game = int(differs.any((1, 2)).argmax())
            return Difference(tick, game, np.argwhere(differs[game]))
        if tick < ticks:
            actions, memory = player.act(truth.spec, memory, shown)
            states = [
                game.step(state, actions)
                for game, state in zip((truth, other), states, strict=True)
            ]
            told(tick + 1)
    return None
