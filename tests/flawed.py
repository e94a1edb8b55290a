"""A dream for tests: the true game, but for one wrong pixel at known ticks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, AnyGame, Frames, Seeds, State

AGAIN = 3  # ticks


@dataclass(frozen=True)
class FlawedState(State):
    inner: Any
    age: int  # ticks


class Flawed:
    """`game` with a wrong pixel in the corner at tick `wrong_at` and once more AGAIN ticks later.
    `ends_at`: the tick at which it says that it is over. Keeps the actions that it was given."""

    def __init__(
        self, game: AnyGame, wrong_at: int | None = None, ends_at: int | None = None
    ) -> None:
        self.spec = game.spec
        self.actions: list[NDArray[np.integer]] = []
        self._game = game
        self._wrong_at = wrong_at
        self._ends_at = ends_at

    def init(self, seeds: Seeds) -> FlawedState:
        return self._around(self._game.init(seeds), 0)

    def step(self, state: FlawedState, actions: Actions) -> FlawedState:
        self.actions.append(actions[0])
        return self._around(self._game.step(state.inner, actions), state.age + 1)

    def render(self, state: FlawedState) -> Frames:
        frames = self._game.render(state.inner).copy()
        if self._wrong_at is not None and state.age in (self._wrong_at, self._wrong_at + AGAIN):
            frames[:, :, -1, -1] += 1
        return frames

    def with_keys(self, *keys: dict[str, int]) -> Flawed:
        """The same with other keys for its seats."""
        self.spec = replace(self.spec, keys=keys)
        return self

    def _around(self, inner: State, age: int) -> FlawedState:
        over = np.full(len(inner.terminated), age == self._ends_at)
        return FlawedState(inner.reward, over, inner.description, inner.event, inner, age)
