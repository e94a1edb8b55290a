"""`python experiments/families.py`: one engine that learned several games, beside others that
learned one each.

Each family is a folder of experiments/families/. Its engines learn all variants together, but for
`alone`, which learns only the one that it is asked for. What is done is not done again; call it
again to go on. What was measured is kept in the folder's results/, the tables in RESULTS.md show
all of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.configs import configs_in, read_config
from gameengine.markers import write_between

if TYPE_CHECKING:
    from data_gen.players import Cast
    from gameengine.engine import Engine
    from gameengine.learned_game import LearnedGame

FOLDER = Path(__file__).parent / "families"
ALONE = "alone"  # the name of the engine that learns one game
WATCHED = "hyper, watching"  # the hyper engine, which saw a few seconds of the game instead
SECONDS = 10  # of play that it watches


@dataclass(frozen=True)
class Family:
    """unseen: the variants that engines are asked for, by name; none: those that they learned."""

    unseen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


FAMILIES = {
    "arcade": Family(),
    "pong": Family(
        {
            f"{height}-{speed}-{ball}": {
                "paddle_height": height,
                "paddle_speed": speed,
                "ball_speed": ball,
            }
            for height, speed, ball in ((5, 3, 1), (7, 1, 2), (7, 3, 2), (9, 2, 2))
        }
    ),
}


def main() -> int:
    asked = _parser().parse_args()
    for name in asked.families:
        if name not in FAMILIES:
            raise UserError(f"unknown family {name!r}; choose from {', '.join(FAMILIES)}")
    check_least(asked, seeds=1, rollouts=1, ticks=1)
    for name in asked.families:
        about = asked.folder / name / "about.md"
        if not about.is_file():
            raise UserError(f"there is no {about}, which stands above the table")
    for name in asked.families:
        for seed in range(asked.seeds):
            for engine, config in _configs(asked, name).items():
                if not asked.report_only and (code := _measure(name, engine, config, seed, asked)):
                    print("stopped; what is done is kept, call it again to go on")
                    return code
        write_between(asked.out, f"family {name}", _table(asked.folder / name))
    print(f"tables: {asked.out}")
    return 0


def _configs(asked: argparse.Namespace, family: str) -> dict[str, Path]:
    """The engines to be measured. Raises UserError for those that there are not."""
    configs = configs_in(asked.folder / family)
    for engine in asked.engines or ():
        if engine not in configs:
            raise UserError(f"unknown engine {engine!r}; choose from {', '.join(configs)}")
    return {engine: configs[engine] for engine in asked.engines or configs}


def _measure(name: str, engine: str, config: Path, seed: int, asked: argparse.Namespace) -> int:
    """Train and judge what is not done yet. Returns the exit code of the training."""
    settings = read_config(config)
    judged = _asked_for(asked.folder / name)
    if engine != ALONE:
        return _measure_one(name, engine, settings, judged, seed, asked)
    for variant, options in judged.items():
        settings["data"]["variants"] = {variant: options}
        if code := _measure_one(name, engine, settings, {variant: options}, seed, asked):
            return code
    return 0


def _asked_for(folder: Path) -> dict[str, Mapping[str, Any]]:
    """The variants that the engines of a family are judged on."""
    learned = read_config(folder / "hyper.yaml")["data"]["variants"]
    return dict(FAMILIES[folder.name].unseen or learned)


def _measure_one(
    name: str,
    engine: str,
    settings: dict[str, Any],
    judged: Mapping[str, Mapping[str, Any]],
    seed: int,
    asked: argparse.Namespace,
) -> int:
    from data_gen.registry import make_game
    from gameengine.checkpoint import load_checkpoint
    from gameengine.learned_game import LearnedGame
    from gameengine.training import train

    called = "_".join([engine, *judged]) if engine == ALONE else engine
    result = asked.folder / name / "results" / f"{called}_seed{seed}.json"
    if result.exists():
        return 0
    print(f"{name}: {called}, seed {seed}", flush=True)
    folder = asked.runs / name / f"{called}_{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # stopped, and never judged
    settings = settings | {"name": "run", "runs": str(folder), "seed_everything": seed}
    settings |= {"wandb": "off", "judge": {"rollouts": 1, "ticks": 1}}  # judged below
    write_text(folder / "engine.yaml", json.dumps(settings))  # JSON is YAML
    if code := train(["--config", str(folder / "engine.yaml")]):
        return code
    run = max((folder / "run").iterdir())
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    data = settings["data"]
    games = {
        variant: make_game(data["game"], **{**data.get("options", {}), **options})
        for variant, options in judged.items()
    }
    learned = {variant: LearnedGame(loaded.engine, game) for variant, game in games.items()}
    rows = {engine: learned}
    if engine == "hyper" and FAMILIES[name].unseen:
        rows[WATCHED] = {variant: _watched(loaded.engine, one) for variant, one in learned.items()}
    told = {
        "seed": seed,
        "minutes": round(float(loaded.made["seconds"]) / 60, 1),
        "steps": loaded.made["steps"],
        "parameters": sum(weight.numel() for weight in loaded.engine.parameters()),
        "rollouts": asked.rollouts,
        "ticks": asked.ticks,
        "rows": {
            row: {v: _judged(one, asked) for v, one in of.items()} for row, of in rows.items()
        },
    }
    write_text(result, json.dumps(told, indent=1) + "\n")
    return 0


def _watched(engine: Engine, learned: LearnedGame) -> LearnedGame:
    """The game that a hyper engine finds in some seconds of play of a true one."""
    import torch

    from data_gen.randomness import held_out_seeds
    from data_gen.rollout import roll_out
    from gameengine.engines.hyper import HyperEngine
    from gameengine.induction import Video, induce
    from gameengine.learned_game import LearnedGame
    from gameengine.retargeting import for_spec

    assert isinstance(engine, HyperEngine)
    ticks = round(SECONDS * learned.spec.fps)
    seen = roll_out(learned.truth, _held_out_players(), held_out_seeds(0, 1), ticks)
    video = Video(
        torch.from_numpy(seen.frames),
        torch.from_numpy(seen.actions.astype("int64")),
        torch.zeros(1, len(learned.spec.description)),  # what it is is not told
    )
    found = induce(engine, video).embeddings[0, 0]
    return LearnedGame(for_spec(engine, learned.spec, embedding=found.tolist()), learned.truth)


def _held_out_players() -> Cast:
    from data_gen.players import make_players

    return make_players(["tracker:0.9"])


def _judged(learned: LearnedGame, asked: argparse.Namespace) -> dict[str, float]:
    from gameengine.judge import judge

    judgement = judge(learned, _held_out_players(), asked.rollouts, asked.ticks)
    tracked = judgement.tracked or judgement.exact
    return {
        "exact": judgement.exact.summary()["median"],
        "tracked": tracked.summary()["median"],
        "frames_right": round(float(judgement.frame_accuracy[0]), 4),
    }


def _table(folder: Path) -> str:
    """Of all that was measured. Raises UserError if nothing was, or not all alike."""
    files = sorted((folder / "results").glob("*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    if not found:
        raise UserError(f"{folder / 'results'} holds nothing to report of")
    judged = {(one["rollouts"], one["ticks"]) for one in found}
    if len(judged) > 1:
        raise UserError(f"{folder / 'results'} was judged in different ways; delete some of it")
    ((rollouts, ticks),) = judged
    engines = [row for one in found for row in one["rows"]]
    variants = _asked_for(folder)
    heads = ["engine", *variants, "minutes", "steps", "parameters", "seeds"]
    lines = [heads, ["---"] * len(heads)]
    for engine in dict.fromkeys(engines):
        own = [one for one in found if engine in one["rows"]]
        cells = [_cell([one["rows"][engine] for one in own], variant) for variant in variants]
        lines.append(
            [
                engine,
                *cells,
                _range([one["minutes"] for one in own]),
                _range([one["steps"] for one in own]),
                f"{max(one['parameters'] for one in own):,}",
                str(len({one["seed"] for one in own})),
            ]
        )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    about = (folder / "about.md").read_text(encoding="utf-8").strip()
    command = (
        f".venv/bin/python experiments/families.py --families {folder.name} --rollouts {rollouts}"
        f" --ticks {ticks}"
    )
    return f"{about}\n\n{table}\n\n```console\n$ {command}\n```\n\n"


def _cell(rows: Sequence[Mapping[str, Any]], variant: str) -> str:
    """The median over the seeds of the median horizons, exact / tracked."""
    from statistics import median

    own = [row[variant] for row in rows if variant in row]
    if not own:
        return "–"
    return " / ".join(f"{median(one[kind] for one in own):,.4g}" for kind in ("exact", "tracked"))


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:,g}" if low == high else f"{low:,g} to {high:,g}"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/families.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--families", nargs="+", default=list(FAMILIES), metavar="NAME", help="default: all")
    add("--engines", nargs="+", metavar="ENGINE", help="names of files in it; default: all")
    add("--seeds", type=int, default=1, metavar="N", help="trainings of each; default: 1")
    add("--rollouts", type=int, default=32, metavar="N", help="to judge by; default: 32")
    add("--ticks", type=int, default=1000, metavar="T", help="of each, at most; default: 1000")
    add("--folder", type=Path, default=FOLDER, help="of families; default: experiments/families")
    add("--runs", type=Path, default=Path("runs/families"), help="default: runs/families")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the tables of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
