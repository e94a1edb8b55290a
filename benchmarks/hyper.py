"""What it costs that every item of a batch has weights of its own.

    python -m benchmarks.hyper [--json]

For base engines, with the weights of some layers or of all generated: a training step (forward and
backward) of a batch of different games, as in HyperEngine (products of matrices and grouped
convolutions for all items at once), and through vmap over torch.func.functional_call, as one would
write it without them; and a tick of play of one game, beside the base engine with weights of its
own. Where a batch holds few games, as in mixed trainings, windows of one share its weights; there,
a convolution of each game's windows as a group of channels, and as a batch of its own. All in turn,
in one process; medians count.
Ratios are of processor time: on a shared machine that varies less than wall-clock time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from data_gen.game import with_context
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.engines.last_frames import LastFramesEngine
from gameengine.item_layers import ItemConv
from gameengine.live import LiveSource
from gameengine.mixture import joined

ROLLOUT = 200  # ticks of play, for which weights are made once
WINDOWS = (1, 2, 4, 8, 16, 32, 64)  # of each of six games, for a convolution

RULES: dict[str, Any] = {
    "game": "lifelike",
    "options": {"size": [12, 12]},
    "base": "cell",
    "base_options": {"width": 64},
    "batch": 32,
}
VARIANTS: dict[str, Any] = {
    "game": "pong",
    "options": {"paddle_height": [5, 7, 9], "ball_speed": [1, 2]},
    "base": "feedback",
    "base_options": {},
    "batch": 64,
}
FEW: dict[str, Any] = {  # as in a mixed training: windows of one variant stand side by side
    "game": "pong",
    "options": {},
    "variants": [
        {"paddle_height": height, "ball_speed": speed} for height in (5, 7, 9) for speed in (1, 2)
    ],
    "base": "feedback",
    "base_options": {},
    "batch": 96,
}
CASES = {
    "life-like rules, cell, head": RULES | {"generated": ["head"]},
    "life-like rules, cell, all": RULES | {"generated": ["*"]},
    "Pong's variants, feedback, head": VARIANTS | {"generated": ["head"]},
    "Pong's variants, feedback, convolutions": VARIANTS | {"generated": ["head", "near.*"]},
    "six variants of Pong, feedback, all": FEW | {"generated": ["*"]},
}


class Tick(nn.Module):
    """One tick of a base engine as a function of its weights."""

    def __init__(self, base: LastFramesEngine) -> None:
        super().__init__()
        self.base = base

    def forward(self, frames: Tensor, given: Tensor) -> Tensor:
        """frames (T0, H, W), given (F,) -> logits (K, H, W)."""
        seen = frames[None]
        return self.base.show(seen, *self.base.look(seen, given[None]))[0][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="of each; default: 15")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    told = {name: measure(asked.rounds, **case) for name, case in CASES.items()}
    layers = {windows: convolution(asked.rounds, windows) for windows in WINDOWS}
    if asked.json:
        print(json.dumps(told | {"convolution": layers}))
    else:
        print(table(told), table_of_convolutions(layers), sep="\n\n")


def convolution(rounds: int, windows: int) -> dict[str, float]:
    """Milliseconds of processor time, forward and backward, of a convolution of 32 channels, 3 x 3,
    16 x 16, of six games with so many windows each."""
    torch.manual_seed(0)
    layer = ItemConv(nn.Conv2d(32, 32, 3, padding=1))
    weights = torch.randn(6, 32, 32, 3, 3, requires_grad=True), torch.randn(6, 32)
    layer.use(weights)
    seen = torch.randn(6 * windows, 32, 16, 16).to(memory_format=torch.channels_last)
    seen.requires_grad_()

    def run(many: int) -> Callable[[], Any]:
        def step() -> None:
            layer.many = many
            shown = layer(seen)
            shown.backward(shown.detach())

        return step

    spent = in_turn(rounds, {"groups_ms": run(1 << 62), "batches_ms": run(0)})
    return {name: round(1000 * seconds, 3) for name, seconds in spent.items()}


def measure(
    rounds: int,
    game: str,
    options: dict[str, Any],
    base: str,
    base_options: dict[str, Any],
    batch: int,
    generated: list[str],
    variants: Sequence[dict[str, Any]] = ({},),
) -> dict[str, float]:
    """Milliseconds of processor time, and ratios."""
    torch.manual_seed(0)
    made = [make_game(game, **options, **variant) for variant in variants]
    most = max(one.spec.context for one in made)  # all of them are seen for as long
    games = [with_context(one, most) for one in made]
    truth = games[0]
    engine = make_engine(
        "hyper", truth.spec, base=base, base_options=base_options, generated=generated
    )
    plain = make_engine(base, truth.spec, **base_options)
    assert isinstance(engine, HyperEngine)
    assert isinstance(plain, LastFramesEngine)
    states = [one.init(np.arange(256, dtype=np.uint64)) for one in games]
    engine.prepare(
        torch.from_numpy(truth.render(states[0])),
        torch.from_numpy(np.concatenate([state.description for state in states])),
    )
    each = batch // len(games)
    sources = [LiveSource(one, make_players(["random"]), games=each) for one in games]
    windows = joined([source.draw(each, 1) for source in sources])
    context = truth.spec.context
    frames, target = windows["frames"][:, :context], windows["frames"][:, context, 0].long()
    actions, description = windows["actions"][:, context - 1 :], windows["description"]
    shown = Context(frames, windows["actions"][:, : context - 1])

    def batched() -> Tensor:
        hidden = engine.encode(shown, description)
        return engine.unroll(hidden, actions, windows["frames"][:, context:])[0].logits[:, 0]

    tick, given = Tick(plain), plain.given(actions, description)[:, 0]
    embedding = engine.embedding(description)
    layers = engine.generated_names

    def naive() -> Tensor:
        parameters: dict[str, Tensor] = {}
        for name, make in zip(layers, engine.generators, strict=True):
            own = plain.get_submodule(name).named_parameters()
            for made, (part, _) in zip(make(embedding), own, strict=True):
                parameters[f"base.{name}.{part}"] = made
        return vmap(lambda w, *seen: functional_call(tick, w, seen), randomness="error")(
            parameters, frames[:, :, 0], given
        )

    def step(forward: Callable[[], Tensor]) -> Callable[[], Any]:
        def run() -> None:
            F.cross_entropy(forward(), target).backward()

        return run

    def play(player: Any) -> Callable[[], Any]:
        with torch.inference_mode():
            one = Context(frames[:1], shown.actions[:1])
            hidden = player.encode(one, description[:1])

        def run() -> None:
            with torch.inference_mode():
                for _ in range(ROLLOUT):
                    player.decode(player.advance(hidden, actions[:1, 0]))

        return run

    spent = in_turn(
        rounds,
        {
            "batched": step(batched),
            "vmap": step(naive),
            "play": play(engine.eval()),
            "play_base": play(plain.eval()),
        },
    )
    return {
        "step_ms": round(1000 * spent["batched"], 3),
        "step_vmap_ms": round(1000 * spent["vmap"], 3),
        "times_vmap": round(spent["vmap"] / spent["batched"], 2),
        "play_ms": round(1000 * spent["play"] / ROLLOUT, 4),
        "play_base_ms": round(1000 * spent["play_base"] / ROLLOUT, 4),
        "play_overhead": round(spent["play"] / spent["play_base"] - 1, 4),
    }


def in_turn(rounds: int, jobs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of processor time of each job, the median over rounds after one."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            times[name].append(time.process_time() - began)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def table(told: dict[str, dict[str, float]]) -> str:
    lines = ["| what | step | with vmap | times | play, a tick | base alone | overhead |"]
    lines.append("|---" * 7 + "|")
    for name, one in told.items():
        lines.append(
            f"| {name} | {one['step_ms']:.2f} ms | {one['step_vmap_ms']:.2f} ms |"
            f" {one['times_vmap']:.1f} | {one['play_ms']:.3f} ms | {one['play_base_ms']:.3f} ms |"
            f" {one['play_overhead']:.0%} |"
        )
    return "\n".join(lines)


def table_of_convolutions(told: dict[int, dict[str, float]]) -> str:
    lines = ["| windows of each game | as groups | as batches | times |", "|---" * 4 + "|"]
    for windows, one in told.items():
        groups, batches = one["groups_ms"], one["batches_ms"]
        lines.append(f"| {windows} | {groups:.2f} ms | {batches:.2f} ms | {groups / batches:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
