"""`python experiments/blend_rules.py`: what a game between two life-like rules keeps of each.

For pairs of rules that no training saw, the embedding goes from the first to the second. What both
rules do alike should stay; where they differ, a share of each is found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command

RULES_CKPT = Path(__file__).parent.parent / "assets" / "rules.ckpt"
PLACES = (0.0, 0.2, 0.4, 0.45, 0.5, 0.55, 0.6, 0.8, 1.0)  # on the way to the second rule


def main() -> int:
    asked = _parser().parse_args()
    for name, least, most in (("pairs", 1, 100_000), ("seed", 0, 1 << 62)):
        if not least <= (value := getattr(asked, name)) <= most:
            raise UserError(f"--{name} must lie in {least} to {most}, not {value}")

    # Only now: torch takes seconds to load, and --help should not.
    import numpy as np
    import torch
    from tqdm import tqdm

    from data_gen.games.automaton import rule_bits
    from gameengine.embedding_points import embedding_of, hyper_engine, learned_rules, unseen_rules

    engine = hyper_engine(asked.engine)
    rules = unseen_rules(engine, 2 * asked.pairs, asked.seed)
    bits = np.stack([rule_bits(rule) for rule in rules]).reshape(asked.pairs, 2, -1)
    ends = torch.stack([embedding_of(engine, rule) for rule in rules]).unflatten(0, (-1, 2))
    alike = bits[:, 0] == bits[:, 1]  # (N, 18)
    rows: list[dict[str, float]] = []
    for place in tqdm(PLACES, unit="place", disable=None):
        blended = learned_rules(engine, torch.lerp(ends[:, 0], ends[:, 1], place))
        found = np.stack([rule.bits for rule in blended])
        rows.append(
            {
                "place": place,
                "common_kept": float((found == bits[:, 0])[alike].mean()),
                "of_the_second": float((found == bits[:, 1])[~alike].mean()),
                "are_rules": sum(rule.is_one for rule in blended) / asked.pairs,
            }
        )
    result = {"pairs": asked.pairs, "common_bits": float(alike.sum(1).mean()), "places": rows}
    print(json.dumps(result) if asked.json else _table(result))
    return 0


def _table(result: dict[str, Any]) -> str:
    """As in RESULTS.md."""
    lines = [
        f"{result['pairs']:,} pairs of unseen rules, {result['common_bits']:.1f} of 18 bits alike",
        "",
        "| on the way | common bits kept | other bits as in the second | are life-like rules |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['place']:g} | {row['common_kept']:.2%} | {row['of_the_second']:.1%}"
        f" | {row['are_rules']:.1%} |"
        for row in result["places"]
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python experiments/blend_rules.py", description=__doc__)
    add = parser.add_argument
    add("engine", type=Path, nargs="?", default=RULES_CKPT, help="default: assets/rules.ckpt")
    add("--pairs", type=int, default=500, metavar="N", help="default: 500")
    add("--seed", type=int, default=1, help="which rules; default: 1")
    add("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run_command(main)
