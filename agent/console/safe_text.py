"""Foreign text (models', signs', file names', EXIF's) made harmless for a terminal."""

from rich.text import Text

from internvl_vpr.tools.text.foreign import visible


def safe_text(text: str, style: str = "") -> Text:
    """Turn foreign text into a Rich text that shows it as it is: no markup, no emoji codes, no control."""
    return Text(visible(text), style=style)
