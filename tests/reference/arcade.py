"""Arcade in plain NumPy: the reference of the game that is played, with its interface filled up."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [
    {"game": "snake"},
    {"game": "life", "options": {"life": {"rule": "B36/S23"}}},
    {"game": "flappy", "games": ["life", "catch", "flappy"], "size": (36, 40)},
    {"game": "pong", "options": {"pong": {"paddle_height": [5, 9], "ball_speed": [1, 2]}}},
    {"game": "catch", "games": ["catch"]},
    {"game": "breakout", "games": ["pong", "breakout"]},
]


class Reference:
    def __init__(self, **options: Any) -> None:
        self.spec = make_game("arcade", **options).spec
        name, size = self.spec.options["game"], self.spec.options["size"]
        made = {"size": size, **self.spec.options["options"].get(name, {})}
        self._game = import_module(f"tests.reference.{name}").Reference(**made)
        self._seats = len(self._game.spec.players)
        names = [f"{name} {entry}" for entry in self._game.spec.description]
        self._own = [self.spec.description.index(entry) for entry in names]

    def init(self, seeds: Seeds) -> State:
        state = self._game.init(seeds)
        told = {self.spec.options["game"]: np.ones(len(seeds))}
        for entry, value in zip(self._game.spec.description, state.description.T, strict=True):
            told[f"{self._game.spec.name} {entry}"] = value
        nothing = np.zeros(len(seeds))
        numbers = [told.get(entry, nothing) for entry in self.spec.description]
        return self._seen(state, np.stack(numbers, 1).astype(np.float32))

    def step(self, state: State, actions: Actions) -> State:
        after = self._game.step(self._inner(state), actions[:, : self._seats])
        return self._seen(after, state.description)

    def render(self, state: State) -> Frames:
        return self._game.render(self._inner(state))

    def _inner(self, state: State) -> State:
        seats, own = slice(self._seats), self._own
        return replace(state, description=state.description[:, own], reward=state.reward[:, seats])

    def _seen(self, state: State, description: NDArray[np.float32]) -> State:
        more = len(self.spec.players) - state.reward.shape[1]
        reward = np.pad(state.reward, ((0, 0), (0, more)))
        return replace(state, reward=reward, description=description)
