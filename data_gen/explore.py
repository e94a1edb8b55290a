"""Finding many different states of a game, all of them reachable, by playing it.

A state drawn at random from all that the numbers could say may be one that play never reaches, and
teaches contradictions. Here every state was reached: each remembers the one that it came from and
the actions that led to it, back to a state that the game began with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, Seeds, State, arrays_of, map_state, replace_items, select
from data_gen.players import make_players
from data_gen.randomness import integers, training_seeds

PLAYERS = ("random", "sticky", "tracker:0.5", "tracker:0.9")
_OUTCOMES = ("reward", "terminated", "event")  # of the last tick: not part of where the game is
_STREAM = 0x57A7E5  # of the training seeds
_BYTES = 1 << 26  # that the states may take
_FEWEST = 128  # states that are worth the name
_RESTART = 8  # one ordinary game in so many begins anew in a round
_ROUNDS = 16  # after which is asked whether anything new was found
_NEWER = 4  # draws of a state to go on from, of which the newest one is taken


@dataclass(frozen=True)
class Explored:
    """N different states. parent (N,): the state before, -1 for a beginning. actions (N, P): that
    led from it. visits (M,): the states of ordinary play, each as often as play came by. before:
    event -> the states (M,) from which a tick led to it, each as often as one did."""

    states: State
    parent: NDArray[np.int64]
    actions: NDArray[np.uint8]
    visits: NDArray[np.int64]
    before: dict[int, NDArray[np.int64]]


def explore(
    game: AnyGame,
    seed: int = 0,
    most: int = 1 << 17,
    games: int = 256,
    ticks: int = 32,
    players: Sequence[str] = PLAYERS,
) -> Explored:
    """Play `games` games until `most` different states are found, fewer if they take over 64 MiB or
    if hardly any new ones come. Half of the games are ordinary play, which now and then begins
    anew. The others are put back every `ticks` ticks to states that were found before, the new ones
    more often, so that what play seldom reaches is explored too.

    Raises ValueError for states so large that only a few would fit.
    """
    one = game.init(np.zeros(1, np.uint64))
    most = min(most, _BYTES // sum(array.nbytes for array in arrays_of(one).values()))
    if most < _FEWEST:
        shape = " x ".join(map(str, game.spec.shape[1:]))
        raise ValueError(f"a {game.spec.name} of {shape} is too large to be explored")
    return _Explorer(game, seed, min(games, most // 8), players).run(most, ticks)


class _Explorer:
    def __init__(self, game: AnyGame, seed: int, games: int, players: Sequence[str]) -> None:
        self._game, self._seed, self._games = game, seed, games
        self._cast = make_players(players)
        self._known: dict[bytes, int] = {}  # a state's bytes -> its number
        self._new: list[State] = []  # found states, some at a time
        self._parent: list[NDArray[np.int64]] = []
        self._actions: list[NDArray[np.uint8]] = []
        self._visits: list[NDArray[np.int64]] = []
        self._before: list[list[NDArray[np.int64]]] = [[] for _ in game.spec.events]
        self._rounds = 0

    def run(self, most: int, ticks: int) -> Explored:
        state = self._game.init(self._seeds())
        seats = len(self._game.spec.players)
        nowhere = np.full(self._games, -1)
        at = self._number(state, nowhere, np.zeros((self._games, seats), np.uint8))
        found = 0
        while found < len(self._known) < most:
            found = len(self._known) + len(self._known) // 1000  # less is hardly anything new
            for _ in range(_ROUNDS):
                state, at = self._play(state, at, ticks, most)
        return Explored(
            states=self._found(),
            parent=np.concatenate(self._parent),
            actions=np.concatenate(self._actions),
            visits=np.concatenate(self._visits),
            before={
                event: np.concatenate(numbers)
                for event, numbers in enumerate(self._before)
                if event and numbers
            },
        )

    def _play(
        self, state: State, at: NDArray[np.int64], ticks: int, most: int
    ) -> tuple[State, NDArray[np.int64]]:
        """One round, from states of the numbers `at` (B,). Returns where it ends."""
        seeds, seats = self._seeds(), len(self._game.spec.players)
        item = np.arange(self._games)
        ordinary = item % 2 == 1
        anew = np.flatnonzero(ordinary & (item // 2 % _RESTART == self._rounds % _RESTART))
        back = np.flatnonzero(~ordinary)
        drawn = [integers(len(self._known), seeds[back], stream) for stream in range(_NEWER)]
        found = np.max(drawn, 0)
        state = replace_items(state, back, select(self._found(), found))
        state = replace_items(state, anew, self._game.init(seeds[anew]))
        at = at.copy()
        at[back], at[anew] = found, -1
        at = self._number(state, at, np.zeros((self._games, seats), np.uint8))
        memory = self._cast.start(self._game.spec, seeds)
        for _ in range(ticks):
            if len(self._known) >= most:
                break
            actions, memory = self._cast.act(self._game.spec, memory, self._game.render(state))
            state = self._game.step(state, actions)
            for event in np.unique(state.event):
                self._before[event].append(at[state.event == event])
            at = self._number(state, at, actions)
            self._visits.append(at[ordinary])
        return state, at

    def _seeds(self) -> Seeds:
        """Seeds that no round before had."""
        self._rounds += 1
        return training_seeds(self._seed ^ _STREAM, self._rounds * self._games, self._games)

    def _found(self) -> State:
        """All states that were found."""
        if len(self._new) > 1:
            self._new = [map_state(lambda *parts: np.concatenate(parts), *self._new)]
        return self._new[0]

    def _number(
        self, state: State, before: NDArray[np.int64], actions: NDArray[np.uint8]
    ) -> NDArray[np.int64]:
        """The numbers (B,) of states; those that were never seen get new ones."""
        parts = [
            np.ascontiguousarray(array).reshape(self._games, -1).view(np.uint8)
            for name, array in arrays_of(state).items()
            if name.rpartition(".")[2] not in _OUTCOMES
        ]
        rows = np.concatenate(parts, 1)  # (B, bytes)
        numbers, new = np.empty(self._games, np.int64), []
        for item, row in enumerate(rows):
            key = row.tobytes()
            if key not in self._known:
                self._known[key] = len(self._known)
                new.append(item)
            numbers[item] = self._known[key]
        if new:
            self._new.append(select(state, np.array(new)))
            self._parent.append(before[new])
            self._actions.append(actions[new])
        return numbers
