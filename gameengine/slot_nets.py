"""The networks of the slots engine: sums of table rows, dense layers, a head for each part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.kernels import kernel
from gameengine.slot_variables import Variable, as_table, look

BEARABLE = 0.01  # loss that a network soon gets over, when it has to do without what it looked at
STAYS = 3.0  # logit for a light to stay as it is, before anything is learned


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
        """tokens (N, 3, V) before, now and after, actions (N, P), frames (N, H, W), memory (N, M)
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
        telling first, no more items become wrong, and the loss stays below twice what it was, or
        `BEARABLE`. What a dropped one gave on average stays, in the bias.

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
            if loss <= max(2 * before, BEARABLE) and now_wrong.sum() <= wrong.sum():
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


class SpriteHead:
    """Reads a network's outputs as a sprite's next shape, row and column, and its hidden motion.

    A place is said twice, and both are added: where it is on the board, which a jump needs, and how
    far it is from where it would be if it just went on, up to `reach`, which is the same
    everywhere. Speeds are said twice as well: by themselves, and how much faster. fine: steps of a
    pixel, for sprites that move by fractions; 0 for others, which go on where they are.
    """

    def __init__(self, shapes: int, height: int, width: int, reach: int, fine: int = 0) -> None:
        self._reach, self._fine, self._middle = reach, fine, reach * fine
        way, speeds = 2 * reach + 1, 2 * reach * fine + 1
        self.split = [shapes, height, width, way, way]
        if fine:
            self.split += [fine, fine, speeds, speeds, 2 * speeds - 1, 2 * speeds - 1]
        self.outputs = sum(self.split)

    def logits(self, outputs: Tensor, now: Tensor) -> tuple[Tensor, ...]:
        """outputs (N, outputs) and the sprite's tokens now (N, 3), or (N, 7) with hidden ones ->
        logits of each of them after the tick."""
        shape, row, column, down, across, *hidden = outputs.split(self.split, 1)
        goal = now[:, 1:3]  # (N, 2) row and column
        if hidden:
            gone = now[:, 3:5] + now[:, 5:] - self._middle  # (N, 2) in steps
            goal = goal + gone.div(self._fine, rounding_mode="floor")
            fractions = [self._fraction(one, gone[:, axis]) for axis, one in enumerate(hidden[:2])]
            speeds = [
                self._speed(*said, now[:, 5 + axis])
                for axis, said in enumerate(zip(hidden[2:4], hidden[4:], strict=True))
            ]
            hidden = [*fractions, *speeds]
        places = self._place(row, down, goal[:, 0]), self._place(column, across, goal[:, 1])
        return shape, *places, *hidden

    def _place(self, there: Tensor, way: Tensor, goal: Tensor) -> Tensor:
        reach, size = self._reach, there.shape[1]
        margin = (
            2 * reach
        )  # it goes on by `reach` at most, and from there it is at most `reach` off
        near = goal[:, None] + margin - reach + torch.arange(2 * reach + 1)
        wide = F.pad(there, (margin, margin)).scatter_add(1, near, way)
        return wide[:, margin : margin + size]

    def _fraction(self, said: Tensor, gone: Tensor) -> Tensor:
        """said (N, F): how far from where it would be, so that 0 is what needs no reason."""
        steps = torch.arange(self._fine)
        off = (steps - gone[:, None]) % self._fine
        return (said + STAYS * (steps == 0)).gather(1, off)

    def _speed(self, said: Tensor, faster: Tensor, now: Tensor) -> Tensor:
        """said (N, S), faster (N, 2 S - 1) and the speed now (N,)."""
        speeds = torch.arange(said.shape[1])
        change = speeds - now[:, None]  # (N, S)
        return said + faster.gather(1, change + said.shape[1] - 1) + STAYS * (change == 0)


def sprite_loss(
    head: SpriteHead, now: Tensor, after: Tensor, outputs: Tensor, sure: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of a sprite's tokens after a tick, (), and which items (N,) are wrong. now and
    after (N, 3), or (N, 7) with hidden ones. The place of a sprite that is not there does not
    count. Of hidden tokens only those count that are `sure` (N, 2), down and across, and they are
    not called wrong."""
    shape, *rest = head.logits(outputs, now)
    there = after[:, 0] > 0
    loss = F.cross_entropy(shape, after[:, 0])
    wrong = shape.max(1).indices != after[:, 0]
    for axis, logits in enumerate(rest[:2], 1):
        loss = loss + (F.cross_entropy(logits, after[:, axis], reduction="none") * there).mean()
        wrong = wrong | there & (logits.max(1).indices != after[:, axis])
    if sure is not None:
        loss = loss + hidden_loss(rest[2:], after[:, 3:], sure)
    return loss, wrong


def hidden_loss(logits: Sequence[Tensor], truth: Tensor, sure: Tensor) -> Tensor:
    """Cross-entropy of fractions and speeds, (). logits: of the fractions down and across, and of
    the speeds; truth (N, 4). sure (N, 2): whether an axis is known well enough to count."""
    parts = [
        (F.cross_entropy(said, truth[:, place], reduction="none") * sure[:, place % 2]).mean()
        for place, said in enumerate(logits)
    ]
    return torch.stack(parts).sum()


def light_logits(outputs: Tensor, now: Tensor) -> Tensor:
    """outputs (N, L) and the lights now (N, L) -> logits of being on."""
    return outputs + STAYS * (2 * now - 1)


def light_loss(now: Tensor, after: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the lights after a tick, (), and how many of each item (N,) are wrong. now
    and after (N, L)."""
    logits = light_logits(outputs, now)
    entropy = F.binary_cross_entropy_with_logits(logits, after.float(), reduction="sum")
    return entropy / len(now), ((logits > 0) != after).sum(1)


def outcome_loss(truth: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """How far rewards and end are off, (), and which items (N,) are wrong: a reward by a twentieth,
    as rewards are rounded to tenths. truth and outputs (N, P + 1)."""
    off = outputs[:, :-1] - truth[:, :-1]
    end = F.binary_cross_entropy_with_logits(outputs[:, -1], truth[:, -1])
    ended = (outputs[:, -1] > 0) != (truth[:, -1] > 0)
    return off.square().sum(1).mean() + end, (off.abs() >= 0.05).any(1) | ended
