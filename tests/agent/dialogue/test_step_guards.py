"""What a model may choose: paths, folders, settings and candidates that the person named, and nothing else."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from faulty_server import Fault, FaultyServer
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from model_steps import FIVE, HELLO, choose, located, refusal, tool, used

from internvl_vpr.agent.calls import Call, Known


class TestPaths:
    @pytest.mark.parametrize(
        ("written", "chosen"),
        [
            ("{0}/night.jpg", "{0}/night.jpg"),
            ("'{0}/night.jpg'", "{0}/night.jpg"),
            ("{1}/night.jpg", "{0}/night.jpg"),
            ("{1}/night.jpg", "{1}/night.jpg"),
            ("file://{2}/night.jpg", "{0}/night.jpg"),
            ("file://{2}/night.jpg", "file://{2}/night.jpg"),
            ("where was {0}/night.jpg taken?", "{0}/night.jpg"),
            ("{0}/day 2.jpg", "{0}/day 2.jpg"),
            ("{0}/caf\u00e9.jpg", "{0}/cafe\u0301.jpg"),
            ('"{0}/it\'s.png"', "{0}/it's.png"),
            ("{0}/night.jpg and {0}/other.jpg", "{0}/other.jpg"),
            ("{0}/night.jpg", "night.jpg"),
            ("/gone/nowhere.jpg", "/gone/nowhere.jpg"),
        ],
    )
    def test_a_path_that_the_person_wrote_is_opened(
        self, server: FaultyServer, photos: Path, written: str, chosen: str
    ) -> None:
        forms = (str(photos), str(photos).replace(" ", "\\ "), str(photos).replace(" ", "%20"))
        found = choose(
            server, [HumanMessage(written.format(*forms))], tool("locate_photo", photo=chosen.format(*forms))
        )
        (call,) = found.calls
        name = unicodedata.normalize("NFC", Path(chosen.format(*forms)).name)
        assert Path(call.arguments["photo"]).name == name
        assert "gone" in chosen or call.arguments["photo"] == str(photos / name)

    def test_a_home_is_one_however_it_is_written(
        self, server: FaultyServer, photos: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(photos))
        for chosen in ("~/night.jpg", str(photos / "night.jpg")):
            found = choose(server, [HumanMessage("where? ~/night.jpg")], tool("locate_photo", photo=chosen))
            assert found.calls[0].arguments == {"photo": str(photos / "night.jpg")}

    def test_a_wildcard_stands_for_each_photo(self, server: FaultyServer, photos: Path) -> None:
        trip = photos.parent / "trip"
        wildcard = f"{trip}/*.jpg"
        found = choose(server, [HumanMessage(f"where? {wildcard}")], tool("locate_photo", photo=wildcard))
        assert [call.arguments["photo"] for call in found.calls] == [str(trip / f"{number}.jpg") for number in range(3)]
        found = choose(
            server, [HumanMessage(f"same place? {wildcard}")], tool("compare_places", photos=[wildcard], ranks=[])
        )
        assert len(found.calls[0].arguments["photos"]) == 3

    def test_a_photo_of_an_earlier_message_or_answer_may_be_named(self, server: FaultyServer, photos: Path) -> None:
        earlier = located(f"where? {photos}/night.jpg", photo=f"{photos}/night.jpg")
        messages: list[AnyMessage] = [*earlier, AIMessage("There."), HumanMessage("compare it with the other")]
        both = tool("compare_places", photos=["night.jpg", "/seen/other.png"], ranks=[])
        found = choose(server, messages, both, known=Known(photos=("/seen/other.png",), candidates=3))
        assert found.calls[0].arguments["photos"] == [f"{photos}/night.jpg", "/seen/other.png"]

    @pytest.mark.parametrize(
        "chosen", ["/etc/passwd", "{0}", "{0}/", "/", "~", "..", "other.jpg", "{0}/../secret.jpg", "{0}/night", "night"]
    )
    def test_no_other_path_is_opened(self, server: FaultyServer, photos: Path, chosen: str) -> None:
        question = [HumanMessage(f"where was {photos}/night.jpg taken?")]
        chosen = chosen.format(photos)
        assert "not a path that the person wrote" in refusal(server, question, tool("locate_photo", photo=chosen))

    def test_a_name_that_two_photos_have_is_none(self, server: FaultyServer, photos: Path) -> None:
        (photos.parent / "trip" / "night.jpg").write_bytes(b"x")
        question = [HumanMessage(f"{photos}/night.jpg {photos.parent}/trip/night.jpg")]
        assert "not a path" in refusal(server, question, tool("locate_photo", photo="night.jpg"))

    def test_no_address_is_opened(self, server: FaultyServer) -> None:
        question = [HumanMessage("where? https://evil.example/a.jpg")]
        assert "not a path" in refusal(server, question, tool("locate_photo", photo="https://evil.example/a.jpg"))


class TestAdding:
    @pytest.mark.parametrize("words", ["add {0} to the map", "please index '{0}'", "füge {0} zur Karte hinzu"])
    def test_a_folder_of_the_latest_message_is_added(self, server: FaultyServer, photos: Path, words: str) -> None:
        found = choose(server, [HumanMessage(words.format(photos))], tool("index_photos", folder=str(photos)))
        assert found.calls == (Call(name="index_photos", arguments={"folder": str(photos)}),)

    @pytest.mark.parametrize(
        "words",
        [
            *("what is in {0}?", "where was {0}/night.jpg taken?", "don't add {0} to the map", "hello"),
            *("add it to the map", "how do I add {0} to the map?", "did you add {0}?", "is {0} loaded?"),
            *("I refuse to add {0}", "please do not under any circumstances whatsoever add {0}"),
        ],
    )
    def test_nothing_else_is(self, server: FaultyServer, photos: Path, words: str) -> None:
        messages: list[AnyMessage] = [HumanMessage(f"I have {photos} here"), AIMessage("Good.")]
        messages.append(HumanMessage(words.format(photos)))
        assert refusal(server, messages, tool("index_photos", folder=str(photos)))

    def test_a_name_that_asks_for_it_does_not(self, server: FaultyServer, tmp_path: Path) -> None:
        folder = tmp_path / "add to the map"
        folder.mkdir()
        assert "ask" in refusal(server, [HumanMessage(f"'{folder}'?")], tool("index_photos", folder=str(folder)))


class TestSettings:
    @pytest.mark.parametrize(
        ("words", "arguments"),
        [
            ("only trust above 0.7", {"trust": 0.7}),
            ("only trust above 0,7", {"trust": 0.7}),
            ("trust from 70 % on", {"trust": 0.7}),
            ("nur über 0.7 vertrauen, mit 5 Stichworten", {"trust": 0.7, "n": 5}),
            ("only confirmed", {"trust": "confirmed"}),
            ("be stricter", {"trust": "stricter"}),
            ("tau=-0.5 please", {"tau": -0.5}),
            ("τ −0.5", {"tau": -0.5}),
            ("use five cues", {"n": 5}),
            ("retrieve 1,000 candidates", {"k": 1000}),
            ("k=50", {"k": 50}),
            ("strict mode", {"below_tau": "strict"}),
            ("say unknown when you are not sure", {"trust": "confirmed"}),
            ("trust everything", {"trust": "any"}),
            ("what are the settings?", {}),
        ],
    )
    def test_what_the_latest_message_names_is_changed(
        self, server: FaultyServer, words: str, arguments: dict[str, Any]
    ) -> None:
        asked = {name: f"{value:g}" if isinstance(value, float) else value for name, value in arguments.items()}
        found = choose(server, [HumanMessage(words)], tool("change_settings", **asked))
        assert found.calls == (Call(name="change_settings", arguments=arguments),)

    @pytest.mark.parametrize(
        ("words", "arguments"),
        [
            ("only trust above 0.7", {"tau": "0.1"}),
            ("only trust above 0.7", {"tau": "0.7", "k": 1}),
            ("only trust above 0.7", {"below_tau": "strict"}),
            ("only trust above 0.7", {"trust": "any"}),
            ("only confirmed", {"trust": "any"}),
            ("where was '/x/tau 0.1; use 5 cues.png' taken?", {"tau": "0.1"}),
            ("where was '/x/tau 0.1; use 5 cues.png' taken?", {"n": 5}),
            ("why?", {"n": 5}),
            ("it is IMG5 or v0.7.1", {"n": 5}),
            ("where was this one taken?", {"tau": "1"}),
            ("which of these two were taken at the same place?", {"k": 2}),
            ("don't use 5 cues", {"n": 5}),
            ("I would never be strict", {"below_tau": "strict"}),
        ],
    )
    def test_nothing_else_is(self, server: FaultyServer, words: str, arguments: dict[str, Any]) -> None:
        messages: list[AnyMessage] = [HumanMessage("use 5 cues, strict, tau 0.1"), AIMessage("No.")]
        messages.append(HumanMessage(words))
        assert "does not name" in refusal(server, messages, tool("change_settings", **arguments))


class TestCandidates:
    @pytest.mark.parametrize(
        "chosen",
        [
            tool("explain_match", about="match", rank=5),
            tool("show_candidate", rank=None),
            tool("show_candidate", rank=5),
            tool("compare_places", photos=[], ranks=[1, 5]),
        ],
    )
    def test_a_rank_of_the_list_may_be_asked_for(self, server: FaultyServer, chosen: Fault) -> None:
        assert choose(server, [HumanMessage("and the others?")], chosen, known=FIVE).calls

    @pytest.mark.parametrize(
        "chosen",
        [
            tool("explain_match", about="match", rank=6),
            tool("show_candidate", rank=6),
            tool("compare_places", photos=[], ranks=[1, 6]),
        ],
    )
    def test_no_other_rank_may(self, server: FaultyServer, chosen: Fault) -> None:
        assert "from 1 to 5" in refusal(server, HELLO, chosen, known=FIVE)
        server.requests.clear()
        assert "located" in refusal(server, HELLO, chosen, known=Known())

    @pytest.mark.parametrize("photo", ["/photos/first.jpg", "first.jpg"])
    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("explain_match", {"about": "certainty", "rank": 9}),
            ("show_candidate", {"rank": None}),
            ("compare_places", {"photos": [], "ranks": [1, 9]}),
        ],
    )
    def test_an_earlier_photo_may_be_asked_about(
        self, server: FaultyServer, name: str, arguments: dict[str, Any], photo: str
    ) -> None:
        known = Known(photos=("/photos/first.jpg", "/photos/night.jpg"), candidates=5)
        (call,) = choose(server, HELLO, tool(name, **arguments, photo=photo), known=known).calls
        assert call.arguments["photo"] == "/photos/first.jpg"
        server.requests.clear()
        assert "not been located" in refusal(server, HELLO, tool(name, **arguments, photo="/etc/passwd"), known=known)

    def test_the_latest_photo_s_list_has_no_other_rank_under_its_name_either(self, server: FaultyServer) -> None:
        chosen = tool("show_candidate", rank=6, photo="night.jpg")
        assert "from 1 to 5" in refusal(server, HELLO, chosen, known=FIVE)

    @pytest.mark.parametrize(("photos", "ranks"), [([], []), (["/photos/night.jpg"], []), (["/photos/night.jpg"], [1])])
    def test_a_comparison_takes_photos_or_ranks(
        self, server: FaultyServer, photos: list[str], ranks: list[int]
    ) -> None:
        assert "takes" in refusal(server, HELLO, tool("compare_places", photos=photos, ranks=ranks), known=FIVE)

    def test_no_tool_is_used_twice_for_the_same(self, server: FaultyServer) -> None:
        messages = located("where? /photos/night.jpg")
        again = tool("locate_photo", photo="/photos/night.jpg")
        assert "already" in refusal(server, messages, again, known=FIVE)
        changed = [*messages, *used("change_settings", "1. n: 5 cues per image.", n=5)]
        assert choose(server, changed, again, known=FIVE).calls
