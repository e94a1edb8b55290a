"""What came before: laws, searches, gradients and the command, against the true game."""

from __future__ import annotations

import json
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch
from life_questions import LIFE, all_boards, garden, random_cells, with_a_past

from data_gen.errors import UserError
from data_gen.games.rle import read_pattern
from gameengine.checkpoint import load_checkpoint
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.cell import CellEngine
from gameengine.frames import shares
from gameengine.infer.__main__ import main
from gameengine.infer.descent import Descent, descend
from gameengine.infer.law import Question, law_of, true_future
from gameengine.infer.searching import Limits, search_back, soups
from gameengine.relaxed import relaxed

ASSETS = Path(__file__).parent.parent / "assets"
EDEN = ".OOO\nO...\n...O\n"  # of 3 x 4 cells whose edges are joined: none of the 4,096 becomes it
SIZES = [(5, 6), (3, 3), (7, 4)]


@pytest.fixture(scope="module")
def engine() -> CellEngine:
    engine = load_checkpoint(ASSETS / "life.ckpt").engine
    assert isinstance(engine, CellEngine)
    return engine


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
    question = with_a_past(random_cells(9, 8, seed=3, density=0.2), ticks, wraps)
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


def test_a_search_without_success_gives_its_best() -> None:
    question, heard = garden(), []
    starts = repeat(np.ones_like(question.target))
    found = search_back(question, starts, Limits(0.3, threads=1), each=heard.append)
    assert 0 < question.wrong(found) == question.wrong(all_boards()).min()
    assert question.wrong(found) == min(map(question.wrong, heard))


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
    question = with_a_past(random_cells(8, 8, seed=5))
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
