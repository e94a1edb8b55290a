"""A learned Life as a table: the true game's patterns, for thousands of ticks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_gen.check import check_game
from data_gen.errors import UserError
from data_gen.games.life import life
from gameengine.checkpoint import load_checkpoint
from gameengine.compiled_life import CompiledLife
from gameengine.retargeting import for_spec

ASSETS = Path(__file__).parent.parent / "assets"
SEED = np.zeros(1, np.uint64)
# From the LifeWiki: "Gosper glider gun", "R-pentomino", "Die hard".
GUN = """x = 36, y = 9, rule = B3/S23
24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b
obo$10bo5bo7bo$11bo3bo$12b2o!"""
R_PENTOMINO = "x = 3, y = 3, rule = B3/S23\nb2o$2o$bo!"
DIE_HARD = "x = 8, y = 3, rule = B3/S23\n6bo$2o$bo3b3o!"


def compiled(**options: object) -> CompiledLife:
    engine = load_checkpoint(ASSETS / "life.ckpt").engine
    return CompiledLife(for_spec(engine, life(**options).spec))  # pyright: ignore


@pytest.mark.parametrize("size", [(3, 3), (3, 9), (16, 10), (65, 33)])
def test_soups_live_on_as_in_the_true_game(size: tuple[int, int]) -> None:
    learned, truth = compiled(size=size), life(size=size)
    state = truth.init(np.arange(5, dtype=np.uint64))
    assert (learned.init(np.arange(5, dtype=np.uint64)).cells == state.cells).all()
    before = state.cells.copy()
    for ticks in (1, 2, 30):
        expected = truth.advance(state, ticks).cells
        assert (learned.advance(state, ticks).cells == expected).all()
    assert (state.cells == before).all()


def test_it_is_a_game() -> None:
    check_game(compiled(size=(8, 9)))


def test_a_gun_shoots_a_glider_every_30_ticks_on_a_million_cells() -> None:
    learned, truth = compiled(size=(1024, 1024), pattern=GUN), life(size=(1024, 1024), pattern=GUN)
    state = learned.init(SEED)
    assert state.cells.sum() == 36
    for gliders in range(1, 4):
        state = learned.advance(state, 30)
        assert state.cells.sum() == 36 + 5 * gliders
    state = learned.advance(state, 1000 - 90)
    assert (state.cells == truth.advance(truth.init(SEED), 1000).cells).all()


def test_well_known_patterns_end_as_they_do() -> None:
    learned = compiled(size=(1024, 1024), pattern=R_PENTOMINO)
    state = learned.advance(learned.init(SEED), 1103)
    assert state.cells.sum() == 116
    # All that is left has period 2 or flies away.
    assert (learned.advance(state, 2).cells.sum(), learned.advance(state, 4).cells.sum()) == (
        116,
        116,
    )
    dying = compiled(size=(64, 64), pattern=DIE_HARD)
    assert dying.advance(dying.init(SEED), 129).cells.any()
    assert not dying.advance(dying.init(SEED), 130).cells.any()


def test_other_engines_are_no_table() -> None:
    with pytest.raises(UserError, match="no law of neighbourhoods"):
        CompiledLife(load_checkpoint(ASSETS / "pong.ckpt").engine)
