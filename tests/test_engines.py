"""The contract that every engine in the registry keeps."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.check import check_game
from data_gen.game import AnyGame
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint, save_engine
from gameengine.engine import Context, Engine, Judged, unroll_by_ticks
from gameengine.engines import ENGINES, engine_class, engine_name, make_engine
from gameengine.frames import certain_logits, one_hot, snap
from gameengine.learned_game import LearnedGame
from gameengine.learner import encode, predict
from gameengine.live import LiveSource
from gameengine.windows import Batch

# A game that suits the engine.
GAMES = defaultdict(
    lambda: "pong",
    {
        "cell": "life",
        "hyper cell": "lifelike",
        "cell token": "keydoor",
        "feedback memory": "keydoor",
    },
)
SMALL = defaultdict(  # options that make an engine quick; "gru feedback" is a variant of "gru"
    dict,
    {
        "gru": {"width": 64, "sight": 64},
        "gru feedback": {"width": 64, "sight": 64, "feedback": True},
        "deep_gru": {"width": 64, "breadth": 64, "sight": 64},
        "deep_gru feedback": {"width": 64, "breadth": 64, "sight": 64, "feedback": True},
        "dilated": {"width": 32, "sight": 64},
        "dilated feedback": {"width": 32, "sight": 64, "feedback": True},
        "feedback": {"width": 16, "depth": 2},
        "feedback memory": {"width": 16, "depth": 2, "memory": 16},
        "dense": {"width": 128},
        "dense memory": {"width": 128, "depth": 2, "memory": 16},
        "filters": {"width": 16, "depth": 1},
        "slots": {"width": 32},
        "slots smooth": {"width": 32, "smooth": ["ball"], "sight": 3},
        "cell token": {"width": 32, "cell": 4, "steps": 2, "token": 8},
        "hyper": {"base_options": {"width": 16, "depth": 2}},
        "hyper most": {
            "base_options": {"width": 16, "depth": 1},
            "generated": ["*head", "near.*", "told", "choice", "outcome"],
        },
        "hyper cell": {"base": "cell", "base_options": {"width": 64}, "reading": "choice"},
        "hyper gru": {
            "base": "gru",
            "base_options": {"width": 32, "sight": 32},
            "generated": ["draw.*", "core.layers.*"],
        },
        "hyper slots": {"base": "slots", "base_options": {"width": 32}, "encoder": 8},
        "hyper table": {
            "base": "dense",
            "base_options": {"width": 64},
            "generated": ["draw"],
            "source": "table",
        },
    },
)
VARIANTS = {"paddle_height": [5, 7, 9], "paddle_speed": [1, 2]}  # for engines of many games
every_engine = pytest.mark.parametrize("name", sorted({*ENGINES, *SMALL}))


def game_for(name: str) -> AnyGame:
    many = name.startswith("hyper") and GAMES[name] == "pong"
    return make_game(GAMES[name], **(VARIANTS if many else {}))


def small_engine(name: str, seed: int = 0) -> Engine:
    torch.manual_seed(seed)
    engine = make_engine(name.split()[0], game_for(name).spec, **SMALL[name])
    if engine.glimpses:
        batch = windows(name, 256, 1)
        engine.prepare(batch["frames"][:, -1], batch["description"])
    # Away from the start, where some weights are zero and nothing would be tested.
    with torch.no_grad():
        for weight in engine.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return engine


def windows(name: str, count: int, ticks: int, seed: int = 0) -> Batch:
    players = ["sticky"] if GAMES[name] == "pong" else ["random"]
    source = LiveSource(game_for(name), make_players(players), seed, games=16)
    return source.draw(count, ticks)


def judge(engine: Engine, batch: Batch) -> Judged:
    context = engine.spec.context
    actions, frames = batch["actions"][:, context - 1 :], batch["frames"][:, context:]
    return engine.judge(encode(engine, batch), actions, frames, forced=False)


@every_engine
@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("ticks", [1, 2, 7])
def test_unroll_is_advance_repeated(name: str, ticks: int, forced: bool) -> None:
    engine = small_engine(name)
    batch = windows(name, 3, ticks)
    context = engine.spec.context
    shown = Context(batch["frames"][:, :context], batch["actions"][:, : context - 1])
    hidden = engine.encode(shown, batch["description"])
    actions = batch["actions"][:, context - 1 :]
    truth = batch["frames"][:, context:] if forced else None
    at_once, last = engine.unroll(hidden, actions, truth)
    one_by_one, end = unroll_by_ticks(engine, hidden, actions, truth)
    assert at_once.logits.shape[:2] == (3, ticks)
    for field in ("logits", "reward", "termination"):
        torch.testing.assert_close(
            getattr(at_once, field), getattr(one_by_one, field), atol=1e-5, rtol=1e-5
        )
    for key in end:
        torch.testing.assert_close(last[key], end[key], atol=1e-5, rtol=1e-5)


@every_engine
def test_only_engines_that_read_frames_see_them(name: str) -> None:
    engine = small_engine(name)
    batch = windows(name, 3, 4)
    forced, free = predict(engine, batch, teacher_forcing=True), predict(engine, batch)
    torch.testing.assert_close(forced.logits[:, 0], free.logits[:, 0], atol=1e-5, rtol=1e-5)
    assert torch.allclose(forced.logits, free.logits, atol=1e-5) is not engine.reads_frames


@every_engine
def test_advance_leaves_the_hidden_state_alone(name: str) -> None:
    engine = small_engine(name)
    batch = windows(name, 2, 1)
    context = engine.spec.context
    shown = Context(batch["frames"][:, :context], batch["actions"][:, : context - 1])
    hidden = engine.encode(shown, batch["description"])
    before = {key: value.clone() for key, value in hidden.items()}
    engine.advance(hidden, batch["actions"][:, -1])
    assert all(torch.equal(hidden[key], before[key]) for key in before)


@every_engine
def test_gradients_reach_every_parameter(name: str) -> None:
    engine = small_engine(name)
    judged = judge(engine, windows(name, 32, 3))  # enough of them to show a serve
    (judged.loss + judged.reward.sum() + judged.termination.sum()).backward()
    learned = {key: weight for key, weight in engine.named_parameters() if weight.requires_grad}
    lost = [key for key, weight in learned.items() if weight.grad is None]
    dead = [key for key, weight in learned.items() if not weight.grad.any()]  # pyright: ignore
    assert not lost
    assert not dead


@every_engine
def test_one_batch_is_learned_by_heart(name: str) -> None:
    engine = small_engine(name)
    batch = windows(name, 4, 3)
    frames = batch["frames"][:, engine.spec.context :]
    optimiser = torch.optim.Adam(engine.parameters(), 0.01)
    for _ in range(400):
        optimiser.zero_grad()
        judge(engine, batch).loss.backward()
        optimiser.step()
    assert torch.equal(snap(predict(engine, batch).logits), frames)


@every_engine
def test_a_saved_engine_shows_the_same_frames(name: str, tmp_path: Path) -> None:
    engine = small_engine(name)
    batch = windows(name, 2, 5)
    save_engine(tmp_path / "engine.ckpt", engine, {"steps": 3})
    loaded = load_checkpoint(tmp_path / "engine.ckpt")
    assert loaded.made == {"steps": 3}
    assert loaded.engine.options == engine.options
    assert torch.equal(predict(loaded.engine, batch).logits, predict(engine, batch).logits)


@every_engine
def test_a_learned_game_keeps_the_contract_of_games(name: str) -> None:
    check_game(LearnedGame(small_engine(name)), seeds=training_seeds(0, 0, 5), ticks=6)


@every_engine
def test_the_registry_knows_its_engines(name: str) -> None:
    assert engine_name(small_engine(name)) == name.split()[0]
    assert issubclass(engine_class(name.split()[0]), Engine)


def test_unknown_engines_and_options_are_named() -> None:
    spec = make_game("pong").spec
    with pytest.raises(ValueError, match=r"unknown engine 'gro'.*gru"):
        make_engine("gro", spec)
    with pytest.raises(ValueError, match="widht"):
        make_engine("gru", spec, widht=3)


def test_a_cell_sees_over_the_edge_of_a_torus_only() -> None:
    spec = make_game("life", size=[5, 5]).spec
    torch.manual_seed(0)
    frames = torch.zeros(1, 1, 1, 5, 5, dtype=torch.uint8)
    far = frames.clone()
    far[..., 4, 4] = 1  # a neighbour of (0, 0) on a torus
    for edges, seen in (("torus", True), ("dead", False)):
        engine = make_engine("cell", spec, edges=edges)
        corner = [
            engine.advance(
                engine.encode(Context(shown, torch.zeros(1, 0, 1)), torch.zeros(1, 18)),
                torch.zeros(1, 1),
            )["logits"][0, :, 0, 0]
            for shown in (frames, far)
        ]
        assert torch.equal(corner[0], corner[1]) is not seen


@pytest.mark.parametrize("colours", [1, 2, 9])
def test_snapping_takes_the_first_of_the_likeliest_colours(colours: int) -> None:
    logits = torch.randint(0, 4, (2, 3, colours, 4, 6)).float()  # with many that are equal
    expected = torch.from_numpy(logits.numpy().argmax(2)).unsqueeze(2).to(torch.uint8)
    assert torch.equal(snap(logits), expected)


def test_snapping_keeps_what_is_certain() -> None:
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 5, (2, 3, 1, 4, 6), np.uint8))
    assert torch.equal(snap(certain_logits(frames, 5)), frames)
    hot = one_hot(frames, 5)
    assert hot.shape == (2, 3, 5, 4, 6)
    assert torch.equal(hot.sum(-3), torch.ones(2, 3, 4, 6))
