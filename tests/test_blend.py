"""Games between games: blends, walks from one to another, and sliders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hyper_rules import CONWAY, SIZE
from PIL import Image, ImageSequence

from data_gen.errors import UserError
from data_gen.games.automaton import rule_bits
from data_gen.games.lifelike import lifelike, random_rules, rule_name
from data_gen.registry import make_game
from gameengine import blend as blend_command
from gameengine.checkpoint import load_checkpoint
from gameengine.embedding_points import embedding_of, learned_rules
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.learned_game import LearnedGame
from gameengine.match import Pair
from gameengine.neighbourhoods import learned_tables, rule_tables
from gameengine.play import _panel
from gameengine.retargeting import for_spec
from gameengine.tuner import Tuner, principal_directions

OTHER = "B36/S125"


def next_frame(frame: np.ndarray, rule: str) -> np.ndarray:
    """What follows a frame (H, W) by a rule, on a torus."""
    truth = make_game("life", size=frame.shape, rule=rule)
    state = replace(truth.init(np.zeros(1, np.uint64)), cells=frame[None] > 0)
    return truth.render(truth.step(state, np.zeros((1, 1), np.int64)))[0, 0]


def boards_in(path: Path) -> list[np.ndarray]:
    """The frames (12, 12) of a walk; the bar below makes sure that no two pictures are alike."""
    with Image.open(path) as gif:
        pictures = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(gif)]
    side = pictures[0].shape[1] // SIZE[1]
    return [(one[: SIZE[0] * side : side, ::side, 0] > 100).astype(np.uint8) for one in pictures]


def test_a_blend_is_a_game_between(
    rules_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, walk = tmp_path / "blend.ckpt", tmp_path / "walk.gif"
    points = [f"{CONWAY}=0.7", f"{OTHER}=0.3"]
    blend_command.main(
        [
            str(rules_checkpoint),
            *points,
            "--out",
            str(out),
            "--walk",
            str(walk),
            "--ticks",
            "9",
            "--json",
        ]
    )
    result = json.loads(capsys.readouterr().out)
    assert (result["rule"], result["is_a_rule"]) == (CONWAY, True)  # the nearer one, in every bit
    assert result["common_bits"] == result["common_bits_kept"] == 14
    assert result["other_bits"] == {CONWAY: 4, OTHER: 0}
    made = load_checkpoint(out).engine
    table = learned_tables(made, torch.zeros(1, 18))
    assert np.array_equal(table, rule_tables(rule_bits(CONWAY)[None]))
    boards = boards_in(walk)
    assert len(boards) == 10
    for tick in (0, 1, 2):  # it begins as the first game, and ends as the second
        assert np.array_equal(boards[tick + 1], next_frame(boards[tick], CONWAY))
    for tick in (7, 8):
        assert np.array_equal(boards[tick + 1], next_frame(boards[tick], OTHER))
    assert not np.array_equal(boards[8], next_frame(boards[7], CONWAY))


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (["B9"], "unknown rule 'B9'"),
        (["B3/S23=x"], "a point is NAME=WEIGHT"),
        (["B3/S23", "--walk", "x.gif"], "give two"),
        (["gone.ckpt"], "no file gone.ckpt"),
        (["{hyper}"], "is many games"),
    ],
)
def test_points_that_there_are_not_are_told(
    points: list[str], told: str, rules_checkpoint: Path
) -> None:
    with pytest.raises(UserError, match=told):
        blend_command.main(
            [str(rules_checkpoint), *(text.format(hyper=rules_checkpoint) for text in points)]
        )


def test_variants_are_points_by_their_numbers() -> None:
    game = make_game("pong", paddle_height=[5, 9], ball_speed=[1, 2])
    made = make_engine("hyper", game.spec, base_options={"width": 8, "depth": 1})
    assert isinstance(made, HyperEngine)
    state = game.init(np.arange(64, dtype=np.uint64))
    made.prepare(torch.from_numpy(game.render(state)), torch.from_numpy(state.description))
    assert embedding_of(made, "ball_speed:2").tolist() == [0, 0, 1, 0]  # the rest as on average
    assert embedding_of(made, "paddle_height:5,ball_speed:1").tolist() == [-1, 0, -1, 0]
    with pytest.raises(UserError, match="one of paddle_height, paddle_speed, ball_speed"):
        embedding_of(made, "speed:2")


def test_sliders_change_the_game_that_is_dreamed(rules_engine: HyperEngine) -> None:
    conway = embedding_of(rules_engine, CONWAY).tolist()
    game = LearnedGame(for_spec(rules_engine, lifelike(size=SIZE).spec, embedding=conway))
    made = game.engine
    assert isinstance(made, HyperEngine)
    tuner = Tuner(made, embedding_of(rules_engine, OTHER), OTHER)
    assert [slider.name for slider in tuner.sliders] == [
        f"to {OTHER}",
        *(f"direction {number}" for number in (1, 2, 3)),
    ]
    state, idle = game.init(np.array([5], np.uint64)), np.zeros((1, 1), np.int64)
    same = tuner.apply(state)
    assert np.array_equal(game.step(same, idle).frames, game.step(state, idle).frames)
    tuner.sliders[0].set(1.0)
    after = game.step(tuner.apply(state), idle).frames[0, 0]
    assert np.array_equal(after, next_frame(state.frames[0, 0], OTHER))
    assert not np.array_equal(after, next_frame(state.frames[0, 0], CONWAY))


def test_the_window_gets_sliders_for_a_dream_of_many_games_alone(
    rules_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    many = LearnedGame.load(rules_checkpoint)
    panel = _panel(Pair(many.truth, many, many.init_beside_truth), OTHER)
    panel.sliders[0].set(1.0)
    state = panel.apply(many.init(np.array([5], np.uint64)))
    after = many.step(state, np.zeros((1, 1), np.int64)).frames[0, 0]
    assert np.array_equal(after, next_frame(state.frames[0, 0], OTHER))
    assert not _panel(Pair.alone(many.truth), None).sliders
    one = LearnedGame.load(Path(__file__).parent.parent / "assets/life.ckpt")
    assert not _panel(Pair.beside(one.truth, one), None).sliders
    with pytest.raises(UserError, match="--to is for a HyperEngine"):
        _panel(Pair.beside(one.truth, one), OTHER)


def test_principal_directions_are_as_long_as_the_games_are_spread(
    rules_engine: HyperEngine,
) -> None:
    directions = principal_directions(rules_engine)
    known = rules_engine.embedding.of_known_games()
    lengths = directions.norm(dim=1)
    assert (lengths[:-1] >= lengths[1:]).all()
    along = (known - known.mean(0)) @ directions[0] / lengths[0]
    torch.testing.assert_close(along.square().mean().sqrt(), lengths[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="embeddings of 18 and 3 numbers"):
        Tuner(rules_engine, torch.zeros(3))


def test_rules_are_named_by_what_the_engine_does(rules_engine: HyperEngine) -> None:
    rule = random_rules(65)[64]
    (found,) = learned_rules(rules_engine, embedding_of(rules_engine, rule)[None])
    assert (found.name, found.is_one) == (rule, True)
    assert rule_name(found.bits) == rule
