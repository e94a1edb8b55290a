"""What is covered in frames: what an engine finds there, and what the true game says of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.errors import UserError
from data_gen.games.pong import BALL, LEFT_SCORE, RIGHT_SCORE, SCORE
from data_gen.kernel_game import KernelGame
from data_gen.registry import make_game
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits
from gameengine.infer.__main__ import main
from gameengine.infer.cover_command import told_of
from gameengine.infer.covered import Covered, Guesses, Watched, covered, uncover, watch_colour
from gameengine.infer.true_cover import held_out_window, possible, score_of
from gameengine.learned_game import LearnedGame
from tests.test_backwards import run

ASSETS = Path(__file__).parent.parent / "assets"
PONG = str(ASSETS / "pong.ckpt")


@pytest.fixture(autouse=True)
def few_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameengine.infer.covered.GAMES", 48)


@pytest.fixture(scope="module")
def pong() -> LearnedGame:
    return LearnedGame.load(PONG)


class Still(Engine):
    """In its dreams nothing ever moves."""

    def encode(self, context: Context, description: torch.Tensor) -> Hidden:
        return {"frame": context.frames[:, -1]}

    def advance(self, hidden: Hidden, actions: torch.Tensor) -> Hidden:
        return hidden

    def decode(self, hidden: Hidden) -> Prediction:
        frame = hidden["frame"]
        nothing = torch.zeros(len(frame), 2)
        return Prediction(
            certain_logits(frame, len(self.spec.colours)), nothing, nothing.sum(1) - 1
        )

    def see(self, hidden: Hidden, frames: torch.Tensor) -> Hidden:
        return {"frame": frames}

    def unroll(
        self, hidden: Hidden, actions: torch.Tensor, frames: torch.Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions, frames)


def test_only_the_first_frames_are_covered() -> None:
    frames = np.array([1, 2, 3, 2], np.uint8).repeat(4).reshape(4, 1, 2, 2)
    assert covered(frames, 2, 2)[:, 0, 0, 0].tolist() == [1, 0, 3, 2]
    assert covered(frames, 2, 4)[:, 0, 0, 0].tolist() == [1, 0, 3, 0]
    assert frames[1, 0, 0, 0] == 2  # as it was


def test_what_explains_the_frames_is_found_and_what_was_seen_most_often_is_the_best() -> None:
    """A cell that is covered in the first two frames, and seen in the third."""
    spec = make_game("pong").spec
    engine = Still(spec)
    places = np.zeros((4, 2, *spec.shape[1:]), bool)
    for number, columns in enumerate([(5, 5), (6, 7), (9, 7), (8, 8)]):
        for tick, column in enumerate(columns):
            places[number, tick, 20, column] = True
    truth = np.zeros((3, 1, *spec.shape[1:]), np.uint8)
    truth[:, 0, 20, 7] = BALL
    description = np.zeros(len(spec.description), np.float32)
    actions = np.zeros((2, 2), np.uint8)
    seen = Covered.of(truth, actions, description, BALL, until=2)
    found, wrong = uncover(engine, seen, Guesses(places, np.array([9.0, 2.0, 3.0, 1.0])))
    assert wrong == 0
    assert found.often.tolist() == [2, 3]  # both end where it is seen
    assert (found.best() == places[2]).all()
    # Nothing can be where something else is seen.
    there = truth.copy()
    there[0, 0, 20, 9] = SCORE
    blocked = Covered.of(there, actions, description, BALL, until=2)
    found, _ = uncover(engine, blocked, Guesses(places, np.array([9.0, 2.0, 3.0, 1.0])))
    assert found.often.tolist() == [2]
    # If it is never seen, all explain it as well.
    never = Covered.of(truth, actions, description, BALL, until=3)
    found, wrong = uncover(engine, never, Guesses(places, np.array([9.0, 2.0, 3.0, 1.0])))
    assert (len(found.often), wrong) == (4, 0)


def test_what_explains_best_is_found_if_nothing_does_it_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gameengine.infer.covered.AT_ONCE", 2)  # guesses of several pieces
    spec = make_game("pong").spec
    places = np.zeros((5, 2, *spec.shape[1:]), bool)
    for number in range(5):
        places[number, :, 20, 5 : 6 + 4 * number] = True
    truth = np.zeros((3, 1, *spec.shape[1:]), np.uint8)
    truth[:, 0, 20, 5:15] = BALL
    description = np.zeros(len(spec.description), np.float32)
    seen = Covered.of(truth, np.zeros((2, 2), np.uint8), description, BALL, until=2)
    found, wrong = uncover(Still(spec), seen, Guesses(places, np.ones(5)))
    assert wrong == 1
    assert (found.masks == places[2]).all()


def test_guesses_are_all_that_was_seen(pong: LearnedGame) -> None:
    watched = watch_colour(pong, SCORE)
    steady = (watched.masks[:, 0] == watched.masks[:, 1]).all((1, 2))
    assert 15 < steady.sum() <= 25  # scores of 0 to 4 for both
    often = np.bincount(watched.seen)
    assert often[steady].sum() > 30 * often[~steady].sum()
    assert often.sum() == 48 * 192


def test_what_was_seen_with_the_same_actions_is_likelier(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = np.eye(3, dtype=bool).reshape(3, 1, 1, 3).repeat(2, 1)
    actions = np.array([0, 0, 0, 1, 0, 0], np.uint8).reshape(6, 1, 1)
    watched = Watched(masks, np.array([0, 0, 1, 1, 1, 1]), actions)
    assert watched.guesses(np.array([[0]], np.uint8)).best()[0, 0, 1]
    same = watched.guesses(np.array([[1]], np.uint8))
    assert same.often == pytest.approx([1 + 4 / 7, 2 / 7, 0])
    assert same.masks[:, 0, 0].argmax(1).tolist() == [1, 0, 2]
    monkeypatch.setattr("gameengine.infer.covered.MOST", 1)
    assert len(watched.guesses(np.array([[1]], np.uint8)).masks) == 1


def test_a_paddle_that_is_covered_has_moved_as_it_was_told(
    pong: LearnedGame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameengine.infer.covered.GAMES", 256)  # so that each way to move was seen
    colour = pong.spec.colours.index("left paddle")
    watched = watch_colour(pong, colour)
    for seed in range(4):
        seen, truth = held_out_window(pong.truth, seed, 10, colour, 4, {"init": 1.0})
        found, wrong = uncover(pong.engine, seen, watched.guesses(seen.actions[:1]))
        assert wrong == 0
        assert (found.best() == (truth.frames[:2, 0] == colour)).all()


def test_the_truth_is_among_what_is_possible_and_all_of_that_shows_the_same_frames() -> None:
    game = make_game("pong")
    assert isinstance(game, KernelGame)
    for seed in range(4):
        for colour, until, start in ((BALL, 4, "init"), (SCORE, 14, "near:miss")):
            seen, truth = held_out_window(game, seed, 14, colour, until, {start: 1.0})
            there = truth.frames[:2, 0] == colour
            allowed = possible(game, seen, truth.first)
            assert allowed is not None
            assert (allowed == there).all((1, 2, 3)).any()
            assert len(allowed) == len(np.unique(allowed, axis=0))
            assert (covered(truth.frames, colour, until) == seen.frames).all()
            if colour == SCORE:
                assert truth.first is not None
                points = truth.first[[LEFT_SCORE, RIGHT_SCORE]].tolist()
                assert list(score_of(there[0])) == points
                assert 1 < len(allowed) < 10


def test_nothing_happens_while_an_engine_is_shown_the_context() -> None:
    game = make_game("pong")
    for seed in range(6):
        _, truth = held_out_window(game, seed, 14, SCORE, 14, {"near:miss": 1.0})
        score = truth.frames[:, 0] == SCORE
        assert (score[0] == score[1]).all()
        assert (score[1] != score[-1]).any()  # but somebody misses soon


def test_games_in_which_something_always_happens_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameengine.infer.true_cover.TRIES", 1)

    def windows() -> None:
        for seed in range(12):  # a miss is one to three ticks away
            held_out_window(make_game("pong"), seed, 14, SCORE, 14, {"near:miss": 1.0})

    with pytest.raises(ValueError, match="give another --seed, or other --starts"):
        windows()


def test_pong_in_which_speeds_are_hidden_has_no_judge() -> None:
    game = make_game("pong", serve_angles=True)
    seen, truth = held_out_window(game, 0, 8, BALL, 4, {"init": 1.0})
    assert possible(game, seen, truth.first) is None


def test_what_is_covered_is_told_in_words(pong: LearnedGame) -> None:
    masks = np.zeros((2, 32, 32), bool)
    masks[0, 14:16, 15:17] = True
    masks[1, 12:14, 16:18] = True
    assert told_of(pong.spec, BALL, masks) == "moved 2 up and 1 right, to row 12, column 16"
    assert told_of(pong.spec, BALL, masks[:1]) == "row 14, column 15"
    assert told_of(pong.spec, BALL, masks & False) == "0 pixels"
    masks[1, 0, [1, 3, 30]] = True
    assert told_of(pong.spec, SCORE, masks & (np.arange(32) < 1)[:, None]) == "2 : 1"


@pytest.mark.parametrize("name", ["pong.ckpt", "pong_feedback.ckpt"])
def test_the_command_finds_a_serve_and_a_score(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(ASSETS / name), "--frames", "10", "--out", str(tmp_path), "--json"]
    assert main([*words, "--cover", "ball", "--until", "3"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["exact"]
    assert (result["off"], result["wrong"], result["explain"]) == (0, 0, 1)
    assert result["truly_possible"] == 1
    assert main([*words, "--cover", "score", "--starts", "near:miss"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["consistent"]
    assert result["explain"] < result["guesses"]
    for picture in ("cover.png", "cover.gif"):
        assert (tmp_path / picture).stat().st_size > 1000


def test_other_games_are_compared_with_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameengine.infer.covered.MOST", 64)  # each board is a guess
    words = [str(ASSETS / "life.ckpt"), "--frames", "3", "--cover", "alive", "--until", "1"]
    assert main([*words, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "not what was there" in told
    assert "pixels are off" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cover", "score"], "--cover needs --frames"),
        (["--frames", "9", "--until", "3"], "--until needs --cover"),
        (["--frames", "9", "--starts", "near"], "--starts needs --cover"),
        (["--frames", "9", "--cover", "sky"], "no 'sky' .* left paddle, right paddle, ball, score"),
        (["--frames", "2", "--cover", "ball"], "--frames must be more than 2"),
        (["--frames", "9", "--cover", "ball", "--until", "1"], "--until must be from 2 to"),
        (["--frames", "9", "--cover", "ball", "--until", "0"], "--until must be from 2 to"),
        (["--frames", "9", "--cover", "ball", "--starts", "none"], "none"),
        (["--frames", "9", "--cover", "score"], "nothing is covered"),
        (["--frames", "9", "--cover", "", "--seed", "1"], "no '' that can be covered"),
        (["--until", "0", "--frames", "9"], "--until needs --cover"),
        (["--frames", "9", "--cover", "ball", "--told"], "only one of"),
        (["--frames", "9", "--cover", "ball", "--seed", str(1 << 64)], "--seed must be from 0 to"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        main([PONG, *words])
    assert "\n" not in str(error.value)


def test_windows_are_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--results", tmp_path, "--out", tmp_path / "RESULTS.md"]
    words += ["--settings", "serve", "score_12", "--engines", PONG]
    assert run(monkeypatch, "covered", *words, "--windows", "1") == 0
    first = json.loads((tmp_path / "pong" / "serve.json").read_text())["windows"]
    assert run(monkeypatch, "covered", *words, "--windows", "2") == 0
    both = json.loads((tmp_path / "pong" / "serve.json").read_text())["windows"]
    assert both[:1] == first
    table = (tmp_path / "RESULTS.md").read_text()
    assert "| pong | ball, in the first 4 | init | 12 | 2 | 2 | 2 | 100% | 100% |" in table
    assert "| pong | score | near:miss | 12 | 2 |" in table
    with pytest.raises(UserError, match="give an engine of pong"):
        run(monkeypatch, "covered", *words[:-1], str(ASSETS / "life.ckpt"))
