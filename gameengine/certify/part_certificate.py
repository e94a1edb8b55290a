"""A certificate for an engine of parts, each of which looks at little: all transitions in minutes.

A slots engine is a row of networks. Each says what a sprite, or the lights, do next, and sees the
tokens of the frames and what was said before it. Its answer depends on a few of them alone, so the
loop over all transitions asks it once for each question that differs, and looks the rest up.

A transition counts as right if every part is right when those before it are given as they truly
are, and the sprites give back the frame. That is the same as being right by itself: the first part
sees but the truth, and is right; so the second sees what truly is, and is right; and so on. From
there it goes on over time: what was said are the tokens of the next frame, and what the engine
knows of a frame are its tokens. So an engine that is right in every transition is right for ever.
A transition in which the tokens are wrong, but not the frame, since something covers something,
counts as wrong, as the engine goes on from wrong tokens.

Rewards and ends are the last part; they are asked for with the true tokens, too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.contexts import contexts_of
from data_gen.threads import in_parts
from gameengine.certify import certificate
from gameengine.certify.certificate import Notes, Progress
from gameengine.certify.memo import Fresh, Memo, set_wrong
from gameengine.certify.part_arrays import KEPT, Found, Graph, Space, Ways
from gameengine.certify.part_kernels import walk
from gameengine.certify.parts import Questions
from gameengine.certify.transitions import Mistake, Tally, answers
from gameengine.certify.world import THREADS, World
from gameengine.engine import Engine

BLOCK = 1 << 16  # states whose transitions are looked up before new questions are asked
_FRESH = 1 << 17  # new questions of a thread, at once; a power of 2
_ASKED = 1 << 14  # of a network at once
_WAYS = 1 << 26  # ways to states that are listed at once, about

ASKED, WRONG, TRANSITIONS = range(3)  # what is counted of a part


class PartCertificate:
    """All transitions of a world. most: how many questions there may be."""

    def __init__(self, engine: Engine, world: World, questions: Questions, most: int) -> None:
        self._engine, self._world, self._questions = engine, world, questions
        self._memo = Memo(questions.words, most)
        events = world.kinds[:, 0].astype(np.int64)
        moves = np.pad(world.moves, ((0, 0), (0, 1)))
        self._graph = Graph(
            world.tokens, world.exact, world.frame_of, world.after, world.kind, events, moves
        )
        self._digits = [deepcopy(questions.digits) for _ in range(THREADS)]
        self._fresh = [Fresh.empty(_FRESH, questions.words) for _ in range(THREADS)]
        self._chunk, self._listed = max(1, _WAYS // len(moves) // BLOCK), -1

    def __len__(self) -> int:
        """How many blocks there are."""
        return -(-len(self._world.states) // BLOCK)

    def states(self, progress: Progress) -> int:
        """How many are done."""
        return min(progress.blocks * BLOCK, len(self._world.states))

    def run(
        self, start: Progress, notes: Notes, found: Callable[[int, Tally, Tally], Any]
    ) -> Progress:
        """Go on from `start` to the end. found(states, before, new) is told of each block. On
        Ctrl-C what was done is noted; questions that were asked are asked again."""
        now, saved = start, time.perf_counter()
        began = saved - start.seconds
        try:
            for number in range(start.blocks, len(self)):
                first = number * BLOCK
                end = min(first + BLOCK, len(self._world.states))
                new, parts = self._block(first, end, now.tally)
                found(end - first, now.tally, new)
                now = replace(
                    now,
                    blocks=number + 1,
                    tally=now.tally + new,
                    parts=(np.array(now.parts, np.int64) + parts).tolist(),
                    seconds=time.perf_counter() - began,
                )
                if time.perf_counter() - saved > certificate.SAVED_EVERY:
                    notes.write(now)
                    saved = time.perf_counter()
        except KeyboardInterrupt:
            notes.write(now)
            raise
        return now

    def _block(self, first: int, end: int, before: Tally) -> tuple[Tally, NDArray[np.int64]]:
        """The tally of some states, and counts (M, 3) of each part."""
        self._list(first)
        counts = np.zeros((len(self._questions.parts), 3), np.int64)
        margin = math.inf
        again = True
        found: list[Found] = []
        while again:  # until nothing was asked that matters
            found = self._walk(first, end)
            again, margin = self._ask(counts, margin)
        counts[:, TRANSITIONS] = sum(one.by_part for one in found)
        asked, wrong = (sum(getattr(one, name) for one in found) for name in ("asked", "wrong"))
        shows = self._questions.digits.shows
        tally = Tally(
            asked=np.asarray(asked),
            wrong=np.asarray(wrong),
            colours=np.zeros_like(before.colours),
            wrong_rewards=int(counts[~shows, TRANSITIONS].sum()),
            mistakes=self._mistakes(found, before),
            margin=margin,
        )
        return tally, counts

    def _walk(self, first: int, end: int) -> list[Found]:
        events, parts = len(self._world.states.game.spec.events), len(self._questions.parts)
        found = [
            Found(
                np.zeros(events, np.int64),
                np.zeros(events, np.int64),
                np.zeros(parts, np.int64),
                np.empty((events, KEPT, 3), np.int64),
                np.zeros(events, np.int64),
            )
            for _ in range(THREADS)
        ]
        middle = (first + end) // 2
        parts_of_it = [(first, middle), (middle, end)]
        ways = self._ways._replace(frames=self._frames(first, end))
        ways = ways._replace(first=first, ends=self._ways.ends[first - self._ways.first :])

        def one(part: slice) -> None:
            for number in range(part.start, part.stop):
                walk(
                    *parts_of_it[number],
                    self._graph,
                    ways,
                    self._digits[number],
                    self._memo.slots,
                    self._fresh[number],
                    found[number],
                    self._spaces[number],
                )

        in_parts(one, THREADS, THREADS)
        return found

    def _ask(self, counts: NDArray[np.int64], margin: float) -> tuple[bool, float]:
        """Ask what is new. Returns whether that changes what was counted, and the least margin."""
        again = False
        for fresh in self._fresh:
            count = min(int(fresh.known[0]), len(fresh.keys))
            again = again or int(fresh.known[0]) > len(fresh.keys)
            keys, where = fresh.keys[:count], fresh.where[:count]
            new = self._memo.add(keys)
            keys, where = keys[new], where[new]
            fresh.known[0], fresh.slots[:] = 0, 0
            for begin in range(0, len(keys), _ASKED):
                some = keys[begin : begin + _ASKED]
                numbers = some[:, 0] % len(counts)
                for number, own, wrong, least in self._questions.wrong(
                    numbers, where[begin : begin + _ASKED]
                ):
                    set_wrong(some[own[wrong]], self._memo.slots)
                    counts[number, ASKED] += len(own)
                    counts[number, WRONG] += int(wrong.sum())
                    again = again or bool(wrong.any())
                    if self._questions.parts[number].shows:
                        margin = min(margin, least)
        return again, margin

    def _list(self, first: int) -> None:
        """See to it that the ways to the states of a block are listed."""
        chunk = first // BLOCK // self._chunk
        if chunk == self._listed:
            return
        begin = chunk * self._chunk * BLOCK
        end = min(begin + self._chunk * BLOCK, len(self._world.states))
        ends, shown = self._world.ways_to(begin, end)
        self._ways = Ways(begin, ends, shown, np.zeros((1, 1, 1), np.uint8))
        most = int(np.diff(ends).max(initial=1))
        self._spaces = [self._new_space(most) for _ in range(THREADS)]
        self._listed = chunk

    def _new_space(self, most: int) -> Space:
        parts, words = len(self._questions.parts), self._questions.words
        height, width = self._world.states.game.spec.shape[1:]
        return Space(
            tokens=np.zeros((1, 3, self._world.tokens.shape[1]), np.int64),
            actions=np.zeros((1, self._graph.moves.shape[1]), np.int64),
            frames=np.zeros((1, height, width), np.uint8),
            values=np.zeros((1, 1), np.int64),
            now=np.zeros((parts, words), np.int64),
            then=np.zeros((parts, words), np.int64),
            key=np.zeros((1, words), np.int64),
            before=np.zeros((most * parts, words), np.int64),
            weights=np.zeros(most, np.int64),
            example=np.zeros(most, np.int64),
            shown=np.zeros(most, np.int64),
        )

    def _frames(self, first: int, end: int) -> NDArray[np.uint8]:
        """What the states show, if any part looks at pixels."""
        if not any(part.sees_pixels for part in self._questions.parts):
            return np.zeros((1, 1, 1), np.uint8)
        states = self._world.states
        return states.game.render(states.state(np.arange(first, end)))[:, 0]

    def _mistakes(self, found: list[Found], before: Tally) -> tuple[Mistake, ...]:
        """The first ones of each event, as far as there are not enough of them yet."""
        made = []
        for event in range(len(before.wrong)):
            left = KEPT - sum(one.event == event for one in before.mistakes)
            rows = [one.mistakes[event, : one.noted[event]] for one in found]
            for state, action, frame in np.concatenate(rows)[: max(0, left)].tolist():
                made.append(self._mistake(state, action, frame, event))
        return tuple(made)

    def _mistake(self, state: int, action: int, frame: int, event: int) -> Mistake:
        world, game = self._world, self._world.states.game
        before, move = state, 0
        if game.spec.context > 1:
            some = np.flatnonzero(world.frame_of == frame)
            place, move = (int(one[0]) for one in np.nonzero(world.after[some] == state))
            before = int(some[place])
        context = contexts_of(world.states, np.array([before]), np.array([move]))
        actions = world.moves[[action]]
        (answer,) = answers(self._engine, context, actions[None])
        truth = game.render(game.step(context.state, actions.astype(np.uint8)))
        seen = np.concatenate([context.frames[0], truth, answer.frames])
        return Mistake(before, move, action, event, seen)
