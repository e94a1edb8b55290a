"""The scripted players in plain NumPy: the oracle of data_gen/scripted.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, GameSpec, Seeds
from data_gen.players import Cast, Memory
from data_gen.randomness import chance, hash64, integers

Expert = Callable[[Frames, NDArray[np.float64]], NDArray[np.int64]]


class Reference:
    """Acts as `cast` does, given the expert of its game in NumPy."""

    def __init__(self, cast: Cast, expert: Expert) -> None:
        self.names = cast.names
        self._cast, self._expert = cast, expert
        self._skill = np.array([player.skill for player in cast.players])
        self._hold = np.array([player.hold for player in cast.players])
        self._lapse = np.array([player.lapse for player in cast.players])

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        shape = (len(seeds), len(spec.players))
        return {
            "seeds": seeds,
            "tick": np.zeros(len(seeds), np.uint64),
            "policy": self._cast.policy(seeds, len(spec.players)),
            "held": np.zeros(shape, np.int64),
            "lapsed": np.zeros(shape, np.bool_),
            "aim": np.zeros(shape),
        }

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.uint8], Memory]:
        seeds, tick, who = memory["seeds"], memory["tick"], memory["policy"]
        seat = np.arange(len(spec.players), dtype=np.uint64)
        first = (tick == 0)[:, None]
        key = hash64(seeds, tick)[:, None]

        let_go = first | _chances(1 / self._hold[who], seeds[:, None], tick[:, None], seat, 1)
        held = np.where(let_go, integers(len(spec.actions), key, seat), memory["held"])

        skill = self._skill[who]
        redraw = (skill > 0) & (first | _chances(1 / self._lapse[who], key, seat, 2))
        lapsed = np.where(redraw, ~_chances(skill, key, seat, 3), memory["lapsed"])
        aim = np.where(redraw, integers(2001, key, seat, 4) / 1000 - 1.0, memory["aim"])
        good = (skill > 0) & ~lapsed
        actions = np.where(good, self._expert(frames, aim), held).astype(np.uint8)
        new = {"tick": tick + np.uint64(1), "held": held, "lapsed": lapsed, "aim": aim}
        return actions, memory | new


def _chances(
    probability: NDArray[np.float64], *values: NDArray[np.uint64] | int
) -> NDArray[np.bool_]:
    """`chance`, with a probability for each seat."""
    found = np.zeros(probability.shape, np.bool_)
    for value in np.unique(probability):
        found |= (probability == value) & chance(float(value), *values)
    return found
