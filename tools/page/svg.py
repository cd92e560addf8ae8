"""Parts of drawings in SVG: texts, labels that do not overlap, and the drawing as markup for a page."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from markupsafe import Markup

_TOGETHER = (24, 13)  # pixels across and down, within which two spots share one label


def labels_together(spots: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Merge the labels of spots that are too close together for one each; the label stands at the first of them."""
    together: list[tuple[float, float, list[str]]] = []
    for x, y, label in spots:
        near = (one for one in together if abs(one[0] - x) < _TOGETHER[0] and abs(one[1] - y) < _TOGETHER[1])
        if shared := next(near, None):
            shared[2].append(label)
        else:
            together.append((x, y, [label]))
    return [(x, y, ", ".join(labels)) for x, y, labels in together]


def add_text(svg: ET.Element, x: float, y: float, text: str, anchor: str = "start") -> ET.Element:
    """Add a text to a drawing; it is data, and escaped when the drawing is written."""
    element = ET.SubElement(svg, "text", {"x": f"{x:.2f}", "y": f"{y:.2f}", "text-anchor": anchor})
    element.text = text
    return element


def markup_of(svg: ET.Element) -> Markup:
    """Return a drawing as markup."""
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every text
