"""All states and all contexts of small games, against searches that are written differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import catch_board
import numpy as np
import pytest
from numpy.typing import NDArray
from walk import BEGINNINGS, all_contexts, all_states, looks, walk

from data_gen import contexts, packing, reachable
from data_gen.contexts import AllContexts, contexts_of
from data_gen.errors import UserError
from data_gen.game import select
from data_gen.kernel_game import KernelGame
from data_gen.packing import Packing
from data_gen.reachable import Reachable, joint_actions
from data_gen.registry import make_game


def rows_of(states: Reachable) -> NDArray[np.int32]:
    return states.state(np.arange(len(states))).values


def as_set(rows: NDArray[np.int32]) -> set[bytes]:
    return {row.tobytes() for row in np.ascontiguousarray(rows)}


def search(game: KernelGame, seeds: int) -> set[bytes]:
    """All reachable rows, from the beginnings that so many seeds give, in a set of bytes."""
    state = game.init(np.arange(seeds, dtype=np.uint64))
    known, rows = set(), np.unique(state.values, axis=0)
    actions = joint_actions(game.spec)
    while len(rows):
        known |= as_set(rows)
        some = select(state, np.zeros(len(rows) * len(actions), np.int64))
        some = replace(some, values=rows.repeat(len(actions), 0))
        new = np.unique(game.step(some, np.tile(actions, (len(rows), 1))).values, axis=0)
        rows = new[[row.tobytes() not in known for row in new]]
    return known


def test_all_states_of_catch() -> None:
    game = make_game("catch")
    states = reachable.reachable(game)
    assert len(states) == 39_712
    assert states.complete
    rows = rows_of(states)
    assert as_set(rows) == as_set(catch_board.reachable(game))
    assert states.beginnings == len(np.unique(game.init(np.arange(99_999)).values, axis=0))
    first = states.state(np.arange(states.beginnings))
    np.testing.assert_array_equal(first.description, first.values[:, -3:].astype(np.float32))


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (packing, "WORD", 1 << 7),  # keys of several words
        (packing, "_BITS", 0),  # a hash table
        (reachable, "_LOOK", 0),  # values are found late, so that the packing changes
        (reachable, "_BLOCK", 100),
    ],
)
def test_no_way_of_keeping_them_loses_a_state(
    module: Any, name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = make_game("catch", size=[20, 20], fall_speed=[1, 3], bombs=[0, 3])
    known = as_set(rows_of(reachable.reachable(game)))
    assert len(known) > 10_000
    monkeypatch.setattr(module, name, value)
    states = reachable.reachable(game)
    assert (states.packing.words > 1) is (name == "WORD")
    assert len(states) == len(known)
    assert as_set(rows_of(states)) == known


@pytest.mark.parametrize(
    ("name", "options", "beginnings"),
    [
        # 8 places of either paddle, 2 sides and 5 angles of the ball
        ("pong", {"paddle_height": 24, "paddle_speed": 4}, 8 * 8 * 2 * 5),
        ("snake", {"size": [4, 4], "cell": 1}, None),
    ],
)
def test_all_states_of_small_games(name: str, options: dict[str, Any], beginnings: int) -> None:
    game = make_game(name, **options)
    states = reachable.reachable(game)
    assert beginnings in (None, states.beginnings)
    assert as_set(rows_of(states)) == search(game, 50_000)
    assert len(states) == len(as_set(rows_of(states)))


def test_too_many_states_are_refused_or_cut_off() -> None:
    game = make_game("catch")
    with pytest.raises(UserError, match="more than 5,000 states; take a smaller board"):
        reachable.reachable(game, most=5000)
    some = reachable.reachable(game, most=5000, partly=True)
    assert (len(some), some.complete, some.beginnings) == (5000, False, 140)
    np.testing.assert_array_equal(rows_of(some), rows_of(reachable.reachable(game))[:5000])
    few = reachable.reachable(game, most=100, partly=True)
    assert (len(few), few.beginnings) == (100, 100)


def test_games_of_arrays_are_refused() -> None:
    with pytest.raises(UserError, match="states of life cannot be listed"):
        reachable.reachable(make_game("life"))


def test_packing_gives_rows_back() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(-3, 4, (500, 40)).astype(np.int32) * 1000
    packed = Packing.of([np.unique(column) for column in rows.T])
    assert packed.words == 2
    keys, known = packed.pack(rows)
    assert known.all()
    np.testing.assert_array_equal(packed.unpack(keys), rows)
    for wrong in (-4000, -2999, 4000):
        rows[7, 33] = wrong
        assert not packed.pack(rows)[1][7]
        assert packed.pack(rows)[1].sum() == 499
    with pytest.raises(ValueError, match="column 1 takes values from 0 to 2000000000"):
        Packing.of([np.array([0], np.int32), np.array([0, 2_000_000_000], np.int32)])


def test_joint_actions_are_all_of_them() -> None:
    moves = joint_actions(make_game("pong").spec)
    assert sorted(map(tuple, moves.tolist())) == [(a, b) for a in range(3) for b in range(3)]


@pytest.mark.parametrize("size", [1, 6, 1024])
def test_all_contexts_of_two_frames(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_SIZE", size)
    states = reachable.reachable(walk())
    assert states.beginnings == len(BEGINNINGS)
    assert {tuple(row) for row in rows_of(states).tolist()} == all_states()
    every = AllContexts(states)
    assert (len(every) > 1) is (size < 1024)
    found = []
    for number in range(len(every)):
        block = every.block(number)
        before = states.state(block.origin[:, 0]).values.tolist()
        now = block.state.values.tolist()
        found += [(looks(tuple(a)), tuple(b)) for a, b in zip(before, now, strict=True)]
        np.testing.assert_array_equal(block.frames[:, 1], states.game.render(block.state))
        again = contexts_of(states, *block.origin.T)
        np.testing.assert_array_equal(again.frames, block.frames)
        moves = joint_actions(states.game.spec)[block.origin[:, 1]]
        np.testing.assert_array_equal(block.between[:, 0], moves)
    assert len(found) == every.count()
    assert len(found) == len(set(found))
    assert set(found) == all_contexts()
    # Some came from several states before: otherwise nothing would be counted once.
    assert len(found) < 2 * len(states)


def test_all_contexts_of_one_frame() -> None:
    states = reachable.reachable(make_game("catch", size=[20, 20], fall_speed=3))
    every = AllContexts(states)
    assert every.count() == len(states)
    blocks = [every.block(number) for number in range(len(every))]
    rows = np.concatenate([block.state.values for block in blocks])
    np.testing.assert_array_equal(rows, rows_of(states))
    assert blocks[0].frames.shape == (1024, 1, 1, 20, 20)
    assert blocks[0].between.shape == (1024, 0, 1)
