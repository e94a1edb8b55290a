"""What the contract of engines does not say of the recurrent ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.cores import DeepTransitionCore, DilatedCore
from gameengine.engine import Context, Engine, Hidden
from gameengine.engines import make_engine
from gameengine.engines.recurrent import RecurrentEngine
from gameengine.frames import one_hot, snap
from gameengine.live import LiveSource
from gameengine.sight import STROKES, Renderer, Sight
from gameengine.windows import Batch

SMALL: dict[str, dict[str, Any]] = {
    "gru": {"width": 16, "sight": 24, "layers": 2},
    "deep_gru": {"width": 16, "breadth": 20, "depth": 3, "sight": 24},
    "dilated": {"width": 16, "dilations": [1, 3], "cell": "lstm", "sight": 24},
}
every_kind = pytest.mark.parametrize("name", sorted(SMALL))


def small(name: str, feedback: bool = False) -> RecurrentEngine:
    torch.manual_seed(0)
    engine = make_engine(name, make_game("pong").spec, feedback=feedback, **SMALL[name])
    assert isinstance(engine, RecurrentEngine)
    return engine


def windows(count: int, ticks: int) -> Batch:
    return LiveSource(make_game("pong"), make_players(["sticky"]), games=16).draw(count, ticks)


def started(engine: Engine, batch: Batch) -> tuple[Hidden, Tensor, Tensor]:
    """The hidden state after the context, the actions and the true frames that follow."""
    context = engine.spec.context
    shown = Context(batch["frames"][:, :context], batch["actions"][:, : context - 1])
    hidden = engine.encode(shown, batch["description"])
    return hidden, batch["actions"][:, context - 1 :], batch["frames"][:, context:]


@every_kind
@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("split", [1, 4, 8])
def test_a_sequence_can_be_split_anywhere(name: str, feedback: bool, split: int) -> None:
    engine = small(name, feedback)
    hidden, actions, frames = started(engine, windows(3, 9))
    whole, end = engine.unroll(hidden, actions, frames)
    early, between = engine.unroll(hidden, actions[:, :split], frames[:, :split])
    late, after = engine.unroll(between, actions[:, split:], frames[:, split:])
    torch.testing.assert_close(
        torch.cat([early.logits, late.logits], 1), whole.logits, atol=1e-5, rtol=1e-5
    )
    for key in end:
        torch.testing.assert_close(after[key], end[key], atol=1e-5, rtol=1e-5)


@every_kind
def test_only_with_feedback_the_frame_shown_is_seen(name: str) -> None:
    for feedback in (False, True):
        engine = small(name, feedback)
        assert engine.reads_frames is feedback
        hidden, actions, frames = started(engine, windows(2, 1))
        other = engine.see(hidden, 1 - frames[:, 0].clamp(max=1))
        one, two = engine.advance(hidden, actions[:, 0]), engine.advance(other, actions[:, 0])
        assert torch.equal(one["logits"], two["logits"]) is not feedback
        assert all(torch.equal(one[key], two[key]) for key in one if "state" in key) is not feedback


def test_feedback_feeds_the_snapped_frame_back() -> None:
    engine = small("gru", feedback=True)
    hidden, actions, _ = started(engine, windows(2, 2))
    shown = engine.advance(hidden, actions[:, 0])
    assert torch.equal(shown["frame"], snap(shown["logits"]))
    told = engine.see(shown, snap(engine.decode(shown).logits))
    one, two = engine.advance(shown, actions[:, 1]), engine.advance(told, actions[:, 1])
    assert torch.equal(one["logits"], two["logits"])


@pytest.mark.parametrize("forced", [False, True])
def test_a_renderer_that_says_nothing_shows_the_frame_before(forced: bool) -> None:
    engine = small("gru", feedback=True)
    nn.init.zeros_(engine.draw.strokes.weight)
    nn.init.zeros_(engine.draw.strokes.bias)
    batch = windows(3, 5)
    hidden, actions, frames = started(engine, batch)
    context = engine.spec.context
    before = batch["frames"][:, context - 1 : -1]
    assert not torch.equal(before[:, 0], before[:, -1])
    prediction, _ = engine.unroll(hidden, actions, frames if forced else None)
    expected = before if forced else before[:, :1].expand_as(before)
    assert torch.equal(snap(prediction.logits), expected)


def test_sight_is_a_dense_layer_on_one_hot_frames() -> None:
    torch.manual_seed(0)
    sight = Sight(pixels=4 * 6, colours=3, frames=2, width=5)
    nn.init.normal_(sight.bias)
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 3, (4, 2, 1, 4, 6), np.uint8))
    frames[2] = 0  # nothing but background
    hot = one_hot(frames, 3)[:, :, 1:].flatten(1)  # (N, T0 * (K - 1) * H * W)
    torch.testing.assert_close(sight(frames), hot @ sight.vectors.weight + sight.bias)
    torch.testing.assert_close(sight(frames[2:3]), sight.bias[None])


def test_strokes_are_products_of_rows_and_columns() -> None:
    torch.manual_seed(0)
    renderer = Renderer(width=3, sight=16, shape=(2, 4, 5), with_keep=False)
    nn.init.normal_(renderer.rest.weight)
    seen = torch.randn(2, 3, 3)
    features = torch.relu(renderer.hidden(seen))
    profiles = renderer.strokes(features).view(2, 3, 2, STROKES, 4 + 5)
    expected = torch.einsum("btksh,btksw->btkhw", profiles[..., :4], profiles[..., 4:])
    expected = expected + renderer.rest(renderer.few(features)).view(2, 3, 2, 4, 5)
    torch.testing.assert_close(renderer(seen), expected)


@pytest.mark.parametrize(("cell", "library"), [("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_dilations_of_one_are_the_ordinary_stacked_network(cell: Any, library: Any) -> None:
    torch.manual_seed(0)
    core = DilatedCore(3, 4, 6, [1, 1], cell)
    stacked = library(3, 6, num_layers=2, batch_first=True)
    for number, layer in enumerate(core.layers):
        for key, weight in layer.named_parameters():
            getattr(stacked, key.replace("l0", f"l{number}")).data.copy_(weight)
    seen = torch.randn(2, 5, 3)
    memory = {
        key: torch.zeros_like(value)
        for key, value in core.begin(seen[:, 0, :1].expand(-1, 4)).items()
    }
    torch.testing.assert_close(core.run(seen, memory)[0], stacked(seen)[0])


def test_the_deep_transition_keeps_its_equations() -> None:
    torch.manual_seed(0)
    core = DeepTransitionCore(3, 4, width=5, breadth=7, depth=3).double()
    weights = {key: value.detach().numpy() for key, value in core.named_parameters()}
    seen = torch.randn(2, 6, 3, dtype=torch.float64)
    memory = core.begin(torch.randn(2, 4, dtype=torch.float64))
    state, expected = memory["state"].detach().numpy(), []
    for now in seen.numpy().swapaxes(0, 1):
        told = now @ weights["see.weight"].T + weights["see.bias"]
        features = np.maximum(told + state @ weights["recall.weight"].T, 0)
        for deep in (0, 1):
            more = features @ weights[f"deeper.{deep}.weight"].T + weights[f"deeper.{deep}.bias"]
            features = features + np.maximum(more, 0)
        spread = np.sqrt(features.var(1, keepdims=True) + 1e-5)
        normal = (features - features.mean(1, keepdims=True)) / spread
        change = normal @ weights["change.weight"].T + weights["change.bias"]
        gate = 1 / (1 + np.exp(-change[:, :5]))
        state = (1 - gate) * state + gate * np.tanh(change[:, 5:])
        expected.append(state)
    outputs, after = core.run(seen, memory)
    np.testing.assert_allclose(outputs.detach().numpy(), np.stack(expected, 1), atol=1e-10)
    np.testing.assert_allclose(after["state"].detach().numpy(), expected[-1], atol=1e-10)


def test_options_of_older_files_still_make_an_engine(tmp_path: Path) -> None:
    spec = make_game("pong").spec
    engine = make_engine("gru", spec, width=16, sight=24)
    about = {"format": 1, "engine": "gru", "options": {"width": 16, "sight": 24}, "made": {}}
    about["spec"] = spec.to_dict()
    path = tmp_path / "old.ckpt"
    torch.save({"gameengine": about, "weights": engine.state_dict()}, path)
    loaded = load_checkpoint(path).engine
    assert loaded.options == {
        "width": 16,
        "sight": 24,
        "layers": 1,
        "feedback": False,
    }
    assert not loaded.reads_frames


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("gru", {"layers": 0}, "layers must be at least 1, not 0"),
        ("deep_gru", {"depth": 0}, "depth must be"),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_engine(name, make_game("pong").spec, **options)
