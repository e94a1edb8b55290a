"""Watching a few frames of a game and finding its embedding, while all weights stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gameengine.engine import Context
from gameengine.engines.hyper import HyperEngine
from gameengine.frames import snap

PIXELS = 1 << 14  # of the windows of a video that a step looks at
CHECKED = 256  # windows that are looked at at once when all are
LONG = 16  # ticks of a window, for engines that remember more than the context
PATIENCE = 20  # steps in which nothing was wrong, before it is called found
RATE = 0.1  # Adam's; embeddings have a spread of about one
PRIOR = 1e-3  # how much an embedding is drawn to those of the games of the training


@dataclass(frozen=True)
class Video:
    """What is known of B games: frames (B, T + 1, C, H, W) uint8, actions (B, T, P) int64 between
    them, and descriptions (B, D), which only engines with described bases read."""

    frames: Tensor
    actions: Tensor
    description: Tensor

    def windows(self, context: int, ticks: int) -> Windows:
        """All windows of `ticks` predicted ticks."""
        whole = context + ticks
        frames = self.frames.unfold(1, whole, 1).movedim(-1, 2)  # (B, N, whole, C, H, W)
        between = self.actions.unfold(1, whole - 1, 1).movedim(-1, 2)  # (B, N, whole - 1, P)
        return Windows(frames, between, self.description, context)


@dataclass(frozen=True)
class Windows:
    """N windows of each of B videos. frames (B, N, T0 + T, C, H, W), actions (B, N, T0 + T - 1, P),
    descriptions (B, D); context: T0."""

    frames: Tensor
    actions: Tensor
    description: Tensor
    context: int

    def __len__(self) -> int:
        return self.frames.shape[1]

    @property
    def ticks(self) -> int:
        """That are predicted, of each video."""
        return len(self) * (self.frames.shape[2] - self.context)

    def choose(self, places: Tensor) -> Windows:
        return Windows(
            self.frames[:, places], self.actions[:, places], self.description, self.context
        )


@dataclass(frozen=True)
class Induced:
    """embeddings (B, R, E), the best of R tries first. wrong (B, R): how many pixels (or tokens, in
    an engine of slots) of the predicted ticks are wrong with each. ticks: that were predicted, of
    each video. steps: of the search."""

    embeddings: Tensor
    wrong: Tensor
    ticks: int
    steps: int


def induce(
    engine: HyperEngine,
    video: Video,
    tries: int = 4,
    steps: int = 300,
    seed: int = 0,
    progress: Callable[[int, int], Any] = lambda step, wrong: None,
) -> Induced:
    """Find the embeddings of B videos, each in several tries that begin elsewhere, all at once.
    Embeddings that are descriptions are made of numbers that games are known to have, if that
    explains the video as well.

    progress is told the step and how many pixels were wrong in it, in the best try of each video.
    Raises ValueError for videos that are too short to predict a frame of.
    """
    windows = _windows(engine, video)
    random = torch.Generator().manual_seed(seed)
    start = _prior(engine)
    videos = len(video.frames)
    away = torch.randn(videos, tries, start.shape[1], generator=random)
    away[:, 0] = 0.0  # the mean game
    found = away.requires_grad_()
    optimizer = torch.optim.Adam([found], RATE)
    count = max(1, PIXELS // windows.frames[0, 0, windows.context :].numel())
    right_in_a_row, step = 0, 0
    before = [weight.requires_grad for weight in engine.parameters()]
    engine.requires_grad_(False)
    try:
        for step in range(1, steps + 1):
            shown = windows
            if len(windows) > count:
                shown = windows.choose(torch.randperm(len(windows), generator=random)[:count])
            loss, wrong = _judged(engine, shown, start[0] + start[1] * found)
            optimizer.zero_grad()
            (loss + PRIOR * found.square().sum()).backward()
            optimizer.step()
            best = int(wrong.min(1).values.sum())
            progress(step, best)
            right_in_a_row = 0 if best else right_in_a_row + 1
            if right_in_a_row >= PATIENCE:
                break
        with torch.no_grad():
            embeddings = start[0] + start[1] * found.detach()
            wrong = _all_wrong(engine, windows, embeddings)
            if engine.embedding.is_description:
                embeddings, wrong = _in_known_numbers(engine, windows, embeddings, wrong)
    finally:
        for weight, wanted in zip(engine.parameters(), before, strict=True):
            weight.requires_grad_(wanted)
    order = wrong.argsort(dim=1, stable=True)
    sorted_embeddings = embeddings.gather(1, order[..., None].expand_as(embeddings))
    return Induced(sorted_embeddings, wrong.gather(1, order), windows.ticks, step)


def described(engine: HyperEngine, embedding: Tensor) -> Tensor | None:
    """The description (D,) that an embedding (E,) stands for: each number the nearest one of the
    training's games. None for engines whose embeddings are no descriptions."""
    if not engine.embedding.is_description:
        return None
    return engine.embedding.nearest(embedding[None])[0]


def open_numbers(engine: HyperEngine, video: Video, description: Tensor) -> list[int]:
    """Which numbers of a description (D,) that explains a video, B = 1, could as well be others of
    those that the training's games have: the video does not determine them."""
    changed: list[tuple[int, Tensor]] = [(-1, description)]
    for number, known in enumerate(engine.embedding.games.unbind(1)):
        for value in known.unique():
            if value != description[number]:
                other = description.clone()
                other[number] = value
                changed.append((number, other))
    embeddings = engine.embedding.of_description(torch.stack([other for _, other in changed]))
    with torch.no_grad():
        wrong = _all_wrong(engine, _windows(engine, video), embeddings[None])[0]
    return sorted({n for (n, _), w in zip(changed[1:], wrong[1:], strict=True) if w <= wrong[0]})


def disagreement(engine: HyperEngine, video: Video, induced: Induced, ticks: int) -> Tensor:
    """Where the video leaves the game open: the share of pixels (B,) that is not the same in the
    dreams of all tries which explain the video equally well, over `ticks` from its last frames on,
    with the video's own actions, again and again. 0 for a video that one try alone explains."""
    context = engine.spec.context
    between = video.actions[:, video.actions.shape[1] - context + 1 :]
    first = Context(video.frames[:, -context:], between)
    actions = video.actions.repeat(1, -(-ticks // max(1, video.actions.shape[1])), 1)[:, :ticks]
    dreams: list[Tensor] = []
    with torch.inference_mode():
        for number in range(induced.embeddings.shape[1]):
            hidden = engine.encode_as(first, video.description, induced.embeddings[:, number])
            shown, _ = engine.unroll(hidden, actions)
            dreams.append(snap(shown.logits).squeeze(2))  # (B, T, H, W)
    differs = torch.zeros_like(dreams[0], dtype=torch.bool)
    for number, dream in enumerate(dreams[1:], 1):
        equal = induced.wrong[:, number] == induced.wrong[:, 0]
        differs |= (dream != dreams[0]) & equal[:, None, None, None]
    return differs.float().mean((1, 2, 3))


def _windows(engine: HyperEngine, video: Video) -> Windows:
    context = engine.spec.context
    ticks = min(1 if engine.memoryless else LONG, video.frames.shape[1] - context)
    if ticks < 1:
        raise ValueError(
            f"{context + 1} frames are needed to see a tick of {engine.spec.name}, not"
            f" {video.frames.shape[1]}"
        )
    return video.windows(context, ticks)


def _prior(engine: HyperEngine) -> Tensor:
    """Mean and spread (2, E) of the embeddings of the training's games."""
    known = engine.embedding.of_known_games()  # (N, E)
    spread = known.std(0, correction=0)
    return torch.stack([known.mean(0), torch.where(spread > 0, spread, 1.0)])


def _judged(engine: HyperEngine, windows: Windows, embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """The loss over all, and wrong pixels (B, R), for embeddings (B, R, E)."""
    videos, tries, _ = embeddings.shape
    size = videos, tries, len(windows)
    context = windows.context

    def items(values: Tensor) -> Tensor:  # (B, N, ...) -> (B * R * N, ...)
        return values[:, None].expand(-1, tries, *values.shape[1:]).flatten(0, 2)

    frames, actions = items(windows.frames), items(windows.actions)
    described = windows.description[:, None].expand(-1, size[2], -1)
    shown = Context(frames[:, :context], actions[:, : context - 1])
    hidden = engine.encode_as(shown, items(described), embeddings.flatten(0, 1))
    judged = engine.judge(hidden, actions[:, context - 1 :], frames[:, context:], forced=False)
    # Of each try for itself, as if it were alone.
    return judged.loss * videos * tries, judged.wrong.sum(1).view(size).sum(2)


def _in_known_numbers(
    engine: HyperEngine, windows: Windows, embeddings: Tensor, wrong: Tensor
) -> tuple[Tensor, Tensor]:
    """Embeddings (B, R, E), and what is wrong with each (B, R): the nearest descriptions in place
    of those that are no better."""
    nearest = engine.embedding.of_description(engine.embedding.nearest(embeddings.flatten(0, 1)))
    nearest = nearest.view_as(embeddings)
    now_wrong = _all_wrong(engine, windows, nearest)
    no_worse = now_wrong <= wrong
    return (
        torch.where(no_worse[..., None], nearest, embeddings),
        torch.where(no_worse, now_wrong, wrong),
    )


def _all_wrong(engine: HyperEngine, windows: Windows, embeddings: Tensor) -> Tensor:
    wrong = torch.zeros(embeddings.shape[:2], dtype=torch.long)
    for places in torch.arange(len(windows)).split(CHECKED):
        wrong += _judged(engine, windows.choose(places), embeddings)[1]
    return wrong
