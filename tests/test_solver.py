"""Clauses, and the solver that is asked about them, against all boards there are."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from life_questions import LIFE, all_boards, garden, random_cells, with_a_past

from gameengine.infer import solver
from gameengine.infer.formula import Formula, implicants
from gameengine.infer.law import Question
from gameengine.infer.solver import GardenOfEdenError, solve


def test_implicants_are_the_table_and_cannot_be_larger() -> None:
    for table in (LIFE > 0, LIFE == 0, random_cells(512, seed=4) > 0):
        covered = np.zeros(512, np.bool_)
        for seen, free in implicants(table):
            assert not seen & free
            inside = (np.arange(512) & ~free) == seen
            assert table[inside].all()
            covered |= inside
            for k in np.flatnonzero(~free >> np.arange(9) & 1):  # one cell more may be either
                wider = free | 1 << k
                assert not table[(np.arange(512) & ~wider) == (seen & ~wider)].all()
        assert covered.tolist() == table.tolist()


@pytest.mark.parametrize("ticks", [1, 3])
@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("counts", [True, False])
def test_clauses_hold_for_what_came_before_and_for_nothing_else(
    ticks: int, wraps: bool, counts: bool
) -> None:
    law = LIFE if counts else random_cells(512, seed=9)
    pasts = random_cells(40, 4, 5, seed=3)
    question = Question(law, pasts[0], ticks, wraps)
    question = replace(question, target=question.future(pasts[0]))
    formula = Formula(question)
    made = formula.clauses()
    for past in pasts:
        values = set(formula.values(past).tolist())
        holds = all(values & set(clause) for clause in made)
        assert holds == (not question.wrong(past))
    assert (len(made) < 80 * 20 * ticks) == counts  # of columns, they are few


def test_the_solver_tells_a_garden_of_eden() -> None:
    pytest.importorskip("pysat")
    with pytest.raises(GardenOfEdenError):
        solve(garden(), 60)
    question = with_a_past(all_boards()[1234], wraps=False)
    found = solve(question, 60)
    assert found is not None
    assert not question.wrong(found)
    two = with_a_past(random_cells(6, 5), 2)
    found = solve(two, 60)
    assert found is not None
    assert not two.wrong(found)


@pytest.mark.parametrize("wraps", [True, False])
def test_the_solver_begins_with_the_cells_that_it_is_given(
    wraps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pysat")
    monkeypatch.setattr(solver, "LOOK", 1e-3)  # long before all has been said
    past = random_cells(24, 20, seed=7)
    question = with_a_past(past, wraps=wraps)
    broken = past.copy()
    broken[4:7, 5:8] ^= 1
    assert question.wrong(broken)
    found, other = solve(question, 60, broken), solve(question, 60)
    assert found is not None
    assert other is not None
    assert not question.wrong(np.stack([found, other])).any()
    assert (found != past).sum() < 25 < (other != past).sum()


def test_a_solver_keeps_what_it_is_told() -> None:
    pytest.importorskip("pysat")
    past = random_cells(24, 20, seed=7)
    question, kept = with_a_past(past), np.zeros(past.shape, np.bool_)
    kept[5:15] = True
    near = np.where(kept, past, random_cells(24, 20, seed=8))
    found, other = solve(question, 60, near, kept), solve(question, 60, near)
    assert found is not None
    assert other is not None
    assert not question.wrong(np.stack([found, other])).any()
    assert (found == past)[kept].all()
    assert not (other == past)[kept].all()  # who need not keep them did not
    with pytest.raises(GardenOfEdenError):
        solve(question, 60, near, np.ones_like(kept))


def test_a_solver_is_stopped() -> None:
    pytest.importorskip("pysat")
    stop = Event()
    stop.set()
    assert solve(garden(), 60, stop=stop) is None


def test_a_solver_is_out_of_reach_of_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysat")
    groups: list[int] = []

    class Spy(subprocess.Popen[bytes]):
        def __enter__(self) -> Spy:
            groups.append(os.getpgid(self.pid))
            return self

    monkeypatch.setattr(subprocess, "Popen", Spy)
    assert solve(with_a_past(random_cells(5, 6)), 60) is not None
    assert len(groups) == 1
    assert groups[0] != os.getpgid(0)  # the one that a terminal tells of Ctrl-C


def test_a_solver_ends_in_time_though_who_asked_is_gone(tmp_path: Path) -> None:
    pytest.importorskip("pysat")
    formula = Formula(with_a_past(random_cells(64, 64)))  # hours
    asked = tmp_path / "asked"
    asked.write_bytes(pickle.dumps((0.0, formula.clauses(), 64 * 64, [])))
    with asked.open("rb") as told:
        command = [sys.executable, "-m", "gameengine.infer.sat_process"]
        done = subprocess.run(command, stdin=told, timeout=60, check=False)
    assert done.returncode == -signal.SIGALRM
