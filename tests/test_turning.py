"""A memory whose parts turn: what moves evenly goes on moving by itself."""

from __future__ import annotations

import pytest
import torch

from gameengine.turning import TurningMemory


def test_with_its_gates_closed_every_pair_turns_by_its_angle() -> None:
    memory = TurningMemory(seen=3, width=8)
    with torch.no_grad():
        memory.told.bias[:8] = -100.0  # nothing new gets in
    start = torch.randn(2, 8)
    after = memory(torch.randn(2, 8, 3), start).unflatten(2, (4, 2))  # (B, T, pair, 2)
    for pair, angle in enumerate(2 * torch.pi / 8 * torch.arange(4.0)):
        for tick in range(8):
            turned = (tick + 1) * angle
            x, y = start[:, 2 * pair], start[:, 2 * pair + 1]
            expected = torch.stack(
                [x * turned.cos() - y * turned.sin(), x * turned.sin() + y * turned.cos()], 1
            )
            torch.testing.assert_close(after[:, tick, pair], expected, atol=1e-5, rtol=1e-5)


def test_what_is_seen_gets_in_through_the_gates() -> None:
    memory = TurningMemory(seen=3, width=8)
    one, other = (memory(torch.full((1, 2, 3), value), torch.zeros(1, 8)) for value in (1.0, -1.0))
    assert (one - other).abs().max() > 0.01


def test_ticks_at_once_are_ticks_one_by_one() -> None:
    memory, seen, state = TurningMemory(3, 8), torch.randn(2, 5, 3), torch.randn(2, 8)
    together = memory(seen, state)
    for tick in range(5):
        state = memory(seen[:, tick : tick + 1], state)[:, -1]
        torch.testing.assert_close(state, together[:, tick])


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(ValueError, match="even width, not 7"):
        TurningMemory(3, 7)
