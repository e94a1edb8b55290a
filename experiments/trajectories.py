"""`python experiments/trajectories.py`: is Life learned from what becomes of it after five ticks?

Each row is a YAML file of experiments/trajectories/, or the recipe of a tutorial, each from several
seeds. What is done is not done again; call it again to go on. What was measured is kept in results/
there, and the table in RESULTS.md shows all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

HERE = Path(__file__).parent / "trajectories"
TUTORIAL = "one_filter"
ROWS = [*sorted(path.stem for path in HERE.glob("*.yaml")), TUTORIAL]


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, seeds=1)
    for row in asked.rows:
        if row not in ROWS:
            raise UserError(f"unknown row {row!r}; choose from {', '.join(ROWS)}")
    if not asked.report_only:
        for row in asked.rows:
            for seed in range(asked.seeds):
                path = asked.results / row / f"{seed}.json"
                if path.exists():
                    continue
                result = _tutorial(seed) if row == TUTORIAL else _learn(row, seed, asked)
                write_text(path, json.dumps(result, indent=1))
                exact = "exact" if not result["wrong"] else f"{result['wrong']} of 512 wrong"
                print(f"{row}, seed {seed}: {exact} after {result['seconds']:.1f} s", flush=True)
    _report(asked)
    return 0


def _learn(row: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Train one seed of a YAML file; how many of the 512 neighbourhoods are wrong then."""
    from gameengine.checkpoint import load_checkpoint
    from gameengine.neighbourhoods import wrong_neighbourhoods
    from gameengine.training import train_unjudged

    steps = {} if asked.steps is None else {"budget.steps": asked.steps}
    settings = {"seed_everything": seed, **steps}
    run = train_unjudged(HERE / f"{row}.yaml", asked.runs, f"trajectories_{row}_{seed}", settings)
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    wrong = len(wrong_neighbourhoods(loaded.engine))
    weights = sum(weight.numel() for weight in loaded.engine.parameters())
    return {"wrong": wrong, "seconds": float(loaded.made["seconds"]), "parameters": weights}


def _tutorial(seed: int, steps: int = 1000) -> dict[str, Any]:
    """The same of the tutorial's network: Adam at 0.01, 8 soups of 32 x 32 a step."""
    import time

    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional as F
    from tqdm import tqdm

    from data_gen.games.automaton import rule_bits
    from data_gen.registry import make_game
    from gameengine.neighbourhoods import all_neighbourhoods, rule_tables

    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")]
    for seen, features in ((1, 15), (15, 15), (15, 15), (15, 1)):
        layers += [nn.Conv2d(seen, features, 1), nn.ReLU()]
    network = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    game = make_game("life", size=(32, 32))
    began = time.perf_counter()
    for step in tqdm(range(steps), desc=f"{TUTORIAL} {seed}", leave=False, disable=None):
        state = game.init(np.arange(8, dtype=np.uint64) + np.uint64(8 * (step + steps * seed)))
        cells = torch.from_numpy(game.render(state)).float()
        loss = torch.zeros(())
        for _ in range(5):
            state = game.step(state, np.zeros((8, 1), np.int64))
            cells = network(cells)
            loss = loss + F.mse_loss(cells, torch.from_numpy(game.render(state)).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        shown = network(torch.from_numpy(all_neighbourhoods()).float())[:, 0, 2, 2] > 0.5
    wrong = int((shown.numpy() != rule_tables(rule_bits("B3/S23")[None])[0]).sum())
    weights = sum(weight.numel() for weight in network.parameters())
    return {"wrong": wrong, "seconds": time.perf_counter() - began, "parameters": weights}


def _report(asked: argparse.Namespace) -> None:
    rows = [_row(row, asked.results / row) for row in ROWS if (asked.results / row).exists()]
    if not rows:
        raise UserError(f"{asked.results} holds no results to report of")
    head = [
        "| what is given | exact | else wrong of 512 | seconds, median / most | weights |",
        "|---|---|---|---|---|",
    ]
    about, table = (HERE / "about.md").read_text(), "\n".join([*head, *rows])
    command = "```console\n$ .venv/bin/python experiments/trajectories.py\n```\n"
    write_between(asked.out, HERE.name, f"{about}\n{table}\n\n{command}\n")
    print(f"table: {asked.out}")


def _row(name: str, folder: Path) -> str:
    results: Sequence[dict[str, Any]] = [
        json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))
    ]
    wrong = sorted(result["wrong"] for result in results if result["wrong"])
    seconds = [result["seconds"] for result in results]
    return (
        f"| {name} | {len(results) - len(wrong)} of {len(results)}"
        f" | {f'{wrong[0]} to {wrong[-1]}' if wrong else '–'}"
        f" | {median(seconds):.1f} / {max(seconds):.1f} | {results[0]['parameters']} |"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/trajectories.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rows", nargs="+", default=ROWS, metavar="ROW", help=f"of {', '.join(ROWS)}")
    add("--seeds", type=int, default=20, metavar="N", help="of each; default: 20")
    add("--steps", type=int, metavar="N", help="of training; default: those of the YAML files")
    add("--runs", type=Path, default=Path("runs"), help="default: runs")
    add("--results", type=Path, default=HERE / "results", metavar="DIR", help="default: results/")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
