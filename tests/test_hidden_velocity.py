"""A hidden motion in a few frames: what an engine finds, and what the true game says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.errors import UserError
from data_gen.games.pong import ANGLE, FINE_ANGLES, SIDE, SUB, X, Y
from data_gen.kernel_game import KernelGame
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import save_engine
from gameengine.engines import make_engine
from gameengine.engines.slots import SlotsEngine
from gameengine.infer.__main__ import main
from gameengine.infer.motion import Experience, Window, beliefs
from gameengine.infer.true_pong import Rows, consistent, set_motion, velocities, windows
from gameengine.live import LiveSource
from gameengine.slot_heads import SpriteHead
from tests.test_backwards import run

SURE = 20.0
ASSETS = Path(__file__).parent.parent / "assets"


@pytest.fixture(autouse=True)
def few_dreams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameengine.infer.motion.DREAMS", 16)


@pytest.fixture(scope="module")
def truth() -> KernelGame:
    game = make_game("pong", serve_angles=True)
    assert isinstance(game, KernelGame)
    return game


@pytest.fixture(scope="module")
def flying(truth: KernelGame) -> SlotsEngine:
    """What flies goes straight on, and it is quite sure of that."""
    engine = make_engine("slots", truth.spec, width=8, reach=2, smooth=["ball"])
    assert isinstance(engine, SlotsEngine)
    games = LiveSource(truth, make_players(["sticky"]), games=32)
    engine.prepare(games.draw(2048, 1)["frames"][:, -1], torch.zeros(2048, 4))
    with torch.no_grad():
        for name, weight in engine.named_parameters():
            if name.endswith("head.bias"):
                weight.zero_()
        for pace in engine.paces:  # it stays as fast as it is
            pace.get_parameter("head.bias")[65 + 64] = SURE
        ball = engine.spec.colours.index("ball") - 1
        outputs = engine.movers[ball].get_parameter("head.bias")
        shape, _, _, down, across, *_, below, beside = outputs.split(
            SpriteHead(2, 32, 32, reach=2, fine=16).split
        )
        for part, place in ((shape, 1), (down, 2), (across, 2), (below, 0), (beside, 0)):
            part[place] = SURE  # it is where that takes it
    return engine.eval()


@pytest.fixture(scope="module")
def experience() -> Experience:
    """All directions there are, as if they had been dreamt of."""
    slopes = torch.from_numpy(FINE_ANGLES.copy())[:, [1, 0]]
    speeds = torch.cat([slopes, slopes * torch.tensor([1, -1])])
    return Experience(speeds, torch.full((64,), 1 / 64), torch.zeros(1, 4))


def velocities_of(truth: KernelGame, rows: Rows) -> set[tuple[int, ...]]:
    return set(map(tuple, velocities(truth, rows).tolist()))


def straight(truth: KernelGame, frames: int) -> list[tuple[Window, Rows]]:
    """Windows in which nothing can happen to the ball."""
    return [
        (window, rows)
        for window, rows in windows(truth, 1, 64, frames, told=False)
        if (abs(rows[:, X] // SUB - 15) < 7).all() and (abs(rows[:, Y] // SUB - 15) < 6).all()
    ]


def test_only_states_that_show_the_frames_are_consistent(truth: KernelGame) -> None:
    for window, rows in windows(truth, 2, 8, 8, told=False):
        state = replace(truth.init(np.zeros(len(rows), np.uint64)), values=rows)
        assert (truth.render(state) == window.frames).all()
        for found, row in zip(consistent(truth, window, rows[0]), rows[1:], strict=True):
            there = found[:, [X, Y, ANGLE, SIDE]] == row[[X, Y, ANGLE, SIDE]]
            assert there.all(1).any()  # the true one is among them
            assert (found[:, [X, Y]] // SUB == row[[X, Y]] // SUB).all()


def test_a_motion_that_is_read_is_the_one_that_was_set(truth: KernelGame) -> None:
    row = truth.init(np.zeros(1, np.uint64)).values[0]
    for across, down in FINE_ANGLES:
        for side in (-1, 1):
            motion = np.array([3, 7, down, side * across])
            state = set_motion(truth, row, motion)
            assert state is not None
            assert velocities(truth, state[None])[0].tolist() == motion[2:].tolist()
            assert (state[[Y, X]] % SUB).tolist() == [3, 7]
    assert set_motion(truth, row, np.array([0, 0, 1, 2])) is None


def test_what_flies_straight_is_found_as_the_true_game_says(
    truth: KernelGame, flying: SlotsEngine, experience: Experience
) -> None:
    found = straight(truth, 6)
    assert len(found) >= 3
    for window, rows in found[:3]:
        held = beliefs(flying, experience, window)
        for belief, possible in zip(held, consistent(truth, window, rows[0]), strict=True):
            assert set(belief.velocities()) == velocities_of(truth, possible)
            assert belief.shares.sum() == pytest.approx(1)
        # All are as likely as the number of fractions that they explain the frames with.
        best = held[-1].best()
        assert tuple(best[2:].tolist()) == next(iter(held[-1].velocities()))
        assert set_motion(truth, rows[-1], best) is not None


def test_a_jump_that_nothing_explains_begins_anew(
    truth: KernelGame, flying: SlotsEngine, experience: Experience
) -> None:
    (one, _), (other, _), *_ = straight(truth, 3)
    frames = np.concatenate([one.frames[:2], other.frames[2:]])
    last = beliefs(flying, experience, replace(one, frames=frames))[-1]
    assert len(last.shares) == 64 * 16 * 16


def test_the_command_tells_what_it_found(
    tmp_path: Path, flying: SlotsEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    save_engine(tmp_path / "engine.ckpt", flying, {})
    words = [str(tmp_path / "engine.ckpt"), "--frames", "3", "--out", str(tmp_path), "--json"]
    code = main(words)
    result = json.loads(capsys.readouterr().out)
    assert code == (0 if result["exact"] else 1)
    assert result["exact"] == (result["velocity"] == result["true_velocity"])
    assert 1 <= result["truly_possible"] <= 64
    assert (tmp_path / "motion.png").stat().st_size > 1000
    assert (tmp_path / "motion.gif").stat().st_size > 1000


def test_windows_are_measured_and_kept(
    tmp_path: Path, flying: SlotsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_engine(tmp_path / "engine.ckpt", flying, {})
    words = [tmp_path / "engine.ckpt", "--results", tmp_path, "--out", tmp_path / "RESULTS.md"]
    assert run(monkeypatch, "hidden_velocity", *words, "--windows", "1") == 0
    first = json.loads((tmp_path / "not_told.json").read_text())["windows"]
    assert run(monkeypatch, "hidden_velocity", *words, "--windows", "2") == 0
    both = json.loads((tmp_path / "not_told.json").read_text())["windows"]
    assert both[:1] == first
    assert len(both) == 2
    assert "| not told | 3 | 2 |" in (tmp_path / "RESULTS.md").read_text()
    (tmp_path / "not_told.json").write_text(json.dumps({"engine": "another", "windows": both}))
    with pytest.raises(UserError, match="measured with another engine"):
        run(monkeypatch, "hidden_velocity", *words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([str(ASSETS / "pong.ckpt"), "--frames", "3"], "nothing is hidden from this SlotsEngine"),
        (["life", "--frames", "3"], "CellEngine cannot be asked for a motion"),
        ([str(ASSETS / "pong.ckpt"), "--frames", "1"], "--frames must be from 2 to 256, not 1"),
        (["life", "--frames", "3", "--soup", "1"], "give either --pattern"),
        (["life", "--soup", "1", "--told"], "--told is of --frames N"),
        (["none.ckpt", "--frames", "3"], "no file none.ckpt"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        main(words)
    assert "\n" not in str(error.value)
