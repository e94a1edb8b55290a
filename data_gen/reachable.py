"""Every state that a finite game can reach, found by trying every action in every one of them.

The search begins with what `init` gives for one seed after the other, until so many seeds in a row
have given nothing new that a beginning which was not seen must be very rare: that there is none is
the one assumption here. From then on nothing is left to chance.

Pong has 38 million states, so they are kept packed (data_gen/packing.py), in the order in which
they were found, breadth first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import AnyGame, GameSpec
from data_gen.kernel_game import KernelGame, RowState
from data_gen.packing import KeyList, Keys, Packing, Rows

MOST = 64_000_000  # states; with all that belongs to them they take less than 4 GB
_BLOCK = 8192  # states that are followed at once: they stay in the cache
_SEEDS = 1 << 20  # at least so many in a row must give nothing new,
_AGAIN = 64  # and at least so many for each beginning that was found
_LOOK = 256  # ticks of play that show most of the values there are


@dataclass(frozen=True)
class Reachable:
    """All states of a game, numbered as they were found. beginnings: how many of them, the first
    ones, games begin with, in `seeds` seeds that were drawn. complete: not stopped by the limit.
    variants (V, D): the descriptions that there are; the last column of what is packed is one's
    number, the others are the game's."""

    game: KernelGame
    beginnings: int
    seeds: int
    complete: bool
    packing: Packing
    keys: Keys  # (N, W)
    variants: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)

    def state(self, numbers: NDArray[np.int64]) -> RowState:
        """The states (B,) of these numbers; reward, event and end are those of no tick at all."""
        return _state(self.game, self.packing.unpack(self.keys[numbers]), self.variants)

    def after(
        self, numbers: NDArray[np.int64], actions: NDArray[np.uint8]
    ) -> tuple[RowState, Keys]:
        """The states (B,) one tick later, and their keys (B, W): two are equal if their keys are.
        actions (B, P)."""
        rows = self.packing.unpack(self.keys[numbers])
        state = self.game.step(_state(self.game, rows, self.variants), actions)
        rows[:, :-1] = state.values
        return state, self.packing.pack(rows)[0]


def reachable(
    game: AnyGame,
    most: int = MOST,
    partly: bool = False,
    progress: Callable[[int, int], Any] = lambda followed, found: None,
) -> Reachable:
    """All states of `game`. progress is told how many were followed and how many are known.

    partly: with more than `most` states (or than fit into memory), give those found so far. Raises
    UserError otherwise, and for games that are not made of kernels.
    """
    if not isinstance(game, KernelGame):
        raise UserError(
            f"the states of {game.spec.name} cannot be listed: it is no game of kernels"
            " (data_gen/kernel_game.py), and its boards are too many"
        )
    search, complete = _Search(game, most), False
    try:
        search.begin(progress)
        while search.followed < len(search.found):
            search.follow()
            progress(search.followed, len(search.found))
        complete = True
    except _TooManyError:
        if not partly:
            raise UserError(
                f"{game.spec.name} with these options has more than {search.found.most:,} states;"
                " take a smaller board or fewer variants, or a sample with --sample"
            ) from None
    keys, variants = search.found.keys, np.stack(search.variants)
    beginnings = search.beginnings or len(keys)
    return Reachable(game, beginnings, search.seeds, complete, search.packing, keys, variants)


def joint_actions(spec: GameSpec) -> NDArray[np.uint8]:
    """All that the players can choose together: (choices ** taken, P)."""
    chosen = np.array(list(product(range(spec.choices), repeat=spec.taken)), np.uint8)
    return np.pad(chosen, ((0, 0), (0, len(spec.players) - spec.taken)))


class _TooManyError(Exception):
    pass


class _Search:
    def __init__(self, game: KernelGame, most: int) -> None:
        self.followed = self.seeds = self.beginnings = 0
        self._game, self._most = game, most
        self._actions = joint_actions(game.spec)
        self.variants: list[NDArray[np.float32]] = []  # (D,) each
        self._numbers: dict[bytes, int] = {}  # of a variant's bytes
        self._columns = [np.unique(column) for column in self._look().T]
        self.packing, self.found = self._start()

    def begin(self, progress: Callable[[int, int], Any]) -> None:
        """Find the beginnings."""
        last = 0  # seeds when the last new one was found
        while self.seeds - last < max(_SEEDS, _AGAIN * len(self.found)):
            seeds = np.arange(self.seeds, self.seeds + _BLOCK, dtype=np.uint64)
            self.seeds += _BLOCK
            if self._add(self._rows(self._game.init(seeds))):
                last = self.seeds
            progress(0, len(self.found))
        self.beginnings = len(self.found)

    def follow(self) -> None:
        """All that the next states lead to."""
        end = min(len(self.found), self.followed + _BLOCK)
        rows = self.packing.unpack(self.found.keys[self.followed : end])
        before = _state(self._game, rows, np.stack(self.variants))
        for chosen in self._actions:
            actions = np.tile(chosen, (len(rows), 1))
            rows[:, :-1] = self._game.step(before, actions).values
            self._add(rows)
        self.followed = end

    def _rows(self, state: RowState) -> Rows:
        """(B, F + 1): with the number of the variant."""
        described = state.description
        if (described == described[0]).all():
            kinds, which = described[:1], np.zeros(len(described), np.int64)
        else:
            kinds, which = np.unique(described, axis=0, return_inverse=True)
        numbers = np.array([self._number(kind) for kind in kinds], np.int32)
        variant = numbers[which.reshape(-1)]
        return np.concatenate([state.values, variant[:, None]], 1)

    def _number(self, described: NDArray[np.float32]) -> int:
        number = self._numbers.setdefault(described.tobytes(), len(self.variants))
        if number == len(self.variants):
            self.variants.append(described)
        return number

    def _add(self, rows: Rows) -> int:
        """Those of the rows that are new. Returns how many."""
        keys, known = self.packing.pack(rows)
        if not known.all():
            self._widen(rows[~known])
            keys, _ = self.packing.pack(rows)
        before = len(self.found)
        if not self.found.add(keys):
            raise _TooManyError
        return len(self.found) - before

    def _widen(self, rows: Rows) -> None:
        """Columns take values that were not known: all keys change."""
        self._columns = [
            np.union1d(values, column) for values, column in zip(self._columns, rows.T, strict=True)
        ]
        old, keys = self.packing, self.found.keys
        self.packing, self.found = self._start()
        for begin in range(0, len(keys), _BLOCK):
            repacked, _ = self.packing.pack(old.unpack(keys[begin : begin + _BLOCK]))
            if not self.found.add(repacked):
                raise _TooManyError

    def _start(self) -> tuple[Packing, KeyList]:
        try:
            packing = Packing.of(self._columns)
        except ValueError as error:
            name = self._game.spec.name
            raise UserError(f"the states of {name} cannot be listed: {error}") from None
        return packing, KeyList(packing, self._most)

    def _look(self) -> Rows:
        """States of random play, so that the packing has to change but seldom."""
        rng = np.random.default_rng(0)
        state = self._game.init(np.arange(256, dtype=np.uint64))
        seen = [self._rows(state)]
        for _ in range(_LOOK):
            chosen = self._actions[rng.integers(0, len(self._actions), 256)]
            state = self._game.step(state, chosen)
            seen.append(self._rows(state))
        return np.concatenate(seen)


def _state(game: KernelGame, rows: Rows, variants: NDArray[np.float32]) -> RowState:
    """The states of rows (B, F + 1), of which the last column is the number of the variant."""
    batch = len(rows)
    return RowState(
        reward=np.zeros((batch, len(game.spec.players)), np.float32),
        terminated=np.zeros(batch, np.bool_),
        description=variants[rows[:, -1]],
        event=np.zeros(batch, np.uint8),
        values=np.ascontiguousarray(rows[:, :-1]),
    )
