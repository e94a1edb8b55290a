"""How engines look at frames and draw them, where most of a frame is background."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMPTY = 3.0  # logit by which a pixel is background at first
STROKES = 4  # of each colour


class Sight(nn.Module):
    """A dense layer on one-hot frames, without the work for background: the sum of a learned vector
    for each pixel of another colour than 0. On Pong ten times faster than the dense layer.

    pixels: of a frame. colours: K. frames: that are looked at together.
    """

    def __init__(self, pixels: int, colours: int, frames: int, width: int) -> None:
        super().__init__()
        self._pixels, self._colours = pixels, colours
        self.vectors = nn.EmbeddingBag(frames * (colours - 1) * pixels, width, mode="sum")
        self.bias = nn.Parameter(torch.zeros(width))
        nn.init.normal_(self.vectors.weight, std=0.1)  # some dozen of them are summed up

    def forward(self, frames: Tensor) -> Tensor:
        """frames (N, T0, 1, H, W) uint8 -> (N, width)."""
        flat = frames.flatten(1)  # (N, T0 * H * W)
        item, place = flat.nonzero().unbind(1)
        number, pixel = place // self._pixels, place % self._pixels
        colour = flat[item, place].long() - 1
        rows = (number * (self._colours - 1) + colour) * self._pixels + pixel
        counts = (flat > 0).sum(1)
        return self.vectors(rows, counts.cumsum(0) - counts) + self.bias


class Renderer(nn.Module):
    """Draws with strokes: a colour's logits are the sum of a few products of a profile over rows
    and one over columns, and of a map that stays. A rectangle is one such product, so that what is
    learned of a thing in one column holds for all rows. What strokes cannot say, a dense layer on
    few features adds.

    width: of the input. sight: of the hidden layer. shape: (K, H, W).
    with_keep: the colours of the frame before are more likely, by a learned logit.
    """

    def __init__(
        self, width: int, sight: int, shape: tuple[int, int, int], with_keep: bool
    ) -> None:
        super().__init__()
        self._shape = colours, height, columns = shape
        self.hidden = nn.Linear(width, sight)
        self.strokes = nn.Linear(sight, colours * STROKES * (height + columns))
        few = max(1, sight // 8)  # a dense layer on all features would take most of the time
        self.few = nn.Linear(sight, few)
        self.rest = nn.Linear(few, colours * height * columns)
        self.keep = nn.Parameter(torch.tensor(2 * EMPTY)) if with_keep else None
        with torch.no_grad():
            self.strokes.weight.mul_(3.0)  # a product of two small numbers has small gradients
            self.rest.weight.zero_()  # strokes come first
            self.rest.bias.zero_()
            self.rest.bias[: height * columns] = EMPTY

    def forward(self, seen: Tensor, before: Tensor | None = None) -> Tensor:
        """seen (..., width) and the frames before, (..., 1, H, W) -> logits (..., K, H, W)."""
        colours, height, _ = self._shape
        features = F.relu(self.hidden(seen.flatten(0, -2)))  # (N, sight)
        profiles = self.strokes(features).unflatten(1, (colours, STROKES, -1))
        rows, columns = profiles[..., :height].mT, profiles[..., height:]
        rest = self.rest(self.few(features)).view(-1, *self._shape[1:])  # (N * K, H, W)
        logits = torch.baddbmm(rest, rows.flatten(0, 1), columns.flatten(0, 1)).float()
        logits = logits.view(-1, *self._shape)
        if self.keep is not None and before is not None:
            logits = self._kept(self.keep, logits, before.flatten(0, -4))
        return logits.view(*seen.shape[:-1], *self._shape)

    def _kept(self, keep: Tensor, logits: Tensor, before: Tensor) -> Tensor:
        """Add `keep` to the colour that each pixel had, except to the background's, which has its
        bias: so only few pixels are touched. before (N, 1, H, W)."""
        flat = before.flatten(1)  # (N, H * W)
        item, pixel = flat.nonzero().unbind(1)
        place = (item * self._shape[0] + flat[item, pixel].long()) * flat.shape[1] + pixel
        return logits.flatten().index_add(0, place, keep.expand(len(place))).view_as(logits)
