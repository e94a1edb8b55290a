"""`python experiments/rules.py`: learn some life-like rules, and know all others.

Engines are trained on N of the 2^18 rules and asked for all 512 neighbourhoods of 1,000 rules that
they never saw. A rule is exact if none of them is wrong. What is done is not done again; call it
again to go on. What was measured is kept in experiments/rules/results/, the table in RESULTS.md
shows all of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.configs import configs_in, read_config
from gameengine.markers import write_between

CONFIGS = Path(__file__).parent / "rules"
UNSEEN = 1000  # rules


def main() -> int:
    asked = _parser().parse_args()
    engines = configs_in(asked.configs)
    _check(asked, list(engines))
    for seed in range(asked.seeds):
        for count in asked.rules:
            for engine in asked.engines or engines:
                if not _file(engines[engine], count, seed).exists() and not asked.report_only:
                    print(f"{engine}: {count} rules, seed {seed}", flush=True)
                    if code := _measure(engines[engine], count, seed, asked.runs):
                        print("stopped; what is done is kept, call it again to go on")
                        return code
    write_between(asked.out, "rules", _tables(asked.configs, list(engines)))
    print(f"tables: {asked.out}")
    return 0


def _measure(config: Path, count: int, seed: int, runs: Path) -> int:
    """Train and judge. Returns the exit code of the training."""
    import numpy as np

    from data_gen.games.automaton import rule_bits
    from data_gen.games.lifelike import random_rules
    from gameengine.checkpoint import load_checkpoint
    from gameengine.training import train

    order = random_rules(count + UNSEEN, seed)
    folder = runs / config.stem / f"{count}_{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # stopped; it takes a minute to begin anew
    settings = read_config(config)
    settings["data"]["options"]["rules"] = order[:count]
    settings |= {"name": "run", "runs": str(folder), "seed_everything": seed, "wandb": "off"}
    settings["journal"]["rollouts"] = settings["journal"]["gif_rollouts"] = 1
    settings["judge"] = {"rollouts": 1, "ticks": 1}  # judged below
    write_text(folder / "engine.yaml", json.dumps(settings))  # JSON is YAML
    if code := train(["--config", str(folder / "engine.yaml")]):
        return code
    run = max((folder / "run").iterdir())
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    rules = np.stack([rule_bits(rule) for rule in order])
    result = {
        "engine": config.stem,
        "rules": count,
        "seed": seed,
        **_judged(loaded.engine, rules, count),
        "seconds": round(float(loaded.made["seconds"]), 1),
        "parameters": sum(weight.numel() for weight in loaded.engine.parameters()),
    }
    print(f"  {result['unseen']:.1%} of {UNSEEN:,} unseen rules exact, {result['seconds']:.0f} s")
    write_text(_file(config, count, seed), json.dumps(result, indent=1) + "\n")
    return 0


def _judged(engine: Any, rules: Any, count: int) -> dict[str, float]:
    """The share of exact rules among the first `count` and among the others; and of neighbourhoods
    that are right in the others."""
    import torch

    from gameengine.neighbourhoods import learned_tables, rule_tables

    right = learned_tables(engine, torch.from_numpy(rules)) == rule_tables(rules)  # (R, 512)
    exact = right.all(1)
    return {
        "seen": float(exact[:count].mean()),
        "unseen": float(exact[count:].mean()),
        "neighbourhoods": float(right[count:].mean()),
    }


def _tables(configs: Path, engines: Sequence[str]) -> str:
    results = sorted((configs / "results").glob("*/*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in results]
    if not found:
        raise UserError(f"{configs / 'results'} holds nothing to report of")
    counts = sorted({result["rules"] for result in found})
    heads = ["engine", *(f"{count:,} rules" for count in counts), "seconds", "parameters", "seeds"]
    lines = [heads, ["---"] * len(heads)]
    for engine in engines:
        own = [result for result in found if result["engine"] == engine]
        if own:
            shares = [[r["unseen"] for r in own if r["rules"] == count] for count in counts]
            seconds = [result["seconds"] for result in own]
            lines.append(
                [
                    engine,
                    *map(_share, shares),
                    f"{min(seconds):.0f} to {max(seconds):.0f}",
                    f"{max(result['parameters'] for result in own):,}",
                    str(max(map(len, shares))),
                ]
            )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    about = (configs / "about.md").read_text(encoding="utf-8").strip()
    command = f".venv/bin/python experiments/rules.py --rules {' '.join(map(str, counts))}"
    seeds = max(result["seed"] for result in found) + 1
    return f"{about}\n\n{table}\n\n```console\n$ {command} --seeds {seeds}\n```\n\n"


def _share(values: Sequence[float]) -> str:
    if not values:
        return "–"
    spread = f" ({min(values):.1%} to {max(values):.1%})" if len(values) > 1 else ""
    return f"{median(values):.1%}{spread}"


def _file(config: Path, count: int, seed: int) -> Path:
    return config.parent / "results" / config.stem / f"{count}rules_seed{seed}.json"


def _check(asked: argparse.Namespace, engines: Sequence[str]) -> None:
    """Raises UserError for what there is not."""
    from data_gen.games.lifelike import RULES

    check_least(asked, seeds=1)
    for count in asked.rules:
        if not 1 <= count <= RULES - UNSEEN:
            raise UserError(f"--rules must lie in 1 to {RULES - UNSEEN}, not {count}")
    for engine in asked.engines or ():
        if engine not in engines:
            raise UserError(f"unknown engine {engine!r}; choose from {', '.join(engines)}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/rules.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rules", nargs="+", type=int, default=[256, 1024], metavar="N", help="default: 256 1024")
    add("--engines", nargs="+", metavar="ENGINE", help="names of files in --configs")
    add("--seeds", type=int, default=5, metavar="N", help="trainings of each; default: 5")
    add(
        "--configs", type=Path, default=CONFIGS, help="YAML files, and below results/ what came out"
    )
    add("--runs", type=Path, default=Path("runs/rules"), help="default: runs/rules")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
