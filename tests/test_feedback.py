"""Feedback and dense engines: the bundled one is what it was, and a memory carries what the frames
do not show."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from unseen import SPEC, answers_right, unseen

from data_gen.players import make_players
from data_gen.registry import GAMES, make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.engine import Context, Engine, Hidden
from gameengine.engines import make_engine
from gameengine.learner import predict
from gameengine.live import LiveSource

ASSETS = Path(__file__).parent.parent / "assets"
SMALL = {
    "feedback": {"width": 16, "depth": 1, "insight": 64},
    "dense": {"width": 64},
}
each = pytest.mark.parametrize("name", sorted(SMALL))


def first_network(weights: dict[str, Tensor], frames: Tensor, actions: Tensor) -> Tensor:
    """The network that assets/pong_feedback.ckpt was trained as, written down from its weights:
    frames (B, 2, 32, 32), actions (B, 2) -> logits (B, 5, 32, 32)."""
    pairs = frames.unflatten(3, (16, 2)).unflatten(2, (16, 2)).permute(0, 2, 4, 1, 3, 5).flatten(3)
    seen = F.one_hot(pairs.long(), 5).float().flatten(3).permute(0, 3, 1, 2)
    chosen = F.one_hot(actions, 3).flatten(1).float()

    def dense(name: str, values: Tensor) -> Tensor:
        return F.linear(values, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def near(name: str, values: Tensor) -> Tensor:
        weight = weights[f"{name}.weight"]
        return F.conv2d(values, weight, weights[f"{name}.bias"], padding=weight.shape[-1] // 2)

    places = weights["place.bias"].view(16, 16, -1).permute(2, 0, 1)
    features = F.relu(near("stem", seen) + dense("choice", chosen)[:, :, None, None] + places)
    summary = near("squeeze", features).permute(0, 2, 3, 1).flatten(1)
    insight = F.relu(dense("far.0", torch.cat([summary, chosen], 1)))
    told = dense("told", F.relu(dense("far.2", insight))).unflatten(1, (3, -1))
    for block in range(3):
        features = features + F.relu(
            near(f"near.{block}", features) + told[:, block, :, None, None]
        )
    changes = F.pixel_shuffle(near("head", features), 2)
    stays = F.one_hot(frames[:, 1].long(), 5).permute(0, 3, 1, 2)
    return changes + weights["keep"] * stays


def test_the_bundled_pong_is_the_network_it_was() -> None:
    engine = load_checkpoint(ASSETS / "pong_feedback.ckpt").engine
    assert engine.memoryless
    batch = LiveSource(make_game("pong"), make_players(["sticky"]), 0, games=16).draw(16, 2)
    logits = predict(engine, batch, teacher_forcing=True).logits
    for tick in range(2):
        frames = batch["frames"][:, tick : tick + 2, 0]
        expected = first_network(engine.state_dict(), frames, batch["actions"][:, tick + 1])
        torch.testing.assert_close(logits[:, tick], expected, atol=1e-4, rtol=1e-5)


@each
@pytest.mark.parametrize("game", sorted(GAMES))
@pytest.mark.parametrize("memory", [0, 4])
def test_every_game_fits(name: str, game: str, memory: int) -> None:
    truth = make_game(game)
    engine = make_engine(name, truth.spec, memory=memory, **SMALL[name])
    batch = LiveSource(truth, make_players(["random"]), 0, games=4).draw(2, 2)
    logits = predict(engine, batch, teacher_forcing=True).logits
    assert logits.shape == (2, 2, len(truth.spec.colours), *truth.spec.shape[1:])


@each
def test_frames_may_have_any_size(name: str) -> None:
    truth = make_game("life", size=[33, 31])
    engine = make_engine(name, truth.spec, **SMALL[name])
    batch = LiveSource(truth, make_players(["random"]), 0, games=4).draw(2, 1)
    assert predict(engine, batch).logits.shape == (2, 1, 2, 33, 31)


def lamps(engine: Engine, frames: Tensor) -> Hidden:
    """The hidden state after three ticks of the unseen game with true frames."""
    context = Context(frames[:, :1], torch.zeros(len(frames), 0, 1, dtype=torch.int64))
    hidden = engine.encode(context, torch.zeros(len(frames), 1))
    idle = torch.zeros(len(frames), 3, 1, dtype=torch.int64)
    return engine.unroll(hidden, idle, frames[:, 1:4])[1]


@each
@pytest.mark.parametrize("memory", [0, 8])
def test_only_a_memory_knows_what_was_before_the_last_frames(name: str, memory: int) -> None:
    torch.manual_seed(0)
    engine = make_engine(name, SPEC, memory=memory, **SMALL[name])
    assert engine.memoryless is not bool(memory)
    frames = unseen(1, 0).repeat(2, 1, 1, 1, 1)
    frames[1, 0, 0, 0, 0] = 1 - frames[0, 0, 0, 0, 0]  # seen differently, once
    after = engine.advance(lamps(engine, frames), torch.zeros(2, 1, dtype=torch.int64))
    differ = (after["logits"][0] - after["logits"][1]).abs().max()
    assert (differ > 1e-7) == bool(memory)


@each
def test_actions_reach_the_memory(name: str) -> None:
    torch.manual_seed(0)
    engine = make_engine(name, SPEC, memory=8, **SMALL[name])
    hidden = lamps(engine, unseen(1, 0))
    waited, looked = (engine.advance(hidden, torch.tensor([[action]])) for action in (0, 1))
    assert not torch.allclose(waited["memory"], looked["memory"])


@each
def test_an_answer_is_remembered_for_five_ticks(name: str) -> None:
    torch.manual_seed(0)
    assert answers_right(make_engine(name, SPEC, memory=16, **SMALL[name])) == 1.0


@each
def test_without_a_memory_an_answer_is_guessed(name: str) -> None:
    torch.manual_seed(0)
    assert answers_right(make_engine(name, SPEC, **SMALL[name])) < 0.8


@each
@pytest.mark.parametrize(
    ("options", "read"), [({}, False), ({"described": True}, True), ({"memory": 4}, True)]
)
def test_the_description_is_read_when_asked_for(
    name: str, options: dict[str, int], read: bool
) -> None:
    torch.manual_seed(0)
    engine = make_engine(name, SPEC, **SMALL[name], **options)
    context = Context(unseen(2, 0)[:1, :1].repeat(2, 1, 1, 1, 1), torch.zeros(2, 0, 1).long())
    hidden = engine.encode(context, torch.tensor([[0.0], [5.0]]))
    logits = engine.advance(hidden, torch.zeros(2, 1, dtype=torch.int64))["logits"]
    assert torch.allclose(logits[0], logits[1], atol=1e-6) is not read


@each
def test_a_negative_memory_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="memory must be at least 0, not -1"):
        make_engine(name, SPEC, memory=-1)


def test_many_frames_at_once_are_seen_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    engine = make_engine("feedback", SPEC, memory=4, **SMALL["feedback"])
    whole = lamps(engine, unseen(5, 0))
    monkeypatch.setattr("gameengine.engines.last_frames.PIECE", 4 * 24)  # of 15 frames of 24 pixels
    pieces = lamps(engine, unseen(5, 0))
    for key, value in whole.items():
        torch.testing.assert_close(pieces[key], value, atol=1e-6, rtol=1e-6)
