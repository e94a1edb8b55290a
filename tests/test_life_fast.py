"""Life 64 grids at a time, and on one large board: the same cells as one generation at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data_gen.games import life_board
from data_gen.games.automaton import Automaton, rule_bits
from data_gen.games.life import canonical_rule, life
from data_gen.games.lifelike import lifelike, random_rules, rule_name
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out
from tests.reference.life import Reference
from tests.reference.lifelike import Reference as LifelikeReference

NONE = np.zeros((0, 1), np.uint8)


def true_cells(game: Any, seeds: NDArray[np.uint64], ticks: int) -> NDArray[np.bool_]:
    state = game.init(seeds)
    for _ in range(ticks):
        state = game.step(state, NONE)
    return state.cells


@settings(deadline=None, max_examples=40)
@given(
    size=st.tuples(st.integers(3, 20), st.sampled_from([3, 31, 62, 63, 64, 65, 126, 127, 130])),
    batch=st.sampled_from([1, 2, 7, 8, 63, 64, 65, 130]),
    edges=st.sampled_from(["torus", "dead"]),
    seed=st.integers(0, 1000),
    threads=st.integers(1, 3),
)
def test_any_rules_sizes_and_batches(
    size: tuple[int, int], batch: int, edges: str, seed: int, threads: int
) -> None:
    options = {"size": size, "edges": edges}
    seeds = training_seeds(seed, 0, batch)
    game, reference = lifelike(**options), LifelikeReference(**options)
    truth = true_cells(reference, seeds, 9)
    np.testing.assert_array_equal(game.advance(game.init(seeds), 9, threads).cells, truth)
    rollout = roll_out(game, make_players(["random"]), seeds, 9, threads)
    np.testing.assert_array_equal(rollout.frames[:, -1, 0], truth)
    np.testing.assert_array_equal(true_cells(game, seeds, 3), rollout.frames[:, 3, 0])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("edges", ["torus", "dead"])
def test_a_large_board_in_bands(edges: str, threads: int) -> None:
    options: dict[str, Any] = {"size": (150, 200), "edges": edges, "rule": "B0136/S23"}
    seeds = training_seeds(0, 0, 1)
    game = life(**options)
    cells = game.advance(game.init(seeds), 12, threads).cells
    np.testing.assert_array_equal(cells, true_cells(Reference(**options), seeds, 12))


def test_no_tick_changes_nothing() -> None:
    game = life(size=(5, 70))
    for batch in (1, 70):
        state = game.init(training_seeds(0, 0, batch))
        np.testing.assert_array_equal(game.advance(state, 0).cells, state.cells)


def population(game: Automaton, ticks: int) -> int:
    state = game.init(np.zeros(1, np.uint64))
    return int(game.advance(state, ticks).cells.sum())


def test_the_r_pentomino_comes_to_rest() -> None:
    """It is stable from generation 1103 on with 116 cells (LifeWiki), if its gliders may fly: here
    six of them (30 cells) are on their way, on a board that they do not leave."""
    game = life(size=(800, 800), edges="dead", pattern=".OO\nOO.\n.O.")
    assert population(game, 1103) == 116
    assert population(game, 1104) == 116
    assert population(game, 1099) != 116


def test_the_gosper_gun_fires_every_30_generations() -> None:
    gun = """x = 36, y = 9, rule = B3/S23
24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b
obo$10bo5bo7bo$11bo3bo$12b2o!
"""
    game = life(size=(300, 300), edges="dead", pattern=gun)
    populations = [population(game, 30 * shots) for shots in range(8)]
    assert populations == [36 + 5 * shots for shots in range(8)]  # a glider has 5 cells


def test_the_description_is_the_rule() -> None:
    rule = lifelike(rules=["B36/S23"]).init(training_seeds(0, 0, 1)).description[0]
    assert np.flatnonzero(rule).tolist() == [3, 6, 9 + 2, 9 + 3]
    rules = lifelike().init(training_seeds(0, 0, 4000)).description
    assert abs(rules.mean(0) - 0.5).max() < 0.04  # standard deviation 0.008
    assert len(np.unique(rules, axis=0)) > 3900  # of 2^18


def test_some_rules_are_the_first_of_all() -> None:
    names = random_rules(300, seed=3)
    assert len(set(names)) == 300
    assert random_rules(20, seed=3) == names[:20] != random_rules(20, seed=4)
    assert lifelike(rules=20).spec.options["rules"] == random_rules(20)
    assert (
        [rule_name(rule_bits(name)) for name in names] == names == list(map(canonical_rule, names))
    )


def test_a_rule_without_births_kills() -> None:
    board = np.ones((70, 70), np.bool_)
    nothing = np.zeros(18, np.bool_)
    assert not life_board.advance(board, nothing, True, 1).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": []}, "rules must be a list of one or more"),
        ({"rules": 0}, "1 to 262144, or null for all, not 0"),
        ({"rules": (1 << 18) + 1}, "or null for all, not 262145"),
        ({"rules": True}, "or null for all, not True"),
        ({"rules": "B3/S23"}, "rules must be a list .* not 'B3/S23'"),
        ({"density": [0.1, True]}, "density must be two shares between 0 and 1"),
        ({"rules": ["B9/S"]}, "unknown rule 'B9/S'"),
        ({"density": [0.5]}, "density must be two shares between 0 and 1"),
        ({"density": [0.9, 0.1]}, "density must be two shares between 0 and 1"),
        ({"edges": "round"}, "unknown edges 'round'"),
        ({"size": [2, 5]}, "size must be two whole numbers of 3 or more"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lifelike(**options)
