"""Who plays which seat: a person who touches its keys, else the scripted player."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from data_gen.game import GameSpec

PATIENCE = 5.0  # seconds after its last key until a seat is no longer a person's


class Seats:
    """The keys of every seat of a game, as `spec.keys` names them."""

    def __init__(self, spec: GameSpec) -> None:
        self._bindings: dict[str, list[tuple[int, int]]] = {}  # key -> (seat, action) each
        for seat, keys in enumerate(spec.keys):
            for key, action in keys.items():
                self._bindings.setdefault(key, []).append((seat, action))
        self._held: list[dict[str, int]] = [{} for _ in spec.players]  # key -> action, newest last
        self._pressed: list[int | None] = [None] * len(spec.players)  # since the last tick
        self._untouched = [inf] * len(spec.players)  # seconds

    def press(self, key: str) -> bool:
        """A key went down. Returns whether it belongs to a seat."""
        for seat, action in self._bindings.get(key, ()):
            self._held[seat].pop(key, None)  # a key pressed again becomes the newest
            self._held[seat][key] = action
            self._pressed[seat] = action
            self._untouched[seat] = 0.0
        return key in self._bindings

    def release(self, key: str) -> None:
        """A key went up."""
        for seat, _ in self._bindings.get(key, ()):
            self._held[seat].pop(key, None)

    def wait(self, seconds: float) -> None:
        """So much time of play went by."""
        for seat, held in enumerate(self._held):
            self._untouched[seat] = 0.0 if held else self._untouched[seat] + seconds

    def persons(self) -> tuple[int, ...]:
        """The seats that a person plays now."""
        return tuple(seat for seat, seconds in enumerate(self._untouched) if seconds < PATIENCE)

    def held(self, seat: int) -> Sequence[str]:
        """The keys of a seat that are down, the newest last."""
        return tuple(self._held[seat])

    def choose(self, proposed: NDArray[np.integer]) -> NDArray[np.int64]:
        """The actions (P,) of the next tick: a person's keys, else what is `proposed` (P,).

        The newest key counts. One that was let go before the tick counts for that tick, or a short
        tap would be lost. No key is action 0.
        """
        chosen = np.array(proposed, np.int64)
        for seat in self.persons():
            chosen[seat] = self._of_person(seat)
        self._pressed = [None] * len(self._pressed)
        return chosen

    def _of_person(self, seat: int) -> int:
        pressed, held = self._pressed[seat], self._held[seat]
        if pressed is not None:
            return pressed
        return next(reversed(held.values())) if held else 0
