"""Arcade: several games behind one interface, so that one engine can learn them all.

All have frames of one size. What one of them has fewer of than another, colours, actions and seats,
is filled up without a name, and so never used. The description tells which game it is, and of which
variant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from data_gen.game import Actions, AnyGame, Frames, GameSpec, Seeds, State
from data_gen.options import frame_size
from data_gen.players import Cast, Memory
from data_gen.registry import make_game
from data_gen.rollout import FusedGame, Ticks, roll_on

MEMBERS = ("pong", "breakout", "snake", "catch", "life", "flappy")


def arcade(
    game: str = "pong",
    games: Sequence[str] = MEMBERS,
    size: Sequence[int] = (32, 32),
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Arcade:
    """The game `game` of those in `games`, with the interface that all of these have in common.

    size: (H, W). options: of the games, by their names. Raises ValueError for a game that is not
    among `games`, for games that differ in the size of their frames or have true colour, and for
    bad options.
    """
    shape = frame_size(size)
    named = isinstance(games, Sequence) and not isinstance(games, str)
    if not named or not games or len(set(games)) < len(games):
        raise ValueError(f"games must be different names, such as pong and life, not {games!r}")
    if game not in games:
        raise ValueError(
            f"there is no game {game!r} in this arcade; choose from {', '.join(games)}"
        )
    if "arcade" in games:
        raise ValueError("an arcade cannot stand in an arcade")
    chosen = _options_by_game(options or {}, games)
    made = {name: make_game(name, size=shape, **chosen.get(name, {})) for name in games}
    specs = {name: one.spec for name, one in made.items()}
    return Arcade(made[game], specs, {"size": list(shape), "options": chosen})


def _options_by_game(options: Any, games: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Raises ValueError for what are no options of these games."""
    if not isinstance(options, Mapping) or not all(
        isinstance(v, Mapping) for v in options.values()
    ):
        raise ValueError(
            f"options must be by game, such as {{life: {{edges: dead}}}}, not {options!r}"
        )
    for name, own in options.items():
        if name not in games:
            raise ValueError(
                f"options are of games in this arcade, {', '.join(games)}, not of {name!r}"
            )
        if "size" in own:
            raise ValueError("size is one for all games of an arcade; leave it out of the options")
    return {name: dict(own) for name, own in options.items()}


class Arcade(FusedGame[State]):
    """played: the game that is played. specs: of all games, by name. options: more of the spec's.

    Raises ValueError for games without a palette.
    """

    def __init__(
        self, played: AnyGame, specs: Mapping[str, GameSpec], options: Mapping[str, Any]
    ) -> None:
        own = played.spec
        if true_colour := [name for name, spec in specs.items() if spec.palette is None]:
            raise ValueError(f"{', '.join(true_colour)} has true colour, which no arcade can show")
        colours = max(len(spec.colours) for spec in specs.values())
        seats = max(len(spec.players) for spec in specs.values())
        # What the players see and choose from is the game's own, in the common shape.
        common = replace(
            own,
            actions=_filled(own.actions, max(len(spec.actions) for spec in specs.values()), ""),
            players=_filled(own.players, seats, ""),
            keys=_filled(own.keys, seats, {}),
            colours=_filled(own.colours, colours, ""),
            palette=_filled(own.palette or (), colours, (0, 0, 0)),
            context=max(spec.context for spec in specs.values()),
        )
        self._played: Any = copy(played)
        self._played.spec = common
        names = [f"{name} {entry}" for name, spec in specs.items() for entry in spec.description]
        self.spec = replace(
            common,
            name="arcade",
            version=1 + sum(spec.version - 1 for spec in specs.values()),
            description=(*specs, *names),
            options={"game": own.name, "games": list(specs), **options},
        )
        self._number = list(specs).index(own.name)
        before = [len(specs[name].description) for name in list(specs)[: self._number]]
        first = len(specs) + sum(before)
        self._own = slice(first, first + len(own.description))

    def init(self, seeds: Seeds) -> State:
        state = self._played.init(seeds)
        described = np.zeros((len(seeds), len(self.spec.description)), np.float32)
        described[:, self._number] = 1
        described[:, self._own] = state.description
        reward = np.zeros((len(seeds), len(self.spec.players)), np.float32)
        return replace(state, description=described, reward=reward)

    def step(self, state: State, actions: Actions) -> State:
        after = self._played.step(self._inner(state), actions)
        return replace(after, description=state.description)

    def render(self, state: State) -> Frames:
        return self._played.render(self._inner(state))

    def run(
        self, state: State, cast: Cast, memory: Memory, ticks: Ticks, threads: int = 1
    ) -> tuple[State, Memory]:
        """See FusedGame."""
        after, memory = roll_on(self._played, cast, self._inner(state), memory, ticks, threads)
        return replace(after, description=state.description), memory

    def _inner(self, state: State) -> State:
        """The same, as the game that is played knows it."""
        return replace(state, description=state.description[:, self._own])


def _filled(values: Sequence[Any], count: int, value: Any) -> tuple[Any, ...]:
    return (*values, *[value] * (count - len(values)))
