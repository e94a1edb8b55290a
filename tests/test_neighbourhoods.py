"""Every neighbourhood is asked for, and one wrong answer is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from data_gen.games.automaton import rule_bits
from data_gen.games.life import life
from data_gen.registry import make_game
from gameengine.engine import Engine
from gameengine.engines import make_engine
from gameengine.neighbourhoods import (
    all_neighbourhoods,
    learned_tables,
    middles,
    rule_tables,
    tiled_neighbourhoods,
    wrong_neighbourhoods,
)


def exact_life(births: set[int], survivals: set[int], fault: int | None = None) -> Engine:
    """A cell engine with hand-made weights: hidden unit i fires for neighbourhood number i alone.
    fault: the number of one neighbourhood to get wrong."""
    engine = make_engine("cell", make_game("life", size=[8, 8]).spec, width=512, depth=1)
    first, last = engine.network[0], engine.head  # pyright: ignore
    bits = torch.arange(512)[:, None] >> torch.arange(9) & 1  # (512, 9)
    living, around = bits[:, 4], bits.sum(1) - bits[:, 4]
    alive = torch.tensor(
        [
            int(count) in (survivals if cell else births)
            for cell, count in zip(living, around, strict=True)
        ]
    ).float()
    if fault is not None:
        alive[fault] = 1 - alive[fault]
    with torch.no_grad():
        first.weight.copy_((2.0 * bits - 1)[:, :, None, None])
        first.bias.copy_(1.0 - bits.sum(1))
        last.weight.copy_(torch.stack([1 - alive, alive])[:, :, None, None])
        last.bias.zero_()
    return engine


def test_there_are_512_different_ones() -> None:
    boards = all_neighbourhoods()
    assert len(np.unique(boards.reshape(512, -1), axis=0)) == 512


def test_a_right_engine_has_none_wrong() -> None:
    assert len(wrong_neighbourhoods(exact_life({3}, {2, 3}))) == 0


@pytest.mark.parametrize("fault", [0, 16, 500, 511])
def test_a_single_fault_is_found(fault: int) -> None:
    (wrong,) = wrong_neighbourhoods(exact_life({3}, {2, 3}, fault))
    assert (wrong.flatten() << np.arange(9)).sum() == fault


def test_another_rule_is_another_game() -> None:
    # HighLife differs where a dead cell has 6 neighbours: 28 of the 512.
    assert len(wrong_neighbourhoods(exact_life({3, 6}, {2, 3}))) == 28


def test_other_games_are_refused() -> None:
    with pytest.raises(ValueError, match="learned pong"):
        wrong_neighbourhoods(make_engine("gru", make_game("pong").spec, width=8))


@pytest.mark.parametrize("size", [(5, 7), (32, 32)])
def test_tiles_hold_every_neighbourhood(size: tuple[int, int]) -> None:
    frames = tiled_neighbourhoods(*size)
    truth = life(rule="B36/S125", size=size)
    state = truth.init(np.zeros(len(frames), np.uint64))
    after = truth.render(truth.step(replace(state, cells=frames[:, 0] > 0), np.zeros((1, 1))))
    expected = rule_tables(state.description[:1])
    assert np.array_equal(middles(after[None]), expected)
    assert np.array_equal(middles(frames[None])[0], all_neighbourhoods()[:, 0, 2, 2])


def test_an_engine_is_asked_for_all_of_them() -> None:
    rules = torch.from_numpy(rule_bits("B3/S23")[None].repeat(3, 0))
    table = learned_tables(exact_life({3}, {2, 3}, fault=5), rules)
    assert table.shape == (3, 512)
    assert np.argwhere(table != rule_tables(rules.numpy())).tolist() == [[0, 5], [1, 5], [2, 5]]
