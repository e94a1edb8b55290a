"""Where games begin: at their beginning, in the midst of play, at rare states, near events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_gen.explore import explore
from data_gen.game import AnyGame, Seeds, State, replace_items, select
from data_gen.patience import told_if_slow
from data_gen.randomness import hash64, integers
from data_gen.reachable import reachable
from data_gen.registry import make_game

NEAR = 3  # ticks before an event, at most
_STREAM = 0x5EED


class Starts:
    """A mixture of states to begin with, drawn by seed.

    weights: kind -> how much of it, of
        init: the game's own beginnings,
        play: the states of ordinary play, each as often as play comes by,
        uniform: all different states that were found, each equally likely. Where exploring (see
            data_gen/explore.py) finds nearly all that can be reached, as in games of some 10,000
            states, that is uniform over them; of larger games it is a spread-out sample,
        every: all states that there are, each equally likely; only for games whose states can be
            listed (data_gen/reachable.py), which takes a minute for 40 million,
        near: 1 to 3 ticks before an event, each kind of event equally likely,
        near:EVENT: before that one.
    Raises ValueError for other kinds, for weights that are negative or all zero, and for events
    that exploring does not meet.
    """

    def __init__(self, game: AnyGame, weights: Mapping[str, float]) -> None:
        _check_weights(game, weights)
        self._game = game
        self._kinds = [kind for kind, weight in weights.items() if weight > 0]
        shares = np.array([weights[kind] for kind in self._kinds], np.float64)
        shares /= shares.max()  # so that their sum is finite
        self._bounds = np.round(np.cumsum(shares / shares.sum()) * (1 << 32)).astype(np.uint64)
        if not {"init", "every"}.issuperset(self._kinds):
            with told_if_slow(f"exploring {game.spec.name}, which takes some seconds"):
                self._explored = explore(game)
            self._events = {
                kind: self._before(kind.partition(":")[2])
                for kind in self._kinds
                if kind.partition(":")[0] == "near"
            }
        if "every" in self._kinds:
            with told_if_slow(f"listing all states of {game.spec.name}, which takes a minute"):
                self._all = reachable(game)

    def draw(self, seeds: Seeds) -> State:
        """A state for each seed (B,); what `init` gives where that is the kind it drew."""
        state = self._game.init(seeds)
        if self._kinds == ["init"]:
            return state
        kind = np.searchsorted(self._bounds, hash64(seeds, _STREAM) >> np.uint64(32), "right")
        for number, name in enumerate(self._kinds):
            items = np.flatnonzero(kind == number)
            if name != "init" and len(items):
                found = self._found(name, seeds[items])
                found = replace(
                    found,
                    reward=np.zeros_like(found.reward),
                    terminated=np.zeros_like(found.terminated),
                    event=np.zeros_like(found.event),
                )
                state = replace_items(state, items, found)
        return state

    def _found(self, kind: str, seeds: Seeds) -> State:
        """States (B,) of a kind that was looked for."""
        if kind == "every":
            return self._all.state(integers(len(self._all), seeds, _STREAM, 1))
        return select(self._explored.states, self._numbers(kind, seeds))

    def _numbers(self, kind: str, seeds: Seeds) -> NDArray[np.int64]:
        """Which of the explored states (B,)."""
        explored = self._explored
        if kind == "play":
            return explored.visits[integers(len(explored.visits), seeds, _STREAM, 1)]
        if kind == "uniform":
            return integers(len(explored.parent), seeds, _STREAM, 1)
        found = self._events[kind]
        chosen = np.empty(len(seeds), np.int64)
        event = integers(len(found), seeds, _STREAM, 1)
        for number, states in enumerate(found):
            items = event == number
            chosen[items] = states[integers(len(states), seeds[items], _STREAM, 2)]
        back = integers(NEAR, seeds, _STREAM, 3)  # ticks before the one before the event
        for step in range(1, NEAR):
            before = explored.parent[chosen]
            chosen = np.where((back >= step) & (before >= 0), before, chosen)
        return chosen

    def _before(self, event: str) -> list[NDArray[np.int64]]:
        """The states right before an event, or before each of them for ""."""
        names = self._game.spec.events
        wanted = [names.index(event)] if event else range(1, len(names))
        met = self._explored.before
        found = [met[number] for number in wanted if number in met]
        if not found:
            raise ValueError(f"exploring {self._game.spec.name} met no event {event}".rstrip())
        return found


@lru_cache(maxsize=4)
def _starts(name: str, options: str, weights: tuple[tuple[str, float], ...]) -> Starts:
    return Starts(make_game(name, **json.loads(options)), dict(weights))


def beginner(
    game: AnyGame, weights: tuple[tuple[str, float], ...] | None
) -> Callable[[Seeds], State]:
    """What begins games of the registry: their `init` for None, else `Starts.draw`. Exploring takes
    seconds, so the last few that were asked for are kept."""
    if weights is None:
        return game.init
    return _starts(game.spec.name, json.dumps(game.spec.to_dict()["options"]), weights).draw


def _check_weights(game: AnyGame, weights: Mapping[str, float]) -> None:
    """Raises ValueError unless `Starts` takes these weights."""
    events = game.spec.events[1:]
    allowed = ["init", "play", "uniform", "every"]
    if events:
        allowed += ["near", *(f"near:{event}" for event in events)]
    for kind, weight in weights.items():
        if kind not in allowed:
            raise ValueError(f"unknown start {kind!r}; choose from {', '.join(allowed)}")
        if not 0 <= weight < np.inf:
            raise ValueError(f"the weight of {kind} must be 0 or more, and finite, not {weight!r}")
    if not sum(weights.values()) > 0:
        raise ValueError("the weights of the starts must not all be 0")
