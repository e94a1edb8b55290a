"""The loops of the search for what was before: each change is counted right, and quickly."""

from __future__ import annotations

import numpy as np
import pytest

from data_gen.games.automaton import rule_bits
from gameengine.infer.law import Cells, Question
from gameengine.infer.search_kernels import (
    effects_of,
    live,
    outlook,
    push,
    search,
    search_one_tick,
    two_around,
)
from gameengine.neighbourhoods import rule_tables

LIFE = rule_tables(rule_bits("B3/S23")[None])[0]  # (512,)


def random_cells(*shape: int, seed: int) -> Cells:
    return (np.random.default_rng(seed).random(shape) < 0.4).astype(np.uint8)


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("ticks", [1, 2, 3])
def test_one_cell_turned_over_changes_what_it_changes(wraps: bool, ticks: int) -> None:
    question = Question(LIFE, random_cells(6, 7, seed=1), ticks, wraps)
    around = question.around
    cells = np.zeros((ticks + 1, 42), np.uint8)
    cells[0] = random_cells(42, seed=2)
    seen = np.empty((ticks, 42), np.int16)
    live(LIFE, around, cells, seen)
    assert cells[ticks].tolist() == question.future(cells[0].reshape(6, 7)).ravel().tolist()
    changed, counts = np.empty((ticks + 1, 42), np.int32), np.zeros(ticks + 1, np.int64)
    visits = np.zeros(43, np.int64)
    for cell in range(42):
        turned = cells[0].copy()
        turned[cell] ^= 1
        future = question.future(turned.reshape(6, 7)).ravel()
        push(LIFE, around, cells.copy(), seen.copy(), changed, counts, visits, cell)
        listed = changed[ticks, : counts[ticks]].tolist()
        assert sorted(listed) == np.flatnonzero(future != cells[-1]).tolist()


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("size", [(5, 6), (3, 3), (7, 4), (3, 4)])
def test_turning_over_each_cell_around_is_counted_at_once(
    size: tuple[int, int], wraps: bool
) -> None:
    question = Question(LIFE, random_cells(*size, seed=1), 1, wraps)
    around, target = question.around, question.target.ravel()
    cells = random_cells(*size, seed=2)
    wrong = question.future(cells) != question.target
    alive = np.append(cells.ravel(), 0)  # -1 leads to the last, which is beyond an edge
    numbers = (alive[around] << np.arange(9)).sum(1) + 512 * wrong.ravel()
    effect = np.append(effects_of(LIFE)[numbers], sum(1 << 7 * k for k in range(9)))
    near = two_around(around)
    for cell in range(target.size):
        told = int(outlook(effect, near[cell])) >> 7 * np.arange(9) & 127
        for other, more in zip(around[cell], told - 9, strict=True):
            if other >= 0:
                turned = cells.copy()
                turned.ravel()[other] ^= 1
                assert more == question.wrong(turned) - wrong.sum()


@pytest.mark.parametrize("wraps", [True, False])
def test_the_quick_search_makes_the_same_moves(wraps: bool) -> None:
    question = Question(LIFE, random_cells(12, 11, seed=1), 1, wraps)
    around, target = question.around, question.target.ravel()
    cells = np.zeros((2, 132), np.uint8)
    cells[0] = random_cells(132, seed=2)
    quick = cells[0].copy()
    found, quickly = np.zeros((2, 132), np.uint8)
    for moves in (1, 10, 1000):
        first, second = (np.random.default_rng(moves) for _ in range(2))
        left = search(LIFE, around, around, target, cells, found, 0.6, moves, first)
        same = search_one_tick(LIFE, around, target, quick, quickly, 0.6, moves, second)
        assert quick.tolist() == cells[0].tolist()
        assert quickly.tolist() == found.tolist()
        assert left == same == question.wrong(quickly.reshape(12, 11)) > 0
