"""`python -m gameengine.blend ENGINE POINT=WEIGHT ...`: a game made of others, by adding and
subtracting their embeddings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, add_game_options, check_least, read_options, this_python
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from torch import Tensor

    from gameengine.engines.hyper import HyperEngine

WALK_TICKS = 240
WALK_SIZE = 256  # px, of the longer side


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    points = [_weighted(text) for text in asked.points]
    if asked.walk and (len(points) != 2 or asked.walk.suffix != ".gif"):
        raise UserError("--walk goes from one point to another: give two, and a name in .gif")
    check_least(asked, ticks=1)
    weights = [1 / len(points) if weight is None else weight for _, weight in points]

    # Only now: torch takes seconds to load, and --help should not.
    import torch

    from gameengine.checkpoint import save_engine
    from gameengine.embedding_points import embedding_of, hyper_engine
    from gameengine.engines.hyper import HyperEngine
    from gameengine.retargeting import for_spec

    engine = hyper_engine(asked.engine, read_options(asked.option))
    embeddings = torch.stack([embedding_of(engine, name) for name, _ in points])
    blended = torch.tensor(weights) @ embeddings
    made = for_spec(engine, engine.spec, embedding=blended.tolist())
    if asked.walk:
        first = for_spec(engine, engine.spec, embedding=embeddings[0].tolist())
        assert isinstance(first, HyperEngine)
        _walk(first, embeddings[1], asked.walk, asked.ticks, asked.seed)
    save_engine(asked.out, made, {"command": "gameengine.blend"})
    result: dict[str, Any] = {
        "engine": str(asked.engine),
        "points": {name: weight for (name, _), weight in zip(points, weights, strict=True)},
        **_rule_of(engine, torch.stack([blended, *embeddings]), points),
        "walk": str(asked.walk) if asked.walk else None,
        "out": str(asked.out),
    }
    print(json.dumps(result) if asked.json else _in_words(result))


def run() -> None:
    """The console script."""
    run_command(main)


def _weighted(text: str) -> tuple[str, float | None]:
    name, equals, weight = text.rpartition("=")
    if not equals:
        return text, None
    try:
        return name, float(weight)
    except ValueError:
        raise UserError(f"a point is NAME=WEIGHT, such as B3/S23=0.5, not {text!r}") from None


def _rule_of(
    engine: HyperEngine, embeddings: Tensor, points: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    """Of life-like games: the rule that a blend is, the first of the embeddings, and what two
    parents have given to it."""
    from data_gen.games.automaton import RULE_BITS
    from gameengine.embedding_points import learned_rules

    if engine.spec.description != RULE_BITS:
        return {}
    rule, *parents = learned_rules(engine, embeddings)
    told: dict[str, Any] = {"rule": rule.name, "is_a_rule": rule.is_one}
    if len(points) == 2:
        first, second = (parent.bits for parent in parents)
        same = first == second
        told["common_bits"] = int(same.sum())
        told["common_bits_kept"] = int((rule.bits == first)[same].sum())
        told["other_bits"] = {
            points[0][0]: int((rule.bits == first)[~same].sum()),
            points[1][0]: int((rule.bits == second)[~same].sum()),
        }
    return told


def _walk(engine: HyperEngine, other: Tensor, path: Path, ticks: int, seed: int) -> None:
    """A gif of a dream that goes from the engine's game to another; the bar below shows how far it
    is."""
    import numpy as np

    from data_gen.pictures import INK, enlarge, to_rgb, write_gif
    from data_gen.players import make_players
    from data_gen.randomness import held_out_seeds
    from gameengine.learned_game import LearnedGame
    from gameengine.tuner import Tuner

    game, tuner = LearnedGame(engine), Tuner(engine, other)
    cast, seeds = make_players(["tracker:0.9"]), held_out_seeds(seed, 1)
    state, memory = game.init(seeds), cast.start(game.spec, seeds)
    factor = max(1, WALK_SIZE // max(game.spec.shape[1:]))
    pictures = []
    for tick in range(ticks + 1):
        # A quarter of the time at each end, so that both games are seen.
        tuner.sliders[0].set(2 * tick / ticks - 0.5)
        state = tuner.apply(state)
        picture = enlarge(to_rgb(state.frames, game.spec)[0], factor)
        bar = np.full((8, picture.shape[1], 3), 255, np.uint8)
        bar[2:6, : max(1, round(tuner.sliders[0].share * picture.shape[1]))] = INK
        pictures.append(np.concatenate([picture, bar]))
        actions, memory = cast.act(game.spec, memory, state.frames)
        state = game.step(state, actions)
    write_gif(path, pictures, min(30, game.spec.fps))


def _in_words(result: dict[str, Any]) -> str:
    lines = [" + ".join(f"{weight:g} x {name}" for name, weight in result["points"].items())]
    if "rule" in result:
        told = "is" if result["is_a_rule"] else "is no rule that counts neighbours; nearest is"
        lines.append(f"  {told} {result['rule']}")
    if "common_bits" in result:
        lines.append(
            f"  kept   {result['common_bits_kept']} of {result['common_bits']} common bits"
        )
        given = ", ".join(f"{count} of {name}" for name, count in result["other_bits"].items())
        lines.append(f"  takes  {given}, where they differ")
    if result["walk"]:
        lines.append(f"  walk   {result['walk']}")
    lines.append(f"play it: {this_python()} -m gameengine.play {result['out']}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.blend",
        description="Add and subtract the embeddings of games, and write the game that is there.",
        epilog="example: python -m gameengine.blend assets/rules.ckpt B3/S23=0.5 B36/S23=0.5",
    )
    add = parser.add_argument
    add("engine", type=Path, metavar="ENGINE", help="a .ckpt file of a HyperEngine")
    add(
        "points",
        nargs="+",
        metavar="POINT=WEIGHT",
        help="a rule such as B3/S23, a variant such as ball_speed:2,paddle_height:9, or a"
        " .ckpt file of python -m gameengine.induce; without weights it is the average",
    )
    add("--out", type=Path, default=Path("runs/blend.ckpt"), help="default: runs/blend.ckpt")
    add_game_options(parser)
    add("--walk", type=Path, metavar="GIF", help="a dream that goes from one of two to the other")
    add("--ticks", type=int, default=WALK_TICKS, help=f"of the walk; default: {WALK_TICKS}")
    add("--seed", type=int, default=0, help="of the walk; default: 0")
    add("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
