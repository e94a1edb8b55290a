"""Looking back: which hidden motions explain what was seen, and which of them is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gameengine.hindsight import Expected, look_back
from gameengine.hindsight_kernels import PARTS, explain, find_changes
from gameengine.slot_heads import GuessHead, SpeedHead, SpriteHead

FINE, SPEEDS = 4, 17  # quarters of a pixel, up to 2 pixels a tick
STILL = SPEEDS // 2


def shown(start: int, speeds: list[int]) -> NDArray[np.int64]:
    """Whole pixels (T + 1,) of what begins at `start` and moves by so many quarters each tick."""
    return (start + np.cumsum([0, *speeds])) // FINE


def nothing_expected(
    tick: int, items: Tensor, told: Tensor, across: Tensor | None = None
) -> list[list[Expected]]:
    sizes = (2, FINE), (FINE,), (SPEEDS,)
    return [[Expected(*(torch.zeros(len(told), *size) for size in sizes)) for _ in range(2)]]


def told(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Fraction and speed of rows (T,), and whether they are sure; the columns stand still."""
    both = torch.from_numpy(np.stack([places, np.zeros_like(places)], 1))[None, :, None]
    rng = np.random.default_rng(0)
    hidden, sure = look_back(both, FINE, SPEEDS, nothing_expected, rng)
    return hidden[0, :, 0, ::2].numpy(), sure[0, :, 0, 0].numpy()


def likelihood(
    places: list[int], at: int, speed: int, chance: float, known: dict[tuple[int, ...], float]
) -> float:
    """Of places after the first, for what is at `at` quarters of a pixel and moves so fast."""
    if len(places) == 1:
        return 1.0
    key = (len(places), at % FINE, speed)
    if key not in known:
        rest, moved = places[1:], at + speed
        ways = [likelihood(rest, f, v - STILL, chance, known) for f, v in np.ndindex(FINE, SPEEDS)]
        known[key] = chance * sum(ways) / len(ways)
        known[key] += 0.01 * likelihood(rest, -moved % FINE, -speed, chance, known)
        if moved // FINE - at // FINE == places[1] - places[0]:
            known[key] += likelihood(rest, moved % FINE, speed, chance, known)
    return known[key]


def test_motions_are_worth_how_likely_they_make_what_comes() -> None:
    places = np.random.default_rng(0).integers(-1, 2, (3, 12)).cumsum(1)
    worth = np.zeros((3, 12, SPEEDS, FINE), np.uint8)
    explain(places, np.full(places.shape, 0.02), worth)
    for item, tick in np.ndindex(3, 12):
        rest, known = places[item, tick:].tolist(), {}
        likely = [likelihood(rest, f, v - STILL, 0.02, known) for v, f in np.ndindex(SPEEDS, FINE)]
        expected = 255 + PARTS * np.log(np.array(likely) / max(likely))
        np.testing.assert_allclose(worth[item, tick].ravel(), expected, atol=0.51)


def test_changes_are_found_where_a_motion_ends() -> None:
    places = shown(400, [5] * 16 + [-5] * 16 + [2] * 16)[None]
    chances, changes = np.full(places.shape, 0.01), np.empty(places.shape, np.bool_)
    worth = np.zeros((*places.shape, SPEEDS, FINE), np.uint8)
    explain(places, chances, worth)
    find_changes(places, chances, worth, changes)
    assert [
        abs(tick - change) <= 2
        for tick, change in zip(np.flatnonzero(changes), (16, 32), strict=True)
    ]


@pytest.mark.parametrize("speed", [-5, -1, 0, 3, 8])
def test_an_even_motion_is_found(speed: int) -> None:
    hidden, sure = told(shown(401, [speed] * 30))
    assert (hidden[:, 1] == speed + STILL).all()
    if speed % 2:  # else several fractions are never told apart
        assert hidden[:, 0].tolist() == ((401 + speed * np.arange(31)) % FINE).tolist()
    assert sure.all()


def test_a_bounce_ends_one_motion_and_begins_another() -> None:
    hidden, sure = told(shown(400, [5] * 16 + [-3] * 16))
    assert (hidden[:15, 1] == 5 + STILL).all()
    assert (hidden[18:, 1] == -3 + STILL).all()
    assert sure.all()


def test_what_the_window_cuts_off_is_not_sure() -> None:
    _, sure = told(shown(400, [5] * 16 + [-3] * 3))
    assert sure[:16].all()
    assert not sure[17:].all()


def test_what_is_expected_decides_between_what_explains_as_much() -> None:
    places = np.full(20, 7)  # it stands still, with any fraction

    def expect(tick: int, items: Tensor, *known: Any) -> list[list[Expected]]:
        logits = nothing_expected(tick, items, *known)
        logits[0][0].there[:, :, 2] = 20.0
        return logits

    both = torch.from_numpy(np.stack([places, places], 1))[None, :, None]
    hidden, _ = look_back(both, FINE, SPEEDS, expect, np.random.default_rng(0))
    assert (hidden[0, :, 0, 0] == 2).all()
    assert (hidden[0, :, 0, 2:] == STILL).all()


def test_what_is_expected_down_depends_on_the_speed_across_that_was_chosen() -> None:
    columns, rows = shown(400, [5] * 30), np.full(31, 7)  # down it stands still, with any fraction

    def expect(tick: int, items: Tensor, told: Tensor, across: Tensor | None) -> Any:
        expected = nothing_expected(tick, items, told)
        expected[0][1].speeds[:, 3 + STILL] = 1.0  # not quite what is seen
        fast = torch.zeros(len(items)) if across is None else across[:, 0]
        expected[0][0].there[fast == 5 + STILL, :, 2] = 20.0
        return expected

    both = torch.from_numpy(np.stack([rows, columns], 1))[None, :, None]
    hidden, _ = look_back(both, FINE, SPEEDS, expect, np.random.default_rng(0))
    assert (hidden[0, :, 0, 3] == 5 + STILL).all()
    assert (hidden[0, :, 0, 0] == 2).all()


def looked_back(speeds: list[int], on: float, there: float) -> NDArray[np.int64]:
    """Fractions (T,) of what moves down by speeds (T,) that are known, if it is expected to go on
    from where it was, and to have the fraction 3 when it has turned back, so strongly."""
    places = shown(400, speeds[:-1])

    def expect(tick: int, items: Tensor, *known: Any) -> list[list[Expected]]:
        expected = nothing_expected(tick, items, *known)
        expected[0][0].on[:, 0] = on
        expected[0][0].there[:, 1, 3] = there
        expected[0][0].speeds[:, speeds[tick] + STILL] = 60.0
        return expected

    both = torch.from_numpy(np.stack([places, np.zeros_like(places)], 1))[None, :, None]
    hidden, _ = look_back(both, FINE, SPEEDS, expect, np.random.default_rng(0))
    assert hidden[0, :, 0, 2].tolist() == [speed + STILL for speed in speeds]
    return hidden[0, :, 0, 0].numpy()


@pytest.mark.parametrize("after", [8, -8, 4])
def test_which_fraction_is_expected_depends_on_the_speed_that_explains(after: int) -> None:
    fractions = looked_back([5] * 15 + [after] * 20, on=10.0, there=0.0)
    assert fractions[:15].tolist() == (np.arange(15) % FINE).tolist()
    assert (fractions[15:] == 14 % FINE).all()  # whole pixels a tick would fit any


def test_what_turns_back_has_laws_of_its_own() -> None:
    fractions = looked_back([8] * 15 + [-8] * 20, on=10.0, there=40.0)
    assert (fractions[:15] == 0).all()
    assert (fractions[15:] == 3).all()


def test_hindsight_expects_what_is_played() -> None:
    torch.manual_seed(0)
    head = SpriteHead(2, 9, 11, 2, FINE)
    outputs = torch.randn(5, head.outputs)
    now = torch.cat([torch.tensor([[1, 4, 6]]).repeat(5, 1), torch.randint(0, FINE, (5, 4))], 1)
    now[:, 5:] += STILL - 2
    speeds = torch.randint(STILL - 2, STILL + 3, (5, 2))
    speeds[0] = 2 * STILL - now[0, 5:]
    played = head.logits(outputs, now, speeds)[3:]
    for axis, (there, on) in enumerate(head.laws(outputs, now)):
        for item in range(5):
            was, fast = now[item, 5 + axis], speeds[item, axis]
            turned = int(fast != STILL and fast + was == 2 * STILL)
            far = now[item, 3 + axis] + fast - STILL
            expected = there[item, turned] + on[item].roll(int(far))
            torch.testing.assert_close(played[axis][item], expected)


def test_before_anything_is_learned_a_smooth_sprite_just_goes_on() -> None:
    head, speed = SpriteHead(2, 9, 11, 2, FINE), SpeedHead(SPEEDS)
    now = torch.tensor([[1, 4, 6, 3, 1, 3 + STILL, -6 + STILL]])
    said = speed.logits(torch.zeros(2, speed.outputs), now[0, 5:])
    assert said.argmax(1).tolist() == now[0, 5:].tolist()
    assert said.topk(2).indices[:, 1].tolist() == [-3 + STILL, 6 + STILL]  # or it bounces back
    outputs = torch.zeros(1, head.outputs)
    way = sum(head.split[:3])
    outputs[:, way + 2] = outputs[:, way + 5 + 2] = 1.0  # neither more nor less than that
    _, row, column, *fractions = head.logits(outputs, now, now[:, 5:])
    assert (row.argmax().item(), column.argmax().item()) == (4 + 1, 6 - 2)
    likely = [set(part[0].topk(2).indices.tolist()) for part in fractions]
    assert likely == [{2, 0}, {3, 0}]  # what it would be by its speed, or whole pixels


def test_where_it_goes_depends_on_the_speed_that_it_has_from_now_on() -> None:
    head = SpriteHead(2, 9, 11, 2, FINE)
    now = torch.tensor([[1, 4, 6, 3, 1, 3 + STILL, -6 + STILL]])
    outputs = torch.zeros(1, head.outputs)
    way = sum(head.split[:3])
    outputs[:, way + 2] = outputs[:, way + 5 + 2] = 1.0
    _, row, column, *_ = head.logits(outputs, now, torch.tensor([[-4 + STILL, 7 + STILL]]))
    assert (row.argmax().item(), column.argmax().item()) == (4 - 1, 6 + 2)


def test_what_begins_did_so_on_whole_pixels() -> None:
    head = GuessHead(2, FINE, SPEEDS)
    for parts in head.logits(torch.zeros(1, head.outputs)):
        assert [part.shape[1] for part in parts] == [FINE, FINE, SPEEDS, SPEEDS]
        assert [part.argmax().item() for part in parts[:2]] == [0, 0]
    motion = torch.tensor([[0, 0, 3 + STILL, -5 + STILL]])
    assert head.moved(motion, 1).tolist() == [[3, 3, 3 + STILL, -5 + STILL]]
    assert torch.equal(head.moved(head.moved(motion, 1), -1), motion)
