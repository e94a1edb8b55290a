"""Configs of experiments as plain values: a config may be only its differences from another.

Nothing here loads torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from data_gen.errors import UserError

OPTIONS = ("--config", "-c")


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a YAML file, laid over those of the file that its `differs_from` names, from
    where it lies. Raises UserError if there are none."""
    own = _settings_in(path)
    chain = [path.resolve()]
    while (name := own.pop("differs_from", None)) is not None:
        base = chain[-1].parent / str(name)
        if base.resolve() in chain:
            raise UserError(f"{path} differs from itself: {base} names it again")
        chain.append(base.resolve())
        own = _over(_settings_in(base), own)
    return own


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others over them; lists are replaced as a whole, and so are the arguments of a
    class by those of another one."""
    if own.get("class_path", base.get("class_path")) != base.get("class_path"):
        return dict(own)
    both = {
        key: _over(base[key], value)
        for key, value in own.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **own, **both}


def _settings_in(path: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} holds no settings of an experiment")
    return settings


def configs_in(folder: Path) -> dict[str, Path]:
    """The engines' YAML files: name -> file. Raises UserError if there are none."""
    found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not found:
        raise UserError(f"{folder} holds no YAML files of engines")
    return found


def whole_configs(arguments: Sequence[str]) -> list[str]:
    """Arguments of an experiment in which no config differs from another file: such a one is put
    there as a whole, as JSON. Raises UserError for a config that cannot be read."""
    whole: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, value = argument.partition("=")
        if before in OPTIONS:
            whole.append(_whole(argument))
        elif equals and option in OPTIONS:
            whole.append(f"{option}={_whole(value)}")
        else:
            whole.append(argument)
    return whole


def _whole(name: str) -> str:
    """The file's name, or what it holds if that is but differences."""
    path = Path(name)
    if not path.is_file() or "differs_from" not in _settings_in(path):
        return name
    return json.dumps(read_config(path))
