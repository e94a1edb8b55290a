"""The parts of training: loss, teacher forcing, Muon, averaging, budget, growth."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal, cast

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from data_gen.game import GameSpec
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.budget import Budget
from gameengine.data import GameData
from gameengine.engine import Engine
from gameengine.engines import make_engine
from gameengine.frames import with_noise
from gameengine.growth import Growth
from gameengine.learner import Learner, predict
from gameengine.live import LiveSource
from gameengine.muon import Muon, orthogonal
from gameengine.training import warm_average
from gameengine.windows import Batch


def small_feedback(spec: GameSpec) -> Engine:
    return make_engine("feedback", spec, width=8, depth=1)


def source_of_windows() -> LiveSource:
    return LiveSource(make_game("pong"), make_players(["sticky"]), games=16)


def fake_trainer(progress: float = 0.0, right: float = 0.0, **options: Any) -> pl.Trainer:
    """What the callbacks look at. A whole Trainer is used in test_training.py."""
    budget = Budget(steps=1000)
    budget.used_steps = round(1000 * progress)
    return cast(
        pl.Trainer,
        SimpleNamespace(
            callbacks=[budget],
            callback_metrics={"held_out/frames_right": torch.tensor(right)},
            datamodule=GameData(**options),
            should_stop=False,
            global_step=budget.used_steps,
        ),
    )


def test_loss_is_cross_entropy_per_tick_plus_outcome() -> None:
    learner = Learner(small_feedback, reward_weight=2.0)
    learner.build(make_game("pong").spec)
    batch = source_of_windows().draw(3, 2)
    loss, wrong = learner.judged(batch)
    shown = predict(learner.engine, batch)
    frames = batch["frames"][:, 2:, 0].long()  # (B, T, H, W)
    chances = shown.logits.log_softmax(2).gather(2, frames[:, :, None])
    pixels = -chances.sum() / 6
    reward = (shown.reward - batch["reward"]).square().sum() / 6
    end = torch.nn.functional.softplus(shown.termination).mean()  # nothing ends in these windows
    torch.testing.assert_close(loss, pixels + 2 * (reward + end))
    assert torch.equal(wrong, (shown.logits.argmax(2) != frames).sum((2, 3)))


def test_teacher_forcing_judges_each_tick_from_true_frames() -> None:
    learner = Learner(small_feedback, teacher_forcing=True)
    learner.build(make_game("pong").spec)
    batch = source_of_windows().draw(2, 4)
    _, wrong = learner.judged(batch, teacher_forcing=True)
    for tick in range(4):
        window: Batch = {
            "frames": batch["frames"][:, tick : tick + 3],
            "actions": batch["actions"][:, tick : tick + 2],
            "reward": batch["reward"][:, tick : tick + 1],
            "terminated": batch["terminated"][:, tick : tick + 1],
            "description": batch["description"],
        }
        assert torch.equal(wrong[:, tick], learner.judged(window)[1][:, 0])
    assert not torch.equal(wrong, learner.judged(batch)[1])


def test_teacher_forcing_needs_an_engine_that_reads_frames() -> None:
    learner = Learner(lambda spec: make_engine("gru", spec, width=8), teacher_forcing=True)
    with pytest.raises(ValueError, match="GruEngine does not"):
        learner.build(make_game("pong").spec)


def test_noise_changes_its_share_of_pixels_to_any_colour() -> None:
    frames = torch.full((40, 2, 1, 32, 32), 2, dtype=torch.uint8)
    noisy = with_noise(frames, 0.3, 5, np.random.default_rng(0))
    assert (frames == 2).all()
    shares = torch.bincount(noisy.flatten().long(), minlength=5) / frames.numel()
    expected = torch.tensor([0.06, 0.06, 0.76, 0.06, 0.06])  # one in five hits shows the old one
    torch.testing.assert_close(shares, expected, atol=0.005, rtol=0)
    assert torch.equal(with_noise(frames, 0.0, 5, np.random.default_rng(0)), frames)


@pytest.mark.parametrize("given", ["all", "last"])
def test_training_is_given_all_frames_or_the_last(
    given: Literal["all", "last"], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    life = make_game("life", size=(8, 8))
    learner = Learner(lambda spec: make_engine("cell", spec), given=given)
    learner.build(life.spec)
    monkeypatch.setattr(learner, "_trainer", fake_trainer())
    monkeypatch.setattr(GameData, "mine", lambda data, batch, wrong: None)
    batch = LiveSource(life, make_players(["random"]), games=4).draw(4, 3)
    between = batch["frames"].clone()
    between[:, 1:-1] = 1 - between[:, 1:-1]
    losses = [
        learner.training_step(batch | {"frames": frames}, 1)
        for frames in (batch["frames"], between)
    ]
    assert (losses[0] == losses[1]) == (given == "last")


def test_noise_is_in_the_context_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Batch] = []

    def judged(learner: Learner, batch: Batch, forced: bool = False) -> tuple[torch.Tensor, ...]:
        seen.append(batch)
        return torch.zeros(()), torch.ones(batch["reward"].shape[:2])

    monkeypatch.setattr(Learner, "judged", judged)
    trainer, batch = fake_trainer(mined_share=0.5), source_of_windows().draw(8, 1)
    kept: list[Batch] = []
    monkeypatch.setattr(GameData, "mine", lambda data, batch, wrong: kept.append(batch))
    for seed in (0, 0, 1):
        learner = Learner(small_feedback, noise=0.2, seed=seed)
        learner.build(make_game("pong").spec)
        monkeypatch.setattr(learner, "_trainer", trainer)
        learner.training_step(batch, 1)
    monkeypatch.setattr(Learner, "log", lambda *_, **__: None)
    learner.validation_step(batch, 0)
    for number in range(3):
        changed = seen[number]["frames"] != batch["frames"]
        assert 0.1 < changed[:, :2].float().mean() < 0.2, "the context"
        assert not changed[:, 2:].any(), "what is to be predicted"
        assert kept[number] is batch, "mined windows stay true"
    assert torch.equal(seen[0]["frames"], seen[1]["frames"])
    assert not torch.equal(seen[0]["frames"], seen[2]["frames"])
    assert seen[3] is batch


def test_a_validation_compares_at_one_length_whatever_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: dict[str, float] = {}
    monkeypatch.setattr(Learner, "log", lambda _, name, value, **__: logged.update({name: value}))
    learner = Learner(small_feedback)
    learner.build(make_game("pong").spec)
    batch = source_of_windows().draw(4, 1)
    for ticks in (0, 6):
        logged.clear()
        monkeypatch.setattr(learner, "_trainer", fake_trainer(compared_ticks=ticks))
        learner.validation_step(batch, 0)
        assert ("compared/wrong_pixels" in logged) == (ticks > 0)
    data = GameData.of(learner.trainer)
    windows = data.held_out_windows(6)
    assert windows["reward"].shape[1] == 6
    assert float(logged["compared/wrong_pixels"]) == learner.judged(windows)[1].float().mean()
    assert float(logged["held_out/wrong_pixels"]) == learner.judged(batch)[1].float().mean()


@pytest.mark.parametrize("shape", [(4, 8, 20), (1, 20, 8), (2, 16, 16)])
def test_muon_makes_all_directions_equal(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(matrices))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_muon_finds_a_minimum_with_both_kinds_of_parameters() -> None:
    generator = torch.Generator().manual_seed(0)
    goal, offset = torch.randn(6, 4, generator=generator), torch.randn(6, generator=generator)
    weight, bias = torch.zeros(6, 4, requires_grad=True), torch.zeros(6, requires_grad=True)
    optimiser = Muon([weight], [bias], lr=0.05, adam_lr=0.05, weight_decay=0.0)
    for step in range(400):
        for group, rate in zip(optimiser.param_groups, (0.05, 0.05), strict=True):
            group["lr"] = rate * (1 - step / 400)
        optimiser.zero_grad()
        ((weight - goal).square().sum() + (bias - offset).square().sum()).backward()
        optimiser.step()
    torch.testing.assert_close(weight.detach(), goal, atol=0.02, rtol=0)
    torch.testing.assert_close(bias.detach(), offset, atol=0.02, rtol=0)


def test_muon_steps_each_matrix_of_a_stack_by_itself() -> None:
    random = torch.Generator().manual_seed(0)
    stack = torch.randn(3, 6, 4, generator=random).requires_grad_()
    alone = [matrix.detach().clone().requires_grad_() for matrix in stack]
    optimisers = Muon([stack], []), Muon(alone, [])
    for _ in range(3):
        sizes = torch.tensor([1e-3, 1, 9])[:, None, None]
        stack.grad = sizes * torch.randn(3, 6, 4, generator=random)
        for matrix, gradient in zip(alone, stack.grad, strict=True):
            matrix.grad = gradient
        for optimiser in optimisers:
            optimiser.step()
    torch.testing.assert_close(stack, torch.stack(alone))


def test_muons_adam_is_torchs_adam() -> None:
    mine, theirs = (torch.ones(5, requires_grad=True) for _ in range(2))
    optimisers = (
        Muon([], [mine], adam_lr=0.01, betas=(0.9, 0.98)),
        torch.optim.Adam([theirs], 0.01, (0.9, 0.98)),
    )
    for step in range(5):
        for weight, optimiser in zip((mine, theirs), optimisers, strict=True):
            weight.grad = torch.arange(5.0) - step
            optimiser.step()
    torch.testing.assert_close(mine, theirs)


def test_the_average_forgets_the_untrained_weights() -> None:
    average, weight = [torch.zeros(1)], [torch.ones(1)]
    update = warm_average(0.998)
    for step in range(1, 101):
        update(average, weight, step)
    assert average[0] > 0.999  # a plain average of decay 0.998 would stand at 0.18


def test_a_budget_ends_at_whichever_limit_comes_first() -> None:
    budget = Budget(minutes=1000.0, steps=40)
    budget.used_steps = 10
    assert budget.progress == 0.25
    trainer = fake_trainer()
    trainer.global_step = 40  # pyright: ignore
    budget.on_train_batch_end(trainer, *[cast(Any, None)] * 4)
    assert trainer.should_stop


def test_a_budget_counts_the_time_before_a_resume() -> None:
    budget = Budget(minutes=1.0)
    budget.load_state_dict({"seconds": 45.0, "steps": 7})
    assert budget.progress == 0.75
    assert budget.state_dict() == {"seconds": 45.0, "steps": 7}


def test_budgets_without_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="minutes or steps"):
        Budget()
    with pytest.raises(ValueError, match="minutes must be more than 0, not -1"):
        Budget(minutes=-1)


def test_windows_grow_when_they_are_learned() -> None:
    growth = Growth([4, 8, 16], learned=0.9, patience=0.5)
    trainer = fake_trainer(progress=0.1, right=0.95)
    growth.on_train_start(trainer, cast(Any, None))
    assert GameData.of(trainer).length == 4
    growth.on_validation_epoch_end(trainer, cast(Any, None))
    assert GameData.of(trainer).length == 8


def test_windows_grow_when_their_share_of_the_budget_is_used() -> None:
    growth = Growth([4, 8], learned=0.9, patience=0.3)
    for progress, length in ((0.1, 4), (0.29, 4), (0.3, 8), (0.9, 8)):
        trainer = fake_trainer(progress=progress, right=0.2)
        growth.on_validation_epoch_end(trainer, cast(Any, None))
        growth.on_train_start(trainer, cast(Any, None))
        assert GameData.of(trainer).length == length


def test_growth_goes_on_after_a_resume() -> None:
    growth = Growth([4, 8, 16])
    growth.load_state_dict({"stage": 2, "since": 0.6})
    trainer = fake_trainer()
    growth.on_train_start(trainer, cast(Any, None))
    assert GameData.of(trainer).length == 16
    assert growth.state_dict() == {"stage": 2, "since": 0.6}


@pytest.mark.parametrize("lengths", [[], [8, 4], [4, 4], [0, 1]])
def test_lengths_must_rise(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="rise"):
        Growth(lengths)
