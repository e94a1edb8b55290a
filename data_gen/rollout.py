"""Rollouts: the actions that players chose and the frames that they led to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, Frames, Seeds, State
from data_gen.players import Cast


@dataclass(frozen=True)
class Rollout:
    """B rollouts of T ticks. Action t leads from frame t to frame t + 1."""

    seeds: Seeds  # (B,)
    policy: NDArray[np.uint8]  # (B, P): which player of the cast acted
    description: NDArray[np.float32]  # (B, D)
    frames: Frames  # (B, T + 1, C, H, W)
    actions: NDArray[np.uint8]  # (B, T, P)
    reward: NDArray[np.float32]  # (B, T, P): of the tick that action t began
    terminated: NDArray[np.bool_]  # (B, T)
    event: NDArray[np.uint8]  # (B, T): index of spec.events


def roll_out(game: AnyGame, cast: Cast, seeds: Seeds, ticks: int) -> Rollout:
    """Play `ticks` ticks from the start. Raises ValueError if ticks < 1."""
    if ticks < 1:
        raise ValueError(f"a rollout needs at least 1 tick, not {ticks}")
    spec, batch = game.spec, len(seeds)
    frames = np.empty((batch, ticks + 1, *spec.shape), np.uint8)
    actions = np.empty((batch, ticks, len(spec.players)), np.uint8)
    reward = np.empty((batch, ticks, len(spec.players)), np.float32)
    terminated = np.empty((batch, ticks), np.bool_)
    event = np.empty((batch, ticks), np.uint8)
    start = game.init(seeds)
    frames[:, 0] = game.render(start)
    for tick, (chosen, state, shown) in enumerate(play(game, cast, seeds, start)):
        actions[:, tick], frames[:, tick + 1] = chosen, shown
        reward[:, tick], terminated[:, tick] = state.reward, state.terminated
        event[:, tick] = state.event
        if tick + 1 == ticks:
            break
    return Rollout(
        seeds=seeds,
        policy=cast.policy(seeds, len(spec.players)),
        description=start.description,
        frames=frames,
        actions=actions,
        reward=reward,
        terminated=terminated,
        event=event,
    )


def play(
    game: AnyGame, cast: Cast, seeds: Seeds, state: State
) -> Iterator[tuple[NDArray[np.int64], State, Frames]]:
    """Endless ticks from `state`: yields (actions (B, P), the state they lead to, its frames)."""
    memory = cast.start(game.spec, seeds)
    frames = game.render(state)
    while True:
        actions, memory = cast.act(game.spec, memory, frames)
        state = game.step(state, actions)
        frames = game.render(state)
        yield actions, state, frames
