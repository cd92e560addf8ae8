"""Pages from templates: every value is text, and a template that asks for a value nobody gave is found out."""

import sys
from pathlib import Path

import jinja2
import pytest

from internvl_vpr.tools.page.template import render_page


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "made_pages").mkdir()
    (tmp_path / "made_pages" / "__init__.py").touch()
    (tmp_path / "made_pages" / "page.jinja").write_text("<p>{{ name }}|{{ name | foreign }}|{{ name | plain }}</p>")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "made_pages", raising=False)
    return "made_pages"


def test_values_are_escaped_and_foreign_text_is_isolated_on_one_line(package: str) -> None:
    page = render_page(package, "page.jinja", name='<b>"\n\x1b')
    assert page == (
        "<p>&lt;b&gt;&#34;\n\x1b|<bdi>&lt;b&gt;&#34;\\n\\x1b</bdi>|&lt;b&gt;&#34;\n\\x1b</p>"
    )  # fmt: skip


def test_a_name_without_a_value_is_an_error(package: str) -> None:
    with pytest.raises(jinja2.UndefinedError, match="name"):
        render_page(package, "page.jinja")
