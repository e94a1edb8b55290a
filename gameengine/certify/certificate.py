"""Going through all transitions of a game, or through a sample of them, and what that proves.

A transition is a context of true frames and an action. An engine whose hidden state follows from
the last frames (`memoryless`) and which is right in every transition is right for ever: a dream
begins with true frames; if the frames so far are true, then the context is a true one, all of which
were asked, so that the next frame is true as well. A sample proves nothing; it bounds the share of
transitions that are wrong.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.atomic import write_text
from data_gen.contexts import AllContexts, Contexts, contexts_of
from data_gen.errors import UserError
from data_gen.reachable import MOST, Reachable, joint_actions
from gameengine.certify.transitions import Tally, ask
from gameengine.engine import Engine

EVERY, SAMPLE, PARTS = "every transition", "sample", "parts"
SAMPLED = 1_000_000  # transitions of a sample, when all are too many
MINUTES = 10  # that all transitions may take, if nothing else is asked for
QUESTIONS = 80_000_000  # each takes 16 bytes at most, if it is of one word
SAVED_EVERY = 2.0  # seconds
_BLOCK = 4096  # transitions of a sample that are drawn at once
_SURE = 1.6449  # standard deviations that 95 % lie below
_PROGRESS = "progress.json"
_FORMAT = 2  # raised when blocks of the same question hold other transitions than before


@dataclass(frozen=True)
class Plan:
    """What is asked: `method` is EVERY or SAMPLE; with so many transitions and contexts (0 for a
    sample)."""

    method: str
    transitions: int
    contexts: int = 0


@dataclass(frozen=True)
class Progress:
    """How far it is: blocks that are done, what was found in them, and seconds that it took. parts:
    of each network, if they are asked one by one, questions, wrong ones, and wrong transitions."""

    plan: Plan
    blocks: int
    tally: Tally
    seconds: float = 0.0
    parts: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What the user asked for: transitions of a sample, or at most so many for all of them to be
    asked; None: as this program sees fit. seed: of a sample. states: how many there may be.
    questions: how many the parts of an engine may be asked."""

    sample: int | None = None
    most: int | None = None
    seed: int = 0
    states: int = MOST
    questions: int = QUESTIONS


class Notes:
    """The progress of a certificate, in a file beside its results. `question`: plain values that
    tell what was asked of what; other questions' notes are not used."""

    def __init__(self, folder: Path, question: dict[str, Any]) -> None:
        self.folder, self._path = folder, folder / _PROGRESS
        self._question = json.loads(json.dumps({"format": _FORMAT, **question}))

    def read(self) -> Progress | None:
        try:
            saved = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise UserError(f"{self._path} cannot be read ({error}); delete it") from error
        if not isinstance(saved, dict) or saved.get("question") != self._question:
            return None
        plan, tally = Plan(**saved["plan"]), Tally.from_dict(saved["tally"])
        parts = tuple((asked, wrong, found) for asked, wrong, found in saved["parts"])
        return Progress(plan, saved["blocks"], tally, saved["seconds"], parts)

    def write(self, progress: Progress) -> None:
        saved = {
            "question": self._question,
            "plan": asdict(progress.plan),
            "blocks": progress.blocks,
            "tally": progress.tally.to_dict(),
            "seconds": progress.seconds,
            "parts": progress.parts,
        }
        write_text(self._path, json.dumps(saved))

    def end(self) -> None:
        self._path.unlink(missing_ok=True)


class Certificate:
    """The questions to one engine about one game, of which `states` are all the states."""

    def __init__(self, engine: Engine, states: Reachable, wanted: Wanted) -> None:
        self._engine, self._states, self._wanted = engine.eval(), states, wanted
        self._moves = joint_actions(engine.spec)
        self._all: AllContexts | None = None

    @property
    def least(self) -> int:
        """Transitions that there are at least: every state but a beginning ends some context."""
        return (len(self._states) - self._states.beginnings) * len(self._moves)

    def plan(self, progress: Callable[[int], Any] = lambda count: None) -> tuple[Plan, float]:
        """What to ask, and how many seconds it will take. progress is told how many states were
        looked at, if contexts have to be counted."""
        speed = self._speed()
        if self._wanted.sample is not None:
            return Plan(SAMPLE, self._wanted.sample), self._wanted.sample / speed
        most = self._wanted.most
        most = int(60 * MINUTES * speed) if most is None else most
        contexts = self._contexts(progress).count(progress) if self.least <= most else 0
        transitions = contexts * len(self._moves)
        if contexts and transitions <= most:
            return Plan(EVERY, transitions, contexts), transitions / speed
        return Plan(SAMPLE, SAMPLED), SAMPLED / speed

    def run(self, start: Progress, notes: Notes, found: Callable[[Tally, Tally], Any]) -> Progress:
        """Go on from `start` to the end. found(before, new) is told of each block. On Ctrl-C what
        was done is noted."""
        now, saved = start, time.perf_counter()
        began = saved - start.seconds
        try:
            for number in range(start.blocks, self._blocks(start.plan)):
                new = self._ask(start.plan, number)
                found(now.tally, new)
                seconds = time.perf_counter() - began
                now = replace(now, blocks=number + 1, tally=now.tally + new, seconds=seconds)
                if time.perf_counter() - saved > SAVED_EVERY:
                    notes.write(now)
                    saved = time.perf_counter()
        except KeyboardInterrupt:
            notes.write(now)
            raise
        return now

    def _contexts(self, progress: Callable[[int], Any] = lambda count: None) -> AllContexts:
        if self._all is None:
            self._all = AllContexts(self._states, progress)
        return self._all

    def _blocks(self, plan: Plan) -> int:
        if plan.method == SAMPLE:
            return -(-plan.transitions // _BLOCK)
        return len(self._contexts())

    def _ask(self, plan: Plan, number: int) -> Tally:
        if plan.method == EVERY:
            contexts = self._contexts().block(number)
            choices = np.arange(len(self._moves))[:, None].repeat(len(contexts), 1)
            return self._count(contexts, choices)
        return self._ask_some(number, min(_BLOCK, plan.transitions - number * _BLOCK))

    def _ask_some(self, block: int, count: int) -> Tally:
        """Of a uniformly drawn state a uniformly drawn action, and of the state that it leads to
        another one."""
        rng = np.random.default_rng([self._wanted.seed, block])
        before = rng.integers(len(self._states), size=count)
        first, second = rng.integers(len(self._moves), size=(2, count))
        return self._count(contexts_of(self._states, before, first), second[None])

    def _count(self, contexts: Contexts, choices: Any) -> Tally:
        return ask(self._states.game, self._engine, contexts, choices, self._moves)

    def _speed(self) -> float:
        """Transitions per second."""
        self._ask_some(0, 64)  # the first time is slow
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < 1:
            self._ask_some(done, 512)
            done += 1
        return 512 * done / (time.perf_counter() - began)


def upper_bound(wrong: int, sample: int) -> float:
    """The share of wrong transitions of which one can be 95 % sure that it is not exceeded: the
    rule of three if none was wrong, else Wilson's one-sided bound (JASA 22, 1927)."""
    if not wrong:
        return min(1.0, 3 / sample)
    share, z2 = wrong / sample, _SURE**2
    spread = _SURE * math.sqrt(share * (1 - share) / sample + z2 / (4 * sample**2))
    return min(1.0, (share + z2 / (2 * sample) + spread) / (1 + z2 / sample))
