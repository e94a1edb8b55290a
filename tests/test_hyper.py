"""The hyper engine: one network that is many games."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_hook

from data_gen.registry import make_game
from gameengine.embedding import Embedding
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine, heads
from gameengine.retargeting import for_spec
from gameengine.weight_makers import Generator

VARIANTS = {"paddle_height": [5, 7, 9], "ball_speed": [1, 2]}
CONTEXT = 3


def pong_engine(**options: object) -> HyperEngine:
    torch.manual_seed(0)
    game = make_game("pong", **VARIANTS)
    engine = make_engine("hyper", game.spec, base_options={"width": 16, "depth": 1}, **options)
    assert isinstance(engine, HyperEngine)
    state = game.init(np.arange(64, dtype=np.uint64))
    frames = torch.from_numpy(game.render(state))
    engine.prepare(frames, torch.from_numpy(state.description))
    return engine


def shown(engine: HyperEngine, description: torch.Tensor) -> torch.Tensor:
    """Logits of the tick after an empty context."""
    frames = torch.zeros(len(description), CONTEXT, 1, 32, 32, dtype=torch.uint8)
    actions = torch.zeros(len(description), CONTEXT, 2, dtype=torch.int64)
    hidden = engine.encode(Context(frames, actions[:, 1:]), description)
    return engine.advance(hidden, actions[:, 0])["logits"]


def test_what_is_known_of_descriptions() -> None:
    known = Embedding.known(torch.tensor([[5.0, 1.0], [9.0, 1.0], [5.0, 1.0]]))
    assert known == {"games": [[5.0, 1.0], [9.0, 1.0]], "mean": [7.0, 1.0], "scale": [2.0, 1.0]}
    embedding = Embedding(known, "description", 0, 0)
    scaled = embedding(torch.tensor([[5.0, 1.0], [11.0, 1.0]]))
    assert scaled.tolist() == [[-1.0, 0.0], [2.0, 0.0]]
    assert embedding.nearest(torch.tensor([[0.7, 5.0], [-0.2, 0.0]])).tolist() == [[9, 1], [5, 1]]


def test_a_table_has_a_row_for_each_game_and_the_mean_for_others() -> None:
    known = Embedding.known(torch.tensor([[5.0], [7.0], [9.0]]))
    embedding = Embedding(known, "table", 3, 0)
    assert embedding.table is not None
    rows = embedding(torch.tensor([[7.0], [5.0], [6.0]]))
    torch.testing.assert_close(rows[:2], embedding.table[[1, 0]])
    torch.testing.assert_close(rows[2], embedding.table.mean(0))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_games_of_a_table_begin_apart_if_there_is_room(size: int) -> None:
    known = Embedding.known(torch.tensor([[5.0], [7.0], [9.0]]))
    embedding = Embedding(known, "table", size, 0)
    rows = embedding.of_known_games()
    products = rows @ rows.T
    none_in_common = products[~torch.eye(3, dtype=torch.bool)].abs().max() == 0
    assert embedding.apart == bool(none_in_common) == (size >= 3)


def test_what_a_game_learns_apart_changes_it_as_if_alone_and_no_other_game() -> None:
    engine = pong_engine(generated=["*"], source="table", size=6)
    games = engine.embedding(engine.embedding.games).detach()
    for make in engine.generators:
        assert isinstance(make, Generator)
        first = [weight[:1] for weight in make(games)]
        sum(weight.square().sum() for weight in first).backward()  # pyright: ignore
        for weight, change in zip(first, make.changes, strict=True):
            assert change.grad is not None
            torch.testing.assert_close(change.grad[0].view_as(weight), 2 * weight)
            assert not change.grad[1:].any()
        assert not any(weight.requires_grad for weight in make.start.parameters())


def test_without_a_description_there_is_no_embedding_of_it() -> None:
    with pytest.raises(ValueError, match=r"no description.*table"):
        Embedding(Embedding.known(torch.zeros(4, 0)), "description", 8, 0)


@pytest.mark.parametrize("generated", [["*head"], ["near.*"]])
def test_generated_weights_begin_at_the_scale_of_the_base(generated: list[str]) -> None:
    engine = pong_engine(generated=generated)
    base = make_engine("feedback", engine.spec, width=16, depth=1)
    layer = base.get_submodule("head" if "*head" in generated else "near.0")
    description = engine.embedding.games
    ((weights, _),) = engine.implement(engine.embedding(description))
    assert len(weights) == 6
    scale = float(weights.detach().std() / layer.weight.detach().std())  # pyright: ignore
    assert 0.8 < scale < 1.3
    assert (weights[0] != weights[1]).any()


def test_descriptions_make_different_games_and_one_embedding_is_one_of_them() -> None:
    engine = pong_engine()
    five, nine = torch.tensor([[5.0, 2.0, 1.0, 0.0], [9.0, 2.0, 1.0, 0.0]])[:, None]
    assert (shown(engine, five) != shown(engine, nine)).any()
    spec = make_game("pong", paddle_height=9).spec
    one = for_spec(engine, spec, embedding=engine.embedding(nine)[0].tolist())
    assert isinstance(one, HyperEngine)
    torch.testing.assert_close(shown(one, five), shown(engine, nine))
    assert one.spec == replace(spec, context=CONTEXT)  # it sees more than this game needs


def test_games_of_another_shape_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"number of colours 5 cannot be one of breakout with 9"):
        for_spec(pong_engine(), make_game("breakout").spec)


def test_layers_that_there_are_not_are_told() -> None:
    with pytest.raises(
        ValueError, match=r"\['heads'\] fits no layer.*choose from stem, place, choice"
    ):
        pong_engine(generated=["heads"])
    with pytest.raises(ValueError, match=r"choice.*near\.0 is none"):
        pong_engine(generated=["near.*"], reading="choice")
    with pytest.raises(ValueError, match="another engine than itself"):
        make_engine("hyper", make_game("pong").spec, base="hyper")


def test_games_that_stand_side_by_side_share_their_weights() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 2.0])
    assert torch.equal(heads(torch.stack([a, a, b, b])), torch.stack([a, b]))
    assert torch.equal(heads(torch.stack([a, b, a, b])), torch.stack([a, b, a, b]))
    assert torch.equal(heads(torch.stack([a, a, a])), a[None])
    assert torch.equal(heads(torch.stack([a, a, b])), torch.stack([a, a, b]))
    assert torch.equal(heads(a[None]), a[None])


def test_shared_weights_change_nothing() -> None:
    torch.manual_seed(0)
    engine = pong_engine(generated=["*"])
    description = engine.embedding.games[[0, 0, 3, 3]]
    frames = torch.randint(0, 5, (4, CONTEXT, 1, 32, 32), dtype=torch.uint8)
    actions = torch.randint(0, 3, (4, 5, 2))
    between, following = actions[:, : CONTEXT - 1], actions[:, CONTEXT - 1 :]
    together, _ = engine.unroll(engine.encode(Context(frames, between), description), following)
    for item in range(4):
        one = slice(item, item + 1)
        alone = Context(frames[one], between[one])
        hidden = engine.encode(alone, description[one])
        logits = engine.unroll(hidden, following[one])[0].logits
        torch.testing.assert_close(together.logits[one], logits, atol=1e-4, rtol=1e-4)


def test_weights_are_made_once_a_rollout(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, made = pong_engine(generated=["*"]), list[int]()
    really = engine.implement
    monkeypatch.setattr(engine, "implement", lambda e: (made.append(len(e)), really(e))[1])
    frames = torch.zeros(4, CONTEXT, 1, 32, 32, dtype=torch.uint8)
    actions = torch.zeros(4, 2, dtype=torch.int64)
    with torch.inference_mode():
        shown = Context(frames, actions[:, None].expand(-1, CONTEXT - 1, -1))
        hidden = engine.encode(shown, engine.embedding.games[[1, 1, 1, 1]])
        for _ in range(5):
            hidden = engine.advance(hidden, actions)
            engine.decode(hidden)
        assert made == [1]
        two = {key: value[:2] for key, value in hidden.items()}
        engine.advance(two, actions[:2])
    assert made == [1, 1]


@pytest.mark.parametrize("reading", ["dense", "choice"])
def test_one_game_that_is_played_is_an_engine_with_ordinary_layers(reading: str) -> None:
    engine = pong_engine(generated=["head"], reading=reading)
    used: list[str] = []
    frames = torch.randint(0, 5, (3, CONTEXT, 1, 32, 32), dtype=torch.uint8)
    actions = torch.zeros(3, 2, dtype=torch.int64)
    between = actions[:, None].expand(-1, CONTEXT - 1, -1)
    description = engine.embedding.games[[1, 1, 1]]

    def play() -> torch.Tensor:
        hidden = engine.encode(Context(frames, between), description)
        return engine.decode(engine.advance(hidden, actions)).logits

    watched = register_module_forward_hook(lambda layer, *_: used.append(type(layer).__name__))
    try:
        learning = play()
        assert "ItemConv" in used
        used.clear()
        with torch.inference_mode():
            torch.testing.assert_close(play(), learning, atol=1e-5, rtol=1e-4)
        assert "ItemConv" not in used
        assert "Conv2d" in used
    finally:
        watched.remove()
    learning.sum().backward()
    assert all(weight.grad is not None for weight in engine.generators.parameters())


def test_judging_leaves_nothing_behind_that_could_not_be_copied() -> None:
    """As Lightning copies an engine to average its weights."""
    engine = pong_engine(generated=["*"], encoder=4, size=2)
    frames = torch.zeros(2, CONTEXT + 1, 1, 32, 32, dtype=torch.uint8)
    actions = torch.zeros(2, CONTEXT, 2, dtype=torch.int64)
    shown = Context(frames[:, :-1], actions[:, :-1])
    hidden = engine.encode(shown, engine.embedding.games[:2])
    engine.judge(hidden, actions[:, -1:], frames[:, -1:], forced=False).loss.backward()
    copy.deepcopy(engine)
