"""The judge of what was inferred of Pong with serve angles: the true game, from every state that
the first frame may show. No engine sees any of this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, product

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import AnyGame, Frames
from data_gen.games.pong import (
    ANGLE,
    FINE_ANGLES,
    FIRST,
    LEFT_SCORE,
    RIGHT_SCORE,
    SIDE,
    SPEED,
    SUB,
    X,
    Y,
)
from data_gen.kernel_game import KernelGame
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from gameengine.infer.motion import Window

LATEST = 200  # a window begins at most so many ticks after a game
PLAYER = "tracker:0.9"  # which no training has seen
PIECE = 200  # games that are played at once to choose from

Rows = NDArray[np.int32]  # (..., F): states of the true game


def check_judged(game: AnyGame) -> KernelGame:
    """The game, if it can judge. Raises UserError for others."""
    fine = game.spec.name == "pong" and game.spec.options["serve_angles"]
    if not fine or not isinstance(game, KernelGame):
        raise UserError(
            f"no true game says whether a motion in {game.spec.name} is right; give an engine of"
            " Pong with serve_angles"
        )
    return game


def windows(
    game: KernelGame, seed: int, count: int, frames: int, told: bool
) -> list[tuple[Window, Rows]]:
    """Windows of so many frames from held-out games, each at a random time of a game of its own,
    and the true states (T, F) in them."""
    seeds = held_out_seeds(seed, count)
    starts = np.random.default_rng(seed).integers(1, LATEST, count)
    state, player = game.init(seeds), make_players([PLAYER])
    memory = player.start(game.spec, seeds)
    shown, states, chosen = [game.render(state)], [state.values], []
    for _ in range(LATEST + frames):
        actions, memory = player.act(game.spec, memory, shown[-1])
        state = game.step(state, actions)
        chosen.append(actions)
        states.append(state.values)
        shown.append(game.render(state))
    found: list[tuple[Window, Rows]] = []
    for item, start in enumerate(starts.tolist()):
        ticks = slice(start, start + frames)
        part = [np.stack([one[item] for one in many[ticks]]) for many in (shown, chosen, states)]
        window = Window(part[0], part[1][:-1], state.description[item], told)
        found.append((window, part[2]))
    return found


def telling_windows(game: KernelGame, seed: int) -> Iterator[tuple[Window, Rows]]:
    """Windows of three frames that tell how the ball flies in the last of them, and the true states
    (3, F) in them, without end: as others, but for the hidden part of the first state. That is
    drawn among all that three frames tell, as hardly any game comes by one by itself. The serve
    angle is not told."""
    rng = np.random.default_rng(seed)
    for piece in count():
        for window, (first, *_) in windows(game, seed + piece, PIECE, 3, told=False):
            ways = [_all_hidden(first)]
            for actions in window.actions:
                ways.append(forward(game, ways[-1], actions)[0])
            last = velocities(game, ways[-1])
            shown = np.concatenate([_shown(rows) for rows in ways[1:]], 1)
            _, alike = np.unique(shown, axis=0, return_inverse=True)
            different = np.unique(np.column_stack([alike, last]), axis=0)
            many = np.bincount(different[:, 0])  # velocities that frames allow, of each of these
            if not len(telling := np.flatnonzero(many[alike] == 1)):
                continue
            rows = np.stack(ways, 1)[rng.choice(telling)]  # (3, F)
            frames = game.render(replace(game.init(np.zeros(3, np.uint64)), values=rows))
            found = replace(window, frames=frames)
            possible = consistent(game, found, rows[0])[-1]  # whatever the serve angle is
            if len(np.unique(velocities(game, possible), axis=0)) == 1:
                yield found, rows


def _all_hidden(first: Rows) -> Rows:
    """All states (N, F) that show the ball where a state (F,) has it."""
    fractions, angles = range(SUB), range(len(FINE_ANGLES))
    hidden = np.array(list(product(fractions, fractions, angles, (-1, 1))), np.int32)  # (N, 4)
    rows = np.repeat(first[None], len(hidden), 0)
    rows[:, [Y, X]] = first[[Y, X]] // SUB * SUB + hidden[:, :2]
    rows[:, [ANGLE, SIDE]] = hidden[:, 2:]
    return rows


def _shown(rows: Rows) -> Rows:
    """(N, 4): what frames show of ball and score in states (N, F)."""
    return np.column_stack([rows[:, [Y, X]] // SUB, rows[:, [LEFT_SCORE, RIGHT_SCORE]]])


def velocities(game: KernelGame, rows: Rows) -> NDArray[np.int64]:
    """(N, 2) down and across, in 1/16 pixel a tick, of states (N, F)."""
    across, down = FINE_ANGLES[rows[:, ANGLE]].T * _pace(game, rows)
    return np.stack([down, across * rows[:, SIDE]], 1)


def consistent(game: KernelGame, window: Window, first: Rows) -> list[Rows]:
    """Which true states (N, F) each frame but the first may show, after those up to it: all that
    come from a state that has the ball where it is seen, whatever hides it. first (F,): the true
    state in the first frame, whose hidden part is not used."""
    scored = (window.frames[:, 0, 0] != window.frames[0, 0, 0]).any()  # the next serve is seen
    found = [np.zeros((0, len(first)), np.int32) for _ in window.actions]
    # As long as nobody scores, nothing depends on what is not told.
    angles = range(len(FINE_ANGLES))
    for serve in angles if scored and not window.told else [int(window.description[3])]:
        rows = _all_hidden(first)
        rows[:, FIRST] = serve
        for tick, actions in enumerate(window.actions):
            rows, shown = forward(game, rows, actions)
            rows = rows[(shown == window.frames[tick + 1]).all((1, 2, 3))]
            found[tick] = np.concatenate([found[tick], rows])
    return found


def forward(game: KernelGame, rows: Rows, actions: NDArray[np.uint8]) -> tuple[Rows, Frames]:
    """One tick of the true game from states (N, F), by actions (P,): states and their frames."""
    one = game.init(np.zeros(len(rows), np.uint64))
    after = game.step(replace(one, values=rows), np.repeat(actions[None], len(rows), 0))
    return after.values, game.render(after)


def set_motion(game: KernelGame, row: Rows, motion: NDArray[np.int64]) -> Rows | None:
    """The state (F,) with another hidden motion: fractions down and across, in 1/16 pixel, and
    speeds, per tick. None if no ball flies like that."""
    slope = motion[2:] // _pace(game, row[None])[0]
    angle = np.flatnonzero(~(FINE_ANGLES - [abs(slope[1]), slope[0]]).any(1))
    if not len(angle):
        return None
    moved = row.copy()
    moved[[Y, X]] = row[[Y, X]] // SUB * SUB + motion[:2]
    moved[ANGLE], moved[SIDE] = angle[0], np.sign(slope[1])
    return moved


def _pace(game: KernelGame, rows: Rows) -> NDArray[np.int64]:
    """(N,): by which slopes are multiplied."""
    return rows[:, SPEED].astype(np.int64) * (min(game.spec.shape[1:]) // 32)
