"""The experiments that run Life backwards and that learn it from last frames."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from experiment_scripts import script

from data_gen.errors import UserError
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.engines import make_engine
from gameengine.learner import Learner
from gameengine.live import LiveSource
from gameengine.relaxed import judged_at_the_end


def run(monkeypatch: pytest.MonkeyPatch, name: str, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
    return script(name).main()


def test_boards_are_run_backwards_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = ["--settings", "16x16-1", "--threads", "1", "--results", tmp_path / "results"]
    words += ["--out", tmp_path / "RESULTS.md"]
    assert run(monkeypatch, "backwards", *words, "--boards", "1") == 0
    path = tmp_path / "results" / "search" / "16x16-1.json"
    first = json.loads(path.read_text())["boards"]
    assert run(monkeypatch, "backwards", *words, "--boards", "2") == 0
    both = json.loads(path.read_text())["boards"]
    assert both[:1] == first
    assert len(both) == 2
    assert sum(not board["wrong"] for board in both) >= 1
    assert "| 16 x 16 | 1 | search, 1 thread |" in (tmp_path / "RESULTS.md").read_text()
    with pytest.raises(UserError, match="measured with other seconds"):
        run(monkeypatch, "backwards", *words, "--boards", "3", "--seconds", "1")
    with pytest.raises(UserError, match="unknown setting 'none'"):
        run(monkeypatch, "backwards", "--settings", "none")


def test_last_frames_are_learned_from_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ["--rows", "last_grown", "--seeds", "1", "--results", tmp_path / "results"]
    words += ["--out", tmp_path / "RESULTS.md", "--runs", tmp_path / "runs", "--steps", "2"]
    assert run(monkeypatch, "trajectories", *words) == 0
    result = json.loads((tmp_path / "results" / "last_grown" / "0.json").read_text())
    assert 0 < result["wrong"] <= 512
    assert "| last_grown | 0 of 1 |" in (tmp_path / "RESULTS.md").read_text()
    with pytest.raises(UserError, match="unknown row 'none'"):
        run(monkeypatch, "trajectories", "--rows", "none")


def test_only_the_last_frame_counts_if_only_it_is_given() -> None:
    torch.manual_seed(0)
    game = make_game("life", size=(8, 8))
    engine = make_engine("cell", game.spec)
    batch = LiveSource(game, make_players(["random"]), games=4).draw(4, 3)
    loss, wrong = judged_at_the_end(engine, batch)  # pyright: ignore[reportArgumentType]
    between = batch["frames"].clone()
    between[:, 1:-1] = 1 - between[:, 1:-1]
    other, _ = judged_at_the_end(engine, batch | {"frames": between})  # pyright: ignore
    assert loss == other
    assert wrong.shape == (4, 1)
    last = batch["frames"].clone()
    last[:, -1] = 1 - last[:, -1]
    other, all_others = judged_at_the_end(engine, batch | {"frames": last})  # pyright: ignore
    assert loss != other
    assert (wrong + all_others == 64).all()


def test_engines_that_cannot_see_what_is_uncertain_are_refused() -> None:
    learner = Learner(lambda spec: make_engine("feedback", spec), given="last")
    with pytest.raises(ValueError, match='given: "last" needs a CellEngine'):
        learner.build(make_game("life").spec)
