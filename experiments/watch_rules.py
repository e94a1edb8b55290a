"""`python experiments/watch_rules.py`: watch rules that no training saw, for a few frames each.

Only the embedding of each rule is looked for; it is right if the game that is found does with every
neighbourhood that was seen what the rule does.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from data_gen.command_line import Parser, check_least
from data_gen.errors import run_command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RULES_CKPT = Path(__file__).parent.parent / "assets" / "rules.ckpt"
TOGETHER = 50  # rules that are looked for at once


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, rules=1, frames=2, size=3)

    # Only now: torch takes seconds to load, and --help should not.
    import numpy as np
    import torch
    from tqdm import tqdm

    from gameengine.embedding_points import hyper_engine, tables_of, unseen_rules
    from gameengine.induction import Video, induce
    from gameengine.neighbourhoods import neighbourhoods_in, rule_tables

    engine = hyper_engine(asked.engine)
    rules = unseen_rules(engine, asked.rules, asked.seed)
    right, exact, seen, seconds = 0, 0, 0, 0.0
    with tqdm(total=len(rules), unit="rule", disable=None) as bar:
        for first in range(0, len(rules), TOGETHER):
            frames, descriptions = _film(rules[first : first + TOGETHER], asked, first)
            count = len(frames)
            nothing = torch.zeros(count, asked.frames - 1, 1, dtype=torch.int64)
            video = Video(torch.from_numpy(frames), nothing, torch.zeros(count, 18))
            began = time.perf_counter()
            found = induce(engine, video, asked.tries).embeddings[:, 0]
            seconds += time.perf_counter() - began
            same = tables_of(engine, found) == rule_tables(descriptions)  # (R, 512)
            exact += int(same.all(1).sum())
            for item, its in enumerate(same):
                shown = np.unique(neighbourhoods_in(frames[item, :-1, 0]))
                right += bool(its[shown].all())
                seen += len(shown)
            bar.update(count)
    result = {
        "rules": len(rules),
        "frames": asked.frames,
        "right_on_all_seen": right / len(rules),
        "right_on_all_512": exact / len(rules),
        "neighbourhoods_seen": round(seen / len(rules), 1),
        "seconds_a_rule": round(seconds / len(rules), 3),
    }
    print(json.dumps(result) if asked.json else _in_words(result))
    return 0


def _film(
    rules: list[str], asked: argparse.Namespace, first: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Frames (R, T + 1, 1, H, W) of a soup of each rule, of any density, and descriptions."""
    import numpy as np

    from data_gen.games.lifelike import lifelike
    from data_gen.players import make_players
    from data_gen.rollout import roll_out

    played = [
        roll_out(
            lifelike(size=[asked.size] * 2, rules=[rule], density=[0.0, 1.0]),
            make_players(["random"]),
            np.array([first + number], np.uint64),
            asked.frames - 1,
        )
        for number, rule in enumerate(rules)
    ]
    frames = np.concatenate([one.frames for one in played])
    return frames, np.concatenate([one.description for one in played])


def _in_words(result: dict[str, float]) -> str:
    return (
        f"{result['rules']:,} unseen rules, {result['frames']} frames each, with"
        f" {result['neighbourhoods_seen']:g} of 512 neighbourhoods in them:"
        f" {result['right_on_all_seen']:.1%} right on all that were seen,"
        f" {result['right_on_all_512']:.1%} on all 512; {result['seconds_a_rule']:g} s a rule"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python experiments/watch_rules.py", description=__doc__)
    add = parser.add_argument
    add("engine", type=Path, nargs="?", default=RULES_CKPT, help="default: assets/rules.ckpt")
    add("--rules", type=int, default=1000, metavar="N", help="default: 1000")
    add("--frames", type=int, default=3, metavar="N", help="of each; default: 3")
    add("--size", type=int, default=32, metavar="S", help="of the boards; default: 32")
    add("--tries", type=int, default=1, metavar="N", help="searches for each; default: 1")
    add("--seed", type=int, default=1, help="which rules; default: 1")
    add("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run_command(main)
