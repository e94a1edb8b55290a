"""The ways to an answer: search, gradients, both, and the solver that they are measured by."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
import torch

from data_gen.errors import UserError
from gameengine.engines.cell import CellEngine
from gameengine.infer.descent import Descent, descend
from gameengine.infer.law import Cells, Question
from gameengine.infer.repairing import repair
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.infer.solver import solve

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
