"""Players: anything that maps frames to actions. They read only what is seen, so that the same
player plays a true game and a learned one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, GameSpec, Seeds, ready
from data_gen.randomness import integers
from data_gen.registry import expert_of, played_by

Memory = dict[str, NDArray[Any]]  # every array has B first
MOST_PLAYERS = 256  # a policy is a uint8
SEAT_MEMORY = 3  # numbers that a scripted player remembers at each seat, see data_gen/scripted.py


class Player(Protocol):
    """One or several ways to play every seat of a game, batched.

    names: of the players in it. Its memory holds `policy` (B, P) uint8, an index into `names`: who
    acts at each seat in the coming tick.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        """What the player remembers before the first tick. seeds (B,) uint64."""
        ...

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.uint8], Memory]:
        """Choose actions (B, P) for frames (B, C, H, W); returns the new memory, changes none."""
        ...


@dataclass(frozen=True)
class Scripted:
    """The game's expert, which errs: it plays well for a share `skill` of the time, and in lapses
    of `lapse` ticks on average holds a random action for `hold` ticks on average. At each end of a
    lapse or of a good time it aims anew. Without skill it is a sticky player, and if it also holds
    for one tick only, a random one.

    Raises ValueError for a skill outside 0 to 1 and for less than one tick.
    """

    name: str
    skill: float = 0.0
    hold: float = 8.0
    lapse: float = 12.0

    def __post_init__(self) -> None:
        if not 0 <= self.skill <= 1:
            raise ValueError(f"skill must lie in 0 to 1, not {self.skill!r}")
        for what in ("hold", "lapse"):
            if not getattr(self, what) >= 1:
                raise ValueError(f"{what} must be at least 1 tick, not {getattr(self, what)!r}")


PLAYERS: dict[str, Scripted] = {
    player.name: player
    for player in (
        Scripted("random", hold=1),
        Scripted("sticky"),
        Scripted("tracker", skill=0.8),
    )
}


class Cast:
    """Scripted players: every seat of every item is given to one of them by its seed."""

    def __init__(self, players: Sequence[Scripted]) -> None:
        if not players:
            raise ValueError("a cast needs at least one player")
        if len(players) > MOST_PLAYERS:
            raise ValueError(f"a cast has at most {MOST_PLAYERS} players, not {len(players)}")
        from data_gen.scripted import table

        self.players = tuple(players)
        self.names = tuple(player.name for player in players)
        self.table = table([(p.skill, p.hold, p.lapse) for p in players])  # for the kernels

    def policy(self, seeds: Seeds, seats: int) -> NDArray[np.uint8]:
        """Who plays: (B, P), an index into `names`."""
        seat = np.arange(seats, dtype=np.uint64)
        return integers(len(self.players), seeds[:, None], seat, 0xCA57).astype(np.uint8)

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        shape = (len(seeds), len(spec.players))
        return {
            "seeds": seeds,
            "tick": np.zeros(len(seeds), np.uint64),
            "policy": self.policy(seeds, len(spec.players)),
            "seats": np.zeros((*shape, SEAT_MEMORY), np.int32),
        }

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.uint8], Memory]:
        from data_gen.scripted import act_all_of

        after = {"tick": memory["tick"].copy(), "seats": memory["seats"].copy()}
        actions = np.empty(memory["policy"].shape, np.uint8)
        act_all_of(played_by(spec), expert_of(spec))(
            self.table,
            spec.choices,
            ready(frames[:, 0], np.uint8),
            ready(memory["seeds"], np.uint64),
            after["tick"],
            ready(memory["policy"], np.uint8),
            after["seats"],
            actions,
        )
        actions[:, spec.taken :] = 0
        return actions, memory | after


@dataclass(frozen=True)
class ReplayPlayer:
    """Plays recorded actions (B, T, P) again, then stays at action 0. policy (B, T, P): who had
    chosen them, an index into `names`; by default all are the first."""

    actions: NDArray[np.integer[Any]]
    policy: NDArray[np.uint8] | None = None
    names: tuple[str, ...] = ("replay",)

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        if len(self.actions) != len(seeds):
            raise ValueError(f"{len(self.actions)} recordings cannot play {len(seeds)} games")
        first = {"item": np.arange(len(seeds)), "tick": np.zeros(len(seeds), np.int64)}
        return first | {"policy": self._at(self.policy, first)}

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.uint8], Memory]:
        after = memory | {"tick": memory["tick"] + 1}
        return self._at(self.actions, memory), after | {"policy": self._at(self.policy, after)}

    def _at(self, recorded: NDArray[Any] | None, memory: Memory) -> NDArray[np.uint8]:
        """What was recorded for the tick (B, P); 0 after the end and where nothing was."""
        _, ticks, seats = self.actions.shape
        chosen = np.zeros((len(memory["item"]), seats), np.uint8)
        if recorded is not None:
            there = memory["tick"] < ticks
            chosen[there] = recorded[memory["item"][there], memory["tick"][there]]
        return chosen


def make_players(names: Sequence[str]) -> Cast:
    """A cast from names such as "random" or "tracker:0.9" (a tracker of that skill).

    Raises ValueError for an unknown name or a skill that is not a number from 0 to 1.
    """
    players: list[Scripted] = []
    for name in names:
        kind, _, skill = name.partition(":")
        if kind not in PLAYERS or (skill and kind != "tracker"):
            allowed = ", ".join(sorted(PLAYERS))
            raise ValueError(f"unknown player {name!r}; choose from {allowed}, or tracker:SKILL")
        try:
            changed = {"skill": float(skill)} if skill else {}
            players.append(replace(PLAYERS[kind], name=name, **changed))
        except ValueError:
            raise ValueError(f"the skill in {name!r} must be a number from 0 to 1") from None
    return Cast(players)
