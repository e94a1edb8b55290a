"""The loop over all transitions, in which each network's question is looked up among those asked.

A question is a key of W words: the digits of what a network sees, of what its answer is read with,
and of what the right answer is. The first digit is the network's number.
"""

from __future__ import annotations

from typing import Any

from data_gen.kernels import kernel
from gameengine.certify.memo import UNKNOWN, WRONG, note, state_of
from gameengine.certify.part_arrays import KEPT, PART, STRIDE, WORD
from gameengine.slot_variables import ACTION, AFTER, BEFORE, DISTANCE, NOW, VALUE, look_at

FAR = -(1 << 30)  # where something is that is not there
_FEW = 64  # numbers that are better sorted by hand


# The kernels below get arrays, not the tuples that hold them, and no views of them: each use of
# either is counted, in memory that both threads share, which takes longer than all the rest.


@kernel()
def _fill(when: Any, frame: Any, shown: Any, tokens: Any) -> None:
    for token in range(shown.shape[1]):
        tokens[0, when, token] = shown[frame, token]


@kernel()
def _place(digit: Any, end: Any, rows: Any, tokens: Any) -> Any:
    """One end of a distance; FAR if there is nothing."""
    when, first = rows[digit, 3 + 2 * end], rows[digit, 4 + 2 * end]
    return tokens[0, when, first + rows[digit, 2]] if tokens[0, when, first] else FAR


@kernel()
def _value(digit: Any, rows: Any, tokens: Any, actions: Any, frames: Any, values: Any) -> Any:
    """What look_at gives, but much faster for most kinds of variables."""
    kind = rows[digit, 1]
    if kind == VALUE:
        return tokens[0, rows[digit, 2], rows[digit, 3]]
    if kind == ACTION:
        return actions[0, rows[digit, 2]]
    if kind == DISTANCE:
        one, other = _place(digit, 0, rows, tokens), _place(digit, 1, rows, tokens)
        reach = rows[digit, 7]
        if one == FAR or other == FAR:
            return 2 * reach + 2
        return one - other + reach if abs(one - other) <= reach else 2 * reach + 1
    look_at(rows[digit : digit + 1], tokens, actions, frames, values)
    return values[0, 0]


@kernel(inline=False)
def _add(
    rows: Any, tokens: Any, actions: Any, frames: Any, values: Any, keys: Any, first: Any
) -> None:
    """Add digits to keys (R, W), of which those of the networks begin at `first`."""
    for digit in range(len(rows)):
        value = _value(digit, rows, tokens, actions, frames, values) * rows[digit, STRIDE]
        keys[first + rows[digit, PART], rows[digit, WORD]] += value


@kernel(inline=False)
def _list(begin: Any, count: Any, shown: Any, listed: Any) -> None:
    """Fill listed (R,) with `count` of `shown`, sorted."""
    for number in range(count):
        listed[number] = shown[begin + number]
    if count > _FEW:
        listed[:count].sort()
        return
    for end in range(1, count):
        value, free = listed[end], end
        while free > 0 and listed[free - 1] > value:
            listed[free] = listed[free - 1]
            free -= 1
        listed[free] = value


@kernel()
def _find(count: Any, parts: Any, before: Any) -> Any:
    """The first of the pasts 0 to count, of `parts` keys (R, W) each, that is the same as the last
    of them."""
    for place in range(count):
        same = True
        for part in range(parts):
            for word in range(before.shape[1]):
                here, there = place * parts + part, count * parts + part
                same = same and before[here, word] == before[there, word]
        if same:
            return place
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
    not asked yet are counted as right. See part_arrays.py; all but graph, ways and slots belong
    to this thread alone."""
    shown, exact, frame_of, leads, kinds, events, moves = graph
    tokens, actions, frames, values, now, then, key, before, weights, example, listed = space
    come_from, ends, later, shows = ways.shown, ways.ends, digits.later, digits.shows
    at_now, at_before, at_after = digits.now, digits.before, digits.after
    parts, asked = len(later), found.asked
    for state in range(first, end):
        begin = ends[state - ways.first]
        ways_here = ends[state - ways.first + 1] - begin
        if ways_here == 0:
            continue
        if len(ways.frames) > 1:
            frames[0] = ways.frames[state - ways.first]
        _fill(NOW, frame_of[state], shown, tokens)
        _begin(now)
        _add(at_now, tokens, actions, frames, values, now, 0)
        _list(begin, ways_here, come_from, listed)
        count, different = 0, 0
        for way in range(ways_here):
            if way and listed[way] == listed[way - 1]:
                continue
            different += 1
            _fill(BEFORE, listed[way], shown, tokens)
            _clear(count * parts, parts, before)
            _add(at_before, tokens, actions, frames, values, before, count * parts)
            place = _find(count, parts, before)
            if place == count:
                weights[place], example[place] = 0, listed[way]
                count += 1
            weights[place] += 1
        for action in range(leads.shape[1]):
            frame, kind = frame_of[leads[state, action]], kinds[state, action]
            _fill(AFTER, frame, shown, tokens)
            for place in range(actions.shape[1]):
                actions[0, place] = moves[action, place]
            actions[0, actions.shape[1] - 1] = kind
            _copy(now, then)
            _add(at_after, tokens, actions, frames, values, then, 0)
            event = events[kind]
            asked[event] += different
            lost = not exact[frame]
            for part in range(parts):
                if not later[part]:
                    said = state_of(then, part, slots)
                    if said == UNKNOWN:
                        note(then, part, state, action, example[0], fresh)
                    elif said == WRONG:
                        found.by_part[part] += different
                        lost = lost or shows[part]
            for past in range(count):
                wrong = lost
                for part in range(parts):
                    if later[part]:
                        _join(then, part, before, past * parts + part, key)
                        said = state_of(key, 0, slots)
                        if said == UNKNOWN:
                            note(key, 0, state, action, example[past], fresh)
                        elif said == WRONG:
                            found.by_part[part] += weights[past]
                            wrong = wrong or shows[part]
                if wrong:
                    _mistake(event, state, action, example[past], weights[past], found)


@kernel()
def _begin(keys: Any) -> None:
    for part in range(keys.shape[0]):
        for word in range(keys.shape[1]):
            keys[part, word] = 0
        keys[part, 0] = part


@kernel()
def _clear(first: Any, count: Any, keys: Any) -> None:
    for place in range(first, first + count):
        for word in range(keys.shape[1]):
            keys[place, word] = 0


@kernel()
def _copy(keys: Any, others: Any) -> None:
    for part in range(keys.shape[0]):
        for word in range(keys.shape[1]):
            others[part, word] = keys[part, word]


@kernel()
def _join(keys: Any, item: Any, others: Any, other: Any, key: Any) -> None:
    for word in range(keys.shape[1]):
        key[0, word] = keys[item, word] + others[other, word]


@kernel(inline=False)
def _mistake(event: Any, state: Any, action: Any, frame: Any, weight: Any, found: Any) -> None:
    """Count some transitions as wrong, and remember one of them if they are among the first."""
    found.wrong[event] += weight
    number = found.noted[event]
    if number < KEPT:
        found.mistakes[event, number, 0] = state
        found.mistakes[event, number, 1] = action
        found.mistakes[event, number, 2] = frame
        found.noted[event] = number + 1
