"""Life as pictures, and every life-like rule against scipy's convolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve

from data_gen.games.automaton import Automaton, CellState
from data_gen.games.life import life
from data_gen.games.rle import parse_plaintext, write_plaintext

NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
GUN_RLE = """x = 36, y = 9, rule = B3/S23
24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b
obo$10bo5bo7bo$11bo3bo$12b2o!
"""
digits = st.sets(st.integers(0, 8))


def run(game: Automaton, ticks: int, seeds: tuple[int, ...] = (0,)) -> CellState:
    state = game.init(np.array(seeds, np.uint64))
    for _ in range(ticks):
        state = game.step(state, np.zeros((len(seeds), 1), np.int64))
    return state


def expect_pictures(*pictures: str, **options: Any) -> None:
    """Each picture becomes the next one in a tick, on a board of the pictures' size."""
    first = parse_plaintext(pictures[0]).cells
    game = life(size=first.shape, pattern=pictures[0], **options)
    for tick, picture in enumerate(pictures):
        shown = write_plaintext(run(game, tick).cells[0])
        assert shown.split() == picture.split(), f"tick {tick}:\n{shown}"


def test_a_blinker_turns() -> None:
    across = """
        .....
        .....
        .OOO.
        .....
        .....
    """
    upright = """
        .....
        ..O..
        ..O..
        ..O..
        .....
    """
    expect_pictures(across, upright, across, upright)


@pytest.mark.parametrize("edges", ["torus", "dead"])
def test_a_block_rests(edges: str) -> None:
    block = """
        .....
        .OO..
        .OO..
        .....
    """
    expect_pictures(block, block, block, edges=edges)


def test_a_glider_moves_one_down_and_one_right_in_four_ticks() -> None:
    expect_pictures(
        """
        .O....
        ..O...
        OOO...
        ......
        ......
        """,
        """
        ......
        O.O...
        .OO...
        .O....
        ......
        """,
        """
        ......
        ..O...
        O.O...
        .OO...
        ......
        """,
        """
        ......
        .O....
        ..OO..
        .OO...
        ......
        """,
        """
        ......
        ..O...
        ...O..
        .OOO..
        ......
        """,
    )


def test_a_glider_comes_home_around_a_torus() -> None:
    game = life(size=(8, 11), pattern="bo$2bo$3o!")
    start, home = run(game, 0), run(game, 4 * 8 * 11)
    np.testing.assert_array_equal(home.cells, start.cells)
    moved = np.roll(start.cells, (9, 9), (1, 2))
    np.testing.assert_array_equal(run(game, 36).cells, moved)


def test_a_block_across_the_corners_lives_on_a_torus_only() -> None:
    corners = """
        O...O
        .....
        .....
        O...O
    """
    nothing = """
        .....
        .....
        .....
        .....
    """
    expect_pictures(corners, corners, edges="torus")
    expect_pictures(corners, nothing, edges="dead")


def test_a_rule_with_b0_fills_an_empty_board_but_not_what_is_around_it() -> None:
    empty = """
        ...
        ...
        ...
        ...
    """
    full = """
        OOO
        OOO
        OOO
        OOO
    """
    # Inside a full board 8 neighbours live, at dead edges 5, in the corners 3.
    edge = """
        .O.
        OOO
        OOO
        .O.
    """
    expect_pictures(empty, full, empty, rule="B0/S", edges="torus")
    expect_pictures(empty, full, edge, rule="B0/S58", edges="dead")


def test_the_gun_fires_a_glider_of_five_cells_every_30_ticks() -> None:
    # https://conwaylife.com/wiki/Gosper_glider_gun: 36 cells, period 30.
    game = life(size=(80, 120), pattern=GUN_RLE, edges="dead")
    gun = run(game, 0).cells
    for shots in (1, 2):
        cells = run(game, 30 * shots).cells
        assert (cells & gun).sum() == gun.sum() == 36
        assert cells.sum() == 36 + 5 * shots


def test_the_r_pentomino_rests_after_1103_ticks() -> None:
    # Gardner 1970 and https://conwaylife.com/wiki/R-pentomino: 116 cells at tick 1103, from when on
    # nothing but its 6 gliders and its oscillators move. The board is larger than they get far.
    game = life(size=(640, 640), pattern=".OO\nOO.\n.O.", edges="dead")
    state = game.init(np.zeros(1, np.uint64))
    nothing = np.zeros((1, 1), np.int64)
    for _ in range(1103):
        state = game.step(state, nothing)
    assert state.cells.sum() == 116


@given(
    births=digits,
    survivals=digits,
    size=st.tuples(st.integers(3, 17), st.integers(3, 17)),
    edges=st.sampled_from(["torus", "dead"]),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**64 - 1),
)
@settings(deadline=None, max_examples=200)
def test_every_rule_agrees_with_convolution(
    births: set[int],
    survivals: set[int],
    size: tuple[int, int],
    edges: str,
    density: float,
    seed: int,
) -> None:
    rule = f"b{''.join(map(str, births))}s{''.join(map(str, survivals))}"
    game = life(size=size, rule=rule, edges=edges, density=density)
    seeds = np.array([seed, 1], np.uint64)
    state = game.init(seeds)
    for _ in range(3):
        mode = "wrap" if edges == "torus" else "constant"
        counts = [convolve(cells.astype(int), NEIGHBOURS, mode=mode) for cells in state.cells]
        count = np.stack(counts)
        alive = np.isin(count, list(survivals))
        wanted = np.where(state.cells, alive, np.isin(count, list(births)))
        state = game.step(state, np.zeros((2, 1), np.int64))
        np.testing.assert_array_equal(state.cells, wanted)
        np.testing.assert_array_equal(game.render(state)[:, 0], wanted)


def test_each_item_follows_the_rule_in_its_description() -> None:
    conway, day_and_night = life(size=(16, 16)), life(size=(16, 16), rule="B3678/S34678")
    seeds = np.array([5, 5], np.uint64)
    state = conway.init(seeds)
    rules = np.stack([conway.init(seeds).description[0], day_and_night.init(seeds).description[1]])
    mixed = conway.step(replace(state, description=rules), np.zeros((2, 1), np.int64))
    np.testing.assert_array_equal(mixed.cells[0], run(conway, 1, (5,)).cells[0])
    np.testing.assert_array_equal(mixed.cells[1], run(day_and_night, 1, (5,)).cells[0])
    assert (mixed.cells[0] != mixed.cells[1]).any()


def test_the_description_is_the_rule() -> None:
    game = life(rule="B36/S23")
    bits = run(game, 0).description[0]
    named = zip(game.spec.description, bits, strict=True)
    assert {name for name, bit in named if bit} == {"B3", "B6", "S2", "S3"}
    assert len(bits) == 18


def test_soups_have_their_density_and_differ() -> None:
    seeds = tuple(range(64))
    cells = run(life(size=(32, 64), density=0.35), 0, seeds).cells
    share = cells.mean((1, 2))
    # 2,048 draws: a standard deviation of 0.0105 for a soup, 0.0013 for all of them
    assert abs(share.mean() - 0.35) < 0.006
    assert np.all(abs(share - 0.35) < 0.06)
    assert len({soup.tobytes() for soup in cells}) == len(seeds)
    columns = cells.mean((0, 1))  # 2,048 draws each
    rows = cells.mean((0, 2))  # 4,096 draws each
    assert np.all(abs(columns - 0.35) < 0.06)
    assert np.all(abs(rows - 0.35) < 0.05)
    assert not run(life(density=0), 0, seeds).cells.any()
    assert run(life(density=1), 0, seeds).cells.all()
