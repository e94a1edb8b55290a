"""What moves the picture: one thing is changed, and the pixels that change with it are counted.

Frames, actions and slots are whole numbers and have no gradient, so every engine is asked by
intervention. Where parts of the hidden state are numbers that the picture depends on smoothly,
the gradient is taken as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from data_gen.game import AnyGame, Seeds
from data_gen.players import Cast
from data_gen.rollout import roll_out
from gameengine.engine import Context, Engine, Hidden
from gameengine.frames import snap
from gameengine.look.hidden_parts import held
from gameengine.look.watch import Bar

LAGS = (1, 2, 4, 8, 16, 32)  # ticks
SETTLED = 8  # ticks of dream before parts of the hidden state are exchanged
PLAYED = 96  # ticks of truth, at one of which, drawn at random, a scene begins
CONSTANT = " (constant)"  # behind the name of an entry that never varies
GRID = 16  # patches along the longer side of a frame


@dataclass(frozen=True)
class Scene:
    """N true contexts, and actions that follow them."""

    frames: Tensor  # (N, T0, 1, H, W) uint8
    between: Tensor  # (N, T0 - 1, P)
    actions: Tensor  # (N, T, P)
    description: Tensor  # (N, D)

    def first(self, count: int) -> Scene:
        """The first `count` of them."""
        return Scene(*(part[:count] for part in vars(self).values()))

    def hidden(self, engine: Engine) -> Hidden:
        return engine.encode(Context(self.frames, self.between), self.description)

    def next_frame(self, engine: Engine) -> Tensor:
        """The first predicted frame (N, H, W)."""
        return self.next_colours(engine).max(1).indices

    def next_colours(self, engine: Engine) -> Tensor:
        """The probability of each colour in it (N, K, H, W)."""
        hidden = engine.advance(self.hidden(engine), self.actions[:, 0])
        return engine.decode(hidden).logits.softmax(1)


def draw_scene(game: AnyGame, cast: Cast, seeds: Seeds) -> Scene:
    """A scene of each seed (N,), somewhere in its first PLAYED ticks."""
    context, follow = game.spec.context, SETTLED + LAGS[-1]
    played = roll_out(game, cast, seeds, PLAYED + context + follow)
    starts = np.random.default_rng(0).integers(0, PLAYED + 1, len(seeds))[:, None]
    items, shown = np.arange(len(seeds))[:, None], starts + np.arange(context)
    acted = starts + context - 1 + np.arange(follow)
    actions = torch.from_numpy(played.actions.astype(np.int64))
    return Scene(
        torch.from_numpy(played.frames[items, shown]),
        actions[items, shown[:, :-1]],
        actions[items, acted],
        torch.from_numpy(played.description),
    )


@torch.inference_mode()
def of_patches(engine: Engine, scene: Scene, bar: Bar = lambda it, _: it) -> tuple[Tensor, Tensor]:
    """How far the next frame moves when a patch of a context frame is painted in another colour,
    the mean over all other colours. In pixels: half the change of the colours' probabilities, so
    that a pixel that certainly changes counts 1. The whole frame, and what lies more than two
    patches away; both (N, T0, rows, columns)."""
    colours = len(engine.spec.colours)
    height, width = scene.frames.shape[-2:]
    size = -(-max(height, width) // GRID)
    rows, columns = -(-height // size), -(-width // size)
    count, others = len(scene.frames), colours - 1
    many = Scene(*(part.repeat_interleave(others, 0) for part in vars(scene).values()))
    shift = torch.arange(1, colours).repeat(count)[:, None, None, None, None]
    painted = ((many.frames + shift) % colours).to(torch.uint8)  # (N * others, T0, 1, H, W)
    before = many.next_colours(engine)
    found = torch.zeros(2, count, scene.frames.shape[1], rows, columns)
    for place in bar(range(rows * columns), "paint each patch"):
        row, column = place // columns * size, place % columns * size
        there = (..., slice(row, row + size), slice(column, column + size))
        beyond = torch.ones(height, width)
        top, left = max(0, row - 2 * size), max(0, column - 2 * size)
        beyond[top : row + 3 * size, left : column + 3 * size] = 0
        for frame in range(scene.frames.shape[1]):
            frames = many.frames.clone()
            frames[:, frame][there] = painted[:, frame][there]
            after = replace(many, frames=frames).next_colours(engine)
            moved = (after - before).abs().sum(1) / 2  # (N * others, H, W)
            sums = torch.stack([moved, moved * beyond]).sum((2, 3))
            means = sums.unflatten(1, (count, others)).mean(2)
            found[:, :, frame, place // columns, place % columns] = means
    return found[0], found[1]


@torch.inference_mode()
def of_actions(engine: Engine, scene: Scene, lags: tuple[int, ...]) -> Tensor:
    """Where the picture changes when one player does something else for one tick: the share of
    scenes and other actions in which a pixel does, (P, lags, H, W). Later actions stay."""
    choices = engine.spec.choices
    start = scene.hidden(engine)
    before = _follow(engine, start, scene.actions, lags)
    found = torch.zeros(engine.spec.taken, *before.shape[1:])
    for player in range(len(found)):
        for shift in range(1, choices):
            actions = scene.actions.clone()
            actions[:, 0, player] = (actions[:, 0, player] + shift) % choices
            found[player] += (_follow(engine, start, actions, lags) != before).float().mean(0)
    return found / max(1, choices - 1)


@torch.inference_mode()
def of_inputs(engine: Engine, scene: Scene, by_actions: Tensor | None) -> dict[str, float]:
    """How many pixels of the next frame change, on average, with each input: the action of each
    player, each context frame and the actions between them (exchanged for another scene's), each
    entry of the description (raised by 1, or from 1 to 0)."""
    before = scene.next_frame(engine)
    spec = engine.spec

    def change(changed: Scene) -> float:
        return float((changed.next_frame(engine) != before).sum((1, 2)).float().mean())

    found = {
        f"action of {name}": float(by_actions[player, 0].sum())
        for player, name in enumerate(spec.players[: spec.taken])
        if by_actions is not None
    }
    for index in range(spec.context):
        frames = scene.frames.clone()
        frames[:, index] = frames[:, index].roll(1, 0)
        ago = spec.context - 1 - index
        found["frame now" if not ago else f"frame {ago} ago"] = change(
            replace(scene, frames=frames)
        )
    if spec.context > 1 and spec.choices > 1:
        found["actions before"] = change(replace(scene, between=scene.between.roll(1, 0)))
    for index, name in enumerate(spec.description):
        description = scene.description.clone()
        entry = description[:, index]
        description[:, index] = torch.where(entry == 1, 0.0, entry + 1)
        varies = "" if bool((entry != entry[0]).any()) else CONSTANT
        found[f"description: {name}{varies}"] = change(replace(scene, description=description))
    return found


@torch.inference_mode()
def of_hidden(engine: Engine, scene: Scene) -> dict[str, Tensor]:
    """How many pixels differ, LAGS ticks later, if a tensor of the hidden state, or all of them, is
    exchanged for another scene's: name -> (lags,)."""
    hidden, actions = _settled(engine, scene)
    before = _follow(engine, hidden, actions, LAGS)
    parts: dict[str, tuple[str, ...]] = {name: (name,) for name in held(hidden)}
    if len(parts) > 1:
        parts["everything"] = tuple(parts)
    found = {}
    for name, exchanged in parts.items():
        other = hidden | {part: hidden[part].roll(1, 0) for part in exchanged}
        if "frame" in hidden and len(exchanged) == len(held(hidden)):
            other["frame"] = hidden["frame"].roll(1, 0)  # fed back: it belongs to the state
        differ = _follow(engine, other, actions, LAGS) != before
        found[name] = differ.sum((2, 3)).float().mean(0)
    return found


def gradients(engine: Engine, scene: Scene) -> dict[str, Tensor]:
    """Mean absolute gradient, over the units of a tensor, of the log-probability of the shown
    colours, summed over the pixels of the frame LAGS ticks later, times the unit's spread: name ->
    (lags,). Empty for engines whose picture does not depend smoothly on the hidden state."""
    with torch.no_grad():
        hidden, actions = _settled(engine, scene)
    leaves = {
        name: value.detach().clone().requires_grad_()
        for name, value in held(hidden).items()
        if value.is_floating_point()
    }
    if not leaves:
        return {}
    shown, _ = engine.unroll(hidden | leaves, actions[:, : LAGS[-1]])
    if not shown.logits.requires_grad:
        return {}
    likely = shown.logits.log_softmax(2).amax(2).sum((2, 3))  # (N, T): of the shown colours
    found = {name: torch.zeros(len(LAGS)) for name in leaves}
    for index, lag in enumerate(LAGS):
        slopes = torch.autograd.grad(
            likely[:, lag - 1].sum(), list(leaves.values()), retain_graph=True, allow_unused=True
        )
        for (name, leaf), slope in zip(leaves.items(), slopes, strict=True):
            if slope is not None:
                found[name][index] = (slope.abs() * leaf.detach().std(0)).mean()
    return {name: values for name, values in found.items() if bool(values.any())}


def _settled(engine: Engine, scene: Scene) -> tuple[Hidden, Tensor]:
    """The hidden state SETTLED ticks into the dream, and the actions from there on."""
    hidden = scene.hidden(engine)
    for tick in range(SETTLED):
        hidden = engine.advance(hidden, scene.actions[:, tick])
    return hidden, scene.actions[:, SETTLED:]


def _follow(engine: Engine, hidden: Hidden, actions: Tensor, lags: tuple[int, ...]) -> Tensor:
    """The frames (N, lags, H, W) that are shown so many ticks later. actions (N, T, P)."""
    shown = []
    for tick in range(max(lags)):
        hidden = engine.advance(hidden, actions[:, tick])
        if tick + 1 in lags:
            shown.append(snap(engine.decode(hidden).logits)[:, 0])
    return torch.stack(shown, 1)
