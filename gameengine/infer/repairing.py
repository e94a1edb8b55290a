"""Searches, and SAT solvers that begin with what these left and keep some of it.

What keeps the last cells wrong lies far away: a search seldom finds it, and a solver that knows
nothing needs minutes. Every second thread searches on and on; the others take the best of that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock

import numpy as np
from numpy.typing import NDArray

from data_gen.threads import in_parts
from gameengine.infer.law import Cells, Question
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.infer.solver import GardenOfEdenError, solve

SEARCHED = 1.0  # seconds of a search after which a solver takes its turn
SOLVED = 5.0  # and of that, at most: mostly it knows after two that nothing is to be had


def repair(
    question: Question,
    limits: Limits,
    seed: int = 0,
    told: Callable[[float, int], None] = lambda seconds, wrong: None,
) -> Cells:
    """The best cells (H, W) found. told: hears of seconds so far, and cells wrong in the best.

    Raises GardenOfEdenError if there are none, and UserError without python-sat.
    """
    began, stop, lock = time.perf_counter(), Event(), Lock()
    best, fresh = next(soups(question, np.random.default_rng(seed))), None

    def left() -> float:
        return limits.seconds - (time.perf_counter() - began)

    def note(cells: Cells) -> None:
        nonlocal best, fresh
        with lock:
            best = min(best, cells, key=question.wrong)
            fresh = cells if fresh is None else min(fresh, cells, key=question.wrong)
            told(limits.seconds - left(), int(question.wrong(best)))
            if not question.wrong(best):
                stop.set()

    def take() -> Cells | None:
        """The best since the last time, as no solver needs to begin twice where others did."""
        nonlocal fresh
        with lock:
            taken, fresh = fresh, None
        return taken

    def search(seconds: float, rng: np.random.Generator) -> None:
        limit = Limits(max(min(seconds, left()), 1e-3), 1)
        starts = soups(question, rng)
        search_back(question, starts, limit, int(rng.integers(1 << 31)), until=stop, each=note)

    def mend(rng: np.random.Generator) -> None:
        first = True
        while not stop.is_set() and left() > 0:
            near = take()
            if near is None:
                search(SEARCHED, rng)
            elif not stop.is_set():
                # Nothing is kept at first, so that a Garden of Eden is told.
                for kept in [None] if first else _keeps(question, near, rng):
                    turn(near, kept)
                first = False

    def turn(near: Cells, kept: NDArray[np.bool_] | None) -> None:
        if stop.is_set() or left() <= 0:
            return
        try:
            found = solve(question, min(SOLVED, left()), near, kept, stop)
        except GardenOfEdenError:
            if kept is None:
                raise
        else:
            if found is not None:
                note(found)

    def looking(part: slice) -> None:
        rng = np.random.default_rng([seed, part.start])
        try:
            search(limits.seconds, rng) if part.start % 2 else mend(rng)
        finally:
            stop.set()  # whatever ends one ends all

    in_parts(looking, limits.threads, limits.threads)
    return best


def _keeps(question: Question, near: Cells, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """What solvers keep of cells (H, W), one after another: what is soon known comes first."""
    wrong, lines = question.future(near) != question.target, 2 * question.ticks
    rows, columns = (cut(wrong, lines, axis, rng) for axis in (0, 1))
    return [rows | columns, rows if rng.random() < 0.5 else columns]


def cut(
    wrong: NDArray[np.bool_], lines: int, axis: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(H, W): some rows (axis 0) or columns (1) side by side, drawn by chance, rather far from the
    wrong cells (H, W). What lies on one side of them has nothing to do with the other any more, so
    that a solver soon knows what can be had with them."""
    count = wrong.shape[axis]
    apart = np.abs(np.arange(count)[:, None] - np.nonzero(wrong)[axis])
    apart = np.minimum(apart, count - apart).min(1) + 1e-9  # all may have wrong cells
    first = rng.choice(count, p=apart / apart.sum())
    kept = np.zeros_like(wrong)
    np.moveaxis(kept, axis, 0)[(first + np.arange(lines)) % count] = True
    return kept
