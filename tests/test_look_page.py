"""The page of `python -m gameengine.look`, and the command."""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_engines import small_engine

from data_gen.errors import UserError, run_command
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import save_engine
from gameengine.engines import make_engine
from gameengine.learned_game import LearnedGame
from gameengine.look import findings
from gameengine.look import page as page_module
from gameengine.look.__main__ import main
from gameengine.look.drawings import spread
from gameengine.look.findings import Asked, find
from gameengine.look.page import page


def assert_stands_alone(text: str) -> None:
    sources = re.findall(r"src='([^']{12})", text)
    assert len(sources) >= 5
    assert set(sources) == {"data:image/p"}
    for outside in ("http:", "https:", "href=", "<script", "<link", "url("):
        assert outside not in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dilated", "layer 3, dilation 8: "),
        ("slots", "no recurrent state"),
        ("cell", "one action only"),
    ],
)
def test_the_page_tells_what_there_is_and_needs_nothing_else(name: str, told: str) -> None:
    learned = LearnedGame(small_engine(name))
    asked = Asked(rollouts=16, ticks=3, seed=1, scenes=3, painted=1)
    found = find(learned, make_players(["random"]), asked)
    text = page("<dream>", "a & b", learned.engine, found)
    assert told in text
    assert "&lt;dream&gt;" in text
    assert "a &amp; b" in text
    for variable in found.probed.names:
        assert f"<td>{variable}</td>" in text
    assert_stands_alone(text)


def test_names_at_the_ends_of_lines_keep_apart() -> None:
    heights = [-0.1, -0.1, 0.2, 0.99, 1.0, 1.0]
    places = spread(heights, 0.06, -0.1)
    assert (np.diff(places) >= 0.06 - 1e-9).all()
    assert places[0] >= -0.1
    assert places[2] == 0.2  # what has room stays


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(findings, "Asked", partial(Asked, scenes=3, painted=1))  # quick
    torch.manual_seed(0)
    path = tmp_path / "small.ckpt"
    save_engine(path, make_engine("gru", make_game("catch").spec, width=8, sight=8), {})
    return path


def few(checkpoint: Path, *more: str) -> list[str]:
    return [str(checkpoint), "--rollouts", "16", "--ticks", "2", "--players", "random", *more]


def test_the_command_writes_one_page_and_one_object(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pages" / "look.html"
    main(few(checkpoint, "--out", str(out), "--json"))
    shown = capsys.readouterr()
    assert shown.err == ""
    result: dict[str, Any] = json.loads(shown.out)
    assert result["game"] == "catch"
    assert result["out"] == str(out)
    assert "basket" in result["r2"]
    assert list(result["memory"]) == ["layer 0"]
    assert [path.name for path in out.parent.iterdir()] == ["look.html"]
    assert_stands_alone(out.read_text())
    main(few(checkpoint, "--out", str(out)))
    assert "basket" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--rollouts", "15"], "--rollouts must be at least 16, not 15"),
        (["--ticks", "0"], "--ticks must be at least 1, not 0"),
        (["--seed", "-1"], "--seed must lie in"),
        (["--players", "nobody"], "unknown player 'nobody'"),
        (["--out", "."], "--out . is a folder"),
    ],
)
def test_bad_input_is_one_clear_line(checkpoint: Path, more: list[str], told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        main(few(checkpoint, *more))


def test_a_place_that_cannot_be_written_is_named_at_once(checkpoint: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*small\.ckpt is no folder"):
        main(few(checkpoint, "--out", str(checkpoint / "look.html")))


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no file .*none\.ckpt"):
        main([str(tmp_path / "none.ckpt"), "--out", str(tmp_path / "look.html")])


def test_a_stop_leaves_the_old_page(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "look.html"
    out.write_text("old")

    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(page_module, "_memory", stop)  # the last part of the page
    monkeypatch.setattr(sys, "argv", ["look", *few(checkpoint, "--out", str(out), "--json")])
    with pytest.raises(SystemExit) as ended:
        run_command(main)
    assert ended.value.code == 130
    assert out.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"small.ckpt", "look.html"}
