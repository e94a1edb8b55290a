"""Watching a few frames of a rule that was never trained, and playing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hyper_rules import CONWAY, SIZE

from data_gen.datasets.recorded import Play
from data_gen.datasets.recordings import Recording, frame_checksum
from data_gen.errors import UserError
from data_gen.game import AnyGame
from data_gen.games.automaton import rule_bits
from data_gen.games.lifelike import lifelike, random_rules
from data_gen.pictures import enlarge, to_rgb, write_gif
from data_gen.players import make_players
from data_gen.registry import make_game
from data_gen.rollout import roll_out
from data_gen.variants import variant
from gameengine import induce as induce_command
from gameengine.embedding_points import embedding_of
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.induction import Induced, Video, described, disagreement, induce, open_numbers
from gameengine.learned_game import LearnedGame


def video_of(game: AnyGame, count: int, frames: int) -> tuple[Video, np.ndarray]:
    """Random play of so many games, whose descriptions are not told, and the descriptions."""
    seeds = np.arange(count, dtype=np.uint64)
    played = roll_out(game, make_players(["random"]), seeds, frames - 1)
    actions = torch.from_numpy(played.actions.astype(np.int64))
    nothing = torch.zeros(played.description.shape)
    return Video(torch.from_numpy(played.frames), actions, nothing), played.description


def film(rules: list[str], frames: int) -> tuple[Video, np.ndarray]:
    """Eight soups with one of the rules each, and the rules."""
    return video_of(lifelike(size=[16, 16], rules=rules, density=[0.3, 0.7]), 8, frames)


def one_of(video: Video, item: int) -> Video:
    place = slice(item, item + 1)
    return Video(video.frames[place], video.actions[place], video.description[place])


def entries_seen(frames: np.ndarray) -> set[int]:
    """Which of a rule's 18 entries decide a cell of frames (T, H, W) on a torus."""
    cells = frames.astype(np.int64)
    living = np.zeros_like(cells)  # of a cell and those around it
    for row in (-1, 0, 1):
        for column in (-1, 0, 1):
            living += np.roll(cells, (row, column), (1, 2))
    return set(np.unique(8 * cells + living).tolist())


def test_rules_that_no_training_saw_are_found_in_three_frames(rules_engine: HyperEngine) -> None:
    video, rules = film(random_rules(70)[64:], 3)
    before = {name: weight.clone() for name, weight in rules_engine.state_dict().items()}
    induced = induce(rules_engine, video, tries=2)
    assert (induced.wrong[:, 0] == 0).all()
    assert induced.ticks == 2
    for item, embedding in enumerate(induced.embeddings[:, 0]):
        told = described(rules_engine, embedding)
        assert told is not None
        in_known_numbers = rules_engine.embedding.of_description(told[None])[0]
        assert torch.equal(embedding, in_known_numbers)  # and not just near it
        differs = np.flatnonzero(told.numpy() != rules[item])
        unseen = set(range(18)) - entries_seen(video.frames[item, :-1, 0].numpy())
        assert set(open_numbers(rules_engine, one_of(video, item), told)) == unseen
        assert set(differs) <= unseen
    assert all(
        torch.equal(before[name], value) for name, value in rules_engine.state_dict().items()
    )
    assert all(weight.requires_grad for weight in rules_engine.parameters())


def test_what_a_video_does_not_show_is_open(rules_engine: HyperEngine) -> None:
    video, rules = film([CONWAY], 3)
    one = one_of(Video(torch.zeros_like(video.frames), video.actions, video.description), 0)
    assert open_numbers(rules_engine, one, torch.from_numpy(rules[0])) == list(
        range(1, 18)
    )  # but B0


def test_a_video_of_no_tick_is_too_short(rules_engine: HyperEngine) -> None:
    video, _ = film([CONWAY], 2)
    with pytest.raises(ValueError, match="2 frames are needed to see a tick of lifelike, not 1"):
        induce(rules_engine, Video(video.frames[:, :1], video.actions[:, :0], video.description))


@pytest.mark.parametrize(("wrong", "differs"), [([0, 0], True), ([0, 3], False)])
def test_tries_that_explain_a_video_equally_well_are_compared(
    rules_engine: HyperEngine, wrong: list[int], differs: bool
) -> None:
    """A try that explains less does not count."""
    video = one_of(film([CONWAY], 3)[0], 0)
    tries = torch.stack([embedding_of(rules_engine, rule) for rule in (CONWAY, "B36/S125")])
    induced = Induced(tries[None], torch.tensor([wrong]), 2, 1)
    assert (float(disagreement(rules_engine, video, induced, 5)) > 0) is differs


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
    made.prepare(torch.from_numpy(game.render(state)), torch.from_numpy(state.description))
    video, _ = video_of(game, 2, 31)
    induced = induce(made, video, tries=3, steps=2)
    assert induced.embeddings.shape == (2, 3, 4)
    assert induced.ticks == 16 * (31 - game.spec.context - 16 + 1)
    assert (induced.wrong[:, :-1] <= induced.wrong[:, 1:]).all()  # the best first


def sources(folder: Path) -> dict[str, Callable[[], Path]]:
    """The same soup of Conway's Life as a dataset, a recording and a gif."""
    game = make_game("life", size=SIZE)

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
    rules_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gameengine.inducing.ROLLOUTS", 3)
    monkeypatch.setattr("gameengine.inducing.TICKS", 20)
    video, out = sources(tmp_path)[kind](), tmp_path / "found.ckpt"
    capsys.readouterr()
    induce_command.main(
        [str(rules_checkpoint), str(video), "--frames", "5", "--out", str(out), "--json"]
    )
    result = json.loads(capsys.readouterr().out)
    assert (result["wrong"], result["predicted"], result["frames"]) == (0, 4, 5)
    rule = np.array(list(result["description"].values()))
    differs = [list(result["description"])[n] for n in np.flatnonzero(rule != rule_bits(CONWAY))]
    assert set(differs) <= set(result["open"])
    assert not {"B3", "S2", "S3"} & set(result["open"])  # a soup shows them
    learned = LearnedGame.load(out)
    if kind == "gif":  # which does not tell what game it is
        assert learned.spec.name == "lifelike"
    else:
        assert learned.spec == make_game("life", size=SIZE).spec
        assert result["exact_horizon"]["median"] == 20 or differs


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["assets/life.ckpt", "x.gif"], "holds a CellEngine; only a HyperEngine"),
        (["{hyper}", "nothing.gif"], "cannot read nothing.gif"),
        (["{hyper}", "nothing"], "no dataset in nothing"),
        (["{hyper}", "x", "--frames", "0"], "--frames must be at least 1, not 0"),
        (["{hyper}", "assets/pong.gif"], "no gif of 12 x 12 pixels"),
    ],
)
def test_what_cannot_be_watched_is_told(
    arguments: list[str], told: str, rules_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    with pytest.raises(UserError, match=told):
        induce_command.main([text.format(hyper=rules_checkpoint) for text in arguments])


def test_a_variant_is_the_game_of_one_description() -> None:
    many = make_game("pong", paddle_height=[5, 9], ball_speed=[1, 2], paddle_speed=3)
    one = variant(many.spec, np.array([9, 3, 2, 0], np.float32))
    begun = one.init(np.arange(50, dtype=np.uint64))
    assert (begun.description == [9, 3, 2, 0]).all()
    rule = variant(lifelike(rules=20).spec, rule_bits(CONWAY))
    assert (rule.init(np.arange(9, dtype=np.uint64)).description == rule_bits(CONWAY)).all()
    other = variant(make_game("life").spec, rule_bits("B1/S"))
    assert other.spec.options["rule"] == "B1/S"
    with pytest.raises(ValueError, match="serve angle 5"):
        variant(many.spec, np.array([9, 3, 2, 5], np.float32))
