"""The page that tells how a run went: figures, curves and gifs in one file that opens offline."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_gen.atomic import write_text

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #282a36; background: #f5f5f2; margin: 0 auto;
  max-width: 62rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.lead { color: #62646e; margin-top: 0; }
.figures { display: flex; flex-wrap: wrap; gap: .8rem; padding: 0; list-style: none; }
.figures li { background: #fff; border-radius: .5rem; padding: .7rem 1.1rem; min-width: 8rem; }
.figures b { display: block; font-size: 1.5rem; } .figures span { color: #62646e; }
figure { margin: 1rem 0; } figcaption { color: #62646e; font-size: .9rem; }
img { max-width: 100%; image-rendering: pixelated; border-radius: .3rem; }
img.curve { image-rendering: auto; background: #fff; }
pre { background: #fff; padding: .8rem 1rem; border-radius: .5rem; overflow-x: auto; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem; }
"""


@dataclass
class Report:
    """What the page shows, from top to bottom; a part that is empty is left out.

    figures: (value, what it is). curves, gifs, strips: (picture file, what it shows).
    """

    title: str
    lead: str
    command: str
    figures: Sequence[tuple[str, str]] = ()
    gifs: Sequence[tuple[Path, str]] = ()
    strips: Sequence[tuple[Path, str]] = ()
    curves: Sequence[tuple[Path, str]] = ()
    config: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the page, all pictures inside it, whole or not at all."""
        write_text(path, self._page())

    def _page(self) -> str:
        tiles = "".join(
            f"<li><b>{html.escape(value)}</b><span>{html.escape(name)}</span></li>"
            for value, name in self.figures
        )
        parts = [
            f"<h1>{html.escape(self.title)}</h1><p class='lead'>{html.escape(self.lead)}</p>",
            f"<ul class='figures'>{tiles}</ul>" if tiles else "",
            f"<h2>Play it</h2><pre>{html.escape(self.command)}</pre>",
            _pictures("Truth and dream", self.gifs, ""),
            _pictures("The same rollout as training goes on", self.strips, ""),
            _pictures("Curves", self.curves, "curve"),
        ]
        if self.config:
            parts.append(f"<h2>Configuration</h2><pre>{html.escape(self.config)}</pre>")
        if self.versions:
            listed = ", ".join(f"{name} {number}" for name, number in self.versions.items())
            parts.append(f"<p class='lead'>Made with {html.escape(listed)}.</p>")
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'>"
            f"<title>{html.escape(self.title)}</title><style>{STYLE}</style></head><body>"
            + "".join(parts)
            + "</body></html>\n"
        )


def _pictures(title: str, pictures: Sequence[tuple[Path, str]], kind: str) -> str:
    if not pictures:
        return ""
    figures = "".join(
        f"<figure><img class='{kind}' alt='{html.escape(text)}' src='{inline(path)}'>"
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
        for path, text in pictures
    )
    grid = f"<div class='curves'>{figures}</div>" if kind == "curve" else figures
    return f"<h2>{html.escape(title)}</h2>{grid}"


def inline(path: Path) -> str:
    """A picture as a URL that holds it."""
    encoded = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/{path.suffix.removeprefix('.')};base64,{encoded}"
