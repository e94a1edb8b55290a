"""Watching a few frames of a rule that was never trained, and playing it; blends and sliders.

The engine is a hyper engine with hand-made weights: each of its 512 hidden units knows one
neighbourhood, and chooses the entry of the rule that decides it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.datasets.recorded import Play
from data_gen.datasets.recordings import Recording, frame_checksum
from data_gen.errors import UserError
from data_gen.games.automaton import rule_bits
from data_gen.games.lifelike import lifelike, random_rules, rule_name
from data_gen.pictures import enlarge, to_rgb, write_gif
from data_gen.players import make_players
from data_gen.registry import make_game
from data_gen.rollout import roll_out
from data_gen.variants import variant
from gameengine import blend as blend_command
from gameengine import induce as induce_command
from gameengine.checkpoint import load_checkpoint, save_engine
from gameengine.embedding_points import embedding_of, learned_rules
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.induction import Video, described, induce, open_numbers
from gameengine.learned_game import LearnedGame
from gameengine.neighbourhoods import learned_tables, rule_tables
from gameengine.retargeting import for_spec
from gameengine.tuner import Tuner, principal_directions

CONWAY = "B3/S23"


@pytest.fixture(scope="module")
def engine() -> HyperEngine:
    """Right on all 2^18 rules."""
    game = lifelike(size=[12, 12], rules=64)
    made = make_engine(
        "hyper",
        game.spec,
        base="cell",
        base_options={"width": 512, "depth": 1},
        generated=["head"],
        reading="choice",
    )
    assert isinstance(made, HyperEngine)
    made.prepare(
        torch.zeros(1, 1, 12, 12, dtype=torch.uint8),
        torch.from_numpy(np.stack([rule_bits(rule) for rule in random_rules(64)])),
    )
    bits = torch.arange(512)[:, None] >> torch.arange(9) & 1  # (512, 9)
    entry = 9 * bits[:, 4] + bits.sum(1) - bits[:, 4]
    first, choose = made.base.get_submodule("network.0"), made.base.get_submodule("head.0")
    with torch.no_grad():
        for weight in (*first.parameters(), *choose.parameters()):
            weight.zero_()
        first.weight.copy_((2.0 * bits - 1)[:, :, None, None])  # pyright: ignore
        first.bias.copy_(1.0 - bits.sum(1))  # pyright: ignore
        choose.weight[18 + entry, torch.arange(512)] = 20.0  # pyright: ignore  # of colour 1
    return made.eval()


@pytest.fixture(scope="module")
def checkpoint(engine: HyperEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hyper") / "rules.ckpt"
    save_engine(path, engine, {})
    return path


def film(rules: list[str], frames: int, size: int = 16) -> tuple[Video, np.ndarray]:
    """Eight soups with one of the rules each, and the rules."""
    game = lifelike(size=[size, size], rules=rules, density=[0.3, 0.7])
    seeds = np.arange(8, dtype=np.uint64)
    played = roll_out(game, make_players(["random"]), seeds, frames - 1)
    video = Video(
        torch.from_numpy(played.frames),
        torch.from_numpy(played.actions.astype(np.int64)),
        torch.zeros(len(seeds), 18),
    )
    return video, played.description


def test_rules_that_no_training_saw_are_found_in_three_frames(engine: HyperEngine) -> None:
    video, rules = film(random_rules(70)[64:], 3)
    before = {name: weight.clone() for name, weight in engine.state_dict().items()}
    induced = induce(engine, video, tries=2)
    assert (induced.wrong[:, 0] == 0).all()
    assert induced.ticks == 2
    for item, embedding in enumerate(induced.embeddings[:, 0]):
        told = described(engine, embedding)
        assert told is not None
        differs = np.flatnonzero(told.numpy() != rules[item])
        one = Video(video.frames[item : item + 1], video.actions[:1], video.description[:1])
        assert set(differs) <= set(open_numbers(engine, one, told))  # what was not seen is said
    assert all(torch.equal(before[name], value) for name, value in engine.state_dict().items())
    assert all(weight.requires_grad for weight in engine.parameters())


def test_what_a_video_does_not_show_is_open(engine: HyperEngine) -> None:
    video, rules = film([CONWAY], 3)
    empty = Video(torch.zeros_like(video.frames), video.actions, video.description)
    one = Video(empty.frames[:1], empty.actions[:1], empty.description[:1])
    assert open_numbers(engine, one, torch.from_numpy(rules[0])) == list(range(1, 18))  # but B0


def test_a_video_of_no_tick_is_too_short(engine: HyperEngine) -> None:
    video, _ = film([CONWAY], 2)
    with pytest.raises(ValueError, match="2 frames are needed to see a tick of lifelike, not 1"):
        induce(engine, Video(video.frames[:, :1], video.actions[:, :0], video.description))


def test_engines_that_remember_learn_from_long_windows() -> None:
    torch.manual_seed(0)
    game = make_game("pong", paddle_height=[5, 9])
    made = make_engine(
        "hyper",
        game.spec,
        base="gru",
        base_options={"width": 16, "sight": 16},
        generated=["draw.rest"],
    )
    assert isinstance(made, HyperEngine)
    state = game.init(np.arange(16, dtype=np.uint64))
    described = torch.from_numpy(state.description)
    made.prepare(torch.from_numpy(game.render(state)), described)
    seeds = np.arange(2, dtype=np.uint64)
    played = roll_out(game, make_players(["random"]), seeds, 30)
    video = Video(
        torch.from_numpy(played.frames),
        torch.from_numpy(played.actions.astype(np.int64)),
        torch.from_numpy(played.description),
    )
    induced = induce(made, video, tries=3, steps=2)
    assert induced.embeddings.shape == (2, 3, 4)
    assert induced.ticks == 16 * (31 - 2 - 16 + 1)
    assert (induced.wrong[:, :-1] <= induced.wrong[:, 1:]).all()  # the best first


def sources(folder: Path) -> dict[str, Callable[[], Path]]:
    """The same soup of Conway's Life as a dataset, a recording and a gif."""
    game = make_game("life", size=[12, 12])

    def dataset() -> Path:
        from data_gen.__main__ import main

        command = ["generate", "life", "--episodes", "1", "--ticks", "6", "--out"]
        main([*command, str(folder / "life"), "--option", "size=[12,12]"])
        return folder / "life"

    def recording() -> Path:
        nothing = np.zeros((6, 1), np.uint8)
        state = game.init(np.array([3], np.uint64))
        shown = frame_checksum(game.render(state)[0])
        Recording(game.spec, ("human",), (Play(3, nothing, nothing),), (shown,)).write(
            folder / "life.npz"
        )
        return folder / "life.npz"

    def gif() -> Path:
        played = roll_out(game, make_players(["random"]), np.array([3], np.uint64), 6)
        pictures = [enlarge(one, 5) for one in to_rgb(played.frames[0], game.spec)]
        write_gif(folder / "life.gif", pictures)
        return folder / "life.gif"

    return {"dataset": dataset, "recording": recording, "gif": gif}


@pytest.mark.parametrize("kind", ["dataset", "recording", "gif"])
def test_the_command_writes_a_game_that_can_be_played(
    kind: str,
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(induce_command, "ROLLOUTS", 3)
    monkeypatch.setattr(induce_command, "TICKS", 20)
    video, out = sources(tmp_path)[kind](), tmp_path / "found.ckpt"
    capsys.readouterr()
    induce_command.main([str(checkpoint), str(video), "--frames", "5", "--out", str(out), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (result["wrong"], result["predicted"], result["frames"]) == (0, 4, 5)
    rule = np.array(list(result["description"].values()))
    differs = [list(result["description"])[n] for n in np.flatnonzero(rule != rule_bits(CONWAY))]
    assert set(differs) <= set(result["open"])
    learned = LearnedGame.load(out)
    if kind == "gif":  # which does not tell what game it is
        assert learned.spec.name == "lifelike"
    else:
        assert learned.spec == make_game("life", size=[12, 12]).spec
        assert result["exact_horizon"]["median"] == 20 or differs


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["assets/life.ckpt", "x.gif"], "holds a CellEngine; only a HyperEngine"),
        (["{hyper}", "nothing.gif"], "cannot read nothing.gif"),
        (["{hyper}", "nothing"], "nothing"),
        (["{hyper}", "x", "--frames", "0"], "--frames must be at least 1, not 0"),
        (["{hyper}", "assets/pong.gif"], "no gif of 12 x 12 pixels"),
    ],
)
def test_what_cannot_be_watched_is_told(
    arguments: list[str], told: str, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    with pytest.raises(UserError, match=told):
        induce_command.main([text.format(hyper=checkpoint) for text in arguments])


def test_a_variant_is_the_game_of_one_description() -> None:
    many = make_game("pong", paddle_height=[5, 9], ball_speed=[1, 2], paddle_speed=3)
    one = variant(many.spec, np.array([9, 3, 2, 0], np.float32))
    begun = one.init(np.arange(50, dtype=np.uint64))
    assert (begun.description == [9, 3, 2, 0]).all()
    rule = variant(lifelike(rules=20).spec, rule_bits(CONWAY))
    assert (rule.init(np.arange(9, dtype=np.uint64)).description == rule_bits(CONWAY)).all()
    with pytest.raises(ValueError, match="life has no variant with B0 0, B1 1"):
        variant(make_game("life").spec, rule_bits("B1/S"))


def test_a_blend_is_a_game_between(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, walk = tmp_path / "blend.ckpt", tmp_path / "walk.gif"
    points = [f"{CONWAY}=0.7", "B36/S125=0.3"]
    blend_command.main(
        [str(checkpoint), *points, "--out", str(out), "--walk", str(walk), "--ticks", "9", "--json"]
    )
    result = json.loads(capsys.readouterr().out)
    assert (result["rule"], result["is_a_rule"]) == (CONWAY, True)  # the nearer one, in every bit
    assert result["common_bits"] == result["common_bits_kept"] == 14
    assert result["other_bits"] == {CONWAY: 4, "B36/S125": 0}
    made = load_checkpoint(out).engine
    table = learned_tables(made, torch.zeros(1, 18))
    assert np.array_equal(table, rule_tables(rule_bits(CONWAY)[None]))
    assert walk.stat().st_size > 500


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
def test_points_that_there_are_not_are_told(points: list[str], told: str, checkpoint: Path) -> None:
    with pytest.raises(UserError, match=told):
        blend_command.main([str(checkpoint), *(text.format(hyper=checkpoint) for text in points)])


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


def test_sliders_change_the_game_that_is_dreamed(engine: HyperEngine) -> None:
    conway = embedding_of(engine, CONWAY).tolist()
    game = LearnedGame(for_spec(engine, lifelike(size=[12, 12]).spec, embedding=conway))
    made = game.engine
    assert isinstance(made, HyperEngine)
    tuner = Tuner(made, embedding_of(engine, "B36/S125"), "B36/S125")
    assert [slider.name for slider in tuner.sliders] == [
        "to B36/S125",
        *(f"direction {number}" for number in (1, 2, 3)),
    ]
    state, idle = game.init(np.array([5], np.uint64)), np.zeros((1, 1), np.int64)
    same, other = tuner.apply(state), state
    assert np.array_equal(game.step(same, idle).frames, game.step(state, idle).frames)
    tuner.sliders[0].set(1.0)
    other = tuner.apply(state)
    truth = make_game("life", size=[12, 12], rule="B36/S125")
    expected = truth.step(
        replace(truth.init(np.zeros(1, np.uint64)), cells=state.frames[:, 0] > 0), idle
    )
    assert np.array_equal(game.step(other, idle).frames, truth.render(expected))


def test_principal_directions_are_as_long_as_the_games_are_spread(engine: HyperEngine) -> None:
    directions = principal_directions(engine)
    known = engine.embedding.of_known_games()
    lengths = directions.norm(dim=1)
    assert (lengths[:-1] >= lengths[1:]).all()
    along = (known - known.mean(0)) @ directions[0] / lengths[0]
    torch.testing.assert_close(along.square().mean().sqrt(), lengths[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="embeddings of 18 and 3 numbers"):
        Tuner(engine, torch.zeros(3))


def test_rules_are_named_by_what_the_engine_does(engine: HyperEngine) -> None:
    rule = random_rules(65)[64]
    (found,) = learned_rules(engine, [embedding_of(engine, rule)])
    assert (found.name, found.is_one) == (rule, True)
    assert rule_name(found.bits) == rule
