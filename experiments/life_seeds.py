"""`python experiments/life_seeds.py`: learn Life from several seeds and prove each result.

Each seed is a run of experiments/life_cell.yaml of its own. A learned Life that is right on all 512
neighbourhoods is right on every board for ever; the soup is watched to see it with one's own eyes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command

CONFIG = Path(__file__).parent / "life_cell.yaml"


def main() -> int:
    asked = _parser().parse_args()
    if asked.seeds < 1:
        raise UserError(f"--seeds must be at least 1, not {asked.seeds}")
    proved = 0
    for seed in range(asked.seeds):
        right, exact, seconds = _learn(seed, asked.minutes, asked.runs)
        proved += right == 512 and exact
        soup = "exact" if exact else "not exact"
        print(
            f"seed {seed}: {right} of 512 neighbourhoods right, 1,000 ticks of four 64 x 64 soups"
            f" {soup}, after {seconds:.0f} s of training",
            flush=True,
        )
    print(f"{proved} of {asked.seeds} seeds: right on every neighbourhood and exact")
    return 0 if proved == asked.seeds else 1


def _learn(seed: int, minutes: float, runs: Path) -> tuple[int, bool, float]:
    """Train one seed. Returns how many neighbourhoods are right, whether all soups were exact for
    1,000 ticks, and the seconds of training."""
    from data_gen.players import make_players
    from gameengine.checkpoint import load_checkpoint
    from gameengine.judge import exact_horizon
    from gameengine.learned_game import LearnedGame
    from gameengine.neighbourhoods import wrong_neighbourhoods
    from gameengine.training import train

    name = f"life_seed_{seed}"
    settings = {
        "config": CONFIG,
        "name": name,
        "runs": runs,
        "seed_everything": seed,
        "budget.minutes": minutes,
        "wandb": "off",
        "judge.rollouts": 1,
        "judge.ticks": 1,  # judged below
    }
    if train([f"--{key}={value}" for key, value in settings.items()]):
        raise KeyboardInterrupt  # the user stopped it
    run = max((runs / name).iterdir())
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    soups = exact_horizon(LearnedGame(loaded.engine), make_players(["random"]), 4, 1000)
    wrong = len(wrong_neighbourhoods(loaded.engine))
    return 512 - wrong, soups.censored == 4, float(loaded.made["seconds"])


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python experiments/life_seeds.py", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="default: 10")
    parser.add_argument("--minutes", type=float, default=0.3, help="of each; default: 0.3")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default: runs")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main))
