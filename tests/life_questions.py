"""What tests ask of Life: what came before."""

from __future__ import annotations

from functools import cache

import numpy as np

from data_gen.games.automaton import rule_bits
from gameengine.infer.law import Cells, Question
from gameengine.neighbourhoods import rule_tables

LIFE = rule_tables(rule_bits("B3/S23")[None])[0]  # (512,)


def random_cells(*shape: int, seed: int = 0, density: float = 0.4) -> Cells:
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def with_a_past(past: Cells, ticks: int = 1, wraps: bool = True) -> Question:
    """What became of cells (H, W)?"""
    question = Question(LIFE, past, ticks, wraps)
    return Question(LIFE, question.future(past), ticks, wraps)


@cache
def all_boards() -> Cells:
    """All of 3 x 4 cells."""
    bits = np.arange(1 << 12)[:, None] >> np.arange(12) & 1
    return bits.astype(np.uint8).reshape(-1, 3, 4)


@cache
def garden() -> Question:
    """Of 3 x 4 cells that nothing comes before, with dead edges."""
    boards = all_boards()
    futures = Question(LIFE, boards[0], 1, wraps=False).future(boards)
    there = futures.reshape(-1, 12) @ (1 << np.arange(12))
    return Question(LIFE, boards[np.setdiff1d(np.arange(1 << 12), there)[0]], 1, wraps=False)
