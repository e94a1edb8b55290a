"""`python experiments/life_seeds.py`: learn Life from several seeds and prove each result.

Each seed is a run of experiments/life_cell.yaml of its own. The proof is that of
`python -m gameengine.certify`: a learned Life that is right on all 512 neighbourhoods, and at the
edges, is right on every board for ever. The soups are watched to see it with one's own eyes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

from data_gen.command_line import Parser, check_least
from data_gen.errors import run_command

CONFIG = Path(__file__).parent / "life_cell.yaml"
SOUPS, TICKS = 4, 1000


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, seeds=1, steps=1)
    proved, times = 0, []
    for seed in range(asked.seeds):
        verdict, exact, seconds = _learn(seed, asked.steps, asked.runs)
        proved += verdict["certified"] and exact == SOUPS
        times.append(seconds)
        print(f"seed {seed}: {seconds:.1f} s of training, {_in_words(verdict, exact)}", flush=True)
    print(
        f"{proved} of {asked.seeds} seeds certified; {min(times):.1f} to {max(times):.1f} s of"
        f" training each, median {median(times):.1f}"
    )
    return 0 if proved == asked.seeds else 1


def _learn(seed: int, steps: int | None, runs: Path) -> tuple[dict[str, Any], int, float]:
    """Train one seed. Returns the verdict of `certify_life`, how many soups were exact for all
    ticks, and the seconds of training."""
    from data_gen.players import make_players
    from gameengine.certify.life import certify_life
    from gameengine.checkpoint import load_checkpoint
    from gameengine.judge import exact_horizon
    from gameengine.learned_game import LearnedGame
    from gameengine.training import train_unjudged

    fewer = {} if steps is None else {"budget.steps": steps}
    settings = {"seed_everything": seed, **fewer}
    run = train_unjudged(CONFIG, runs, f"life_seed_{seed}", settings)
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    verdict = certify_life(loaded.engine, run / "certify")
    learned = LearnedGame(loaded.engine)
    soups = exact_horizon(learned, make_players(["random"]), SOUPS, TICKS)
    return verdict, soups.censored, float(loaded.made["seconds"])


def _in_words(verdict: dict[str, Any], exact: int) -> str:
    if verdict["certified"]:
        proof = f"certified: all 512 neighbourhoods and {verdict['boards']:,} small boards"
    else:
        wrong = verdict["wrong_neighbourhoods"], verdict["wrong_boards"]
        proof = "not certified: {} neighbourhoods and {} small boards are wrong".format(*wrong)
    return f"{proof}; {exact} of {SOUPS} soups of 64 x 64 exact for {TICKS:,} ticks"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python experiments/life_seeds.py", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="default: 20")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="of training; default: those of life_cell.yaml"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default: runs")
    return parser


if __name__ == "__main__":
    run_command(main)
