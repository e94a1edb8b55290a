"""Whether what is seen of a game determines what comes next, found out by playing a lot of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import Rollout, roll_out

GAMES, TICKS = 128, 1500


def much_play(game: AnyGame) -> Rollout:
    """By players good and bad."""
    cast = make_players(["random", "sticky", "tracker:0.5", "tracker:0.9"])
    return roll_out(game, cast, training_seeds(1, 0, GAMES), TICKS)


def numbered(values: NDArray[Any]) -> NDArray[np.int64]:
    """A number for what there is in each game and tick: (B, T, ...) -> (B, T); same number, same
    bytes."""
    batch, ticks = values.shape[:2]
    known: dict[bytes, int] = {}
    rows = values.reshape(batch * ticks, -1)
    numbers = [known.setdefault(row.tobytes(), len(known)) for row in rows]
    return np.array(numbers).reshape(batch, ticks)


def contradictions(
    played: Rollout, context: int, hidden: NDArray[np.integer[Any]] | None = None
) -> tuple[int, int]:
    """Of the ticks whose variant, action and last `context` frames came before: how many there are,
    and how many led to another frame, reward, event or end than the first time. hidden (B, T): what
    has to be the same as well."""
    ticks = played.event.shape[1]
    first = context - 1  # tick before which so many frames are known
    frames = numbered(played.frames)  # (B, T + 1)
    past = [frames[:, start : ticks - first + start] for start in range(context)]
    variant = numbered(played.description[:, None]).repeat(ticks, 1)
    known = [variant, numbered(played.actions), *([] if hidden is None else [hidden])]
    told = [frames[:, 1:], numbered(played.reward), played.event, played.terminated]
    seen = np.stack([*past, *(part[:, first:] for part in known)], 2)  # (B, T - first, K)
    then = np.stack([part[:, first:] for part in told], 2)  # (B, T - first, 4)
    seen, then = seen.reshape(-1, seen.shape[2]), then.reshape(-1, then.shape[2])
    _, earliest, same = np.unique(seen, axis=0, return_index=True, return_inverse=True)
    other = (then != then[earliest[same.reshape(-1)]]).any(1)
    return len(seen) - len(earliest), int(other.sum())
