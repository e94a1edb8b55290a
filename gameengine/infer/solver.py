"""The reference answer: a SAT solver, which also tells when nothing came before (a Garden of Eden).

python-sat: Ignatiev, Morgado and Marques-Silva, "PySAT", SAT 2018; its solver here is CaDiCaL.
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
from gameengine.infer.formula import Formula
from gameengine.infer.law import Cells, Question

LOOK = 0.1  # seconds between two looks at the clock


class GardenOfEdenError(Exception):
    """Nothing comes before these cells."""


def solve(
    question: Question,
    seconds: float,
    near: Cells | None = None,
    kept: NDArray[np.bool_] | None = None,
    stop: Event | None = None,
) -> Cells | None:
    """Cells (H, W) of which the law makes the target; None if the time was too short, or stopped.
    near (H, W): cells that nearly do; the solver takes each to be as it is there, as long as it
    can. kept (H, W): those of them that have to be.

    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    if find_spec("pysat") is None:
        raise UserError("this needs python-sat; install it with: pip install 'gameengine[sat]'")
    formula = Formula(question)
    clauses, guess = formula.clauses(), [] if near is None else formula.values(near).tolist()
    if kept is not None:
        clauses += [[guess[cell]] for cell in np.flatnonzero(kept)]
    # In a process of its own, as the solver can neither be interrupted nor told how long to try;
    # and out of reach of Ctrl-C, which is for us.
    command = [sys.executable, "-m", "gameengine.infer.sat_process"]
    ends, shown = time.perf_counter() + seconds, None
    with TemporaryFile() as told:
        pickle.dump((seconds, clauses, question.target.size, guess), told)
        told.seek(0)
        with subprocess.Popen(command, stdin=told, stdout=PIPE, process_group=0) as solver:
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
