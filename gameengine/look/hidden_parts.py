"""The tensors of a hidden state by their true names, and as features that a probe can read."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.engine import Engine, Hidden
from gameengine.engines.hyper import EMBEDDING
from gameengine.frames import one_hot

SHOWN = ("logits", "outcome", "frame")  # what the last tick showed: the state does not need it
WIDEST = 2048  # features of a tensor that are kept while rollouts are watched
COMPONENTS = 256  # principal components that stand for more features than that
NAMES = {"now": "slots now", "before": "slots before", "earlier": "slots earlier"}


def held(hidden: Hidden) -> Hidden:
    """The tensors that carry the state from tick to tick; an embedding does not change."""
    return {name: value for name, value in hidden.items() if name not in (*SHOWN, EMBEDDING)}


def newest_states(hidden: Hidden) -> Hidden:
    """Of each recurrent tensor the state that the last tick made, (B, W): a layer that keeps a
    queue (B, d, W) has it at the end. Empty for engines without recurrent state."""
    recurrent = {
        name: value
        for name, value in held(hidden).items()
        if value.is_floating_point() and name != "description"
    }
    return {name: value[:, -1] if value.dim() == 3 else value for name, value in recurrent.items()}


def label(name: str, engine: Engine) -> str:
    """What a person calls the tensor `name`, such as "layer 2, dilation 4"."""
    part = name.rstrip("0123456789")
    number = name.removeprefix(part)
    if name == "frames":
        context = engine.spec.context
        return "last frame" if context == 1 else f"last {context} frames"
    if part not in ("state", "inner") or not number:
        return NAMES.get(name, name)
    dilations = engine.options.get("dilations")
    layer = f"layer {number}" + (f", dilation {dilations[int(number)]}" if dilations else "")
    return layer + (", cell state" if part == "inner" else "")


class Recorder:
    """Keeps the held tensors of rollouts small enough: wide ones are multiplied with a random
    matrix, from which a linear probe loses nothing as long as the states span less than WIDEST
    dimensions (Johnson and Lindenstrauss 1984)."""

    def __init__(self) -> None:
        self._mixes: dict[str, Tensor] = {}

    def __call__(self, hidden: Hidden) -> Hidden:
        return {name: self._kept(name, value) for name, value in held(hidden).items()}

    def _kept(self, name: str, value: Tensor) -> Tensor:
        if not value.is_floating_point():
            return value.clone()
        flat = value.flatten(1)  # (B, F)
        if flat.shape[1] <= WIDEST:
            return flat.clone()
        if name not in self._mixes:
            random = torch.Generator().manual_seed(0)
            mix = torch.randn(flat.shape[1], WIDEST, generator=random)
            self._mixes[name] = mix / WIDEST**0.5
        return flat @ self._mixes[name]


def features(recorded: Tensor, fitting: int, colours: int) -> Tensor:
    """What a probe reads of a recorded tensor (N, M, ...): (N, M, F) float32. What it is made of is
    chosen by the first `fitting` rollouts alone.

    Frames (uint8) become the number of pixels of each colour in each row and column, and principal
    components of all pixels; slots (integers) become one-hot beside the number itself.
    """
    if recorded.dtype == torch.uint8:
        return torch.cat([_counts(recorded, colours), _components(recorded, fitting, colours)], 2)
    if not recorded.is_floating_point():
        tokens = recorded.long()
        most = int(tokens[:fitting].max())
        hot = F.one_hot(tokens.clamp(0, most), most + 1).flatten(2).float()
        return torch.cat([hot, tokens.float()], 2)
    if recorded.shape[2] <= COMPONENTS:
        return recorded
    return principal(recorded, fitting)


def together(parts: Mapping[str, Tensor], fitting: int) -> Tensor:
    """All features side by side, each tensor's scaled to unit spread; at most 3 * COMPONENTS."""
    scaled = [standard(part, fitting) for part in parts.values()]
    joined = torch.cat(scaled, 2)
    most = 3 * COMPONENTS
    return joined if joined.shape[2] <= most else principal(joined, fitting, most)


def standard(values: Tensor, fitting: int) -> Tensor:
    """(N, M, F) without mean, at unit spread; what hardly varies in the first `fitting` rollouts
    stays small, and what never does is 0."""
    seen = values[:fitting].flatten(0, 1)
    mean, spread = seen.mean(0), seen.std(0, correction=0)
    # Not by less than a thousandth of the widest: rounding noise would be blown up, and a new
    # rollout that moves such a feature would be told nonsense.
    least = max(1e-6, 1e-3 * float(spread.max()))
    return torch.where(spread > 1e-6, (values - mean) / spread.clamp(min=least), 0.0)


def principal(values: Tensor, fitting: int, count: int = COMPONENTS) -> Tensor:
    """The first principal components (N, M, count) of values (N, M, F)."""
    flat = values[:fitting].flatten(0, 1)
    mean, basis = _basis(flat[:: _stride(len(flat), count)], count)
    return (values - mean) @ basis


def _stride(rows: int, count: int) -> int:
    """Four times as many samples as components are enough."""
    return max(1, rows // (4 * count))


def _basis(sample: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Mean (F,) and principal directions (F, count) of a sample (S, F)."""
    mean = sample.mean(0)
    # Its test matrix is random: the page must not depend on what ran before.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        wanted = min(count, *sample.shape)
        _, _, basis = torch.pca_lowrank(sample - mean, wanted, center=False, niter=1)
    return mean, basis


def _counts(frames: Tensor, colours: int) -> Tensor:
    """frames (N, M, T0, H, W) -> (N, M, T0 * (K - 1) * (H + W))."""
    parts = []
    for colour in range(1, colours):
        there = frames == colour
        parts += [there.sum(4).flatten(2), there.sum(3).flatten(2)]
    return torch.cat(parts, 2).float()


def _components(frames: Tensor, fitting: int, colours: int) -> Tensor:
    """frames (N, M, T0, H, W) -> principal components of their one-hot (N, M, COMPONENTS)."""

    def hot(some: Tensor) -> Tensor:  # (S, T0, H, W) -> (S, places)
        return one_hot(some.unsqueeze(-3), colours)[:, :, 1:].flatten(1)

    flat = frames[:fitting].flatten(0, 1)
    mean, basis = _basis(hot(flat[:: _stride(len(flat), COMPONENTS)]), COMPONENTS)
    # One rollout at a time: one-hot frames of all of them take gigabytes.
    return torch.stack([(hot(rollout) - mean) @ basis for rollout in frames])
