"""experiments/long_patterns.py: the true Life shows what is known of each pattern, a learned one
does the same at every tick, and what is not the same is told."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_scripts import script
from numpy.typing import NDArray
from PIL import Image

from data_gen.errors import UserError
from data_gen.games.life import life
from gameengine import compiled_life
from gameengine.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[1]


PATTERNS = script("long_patterns")
CASES = {case.name: case for case in PATTERNS.CASES}


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["long_patterns", *map(str, words)])
    return PATTERNS.main()


def true_alive(case: Any, ticks: Iterable[int]) -> NDArray[np.int64]:
    """How many cells live after each of these ticks, which rise, in the true game."""
    truth = life(size=case.size, edges="dead")
    state = replace(truth.init(np.zeros(1, np.uint64)), cells=case.start()[None])
    now, alive = 0, list[int]()
    for tick in ticks:
        state, now = truth.advance(state, tick - now), tick
        alive.append(int(np.count_nonzero(state.cells)))
    return np.array(alive)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"acorn", "breeder_1", "spacefiller_1"}))
def test_the_true_life_does_what_is_known(name: str) -> None:
    case = CASES[name]
    alive = true_alive(case, range(min(case.ticks, 1500) + 1))
    told, right = case.fact.seen(alive)
    assert right, told
    alive[-1] += 1
    assert not case.fact.seen(alive)[1]


def test_the_true_spacefiller_grows_by_the_formula() -> None:
    case = replace(CASES["spacefiller_1"], size=(512, 512), ticks=450)
    alive = true_alive(case, range(case.ticks + 1))
    assert case.fact.seen(alive) == ("so at 451 of 451 ticks", True)
    assert case.fact.seen(alive + (np.arange(451) == 7)) == ("so at 450 of 451 ticks", False)


def test_the_true_breeder_grows_faster_and_faster() -> None:
    case = CASES["breeder_1"]
    alive = true_alive(case, range(0, case.ticks + 1, 60))
    assert alive[0] == 4060  # its cells, as the LifeWiki counts them
    assert PATTERNS.grows(2400, 960 // 60, order=2).seen(alive)[1]
    assert not PATTERNS.grows(2400, 960 // 60 - 1, order=2).seen(alive)[1]


def test_the_true_acorn_rests_after_5206_ticks_with_633_cells() -> None:
    alive = true_alive(CASES["acorn"], [5205, 5206, 5207, 5208, 5300])
    assert alive[0] != 633
    assert alive[1:].tolist() == [633] * 4


def test_a_pattern_lies_where_it_was_put() -> None:
    case = PATTERNS.Case("die_hard", (5, 10), 1, PATTERNS.rests(0, 0), place=(1, 1))
    picture = """
        ..........
        .......O..
        .OO.......
        ..O...OOO.
        .........."""
    drawn = "\n".join("".join(".O"[cell] for cell in row) for row in case.start().astype(int))
    assert drawn.split() == picture.split()


def test_facts_tell_what_is_seen_instead() -> None:
    rests = PATTERNS.rests(3, 7)
    assert rests.seen(np.array([5, 9, 7, 8, 7, 7])) == ("7 from 4 on", False)
    assert rests.seen(np.array([7, 7, 8, 7, 7])) == ("7 from 3 on", True)
    assert rests.seen(np.array([7, 7, 7])) == ("7 from 0 on", False)
    assert PATTERNS.grows(2, 2).seen(np.array([0, 5, 2, 7, 4])) == ("2, asked 3 times", True)
    assert PATTERNS.grows(2, 2).seen(np.array([0, 5, 2, 8])) == ("2 to 3, asked 2 times", False)
    assert PATTERNS.grows(2, 1, since=1).seen(np.array([9, 1, 3, 5]))[1]
    squares = np.arange(9) ** 2
    assert PATTERNS.grows(8, 2, order=2).seen(squares) == ("8, asked 5 times", True)
    assert not PATTERNS.grows(8, 2).seen(squares)[1]


def test_a_learned_life_runs_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--patterns", "die_hard", "r_pentomino") == 0
    told = capsys.readouterr().out
    assert "| die_hard | 64 x 64 | 200 | all ticks | 0 cells from tick 130 on | 0 from 130" in told
    assert "| 2,000 | all ticks | 116 cells from tick 1,103 on | 116 from 1,103 on |" in told
    assert "table" not in told  # that is for all patterns


def test_the_table_is_written_when_all_were_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The breeder is shown; here, for less time.
    short = replace(CASES["breeder_1"], ticks=2, fact=PATTERNS.rests(0, 0), shown=(0, 2))
    monkeypatch.setattr(PATTERNS, "CASES", (CASES["die_hard"], short))
    out, picture = tmp_path / "RESULTS.md", tmp_path / "breeder.png"
    out.write_text("before\n<!-- patterns -->\nold\n<!-- /patterns -->\nafter\n")
    assert run(monkeypatch, "--out", out, "--picture", picture) == 1  # it does not rest
    text = out.read_text()
    assert text.startswith("before\n<!-- patterns -->\n## ")
    assert text.endswith("<!-- /patterns -->\nafter\n")
    assert "old" not in text
    assert "| breeder_1 | 1,024 x 2,304 | 2 | all ticks | 0 cells from tick 0 on |" in text
    assert "(wrong)" in text
    assert Image.open(picture).size == (2304 // 4, 2 * (1024 // 4 + 18))


def test_one_wrong_neighbourhood_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = compiled_life.law_of

    def flawed(engine: object) -> object:
        law = learned(engine).copy()  # pyright: ignore[reportArgumentType]
        law[0b000_000_111] ^= 1  # below three living cells
        return law

    monkeypatch.setattr(compiled_life, "law_of", flawed)
    engine = load_checkpoint(ROOT / "assets" / "life.ckpt").engine
    outcome = PATTERNS.run(CASES["die_hard"], engine)
    assert outcome.parted_at == 1
    assert not outcome.right
    assert "| until tick 1 |" in PATTERNS.row(outcome)


def test_what_cannot_be_run_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown pattern 'none'; choose from die_hard, r_"):
        run(monkeypatch, "--patterns", "none")
    with pytest.raises(UserError, match="has no law of neighbourhoods"):
        run(monkeypatch, ROOT / "assets" / "pong.ckpt")
    with pytest.raises(UserError, match=r"none\.ckpt"):
        run(monkeypatch, tmp_path / "none.ckpt")
