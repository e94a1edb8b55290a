"""What `python -m gameengine.infer ENGINE --game` does: which game are frames of?"""

from __future__ import annotations

import argparse
import json
import sys

from data_gen.command_line import chosen_game, read_options
from data_gen.errors import UserError
from data_gen.pictures import write_gif
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from data_gen.rollout import roll_out
from gameengine import inducing
from gameengine.checkpoint import save_engine
from gameengine.embedding_points import name_of
from gameengine.engine import Engine
from gameengine.engines.hyper import HyperEngine
from gameengine.learned_game import LearnedGame
from gameengine.split_screen import dream_beside_truth, split_screen
from gameengine.watching import Seen

PLAYER = "tracker:0.9"  # which no training has seen
TRIES, STEPS = 4, 300  # searches side by side, and steps of each
SHOWN = 100  # ticks of the film


def infer_game(asked: argparse.Namespace, engine: Engine) -> int:
    """Find the embedding of a held-out game; the exit code is 0 if it is that of the game that was
    seen. Raises UserError for engines without embeddings."""
    if not isinstance(engine, HyperEngine):
        raise UserError(
            f"this {type(engine).__name__} knows one game only; give a checkpoint of a HyperEngine"
        )
    spec = engine.spec
    game = chosen_game(spec.name, {**spec.options, **read_options(asked.option)})
    seeds, player = held_out_seeds(asked.seed, 1), make_players([PLAYER])
    played = roll_out(game, player, seeds, asked.frames - 1)
    seen = Seen(played.frames[0], played.actions[0], game.spec, played.description[0])
    silent = asked.json or not sys.stderr.isatty()
    try:
        made, told = inducing.find_game(engine, seen, TRIES, STEPS, asked.seed, silent)
    except ValueError as error:
        raise UserError(str(error)) from error
    out = asked.out / "game.ckpt"
    save_engine(out, made, {"command": "gameengine.infer", "seconds": told["seconds"]})
    shown = dream_beside_truth(LearnedGame(made), player, 3, SHOWN)
    write_gif(asked.out / "game.gif", split_screen(shown), fps=12)
    true = dict(zip(spec.description, played.description[0].tolist(), strict=True))
    # An embedding that is no description can only be judged by how it plays.
    alike = told["exact_horizon"]["censored"] == inducing.ROLLOUTS
    exact = told["description"] == true if "description" in told else alike
    result = {
        "engine": str(asked.engine),
        "seed": asked.seed,
        **told,
        "there": true,
        "exact": exact,
    }
    result["out"] = str(out)
    if asked.json:
        print(json.dumps(result))
        return 0 if exact else 1
    print(inducing.in_words(f"held-out game {asked.seed} of {spec.name}", result))
    if exact:
        print("exact: that is the game that was seen")
    else:
        print(f"not exact: it was {name_of(spec, played.description[0])}\ntry: more --frames")
    print(f"look: {asked.out}/game.gif")
    return 0 if exact else 1
