"""The judge of what was found under a cover: the true game, from every state that may be under it.
No engine sees any of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from data_gen.game import AnyGame, Frames
from data_gen.games.pong import (
    ANGLE,
    BALL,
    BALL_SIZE,
    LEFT,
    LEFT_PADDLE,
    LEFT_SCORE,
    PLAIN_ANGLES,
    RIGHT,
    RIGHT_PADDLE,
    RIGHT_SCORE,
    SCORE,
    SIDE,
    SUB,
    TALL,
    WINNING,
    X,
    Y,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from data_gen.rollout import roll_out
from data_gen.starts import Starts
from gameengine.infer.covered import Covered, Masks, covered
from gameengine.infer.true_pong import PLAYER, Rows

TRIES = 16  # games that a window is looked for in


@dataclass(frozen=True)
class Truth:
    """What truly was there: frames (T, 1, H, W), and the state (F,) in the first of them, None of
    games whose states are no rows."""

    frames: Frames
    first: Rows | None


def held_out_window(
    game: AnyGame, seed: int, frames: int, colour: int, until: int, starts: Mapping[str, float]
) -> tuple[Covered, Truth]:
    """Frames of a held-out game that begins as `starts` says, see data_gen.starts.Starts. Nothing
    happens in the ticks of its context: what an engine is shown it has no part in.
    Raises ValueError if something always does."""
    begin, seeds = Starts(game, starts).draw, held_out_seeds(seed, TRIES)
    player, shown = make_players([PLAYER]), game.spec.context - 1
    happens = roll_out(game, player, seeds, max(1, shown), begin=begin).event[:, :shown].any(1)
    if happens.all():
        raise ValueError(
            f"something happens in the first {shown + 1} frames of all {TRIES} games that begin"
            " like that; give another --seed, or other --starts"
        )
    chosen = seeds[happens.argmin()][None]  # the first in which nothing does
    played = roll_out(game, player, chosen, frames - 1, begin=begin)
    state, whole = begin(chosen), played.frames[0]
    first = state.values[0] if isinstance(state, RowState) else None
    seen = Covered.of(whole, played.actions[0], state.description[0], colour, until)
    return seen, Truth(whole, first)


def possible(game: AnyGame, seen: Covered, first: Rows | None) -> Masks | None:
    """All that may have been under the cover (N, C, H, W), each once: what leads to the frames that
    are seen. first (F,): the true state, whose covered part is not used. None if nobody knows."""
    ways = None if first is None else _ways(game, first, seen.colour)
    if ways is None or not isinstance(game, KernelGame):
        return None
    state = replace(game.init(np.zeros(len(ways), np.uint64)), values=ways)
    shown: list[Frames] = []
    for tick in range(len(seen.frames)):
        if tick:
            actions = np.repeat(seen.actions[None, tick - 1], len(state.values), 0)
            state = game.step(state, actions)
        frame = game.render(state)  # (N, 1, H, W)
        visible = covered(frame[:, None], seen.colour, int(tick < seen.until))[:, 0]
        alike = (visible == seen.frames[tick]).all((1, 2, 3))
        state = replace(
            state,
            **{name: value[alike] for name, value in vars(state).items()},
        )
        shown = [part[alike] for part in shown]
        if tick < game.spec.context:
            shown.append(frame[alike])
    return np.unique(np.concatenate(shown, 1) == seen.colour, axis=0)


def _ways(game: AnyGame, first: Rows, colour: int) -> Rows | None:
    """States (N, F) that differ from one (F,) in what shows a colour; None if they are not known,
    or too many."""
    if game.spec.name != "pong" or game.spec.options["serve_angles"]:
        return None
    _, height, width = game.spec.shape
    scale = min(height, width) // 32
    field, size = height - scale, BALL_SIZE * scale
    tops = range(0, field - first[TALL] * scale + 1, scale)
    ways = {
        SCORE: {LEFT_SCORE: range(WINNING), RIGHT_SCORE: range(WINNING)},
        LEFT_PADDLE: {LEFT: tops},
        RIGHT_PADDLE: {RIGHT: tops},
        BALL: {
            Y: range(0, (field - size + 1) * SUB, SUB),
            X: range(0, (width - size + 1) * SUB, SUB),
            SIDE: (-1, 1),
            ANGLE: range(len(PLAIN_ANGLES)),
        },
    }[colour]
    values = np.array(list(product(*ways.values())), np.int32)
    rows = np.repeat(first[None], len(values), 0)
    rows[:, list(ways)] = values
    return rows


def score_of(mask: Masks) -> tuple[int, int]:
    """The points of both players that Pong's score (H, W) shows."""
    height, width = mask.shape
    points = mask.reshape(height, 2, width // 2).sum((0, 2)) // (min(height, width) // 32) ** 2
    return int(points[0]), int(points[1])
