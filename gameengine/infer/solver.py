"""The reference answer: a SAT solver, which also tells when nothing came before (a Garden of Eden).

A cell's law is a table; every neighbourhood that makes of a cell what it is not is forbidden, many
of them at once by each clause. python-sat: Ignatiev, Morgado and Marques-Silva, "PySAT", SAT 2018;
its solver here is CaDiCaL.
"""

from __future__ import annotations

import multiprocessing
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from gameengine.infer.law import Cells, Question
from gameengine.infer.sat_process import answer


class GardenOfEdenError(Exception):
    """Nothing comes before these cells."""


def solve(question: Question, seconds: float) -> Cells | None:
    """Cells (H, W) of which the law makes the target; None if the time was too short.

    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    if find_spec("pysat") is None:
        raise UserError("--sat needs python-sat; install it with: pip install 'gameengine[sat]'")
    # In a process of its own, as the solver can neither be interrupted nor told how long to try.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    solver = context.Process(target=answer, args=(theirs, clauses(question)), daemon=True)
    solver.start()
    try:
        theirs.close()
        if not ours.poll(seconds):
            return None
        model: list[int] | None = ours.recv()
    finally:
        solver.kill()
        solver.join()
    if model is None:
        raise GardenOfEdenError
    alive = np.array(model[: question.target.size]) > 0
    return alive.reshape(question.target.shape).astype(np.uint8)


def clauses(question: Question) -> list[list[int]]:
    """What holds: variable 1 + tick * N + cell says that a cell lives; the last board is known."""
    size, target, around = question.target.size, question.target.ravel(), question.around
    made: list[list[int]] = []
    for becomes in (0, 1):
        for seen, free in implicants(question.law == becomes):
            for tick in range(question.ticks):
                first, last = 1 + tick * size, tick == question.ticks - 1
                for cell in np.flatnonzero(target != becomes) if last else range(size):
                    clause = _forbidding(around[cell], int(seen), int(free), first)
                    if clause is None:
                        continue
                    after = first + size + int(cell)
                    made.append(clause if last else [*clause, after if becomes else -after])
    return made


def _forbidding(near: NDArray[np.int32], seen: int, free: int, first: int) -> list[int] | None:
    """The clause that forbids neighbourhoods with the cells `seen`, whatever the `free` ones are.
    None if none of them can be there, as a cell would have to live beyond an edge."""
    clause: list[int] = []
    for k, other in enumerate(near.tolist()):
        lives = seen >> k & 1
        if free >> k & 1 or (other < 0 and not lives):
            continue
        if other < 0:
            return None
        clause.append(-(first + other) if lives else first + other)
    return clause


def implicants(table: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The largest sets of neighbourhoods that are in a table (512,), each as `seen`, the cells that
    live, and `free`, those that may live or not: (n, 2). After Quine and McCluskey."""
    # One axis a cell: dead, alive, either. What is either holds if both hold.
    holds = table.reshape((2,) * 9).transpose(range(8, -1, -1))  # axis k is bit k
    for axis in range(9):
        both = holds.all(axis, keepdims=True)
        holds = np.concatenate([holds, both], axis)
    largest = holds.copy()
    for axis in range(9):  # is it a part of a larger one?
        larger = np.take(holds, [2], axis)
        part = np.take(largest, [0, 1], axis) & ~larger
        largest = np.concatenate([part, np.take(largest, [2], axis)], axis)
    cells = np.argwhere(largest)  # (n, 9)
    return np.stack([((cells == state) << np.arange(9)).sum(1) for state in (1, 2)], 1)
