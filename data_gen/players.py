"""Players: anything that maps frames to actions. They read only what is seen, so that the same
player plays a true game and a learned one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, GameSpec, Seeds
from data_gen.randomness import chance, hash64, integers
from data_gen.registry import expert_of

Memory = dict[str, NDArray[Any]]  # every array has B first
Expert = Callable[[Frames, NDArray[np.float64]], NDArray[np.int64]]


class Player(Protocol):
    """One way to play every seat of a game, batched. `name` says which, for the record."""

    @property
    def name(self) -> str: ...

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        """What the player remembers before the first tick. seeds (B,) uint64."""
        ...

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        """Choose actions (B, P) for frames (B, C, H, W); returns the new memory, changes none."""
        ...


@dataclass(frozen=True)
class RandomPlayer:
    """Each tick, each seat: any action, all equally likely."""

    name: str = "random"

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        return {"seeds": seeds, "tick": np.zeros(len(seeds), np.uint64)}

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        seats = np.arange(len(spec.players), dtype=np.uint64)
        key = hash64(memory["seeds"], memory["tick"])[:, None]
        actions = integers(len(spec.actions), key, seats)  # (B, P)
        return actions, memory | {"tick": memory["tick"] + np.uint64(1)}


@dataclass(frozen=True)
class StickyPlayer:
    """Draws a random action and holds it for `hold` ticks on average."""

    hold: float = 8.0
    name: str = "sticky"

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        held = np.zeros((len(seeds), len(spec.players)), np.int64)
        return RandomPlayer().start(spec, seeds) | {"held": held}

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        fresh, moved_on = RandomPlayer().act(spec, memory, frames)
        seats = np.arange(len(spec.players), dtype=np.uint64)
        let_go = chance(1 / self.hold, memory["seeds"][:, None], memory["tick"][:, None], seats, 1)
        actions = np.where(let_go | (memory["tick"] == 0)[:, None], fresh, memory["held"])
        return actions, moved_on | {"held": actions}


@dataclass(frozen=True)
class Tracker:
    """The game's scripted expert, which errs: it plays well for a share `skill` of the time and in
    lapses of `lapse` ticks on average plays sticky. Now and then it aims anew."""

    skill: float = 0.8
    lapse: float = 12.0
    name: str = "tracker"

    def __post_init__(self) -> None:
        if not 0 <= self.skill <= 1:
            raise ValueError(f"skill must lie in 0 to 1, not {self.skill!r}")

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        shape = (len(seeds), len(spec.players))
        return StickyPlayer().start(spec, seeds) | {
            "lapsed": np.zeros(shape, np.bool_),
            "aim": np.zeros(shape, np.float64),
        }

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        erring, moved_on = StickyPlayer().act(spec, memory, frames)
        seats = np.arange(len(spec.players), dtype=np.uint64)
        key = hash64(memory["seeds"], memory["tick"])[:, None]
        redraw = chance(1 / self.lapse, key, seats, 2) | (memory["tick"] == 0)[:, None]
        lapsed = np.where(redraw, ~chance(self.skill, key, seats, 3), memory["lapsed"])
        new_aim = integers(2001, key, seats, 4) / 1000 - 1.0
        aim = np.where(redraw, new_aim, memory["aim"])
        actions = np.where(lapsed, erring, expert_of(spec)(frames, aim))
        return actions, moved_on | {"lapsed": lapsed, "aim": aim}


@dataclass(frozen=True)
class ReplayPlayer:
    """Plays recorded actions (B, T, P) again; stays at action 0 after their end."""

    actions: NDArray[np.integer[Any]]
    name: str = "replay"

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        if len(self.actions) != len(seeds):
            raise ValueError(f"{len(self.actions)} recordings cannot play {len(seeds)} games")
        return {"item": np.arange(len(seeds)), "tick": np.zeros(len(seeds), np.int64)}

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        tick = memory["tick"]
        last = self.actions.shape[1] - 1
        chosen = self.actions[memory["item"], np.minimum(tick, last)].astype(np.int64)
        actions = np.where((tick <= last)[:, None], chosen, 0)
        return actions, memory | {"tick": tick + 1}


class Cast:
    """Several players at once: every seat of every item is given to one of them by its seed.

    `policy(seeds, seats)` (B, P) tells which one acts, an index into `names`.
    """

    def __init__(self, players: Sequence[Player]) -> None:
        if not players:
            raise ValueError("a cast needs at least one player")
        self.players = tuple(players)
        self.names = tuple(player.name for player in players)

    def policy(self, seeds: Seeds, seats: int) -> NDArray[np.uint8]:
        seat = np.arange(seats, dtype=np.uint64)
        return integers(len(self.players), seeds[:, None], seat, 0xCA57).astype(np.uint8)

    def start(self, spec: GameSpec, seeds: Seeds) -> Memory:
        memory: Memory = {"policy": self.policy(seeds, len(spec.players))}
        for number, player in enumerate(self.players):
            for key, value in player.start(spec, seeds).items():
                memory[f"{number}.{key}"] = value
        return memory

    def act(
        self, spec: GameSpec, memory: Memory, frames: Frames
    ) -> tuple[NDArray[np.int64], Memory]:
        actions = np.zeros(memory["policy"].shape, np.int64)
        moved_on: Memory = {"policy": memory["policy"]}
        for number, player in enumerate(self.players):
            prefix = f"{number}."
            own = {k.removeprefix(prefix): v for k, v in memory.items() if k.startswith(prefix)}
            chosen, own = player.act(spec, own, frames)
            actions = np.where(memory["policy"] == number, chosen, actions)
            moved_on |= {prefix + key: value for key, value in own.items()}
        return actions, moved_on


PLAYERS: dict[str, Callable[[], Player]] = {
    "random": RandomPlayer,
    "sticky": StickyPlayer,
    "tracker": Tracker,
}


def make_players(names: Sequence[str]) -> Cast:
    """A cast from names such as "random" or "tracker:0.9" (a tracker of that skill).

    Raises ValueError for an unknown name or a skill that is not a number from 0 to 1.
    """
    players: list[Player] = []
    for name in names:
        kind, _, skill = name.partition(":")
        if kind not in PLAYERS or (skill and kind != "tracker"):
            allowed = ", ".join(sorted(PLAYERS))
            raise ValueError(f"unknown player {name!r}; choose from {allowed}, or tracker:SKILL")
        if not skill:
            players.append(PLAYERS[kind]())
            continue
        try:
            players.append(Tracker(float(skill), name=name))
        except ValueError:
            raise ValueError(f"the skill in {name!r} must be a number from 0 to 1") from None
    return Cast(players)
