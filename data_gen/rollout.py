"""Rollouts: the actions that players chose and the frames that they led to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, AnyGame, Frames, Game, GameSpec, S, Seeds, State
from data_gen.players import Cast, Memory, Player


@dataclass(frozen=True)
class Ticks:
    """T ticks of B games. Action t leads from frame t to frame t + 1."""

    frames: Frames  # (B, T + 1, C, H, W)
    actions: NDArray[np.uint8]  # (B, T, P)
    policy: NDArray[np.uint8]  # (B, T, P): which of the players acted
    reward: NDArray[np.float32]  # (B, T, P): of the tick that action t began
    terminated: NDArray[np.bool_]  # (B, T)
    event: NDArray[np.uint8]  # (B, T): index of spec.events


@dataclass(frozen=True)
class Rollout(Ticks):
    """Ticks, and what their games began with."""

    seeds: Seeds  # (B,)
    description: NDArray[np.float32]  # (B, D)


class FusedGame(ABC, Generic[S]):
    """A game that can also play many ticks with a cast at once, with no Python in between."""

    spec: GameSpec

    @abstractmethod
    def init(self, seeds: Seeds) -> S: ...

    @abstractmethod
    def step(self, state: S, actions: Actions) -> S: ...

    @abstractmethod
    def render(self, state: S) -> Frames: ...

    @abstractmethod
    def run(
        self, state: S, cast: Cast, memory: Memory, ticks: Ticks, threads: int = 1
    ) -> tuple[S, Memory]:
        """Fill `ticks`, whose frame 0 shows `state`. Returns the state and the memory after them,
        the same as tick by tick, for any number of threads; changes neither that it is given."""
        ...


def roll_out(
    game: AnyGame,
    player: Player,
    seeds: Seeds,
    ticks: int,
    threads: int = 1,
    begin: Callable[[Seeds], State] | None = None,
) -> Rollout:
    """Play `ticks` ticks from the states that `begin` gives for the seeds (B,), by default the
    game's `init`. threads: used by games that can; the result does not depend on it.

    Raises ValueError if ticks < 1.
    """
    if ticks < 1:
        raise ValueError(f"a rollout needs at least 1 tick, not {ticks}")
    state = (begin or game.init)(seeds)
    played = buffers(game.spec, len(seeds), ticks)
    roll_on(game, player, state, player.start(game.spec, seeds), played, threads)
    shown = {entry.name: getattr(played, entry.name) for entry in fields(Ticks)}
    return Rollout(**shown, seeds=seeds, description=state.description)


def roll_on(
    game: Game[S], player: Player, state: S, memory: Memory, ticks: Ticks, threads: int = 1
) -> tuple[S, Memory]:
    """Play on from `state` and fill `ticks`, the caller's buffers. Returns the state and the memory
    after them. threads: as for `roll_out`.

    Raises ValueError for buffers that are not contiguous, that have no room for a tick, or whose
    shapes are not those of `buffers`.
    """
    _check(game.spec, len(state.event), ticks)
    ticks.frames[:, 0] = game.render(state)
    if isinstance(game, FusedGame) and isinstance(player, Cast):
        return game.run(state, player, memory, ticks, threads)
    for tick in range(ticks.event.shape[1]):
        ticks.policy[:, tick] = memory["policy"]
        actions, memory = player.act(game.spec, memory, ticks.frames[:, tick])
        state = game.step(state, actions)
        ticks.actions[:, tick], ticks.frames[:, tick + 1] = actions, game.render(state)
        ticks.reward[:, tick], ticks.terminated[:, tick] = state.reward, state.terminated
        ticks.event[:, tick] = state.event
    return state, memory


def _check(spec: GameSpec, batch: int, ticks: Ticks) -> None:
    """Kernels would fill a copy of what is not contiguous, and write beyond what is too small."""
    count = ticks.event.shape[-1] if ticks.event.ndim else 0
    if count < 1:
        raise ValueError(f"buffers need room for at least 1 tick, not {count}")
    seats = (batch, count, len(spec.players))
    shapes = {"frames": (batch, count + 1, *spec.shape)}
    shapes |= {"actions": seats, "policy": seats, "reward": seats}
    for entry in fields(Ticks):
        array, shape = getattr(ticks, entry.name), shapes.get(entry.name, (batch, count))
        if array.shape != shape:
            raise ValueError(f"the buffer of {entry.name} must be {shape}, not {array.shape}")
        if not array.flags.c_contiguous:
            raise ValueError(f"the buffer of {entry.name} must be contiguous")


def buffers(spec: GameSpec, batch: int, ticks: int) -> Ticks:
    """Room for `ticks` ticks, to be filled by `roll_on`, again and again if wanted."""
    seats = (batch, ticks, len(spec.players))
    return Ticks(
        frames=np.empty((batch, ticks + 1, *spec.shape), np.uint8),
        actions=np.empty(seats, np.uint8),
        policy=np.empty(seats, np.uint8),
        reward=np.empty(seats, np.float32),
        terminated=np.empty((batch, ticks), np.bool_),
        event=np.empty((batch, ticks), np.uint8),
    )


def play(
    game: AnyGame, player: Player, seeds: Seeds, state: State
) -> Iterator[tuple[NDArray[np.uint8], State, Frames]]:
    """Endless ticks from `state`: yields (actions (B, P), the state they lead to, its frames)."""
    memory = player.start(game.spec, seeds)
    frames = game.render(state)
    while True:
        actions, memory = player.act(game.spec, memory, frames)
        state = game.step(state, actions)
        frames = game.render(state)
        yield actions, state, frames
