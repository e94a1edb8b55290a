"""Dilated layers against a slow loop, written from section 2 of Chang et al., "Dilated recurrent
neural networks", NIPS 2017, and from the equations of the cells in torch's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.copy_task import draw_batch, memoryless
from data_gen.registry import make_game
from gameengine.cores import Cell, DilatedCore
from gameengine.engines import make_engine

Array = NDArray[np.float64]
SEEN, START, WIDTH = 3, 4, 6
every_cell = pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
every_list = pytest.mark.parametrize("dilations", [[1, 2, 4], [3, 1], [5]])
every_length = pytest.mark.parametrize("ticks", [1, 2, 7, 13])


def make(dilations: list[int], cell: Cell) -> DilatedCore:
    torch.manual_seed(0)
    return DilatedCore(SEEN, START, WIDTH, dilations, cell).double()


def start(core: DilatedCore, batch: int = 2) -> dict[str, torch.Tensor]:
    """A state in which no two entries are equal."""
    memory = core.begin(torch.zeros(batch, START, dtype=torch.float64))
    return {key: torch.rand_like(value) for key, value in memory.items()}


def inputs(ticks: int, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, ticks, SEEN, generator=generator, dtype=torch.float64)


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def cell_tick(cell: Cell, layer: Any, seen: Array, past: list[Array]) -> list[Array]:
    """One tick of one cell. past: the state, and for the LSTM its inner state."""
    from_input, from_state, bias, state_bias = (
        getattr(layer, f"{name}_l0").detach().numpy()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    told, recalled = seen @ from_input.T + bias, past[0] @ from_state.T + state_bias
    if cell == "rnn":
        return [np.tanh(told + recalled)]
    if cell == "lstm":
        enter, forget, goal, show = np.split(told + recalled, 4, 1)
        inner = sigmoid(forget) * past[1] + sigmoid(enter) * np.tanh(goal)
        return [sigmoid(show) * np.tanh(inner), inner]
    (reset, update, goal), (reset_, update_, goal_) = np.split(told, 3, 1), np.split(recalled, 3, 1)
    gate = sigmoid(update + update_)
    return [(1 - gate) * np.tanh(goal + sigmoid(reset + reset_) * goal_) + gate * past[0]]


def slow_loop(
    core: DilatedCore, cell: Cell, dilations: list[int], seen: Array, memory: dict[str, Any]
) -> tuple[Array, dict[str, Array]]:
    """Outputs (B, T, W) of the last layer, and the last d states of each layer."""
    below = [seen[:, tick] for tick in range(seen.shape[1])]
    after: dict[str, Array] = {}
    for number, dilation in enumerate(dilations):
        keys = [f"{part}{number}" for part in ("state", "inner")]
        keys = [key for key in keys if key in memory]
        # The states of the ticks -d, ..., -1, then those of 0, 1, 2 ...
        past = [[memory[key][:, slot].numpy() for key in keys] for slot in range(dilation)]
        for now, given in enumerate(below):
            past.append(cell_tick(cell, core.layers[number], given, past[now]))
        below = [states[0] for states in past[dilation:]]
        for index, key in enumerate(keys):
            after[key] = np.stack([states[index] for states in past[-dilation:]], 1)
    return np.stack(below, 1), after


@every_cell
@every_list
@every_length
def test_outputs_are_those_of_the_paper(dilations: list[int], cell: Cell, ticks: int) -> None:
    core, seen = make(dilations, cell), inputs(ticks)
    memory = start(core)
    before = {key: value.clone() for key, value in memory.items()}
    with torch.no_grad():
        outputs, after = core.run(seen, memory)
    expected, states = slow_loop(core, cell, dilations, seen.numpy(), memory)
    np.testing.assert_allclose(outputs.numpy(), expected, atol=1e-10)
    assert after.keys() == states.keys() == memory.keys()
    for key, state in states.items():
        np.testing.assert_allclose(after[key].numpy(), state, atol=1e-10)
    assert all(torch.equal(memory[key], before[key]) for key in before)


@every_cell
@every_list
@pytest.mark.parametrize("split", [1, 2, 5, 7, 12])
def test_a_sequence_can_be_split_anywhere(dilations: list[int], cell: Cell, split: int) -> None:
    core, seen = make(dilations, cell), inputs(13)
    memory = start(core)
    with torch.no_grad():
        outputs, after = core.run(seen, memory)
        early, between = core.run(seen[:, :split], memory)
        late, end = core.run(seen[:, split:], between)
    torch.testing.assert_close(torch.cat([early, late], 1), outputs)
    for key in after:
        torch.testing.assert_close(end[key], after[key])


@every_cell
def test_tick_by_tick_is_the_same(cell: Cell) -> None:
    core, seen = make([2, 3], cell), inputs(7)
    memory = after = start(core)
    shown = []
    with torch.no_grad():
        outputs, end = core.run(seen, memory)
        for tick in range(7):
            output, after = core.step(seen[:, tick], after)
            shown.append(output)
    torch.testing.assert_close(torch.stack(shown, 1), outputs)
    for key in end:
        torch.testing.assert_close(after[key], end[key])


def test_a_layer_of_dilation_d_does_not_see_the_ticks_between() -> None:
    core, seen = make([4], "gru"), inputs(9)
    memory = start(core)
    changed = seen.clone()
    changed[:, 2] += 1
    with torch.no_grad():
        different = (core.run(seen, memory)[0] != core.run(changed, memory)[0]).any(2).any(0)
    assert different.nonzero().flatten().tolist() == [2, 6]


@every_cell
def test_what_comes_from_the_past_and_from_below_is_neither_weakened_nor_amplified(
    cell: Cell,
) -> None:
    low, high = make([1, 2], cell).layers
    for weight in (low.weight_hh_l0, high.weight_hh_l0, high.weight_ih_l0):
        for gate in weight.split(WIDTH):  # pyright: ignore
            unit = torch.eye(WIDTH, dtype=torch.float64)
            torch.testing.assert_close(gate @ gate.T, unit, atol=1e-6, rtol=0)


def test_the_copy_task_asks_for_what_was_shown() -> None:
    inputs, targets = draw_batch(3, 20, torch.Generator().manual_seed(0))
    assert inputs.shape == targets.shape == (3, 40)
    for row, wanted in zip(inputs.tolist(), targets.tolist(), strict=True):
        shown = row[:10]
        assert max(shown) < 8
        assert row[10:] == [8] * 19 + [9] + [8] * 10
        assert wanted == [8] * 30 + shown


def test_a_network_without_memory_guesses_the_symbols() -> None:
    _, targets = draw_batch(4, 500, torch.Generator().manual_seed(0))
    logits = torch.full((*targets.shape, 9), -100.0)
    logits[:, :-10, 8] = 100  # it knows when to say nothing
    logits[:, -10:, :8] = 100  # and that something is asked for
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(memoryless(500), rel=1e-5)


def test_the_first_state_comes_from_the_start() -> None:
    core = make([1, 3], "lstm")
    memory = core.begin(torch.randn(2, START, dtype=torch.float64))
    assert {key: value.shape[1] for key, value in memory.items()} == {
        "state0": 1,
        "inner0": 1,
        "state1": 3,
        "inner1": 3,
    }
    assert all(not torch.equal(value[0], value[1]) for value in memory.values())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"dilations": []}, r"dilations must be a list of numbers from 1 on, not \[\]"),
        ({"dilations": [1, 0]}, r"from 1 on, not \[1, 0\]"),
        ({"cell": "gro"}, "unknown cell 'gro'; choose from gru, lstm, rnn"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_engine("dilated", make_game("pong").spec, **options)


def test_it_tells_how_long_windows_must_be_for_its_highest_layer() -> None:
    spec, options = make_game("pong").spec, {"width": 8, "sight": 8, "dilations": [1, 6, 2]}
    assert make_engine("dilated", spec, **options).least_ticks == 7
    assert make_engine("gru", spec, width=8).least_ticks == 1
    hyper = make_engine("hyper", spec, base="dilated", base_options=options, generated=["*outcome"])
    assert hyper.least_ticks == 7
