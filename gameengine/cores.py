"""Sequence models that recurrent engines are built around: a state, one tick, many ticks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Memory = dict[str, Tensor]  # a core's state; every tensor has B first
Cell = Literal["gru", "lstm", "rnn"]
CELLS: dict[Cell, type[nn.GRU | nn.LSTM | nn.RNN]] = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}


class Core(nn.Module, ABC):
    """Interface of cores. width: features of an output."""

    width: int

    @abstractmethod
    def begin(self, start: Tensor) -> Memory:
        """The state before the first tick, from a vector (B, S) that says how things stand."""

    @abstractmethod
    def step(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """One tick. seen (B, F). Returns the output (B, width); `memory` is not changed."""

    @abstractmethod
    def run(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """T ticks at once. seen (B, T, F). Returns outputs (B, T, width) and the last state, equal
        to T times `step` to 1e-5."""


class DilatedCore(Core):
    """Layers of recurrent cells, one for each entry of `dilations`. At tick t a layer of dilation d
    sees what the layer below gives at tick t, and its own state of tick t - d. Dilations of 1 make
    the ordinary stacked network. The output is that of the last layer.

    seen, start: features of an input and of the vector that the first state comes from.
    width: of every layer. Raises ValueError for dilations that are none, or below 1, and for
    unknown cells.

    A layer keeps its last d states, the oldest first: that is the one which the next tick takes.
    Chang et al., "Dilated recurrent neural networks", NIPS 2017.
    """

    def __init__(
        self, seen: int, start: int, width: int, dilations: Sequence[int], cell: Cell = "gru"
    ) -> None:
        super().__init__()
        if not dilations or min(dilations) < 1:
            raise ValueError(f"dilations must be a list of numbers from 1 on, not {dilations}")
        if cell not in CELLS:
            raise ValueError(f"unknown cell {cell!r}; choose from {', '.join(CELLS)}")
        self.width, self._cell, self._dilations = width, cell, tuple(dilations)
        layers = [
            CELLS[cell](width if number else seen, width, batch_first=True)
            for number in range(len(dilations))
        ]
        # Neither what comes from the past nor what comes from below fades or grows at first: with
        # torch's weights for it, eight layers did not begin to learn the copy-memory task.
        for number, layer in enumerate(layers):
            for name in ("weight_hh_l0", "weight_ih_l0")[: 2 if number else 1]:
                for gate in layer.get_parameter(name).data.split(width):
                    nn.init.orthogonal_(gate)
        self.layers = nn.ModuleList(layers)
        self._parts = ("state", "inner") if cell == "lstm" else ("state",)
        self.first = nn.Linear(start, len(dilations) * len(self._parts) * width)

    def begin(self, start: Tensor) -> Memory:
        states = (
            self.first(start)
            .to(start.dtype)
            .tanh()
            .unflatten(1, (-1, len(self._parts), self.width))
        )
        return {
            f"{part}{number}": states[:, number, None, index].repeat(1, dilation, 1)  # (B, d, W)
            for number, dilation in enumerate(self._dilations)
            for index, part in enumerate(self._parts)
        }

    def step(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        outputs, after = self.run(seen[:, None], memory)
        return outputs[:, 0], after

    def run(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        after: Memory = {}
        for number in range(len(self._dilations)):
            queues = [memory[f"{part}{number}"] for part in self._parts]
            seen, queues = self._layer(number, seen, queues)
            after |= {f"{part}{number}": q for part, q in zip(self._parts, queues, strict=True)}
        return seen, after

    def _layer(
        self, number: int, seen: Tensor, queues: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """T ticks of one layer. seen (B, T, F), queues of (B, d, W). Returns outputs (B, T, W)."""
        dilation, ticks = self._dilations[number], seen.shape[1]
        whole = ticks - ticks % dilation
        outputs: list[Tensor] = []
        if whole:
            shown, queues = self._rounds(number, seen[:, :whole], queues)
            outputs.append(shown)
        if rest := ticks - whole:  # the last round has ticks for the first `rest` states only
            taken = [queue[:, :rest] for queue in queues]
            shown, made = self._rounds(number, seen[:, whole:], taken)
            outputs.append(shown)
            pairs = zip(queues, made, strict=True)
            queues = [torch.cat([queue[:, rest:], new], 1) for queue, new in pairs]
        return torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0], queues

    def _rounds(
        self, number: int, seen: Tensor, queues: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Ticks in whole rounds, in each of which every one of d states is used once, in turn. As
        the d sequences do not know of each other, they are a batch: one fused call.

        seen (B, n * d, F), queues of (B, d, W). Returns outputs (B, n * d, W) and the queues.
        """
        dilation = queues[0].shape[1]
        folded = seen.unflatten(1, (-1, dilation)).transpose(1, 2).flatten(0, 1)  # (B * d, n, F)
        states = [queue.flatten(0, 1)[None] for queue in queues]  # (1, B * d, W) each
        layer = self.layers[number]
        if len(states) == 1:
            outputs, last = layer(folded, states[0])
            ends = [last]
        else:
            outputs, ends = layer(folded, tuple(states))
        unfolded = outputs.unflatten(0, (-1, dilation)).transpose(1, 2).flatten(1, 2)
        return unfolded, [state[0].unflatten(0, (-1, dilation)) for state in ends]


class DeepTransitionCore(Core):
    """One state, whose successor is a deep network of the input and the state, rather than a pile
    of states each a layer above the other: `depth` layers of `breadth` features see both, and say
    what the state should become and how far it should go there.

        features = relu(A [input, state]), then depth - 1 times features += relu(B features)
        state' = state + sigmoid(G norm(features)) * (tanh(C norm(features)) - state)

    The deep transition of Pascanu et al., "How to construct deep recurrent neural networks", ICLR
    2014, with the update gate of a GRU (Cho et al. 2014) around it: a state that is not changed is
    carried on, and the gradient with it, past all `depth` layers.
    Raises ValueError for a depth below 1.
    """

    def __init__(self, seen: int, start: int, width: int, breadth: int, depth: int) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        self.width = width
        self.first = nn.Linear(start, width)
        self.see = nn.Linear(seen, breadth)
        self.recall = nn.Linear(width, breadth, bias=False)
        self.deeper = nn.ModuleList(nn.Linear(breadth, breadth) for _ in range(depth - 1))
        # Without the norm, large steps saturate the gate for good: 9 of 10 small engines failed to
        # learn four windows by heart, and none with it.
        self.norm = nn.LayerNorm(breadth)
        self.change = nn.Linear(breadth, 2 * width)
        with torch.no_grad():  # at first most of the state is kept, so that the past has a gradient
            self.change.bias[:width] -= 1.0

    def begin(self, start: Tensor) -> Memory:
        return {"state": self.first(start).to(start.dtype).tanh()}

    def step(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        state = self._next(self.see(seen), memory["state"])
        return state, {"state": state}

    def run(self, seen: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        state = memory["state"]
        states: list[Tensor] = []
        for told in self.see(seen).unbind(1):  # what is seen goes through its layer all at once
            state = self._next(told, state)
            states.append(state)
        return torch.stack(states, 1), {"state": state}

    def _next(self, told: Tensor, state: Tensor) -> Tensor:
        """told (B, breadth): what is seen, after its layer. state (B, width)."""
        features = F.relu(told + self.recall(state))
        for layer in self.deeper:
            features = features + F.relu(layer(features))
        gate, goal = self.change(self.norm(features)).to(state.dtype).chunk(2, 1)
        return torch.lerp(state, goal.tanh(), gate.sigmoid())
