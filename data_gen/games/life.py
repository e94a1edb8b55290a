"""Conway's Game of Life and every other life-like rule, from soups or from patterns.

A cell looks at its 8 neighbours. A dead one with a number of living neighbours that is in the
rule's B digits is born, a living one with a number in the S digits survives, all others are dead.
Life is B3/S23: M. Gardner, Scientific American 223 (4), 1970. The notation is Golly's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_gen.game import GameSpec, Seeds
from data_gen.games.automaton import RULE_BITS, Automaton, check_edges, rule_bits, soups
from data_gen.games.rle import Pattern, read_pattern, write_rle
from data_gen.options import frame_size

DEFAULT_RULE = "B3/S23"
_NOTATION = re.compile(r"b(?P<b>[0-8]*)/?s(?P<s>[0-8]*)|s(?P<s2>[0-8]*)/?b(?P<b2>[0-8]*)", re.I)
_OLD_NOTATION = re.compile(r"([0-8]*)/([0-8]*)")  # survivals first


def life(
    size: Sequence[int] = (32, 32),
    rule: str | None = None,
    edges: str = "torus",
    density: float = 0.35,
    pattern: str | Path | None = None,
) -> Automaton:
    """A life-like cellular automaton as a game without choices: its one action is "none".

    size: (H, W), 3 or more. rule: such as "B3/S23" or "b36s23"; None takes that of the pattern's
    header, or B3/S23. edges: "torus" wraps, "dead" is surrounded by cells that never live, not even
    by B0. density: share of living cells in the soup that each seed gives. pattern: starts every
    item from the same cells at the centre instead; a path to an .rle or .cells file, RLE text, or a
    picture of lines of '.' and 'O' or '*'.
    Raises ValueError for anything else, and for a pattern larger than the board.
    """
    height, width = frame_size(size, least=3)
    check_edges(edges)
    if type(density) not in (int, float) or not 0 <= density <= 1:
        raise ValueError(f"density must lie in 0 to 1, not {density!r}")
    drawn = None if pattern is None else read_pattern(pattern)
    rule = canonical_rule(_chosen_rule(rule, drawn))
    description = rule_bits(rule)
    start = None if drawn is None else _centred(drawn.cells, height, width)

    def begin(seeds: Seeds) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        if start is None:
            cells = soups(seeds, np.full(len(seeds), density), height, width)
        else:
            cells = np.tile(start, (len(seeds), 1, 1))
        return cells, np.tile(description, (len(seeds), 1))

    spec = GameSpec(
        name="life",
        version=1,
        shape=(1, height, width),
        actions=("none",),
        fps=15,
        colours=("dead", "alive"),
        palette=((18, 18, 28), (178, 236, 190)),
        context=1,
        description=RULE_BITS,
        options={
            "size": [height, width],
            "rule": rule,
            "edges": edges,
            "density": float(density),
            # As text, so that a checkpoint can make the game again without the file.
            "pattern": None if drawn is None else write_rle(drawn.cells, rule),
        },
    )
    return Automaton(spec, begin, wraps=edges == "torus")


def canonical_rule(rule: str) -> str:
    """`rule` as Golly writes it: "B36/S23" for "b63s32". Raises ValueError for other notations."""
    match = _NOTATION.fullmatch(rule.strip()) if isinstance(rule, str) else None
    if not match:
        raise ValueError(
            f"unknown rule {rule!r}; write the neighbours for birth and for survival, 0 to 8 each,"
            f" as in {DEFAULT_RULE}"
        )
    births, survivals = match["b"] or match["b2"] or "", match["s"] or match["s2"] or ""
    return f"B{''.join(sorted(set(births)))}/S{''.join(sorted(set(survivals)))}"


def _chosen_rule(rule: str | None, pattern: Pattern | None) -> str:
    if rule is not None:
        return rule
    if pattern is None or pattern.rule is None:
        return DEFAULT_RULE
    # Golly appends the size of a bounded grid after a colon; here `size` and `edges` say that.
    stated = pattern.rule.split(":")[0].strip()
    old = _OLD_NOTATION.fullmatch(stated)
    return f"B{old[2]}/S{old[1]}" if old else stated


def _centred(cells: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    rows, columns = cells.shape
    if rows > height or columns > width:
        raise ValueError(
            f"the pattern has {rows} x {columns} cells, but the board only {height} x {width};"
            " choose a larger size"
        )
    board = np.zeros((height, width), np.bool_)
    top, left = (height - rows) // 2, (width - columns) // 2
    board[top : top + rows, left : left + columns] = cells
    return board
