"""What came before: laws, searches, gradients and the solver, against all boards there are."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.games.automaton import rule_bits
from data_gen.games.rle import read_pattern
from gameengine.checkpoint import load_checkpoint
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.cell import CellEngine
from gameengine.frames import shares
from gameengine.infer import answers, solver
from gameengine.infer.__main__ import main
from gameengine.infer.answers import cut, repair
from gameengine.infer.descent import Descent, descend
from gameengine.infer.formula import Formula, implicants
from gameengine.infer.law import Cells, Question, law_of, true_future
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.infer.solver import GardenOfEdenError, solve
from gameengine.neighbourhoods import rule_tables
from gameengine.relaxed import relaxed

ASSETS = Path(__file__).parent.parent / "assets"
LIFE = rule_tables(rule_bits("B3/S23")[None])[0]  # (512,)
EDEN = ".OOO\nO...\n...O\n"  # of 3 x 4 cells whose edges are joined: none of the 4,096 becomes it
SIZES = [(5, 6), (3, 3), (7, 4)]


def random_cells(*shape: int, seed: int = 0, density: float = 0.4) -> Cells:
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


@pytest.fixture(scope="module")
def engine() -> CellEngine:
    engine = load_checkpoint(ASSETS / "life.ckpt").engine
    assert isinstance(engine, CellEngine)
    return engine


@pytest.fixture(scope="module")
def boards() -> Cells:
    """All of 3 x 4 cells."""
    bits = np.arange(1 << 12)[:, None] >> np.arange(12) & 1
    return bits.astype(np.uint8).reshape(-1, 3, 4)


@pytest.fixture(scope="module")
def eden(boards: Cells) -> Cells:
    """One that nothing comes before, with dead edges."""
    futures = Question(LIFE, boards[0], 1, wraps=False).future(boards)
    there = futures.reshape(-1, 12) @ (1 << np.arange(12))
    return boards[np.setdiff1d(np.arange(1 << 12), there)[0]]


@pytest.mark.parametrize("edges", ["torus", "dead"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ticks", [1, 3])
def test_the_law_of_life_has_the_future_of_life(
    engine: CellEngine, size: tuple[int, int], edges: str, ticks: int
) -> None:
    law = law_of(engine)
    assert law.tolist() == LIFE.tolist()
    cells = random_cells(4, *size)
    question = Question(law, cells[0], ticks, wraps=edges == "torus")
    expected = [true_future({"rule": "B3/S23", "edges": edges}, one, ticks)[-1] for one in cells]
    assert question.future(cells).tolist() == np.stack(expected).tolist()
    assert question.wrong(cells).tolist() == [(one != cells[0]).sum() for one in expected]


def test_engines_that_see_more_than_a_neighbourhood_have_no_law(engine: CellEngine) -> None:
    wider = make_engine("cell", engine.spec, steps=2)
    with pytest.raises(UserError, match="has no law of neighbourhoods"):
        law_of(wider)


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("ticks", [1, 2])
def test_a_cell_depends_on_what_is_within_reach(wraps: bool, ticks: int) -> None:
    question = Question(LIFE, random_cells(7, 8), ticks, wraps)
    reach = question.reach
    row, column = np.divmod(np.arange(56), 8)
    over = np.abs(row[:, None] - row)
    beside = np.abs(column[:, None] - column)
    if wraps:
        over, beside = np.minimum(over, 7 - over), np.minimum(beside, 8 - beside)
    near = np.maximum(over, beside) <= ticks
    for cell in range(56):
        found = reach[cell][reach[cell] >= 0]
        assert sorted(found.tolist()) == np.flatnonzero(near[cell]).tolist()


@pytest.mark.parametrize(("ticks", "wraps"), [(1, True), (1, False), (2, True)])
def test_a_search_finds_what_was_before(ticks: int, wraps: bool) -> None:
    question = Question(LIFE, np.zeros((9, 8), np.uint8), ticks, wraps)
    question = replace(question, target=question.future(random_cells(9, 8, seed=3, density=0.2)))
    told: list[int] = []
    found = search_back(
        question,
        soups(question, np.random.default_rng(0)),
        Limits(60.0, threads=2),
        progress=lambda seconds, wrong: told.append(wrong),
    )
    edges = "torus" if wraps else "dead"
    future = true_future({"rule": "B3/S23", "edges": edges}, found, ticks)
    assert future[-1].tolist() == question.target.tolist()
    assert told[-1] == 0


def test_a_search_without_success_gives_its_best(boards: Cells, eden: Cells) -> None:
    question = Question(LIFE, eden, 1, wraps=False)
    found = search_back(question, repeat(np.ones_like(eden)), Limits(0.3, threads=1))
    assert 0 < question.wrong(found) == question.wrong(boards).min()


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


def test_the_solver_tells_a_garden_of_eden(boards: Cells, eden: Cells) -> None:
    pytest.importorskip("pysat")
    question = Question(LIFE, eden, 1, wraps=False)
    with pytest.raises(GardenOfEdenError):
        solve(question, 60)
    question = replace(question, target=question.future(boards[1234]))
    found = solve(question, 60)
    assert found is not None
    assert not question.wrong(found)
    two = Question(LIFE, random_cells(6, 5), 2)
    two = replace(two, target=two.future(two.target))
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
    question = Question(LIFE, past, 1, wraps)
    question = replace(question, target=question.future(past))
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
    question = Question(LIFE, past, 1)
    question = replace(question, target=question.future(past))
    kept = np.zeros((24, 20), np.bool_)
    kept[5:15] = True
    found = solve(question, 60, past, kept)
    assert found is not None
    assert found[kept].tolist() == past[kept].tolist()
    kept[:] = True
    with pytest.raises(GardenOfEdenError):
        solve(question, 60, np.zeros_like(past), kept)


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

    monkeypatch.setattr(answers, "search_back", search)
    monkeypatch.setattr(answers, "solve", solve_too)
    past = random_cells(24, 20, seed=7)
    question = Question(LIFE, past, 1)
    question = replace(question, target=question.future(past))
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
    past = random_cells(16, 16, seed=7)
    question = Question(LIFE, past, 1)
    question = replace(question, target=question.future(past))
    begun: list[Cells] = []

    def solve_nothing(
        question: Question, seconds: float, near: Cells, kept: Any, stop: Event
    ) -> None:
        begun.append(near)
        assert stop.wait(60), "nobody has found anything"

    def search(
        question: Question, starts: Any, limits: Limits, seed: int, until: Event, each: Any
    ) -> None:
        if limits.seconds <= answers.SEARCHED:  # the solver's
            each(np.zeros_like(question.target))
        else:
            search_back(question, starts, limits, seed, until=until, each=each)

    monkeypatch.setattr(answers, "search_back", search)
    monkeypatch.setattr(answers, "solve", solve_nothing)
    assert not question.wrong(repair(question, Limits(60, 2)))
    assert len(begun) <= 1


def test_who_repairs_tells_a_garden_of_eden_and_when_the_time_is_over(
    eden: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pysat")
    garden = Question(LIFE, eden, 1, wraps=False)
    monkeypatch.setattr(answers, "SEARCHED", 0.01)
    with pytest.raises(GardenOfEdenError):
        repair(garden, Limits(60, 2))
    monkeypatch.setattr(answers, "SOLVED", 0.01)  # never enough
    assert garden.wrong(repair(garden, Limits(0.5, 1))) > 0


def test_a_solver_is_stopped(eden: Cells) -> None:
    pytest.importorskip("pysat")
    stop = Event()
    stop.set()
    assert solve(Question(LIFE, eden, 1, wraps=False), 60, stop=stop) is None


def test_certain_cells_are_seen_as_frames_are(engine: CellEngine) -> None:
    cells = torch.from_numpy(random_cells(3, 8, 9))
    hidden = engine.encode(Context(cells[:, None, None], torch.zeros(3, 0, 1)), torch.zeros(3, 18))
    for ticks in (1, 2):
        hidden = engine.advance(hidden, torch.zeros(3, 1, dtype=torch.int64))
        shown = engine.decode(hidden).logits
        logits = relaxed(engine, shares(cells, 2), ticks)
        # Later ticks see how sure the engine was, and it is.
        assert (logits.argmax(1) == shown.argmax(1)).all()
        if ticks == 1:
            torch.testing.assert_close(logits, shown)


@pytest.mark.parametrize("snapped", [False, True])
def test_gradients_lead_towards_the_target(engine: CellEngine, snapped: bool) -> None:
    question = Question(LIFE, np.zeros((8, 8), np.uint8), 1)
    question = replace(question, target=question.future(random_cells(8, 8, seed=5)))
    target = torch.from_numpy(question.target)
    short, long = (
        descend(engine, target, 1, Descent(boards=32, steps=steps, snapped=snapped)).numpy()
        for steps in (1, 150)
    )
    assert question.wrong(long).mean() < 0.6 * question.wrong(short).mean()


def test_the_command_runs_life_backwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["life", "--pattern", str(ASSETS / "101.rle"), "--ticks", "1", "--json"]
    assert main([*words, "--out", str(tmp_path), "--seconds", "60"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["exact"]
    assert result["size"] == [12, 18]
    found = read_pattern(tmp_path / "before.rle").cells.astype(np.uint8)
    future = true_future({"rule": "B3/S23", "edges": "torus"}, found, 1)
    assert future[-1].tolist() == read_pattern(ASSETS / "101.rle").cells.astype(int).tolist()
    assert (tmp_path / "infer.gif").stat().st_size > 1000
    assert (tmp_path / "infer.png").stat().st_size > 1000


def test_what_was_not_found_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pattern = tmp_path / "eden.cells"
    pattern.write_text(EDEN)
    words = ["life", "--pattern", str(pattern), "--out", str(tmp_path), "--seconds", "0.2"]
    assert main(words) == 1
    assert "the true game makes something else of it" in capsys.readouterr().out
    pytest.importorskip("pysat")
    assert main([*words[:-1], "60", "--sat"]) == 1
    assert "Garden of Eden" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["life"], "give either --pattern FILE or --soup SEED"),
        (["life", "--soup", "-1"], "--soup must be a seed from 0 on, not -1"),
        (["life", "--soup", "1", "--ticks", "0"], "--ticks must be more than 0, not 0"),
        (["life", "--soup", "1", "--density", "1"], "--density must lie between 0 and 1"),
        (["life", "--soup", "1", "--size", "2", "9"], "--size must be at least 3 3, not 2 9"),
        (["life", "--pattern", "none.rle"], "none.rle"),
        (["life", "--pattern", str(ASSETS / "101.rle"), "--size", "9", "9"], "larger size"),
        ([str(ASSETS / "pong.ckpt"), "--soup", "1"], "has no law of neighbourhoods"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        main(words)
    assert "\n" not in str(error.value)
