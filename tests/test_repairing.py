"""Searches and solvers that help each other."""

from __future__ import annotations

from threading import Event
from typing import Any

import numpy as np
import pytest
from life_questions import garden, random_cells, with_a_past
from numpy.typing import NDArray

from gameengine.infer import repairing
from gameengine.infer.law import Cells, Question
from gameengine.infer.repairing import cut, repair
from gameengine.infer.searching import Limits, search_back
from gameengine.infer.solver import GardenOfEdenError, solve


@pytest.mark.parametrize("axis", [0, 1])
def test_a_cut_lies_far_from_wrong_cells(axis: int) -> None:
    wrong = np.zeros((9, 12), np.bool_)
    wrong[4, 7] = True
    rng = np.random.default_rng(0)
    cuts = np.stack([cut(wrong, 2, axis, rng) for _ in range(400)])
    lines = np.moveaxis(cuts, axis + 1, 1)  # (400, count, across)
    assert (lines.all(2) == lines.any(2)).all()
    assert (lines.any(2).sum(1) == 2).all()
    first = lines.any(2) & ~np.roll(lines.any(2), 1, 1)  # of the two
    counts, place = first.sum(0), (4, 7)[axis]
    assert counts[place] == 0 < counts[place - 1] < counts[place - 4]
    assert cut(np.ones_like(wrong), 2, axis, rng).sum() == 2 * wrong.shape[1 - axis]


def test_a_solver_begins_where_a_search_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysat")
    ended: list[Cells] = []  # where searches did
    begun: list[tuple[Cells, NDArray[np.bool_] | None]] = []  # and where solvers began

    def search(question: Question, *rest: object, each: Any, **more: object) -> None:
        ended.append(random_cells(*question.target.shape, seed=len(ended)))
        each(ended[-1])

    def solve_too(
        question: Question, seconds: float, near: Cells, kept: Any, stop: Event
    ) -> Cells | None:
        begun.append((near, kept))
        return solve(question, seconds, near, None, stop) if len(begun) == 4 else None

    monkeypatch.setattr(repairing, "search_back", search)
    monkeypatch.setattr(repairing, "solve", solve_too)
    past = random_cells(24, 20, seed=7)
    question = with_a_past(past)
    told: list[int] = []
    found = repair(question, Limits(60, 1), 0, lambda seconds, wrong: told.append(wrong))
    assert not question.wrong(found)
    assert told == sorted(told, reverse=True)
    assert told[-1] == 0 < told[0]
    assert [near is ended[search] for (near, _), search in zip(begun, [0, 1, 1, 2], strict=True)]
    kept = [mask for _, mask in begun]
    assert kept[0] is None
    assert [int(mask.sum()) for mask in kept[1:4:2]] == [2 * 20 + 2 * 24 - 4] * 2
    assert int(kept[2].sum()) in (2 * 20, 2 * 24)
    assert not (kept[2] & ~kept[1]).any()


def test_a_search_goes_on_beside_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    question, solving = with_a_past(random_cells(16, 16, seed=7)), Event()

    def solve_nothing(
        question: Question, seconds: float, near: Cells, kept: Any, stop: Event
    ) -> None:
        solving.set()
        assert stop.wait(60), "nobody has found anything"

    def search(
        question: Question, starts: Any, limits: Limits, seed: int, until: Event, each: Any
    ) -> None:
        if limits.seconds <= repairing.SEARCHED:  # the solver's
            each(np.zeros_like(question.target))
        else:
            assert solving.wait(60), "no solver has begun"
            search_back(question, starts, limits, seed, until=until, each=each)

    monkeypatch.setattr(repairing, "search_back", search)
    monkeypatch.setattr(repairing, "solve", solve_nothing)
    assert not question.wrong(repair(question, Limits(60, 2)))


def test_who_repairs_tells_a_garden_of_eden_and_when_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("pysat")
    monkeypatch.setattr(repairing, "SEARCHED", 0.01)
    with pytest.raises(GardenOfEdenError):
        repair(garden(), Limits(60, 2))
    monkeypatch.setattr(repairing, "SOLVED", 0.01)  # never enough
    assert garden().wrong(repair(garden(), Limits(0.5, 1))) > 0
