"""Kernels: plain scalar functions, each for one game of a batch, that Numba compiles.

A kernel is compiled when its module is first imported; those of data_gen and gameengine are kept on
the disk, and a later import loads them in milliseconds. The cache's folder is named by a hash of
the sources that use this module, since Numba by itself does not see that a kernel in another file,
which this one calls, has changed.

Integers in a kernel are int64. Hashes are uint64, and only meet other uint64: Numba makes a float
of an int64 and a uint64.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import config
from numba.core.errors import NumbaError

RULES = types.Array(types.int64, 1, "C")  # what all games of a batch share, such as sizes
ROW = types.Array(types.int32, 1, "C")  # (F,) the state of one game
DESCRIPTION = types.Array(types.float32, 1, "C")  # (D,)
ACTIONS = types.Array(types.uint8, 1, "C")  # (P,)
REWARD = types.Array(types.float32, 1, "C")  # (P,)
FRAME = types.Array(types.uint8, 2, "C")  # (H, W) palette indices

# (rules, seed, state, description): start a game. Both arrays are zeros, to be filled.
BEGIN = types.void(RULES, types.uint64, ROW, DESCRIPTION)
# (rules, state, actions, reward) -> event: one tick, in place. reward is zeros, to be filled.
TICK = types.int64(RULES, ROW, ACTIONS, REWARD)
# (rules, state, frame): draw into a frame of zeros, so palette colour 0 is the background.
DRAW = types.void(RULES, ROW, FRAME)
# (frame, seat, aim) -> action: the scripted expert of one seat, from the frame alone. aim, -1 to 1,
# is where on its paddle, or otherwise how, this player wants to meet what comes.
EXPERT = types.int64(FRAME, types.int64, types.float64)

_CONFIG: Any = config  # its settings are made at run time
_HERE = Path(__file__).parent
_OURS = (_HERE, _HERE.parent / "gameengine")  # where kernels are kept on the disk
_KEPT_CACHES = 8  # versions of the sources; more are deleted, the oldest first

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32 = (np.uint64(bits) for bits in (27, 30, 31, 32))


def kernel(signature: Any = None, inline: bool = True) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function for `signature`, or for the types it is first called with if there is
    none. Divisions by zero give what C gives, not an error. inline: into the kernels that call it;
    better not for what is large and seldom called, as it takes registers from the rest."""

    def compiled(function: Callable[..., Any]) -> Any:
        return _compile(function, signature, inline, kept=_is_ours(function))

    return compiled


def bound(
    template: Callable[..., Any], name: str, signature: Any, inline: bool = True, **kernels: Any
) -> Any:
    """`template`, compiled as function `name` with `kernels` in the place of global names in it.

    For loops that call a kernel which differs from game to game: a kernel that is passed as an
    argument is called through a pointer, with some 30 words on the stack, and never inlined.
    """
    names = {**template.__globals__, **kernels}
    function = FunctionType(template.__code__, names, name)
    function.__qualname__, function.__module__ = name, template.__module__
    kept = all(_is_ours(function) for function in (template, *map(_source, kernels.values())))
    return _compile(function, signature, inline, kept)


def _compile(function: Callable[..., Any], signature: Any, inline: bool, kept: bool) -> Any:
    """kept: on the disk. What is there may be broken, as after a full disk: then all is made anew.
    Numba reads it with pickle, which can raise anything."""
    before = _CONFIG.CACHE_DIR  # of this whole process: it is not ours to change
    folder = cache_folder() if kept else None
    _CONFIG.CACHE_DIR = str(folder or "")
    options = {"nogil": True, "error_model": "numpy", "forceinline": inline}
    compiled = numba.njit(signature, cache=folder is not None, **options)
    try:
        return compiled(function)
    except Exception as error:
        if folder is None or isinstance(error, NumbaError):
            raise
        for path in folder.rglob("*.nb?"):
            path.unlink(missing_ok=True)
        return compiled(function)
    finally:
        _CONFIG.CACHE_DIR = before


def _source(compiled: Any) -> Callable[..., Any]:
    return compiled.py_func


def _is_ours(function: Callable[..., Any]) -> bool:
    """Whether the cache would notice a change of it: others are compiled in every process anew."""
    return any(Path(function.__code__.co_filename).is_relative_to(folder) for folder in _OURS)


@cache
def cache_folder() -> Path | None:
    """Where compiled kernels of these very sources are kept: below $NUMBA_CACHE_DIR,
    $XDG_CACHE_HOME/gameengine or ~/.cache/gameengine. None if nothing can be written there."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    kept = Path(os.environ.get("NUMBA_CACHE_DIR") or home / "gameengine")
    digest = hashlib.sha256()
    for path in sorted(path for folder in _OURS for path in folder.rglob("*.py")):
        source = path.read_bytes()
        if b"data_gen.kernels" in source or path == Path(__file__):
            digest.update(source)
    folder = kept / f"kernels-{digest.hexdigest()[:16]}"
    try:
        if not folder.exists():
            others = sorted(kept.glob("kernels-*"), key=lambda path: path.stat().st_mtime)
            for old in others[: max(0, len(others) - _KEPT_CACHES + 1)]:
                shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


@kernel(types.uint64(types.uint64, types.uint64))
def fold(mixed: Any, value: Any) -> Any:
    """One more value into a hash: `hash64(a, b)` of data_gen.randomness is fold(fold(0, a), b)."""
    mixed = (mixed ^ value) + _GAMMA
    mixed = (mixed ^ (mixed >> _S30)) * _MIX_1
    mixed = (mixed ^ (mixed >> _S27)) * _MIX_2
    return mixed ^ (mixed >> _S31)


@kernel(types.int64(types.uint64, types.int64))
def below(mixed: Any, bound: Any) -> Any:
    """An integer in [0, bound) from a hash, as `integers` of data_gen.randomness."""
    return np.int64(((mixed >> _S32) * np.uint64(bound)) >> _S32)


@kernel(types.int64(types.uint64, types.int64, types.int64))
def draw_integer(seed: Any, stream: Any, bound: Any) -> Any:
    """`integers(bound, seed, stream)`: one of several independent draws of a seed."""
    return below(fold(fold(np.uint64(0), seed), np.uint64(stream)), bound)


@kernel(types.int64(RULES, types.int64, types.uint64, types.int64))
def one_of(rules: Any, place: Any, seed: Any, stream: Any) -> Any:
    """One value of the list that begins at rules[place] with its length."""
    return rules[place + 1 + draw_integer(seed, stream, rules[place])]


@kernel(types.void(RULES, types.int64, types.uint64, ROW, types.int64, types.int64))
def draw_variant(rules: Any, place: Any, seed: Any, state: Any, first: Any, count: Any) -> None:
    """Draw state[first : first + count] from the lists that begin at rules[place], one for each
    (see data_gen.options.listed), by the streams 0 to count - 1 of the seed."""
    for stream in range(count):
        state[first + stream] = one_of(rules, place, seed, stream)
        place += 1 + rules[place]


@kernel(types.boolean(types.uint64, types.uint64))
def happens(mixed: Any, threshold: Any) -> Any:
    """`chance` of data_gen.randomness, for threshold = `threshold_of(probability)`."""
    return (mixed >> _S32) < threshold


def threshold_of(probability: float) -> np.uint64:
    """What `happens` compares with: probability * 2^32."""
    return np.uint64(round(probability * (1 << 32)))
