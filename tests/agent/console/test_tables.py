"""The look that all tables share."""

import io

from rich.console import Console, RenderableType

from internvl_vpr.agent.console.tables import labelled_table, styled_table


def printed(renderable: RenderableType) -> list[str]:
    console = Console(width=40, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_table_has_a_rule_below_its_headings_and_no_border() -> None:
    table = styled_table()
    table.add_column("check")
    table.add_column("n", justify="right")
    table.add_row("doors", "12")
    headings, rule, row = printed(table)
    assert headings.split() == ["check", "n"]
    assert set(rule) == {"─"}
    assert row.split() == ["doors", "12"]


def test_a_title_is_shown_as_it_is_on_the_left() -> None:
    table = styled_table("[bold]x\x1b[2J", caption="below")
    table.add_column("a fairly long heading of a column")
    assert printed(table)[0] == "[bold]x\\x1b[2J"
    assert printed(table)[-1] == "below"


def test_labels_stand_in_a_column_of_their_own() -> None:
    table = labelled_table()
    table.add_row("photo", "a.jpg")
    table.add_row("how sure", "not at all")
    assert printed(table) == ["photo     a.jpg", "how sure  not at all"]
