"""Hyper engine: a first network turns the embedding of a game into weights, with which a second
one, any other engine, is that game.

What all games have in common lies in the weights that are shared, and what makes a game itself in
its embedding: a vector, given by the game's description or learned for each game. Weights are made
once for a rollout, so that playing costs what the base engine costs.

Ha, Dai and Le, "HyperNetworks", ICLR 2017. For families of dynamics: Xian et al., "HyperDynamics",
ICLR 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.embedding import Embedding
from gameengine.engine import Context, Engine, Hidden, Judged, Prediction
from gameengine.engines.last_frames import LastFramesEngine
from gameengine.forgetting import drop_from
from gameengine.item_layers import ITEM_LAYERS, ItemConv, ItemLayer
from gameengine.slot_heads import outcome_loss
from gameengine.weight_makers import Entries, Generator

Weights = list[list[Tensor]]  # of each generated layer, in the order of its parameters, G first
EMBEDDING = "embedding"  # its name in a hidden state


@dataclass(frozen=True)
class Made:
    """For embeddings `each` (B, E): the engine that plays, and the weights that its item layers
    use; none if all its layers are ordinary ones."""

    each: Tensor
    game: Engine
    weights: Weights


class HyperEngine(Engine):
    """base: name of the engine that plays, base_options: its options. generated: patterns such as
    "*head", names of its dense layers, convolutions and GRUs whose weights are made for each game;
    the others are shared.
    reading: how the embedding makes them. "dense": each weight is a weighted sum of its entries.
    "choice": for 1 x 1 convolutions; every pixel chooses among the entries by a softmax, and what
    is chosen alone decides. That finds a rule which is a table, from few games.
    source: of an embedding. "description": that of the game, through a layer of `encoder` features
    to `size` numbers, or as it is for an encoder of 0. "table": `size` free numbers for each of the
    games that training shows; if there are no more games than numbers, each game begins with one
    of its own, and learns as if it were alone.
    known: what `prepare` learned, in a checkpoint. embedding: a vector that is used for all items
    instead, which makes one game of the engine.

    Raises ValueError for patterns that fit no layer, and for a base that makes its own.
    """

    def __init__(
        self,
        spec: GameSpec,
        base: str = "feedback",
        base_options: dict[str, Any] | None = None,
        generated: Sequence[str] = ("*head",),
        reading: Literal["dense", "choice"] = "dense",
        source: Literal["description", "table"] = "description",
        size: int = 16,
        encoder: int = 0,
        known: Mapping[str, Any] | None = None,
        embedding: Sequence[float] | None = None,
    ) -> None:
        from gameengine.engines import make_engine  # which imports this file

        if base == "hyper":
            raise ValueError("the base of a HyperEngine must be another engine than itself")
        made = make_engine(base, spec, **(base_options or {}))
        super().__init__(
            spec,
            base=base,
            base_options=made.options,
            generated=list(generated),
            reading=reading,
            source=source,
            size=size,
            encoder=encoder,
            known=known,
            embedding=None if embedding is None else list(embedding),
        )
        self.base = made
        self.reads_frames, self.memoryless = made.reads_frames, made.memoryless
        self.looks_back, self.least_ticks = made.looks_back, made.least_ticks
        self.can_forget = made.can_forget
        self.glimpses = max(made.glimpses, 1)
        if known is not None:
            self._build(known)

    def prepare(self, frames: Tensor, descriptions: Tensor) -> None:
        """Let the base see frames, and look which descriptions (N, D) there are."""
        if self.base.glimpses:
            self.base.prepare(frames, descriptions)
        self.options["base_options"] = self.base.options
        self.options["known"] = known = Embedding.known(descriptions)
        self._build(known)

    def _build(self, known: Mapping[str, Any]) -> None:
        options = self.options
        self.embedding = Embedding(
            known, options["source"], options["size"], options["encoder"], options["embedding"]
        )
        if isinstance(self.base, LastFramesEngine):
            self.base.piece = 1 << 62  # a piece could begin in the midst of an item
        generators: list[nn.Module] = []
        self.generated_names: list[str] = []  # of the base's layers
        self._layers: list[ItemLayer] = []
        self._names: list[str] = []  # where these are
        self._ordinary: list[nn.Module] = []  # layers of torch of the same shapes
        self._made: Made | None = None
        self._forgets = self.embedding.is_description and options["reading"] == "dense"
        self.can_forget = self._forgets or self.base.can_forget
        for name, layer in list(self.base.named_modules()):
            if type(layer) in ITEM_LAYERS and _fits(name, options["generated"]):
                generators.append(self._replace(name, layer))
                self.generated_names.append(name)
        if not generators:
            raise ValueError(
                f"generated: {options['generated']} fits no layer of the base; choose from"
                f" {', '.join(_names(self.base))}"
            )
        self.generators = nn.ModuleList(generators)

    def _replace(self, name: str, layer: nn.Module) -> nn.Module:
        """Put an item layer in the place of a layer of the base. Returns what makes its weights."""
        size = self.embedding.size
        if self.options["reading"] == "dense":
            place = own = ITEM_LAYERS[type(layer)](layer)
            generator = Generator(layer, size, self.embedding.apart)
            ordinary, where = layer, name
        elif isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1):
            choices = Entries.choices(layer.out_channels, size)
            ordinary = nn.Conv2d(choices, layer.out_channels, 1)
            own = ItemConv(ordinary)
            choose = nn.Conv2d(layer.in_channels, choices, 1)
            place, where = nn.Sequential(choose, nn.Softmax(1), own), f"{name}.2"
            generator = Entries(layer.out_channels, size)
        else:
            raise ValueError(f'reading: "choice" is for 1 x 1 convolutions; {name} is none')
        self.base.set_submodule(name, place)
        self._layers.append(own)
        self._names.append(where)
        self._ordinary.append(ordinary)
        return generator

    def implement(self, embedding: Tensor) -> Weights:
        """The weights of the games that embeddings (G, E) stand for, of each generated layer."""
        return [make(embedding) for make in self.generators]

    def encode(self, context: Context, description: Tensor) -> Hidden:
        # Windows of one game that stand side by side share its weights.
        return self.encode_as(context, description, self.embedding(heads(description)))

    def encode_as(self, context: Context, description: Tensor, embedding: Tensor) -> Hidden:
        """`encode` for games with embeddings (G, E), whatever their descriptions (B, D) say: each
        is of B / G items, one after another."""
        each = embedding.repeat_interleave(len(description) // len(embedding), 0)  # (B, E)
        self._make(each, embedding)
        hidden = {EMBEDDING: each}
        with self._implemented(hidden) as game:
            return hidden | game.encode(context, description)

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        with self._implemented(hidden) as game:
            return hidden | game.advance(hidden, actions)

    def decode(self, hidden: Hidden) -> Prediction:
        with self._implemented(hidden) as game:
            return game.decode(hidden)

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        with self._implemented(hidden) as game:
            return hidden | game.see(hidden, frames)

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        with self._implemented(hidden) as game:
            shown, after = game.unroll(hidden, actions, frames)
        return shown, hidden | after

    def look_back(
        self, frames: Tensor, actions: Tensor, description: Tensor, rng: np.random.Generator
    ) -> Tensor:
        with self._implemented({EMBEDDING: self.embedding(description)}) as game:
            return game.look_back(frames, actions, description, rng)

    def judge(self, hidden: Hidden, actions: Tensor, frames: Tensor, forced: bool) -> Judged:
        with self._implemented(hidden) as game:
            judged = game.judge(hidden, actions, frames, forced)
        self._made = None  # what the optimiser changes next is made anew, and no graph is kept
        return judged

    @torch.no_grad()
    def forget(self, hidden: Hidden, actions: Tensor, frames: Tensor, outcome: Tensor) -> None:
        """Let each layer drop the numbers of the description that nothing depends on: its weights
        are then those of the mean. Without which, one after another, the least telling first,
        nothing more becomes wrong, and the loss stays bearable. Once no layer drops any more, the
        base drops what it can: layers should be settled early, before they have learned to rely on
        numbers that they do not need, and variables late, when what is rare is learned as well.

        A combination of numbers that was never seen is one that was, to a layer that sees few.
        """
        embeddings, truth = heads(hidden[EMBEDDING]), outcome.flatten(0, 1)

        def surprise() -> tuple[float, int]:
            with self._using(self.implement(embeddings)) as game:
                judged = game.judge(hidden, actions, frames, forced=True)
            said = torch.cat([judged.reward, judged.termination[..., None]], 2).flatten(0, 1)
            loss, missed = outcome_loss(truth, said)
            return float(judged.loss + loss), int(judged.wrong.sum() + missed.sum())

        self._made = None
        dropped = 0
        if self._forgets:
            makers = [make for make in self.generators if isinstance(make, Generator)]
            dropped = drop_from([make.kept for make in makers], surprise)
        if self.base.can_forget and not dropped:
            with self._using(self.implement(embeddings)) as game:
                game.forget(hidden, actions, frames, outcome)

    def _make(self, each: Tensor, embedding: Tensor) -> Made:
        """Make the weights of the games (G, E), for hidden states with embeddings `each` (B, E)."""
        weights = self.implement(embedding)
        if len(embedding) > 1 or torch.is_grad_enabled():
            self._made = Made(each, self.base, weights)
            return self._made
        # One game, as in play, is an engine of its own, and costs what the base engine costs.
        game = deepcopy(self.base, {id(weight): weight for weight in self.base.parameters()})
        for name, layer, made in zip(self._names, self._ordinary, weights, strict=True):
            own = deepcopy(layer)
            for weight, value in zip(own.parameters(), made, strict=True):
                weight.copy_(value[0])
            game.set_submodule(name, own)
        self._made = Made(each, game, [])
        return self._made

    def _implemented(self, hidden: Hidden) -> AbstractContextManager[Engine]:
        """The engine of the games whose embeddings a hidden state holds. It is made once, as long
        as one rollout is played at a time."""
        each, made = hidden[EMBEDDING], self._made
        learns = torch.is_grad_enabled()
        if made is None or made.each is not each or (learns and made.game is not self.base):
            # Equal embeddings may have gradients of their own.
            made = self._make(each, each if learns else heads(each))
        return self._using(made.weights) if made.weights else nullcontext(made.game)

    @contextmanager
    def _using(self, made: Weights) -> Iterator[Engine]:
        for layer, weights in zip(self._layers, made, strict=True):
            layer.use(weights)
        try:
            yield self.base
        finally:
            for layer in self._layers:
                layer.use(())


def heads(description: Tensor) -> Tensor:
    """The descriptions (G, D) of (B, D) that stand for all: the first of each run of equal ones,
    if all runs are equally long; else every one."""
    other = (description[1:] != description[:-1]).any(1)
    first = F.pad(other.nonzero().flatten() + 1, (1, 0))  # (G,)
    length, left = divmod(len(description), len(first))
    even = not left and torch.equal(first, length * torch.arange(len(first), device=first.device))
    return description[first] if even else description


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _names(base: Engine) -> list[str]:
    return [name for name, layer in base.named_modules() if type(layer) in ITEM_LAYERS]
