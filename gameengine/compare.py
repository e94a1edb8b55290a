"""`python -m gameengine.compare RUN RUN ...`: runs side by side in one picture and one table."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    runs = dict(_named(word) for word in asked.runs)
    if len(runs) < len(asked.runs):
        raise UserError("two runs have one name; give each its own as NAME=RUN")

    from gameengine.curves import draw_learning  # matplotlib takes its time

    measured = {name: _curve(run, asked.metric) for name, run in runs.items()}
    draw_learning(asked.out, measured, asked.metric.replace("_", " ").replace("/", ": "))
    figures = {
        name: {
            "last": values[-1],
            "least": min(values),
            "most": max(values),
            "minutes": round(minutes[-1], 2),
        }
        for name, (minutes, values) in measured.items()
    }
    if asked.json:
        print(json.dumps({"metric": asked.metric, "runs": figures, "picture": str(asked.out)}))
        return
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(
            f"{name:{width}}  last {figure['last']:g}, from {figure['least']:g} to"
            f" {figure['most']:g}, {figure['minutes']:.1f} minutes"
        )
    print(f"picture: {asked.out}")


def _named(word: str) -> tuple[str, Path]:
    name, given, path = word.partition("=")
    run = Path(path if given else word)
    return (name if given else run.name), run


def _curve(run: Path, metric: str) -> tuple[list[float], list[float]]:
    """Minutes of training and the metric, from a run's metrics.csv."""
    try:
        with (run / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UserError(f"{run} is not the folder of a run: {error.strerror}") from error
    filled = [row for row in rows if row.get(metric)]
    if not filled:
        known = ", ".join(rows[0]) if rows else "nothing yet"
        raise UserError(f"{run} has no metric {metric!r}; it has {known}")
    return [float(row["seconds"]) / 60 for row in filled], [float(row[metric]) for row in filled]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.compare",
        description="Draw a metric of several runs over their training time.",
    )
    parser.add_argument("runs", nargs="+", metavar="[NAME=]RUN", help="folders in runs/")
    parser.add_argument("--metric", default="horizon_so_far", help="default: horizon_so_far")
    parser.add_argument("--out", type=Path, default=Path("comparison.png"), metavar="PNG")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run_command(lambda: main(sys.argv[1:]))
