"""A hidden motion in a few frames: what an engine finds, and what the true game says of it."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import replace
from itertools import islice
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
from gameengine.infer.experience import Experience, explained, flights_of, mixed, watch
from gameengine.infer.motion import Window, beliefs
from gameengine.infer.true_pong import (
    Rows,
    consistent,
    set_motion,
    telling_windows,
    velocities,
    windows,
)
from gameengine.learned_game import LearnedGame
from gameengine.live import LiveSource
from gameengine.slot_heads import SpriteHead
from tests.test_backwards import run

SURE = 20.0
ASSETS = Path(__file__).parent.parent / "assets"


@pytest.fixture(autouse=True)
def few_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameengine.infer.experience.GAMES", 32)


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
    """All directions there are, as if they had been watched."""
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


def test_telling_windows_show_one_velocity_only(truth: KernelGame) -> None:
    flown: set[tuple[int, ...]] = set()
    for window, rows in islice(telling_windows(truth, 3), 12):
        state = replace(truth.init(np.zeros(3, np.uint64)), values=rows)
        assert (truth.render(state) == window.frames).all()
        (last,) = velocities_of(truth, rows[-1:])
        assert velocities_of(truth, consistent(truth, window, rows[0])[-1]) == {last}
        flown.add(last)
    assert len(flown) > 2
    again = next(telling_windows(truth, 3))
    assert (again[1] == next(telling_windows(truth, 3))[1]).all()


def test_flights_are_explained_by_how_they_truly_went(truth: KernelGame) -> None:
    ((_, states),) = windows(truth, 5, 1, 200, told=False)
    rows, flown = states.astype(np.int64), velocities(truth, states)
    motion = np.concatenate([rows[:, [Y, X]] % SUB, flown], 1)
    flights = flights_of(rows[None][..., [Y, X]] // SUB, motion[None], SUB)
    assert len(flights) > 4
    turns = (np.diff(flown, axis=0) != 0).any(1).sum()
    assert len(flights) <= turns + 1
    for seen, velocity in flights:
        steps = np.arange(len(seen))
        fits = [
            [(f + speed * steps) // SUB == seen[:, axis] - seen[0, axis] for f in range(SUB)]
            for axis, speed in enumerate(velocity)
        ]
        share = np.prod([np.all(axis, 1).mean() for axis in fits])
        assert share > 0
        others = np.stack([velocity, velocity + np.array([0, SUB])])
        assert explained(seen, others, SUB).tolist() == [pytest.approx(share), 0]


def test_what_explains_nothing_that_others_do_not_gets_no_share() -> None:
    likely = np.array([[1, 0, 0.2], [0, 1, 0.2], [1, 0, 0.9], [1, 0, 0.9]])
    assert mixed(likely) == pytest.approx([0.75, 0.25, 0], abs=1e-6)


def test_velocities_are_known_from_games_that_were_watched(
    truth: KernelGame, flying: SlotsEngine, experience: Experience
) -> None:
    known = watch(LearnedGame(flying, truth), flying)
    true = set(map(tuple, experience.speeds.tolist()))
    shares = zip(map(tuple, known.speeds.tolist()), known.shares.tolist(), strict=True)
    assert sum(share for speed, share in shares if speed in true) > 0.9
    assert len(known.descriptions) == 32


def test_a_speed_that_is_not_known_is_dropped(
    truth: KernelGame, flying: SlotsEngine, experience: Experience
) -> None:
    unsteady = deepcopy(flying)
    with torch.no_grad():  # across, it is as likely to be a step faster from now on
        unsteady.paces[0].get_parameter("head.bias")[65 + 65] = SURE
    known = set(map(tuple, experience.speeds.tolist()))
    more = torch.cat([experience.speeds, experience.speeds + torch.tensor([0, 1])]).unique(dim=0)
    all_known = Experience(more, torch.full((len(more),), 1 / len(more)), torch.zeros(1, 4))
    window, _ = straight(truth, 6)[0]
    assert set(beliefs(unsteady, experience, window)[-1].velocities()) <= known
    assert not set(beliefs(unsteady, all_known, window)[-1].velocities()) <= known


def test_what_an_engine_doubts_counts_for_less(
    truth: KernelGame, flying: SlotsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is half as likely, or less, counts for an eighth of that if its cube is taken, too."""
    doubting = deepcopy(flying)
    with torch.no_grad():  # across, it may as well be a step faster from now on, but seldom is
        doubting.paces[0].get_parameter("head.bias")[65 + 65] = SURE - math.log(2)
    window, rows = straight(truth, 3)[0]
    down, across = velocities(truth, rows[:1])[0].tolist()
    speeds = torch.tensor([[down, across], [down, across + 1]])
    one = Experience(speeds, torch.tensor([1.0, 1e-30]), torch.zeros(1, 4))

    def doubted(sharp: int) -> float:
        monkeypatch.setattr("gameengine.infer.motion.SHARP", sharp)
        found = beliefs(doubting, one, window.until(2))[0].velocities()
        return found[down, across + 1] / found[down, across]

    assert 0 < doubted(4) < 1.01 / 8 * doubted(1)


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
    assert "| any | 3 | 2 |" in (tmp_path / "RESULTS.md").read_text()
    assert run(monkeypatch, "hidden_velocity", *words, "--windows", "2", "--telling") == 0
    assert (
        "| those of which 3 frames tell it | 3 | 2 | 2 |" in (tmp_path / "RESULTS.md").read_text()
    )
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
        (["life", "--soup", "1", "--told"], "--told needs --frames"),
        (["none.ckpt", "--frames", "3"], "no file none.ckpt"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        main(words)
    assert "\n" not in str(error.value)
