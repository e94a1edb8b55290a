"""What a process of its own does for gameengine.infer.solver. It loads neither torch nor Numba."""

from __future__ import annotations

from multiprocessing.connection import Connection


def answer(pipe: Connection, clauses: list[list[int]]) -> None:
    """Send a model of the clauses, positive and negative variables, or None if there is none."""
    from pysat.solvers import Cadical195

    with Cadical195(bootstrap_with=clauses) as solver:
        pipe.send(solver.get_model() if solver.solve() else None)
