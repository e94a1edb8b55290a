"""Training around any engine: loss, metrics, optimiser, schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.budget import Budget
from gameengine.checkpoint import describe_engine
from gameengine.data import GameData
from gameengine.engine import Context, Engine, Hidden, Prediction
from gameengine.engines.cell import CellEngine
from gameengine.frames import shares, with_noise
from gameengine.muon import Muon
from gameengine.relaxed import chances, judged_at_the_end, takes_shares
from gameengine.windows import Batch

LOG_EVERY = 10  # batches: Lightning's logging costs as much as a layer


class Learner(pl.LightningModule):
    """Teaches an engine to render a game. engine: its class and options; the game is known later,
    see `build`.

    optimizer: "muon" for the weights of convolutions and dense layers and for stacks of matrices
    (three axes), with Adam for the rest, or "adam" for all. learning_rate: Adam's; muon_rate:
    Muon's. Both rise over `warmup` steps and fall to 0 with the budget. weight_decay: on those
    weights only. betas: Adam's. clip: largest norm of the gradient.
    teacher_forcing: in training, true frames are fed back instead of those that were shown; for
    engines that read frames.
    noise: in training, this share of the context's pixels takes a random colour, so that an engine
    that reads its own frames learns to mend them; the frames to predict stay true.
    given: in training, "all" frames of a window; or, for cell engines without actions, the first
    and the "last" one, so that what lies between is as uncertain as the engine is; or "chances" in
    place of the first, by which its pixels may have been drawn, and the last one.
    reward_weight: of reward and termination in the loss. seed: of the noise.
    Raises ValueError for a noise outside 0 to 1.
    """

    def __init__(
        self,
        engine: Callable[[GameSpec], Engine],
        optimizer: Literal["muon", "adam"] = "adam",
        learning_rate: float = 3e-3,
        muon_rate: float = 0.02,
        warmup: int = 100,
        weight_decay: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.98),
        clip: float = 1.0,
        teacher_forcing: bool = False,
        noise: float = 0.0,
        given: Literal["all", "last", "chances"] = "all",
        reward_weight: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0 <= noise <= 1:
            raise ValueError(f"model.noise must lie between 0 and 1, not {noise}")
        self._make_engine = engine
        self._optimizer, self._warmup = optimizer, warmup
        self._rate, self._muon_rate = learning_rate, muon_rate
        self._weight_decay, self._betas, self._clip = weight_decay, betas, clip
        self._teacher_forcing = teacher_forcing
        self._noise, self._seed = noise, seed
        self._given = given
        self._reward_weight = reward_weight

    def build(
        self, spec: GameSpec, glimpse: Callable[[int], tuple[Tensor, Tensor]] | None = None
    ) -> None:
        """Make the engine for a game. glimpse: gives so many true frames (N, C, H, W), and
        descriptions, for engines that look at some first. Raises ValueError if engine, game and
        options do not fit."""
        self.engine = self._make_engine(spec)
        if glimpse is not None and self.engine.glimpses:
            self.engine.prepare(*glimpse(self.engine.glimpses))
        for option, chosen in (("teacher_forcing", self._teacher_forcing), ("noise", self._noise)):
            if chosen and not self.engine.reads_frames:
                name = type(self.engine).__name__
                raise ValueError(f"{option} needs an engine that reads frames; {name} does not")
        if self._given != "all" and not takes_shares(self.engine):
            raise ValueError(
                f'given: "{self._given}" needs a CellEngine that sees one frame of cells of one'
                " pixel, and a game without actions; this is"
                f" {type(self.engine).__name__} of {spec.name}"
            )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        shown = self._disturbed(batch)
        if self._given == "all":
            loss, wrong = self.judged(shown, self._teacher_forcing)
        else:
            seen = self._first_shares(shown)
            loss, wrong = judged_at_the_end(cast(CellEngine, self.engine), shown, seen)
        GameData.of(self.trainer).mine(batch, (wrong > 0).any(1))
        if batch_idx % LOG_EVERY == 0:
            self._log("train", loss, wrong)
            self.log("length", float(GameData.of(self.trainer).length))
            self.log("learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        data = GameData.of(self.trainer)
        parts = [self.judged(own) for own in _by_variant(batch, len(data.variants))]
        losses, wrongs = zip(*parts, strict=True)
        self._log("held_out", torch.stack(losses).mean(), torch.cat(wrongs))
        if len(parts) > 1:
            for name, (loss, wrong) in zip(data.variants, parts, strict=True):
                self._log(f"held_out/{name}", loss, wrong)
        if data.compared_ticks:
            windows = data.held_out_windows(data.compared_ticks)
            there = {key: value.to(self.device) for key, value in windows.items()}
            self._log("compared", *self.judged(there))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["gameengine"] = describe_engine(self.engine, {"steps": self.global_step})

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        rising = min(1.0, (self.global_step + 1) / max(1, self._warmup))
        factor = rising * (1.0 - Budget.of(self.trainer).progress)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = group["full_rate"] * factor

    def configure_optimizers(self) -> torch.optim.Optimizer:
        layers = (nn.Conv2d, nn.Linear)
        weights = [layer.weight for layer in self.modules() if isinstance(layer, layers)]
        weights += [weight for weight in self.parameters() if weight.ndim == 3]  # stacks of them
        known = {id(weight) for weight in weights}
        others = [weight for weight in self.parameters() if id(weight) not in known]
        if self._optimizer == "muon":
            made: torch.optim.Optimizer = Muon(
                weights, others, self._muon_rate, self._rate, self._betas, self._weight_decay
            )
        else:
            groups = [
                {"params": weights, "weight_decay": self._weight_decay},
                {"params": others, "weight_decay": 0.0},
            ]
            made = torch.optim.AdamW(groups, lr=self._rate, betas=self._betas, fused=True)
        for group in made.param_groups:
            group["full_rate"] = group["lr"]  # before the schedule
        return made

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        # By hand: Lightning refuses to clip for a fused optimiser under mixed precision, for the
        # sake of a gradient scaler that bfloat16 does not have.
        torch.nn.utils.clip_grad_norm_(self.parameters(), self._clip)

    def judged(self, batch: Batch, teacher_forcing: bool = False) -> tuple[Tensor, Tensor]:
        """The loss per tick, and how much of each frame (B, T) is wrong."""
        context = self.engine.spec.context
        actions, frames = batch["actions"][:, context - 1 :], batch["frames"][:, context:]
        judged = self.engine.judge(encode(self.engine, batch), actions, frames, teacher_forcing)
        ticks = frames.shape[0] * frames.shape[1]
        reward = F.mse_loss(judged.reward, batch["reward"], reduction="sum") / ticks
        end = F.binary_cross_entropy_with_logits(judged.termination, batch["terminated"])
        return judged.loss + self._reward_weight * (reward + end), judged.wrong

    def _disturbed(self, batch: Batch) -> Batch:
        """The batch with noise in its context; as it is without noise."""
        if not self._noise:
            return batch
        context, colours = self.engine.spec.context, len(self.engine.spec.colours)
        shown = with_noise(batch["frames"][:, :context], self._noise, colours, self._chance())
        return batch | {"frames": torch.cat([shown, batch["frames"][:, context:]], 1)}

    def _first_shares(self, batch: Batch) -> Tensor:
        """Of the colours in the first frames, (B, K, H, W): certain ones, or chances."""
        first, colours = batch["frames"][:, 0, 0], len(self.engine.spec.colours)
        if self._given == "chances":
            return chances(first, colours, self._chance())
        return shares(first, colours)

    def _chance(self) -> np.random.Generator:
        """Of this step alone, so that a run that goes on needs to remember nothing."""
        return np.random.default_rng([self._seed, self.global_step])

    def _log(self, stage: str, loss: Tensor, wrong: Tensor) -> None:
        size = len(wrong)
        self.log(f"{stage}/loss", loss.detach(), batch_size=size)
        self.log(f"{stage}/frames_right", (wrong == 0).float().mean(), batch_size=size)
        self.log(f"{stage}/wrong_pixels", wrong.float().mean(), batch_size=size)


def _by_variant(batch: Batch, count: int) -> list[Batch]:
    """The windows of each variant."""
    if count == 1:
        return [batch]
    return [
        {key: value[batch["variant"] == number] for key, value in batch.items()}
        for number in range(count)
    ]


def encode(engine: Engine, batch: Batch) -> Hidden:
    """The hidden state after the context of a batch of windows."""
    context = engine.spec.context
    frames, actions = batch["frames"][:, :context], batch["actions"][:, : context - 1]
    shown = Context(frames, actions, batch.get("hindsight"))
    return engine.encode(shown, batch["description"])


def predict(engine: Engine, batch: Batch, teacher_forcing: bool = False) -> Prediction:
    """What the engine shows for the ticks after the context. Time axis behind B."""
    context = engine.spec.context
    truth = batch["frames"][:, context:] if teacher_forcing else None
    actions = batch["actions"][:, context - 1 :]
    return engine.unroll(encode(engine, batch), actions, truth)[0]
