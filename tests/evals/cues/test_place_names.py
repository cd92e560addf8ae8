"""Proper names in cues, and those that were not read in the image."""

import pytest

from internvl_vpr.evals.cues.place_names import names_unseen, proper_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the Eiffel Tower seen behind a roof", [["Eiffel"]]),
        ("Sagrada Familia basilica with four spires", [["Familia"]]),  # a first word has its capital anyhow
        ("corner of Rue Mouffetard and Valencia Street", [["Rue", "Mouffetard"], ["Valencia"]]),
        ("house on St. Olaf's hill. Next a red door", [["Olaf's"]]),
        ("green shopfront of H&M beside it", [["H&M"]]),
        ("shop 'KESTREL' and Otter bookshop", [["Otter"]]),
        ("'KESTREL' Otter sign", [["Otter"]]),
        ("Tall brick house with a Victorian bay window", []),
        ("an Art Deco cinema, English Gothic tracery, U-shaped court", []),
        ("doors on the North side in a Haussmann-style front", []),
        ("yellow HOTEL sign and an ATM below a LED lamp", []),
        ("Red Brick Building With Ornate Cornice And Dentils", []),  # a title
        ("sign 'Kestrel Bakery' over the door", []),
        ("tower: Ornate clock. Stepped gables", []),
        ("CORNER HOUSE WITH KESTREL OVER DOOR", []),
    ],
)  # fmt: skip
def test_proper_names(text: str, names: list[list[str]]) -> None:
    assert proper_names(text) == names


def test_a_name_that_is_legible_is_no_invention() -> None:
    cues = ["shopfront of the Kestrel Bakery", "a view of Mount Rainier behind"]
    assert names_unseen(cues, ["BAKERY", "KESTRELL"]) == ["Mount Rainier"]
    assert names_unseen(cues, []) == ["Kestrel", "Mount Rainier"]
    assert names_unseen(["a tall house"], []) == []
