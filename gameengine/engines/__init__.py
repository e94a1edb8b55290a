"""The engines there are. A new engine is one file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from data_gen.game import GameSpec
from gameengine.engine import Engine

ENGINES: dict[str, str] = {  # name -> module:class
    "gru": "gameengine.engines.gru:GruEngine",
    "deep_gru": "gameengine.engines.deep_gru:DeepGruEngine",
    "dilated": "gameengine.engines.dilated:DilatedEngine",
    "feedback": "gameengine.engines.feedback:FeedbackEngine",
    "dense": "gameengine.engines.dense:DenseEngine",
    "filters": "gameengine.engines.filters:FiltersEngine",
    "cell": "gameengine.engines.cell:CellEngine",
    "slots": "gameengine.engines.slots:SlotsEngine",
    "hyper": "gameengine.engines.hyper:HyperEngine",
}


def engine_class(name: str) -> type[Engine]:
    """The class of the engine `name`. Raises ValueError for an unknown name."""
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; choose from {', '.join(sorted(ENGINES))}")
    module, class_name = ENGINES[name].split(":")
    return getattr(import_module(module), class_name)


def make_engine(name: str, spec: GameSpec, **options: Any) -> Engine:
    """An untrained engine. Raises ValueError for an unknown name or options that do not fit."""
    try:
        return engine_class(name)(spec, **options)
    except TypeError as error:
        raise ValueError(f"engine {name}: {error}") from None


def engine_name(engine: Engine) -> str:
    """The name under which the engine's class is registered. Raises ValueError if it is not."""
    for name in ENGINES:
        if type(engine) is engine_class(name):
            return name
    raise ValueError(f"{type(engine).__name__} is not in the registry; add its line to ENGINES")
