"""Searches for what came before, by a learned law: several at once, each in a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Event, Lock

import numpy as np

from data_gen.threads import in_parts
from gameengine.infer.law import Cells, Question
from gameengine.infer.search_kernels import search, search_one_tick

WARMTH = 0.6  # in wrong cells
ROUND = 0.25  # seconds, about, after which a search looks at the clock
PACE = 40_000_000  # moves of the first round, times the square of the cells within reach
PATIENCE = 16  # rounds without a better answer, then a search begins anew, and waits twice as long
Progress = Callable[[float, int], None]  # seconds so far, and cells wrong in the best answer


@dataclass(frozen=True)
class Limits:
    """seconds: for all; a search ends as soon as one is exact. threads: searches at once."""

    seconds: float = 30.0
    threads: int = 2

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"seconds must be more than 0, not {self.seconds:g}")
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")


def search_back(
    question: Question,
    starts: Iterator[Cells],
    limits: Limits,
    seed: int = 0,
    progress: Progress | None = None,
    until: Event | None = None,
    each: Callable[[Cells], None] = lambda cells: None,
) -> Cells:
    """The best cells (H, W) found: those of which the law makes the target, if that went well.
    starts: cells that searches begin at, one after another, without end. until: ends all of them,
    as Ctrl-C does. each: hears the best of every round."""
    began, stop, lock = time.perf_counter(), Event(), Lock()
    around, reach, target = question.around, question.reach, question.target.ravel()
    best = next(starts)
    starts, fewest = chain([best], starts), int(question.wrong(best))

    def look(part: slice) -> None:
        nonlocal best, fewest
        rng = np.random.default_rng([seed, part.start])
        cells = np.empty((question.ticks + 1, target.size), np.uint8)
        found = np.empty(target.size, np.uint8)
        moves = PACE // reach.shape[1] ** 2
        patience, whole, own = 0, PATIENCE, target.size + 1
        while not stop.is_set():
            if not patience:
                with lock:
                    cells[0] = next(starts).ravel()
                patience, whole, own = whole, 2 * whole, target.size + 1
            since = time.perf_counter()
            if question.ticks == 1:
                known = question.law, around, target, cells[0], found
                wrong = search_one_tick(*known, WARMTH, moves, rng)
            else:
                known = question.law, around, reach, target, cells, found
                wrong = search(*known, WARMTH, moves, rng)
            now = time.perf_counter()
            moves = max(1000, int(moves * min(2.0, max(0.5, ROUND / (now - since)))))
            patience = max(patience, whole // 2) if wrong < own else patience - 1
            own = min(own, wrong)
            came = found.reshape(question.target.shape).copy()
            each(came)
            with lock:
                if wrong < fewest:
                    best, fewest = came, wrong
                if progress is not None:
                    progress(now - began, fewest)
            ended = until is not None and until.is_set()
            if not fewest or ended or now - began > limits.seconds:
                stop.set()

    def looking(part: slice) -> None:
        try:
            look(part)
        finally:
            stop.set()  # whatever ends one ends all

    in_parts(looking, limits.threads, limits.threads)
    return best


def soups(question: Question, rng: np.random.Generator) -> Iterator[Cells]:
    """Random cells, of the densities that boards in play have, without end."""
    while True:
        density = rng.uniform(0.2, 0.5)
        yield (rng.random(question.target.shape) < density).astype(np.uint8)
