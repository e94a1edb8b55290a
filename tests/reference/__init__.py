"""Every game once more in plain NumPy, readable as its rules: what the kernels are tested against.

The module of a game has its name, a class `Reference` with the game's options, and VARIANTS: the
options to be tried beside the defaults. `players` is the same for the scripted players.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any


def has_reference(name: str) -> bool:
    return find_spec(f"{__name__}.{name}") is not None


def reference_of(name: str, options: dict[str, Any]) -> Any:
    """The game `name` in plain NumPy."""
    return import_module(f"{__name__}.{name}").Reference(**options)


def variants_of(name: str) -> list[dict[str, Any]]:
    """Options to be tried: none, so the defaults, and those that the reference names."""
    return [{}, *(import_module(f"{__name__}.{name}").VARIANTS if has_reference(name) else [])]
