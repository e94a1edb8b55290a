"""The networks of the slots engine: sums of table rows, dense layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.kernels import kernel
from gameengine.forgetting import bearable
from gameengine.slot_variables import Variable, as_table, look


class SlotNet(nn.Module):
    """Variables, each with one of a few values, to `outputs` numbers.

    memory: width of a vector that is read as well, 0 for none. depth: dense layers, with the first.
    """

    kept: Tensor

    def __init__(
        self, variables: Sequence[Variable], outputs: int, width: int, depth: int, memory: int = 0
    ) -> None:
        super().__init__()
        self.variables = tuple(variables)
        rows = sum(variable.size for variable in variables)
        self.rows = nn.Parameter(torch.randn(rows, width) * len(variables) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.recall = nn.Linear(memory, width, bias=False) if memory else None
        layers: list[nn.Module] = [nn.ReLU()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, outputs)
        nn.init.zeros_(self.head.weight)
        # 1 for each variable that is looked at. A float, since averaged weights are lerped.
        self.register_buffer("kept", torch.ones(len(variables)))
        self._table = as_table(variables)
        self.register_state_dict_post_hook(_leave_out)
        self.register_load_state_dict_pre_hook(_put_back)

    def forward(
        self, tokens: Tensor, actions: Tensor, frames: Tensor, memory: Tensor | None = None
    ) -> Tensor:
        """tokens as of a Vocabulary, actions (N, P), frames (N, H, W), memory (N, M)
        -> (N, outputs)."""
        seen = _sum_of_rows(self.rows, self.choose(tokens, actions, frames)) + self.bias
        if self.recall is not None:
            seen = seen + self.recall(cast(Tensor, memory))
        return self.head(self.layers(seen))

    def choose(self, tokens: Tensor, actions: Tensor, frames: Tensor) -> Tensor:
        """The rows (N, kept variables) of the first layer that are summed up."""
        table = self._table[self.kept.numpy() > 0.5]
        known = (value.numpy() for value in (tokens, actions, frames))
        return torch.from_numpy(look(table, *known))

    @torch.no_grad()
    def forget(self, chosen: Tensor, surprise: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
        """Drop the variables that nothing depends on: without which, one after another, the least
        telling first, no more items become wrong, and the loss stays
        `bearable`. What a dropped one gave on average stays, in the bias.

        chosen (N, kept variables): of a sample. surprise: outputs (N, outputs) -> loss () and which
        items (N,) are wrong.
        """
        seen = _sum_of_rows(self.rows, chosen) + self.bias
        before, wrong = surprise(self.head(self.layers(seen)))
        losses: list[float] = []
        for column in chosen.unbind(1):
            without = self._without(seen, column)
            losses.append(float(surprise(self.head(self.layers(without)))[0]))
        numbers = (self.kept > 0.5).nonzero().flatten()
        for place in np.argsort(losses):
            without = self._without(seen, chosen[:, place])
            loss, now_wrong = surprise(self.head(self.layers(without)))
            if bearable(float(loss), float(before)) and now_wrong.sum() <= wrong.sum():
                self.bias += self.rows[chosen[:, place]].mean(0)
                self.kept[numbers[place]] = 0.0
                seen = without

    def _without(self, seen: Tensor, chosen: Tensor) -> Tensor:
        """seen (N, width) with the mean in place of what a variable, chosen (N,), says."""
        said = self.rows[chosen]
        return seen - said + said.mean(0)


def _kept_rows(net: SlotNet, kept: Tensor) -> Tensor:
    """Which rows (R,) of its table belong to variables that are kept (F,)."""
    sizes = torch.tensor([variable.size for variable in net.variables])
    return (kept > 0.5).repeat_interleave(sizes)


def _leave_out(net: SlotNet, weights: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """A checkpoint needs no rows of dropped variables."""
    name = f"{prefix}rows"
    weights[name] = weights[name][_kept_rows(net, net.kept)]


def _put_back(net: SlotNet, weights: dict[str, Tensor], prefix: str, *_: Any) -> None:
    rows = torch.zeros(net.rows.shape)
    rows[_kept_rows(net, weights[f"{prefix}kept"])] = weights[f"{prefix}rows"]
    weights[f"{prefix}rows"] = rows


class _SumOfRows(torch.autograd.Function):
    """Sums of table rows, embedding_bag, whose backward in torch sorts: 15 times slower here."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, chosen: Tensor) -> Tensor:
        ctx.save_for_backward(chosen)
        ctx.shape = rows.shape
        return F.embedding_bag(chosen, rows, mode="sum")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (chosen,) = ctx.saved_tensors
        added = torch.zeros(ctx.shape)
        add_to_rows(chosen.numpy(), gradients[0].contiguous().numpy(), added.numpy())
        return added, None


def _sum_of_rows(rows: Tensor, chosen: Tensor) -> Tensor:
    """rows (R, width), chosen (N, F) -> (N, width)."""
    if chosen.shape[1] == 0:  # a network that looks at nothing: what it says never changes
        return rows.new_zeros(len(chosen), rows.shape[1])
    return cast(Tensor, _SumOfRows.apply(rows, chosen))


@kernel(inline=False)
def add_to_rows(chosen: Any, values: Any, rows: Any) -> None:
    """Add values (N, width) to each of the rows (R, width) that chosen (N, F) names."""
    for item in range(len(chosen)):
        value = values[item]
        for number in range(chosen.shape[1]):
            row = rows[chosen[item, number]]
            for place in range(len(value)):
                row[place] += value[place]
