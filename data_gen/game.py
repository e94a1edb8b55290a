"""The contract that every game keeps, whether a person programmed it or a network learned it.

A game is a black box with a state: it is started from seeds, every tick it takes the players'
actions, changes its state and shows a frame. Nothing here or below it imports torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]  # (B, C, H, W): palette indices (C = 1) or RGB (C = 3)
Actions = NDArray[np.integer[Any]]  # (B, P)
Seeds = NDArray[np.uint64]  # (B,)


@dataclass(frozen=True)
class GameSpec:
    """What can be known of a game without running it. Plain values only: it travels as JSON.

    name: as in the registry. version: raised by any change of behaviour.
    shape: (C, H, W) of a frame. actions: what one player can choose, index = action.
    players: names of the seats. keys: per seat, key name (as pygame names it) -> action.
    colours: names of the K palette entries; empty for true-colour games.
    Actions, players and colours without a name, "", are last, and never used: room that other games
    need which one engine learns as well.
    palette: K colours (red, green, blue), or None for true-colour games.
    tracked: the colours that count as objects when a dream is judged.
    context: true frames that an engine needs before it can know the state.
    events: what can happen in a tick, index = State.event; events[0] is "plain".
    description: names of the D numbers that describe a variant.
    options: the arguments that make this game again: make_game(name, **options).
    """

    name: str
    version: int
    shape: tuple[int, int, int]
    actions: tuple[str, ...]
    players: tuple[str, ...] = ("player",)
    keys: tuple[Mapping[str, int], ...] = ({},)
    fps: int = 60
    colours: tuple[str, ...] = ()
    palette: tuple[tuple[int, int, int], ...] | None = None
    tracked: tuple[str, ...] = ()
    context: int = 1
    events: tuple[str, ...] = ("plain",)
    description: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def choices(self) -> int:
        """How many actions a player chooses from."""
        return sum(map(bool, self.actions))

    @property
    def taken(self) -> int:
        """How many seats are taken; at the others the action is always 0."""
        return sum(map(bool, self.players))

    def to_dict(self) -> dict[str, Any]:
        """The spec as dicts, lists, strings and numbers; `from_dict` gives the same spec back."""
        return cast(dict[str, Any], _plain(dataclasses.asdict(self)))

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> GameSpec:
        """Undo `to_dict`. Raises TypeError for unknown or missing keys."""
        frozen = {
            key: _frozen(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
        return GameSpec(**frozen)


@dataclass(frozen=True)
class State:
    """What every state has; a game adds its own fields. All fields are arrays with B first."""

    reward: NDArray[np.float32]  # (B, P): earned by the last tick
    terminated: NDArray[np.bool_]  # (B,)
    description: NDArray[np.float32]  # (B, D): the variant that each item plays
    event: NDArray[np.uint8]  # (B,): what happened in the last tick, an index of spec.events


S = TypeVar("S", bound=State)


class Game(Protocol[S]):
    """A game: pure functions between states, always batched.

    All randomness enters by `seeds`; same seeds and actions give the same bytes everywhere.
    """

    @property
    def spec(self) -> GameSpec: ...

    def init(self, seeds: Seeds) -> S:
        """Start B games. seeds (B,) uint64."""
        ...

    def step(self, state: S, actions: Actions) -> S:
        """Advance B games one tick; `state` is not changed. actions (B, P), 0 <= action < A."""
        ...

    def render(self, state: S) -> Frames:
        """Show B games. Returns (B, C, H, W) uint8."""
        ...


AnyGame = Game[Any]


def with_context(game: AnyGame, context: int) -> AnyGame:
    """The same game, of which an engine is shown `context` true frames."""
    if game.spec.context == context:
        return game
    shown: Any = copy(game)
    shown.spec = replace(game.spec, context=context)
    return shown


def map_state(function: Callable[..., Any], *states: S) -> S:
    """Apply `function` to each array of equally built states, also of dicts and states in them."""

    def apply(*values: Any) -> Any:
        if isinstance(values[0], Mapping):
            return {key: apply(*(value[key] for value in values)) for key in values[0]}
        if isinstance(values[0], State):
            return map_state(function, *values)
        return function(*values)

    names = [entry.name for entry in dataclasses.fields(states[0])]
    return type(states[0])(**{n: apply(*(getattr(s, n) for s in states)) for n in names})


def arrays_of(state: State) -> dict[str, NDArray[Any]]:
    """All arrays of a true game's state by name; those of a state in it are "field.name"."""
    found: dict[str, NDArray[Any]] = {}
    for entry in dataclasses.fields(state):
        value = getattr(state, entry.name)
        if isinstance(value, State):
            found |= {f"{entry.name}.{name}": part for name, part in arrays_of(value).items()}
        else:
            found[entry.name] = value
    return found


def select(state: S, index: Any) -> S:
    """The items `index` (an index array, mask or slice over B) of a state."""
    return map_state(lambda value: value[index], state)


def replace_items(state: S, index: NDArray[np.intp], items: S) -> S:
    """A state in which the items `index` (N,) are those of `items` (N games)."""

    def put(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        changed = deepcopy(old)  # not old.copy(): a learned game's fields are tensors
        changed[index] = new
        return changed

    return map_state(put, state, items)


def ready(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """The array as kernels take it, a copy only where it must be one: contiguous, of `dtype`, and
    writable, which Numba asks of all arrays even if they are only read."""
    return np.require(array, dtype, ["C", "W"])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value
