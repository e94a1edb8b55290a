"""What the command lines share: a parser that tells errors in one line, a game and its options."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from data_gen.errors import UserError

if TYPE_CHECKING:
    from data_gen.game import AnyGame


class Parser(argparse.ArgumentParser):
    """Raises UserError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")


def this_python() -> str:
    """How to call this Python from here, for commands that a person copies: they must work
    without activating .venv."""
    path = Path(sys.executable)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else "python"


def add_game_options(parser: argparse.ArgumentParser, more: str = "") -> None:
    """--option KEY=VALUE ..., which `read_options` reads. more: what its help says besides."""
    parser.add_argument(
        "--option",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help=f"of the game, such as serve_angles=true or 'size=[64,64]'{more}",
    )


def check_least(asked: argparse.Namespace, **least: int) -> None:
    """Raises UserError for an option that is less than `least`, or one of several that is; one that
    was not given is nothing."""
    for name, allowed in least.items():
        given = getattr(asked, name)
        for value in given if isinstance(given, list) else [given]:
            if value is not None and value < allowed:
                raise UserError(f"--{name} must be at least {allowed}, not {value}")


def read_options(texts: Sequence[str]) -> dict[str, Any]:
    """Options of a game from KEY=VALUE each; a value is read as JSON where that is possible, else
    it is a string. Raises UserError for a text without "="."""
    options: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--option wants KEY=VALUE, not {text!r}")
        try:
            options[key] = json.loads(value)
        except (ValueError, RecursionError):  # the latter for size=[[[[...
            options[key] = value
    return options


def read_weights(texts: Sequence[str]) -> dict[str, float] | None:
    """Weights from KIND=WEIGHT each; None for no texts. Raises UserError for anything else."""
    weights: dict[str, float] = {}
    for text in texts:
        kind, _, weight = text.partition("=")
        try:
            weights[kind] = float(weight or 1)
        except ValueError:
            raise UserError(f"--starts wants KIND=WEIGHT, such as near=2, not {text!r}") from None
    return weights or None


def chosen_game(name: str, options: Mapping[str, Any]) -> AnyGame:
    """The game `name`. Raises UserError for an unknown one and for options that it does not have
    or does not allow, with the nearest names there are."""
    from data_gen.registry import GAMES, make_game

    if name not in GAMES:
        raise UserError(f"unknown game {name!r}; {_nearest(name, GAMES)}")
    try:
        allowed = make_game(name).spec.options
        for key in options:
            if key not in allowed:
                raise UserError(f"{name} has no option {key!r}; {_nearest(key, allowed)}")
        return make_game(name, **options)
    except ValueError as error:
        raise UserError(str(error)) from error


def _nearest(name: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    near = difflib.get_close_matches(name, names, 1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"choose from {', '.join(names)}"
