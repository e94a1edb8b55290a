"""A hyper engine with hand-made weights that is right on all 2^18 life-like rules.

Each of its 512 hidden units knows one neighbourhood, and chooses the entry of the rule that decides
it.
"""

from __future__ import annotations

import numpy as np
import torch

from data_gen.games.automaton import rule_bits
from data_gen.games.lifelike import lifelike, random_rules
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine

CONWAY = "B3/S23"
SIZE = [12, 12]


def right_on_all_rules() -> HyperEngine:
    game = lifelike(size=SIZE, rules=64)
    made = make_engine(
        "hyper",
        game.spec,
        base="cell",
        base_options={"width": 512, "depth": 1},
        generated=["head"],
        reading="choice",
    )
    assert isinstance(made, HyperEngine)
    made.prepare(
        torch.zeros(1, 1, *SIZE, dtype=torch.uint8),
        torch.from_numpy(np.stack([rule_bits(rule) for rule in random_rules(64)])),
    )
    bits = torch.arange(512)[:, None] >> torch.arange(9) & 1  # (512, 9)
    entry = 9 * bits[:, 4] + bits.sum(1) - bits[:, 4]
    first, choose = made.base.get_submodule("network.0"), made.base.get_submodule("head.0")
    with torch.no_grad():
        for weight in (*first.parameters(), *choose.parameters()):
            weight.zero_()
        first.weight.copy_((2.0 * bits - 1)[:, :, None, None])  # pyright: ignore
        first.bias.copy_(1.0 - bits.sum(1))  # pyright: ignore
        choose.weight[18 + entry, torch.arange(512)] = 20.0  # pyright: ignore  # of colour 1
    return made.eval()
