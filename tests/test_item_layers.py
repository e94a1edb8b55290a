"""A layer with the weights of each item is that item's own layer of torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gameengine.engines.blocks import PlaceBias
from gameengine.item_layers import ITEM_LAYERS, MANY


def filled(layer: nn.Module) -> nn.Module:
    """Other weights than those that it begins with, as these are zeros."""
    for weight in layer.parameters():
        nn.init.normal_(weight)
    return layer


LAYERS = {
    "dense": (lambda: nn.Linear(5, 7), (5,)),
    "dense without a bias": (lambda: nn.Linear(5, 7, bias=False), (5,)),
    "1 x 1": (lambda: nn.Conv2d(3, 4, 1), (3, 6, 5)),
    "3 x 3": (lambda: nn.Conv2d(3, 4, 3, padding=1), (3, 6, 5)),
    "places": (lambda: filled(PlaceBias(3, 6, 5)), (3, 6, 5)),
    "3 x 3, smaller": (lambda: nn.Conv2d(3, 4, 3), (3, 6, 5)),
}


def of_items(layers: list[Any], seen: Tensor) -> Tensor:
    """seen (B, r, ...) through the layer of each item."""
    return torch.stack([layer(one) for layer, one in zip(layers, seen, strict=True)])


def weights_of(layers: list[Any]) -> list[Tensor]:
    each = zip(*[layer.parameters() for layer in layers], strict=True)
    return [torch.stack(weights) for weights in each]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("times", [1, 3, MANY])
def test_items_have_layers_of_their_own(name: str, times: int) -> None:
    torch.manual_seed(0)
    make, shape = LAYERS[name]
    layers = [make() for _ in range(4)]
    own = ITEM_LAYERS[type(layers[0])](layers[0])  # pyright: ignore
    own.use(weights_of(layers))
    seen = torch.randn(4, times, *shape)
    expected = of_items(layers, seen)
    torch.testing.assert_close(own(seen.flatten(0, 1)).unflatten(0, (4, times)), expected)


@pytest.mark.parametrize("times", [1, 3])
def test_items_have_grus_of_their_own(times: int) -> None:
    torch.manual_seed(0)
    layers = [nn.GRU(3, 5, batch_first=True) for _ in range(4)]
    own = ITEM_LAYERS[nn.GRU](layers[0])  # pyright: ignore
    own.use(weights_of(layers))
    seen, state = torch.randn(4, times, 6, 3), torch.randn(1, 4, times, 5)
    outputs, last = own(seen.flatten(0, 1), state.flatten(1, 2))
    for item, layer in enumerate(layers):
        expected, end = layer(seen[item], state[:, item].contiguous())
        places = slice(item * times, (item + 1) * times)
        torch.testing.assert_close(outputs[places], expected)
        torch.testing.assert_close(last[:, places], end)


def test_inputs_of_half_an_item_are_refused() -> None:
    own = ITEM_LAYERS[nn.Conv2d](nn.Conv2d(1, 1, 1))  # pyright: ignore
    own.use([torch.zeros(2, 1, 1, 1, 1), torch.zeros(2, 1)])
    with pytest.raises(AssertionError, match="3 inputs are none of 2 items"):
        own(torch.zeros(3, 1, 2, 2))
