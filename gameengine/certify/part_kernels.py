"""The loop over all transitions, in which each network's question is looked up among those asked.

A question is a key of W words: the digits of what a network sees, of what its answer is read with,
and of what the right answer is. The first digit is the network's number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_gen.kernels import kernel
from gameengine.certify.memo import UNKNOWN, WRONG, note, state_of
from gameengine.slot_variables import AFTER, BEFORE, NOW, look_at

KEPT = 50  # mistakes of each event that are remembered
_FEW = 64  # numbers that are better sorted by hand


class Graph(NamedTuple):
    """See `World`. events (K,): of the kinds. moves (A ** P, P + 1): joint actions, and room for
    the kind of the tick."""

    tokens: NDArray[np.uint8]
    exact: NDArray[np.bool_]
    frame_of: NDArray[np.uint32]
    after: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    events: NDArray[np.int64]
    moves: NDArray[np.int64]


class Ways(NamedTuple):
    """See `World.ways_to`. frames: of the states from `first` on, or one that nobody looks at."""

    first: int
    ends: NDArray[np.int64]
    shown: NDArray[np.uint32]
    frames: NDArray[np.uint8]


class Stage(NamedTuple):
    """Some digits. rows (D, 8): variables, for look_at. strides, parts, words (D,): what a value
    counts in which network's key, and in which word of it."""

    rows: NDArray[np.int64]
    strides: NDArray[np.int64]
    parts: NDArray[np.int64]
    words: NDArray[np.int64]


class Digits(NamedTuple):
    """Of M networks. now, before, after: by what they need. later (M,): whether there are digits
    that need what was before. shows (M,): whether the network says what a frame shows."""

    now: Stage
    before: Stage
    after: Stage
    later: NDArray[np.bool_]
    shows: NDArray[np.bool_]


class Found(NamedTuple):
    """Counts of transitions: asked and wrong (E,), and by_part (M,): those that a network is wrong
    in. mistakes (E, KEPT, 3): the first ones, as in `Fresh.where`. noted (E,): how many of them."""

    asked: NDArray[np.int64]
    wrong: NDArray[np.int64]
    by_part: NDArray[np.int64]
    mistakes: NDArray[np.int64]
    noted: NDArray[np.int64]


class Space(NamedTuple):
    """Working space. tokens (1, 3, V), actions (1, P + 1), frames (1, H, W), values (1, D). now,
    then (M, W): what is known of each key, and with the action. before (R, M, W), weights and
    example (R,): what that was before adds to the keys, in how many frames, and one of these. shown
    (R,): frames that may have been before."""

    tokens: NDArray[np.int64]
    actions: NDArray[np.int64]
    frames: NDArray[np.uint8]
    values: NDArray[np.int64]
    now: NDArray[np.int64]
    then: NDArray[np.int64]
    before: NDArray[np.int64]
    weights: NDArray[np.int64]
    example: NDArray[np.int64]
    shown: NDArray[np.int64]


@kernel()
def _fill(when: Any, frame: Any, graph: Any, space: Any) -> None:
    # Number by number: a view would count its uses in memory that both threads share.
    for token in range(graph.tokens.shape[1]):
        space.tokens[0, when, token] = graph.tokens[frame, token]


@kernel()
def _add(stage: Any, space: Any, keys: Any) -> None:
    """Add the digits of a stage to keys (M, W)."""
    if len(stage.rows):
        look_at(stage.rows, space.tokens, space.actions, space.frames, space.values)
        for digit in range(len(stage.rows)):
            value = space.values[0, digit] * stage.strides[digit]
            keys[stage.parts[digit], stage.words[digit]] += value


@kernel()
def _list(place: Any, ways: Any, space: Any) -> Any:
    """Fill `shown` of space, sorted; returns how many there are."""
    begin, count = ways.ends[place], ways.ends[place + 1] - ways.ends[place]
    for number in range(count):
        space.shown[number] = ways.shown[begin + number]
    if count > _FEW:
        space.shown[:count].sort()
        return count
    for end in range(1, count):
        value, free = space.shown[end], end
        while free > 0 and space.shown[free - 1] > value:
            space.shown[free] = space.shown[free - 1]
            free -= 1
        space.shown[free] = value
    return count


@kernel()
def _find(count: Any, before: Any) -> Any:
    """The first of before[: count + 1] (R, M, W) that is the same as before[count]."""
    for place in range(count):
        same = True
        for part in range(before.shape[1]):
            for word in range(before.shape[2]):
                same = same and before[place, part, word] == before[count, part, word]
        if same:
            return place
    return count


@kernel()
def _look_back(listed: Any, graph: Any, digits: Any, space: Any) -> Any:
    """Fill `before`, `weights` and `example` of space, each different one once; returns how many
    there are. listed: how many frames may have been before."""
    count = 0
    for way in range(listed):
        frame = space.shown[way]
        if way and frame == space.shown[way - 1]:
            continue
        _fill(BEFORE, frame, graph, space)
        space.before[count] = 0
        _add(digits.before, space, space.before[count])
        place = _find(count, space.before)
        if place == count:
            space.weights[place], space.example[place] = 0, frame
            count += 1
        space.weights[place] += 1
    return count


@kernel(inline=False)
def walk(
    first: Any,
    end: Any,
    graph: Any,
    ways: Any,
    digits: Any,
    slots: Any,
    fresh: Any,
    found: Any,
    space: Any,
) -> None:
    """All transitions from the states `first` to `end` - 1. Those that need a question which was
    not asked yet are counted as right. See the classes above; all but graph, ways and slots belong
    to this thread alone."""
    for state in range(first, end):
        place = state - ways.first
        listed = _list(place, ways, space)
        if listed == 0:
            continue
        if len(ways.frames) > 1:
            space.frames[0] = ways.frames[place]
        _fill(NOW, graph.frame_of[state], graph, space)
        space.now[:] = 0
        for part in range(len(space.now)):
            space.now[part, 0] = part
        _add(digits.now, space, space.now)
        count = _look_back(listed, graph, digits, space)
        for action in range(graph.after.shape[1]):
            _judge(state, action, count, graph, digits, slots, fresh, found, space)


@kernel()
def _judge(
    state: Any,
    action: Any,
    count: Any,
    graph: Any,
    digits: Any,
    slots: Any,
    fresh: Any,
    found: Any,
    space: Any,
) -> None:
    """The transitions of a state by one joint action, after `count` different pasts."""
    after = graph.frame_of[graph.after[state, action]]
    kind = graph.kind[state, action]
    event = graph.events[kind]
    _fill(AFTER, after, graph, space)
    for place in range(graph.moves.shape[1]):
        space.actions[0, place] = graph.moves[action, place]
    space.actions[0, graph.moves.shape[1] - 1] = kind
    space.then[:] = space.now
    _add(digits.after, space, space.then)
    wrong_anyway, weight = not graph.exact[after], 0
    for past in range(count):
        weight += space.weights[past]
    for part in range(len(digits.later)):
        if digits.later[part]:
            continue
        said = state_of(space.then[part], slots)
        if said == UNKNOWN:
            note(space.then[part], state, action, space.example[0], fresh)
        elif said == WRONG:
            found.by_part[part] += weight
            wrong_anyway = wrong_anyway or digits.shows[part]
    found.asked[event] += weight
    for past in range(count):
        wrong = wrong_anyway
        for part in range(len(digits.later)):
            if digits.later[part]:
                key = space.before[past, part]
                key += space.then[part]
                said = state_of(key, slots)
                if said == UNKNOWN:
                    note(key, state, action, space.example[past], fresh)
                elif said == WRONG:
                    found.by_part[part] += space.weights[past]
                    wrong = wrong or digits.shows[part]
                key -= space.then[part]
        if wrong:
            found.wrong[event] += space.weights[past]
            number = found.noted[event]
            if number < KEPT:
                mistake = found.mistakes[event, number]
                mistake[0], mistake[1], mistake[2] = state, action, space.example[past]
                found.noted[event] = number + 1
