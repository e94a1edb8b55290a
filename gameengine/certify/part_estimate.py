"""How many questions the parts of an engine would have to be asked, from a sample."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.contexts import contexts_of
from data_gen.reachable import Reachable, joint_actions
from gameengine.certify.parts import Part
from gameengine.slot_variables import NOW
from gameengine.sprites import Sprites

SAMPLED = 1 << 17  # transitions
_AT_ONCE = 1 << 13


def estimate(parts: list[Part], states: Reachable, sprites: Sprites) -> list[float]:
    """For each part about how many different questions there are in all transitions, or fewer, if
    some are much rarer than others. The sample is the same each time."""
    rng = np.random.default_rng(0)
    seen: list[list[NDArray[np.uint64]]] = [[] for _ in parts]
    for _ in range(SAMPLED // _AT_ONCE):
        known = _transitions(states, sprites, rng)
        for part, numbers in zip(parts, seen, strict=True):
            numbers.append(_numbers(part, *known))
    return [total(len(np.unique(np.concatenate(numbers))), SAMPLED) for numbers in seen]


def total(different: int, drawn: int) -> float:
    """Of how many things, all equally likely, so many `different` ones are expected among so many
    that were drawn: N with N (1 - exp(-drawn / N)) = different. Infinite if none came twice."""
    if different == drawn:
        return math.inf
    least, most = float(different), drawn**2 / (drawn - different)
    for _ in range(60):
        middle = (least + most) / 2
        if -middle * math.expm1(-drawn / middle) < different:
            least = middle
        else:
            most = middle
    return most


def _transitions(
    states: Reachable, sprites: Sprites, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens (B, 3, V), actions (B, P) and frames now (B, H, W) of some of them."""
    game, moves = states.game, joint_actions(states.game.spec)
    before = rng.integers(len(states), size=_AT_ONCE)
    first, second = rng.integers(len(moves), size=(2, _AT_ONCE))
    contexts = contexts_of(states, before, first)
    after = game.render(game.step(contexts.state, moves[second]))[:, 0]
    shown = [contexts.frames[:, 0, 0], contexts.frames[:, -1, 0], after]
    tokens = np.stack([sprites.read(frames) for frames in shown], 1)
    actions = moves[second].astype(np.int64)
    return torch.from_numpy(tokens), torch.from_numpy(actions), torch.from_numpy(shown[1])


def _numbers(part: Part, tokens: Tensor, actions: Tensor, frames: Tensor) -> NDArray[np.uint64]:
    """A number (B,) for what a part depends on, hardly ever the same for two questions."""
    chosen = part.net.choose(tokens, actions, frames)
    seen = torch.cat([chosen, tokens[:, NOW, part.tokens]], 1).numpy().astype(np.uint64)
    factors = np.random.default_rng(0).integers(1 << 63, size=seen.shape[1], dtype=np.uint64)
    return (seen + np.uint64(1)) @ (2 * factors + np.uint64(1))  # modulo 2^64
