"""A learned engine as a game: whatever works with a true game works with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import Actions, AnyGame, Frames, Seeds, State, with_context
from data_gen.registry import game_of
from gameengine.engine import Context, Engine, Hidden, Prediction
from gameengine.frames import snap
from gameengine.retargeting import load_engine


@dataclass(frozen=True)
class DreamState(State):
    hidden: Hidden  # the engine's state: tensors with B first
    frames: Frames  # (B, C, H, W): what the hidden state shows


class LearnedGame:
    """The game that an engine has learned. truth: the true game, whose spec it shares but for the
    context, which is the engine's; by default that of the engine's spec, else a variant of it."""

    def __init__(self, engine: Engine, truth: AnyGame | None = None) -> None:
        self.engine = engine.eval()
        self.truth = with_context(truth or game_of(engine.spec), engine.spec.context)
        self.spec = self.truth.spec

    @staticmethod
    def load(path: str | Path, options: Mapping[str, Any] | None = None) -> LearnedGame:
        """The learned game in a checkpoint file. options: of the game, that are other ones than in
        training. Raises UserError if it cannot be used."""
        engine = load_engine(Path(path), options or {})
        try:
            return LearnedGame(engine)
        except ValueError as error:
            raise UserError(f"{path} cannot be played: {error}") from error

    def init(self, seeds: Seeds) -> DreamState:
        """Run the true game for the context and encode it. seeds (B,) uint64."""
        return self.init_beside_truth(seeds)[1]

    def init_beside_truth(self, seeds: Seeds) -> tuple[Any, DreamState]:
        """The true state and the dream of it at the same tick, the last of the context, in which
        all players choose action 0."""
        state = self.truth.init(seeds)
        shown = [self.truth.render(state)]
        idle = np.zeros((len(seeds), len(self.spec.players)), np.int64)
        for _ in range(self.spec.context - 1):
            state = self.truth.step(state, idle)
            shown.append(self.truth.render(state))
        return state, self.dream_of(np.stack(shown, 1), np.stack([idle] * len(shown), 1), state)

    def dream_of(self, frames: NDArray[np.uint8], actions: Actions, state: State) -> DreamState:
        """The dream that begins with true frames (B, T0, C, H, W), the last of which shows `state`;
        of actions (B, T, P) the first T0 - 1 lie between them."""
        between = torch.from_numpy(actions[:, : self.spec.context - 1].astype(np.int64))
        with torch.inference_mode():
            hidden = self.engine.encode(
                Context(torch.from_numpy(frames), between), torch.from_numpy(state.description)
            )
        return DreamState(
            reward=state.reward,
            terminated=state.terminated,
            description=state.description,
            event=state.event,
            hidden=hidden,
            frames=frames[:, -1],
        )

    def step(self, state: DreamState, actions: Actions) -> DreamState:
        """One tick of the dream. actions (B, P)."""
        with torch.inference_mode():
            hidden = self.engine.advance(
                state.hidden, torch.from_numpy(actions.astype(np.int64, copy=False))
            )
            shown: Prediction = self.engine.decode(hidden)
            frames = snap(shown.logits).numpy()
        return DreamState(
            # In tenths: rewards are small whole numbers in every game here, and a rounded one does
            # not depend on the order in which a batch was summed up.
            reward=shown.reward.float().round(decimals=1).numpy(),
            terminated=state.terminated | (shown.termination > 0).numpy(),
            description=state.description,
            event=np.zeros(len(frames), np.uint8),  # an engine does not name what happens
            hidden=hidden,
            frames=frames,
        )

    def render(self, state: DreamState) -> Frames:
        return state.frames
