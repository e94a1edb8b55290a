"""The loops over pixels that take frames apart into tokens and draw them again; see sprites.py."""

from __future__ import annotations

from typing import Any

from data_gen.kernels import kernel


@kernel()
def fits(frame: Any, canvas: Any, colour: Any, count: Any, shape: Any, top: Any, left: Any) -> Any:
    """Whether the `count` pixels of `colour` in a frame are a shape (h, w) at this place, of which
    other things may cover a part."""
    seen = 0
    for row in range(shape.shape[0]):
        for column in range(shape.shape[1]):
            if shape[row, column]:
                y, x = top + row, left + column
                if frame[y, x] == colour:
                    seen += 1
                elif frame[y, x] == canvas[y, x]:
                    return False
    return seen == count


@kernel(inline=False)
def find_shape(
    frame: Any, canvas: Any, colour: Any, count: Any, box: Any, shape: Any, size: Any, place: Any
) -> Any:
    """Where a shape is in a frame: `place` becomes its upper left corner; False if it is nowhere.
    box: top, bottom, left and right of the pixels of `colour`. size: the shape's height and width.
    """
    height, width = frame.shape
    trimmed = shape[: size[0], : size[1]]
    for top in range(max(0, box[1] - size[0] + 1), min(box[0], height - size[0]) + 1):
        for left in range(max(0, box[3] - size[1] + 1), min(box[2], width - size[1]) + 1):
            if fits(frame, canvas, colour, count, trimmed, top, left):
                place[0], place[1] = top, left
                return True
    return False


@kernel(inline=False)
def measure(frame: Any, canvas: Any, counts: Any, boxes: Any) -> None:
    """Of each colour in what differs from the canvas: the number of pixels, counts (K,), and their
    top, bottom, left and right, boxes (K, 4)."""
    counts[:] = 0
    for row in range(frame.shape[0]):
        for column in range(frame.shape[1]):
            colour = frame[row, column]
            if colour != canvas[row, column]:
                box = boxes[colour]
                if counts[colour] == 0:
                    box[0], box[2], box[3] = row, column, column
                counts[colour] += 1
                box[1] = row
                box[2], box[3] = min(box[2], column), max(box[3], column)


@kernel(inline=False)
def read_tokens(
    frames: Any,
    canvas: Any,
    colours: Any,
    shapes: Any,
    sizes: Any,
    pixels: Any,
    light_colours: Any,
    counts: Any,
    boxes: Any,
    near: Any,
    tokens: Any,
) -> None:
    """frames (N, H, W) -> tokens (N, V), which are zeros. near (N, V): which shape to try first, or
    0. See `Sprites` for the rest; counts (K,) and boxes (K, 4) are working space."""
    for item in range(len(frames)):
        frame, row = frames[item], tokens[item]
        measure(frame, canvas, counts, boxes)
        for sprite in range(len(colours)):
            colour = colours[sprite]
            if counts[colour] == 0:
                continue
            token, box = row[3 * sprite : 3 * sprite + 3], boxes[colour]
            first = near[item, 3 * sprite] - 1
            for attempt in range(-1 if first >= 0 else 0, shapes.shape[1]):
                number = attempt if attempt >= 0 else first
                shape, size = shapes[sprite, number], sizes[sprite, number]
                if size[0] and find_shape(
                    frame, canvas, colour, counts[colour], box, shape, size, token[1:]
                ):
                    token[0] = number + 1
                    break
            if token[0] == 0:  # nothing fits: the first shape, as near as can be
                token[0] = 1
                token[1] = min(box[0], frame.shape[0] - sizes[sprite, 0, 0])
                token[2] = min(box[2], frame.shape[1] - sizes[sprite, 0, 1])
        for number in range(len(pixels)):
            light, y, x = pixels[number, 0], pixels[number, 1], pixels[number, 2]
            if frame[y, x] == light_colours[light]:
                row[3 * len(colours) + light] = 1


@kernel(inline=False)
def draw_tokens(
    tokens: Any,
    canvas: Any,
    colours: Any,
    shapes: Any,
    sizes: Any,
    pixels: Any,
    light_colours: Any,
    order: Any,
    frames: Any,
) -> None:
    """tokens (N, V) -> frames (N, H, W): the canvas, the lights, then the sprites in `order`."""
    for item in range(len(tokens)):
        row, frame = tokens[item], frames[item]
        frame[:, :] = canvas
        for number in range(len(pixels)):
            light = pixels[number, 0]
            if row[3 * len(colours) + light]:
                frame[pixels[number, 1], pixels[number, 2]] = light_colours[light]
        for sprite in order:
            number = row[3 * sprite] - 1
            if number < 0:
                continue
            top, left = row[3 * sprite + 1], row[3 * sprite + 2]
            for y in range(min(sizes[sprite, number, 0], frame.shape[0] - top)):
                for x in range(min(sizes[sprite, number, 1], frame.shape[1] - left)):
                    if shapes[sprite, number, y, x]:
                        frame[top + y, left + x] = colours[sprite]
