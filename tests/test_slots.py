"""The slots engine: what its networks look at, what they say, and what it is taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint, save_engine
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.slots import SlotsEngine
from gameengine.learner import encode, predict
from gameengine.live import LiveSource
from gameengine.slot_heads import SpriteHead, light_logits, sprite_loss
from gameengine.slot_nets import _sum_of_rows
from gameengine.slot_variables import AFTER, BEFORE, EARLIER, NOW, Vocabulary, as_table, look
from gameengine.sprites import learn_sprites

PONG = make_game("pong").spec
FAST = {"ball_speed": 2}  # of which three frames are seen


def source(**options: object) -> LiveSource:
    cast = make_players(["sticky", "tracker:0.8"])
    return LiveSource(make_game("pong", **options), cast, games=32)  # pyright: ignore


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    frames = source().draw(2048, 1)["frames"][:, -1, 0].numpy()
    return Vocabulary(PONG, learn_sprites(frames), reach=4, sight=3)


def engine(smooth: tuple[str, ...] = (), described: bool = False, **options: object) -> SlotsEngine:
    torch.manual_seed(0)
    own = {"smooth": smooth, "described": described}
    made = make_engine("slots", make_game("pong", **options).spec, width=32, **own)
    assert isinstance(made, SlotsEngine)
    batch = source(**options).draw(2048, 1)
    made.prepare(batch["frames"][:, -1], batch["description"])
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return made


def test_variables_say_what_is_where(words: Vocabulary) -> None:
    sprites = words.sprites
    names = [words.name(sprite) for sprite in range(3)]
    assert names == ["left paddle", "right paddle", "ball"]
    tokens = np.zeros((2, 3, sprites.tokens), np.int64)
    tokens[:, BEFORE, 6:9] = 1, 3, 5
    tokens[:, NOW, :9] = 1, 10, 1, 1, 20, 29, 1, 4, 3
    tokens[:, AFTER, :3] = 1, 12, 1
    tokens[1, BEFORE, 6:9] = 1, 20, 5  # too far for a way
    tokens[1, NOW, 3:6] = 0  # no right paddle
    tokens[0, NOW, 9:12] = 1, 0, 1
    variables = [*words.common(), *words.predicted(1), *words.around(2)]
    frames = sprites.draw(tokens[:, NOW])
    table = as_table(variables)
    values = look(table, tokens, np.array([[2, 1]] * 2), frames) - table[:, 0]
    said = [
        dict(zip([variable.name for variable in variables], row, strict=True))
        for row in values.tolist()
    ]
    assert all(
        value < variable.size
        for row in values
        for value, variable in zip(row, variables, strict=True)
    )
    assert said[0]["row of ball now"] == 4
    assert said[0]["way down of ball to now"] == 4 + 1
    assert said[0]["way across of ball to now"] == 4 - 2
    assert said[1]["way down of ball to now"] == 9  # a jump
    assert said[0]["ball now down from left paddle now"] == 31 + (4 - 10)
    assert said[0]["ball now down from left paddle after"] == 31 + (4 - 12)
    assert said[1]["ball now down from right paddle now"] == 64  # it is not there
    assert said[0]["way down of left paddle to after"] == 4 + 2
    assert said[0]["lights on"] == 2
    assert said[1]["lights on"] == 0
    assert said[0]["action of left"] == 2
    assert said[0]["colour at +1, +0 of ball"] == PONG.colours.index("ball")
    assert said[0]["colour at +0, +2 of ball"] == 0


def test_of_three_frames_it_knows_what_told_a_tick_ago_where_things_go(words: Vocabulary) -> None:
    fast = make_game("pong", **FAST).spec
    three = Vocabulary(fast, words.sprites, reach=4, sight=0)
    assert not Vocabulary(fast, words.sprites, reach=4, sight=0, smooth=(2,)).looks_earlier
    tokens = np.zeros((1, 4, words.sprites.tokens), np.int64)
    tokens[0, EARLIER, 6:9] = 1, 20, 9
    tokens[0, BEFORE, 6:9] = 1, 22, 6
    tokens[0, NOW, :9] = 1, 10, 1, 1, 20, 29, 1, 21, 3
    variables = three.common()
    table = as_table(variables)
    frames = words.sprites.draw(tokens[:, NOW])
    values = look(table, tokens, np.zeros((1, 2), np.int64), frames)[0] - table[:, 0]
    said = {variable.name: value for variable, value in zip(variables, values, strict=True)}
    assert said["way down of ball to before"] == 4 + 2
    assert said["way across of ball to before"] == 4 - 3
    assert said["way down of ball to now"] == 4 - 1
    assert said["ball before down from left paddle now"] == 31 + (22 - 10)
    assert not said.keys() <= {variable.name for variable in words.common()}


def test_its_state_follows_from_the_last_three_frames() -> None:
    made, batch = engine(**FAST), source(**FAST).draw(16, 6)
    assert batch["frames"].shape[1] == 3 + 6
    hidden = encode(made, batch)
    _, last = made.unroll(hidden, batch["actions"][:, 2:], batch["frames"][:, 3:])
    shown = Context(batch["frames"][:, -3:], batch["actions"][:, -2:])
    again = made.encode(shown, batch["description"])
    for when in ("earlier", "before", "now"):
        assert torch.equal(last[when], again[when]), when


def test_pixels_beyond_the_edge_have_a_value_of_their_own(words: Vocabulary) -> None:
    tokens = np.zeros((1, 3, words.sprites.tokens), np.int64)
    tokens[0, NOW, 6:9] = 1, 0, 0
    variables = words.around(2)
    frames = words.sprites.draw(tokens[:, NOW])
    table = as_table(variables)
    values = look(table, tokens, np.zeros((1, 2), np.int64), frames)[0] - table[:, 0]
    said = {variable.name: value for variable, value in zip(variables, values, strict=True)}
    assert said["colour at +0, +0 of ball"] == 3
    assert said["colour at +0, +1 of ball"] == 3
    paddles = words.around(0)
    table = as_table(paddles)
    nowhere = look(table, tokens, np.zeros((1, 2), np.int64), frames)[0] - table[:, 0]
    assert set(nowhere.tolist()) == {len(PONG.colours) + 1}  # no paddle, nothing around it


def test_sums_of_rows_have_the_gradient_of_torch() -> None:
    rows = torch.randn(20, 7, requires_grad=True)
    chosen, weights = torch.randint(0, 20, (50, 4)), torch.randn(50, 7)
    (_sum_of_rows(rows, chosen) * weights).sum().backward()
    same = rows.detach().clone().requires_grad_()
    (F.embedding_bag(chosen, same, mode="sum") * weights).sum().backward()
    torch.testing.assert_close(rows.grad, same.grad)


def test_a_way_and_a_place_are_added_up() -> None:
    head = SpriteHead(shapes=2, height=6, width=8, reach=2)
    outputs = torch.zeros(1, head.outputs)
    _, row, _, down, across = outputs.split(head.split, 1)
    row[0, 5], down[0, 3], across[0, 0] = 1.0, 2.0, 3.0
    logits = head.logits(outputs, torch.tensor([[1, 4, 1]]))
    assert logits[1].tolist() == [[0, 0, 0, 0, 0, 1 + 2]]  # row 4, one further down
    assert logits[2].tolist() == [[0] * 8]  # two to the left of column 1: off the board


def test_places_of_what_is_not_there_do_not_count() -> None:
    head = SpriteHead(shapes=2, height=6, width=8, reach=2)
    outputs = torch.randn(2, head.outputs)
    outputs[:, :2] = torch.tensor([5.0, -5.0])
    now = torch.tensor([[1, 2, 2]] * 2)
    loss, wrong = sprite_loss(head, now, torch.tensor([[0, 0, 0], [0, 3, 3]]), outputs)
    assert wrong.tolist() == [False, False]
    assert loss.item() == pytest.approx(F.softplus(torch.tensor(-10.0)).item(), rel=1e-2)


def test_a_light_stays_as_it_is_unless_something_speaks() -> None:
    now = torch.tensor([[0, 1]])
    assert (light_logits(torch.zeros(1, 2), now) > 0).tolist() == [[False, True]]


@pytest.mark.parametrize("options", [{}, FAST])
@pytest.mark.parametrize("smooth", [(), ("ball",)])
def test_it_is_taught_what_it_shows(smooth: tuple[str, ...], options: dict[str, int]) -> None:
    made = engine(smooth, **options)
    batch, context = source(**options).draw(24, 5), made.spec.context
    actions, frames = batch["actions"][:, context - 1 :], batch["frames"][:, context:]
    judged = made.judge(encode(made, batch), actions, frames, forced=True)
    shown = predict(made, batch, teacher_forcing=True)
    right = (shown.logits.max(2).indices == frames[:, :, 0]).all((2, 3))
    assert torch.equal(judged.wrong == 0, right)
    assert not right.all()


def test_it_knows_the_description_if_it_is_asked_to() -> None:
    made = engine(ball_speed=[1, 2])
    named = {variable.name for net in made.movers for variable in net.variables}
    assert not named & set(PONG.description)
    told = engine(described=True, ball_speed=[1, 2])
    named = {variable.name for net in told.movers for variable in net.variables}
    assert named >= set(PONG.description)
    batch = source().draw(64, 4)
    logits = [
        predict(told, batch | {"description": batch["description"] + changed}).logits
        for changed in (0, 1)
    ]
    assert not torch.equal(*logits)


def test_a_checkpoint_holds_the_sprites(tmp_path: Path) -> None:
    made = engine()
    save_engine(tmp_path / "engine.ckpt", made, {})
    loaded = load_checkpoint(tmp_path / "engine.ckpt").engine
    batch = source().draw(8, 6)
    assert torch.equal(predict(loaded, batch).logits, predict(made, batch).logits)


def test_a_checkpoint_leaves_out_what_is_not_looked_at(tmp_path: Path) -> None:
    made, sizes = engine(), []
    batch = source().draw(8, 6)
    for name in ("whole.ckpt", "pruned.ckpt"):
        save_engine(tmp_path / name, made, {})
        sizes.append((tmp_path / name).stat().st_size)
        loaded = load_checkpoint(tmp_path / name).engine
        assert torch.equal(predict(loaded, batch).logits, predict(made, batch).logits)
        for net in (*made.movers, made.outcome):
            net.kept[::2] = 0.0
    assert sizes[1] < 0.8 * sizes[0]


def test_a_network_may_look_at_nothing() -> None:
    made = engine()
    batch = source().draw(8, 1)
    actions, frames = batch["actions"][:, 1:], batch["frames"][:, 2:]
    made.outcome.head.weight.data.zero_()  # it says the same whatever it sees
    made.outcome.head.bias.data[:] = torch.tensor([0.0, 0.0, -9.0])
    made.forget(encode(made, batch), actions, frames, torch.zeros(8, 1, 3))
    assert made.outcome.kept.sum() == 0
    judged = made.judge(encode(made, batch), actions, frames, forced=True)
    assert judged.reward.tolist() == [[[0.0, 0.0]]] * 8


def test_an_engine_that_has_seen_nothing_says_so() -> None:
    with pytest.raises(RuntimeError, match="call prepare"):
        encode(make_engine("slots", PONG), source().draw(1, 1))
