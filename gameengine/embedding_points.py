"""Games by name, as points in the embedding space of a hyper engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.errors import UserError
from data_gen.game import GameSpec
from data_gen.games.automaton import COUNTS, RULE_BITS, rule_bits
from data_gen.games.life import canonical_rule
from data_gen.games.lifelike import random_rules, rule_name
from gameengine.engine import Context, Hidden
from gameengine.engines.hyper import HyperEngine
from gameengine.neighbourhoods import all_neighbourhoods, learned_tables, rule_tables
from gameengine.retargeting import load_engine


@dataclass(frozen=True)
class Rule:
    """bits (18,): the life-like rule nearest to what an engine does. is_one: it is that one."""

    bits: NDArray[np.float32]
    is_one: bool

    @property
    def name(self) -> str:
        return rule_name(self.bits)


def hyper_engine(path: Path, options: Mapping[str, Any] | None = None) -> HyperEngine:
    """The hyper engine in a checkpoint. options: of its game, that are other ones than in training.
    Raises UserError if there is none."""
    engine = load_engine(path, options or {})
    if not isinstance(engine, HyperEngine):
        raise UserError(
            f"{path} holds a {type(engine).__name__}; only a HyperEngine has embeddings, such as"
            " experiments/rules/choice.yaml trains"
        )
    return engine


def embedding_of(engine: HyperEngine, point: str) -> Tensor:
    """The embedding (E,) of a rule, of a game of an arcade, of a variant
    ("ball_speed:2,paddle_height:9", the rest as on average), or of a checkpoint. Raises UserError
    for what is none."""
    if point.endswith(".ckpt"):
        fixed = hyper_engine(Path(point)).embedding.fixed
        if fixed is None:
            raise UserError(f"{point} is many games; give one that induce or blend has written")
        if len(fixed) != engine.embedding.size:
            raise UserError(f"{point} comes from another engine: its embedding has another size")
        return fixed
    if engine.spec.description == RULE_BITS:
        try:
            description = torch.from_numpy(rule_bits(canonical_rule(point)))
        except ValueError as error:
            raise UserError(str(error)) from error
    elif point in engine.spec.options.get("games", ()):
        known = engine.embedding.games
        found = known[known[:, engine.spec.description.index(point)] == 1]
        if len(found) != 1:
            raise UserError(f"the engine has learned {len(found)} variants of {point}, not one")
        description = found[0]
    else:
        description = _described(engine, point)
    with torch.no_grad():
        return engine.embedding.of_description(description[None])[0]


def unseen_rules(engine: HyperEngine, count: int, seed: int) -> list[str]:
    """So many life-like rules that an engine was not trained on, by an order that belongs to the
    seed; fewer if there are no more."""
    known = {tuple(game) for game in engine.embedding.games.tolist()}
    order = random_rules(count + len(known), seed)
    return [rule for rule in order if tuple(rule_bits(rule).tolist()) not in known][:count]


def name_of(spec: GameSpec, description: NDArray[np.float32]) -> str:
    """What a variant of a game is called: a rule, a game of an arcade, or numbers with their
    names."""
    if spec.description == RULE_BITS:
        return rule_name(description)
    numbers = dict(zip(spec.description, description.tolist(), strict=True))
    played = [name for name in spec.options.get("games", ()) if numbers[name]]
    return ", ".join(played or (f"{name} {value:g}" for name, value in numbers.items()))


def tables_of(engine: HyperEngine, embeddings: Tensor) -> NDArray[np.uint8]:
    """What becomes of each neighbourhood, (R, 512), in the life-like games of embeddings (R, E)."""

    def encode(context: Context, own: Tensor) -> Hidden:
        return engine.encode_as(context, own.new_zeros(len(own), len(RULE_BITS)), own)

    return learned_tables(engine, embeddings, encode)


def learned_rules(engine: HyperEngine, embeddings: Tensor) -> list[Rule]:
    """What life-like rules the games of embeddings (R, E) are."""
    tiles = all_neighbourhoods()[:, 0, 1:4, 1:4].astype(np.int64)
    entry = COUNTS * tiles[:, 1, 1] + tiles.sum((1, 2)) - tiles[:, 1, 1]  # (512,)
    rules: list[Rule] = []
    for table in tables_of(engine, embeddings):
        shares = np.bincount(entry, table, len(RULE_BITS)) / np.bincount(entry)
        bits = (shares > 0.5).astype(np.float32)
        rules.append(Rule(bits, bool((rule_tables(bits[None])[0] == table).all())))
    return rules


def _described(engine: HyperEngine, point: str) -> Tensor:
    """The description (D,) of "name:value,name:value"."""
    names = [name.replace(" ", "_") for name in engine.spec.description]
    description = engine.embedding.games.mean(0)
    for text in point.split(","):
        name, _, value = text.partition(":")
        if name not in names:
            raise UserError(
                f"{point!r} is no variant of {engine.spec.name}; write NAME:VALUE with one of"
                f" {', '.join(names)}, or give a .ckpt file"
            )
        try:
            description[names.index(name)] = float(value)
        except ValueError:
            raise UserError(f"{name} is a number, not {value!r}") from None
    return description
