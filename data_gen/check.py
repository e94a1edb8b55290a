"""The contract of DESIGN.md, run on a game. Every game keeps it, programmed or learned.

A learned game's state may hold tensors, or dicts of them. They are checked without importing torch:
what shows (frames, rewards, ...) through `np.asarray`, what is hidden with `==`, which both know.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, GameSpec, Seeds, State, map_state, replace_items, select
from data_gen.randomness import held_out_seeds, integers, training_seeds
from data_gen.registry import GAMES, make_game

TOLERANCE = 1e-5  # of a reward: a network's sums differ a little with the size of the batch

Seen = dict[str, NDArray[Any]]  # what states show: name -> (T + 1, B, ...)


class ContractError(ValueError):
    """A game breaks its contract. The message says which game, when, which item, and what."""


def check_game(game: AnyGame, seeds: Seeds | None = None, ticks: int = 24) -> None:
    """Play `ticks` ticks from `seeds` (B,) with random actions, and check that the spec survives
    JSON and makes the game again; that dtypes, shapes and ranges hold; that no call changes its
    input; that the same seeds give the same; that an item does not depend on its batch; and that a
    state that was copied, selected or put into another resumes as if nothing had happened.

    Raises ContractError for the first thing that fails, ValueError for fewer than 2 seeds or ticks.
    """
    if seeds is None:
        seeds = np.concatenate([training_seeds(1, 0, 2), held_out_seeds(1, 2)])
    if len(seeds) < 2 or ticks < 2:
        raise ValueError(f"a check needs 2 seeds and 2 ticks, not {len(seeds)} and {ticks}")
    _check_spec(game.spec)
    tick = np.arange(ticks, dtype=np.uint64)[:, None]
    seats = np.arange(len(game.spec.players), dtype=np.uint64)
    actions = integers(game.spec.choices, seeds[:, None, None], tick, seats)  # (B, T, P)
    actions[:, :, game.spec.taken :] = 0

    states = _check_calls(game, seeds, actions)
    seen = _see(game, states)
    still = {"description": np.broadcast_to(seen["description"][0], seen["description"].shape)}
    _expect_equal(game.spec, still, seen, "play changes the")
    again = _play(game, game.init(seeds), actions)
    _expect_equal(game.spec, seen, again, "the same seeds give another")
    for item in range(len(seeds)):
        one = slice(item, item + 1)
        alone = _play(game, game.init(seeds[one]), actions[one])
        in_batch = {name: value[:, one] for name, value in seen.items()}
        _expect_equal(game.spec, in_batch, alone, "alone it has another", items=[item])
    _check_resuming(game, states, seen, actions)


def _check_spec(spec: GameSpec) -> None:
    """Check what the spec says, and that JSON and the registry give it back."""

    def expect(holds: bool, what: str) -> None:
        if not holds:
            raise ContractError(f"{spec.name}: spec: {what}")

    channels = 3 if spec.palette is None else 1
    expect(len(spec.shape) == 3 and min(spec.shape) > 0, f"shape {spec.shape} is not (C, H, W)")
    expect(spec.shape[0] == channels, f"there must be {channels} channels, not {spec.shape[0]}")
    expect(len(spec.palette or ()) <= 256, "a palette index must fit into uint8")
    expect(len(spec.colours) == len(spec.palette or ()), "each palette entry needs one name")
    expect(set(spec.tracked) <= set(spec.colours), f"tracked {spec.tracked} are not all colours")
    expect(bool(spec.actions and spec.players), "there must be actions and players")
    expect(len(spec.keys) == len(spec.players), "there must be keys for each player")
    chosen = {action for keys in spec.keys for action in keys.values()}
    expect(chosen <= set(range(len(spec.actions))), f"keys {spec.keys} name unknown actions")
    expect(spec.events[:1] == ("plain",), f"events[0] must be 'plain', in {spec.events}")
    expect(spec.fps > 0 and spec.context > 0, "fps and context must be 1 or more")
    try:
        back = GameSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    except (TypeError, ValueError) as error:
        raise ContractError(f"{spec.name}: spec: JSON cannot hold it: {error}") from error
    expect(back == spec, f"JSON changes {_changed_fields(spec, back)}")
    if spec.name in GAMES:  # a game that is only tried out has no line there
        try:
            made = make_game(spec.name, **spec.options).spec
        except ValueError as error:
            raise ContractError(f"{spec.name}: spec: options do not make it: {error}") from error
        expect(made == spec, f"its options make one with another {_changed_fields(spec, made)}")


def _check_calls(game: AnyGame, seeds: Seeds, actions: NDArray[np.int64]) -> list[State]:
    """Play with an eye on every call. Returns the states (T + 1)."""
    name, given = game.spec.name, seeds.copy()
    state = game.init(given)
    if not np.array_equal(seeds, given):
        raise ContractError(f"{name}: init changes the seeds")
    states: list[State] = []
    shown: list[tuple[Any, Any]] = []
    for tick in range(actions.shape[1] + 1):
        where = f"{name}: tick {tick}"
        if not isinstance(state, State):
            raise ContractError(f"{where}: {type(state).__name__} is not a State")
        before = copy.deepcopy(state)
        frames = game.render(state)
        shown.append((frames, np.array(frames)))
        _expect_unchanged(before, state, where, "render changes")
        _check_ranges(game, state, len(seeds), where)
        states.append(state)
        if tick == actions.shape[1]:
            break
        chosen = actions[:, tick].copy()
        state = game.step(states[-1], chosen)
        _expect_unchanged(before, states[-1], where, "step changes its input's")
        if not np.array_equal(chosen, actions[:, tick]):
            raise ContractError(f"{where}: step changes the actions")
    for tick, (frames, kept) in enumerate(shown):
        if not np.array_equal(frames, kept):
            raise ContractError(f"{name}: tick {tick}: frames change after they were returned")
        if not np.array_equal(game.render(states[tick]), kept):
            raise ContractError(f"{name}: tick {tick}: a later step changes this state")
    return states


def _check_ranges(game: AnyGame, state: State, batch: int, where: str) -> None:
    """Check dtypes, shapes and ranges of all that a state shows, and that B comes first."""
    spec = game.spec
    limits: dict[str, tuple[type[np.generic], tuple[int, ...], float]] = {
        "frames": (np.uint8, (batch, *spec.shape), len(spec.palette or range(256))),
        "reward": (np.float32, (batch, len(spec.players)), np.inf),
        "terminated": (np.bool_, (batch,), 2),
        "description": (np.float32, (batch, len(spec.description)), np.inf),
        "event": (np.uint8, (batch,), len(spec.events)),
    }
    for name, value in _visible(game, state).items():
        dtype, shape, limit = limits[name]
        if value.dtype != dtype or value.shape != shape:
            found = f"{value.dtype} {value.shape}"
            wanted = f"{np.dtype(dtype)} {shape}"
            raise ContractError(f"{where}: {name} must be {wanted}, not {found}")
        wrong = np.argwhere(~(np.abs(value) < limit))  # not: >=, which lets NaN pass
        if len(wrong):
            found = value[tuple(wrong[0])]
            raise ContractError(f"{where}, item {wrong[0][0]}: {name} {found} is out of range")
    shapes: list[tuple[int, ...]] = []
    map_state(lambda value: shapes.append(tuple(np.shape(value))), state)
    for shape in shapes:
        if shape[:1] != (batch,):
            raise ContractError(f"{where}: a field's shape is {shape}, not ({batch}, ...)")


def _check_resuming(
    game: AnyGame, states: list[State], seen: Seen, actions: NDArray[np.int64]
) -> None:
    """Check that games resume from their states, in any order and company."""
    middle, rest = actions.shape[1] // 2, actions[:, actions.shape[1] // 2 :]
    wanted = {name: value[middle:] for name, value in seen.items()}
    resumed = _play(game, copy.deepcopy(states[middle]), rest)
    _expect_equal(game.spec, wanted, resumed, "a copied state resumes with another", middle)

    order = np.roll(np.arange(len(actions)), 1)
    turned = _play(game, select(states[middle], order), rest[order])
    in_order = {name: value[:, order] for name, value in wanted.items()}
    _expect_equal(
        game.spec, in_order, turned, "selected, it resumes with another", middle, order.tolist()
    )

    guest = np.array([1])
    company = _play(game, states[-1], rest)
    for name, value in company.items():
        value[:, guest] = wanted[name][:, guest]
    mixed = _play(game, replace_items(states[-1], guest, select(states[middle], guest)), rest)
    _expect_equal(game.spec, company, mixed, "after replace_items it has another", middle)


def _play(game: AnyGame, state: State, actions: NDArray[np.int64]) -> Seen:
    states = [state]
    for tick in range(actions.shape[1]):
        states.append(game.step(states[-1], actions[:, tick]))
    for tick, state in enumerate(states):
        _check_ranges(game, state, len(actions), f"{game.spec.name}: played again, tick {tick}")
    return _see(game, states)


def _see(game: AnyGame, states: list[State]) -> Seen:
    shown = [_visible(game, state) for state in states]
    return {name: np.stack([values[name] for values in shown]) for name in shown[0]}


def _visible(game: AnyGame, state: State) -> dict[str, NDArray[Any]]:
    return {
        "frames": np.asarray(game.render(state)),
        "reward": np.asarray(state.reward),
        "terminated": np.asarray(state.terminated),
        "description": np.asarray(state.description),
        "event": np.asarray(state.event),
    }


def _expect_equal(
    spec: GameSpec,
    wanted: Seen,
    seen: Seen,
    what: str,
    first_tick: int = 0,
    items: list[int] | None = None,
) -> None:
    """items: the numbers that the compared items had in the whole batch."""
    for name, value in wanted.items():
        differs = value != seen[name]
        if name == "reward":
            differs = np.abs(value - seen[name]) > TOLERANCE
        places = np.argwhere(differs.any(axis=tuple(range(2, differs.ndim))))  # (N, 2)
        if len(places):
            tick, item = places[0].tolist()
            item = items[item] if items else item
            raise ContractError(
                f"{spec.name}: tick {first_tick + tick}, item {item}: {what} {name}"
            )


def _expect_unchanged(before: State, after: State, where: str, what: str) -> None:
    changed = map_state(_differing_items, before, after)
    for field in dataclasses.fields(changed):
        items = _flat(getattr(changed, field.name))
        if items:
            raise ContractError(f"{where}, item {items[0]}: {what} {field.name}")


def _differing_items(before: Any, after: Any) -> list[int]:
    # NaN counts as equal to NaN. The operators work on tensors as they do on arrays.
    same = np.asarray((before == after) | ((before != before) & (after != after)))
    return np.flatnonzero(~same.all(axis=tuple(range(1, same.ndim)))).tolist()


def _flat(value: Any) -> list[int]:
    """The items in a field of lists, or of dicts or states of them."""
    if isinstance(value, State):
        value = vars(value)
    if isinstance(value, Mapping):
        return [item for entry in value.values() for item in _flat(entry)]
    return value


def _changed_fields(spec: GameSpec, other: GameSpec) -> str:
    names = [field.name for field in dataclasses.fields(spec)]
    return ", ".join(name for name in names if getattr(spec, name) != getattr(other, name))
