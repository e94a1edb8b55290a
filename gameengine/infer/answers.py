"""The ways to an answer: search, gradients, both, and the solver that they are measured by."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from threading import Event, Lock

import numpy as np
import torch

from data_gen.errors import UserError
from data_gen.threads import in_parts
from gameengine.engines.cell import CellEngine
from gameengine.infer.descent import Descent, descend
from gameengine.infer.law import Cells, Question
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.infer.solver import solve

SEARCHED = 1.5  # seconds of each search between which a solver takes its turn
SOLVED = 8.5  # and of that; what it finds it mostly finds in 5 to 8 of them

Progress = Callable[[float, str], None]  # the share of the work that is over, and how it goes


def find(
    engine: CellEngine,
    question: Question,
    method: str,
    limits: Limits,
    seed: int = 0,
    progress: Progress = lambda share, told: None,
) -> Cells:
    """The best cells (H, W) that a method finds: search, descent, both, repair or sat.

    Raises GardenOfEdenError if the solver says that there are none, and UserError if it takes too
    long or is not installed.
    """
    if method == "sat":
        found = solve(question, limits.seconds)
        if found is None:
            raise UserError(f"the solver needs more than {limits.seconds:g} s; give it --seconds")
        return found
    starts = soups(question, np.random.default_rng(seed))
    if method == "repair":
        return repair(question, limits, seed, _told(limits, progress))
    if method != "search":
        how = Descent()
        boards = descend(
            engine,
            torch.from_numpy(question.target),
            question.ticks,
            how,
            seed,
            lambda step, loss: progress(step / how.steps, f"gradients, loss {loss:.3g}"),
        ).numpy()
        best = boards[np.argsort(question.wrong(boards), kind="stable")]
        if method == "descent":
            return best[0]
        starts = chain(best, starts)
    return search_back(question, starts, limits, seed, _told(limits, progress))


def _told(limits: Limits, progress: Progress) -> Callable[[float, int], None]:
    return lambda seconds, wrong: progress(seconds / limits.seconds, f"{wrong} cells are off")


def repair(
    question: Question,
    limits: Limits,
    seed: int = 0,
    told: Callable[[float, int], None] = lambda seconds, wrong: None,
) -> Cells:
    """Cells (H, W): in one thread short searches, and after each a SAT solver that begins where the
    search ended; in all others long searches. What keeps the last cells wrong lies far away: a
    search seldom finds it, and a solver that knows nothing needs minutes.

    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    began, stop, lock = time.perf_counter(), Event(), Lock()
    best = next(soups(question, np.random.default_rng(seed)))

    def left() -> float:
        return limits.seconds - (time.perf_counter() - began)

    def note(cells: Cells) -> None:
        nonlocal best
        with lock:
            best = min(best, cells, key=question.wrong)
            told(limits.seconds - left(), int(question.wrong(best)))
        if not question.wrong(cells):
            stop.set()

    def look(part: slice) -> None:
        rng = np.random.default_rng([seed, part.start])
        starts, solving = soups(question, rng), part.start == 0
        while not stop.is_set() and (seconds := left()) > 0:
            limit = Limits(min(SEARCHED, seconds) if solving else seconds, 1)
            cells = search_back(question, starts, limit, int(rng.integers(1 << 31)), until=stop)
            note(cells)
            if solving and not stop.is_set():
                found = solve(question, min(SOLVED, left()), cells, stop)
                if found is not None:
                    note(found)

    def looking(part: slice) -> None:
        try:
            look(part)
        finally:
            stop.set()  # whatever ends one ends all

    in_parts(looking, limits.threads, limits.threads)
    return best
