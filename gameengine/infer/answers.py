"""The ways to an answer: search, gradients, both, and the solver that they are measured by."""

from __future__ import annotations

import time
from collections.abc import Callable
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
        began, told = time.perf_counter(), _told(limits, progress)
        first = Limits(limits.seconds / 5, limits.threads)
        cells = search_back(question, starts, first, seed, told)
        left = limits.seconds - (time.perf_counter() - began)
        return repair(question, cells, left, np.random.default_rng([seed, 1]), told)
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
    cells: Cells,
    seconds: float,
    rng: np.random.Generator,
    told: Callable[[float, int], None] = lambda seconds, wrong: None,
) -> Cells:
    """Cells (H, W) with the surroundings of each wrong one solved anew, by a SAT solver: larger
    ones as long as there is no solution. As they are when the seconds are over.

    Raises GardenOfEdenError if there is none for the whole board, and UserError without python-sat.
    """
    began, reach = time.perf_counter(), SURROUNDINGS
    while wrong := np.flatnonzero(question.future(cells) != question.target).tolist():
        passed = time.perf_counter() - began
        told(passed, len(wrong))
        if passed >= seconds:
            break
        opened = (question.distance(int(rng.choice(wrong))) <= reach).reshape(cells.shape)
        try:
            found = solve(question, seconds - passed, np.where(opened, -1, cells).astype(np.int8))
        except GardenOfEdenError:
            if opened.all():
                raise
            reach += 1
            continue
        cells = cells if found is None else found
    return cells
