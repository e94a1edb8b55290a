"""Cell engine: how far a cell sees, and that the first network is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from data_gen.players import make_players
from data_gen.registry import GAMES, make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.engine import Context, Engine
from gameengine.engines import make_engine
from gameengine.learner import predict
from gameengine.live import LiveSource

ASSETS = Path(__file__).parent.parent / "assets"


def after_one_tick(engine: Engine, frames: Tensor, actions: Tensor | None = None) -> Tensor:
    """Logits (B, K, H, W) that follow frames (B, T0, H, W)."""
    count, context = frames.shape[:2]
    between = torch.zeros(count, context - 1, len(engine.spec.players), dtype=torch.int64)
    hidden = engine.encode(
        Context(frames[:, :, None], between), torch.zeros(count, len(engine.spec.description))
    )
    idle = torch.zeros(count, len(engine.spec.players), dtype=torch.int64)
    return engine.advance(hidden, idle if actions is None else actions)["logits"]


def felt_from(distance: int, game: str = "catch", **options: Any) -> bool:
    """Whether a cell in the middle of an empty board feels a cell that changes so far away."""
    torch.manual_seed(0)
    engine = make_engine("cell", make_game(game).spec, **options)
    frames = torch.zeros(2, engine.spec.context, 32, 32, dtype=torch.uint8)
    frames[1, -1, 16, 16 - distance] = 1
    logits = after_one_tick(engine, frames)[:, :, 16, 16]
    return not torch.equal(logits[0], logits[1])


def test_the_bundled_life_is_the_network_it_was() -> None:
    engine = load_checkpoint(ASSETS / "life.ckpt").engine
    boards = torch.randint(0, 2, (4, 1, 64, 64), generator=torch.Generator().manual_seed(0))
    weights = list(engine.state_dict().values())
    cells = F.pad(boards.float(), (1, 1, 1, 1), mode="circular")
    cells = F.unfold(cells, 3).unflatten(2, (64, 64))  # (4, 9, 64, 64)
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        cells = F.relu(F.conv2d(cells, weight, bias))
    expected = F.conv2d(cells, *weights[-2:])
    logits = after_one_tick(engine, boards.to(torch.uint8))
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_step_reaches_one_cell(steps: int) -> None:
    assert felt_from(steps, steps=steps)
    assert not felt_from(steps + 1, steps=steps)


def test_a_token_reaches_every_cell_in_one_step() -> None:
    assert felt_from(15, token=8)
    assert not felt_from(15)


def test_cells_can_be_blocks_of_pixels() -> None:
    assert felt_from(4, cell=4)  # the last column of the block beside
    assert not felt_from(5, cell=4)
    assert not felt_from(4)


def test_many_colours_are_seen_at_their_places() -> None:
    """The faster first layer of several colours is the dense layer on nine shifted boards."""
    spec = make_game("breakout").spec
    torch.manual_seed(0)
    engine = make_engine("cell", spec, edges="dead", depth=1)
    first, last = engine.network[0], engine.head  # pyright: ignore
    frames = torch.randint(0, 9, (2, 2, 32, 32), dtype=torch.uint8)
    hot = F.one_hot(frames.long(), 9)[..., 1:].permute(0, 1, 4, 2, 3).flatten(1, 2).float()
    cells = F.unfold(F.pad(hot, (1, 1, 1, 1)), 3).unflatten(1, (16, 9)).transpose(1, 2)
    features = first(cells.flatten(1, 2).unflatten(2, (32, 32)))
    actions = torch.tensor([[0], [2]])
    chosen = engine.choice(F.one_hot(actions[:, 0], 3).float())  # pyright: ignore
    expected = last(F.relu(features + chosen[:, :, None, None]))
    torch.testing.assert_close(after_one_tick(engine, frames, actions), expected)


def test_every_cell_is_given_the_actions() -> None:
    torch.manual_seed(0)
    engine = make_engine("cell", make_game("catch").spec)
    frames = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    left, right = after_one_tick(engine, frames, torch.tensor([[0], [2]]))
    assert (left != right).any(0).all()


@pytest.mark.parametrize("game", sorted(GAMES))
@pytest.mark.parametrize("token", [0, 4])
def test_every_game_fits(game: str, token: int) -> None:
    truth = make_game(game)
    engine = make_engine("cell", truth.spec, steps=2, token=token)
    batch = LiveSource(truth, make_players(["random"]), 0, games=4).draw(2, 3)
    shown = predict(engine, batch, teacher_forcing=True)
    assert shown.logits.shape == (2, 3, len(truth.spec.colours), 32, 32)
    assert bool(shown.reward.any()) is bool(token)
    assert bool((shown.termination == -10).all()) is not bool(token)


@pytest.mark.parametrize(
    ("option", "least"), [("depth", 1), ("cell", 1), ("steps", 1), ("token", 0)]
)
def test_options_out_of_range_are_named(option: str, least: int) -> None:
    with pytest.raises(ValueError, match=f"{option} of CellEngine must be at least {least}"):
        make_engine("cell", make_game("life").spec, **{option: least - 1})
