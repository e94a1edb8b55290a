"""The reference answer: a SAT solver, which also tells when nothing came before (a Garden of Eden).

A cell's law is a table; every neighbourhood that makes of a cell what it is not is forbidden, many
of them at once by each clause. python-sat: Ignatiev, Morgado and Marques-Silva, "PySAT", SAT 2018;
its solver here is CaDiCaL.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib.util import find_spec
from subprocess import PIPE

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from gameengine.infer.law import Cells, Question


class GardenOfEdenError(Exception):
    """Nothing comes before these cells."""


def solve(
    question: Question, seconds: float, known: NDArray[np.int8] | None = None
) -> Cells | None:
    """Cells (H, W) of which the law makes the target; None if the time was too short.

    known (H, W): what is fixed of them, 0 or 1, and -1 elsewhere; then only those cells of the
    target count that depend on what is not fixed.
    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    if find_spec("pysat") is None:
        raise UserError("this needs python-sat; install it with: pip install 'gameengine[sat]'")
    if known is None:
        known = np.full(question.target.shape, -1, np.int8)
    # In a process of its own, as the solver can neither be interrupted nor told how long to try.
    told = pickle.dumps((clauses(question, known.ravel()), question.target.size))
    command = [sys.executable, "-m", "gameengine.infer.sat_process"]
    try:
        ended = subprocess.run(command, input=told, stdout=PIPE, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        return None
    model: list[int] | None = pickle.loads(ended.stdout)
    if model is None:
        raise GardenOfEdenError
    alive = np.zeros(question.target.size, np.uint8)
    alive[np.array(model, np.int64) - 1] = 1
    return np.where(known < 0, alive.reshape(known.shape), known).astype(np.uint8)


def clauses(question: Question, known: NDArray[np.int8]) -> list[list[int]]:
    """What holds: variable 1 + tick * N + cell says that a cell lives; the last board is known, and
    of the first what is not -1 in `known` (N,)."""
    size, target = question.target.size, question.target.ravel()
    around, reach = question.around, question.reach
    open_cells = np.append(known < 0, False)  # -1 leads to the last, which is beyond an edge
    counts = np.flatnonzero(open_cells[reach].any(1))  # cells of the target
    near: dict[int, list[int]] = {cell: around[cell].tolist() for cell in range(size)}
    first = known.tolist()
    made: list[list[int]] = []
    for becomes in (0, 1):
        for seen, free in implicants(question.law == becomes).tolist():
            for tick in range(question.ticks):
                last = tick == question.ticks - 1
                fixed = first if not tick else None
                for cell in counts[target[counts] != becomes].tolist() if last else range(size):
                    clause = _forbidding(near[cell], seen, free, 1 + tick * size, fixed)
                    if clause is None:
                        continue
                    after = 1 + (tick + 1) * size + cell
                    made.append(clause if last else [*clause, after if becomes else -after])
    return made


def _forbidding(
    near: list[int], seen: int, free: int, first: int, fixed: list[int] | None
) -> list[int] | None:
    """The clause that forbids neighbourhoods with the cells `seen`, whatever the `free` ones are.
    None if none of them can be there, for what is `fixed` and as nothing lives beyond an edge."""
    clause: list[int] = []
    for k, other in enumerate(near):
        if free >> k & 1:
            continue
        lives = seen >> k & 1
        known = 0 if other < 0 else -1 if fixed is None else fixed[other]
        if known < 0:
            clause.append(-(first + other) if lives else first + other)
        elif known != lives:
            return None
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
