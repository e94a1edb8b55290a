"""The experiments that run Life backwards and that learn it from last frames."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from experiment_scripts import script

from data_gen.errors import UserError
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.engines import make_engine
from gameengine.engines.cell import CellEngine
from gameengine.frames import shares
from gameengine.learner import Learner
from gameengine.live import LiveSource
from gameengine.relaxed import chances, judged_at_the_end, relaxed
from gameengine.training import train_unjudged

ROOT = Path(__file__).parents[1]
ASSETS, LIFE_RELAXED = ROOT / "assets", ROOT / "experiments" / "life_relaxed.yaml"


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
    engine = CellEngine(game.spec)
    batch = LiveSource(game, make_players(["random"]), games=4).draw(4, 3)
    seen = shares(batch["frames"][:, 0, 0], 2)
    loss, wrong = judged_at_the_end(engine, batch, seen)
    between = batch["frames"].clone()
    between[:, 1:-1] = 1 - between[:, 1:-1]
    other, _ = judged_at_the_end(engine, batch | {"frames": between}, seen)
    assert loss == other
    assert wrong.shape == (4, 1)
    last = batch["frames"].clone()
    last[:, -1] = 1 - last[:, -1]
    other, all_others = judged_at_the_end(engine, batch | {"frames": last}, seen)
    assert loss != other
    assert (wrong + all_others == 64).all()


def test_pixels_have_the_colours_that_they_were_likely_to_have() -> None:
    rng = np.random.default_rng(0)
    frames = torch.from_numpy(rng.choice(3, (64, 32, 32), p=[0.5, 0.3, 0.2]).astype(np.uint8))
    likely = chances(frames, 3, rng)
    assert likely.shape == (64, 3, 32, 32)
    torch.testing.assert_close(likely.sum(1), torch.ones(64, 32, 32))
    for colour in range(3):
        said = likely[:, colour]
        for low in (0.0, 0.2, 0.4, 0.6, 0.8):
            some = (said >= low) & (said < low + 0.2)
            drawn = (frames[some] == colour).float().mean()
            assert drawn == pytest.approx(said[some].mean().item(), abs=0.02)
    known = likely.amax(1).mean((1, 2))  # of some frames nearly all, of others little
    assert known.max() > 0.95
    assert known.min() < 0.6


def test_what_was_given_chances_says_how_likely_cells_will_live() -> None:
    """And an engine that saw certain cells only does not."""
    alive = torch.rand(4, 16, 16, generator=torch.Generator().manual_seed(0))
    drawn = torch.rand(4000, 4, 16, 16, generator=torch.Generator().manual_seed(1)) < alive
    around = sum(drawn.roll((r, c), (2, 3)).int() for r in (-1, 0, 1) for c in (-1, 0, 1))
    will = ((around == 3) | (drawn & (around == 4))).float().mean(0)

    def off(name: str) -> float:
        engine = load_checkpoint(ASSETS / name).engine
        assert isinstance(engine, CellEngine)
        said = relaxed(engine, torch.stack([1 - alive, alive], 1), 1).softmax(1)[:, 1]
        return (said - will).abs().mean().item()

    assert off("life_relaxed.ckpt") < 0.025
    assert off("life.ckpt") > 0.2


def test_chances_are_learned_from(tmp_path: Path) -> None:
    settings = {"budget.steps": 300, "data.options.size": [16, 16], "data.ticks_per_batch": 32}
    run = train_unjudged(LIFE_RELAXED, tmp_path, "chances", settings)
    engine = load_checkpoint(run / "checkpoints" / "engine.ckpt").engine
    assert isinstance(engine, CellEngine)
    unknown = torch.full((1, 2, 8, 8), 0.5)  # 3 of 8 neighbours live, or 2 and the cell
    said = relaxed(engine, unknown, 1).softmax(1)[:, 1]
    assert said.mean().item() == pytest.approx((56 + 28 / 2) / 256, abs=0.05)


def test_engines_that_cannot_see_what_is_uncertain_are_refused() -> None:
    learner = Learner(lambda spec: make_engine("feedback", spec), given="last")
    with pytest.raises(ValueError, match='given: "last" needs a CellEngine'):
        learner.build(make_game("life").spec)
