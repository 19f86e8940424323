# SPDX-License-Identifier: Apache-2.0
"""Draws the ratios of CPU time as bars, in SVG."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from bench.cost.duel import Duel

# Readable on white and on black: the page's own background shows through.
TEXT: Final = "#808080"
OURS: Final = "#2f81f7"
OTHERS: Final = "#a0a0a0"
TARGET: Final = "#d1242f"
LEFT, BAR, GAP, ONE = 190, 16, 22, 150  # pixels: of the names, of a bar, between groups, of one times bare


def svg(duels: Sequence[Duel], targets: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a group for each route and a bar for each variant, with a red mark where its target is."""
    routes = list(dict.fromkeys(duel.route for duel in duels))
    parts: list[str] = []
    top = GAP
    for route in routes:
        parts.append(_text(0, top, route, bold=True))
        for duel in (each for each in duels if each.route == route):
            top += BAR + 4
            parts += _bar(duel, top, targets.get(duel.variant, {}).get(route))
        top += BAR + GAP
    width = LEFT + int(ONE * max(duel.ratio for duel in duels)) + 60
    size = f'viewBox="0 0 {width} {top}" width="{width}" height="{top}"'
    line = f'<line x1="{LEFT + ONE}" y1="0" x2="{LEFT + ONE}" y2="{top - GAP}" stroke="{TEXT}" stroke-dasharray="2 3"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
            "<title>CPU time per request, as a multiple of bare</title>",
            *parts,
            line,
            "</svg>\n",
        ]
    )


def _bar(duel: Duel, top: int, target: float | None) -> list[str]:
    colour = OTHERS if target is None else OURS
    length = round(ONE * duel.ratio)
    drawn = [
        _text(12, top, duel.variant.replace("_", "-")),
        f'<rect x="{LEFT}" y="{top - BAR + 4}" width="{length}" height="{BAR}" fill="{colour}"/>',
        _text(LEFT + length + 8, top, f"{duel.ratio:.2f}"),
    ]
    if target is not None:
        mark = LEFT + round(ONE * target)
        drawn.append(f'<rect x="{mark - 1}" y="{top - BAR + 2}" width="2" height="{BAR + 4}" fill="{TARGET}"/>')
    return drawn


def _text(left: int, top: int, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left}" y="{top}" fill="{TEXT}"{weight}>{escape(words)}</text>'
