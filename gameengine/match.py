"""A game and a dream of it, played side by side by the same actions until they part, and on."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, GameSpec, Seeds
from data_gen.pictures import Picture, difference, to_rgb
from data_gen.players import Player, make_players
from data_gen.randomness import held_out_seeds, training_seeds
from gameengine.seats import Seats

SKILL = 0.85  # of the player at seats that no one touches


@dataclass(frozen=True)
class Pair:
    """What is played: a true game and its dream, or None for the truth alone.

    begin: seeds (1,) -> the states of both at the same tick; without a dream the second is unused.
    """

    truth: AnyGame
    dream: AnyGame | None
    begin: Callable[[Seeds], tuple[Any, Any]]

    @staticmethod
    def alone(truth: AnyGame) -> Pair:
        """The true game without a dream."""
        return Pair(truth, None, lambda seeds: (truth.init(seeds), None))

    @staticmethod
    def beside(truth: AnyGame, dream: AnyGame) -> Pair:
        """Two games that begin at the same tick by themselves. Raises ValueError if their frames
        have different shapes."""
        if truth.spec.shape != dream.spec.shape:
            raise ValueError(
                f"frames of {dream.spec.shape} cannot be compared with {truth.spec.shape}"
            )
        return Pair(truth, dream, lambda seeds: (truth.init(seeds), dream.init(seeds)))


class Match:
    """One game of a pair, batch 1, at some tick after its start.

    seed: number of a start that no training has seen, unless it is for training. start: the seed of
    the game that it gives. tick: ticks since the start. actions (P,): of the last tick; persons:
    the seats of those that a person chose; policy (P,): who of `player_names` would have chosen.
    truth_frame, dream_frame: (C, H, W) uint8; the latter None without a dream. parted_at: the first
    tick at which they differed, or None. seats: who plays. After a game's end the next one begins.
    """

    seed: int
    start: int
    tick: int
    actions: NDArray[np.int64]
    persons: tuple[int, ...]
    policy: NDArray[np.uint8]
    truth_frame: NDArray[np.uint8]
    dream_frame: NDArray[np.uint8] | None
    parted_at: int | None

    def __init__(
        self,
        pair: Pair,
        seed: int = 0,
        player: Player | None = None,
        *,
        for_training: bool = False,
    ) -> None:
        """player: plays the seats that no person does; a tracker unless given. It sees the truth,
        so that dream and truth get the same actions. for_training: begin where training may."""
        self._pair = pair
        self._player = player or make_players([f"tracker:{SKILL}"])
        self._for_training = for_training
        self.seats = Seats(self.spec)
        self._start(seed)

    @property
    def spec(self) -> GameSpec:
        return self._pair.truth.spec

    @property
    def player_names(self) -> tuple[str, ...]:
        """Of those who play the seats that no person does."""
        return self._player.names

    def restart(self) -> None:
        """Begin again from the next seed; persons keep their seats."""
        self._start((self.seed + 1) % (1 << 64))

    def advance(self, seconds: float | None = None) -> None:
        """One tick. seconds: how long it lasts for the persons who play, by default 1 / fps."""
        self.policy = self._memory["policy"][0]
        proposed, self._memory = self._player.act(self.spec, self._memory, self.truth_frame[None])
        self.persons = self.seats.persons()
        self.actions = self.seats.choose(proposed[0])
        self.seats.wait(1 / self.spec.fps if seconds is None else seconds)
        batch = self.actions[None]  # (1, P)
        self._true_state = self._pair.truth.step(self._true_state, batch)
        if self._pair.dream is not None:
            self._dream_state = self._pair.dream.step(self._dream_state, batch)
        self.tick += 1
        self._look()

    def change_dream(self, change: Callable[[Any], Any]) -> None:
        """Let the dream go on from another state, which `change` makes of its own."""
        self._dream_state = change(self._dream_state)

    def wrong_pixels(self) -> int:
        """How many pixels of the dream are not the truth's now."""
        if self.dream_frame is None:
            return 0
        return int((self.dream_frame != self.truth_frame).any(0).sum())

    def verdict(self) -> str:
        """How long the dream has been true, in words; empty without a dream."""
        if self.dream_frame is None:
            return ""
        if self.parted_at is not None:
            return f"parted at tick {self.parted_at:,}"
        return f"true for {self.tick:,} tick{'' if self.tick == 1 else 's'}"

    def panels(self, with_difference: bool = False) -> dict[str, Picture]:
        """What there is to see: title -> picture (H, W, 3)."""
        shown = {"truth": to_rgb(self.truth_frame, self.spec)}
        if self.dream_frame is not None:
            shown["dream"] = to_rgb(self.dream_frame, self.spec)
            if with_difference:
                shown["difference"] = difference(self.truth_frame, self.dream_frame, self.spec)
        return shown

    def trace(self) -> dict[str, Any]:
        """The last tick as plain values; frames as the CRC-32 of their bytes."""
        seats = range(len(self.spec.players))
        return {
            "seed": self.seed,
            "tick": self.tick,
            "actions": self.actions.tolist(),
            "players": ["person" if seat in self.persons else "tracker" for seat in seats],
            "parted_at": self.parted_at,
            "truth": zlib.crc32(self.truth_frame.tobytes()),
            "dream": None if self.dream_frame is None else zlib.crc32(self.dream_frame.tobytes()),
        }

    def _start(self, seed: int) -> None:
        seeds = training_seeds(seed, 0, 1) if self._for_training else held_out_seeds(seed, 1)
        self.start = int(seeds[0])
        self.seed, self.tick, self.parted_at = seed, 0, None
        self.actions, self.persons = np.zeros(len(self.spec.players), np.int64), ()
        self._true_state, self._dream_state = self._pair.begin(seeds)
        self._memory = self._player.start(self.spec, seeds)
        self.policy = self._memory["policy"][0]
        self._look()

    def _look(self) -> None:
        truth, dream = self._pair.truth, self._pair.dream
        self.truth_frame = truth.render(self._true_state)[0]
        self.dream_frame = None if dream is None else dream.render(self._dream_state)[0]
        if self.parted_at is None and self.wrong_pixels():
            self.parted_at = self.tick
