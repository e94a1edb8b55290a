"""What a process of its own does for gameengine.infer.solver: clauses come in, cells that live go
out. It loads neither torch nor Numba."""

from __future__ import annotations

import pickle
import sys
from signal import ITIMER_REAL, setitimer


def answer(clauses: list[list[int]], variables: int, guess: list[int]) -> list[int] | None:
    """Which of the first `variables` are true where all clauses hold; None if that cannot be.
    guess: literals that are tried first."""
    from pysat.solvers import Cadical195

    with Cadical195() as solver:
        solver.configure({"elim": 0})  # what columns hold stays
        solver.append_formula(clauses)
        if guess:
            solver.set_phases(guess)
        model = solver.get_model() if solver.solve() else None
    return None if model is None else [held for held in model if 0 < held <= variables]


if __name__ == "__main__":
    seconds, *asked = pickle.load(sys.stdin.buffer)
    setitimer(ITIMER_REAL, seconds + 1)  # which ends this even if who asked was killed
    sys.stdout.buffer.write(pickle.dumps(answer(*asked)))
