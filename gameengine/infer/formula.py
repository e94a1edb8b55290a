"""A question about what came before, as clauses for a SAT solver.

A cell's law is a table; every neighbourhood that makes of a cell what it is not is forbidden, many
of them at once by each clause. Where the law counts, as Life's does, clauses speak of how many live
in each column of three instead of each cell: they are a quarter as many, and what a solver learns
of a column holds for all three neighbourhoods that have it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gameengine.infer.law import Cells, Question

CELLS = np.arange(512)[:, None] >> np.arange(9) & 1  # (512, 9): of each neighbourhood
COUNTS = CELLS.reshape(512, 3, 3).sum(1)[..., None] > np.arange(3)  # of columns: 1, 2, 3 or more
COUNTED = np.concatenate([CELLS[:, 4:5], COUNTS.reshape(512, 9)], 1)  # (512, 10): and itself
COLUMN = np.concatenate([CELLS[:, 1::3], COUNTS[:, 1]], 1)  # (512, 6): the middle one, counted


class Formula:
    """Clauses are lists of literals: a variable or, if it does not hold, minus that. Variable
    1 + tick * N + cell says that a cell lives; then comes one for all that lies beyond the edges,
    and three for each cell: one, two, three or more live of it and those above and below. The
    last board is known and has none."""

    def __init__(self, question: Question) -> None:
        self.question = question
        ticks, size = question.ticks, question.target.size
        beyond = 1 + ticks * size
        cells = np.arange(1, beyond).reshape(ticks, size)
        counts = beyond + 1 + np.arange(3 * ticks * size).reshape(ticks, size, 3)
        # (T, N + 1) and (T, N + 1, 3): the last is where -1 leads
        self.cells = np.pad(cells, ((0, 0), (0, 1)), constant_values=beyond)
        self.counts = np.pad(counts, ((0, 0), (0, 1), (0, 0)), constant_values=beyond)

    def clauses(self) -> list[list[int]]:
        """What holds where the first board becomes the target."""
        question, around = self.question, self.question.around
        seen, bits = self.cells[:, around], CELLS  # (T, N, 9), (512, 9)
        made = [[-int(self.cells[0, -1])]]
        if _counts(question.law):
            beside = self.counts[:, around[:, 3:6]]  # (T, N, 3, 3)
            column = np.concatenate([seen[..., 1::3], beside[:, :, 1]], 2)  # (T, N, 6)
            there = _numbers(COLUMN, np.ones(512, np.bool_))
            made += _said(_forbidding(~there, np.zeros(64, np.bool_)), column.reshape(-1, 6))
            own = seen[..., 4:5]
            seen, bits = np.concatenate([own, beside.reshape(*own.shape[:2], 9)], 2), COUNTED
        never = ~_numbers(bits, np.ones(512, np.bool_))
        for becomes in (0, 1):
            signs = _forbidding(_numbers(bits, question.law == becomes), never)
            made += _said(signs, seen[-1, question.target.ravel() != becomes])
            signs = np.pad(signs, ((0, 0), (0, 1)), constant_values=1 if becomes else -1)
            for tick in range(1, question.ticks):
                after = self.cells[tick, :-1, None]
                made += _said(signs, np.concatenate([seen[tick - 1], after], 1))
        return made

    def values(self, first: Cells) -> NDArray[np.int64]:
        """The literals of all variables, in their order, where the first board is (H, W)."""
        one, boards = replace(self.question, ticks=1), [first]
        for _ in range(1, self.question.ticks):
            boards.append(one.future(boards[-1]))
        alive = np.pad(np.stack(boards).reshape(len(boards), -1), ((0, 0), (0, 1)))  # (T, N + 1)
        counts = alive[:, one.around[:, 1::3]].sum(2)[..., None] > np.arange(3)  # (T, N, 3)
        holds = np.concatenate([alive[:, :-1].ravel(), [0], counts.ravel()])
        variables = np.arange(1, len(holds) + 1)
        return np.where(holds, variables, -variables)


def _numbers(bits: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(2 ** n,): the numbers with the bits (512, n) of the neighbourhoods `which` (512,)."""
    there = np.zeros(1 << bits.shape[1], np.bool_)
    there[bits[which] @ (1 << np.arange(bits.shape[1]))] = True
    return there


def _counts(law: NDArray[np.uint8]) -> bool:
    """Whether what becomes of a cell is told by itself and how many live in each column."""
    return not (_numbers(COUNTED, law == 0) & _numbers(COUNTED, law == 1)).any()


def _forbidding(table: NDArray[np.bool_], never: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The signs (k, n) of literals in clauses that forbid the numbers in a table (2 ** n,); 0 where
    a literal is left out. never (2 ** n,): those that cannot be anyway."""
    numbers, bits = np.arange(len(table)), np.arange(len(table).bit_length() - 1)
    signs = [
        np.where(free >> bits & 1, 0, 1 - 2 * (seen >> bits & 1))
        for seen, free in implicants(table | never).tolist()
        if table[(numbers & ~free) == seen].any()
    ]
    return np.array(signs).reshape(-1, len(bits))


def _said(signs: NDArray[np.int64], literals: NDArray[np.int64]) -> list[list[int]]:
    """Of the literals (m, n) of each place, a clause for each row of signs (k, n)."""
    made: list[list[int]] = []
    for row in signs:
        made += (literals * row)[:, row != 0].tolist()
    return made


def implicants(table: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The largest sets of numbers that are in a table (2 ** n,), each as `seen`, the bits that are
    set, and `free`, those that may be set or not: (k, 2). After Quine and McCluskey."""
    count = len(table).bit_length() - 1
    # One axis a bit: not set, set, either. What is either holds if both hold.
    holds = table.reshape((2,) * count).transpose(range(count - 1, -1, -1))  # axis k is bit k
    for axis in range(count):
        both = holds.all(axis, keepdims=True)
        holds = np.concatenate([holds, both], axis)
    largest = holds.copy()
    for axis in range(count):  # is it a part of a larger one?
        larger = np.take(holds, [2], axis)
        part = np.take(largest, [0, 1], axis) & ~larger
        largest = np.concatenate([part, np.take(largest, [2], axis)], axis)
    states = np.argwhere(largest)  # (k, n)
    return np.stack([((states == state) << np.arange(count)).sum(1) for state in (1, 2)], 1)
