"""Asking an engine what comes next, and counting what it gets wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.contexts import Contexts
from data_gen.game import AnyGame, Frames, GameSpec, select
from gameengine.engine import Context, Engine
from gameengine.frames import snap

BATCH = 512  # contexts that the engine is asked about at once
KEPT = 50  # mistakes of each event that are remembered


@dataclass(frozen=True)
class Answer:
    """What an engine says comes next, B times."""

    frames: Frames  # (B, C, H, W), snapped
    margin: NDArray[np.float32]  # (B,): by how much the closest pixel's logit exceeds the next one
    reward: NDArray[np.float32]  # (B, P)
    terminated: NDArray[np.bool_]  # (B,)


@dataclass(frozen=True)
class Mistake:
    """A transition that the engine got wrong: the number of the state that the first frame of the
    context shows, the joint action after it (0 in contexts of one frame), the joint action now, and
    the event. seen (T0 + 2, C, H, W): context, truth and dream; None if it was read from a file."""

    before: int
    move: int
    action: int
    event: int
    seen: Frames | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Tally:
    """asked and wrong (E,): transitions by event. colours (K,): those in which a wrong pixel is of
    this colour, in the truth or in the dream. wrong_rewards: those with another reward or end.
    mistakes: the first ones of each event. margin: the least of the right answers, in logits; a
    proof holds for sums that are rounded in another order if it is well above float32's error."""

    asked: NDArray[np.int64]
    wrong: NDArray[np.int64]
    colours: NDArray[np.int64]
    wrong_rewards: int = 0
    mistakes: tuple[Mistake, ...] = ()
    margin: float = math.inf

    @staticmethod
    def empty(spec: GameSpec) -> Tally:
        by_event, by_colour = (
            np.zeros(len(names), np.int64) for names in (spec.events, spec.colours)
        )
        return Tally(by_event, by_event, by_colour)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.asked + other.asked,
            self.wrong + other.wrong,
            self.colours + other.colours,
            self.wrong_rewards + other.wrong_rewards,
            _first(self.mistakes + other.mistakes, KEPT),
            min(self.margin, other.margin),
        )

    def pictured(self, each: int) -> tuple[Mistake, ...]:
        """The first `each` mistakes of each event."""
        return _first(self.mistakes, each)

    def to_dict(self) -> dict[str, Any]:
        """As plain values; `from_dict` gives it back but for what was seen."""
        return {
            "asked": self.asked.tolist(),
            "wrong": self.wrong.tolist(),
            "colours": self.colours.tolist(),
            "wrong_rewards": self.wrong_rewards,
            "mistakes": [[one.before, one.move, one.action, one.event] for one in self.mistakes],
            "margin": self.margin,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Tally:
        asked, wrong, colours = (
            np.array(saved[name], np.int64) for name in ("asked", "wrong", "colours")
        )
        mistakes = tuple(Mistake(*numbers) for numbers in saved["mistakes"])
        return Tally(asked, wrong, colours, int(saved["wrong_rewards"]), mistakes, saved["margin"])


def answers(engine: Engine, contexts: Contexts, actions: NDArray[np.int64]) -> Iterator[Answer]:
    """What the engine says to N actions in each of B contexts. actions (N, B, P).

    The one place where the engine is asked: an engine with a faster way that gives the same frames
    is asked here.
    """
    with torch.inference_mode():
        shown = Context(
            torch.from_numpy(contexts.frames), torch.from_numpy(contexts.between.astype(np.int64))
        )
        hidden = engine.encode(shown, torch.from_numpy(contexts.state.description))
        for chosen in actions:
            said = engine.decode(engine.advance(hidden, torch.from_numpy(chosen)))
            frames = snap(said.logits)  # (B, C, H, W)
            yield Answer(
                frames.numpy(),
                _margin(said.logits.float(), frames).numpy(),
                said.reward.float().round(decimals=1).numpy(),  # as LearnedGame does
                (said.termination > 0).numpy(),
            )


def ask(
    truth: AnyGame,
    engine: Engine,
    contexts: Contexts,
    choices: NDArray[np.int64],
    moves: NDArray[np.uint8],
) -> Tally:
    """Ask for N transitions of each of B contexts. choices (N, B): rows of the joint actions
    `moves` (A ** P, P)."""
    total = Tally.empty(truth.spec)
    for begin in range(0, len(contexts), BATCH):
        part = slice(begin, begin + BATCH)
        some = Contexts(
            contexts.frames[part],
            contexts.between[part],
            select(contexts.state, part),
            contexts.origin[part],
        )
        chosen = choices[:, part]
        actions = moves[chosen].astype(np.int64)  # (N, b, P)
        for number, answer in enumerate(answers(engine, some, actions)):
            total += _compare(truth, some, chosen[number], actions[number], answer)
    return total


def _margin(logits: Tensor, shown: Tensor) -> Tensor:
    """(B,): the least distance, over all pixels, of the logit of what is shown from the others."""
    index = shown.to(torch.int64)
    chosen = logits.gather(1, index)  # (B, 1, H, W)
    others = logits.scatter(1, index, -math.inf).amax(1, keepdim=True)
    return (chosen - others).amin((1, 2, 3))


def _compare(
    truth: AnyGame,
    contexts: Contexts,
    choices: NDArray[np.int64],
    actions: NDArray[np.int64],
    answer: Answer,
) -> Tally:
    after = truth.step(contexts.state, actions)
    frames = truth.render(after)
    wrong = (frames != answer.frames).any((1, 2, 3))  # (B,)
    other = (after.reward != answer.reward).any(1) | (after.terminated != answer.terminated)
    events = len(truth.spec.events)
    mistakes = []
    for item in np.flatnonzero(wrong):
        before, move = contexts.origin[item].tolist()
        seen = np.concatenate(
            [contexts.frames[item], frames[item, None], answer.frames[item, None]]
        )
        mistakes.append(Mistake(before, move, int(choices[item]), int(after.event[item]), seen))
    return Tally(
        np.bincount(after.event, minlength=events),
        np.bincount(after.event[wrong], minlength=events),
        _colours_of(frames[wrong], answer.frames[wrong], len(truth.spec.colours)),
        int(other.sum()),
        _first(mistakes, KEPT),
        float(answer.margin[~wrong].min(initial=math.inf)),
    )


def _colours_of(truth: Frames, dream: Frames, colours: int) -> NDArray[np.int64]:
    """In how many of the frames (B, 1, H, W) a wrong pixel has each colour, here or there."""
    wrong = truth != dream
    here = [
        (wrong & ((truth == colour) | (dream == colour))).any((1, 2, 3)).sum()
        for colour in range(colours)
    ]
    return np.array(here, np.int64)


def _first(mistakes: Any, each: int) -> tuple[Mistake, ...]:
    """The first `each` of every event, in their order."""
    counts: dict[int, int] = {}
    kept = []
    for one in mistakes:
        counts[one.event] = counts.get(one.event, 0) + 1
        if counts[one.event] <= each:
            kept.append(one)
    return tuple(kept)
