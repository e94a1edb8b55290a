"""What is covered in the first frames of a game, found by any engine: of all that it may have been,
what leads to the frames that are seen.

What there may be is known from games that were watched before. With each of these in place of what
is covered the engine dreams on, by the actions that were taken; what dreams other frames than those
that were seen was not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import Actions, Frames
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out
from gameengine.engine import Context, Engine, Hidden
from gameengine.frames import snap
from gameengine.learned_game import LearnedGame

PLAYERS = ["random", "sticky", "tracker:0.7"]
GAMES, TICKS = 256, 192  # that were watched
AT_ONCE = 512  # guesses that an engine dreams on from
MOST = 8192  # guesses, the likeliest ones
MISTAKES = 8  # pixels that a dream may have wrong more than the best one, and is followed

Masks = NDArray[np.bool_]  # (..., C, H, W): where a colour is in the frames of a context


@dataclass(frozen=True)
class Covered:
    """Frames in which a colour is not seen: frames (T, 1, H, W), 0 where it is in the first `until`
    of them; actions (T - 1, P) between them, description (D,)."""

    frames: Frames
    actions: Actions
    description: NDArray[np.float32]
    colour: int
    until: int

    @staticmethod
    def of(
        frames: Frames,
        actions: Actions,
        description: NDArray[np.float32],
        colour: int,
        until: int,
    ) -> Covered:
        """Frames as they truly are, with the cover put on."""
        return Covered(covered(frames, colour, until), actions, description, colour, until)


@dataclass(frozen=True)
class Guesses:
    """What may be under a cover: masks (M, C, H, W), and how often each was seen, (M,)."""

    masks: Masks
    often: NDArray[np.float64]

    def best(self) -> Masks:
        """(C, H, W): what was seen most often."""
        return self.masks[self.often.argmax()]


@dataclass(frozen=True)
class Watched:
    """Where a colour was in games that were watched: masks (M, C, H, W), each once; which of them
    was seen when, (N,), and actions (N, C - 1, P) between its frames."""

    masks: Masks
    seen: NDArray[np.int64]
    actions: Actions

    def guesses(self, actions: Actions) -> Guesses:
        """What may be in frames with actions (C - 1, P) between them. What was seen with others
        only is less likely than what was seen with these once."""
        these = (self.actions == actions).all((1, 2))
        alike, all_times = (
            np.bincount(seen, minlength=len(self.masks)) for seen in (self.seen[these], self.seen)
        )
        often = alike + all_times / (1 + len(self.seen))
        likely = np.argsort(-often, kind="stable")[:MOST]
        return Guesses(self.masks[likely], often[likely])


def covered(frames: Frames, colour: int, until: int) -> Frames:
    """Frames (..., T, 1, H, W) whose first `until` do not show a colour."""
    hidden = frames == colour
    hidden[..., until:, :, :, :] = False
    return np.where(hidden, np.uint8(0), frames)


def watch_colour(learned: LearnedGame, colour: int, seed: int = 0) -> Watched:
    """Where a colour was in as many frames as an engine is shown, in games of the training."""
    game, context = learned.truth, learned.spec.context
    played = roll_out(game, make_players(PLAYERS), training_seeds(seed, 0, GAMES), TICKS)
    shown = played.frames[:, :, 0] == colour  # (B, T + 1, H, W)
    windows = np.moveaxis(sliding_window_view(shown, context, 1), -1, 2)  # (B, N, C, H, W)
    packed = np.packbits(windows.reshape(-1, context * shown[0, 0].size), axis=1)
    different, seen = np.unique(packed, axis=0, return_inverse=True)
    masks = np.unpackbits(different, axis=1, count=context * shown[0, 0].size).astype(np.bool_)
    between = [played.actions[:, tick : tick + windows.shape[1]] for tick in range(context - 1)]
    seats = played.actions.shape[2]
    actions = (
        np.stack(between, 2) if between else np.zeros((*windows.shape[:2], 0, seats), np.uint8)
    )
    return Watched(
        masks.reshape(-1, context, *shown.shape[2:]),
        seen.ravel(),
        actions.reshape(len(seen), -1, seats),
    )


def uncover(
    engine: Engine,
    seen: Covered,
    guesses: Guesses,
    progress: Callable[[int], object] = lambda done: None,
) -> tuple[Guesses, int]:
    """What explains the frames best, and with how many wrong pixels. progress is told how many
    guesses more are done. The frames of the context are not asked of the engine: it is shown them.
    Raises ValueError if no guess fits what is seen there."""
    context = engine.spec.context
    free = (seen.frames[:context, 0] == 0) | ~guesses.masks  # where something is, nothing else is
    places = np.flatnonzero(free.all((1, 2, 3)))
    if not len(places):
        raise ValueError("nothing that was seen in its place in other games fits these frames")
    least = np.full(len(seen.frames), np.iinfo(np.int64).max)  # wrong pixels until then
    wrong = np.full(len(guesses.masks), least[0])
    for piece in np.split(places, range(AT_ONCE, len(places), AT_ONCE)):
        kept, wrongs = _dream(engine, seen, guesses.masks[piece], least)
        wrong[piece[kept]] = wrongs
        progress(len(piece))
    best = wrong == wrong.min()
    return Guesses(guesses.masks[best], guesses.often[best]), int(wrong.min())


@torch.inference_mode()
def _dream(
    engine: Engine, seen: Covered, masks: Masks, least: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Which of masks (M, C, H, W) explain the frames about as well as any other, and how many
    pixels are wrong with each of these. `least` (T,) is kept: the fewest until each frame."""
    context, kept = engine.spec.context, np.arange(len(masks))
    first = np.where(masks, np.uint8(seen.colour), seen.frames[:context, 0])[:, :, None]
    actions = torch.from_numpy(seen.actions.astype(np.int64))
    wrong = np.zeros(len(masks), np.int64)
    hidden: Hidden = engine.encode(
        Context(torch.from_numpy(first), _each(actions[: context - 1], len(kept))),
        _each(torch.from_numpy(seen.description), len(kept)),
    )
    for tick in range(context, len(seen.frames)):
        hidden = engine.advance(hidden, _each(actions[tick - 1], len(kept)))
        shown = snap(engine.decode(hidden).logits).numpy()  # (M, 1, H, W)
        if tick < seen.until:
            shown = np.where(shown == seen.colour, 0, shown)
        wrong += (shown != seen.frames[tick]).sum((1, 2, 3))
        least[tick] = min(least[tick], wrong.min(initial=least[tick]))
        good = wrong <= least[tick] + MISTAKES
        kept, wrong = kept[good], wrong[good]
        hidden = {name: value[torch.from_numpy(good)] for name, value in hidden.items()}
        if not len(kept):
            break
    return kept, wrong


def _each(value: Tensor, count: int) -> Tensor:
    return value.expand(count, *value.shape)
