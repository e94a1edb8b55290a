"""Filters that are made at run time."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from unseen import SPEC

from data_gen.players import make_players
from data_gen.registry import GAMES, make_game
from gameengine.engine import Context
from gameengine.engines.filters import FiltersEngine, convolve_each
from gameengine.learner import predict
from gameengine.live import LiveSource


@pytest.mark.parametrize("reach", [1, 3, 5])
def test_each_item_meets_its_own_filters(reach: int) -> None:
    seen, weight = torch.randn(4, 6, 5, 7), torch.randn(4, 3, 6, reach, reach)
    bias = torch.randn(4, 3)
    expected = [
        F.conv2d(*item, padding=reach // 2) for item in zip(seen, weight, bias, strict=True)
    ]
    torch.testing.assert_close(
        convolve_each(seen, weight, bias), torch.stack(expected), atol=1e-4, rtol=1e-4
    )


def test_frames_and_actions_make_the_filters() -> None:
    torch.manual_seed(0)
    engine = FiltersEngine(make_game("pong").spec)
    batch = LiveSource(make_game("pong"), make_players(["sticky"]), 0, games=16).draw(2, 1)
    frames = batch["frames"][:, :2, 0]
    idle, other = torch.zeros(2, 1, 2, dtype=torch.int64), torch.ones(2, 1, 2, dtype=torch.int64)
    made = [
        engine.make_filters(engine.look(frames, engine.given(actions, None)[:, 0])[1])[0]
        for actions in (idle, other)
    ]
    assert made[0].shape == (2, 32, 2 * 4 * 4, 3, 3)  # 4 pixels in 4 colours of 2 frames
    assert not torch.allclose(made[0][0], made[0][1])
    assert not torch.allclose(made[0], made[1])


@pytest.mark.parametrize("game", sorted(GAMES))
def test_filters_start_as_large_as_ordinary_ones(game: str) -> None:
    torch.manual_seed(0)
    engine = FiltersEngine(make_game(game).spec)
    batch = LiveSource(make_game(game), make_players(["random"]), 0, games=16).draw(8, 1)
    seen: list[torch.Tensor] = []
    engine.filters.register_forward_pre_hook(lambda _, entering: seen.append(entering[0]))
    predict(engine, batch)
    weight, bias = engine.make_filters(seen[0])
    ordinary = nn.Conv2d(*weight.shape[2:0:-1], kernel_size=3)
    for made, usual in ((weight, ordinary.weight), (bias, ordinary.bias)):
        assert usual is not None
        assert made[0].std().item() == pytest.approx(usual.std().item(), rel=0.35)


def test_an_even_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="reach must be odd, not 4"):
        FiltersEngine(SPEC, reach=4)


@pytest.mark.parametrize("described", [False, True])
def test_the_description_is_read_when_asked_for(described: bool) -> None:
    torch.manual_seed(0)
    engine = FiltersEngine(SPEC, described=described)
    frames = torch.zeros(2, 1, 1, 4, 6, dtype=torch.uint8)
    description = torch.tensor([[0.0], [5.0]])
    hidden = engine.encode(Context(frames, torch.zeros(2, 0, 1).long()), description)
    logits = engine.advance(hidden, torch.zeros(2, 1).long())["logits"]
    assert torch.allclose(logits[0], logits[1], atol=1e-6) is not described


def test_frames_may_have_any_size() -> None:
    truth = make_game("life", size=[33, 31])
    batch = LiveSource(truth, make_players(["random"]), 0, games=4).draw(2, 1)
    assert predict(FiltersEngine(truth.spec), batch).logits.shape == (2, 1, 2, 33, 31)
