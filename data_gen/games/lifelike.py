"""Life-like: every game has a rule of its own, one of the 2^18 that there are.

The rules are those of data_gen/games/life.py. What can be learned from one game is of no use in the
next: the `description` tells the rule, or some frames of it do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import GameSpec, Seeds
from data_gen.games.automaton import COUNTS, RULE_BITS, Automaton, check_edges, rule_bits, soups
from data_gen.games.life import canonical_rule
from data_gen.options import frame_size
from data_gen.randomness import hash64, integers

RULES = 1 << len(RULE_BITS)
_RULE, _DENSITY = 1 << 32, (1 << 32) + 1  # streams of a seed; those below are for the cells


def lifelike(
    size: Sequence[int] = (32, 32),
    rules: int | Sequence[str] | None = None,
    edges: str = "torus",
    density: Sequence[float] = (0.1, 0.9),
) -> Automaton:
    """A life-like automaton whose rule each seed draws. size, edges: as for life.

    rules: to draw from, such as ["B3/S23", "B36/S23"]; a number: so many of `random_rules`; None:
    all 2^18. density: the least and the
    greatest share of living cells in a soup; each seed draws one between them.
    Raises ValueError for anything else.
    """
    height, width = frame_size(size, least=3)
    check_edges(edges)
    low, high = _checked_range(density)
    if type(rules) is int and 1 <= rules <= RULES:
        rules = random_rules(rules)
    names = None if rules is None else _checked_rules(rules)
    known = None if names is None else np.stack([rule_bits(name) for name in names])  # (N, 18)

    def begin(seeds: Seeds) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        if known is None:
            drawn = hash64(seeds, _RULE)[:, None] >> np.arange(18, dtype=np.uint64)  # (B, 18)
            description = (drawn & np.uint64(1)).astype(np.float32)
        else:
            description = known[integers(len(known), seeds, _RULE)]
        share = low + (high - low) * integers(1 << 16, seeds, _DENSITY) / (1 << 16)
        return soups(seeds, share, height, width), description

    spec = GameSpec(
        name="lifelike",
        version=1,
        shape=(1, height, width),
        actions=("none",),
        fps=15,
        colours=("dead", "alive"),
        palette=((18, 18, 28), (196, 160, 250)),
        context=1,
        description=RULE_BITS,
        options={
            "size": [height, width],
            "rules": names,
            "edges": edges,
            "density": [low, high],
        },
    )
    return Automaton(spec, begin, wraps=edges == "torus")


def random_rules(count: int, seed: int = 0) -> list[str]:
    """So many different rules, as Golly writes them; the first ones of an order that belongs to the
    seed."""
    numbers = np.random.default_rng(seed).permutation(RULES)[:count]
    bits = numbers[:, None] >> np.arange(len(RULE_BITS)) & 1  # (count, 18)
    return [rule_name(row) for row in bits]


def rule_name(bits: NDArray[Any]) -> str:
    """The 18 numbers of a rule, B0 to B8 and S0 to S8, as Golly writes it."""
    births, survivals = (
        "".join(str(count) for count in np.flatnonzero(part > 0))
        for part in (bits[:COUNTS], bits[COUNTS:])
    )
    return f"B{births}/S{survivals}"


def _checked_rules(rules: Any) -> list[str]:
    if isinstance(rules, str) or not isinstance(rules, Sequence) or not rules:
        raise ValueError(
            f'rules must be a list of one or more, such as ["B3/S23", "B36/S23"], or how many of'
            f" them, 1 to {RULES}, or null for all, not {rules!r}"
        )
    return [canonical_rule(rule) for rule in rules]


def _checked_range(density: Sequence[float]) -> tuple[float, float]:
    if (
        not isinstance(density, Sequence)
        or len(density) != 2
        or not all(type(share) in (int, float) for share in density)
        or not 0 <= density[0] <= density[1] <= 1
    ):
        raise ValueError(f"density must be two shares between 0 and 1, not {density!r}")
    return float(density[0]), float(density[1])
