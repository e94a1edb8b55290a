"""Life-like in plain NumPy: as Life, with a rule and a density that each seed draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_gen.game import Seeds
from data_gen.randomness import chance, hash64, integers
from tests.reference.life import CellState, beginning
from tests.reference.life import Reference as LifeReference

VARIANTS: list[dict[str, Any]] = [
    {"size": (9, 70), "edges": "dead"},
    {"rules": ["B3/S23", "B0/S8", "B2/S"], "density": [0.5, 0.5]},
]


class Reference(LifeReference):
    """See data_gen/games/lifelike.py."""

    name = "lifelike"

    def init(self, seeds: Seeds) -> CellState:
        options, (_, height, width) = self.spec.options, self.spec.shape
        rules = []
        for seed in seeds:
            if options["rules"] is None:
                bits = int(hash64(seed, 1 << 32))
                rules.append([bits >> n & 1 for n in range(18)])
            else:
                number = int(integers(len(options["rules"]), seed, 1 << 32))
                births, survivals = options["rules"][number][1:].split("/S")
                rules.append([str(n) in part for part in (births, survivals) for n in range(9)])
        low, high = options["density"]
        place = np.arange(height * width, dtype=np.uint64).reshape(height, width)
        cells = []
        for seed in seeds:
            density = low + (high - low) * float(integers(1 << 16, seed, (1 << 32) + 1)) / (1 << 16)
            cells.append(chance(density, seed, place))
        return beginning(np.stack(cells), np.array(rules, np.float32))
