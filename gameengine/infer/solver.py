"""The reference answer: a SAT solver, which also tells when nothing came before (a Garden of Eden).

A cell's law is a table; every neighbourhood that makes of a cell what it is not is forbidden, many
of them at once by each clause. python-sat: Ignatiev, Morgado and Marques-Silva, "PySAT", SAT 2018;
its solver here is CaDiCaL.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from subprocess import PIPE
from tempfile import TemporaryFile
from threading import Event

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from gameengine.infer.law import Cells, Question

LOOK = 0.1  # seconds between two looks at the clock


class GardenOfEdenError(Exception):
    """Nothing comes before these cells."""


def solve(
    question: Question, seconds: float, near: Cells | None = None, stop: Event | None = None
) -> Cells | None:
    """Cells (H, W) of which the law makes the target; None if the time was too short, or stopped.
    near (H, W): cells that nearly do; the solver takes each to be as it is there, as long as it
    can.

    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    if find_spec("pysat") is None:
        raise UserError("this needs python-sat; install it with: pip install 'gameengine[sat]'")
    number = np.arange(1, question.target.size + 1)
    guess = [] if near is None else np.where(near.ravel(), number, -number).tolist()
    # In a process of its own, as the solver can neither be interrupted nor told how long to try.
    command = [sys.executable, "-m", "gameengine.infer.sat_process"]
    ends, shown = time.perf_counter() + seconds, None
    with TemporaryFile() as told:
        pickle.dump((clauses(question), question.target.size, guess), told)
        told.seek(0)
        with subprocess.Popen(command, stdin=told, stdout=PIPE) as solver:
            try:
                while shown is None:
                    left = ends - time.perf_counter()
                    if left <= 0 or (stop is not None and stop.is_set()):
                        return None
                    with suppress(subprocess.TimeoutExpired):
                        shown, _ = solver.communicate(timeout=min(LOOK, left))
            finally:
                solver.kill()
    model: list[int] | None = pickle.loads(shown)
    if model is None:
        raise GardenOfEdenError
    alive = np.zeros(question.target.size, np.uint8)
    alive[np.array(model, np.int64) - 1] = 1
    return alive.reshape(question.target.shape)


def clauses(question: Question) -> list[list[int]]:
    """What holds: variable 1 + tick * N + cell says that a cell lives; the last board is known."""
    size, target = question.target.size, question.target.ravel()
    near: list[list[int]] = question.around.tolist()
    made: list[list[int]] = []
    for becomes in (0, 1):
        for seen, free in implicants(question.law == becomes).tolist():
            for tick in range(question.ticks):
                last = tick == question.ticks - 1
                for cell in np.flatnonzero(target != becomes).tolist() if last else range(size):
                    clause = _forbidding(near[cell], seen, free, 1 + tick * size)
                    if clause is None:
                        continue
                    after = 1 + (tick + 1) * size + cell
                    made.append(clause if last else [*clause, after if becomes else -after])
    return made


def _forbidding(near: list[int], seen: int, free: int, first: int) -> list[int] | None:
    """The clause that forbids neighbourhoods with the cells `seen`, whatever the `free` ones are.
    None if they cannot be there, as nothing lives beyond an edge."""
    clause: list[int] = []
    for k, other in enumerate(near):
        lives = seen >> k & 1
        if free >> k & 1:
            continue
        if other >= 0:
            clause.append(-(first + other) if lives else first + other)
        elif lives:
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
