"""The ways to an answer: search, gradients, both, and the solver that they are measured by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import torch

from data_gen.errors import UserError
from gameengine.engines.cell import CellEngine
from gameengine.infer.descent import Descent, descend
from gameengine.infer.law import Cells, Question
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.infer.solver import GardenOfEdenError, solve

SURROUNDINGS = 5  # cells from a wrong one, at first

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
        return _repaired(question, starts, limits, seed, progress)
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


def _repaired(
    question: Question, starts: Iterator[Cells], limits: Limits, seed: int, progress: Progress
) -> Cells:
    """What a search finds in a fifth of the time, with the surroundings of each wrong cell solved
    anew: larger ones as long as there is no solution."""
    began, rng = time.perf_counter(), np.random.default_rng([seed, 1])
    told, first = _told(limits, progress), Limits(limits.seconds / 5, limits.threads)
    cells = search_back(question, starts, first, seed, told)
    reach = SURROUNDINGS
    while wrong := np.flatnonzero((question.future(cells) != question.target).ravel()).tolist():
        passed = time.perf_counter() - began
        told(passed, len(wrong))
        if passed > limits.seconds:
            break
        open_cells = question.distance(int(rng.choice(wrong))) <= reach
        known = np.where(open_cells.reshape(cells.shape), -1, cells).astype(np.int8)
        try:
            found = solve(question, limits.seconds - passed, known)
        except GardenOfEdenError:
            if (known < 0).all():
                raise
            reach += 1
            continue
        if found is not None:
            cells = found
    return cells
