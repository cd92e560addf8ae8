"""HTML pages from Jinja templates, in which every value is escaped."""

from importlib.resources import files

from markupsafe import Markup

from ..text.foreign import one_line, visible


def render_page(package: str, template: str, **values: object) -> str:
    """Fill in the template file of a package; a name that has no value is an error.

    Two filters are for text from elsewhere: `foreign` sets it apart from the page's own direction of writing,
    `plain` is for attributes and titles, which hold no markup.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["foreign"] = lambda text: Markup("<bdi>{}</bdi>").format(one_line(text))
    environment.filters["plain"] = visible
    source = files(package).joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(source).render(**values)
