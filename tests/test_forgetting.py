"""What engines can do without: dropping what nothing depends on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data_gen.games.pong import SPEED, TALL
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint, save_engine
from gameengine.data import GameData
from gameengine.engine import Engine
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.engines.slots import SlotsEngine
from gameengine.forgetting import bearable, drop_from
from gameengine.learner import encode
from gameengine.mixture import by_variant, joined
from gameengine.pruning import Pruning
from gameengine.slot_heads import SpeedHead, speed_loss
from gameengine.slot_nets import SlotNet
from gameengine.weight_makers import Generator
from gameengine.windows import Batch

VARIANTS = {
    f"{tall}-{speed}": {"paddle_height": tall, "ball_speed": speed}
    for tall in (5, 9)
    for speed in (1, 2)
}
SPEED_TOLD = SPEED - TALL  # its place in the description


def test_what_nothing_depends_on_is_dropped_the_least_telling_first() -> None:
    kept = [torch.ones(3), torch.ones(2)]
    worth = [torch.tensor([0.001, 9.0, 0.002]), torch.tensor([0.004, 0.0])]
    needed = [torch.tensor([0, 1, 0]), torch.tensor([0, 1])]

    def surprise() -> tuple[float, int]:
        gone = [1 - one for one in kept]
        loss = sum(float((one * of).sum()) for one, of in zip(gone, worth, strict=True))
        return loss, 3 + sum(int((one * of).sum()) for one, of in zip(gone, needed, strict=True))

    assert drop_from(kept, surprise) == 3
    assert [one.tolist() for one in kept] == [[0, 1, 0], [0, 1]]


def test_a_loss_is_bearable_if_it_is_small_or_not_twice_as_large() -> None:
    assert bearable(0.01, 0.0)
    assert not bearable(0.011, 0.0)
    assert bearable(2.0, 1.0)
    assert not bearable(2.1, 1.0)


@pytest.fixture(scope="module")
def batch() -> Batch:
    data = GameData(variants=VARIANTS, ticks_per_batch=60)
    return by_variant(joined([data.draw() for _ in range(3)]))


def hyper(**options: object) -> HyperEngine:
    """Of Pong, with slots; untaught."""
    torch.manual_seed(0)
    game = make_game("pong", paddle_height=[5, 9], ball_speed=[1, 2])
    generated = ["movers.*.layers.*", "movers.*.head"]
    base = {"base": "slots", "base_options": {"width": 16}}
    engine = make_engine("hyper", game.spec, **base, generated=generated, **options)
    assert isinstance(engine, HyperEngine)
    engine.prepare(*GameData(variants=VARIANTS).glimpse(512))
    return engine


def forget(engine: Engine, batch: Batch) -> None:
    context = engine.spec.context
    actions, frames = batch["actions"][:, context - 1 :], batch["frames"][:, context:]
    outcome = torch.cat([batch["reward"], batch["terminated"][..., None]], 2)
    with torch.no_grad():
        engine.forget(encode(engine, batch), actions, frames, outcome)


def test_windows_of_a_variant_stand_side_by_side(batch: Batch) -> None:
    assert batch["variant"].tolist() == [number for number in range(4) for _ in range(45)]
    assert batch["description"][:45, SPEED_TOLD].tolist() == [1] * 45


def test_layers_forget_what_of_the_description_changes_nothing(batch: Batch) -> None:
    engine = hyper()
    makers = [make for make in engine.generators if isinstance(make, Generator)]
    assert len(makers) == 6  # two layers for each of two paddles and the ball
    assert isinstance(engine.base, SlotsEngine)
    shapes, height, width, way, _ = engine.base._heads[0].split
    head = makers[1]  # of the left paddle
    tall, stay = head.changes[1][0], head.start.get_parameter("bias")
    with torch.no_grad():
        for make in makers:
            for change in make.changes:
                change[SPEED_TOLD] = 0.0
        tall[:shapes] = torch.tensor([0.0, 999.0, -999.0])  # which of two shapes it has
        stay[shapes + height + width + torch.tensor([0, way]) + way // 2] = 99.0
    forget(engine, batch)
    assert all(make.kept[SPEED_TOLD] == 0 for make in makers)
    assert [make.kept[0] == 1 for make in makers] == [False, True, False, False, False, False]
    assert _variables_kept(engine).min() == 1  # these are dropped once the layers are settled
    forget(engine, batch)
    assert _variables_kept(engine).min() == 0


def test_what_is_forgotten_has_no_effect_any_more() -> None:
    engine = hyper()
    makers = [make for make in engine.generators if isinstance(make, Generator)]
    one, other = torch.zeros(1, 4), torch.tensor([[0.0, 0.0, 3.0, 0.0]])
    assert not all(map(torch.equal, makers[0](one), makers[0](other)))
    makers[0].kept[2] = 0.0
    assert all(map(torch.equal, makers[0](one), makers[0](other)))


def test_a_checkpoint_leaves_out_what_was_forgotten(tmp_path: Path) -> None:
    engine = hyper()
    makers = [make for make in engine.generators if isinstance(make, Generator)]
    before = len(torch.nn.utils.parameters_to_vector(engine.parameters()))
    for make in makers:
        make.kept[[1, 3]] = 0.0
    save_engine(tmp_path / "some.ckpt", engine, {})
    loaded = load_checkpoint(tmp_path / "some.ckpt").engine
    assert isinstance(loaded, HyperEngine)
    assert len(torch.nn.utils.parameters_to_vector(loaded.parameters())) == before
    stored = engine.state_dict()
    assert all(len(value) == 2 for name, value in stored.items() if ".changes." in name)
    told = torch.tensor([[0.5, 9.0, -1.0, 9.0]])
    for own, other in zip(engine.implement(told), loaded.implement(told), strict=True):
        assert all(map(torch.equal, own, other))


def test_the_base_forgets_as_well(batch: Batch) -> None:
    engine = hyper(source="table", size=4)
    assert engine.can_forget
    forget(engine, batch)
    assert _variables_kept(engine).min() == 0


def _variables_kept(engine: HyperEngine) -> torch.Tensor:
    named = engine.base.named_buffers()
    return torch.cat([value for name, value in named if name.endswith("kept")])


def test_smooth_slots_forget_what_their_hidden_motion_does_not_need() -> None:
    torch.manual_seed(0)
    data = GameData(options={"serve_angles": True}, ticks_per_batch=64, games=32, chunk=32)
    engine = make_engine("slots", data.spec, width=16, reach=2, smooth=["ball"])
    assert isinstance(engine, SlotsEngine)
    engine.prepare(*data.glimpse(512))
    data.ask(engine)
    net = next(iter(engine.paces))
    assert isinstance(net, SlotNet)
    with torch.no_grad():
        net.rows[: net.variables[0].size] = 0.0  # its first variable tells nothing
    forget(engine, data.draw())
    assert net.kept[0] == 0


def test_hidden_tokens_can_be_mistakes() -> None:
    head = SpeedHead(9)
    now, after = torch.tensor([6, 6]), torch.tensor([6, 3])
    outputs, sure = torch.zeros(2, head.outputs), torch.ones(2)
    for strict, wrong in ((False, [False, False]), (True, [False, True])):
        assert speed_loss(head, now, after, outputs, sure, strict)[1].tolist() == wrong
    assert not speed_loss(head, now, after, outputs, 0 * sure, strict=True)[1].any()


def test_engines_that_have_nothing_to_drop_are_told() -> None:
    spec = make_game("pong").spec
    with pytest.raises(ValueError, match=r"pruning.marks are for SlotsEngine, and"):
        Pruning([0.5]).check(make_engine("feedback", spec))
    with pytest.raises(TypeError, match="nothing to drop"):
        make_engine("gru", spec).forget({}, *[torch.zeros(1)] * 3)
    Pruning().check(make_engine("feedback", spec))
