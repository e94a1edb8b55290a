"""`check_game` catches every way to break the contract of games, one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.check import ContractError, check_game
from data_gen.game import Actions, Frames, GameSpec, Seeds, State
from data_gen.games.automaton import CellState
from data_gen.games.life import life
from data_gen.randomness import training_seeds


class Changed:
    """A small Life in which functions take the place of methods; they get this game first."""

    def __init__(self, **changes: Any) -> None:
        self.life = life(size=(6, 8))
        self.spec: GameSpec = replace(self.life.spec, **changes.pop("spec", {}))
        self.changes: dict[str, Callable[..., Any]] = changes
        self.memory: dict[Any, Any] = {}  # that a game must not have

    def init(self, seeds: Seeds) -> Any:
        return self.changes.get("init", _true_init)(self, seeds)

    def step(self, state: Any, actions: Actions) -> Any:
        return self.changes.get("step", _true_step)(self, state, actions)

    def render(self, state: Any) -> Frames:
        return self.changes.get("render", _true_render)(self, state)


def _true_init(game: Changed, seeds: Seeds) -> CellState:
    return game.life.init(seeds)


def _true_step(game: Changed, state: CellState, actions: Actions) -> CellState:
    return game.life.step(state, actions)


def _true_render(game: Changed, state: CellState) -> Frames:
    return game.life.render(state)


@dataclass(frozen=True)
class TickState(CellState):
    tick: NDArray[np.int64]  # (B,)


def _with_field(field: str, change: Callable[[NDArray[Any]], Any]) -> Callable[..., Any]:
    """A step after which the state's `field` is changed."""

    def step(game: Changed, state: CellState, actions: Actions) -> CellState:
        new = game.life.step(state, actions)
        return replace(new, **{field: change(getattr(new, field))})

    return step


def _one(value: NDArray[Any], new: Any) -> NDArray[Any]:
    """Item 2, where there is one, gets the value `new`."""
    changed = value.copy()
    changed[2:3] = new
    return changed


def _init_that_changes_seeds(game: Changed, seeds: Seeds) -> CellState:
    state = game.life.init(seeds)
    seeds += np.uint64(1)
    return state


def _init_by_the_call(game: Changed, seeds: Seeds) -> CellState:
    game.memory["calls"] = game.memory.get("calls", 0) + 1
    return game.life.init(seeds + np.uint64(game.memory["calls"]))


def _init_by_the_place(game: Changed, seeds: Seeds) -> CellState:
    return game.life.init(seeds + np.arange(len(seeds), dtype=np.uint64))


def _step_in_place(game: Changed, state: CellState, actions: Actions) -> CellState:
    state.cells[:] = game.life.step(state, actions).cells
    return state


def _step_that_changes_actions(game: Changed, state: CellState, actions: Actions) -> CellState:
    actions += 1
    return game.life.step(state, actions)


def _step_by_the_call(game: Changed, state: CellState, actions: Actions) -> CellState:
    game.memory["calls"] = game.memory.get("calls", 0) + 1
    new = game.life.step(state, actions)
    return replace(new, cells=new.cells ^ (game.memory["calls"] == 40))


def _step_across_items(game: Changed, state: CellState, actions: Actions) -> CellState:
    new = game.life.step(state, actions)
    return replace(new, cells=new.cells ^ np.roll(state.cells, 1, 0) ^ state.cells)


def _step_in_two_buffers(game: Changed, state: CellState, actions: Actions) -> CellState:
    """Writes to the one of two buffers that `state` does not use: the state before is lost."""
    new = game.life.step(state, actions)
    buffers = game.memory.setdefault(len(new.cells), [new.cells.copy(), new.cells.copy()])
    buffer = buffers[1] if state.cells is buffers[0] else buffers[0]
    buffer[:] = new.cells
    return replace(new, cells=buffer)


def _init_remembered(game: Changed, seeds: Seeds) -> CellState:
    state = game.memory["first", len(seeds)] = game.memory["last", len(seeds)] = game.life.init(
        seeds
    )
    return state


def _step_of_the_last_state(game: Changed, state: CellState, actions: Actions) -> CellState:
    last = game.memory["last", len(actions)]
    new = game.memory["last", len(actions)] = game.life.step(last, actions)
    return new


def _step_by_the_first_state(game: Changed, state: CellState, actions: Actions) -> CellState:
    new = game.life.step(state, actions)
    return replace(new, cells=new.cells ^ game.memory["first", len(actions)].cells)


def _init_at_tick_0(game: Changed, seeds: Seeds) -> TickState:
    return TickState(**vars(game.life.init(seeds)), tick=np.zeros(len(seeds), np.int64))


def _step_by_the_first_clock(game: Changed, state: TickState, actions: Actions) -> TickState:
    fields = vars(game.life.step(state, actions))
    fields["cells"] = fields["cells"] ^ (state.tick[0] % 7 == 0)
    return TickState(**(fields | {"tick": state.tick + 1}))


def _step_to_half_a_batch(game: Changed, state: CellState, actions: Actions) -> CellState:
    fields = vars(game.life.step(state, actions))
    return TickState(**fields, tick=np.zeros(len(actions) // 2, np.int64))


def _render_that_changes_cells(game: Changed, state: CellState) -> Frames:
    frames = game.life.render(state)
    state.cells[2:3, 0, 0] ^= True
    return frames


def _render_into_one_buffer(game: Changed, state: CellState) -> Frames:
    frames = game.life.render(state)
    buffer = game.memory.setdefault(len(frames), frames)
    buffer[:] = frames
    return buffer


def _render_one_without_batch(game: Changed, state: CellState) -> Frames:
    frames = game.life.render(state)
    return frames if len(frames) > 1 else frames[0]


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"spec": {"shape": (6, 8)}}, r"shape \(6, 8\) is not \(C, H, W\)"),
    ({"spec": {"shape": (3, 6, 8)}}, "there must be 1 channels, not 3"),
    ({"spec": {"colours": ("dead", "alive", "grey")}}, "each palette entry needs one name"),
    ({"spec": {"palette": ((0, 0, 0),) * 257}}, "a palette index must fit into uint8"),
    ({"spec": {"tracked": ("ball",)}}, r"tracked \('ball',\) are not all colours"),
    ({"spec": {"actions": ()}}, "there must be actions and players"),
    ({"spec": {"keys": ()}}, "there must be keys for each player"),
    ({"spec": {"keys": ({"w": 1},)}}, "name unknown actions"),
    ({"spec": {"events": ("alarm",)}}, "must be 'plain'"),
    ({"spec": {"context": 0}}, "context must be 1 or more"),
    ({"spec": {"options": {"size": (6, 8)}}}, "spec: JSON changes options"),
    ({"spec": {"options": {"size": {6, 8}}}}, "spec: JSON cannot hold it"),
    ({"spec": {"options": {"size": [6, 9]}}}, "its options make one with another shape, options"),
    ({"spec": {"options": {"length": 6}}}, "options do not make it: .*length"),
    ({"spec": {"version": 2}}, "its options make one with another version"),
    ({"init": lambda game, seeds: game.life.init(seeds).cells}, "tick 0: ndarray is not a State"),
    (
        {"render": lambda game, state: game.life.render(state).astype(np.int64)},
        r"tick 0: frames must be uint8 \(4, 1, 6, 8\), not int64",
    ),
    ({"render": lambda game, state: game.life.render(state)[:, 0]}, r"not uint8 \(4, 6, 8\)"),
    (
        {"render": lambda game, state: _one(game.life.render(state), 2)},
        "life: tick 0, item 2: frames 2 is out of range",
    ),
    ({"step": _with_field("reward", lambda r: r.astype(float))}, r"tick 1: reward must be float32"),
    ({"step": _with_field("reward", lambda r: r[:, 0])}, r"reward .*, not float32 \(4,\)"),
    ({"step": _with_field("reward", lambda r: _one(r, np.nan))}, "item 2: reward nan is out of"),
    ({"step": _with_field("terminated", lambda t: t.astype(np.uint8))}, "terminated must be bool"),
    ({"step": _with_field("event", lambda e: e.astype(int))}, "event must be uint8"),
    ({"step": _with_field("event", lambda e: _one(e, 1))}, "tick 1, item 2: event 1 is out of"),
    ({"step": _with_field("description", lambda d: d[:, 1:])}, r"description .*\(4, 17\)"),
    ({"step": _with_field("description", lambda d: d.astype(float))}, "description must be float3"),
    ({"step": _with_field("description", lambda d: _one(d, np.inf))}, "item 2: description inf"),
    (
        {"step": _with_field("description", lambda d: _one(d, 1))},
        "item 2: play changes the description",
    ),
    ({"step": _step_to_half_a_batch}, r"tick 1: a field's shape is \(2,\), not \(4, ...\)"),
    ({"render": _render_one_without_batch}, "played again, tick 0: frames must be uint8"),
    ({"init": _init_that_changes_seeds}, "life: init changes the seeds"),
    ({"step": _step_in_place}, "life: tick 0, item 0: step changes its input's cells"),
    ({"step": _step_that_changes_actions}, "life: tick 0: step changes the actions"),
    ({"render": _render_that_changes_cells}, "life: tick 0, item 2: render changes cells"),
    ({"render": _render_into_one_buffer}, "life: tick 0: frames change after they were returned"),
    ({"step": _step_in_two_buffers}, "life: tick 1: a later step changes this state"),
    ({"init": _init_by_the_call}, "tick 0, item 0: the same seeds give another frames"),
    ({"step": _step_by_the_call}, "tick 16, item 0: the same seeds give another frames"),
    ({"init": _init_by_the_place}, "tick 0, item 1: alone it has another frames"),
    ({"step": _step_across_items}, "tick 1, item 0: alone it has another frames"),
    (
        {"init": _init_remembered, "step": _step_of_the_last_state},
        "tick 13, item .: a copied state resumes with another frames",
    ),
    (
        {"init": _init_remembered, "step": _step_by_the_first_state},
        "tick 13, item 3: selected, it resumes with another frames",
    ),
    (
        {"init": _init_at_tick_0, "step": _step_by_the_first_clock},
        "tick 15, item 1: after replace_items it has another frames",
    ),
]


def test_the_unchanged_game_passes() -> None:
    check_game(Changed())


@pytest.mark.parametrize(("changes", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_every_way_to_break_the_contract_is_caught(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message) as caught:
        check_game(Changed(**changes))
    assert str(caught.value).startswith("life: ")


def test_a_check_needs_seeds_and_ticks() -> None:
    with pytest.raises(ValueError, match="2 seeds and 2 ticks, not 1 and 24"):
        check_game(Changed(), training_seeds(0, 0, 1))
    with pytest.raises(ValueError, match="2 seeds and 2 ticks, not 4 and 1"):
        check_game(Changed(), ticks=1)


@dataclass(frozen=True)
class TensorState(State):
    hidden: dict[str, Any]  # "cells": (B, H, W) bfloat16 tensor, "more": dict of such


def _as_tensors(state: CellState) -> TensorState:
    import torch

    seen = {field.name: getattr(state, field.name) for field in dataclasses.fields(State)}
    tensors = {name: torch.from_numpy(value.copy()) for name, value in seen.items()}
    cells = torch.from_numpy(state.cells.astype(np.float32)).to(torch.bfloat16)
    return TensorState(**tensors, hidden={"cells": cells, "more": {"nan": cells * float("nan")}})  # pyright: ignore[reportArgumentType]


def _as_life(state: TensorState) -> CellState:
    seen = {
        field.name: np.asarray(getattr(state, field.name)) for field in dataclasses.fields(State)
    }
    return CellState(**seen, cells=state.hidden["cells"].float().numpy() > 0.5)


def _step_of_tensors(game: Changed, state: TensorState, actions: Actions) -> TensorState:
    return _as_tensors(game.life.step(_as_life(state), actions))


def _step_in_nested_place(game: Changed, state: TensorState, actions: Actions) -> TensorState:
    state.hidden["more"]["nan"][2] = 0.0
    return _step_of_tensors(game, state, actions)


TENSORS = {
    "init": lambda game, seeds: _as_tensors(game.life.init(seeds)),
    "step": _step_of_tensors,
    "render": lambda game, state: game.life.render(_as_life(state)),
}


def test_a_state_may_hold_tensors_and_dicts_of_them() -> None:
    check_game(Changed(**TENSORS))


def test_a_tensor_that_step_changes_is_caught() -> None:
    with pytest.raises(ContractError, match="tick 0, item 2: step changes its input's hidden"):
        check_game(Changed(**(TENSORS | {"step": _step_in_nested_place})))
