"""The table of sentences: one for each event, whose places are fields of it, in any language a file is written in."""

from pathlib import Path

import pytest

from domain.commands import EVENTS
from projections.wording import SHIPPED, WordingWrong, languages

GENERAL = {"hidden", "missing", "system", "and", "comma", "decimal", "day", "day_of_year", "changed", "set", "cleared"}


def own(folder: Path, text: str) -> Path:
    (folder / "xx.toml").write_text(text)
    return folder


@pytest.mark.parametrize("kind", EVENTS)
def test_english_has_a_sentence_for_every_event(kind: str) -> None:
    assert languages(SHIPPED)["en"][f"sentence:{kind}"]


def test_english_has_all_general_words() -> None:
    english = languages(SHIPPED)["en"]
    assert len(english["general:months"]) == 12
    assert all(english[f"general:{word}"] for word in GENERAL)


def test_another_language_is_told_in_english_where_it_lacks_something(tmp_path: Path) -> None:
    told = languages(SHIPPED, own(tmp_path, '[sentences]\n"team.left" = "{personId} ⟶"'))
    assert told["xx"]["sentence:team.left"] != told["en"]["sentence:team.left"]
    assert "sentence:team.joined" not in told["xx"]  # for SQL, which then tells its days in English too
    assert told["xx"]["general:day"] == told["en"]["general:day"]


def test_an_operators_file_counts_over_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[sentences]\n"team.left" = "{personId} went."')
    told = languages(SHIPPED, tmp_path)["en"]
    assert told["sentence:team.left"][0]["parts"][-1] == " went."
    assert told["sentence:team.joined"] == languages(SHIPPED)["en"]["sentence:team.joined"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[sentences]\n"team.lost" = "x"', "team.lost"),
        ('[sentences]\n"team.left" = "{leadId}"', "leadId"),
        ('[sentences]\n"team.left" = "{teamId}"', "teamId"),  # what it is about is {entity}
        ('[sentences]\n"api-key.issued" = "{digest}"', "digest"),
        ('[sentences]\n"team.left" = "{team.lost/leadId}"', "team.lost"),
        ('[sentences]\n"team.left" = "{former.height}"', "height"),
        ('[sentences]\n"cadence.set" = "{cadence.colour}"', "colour"),
        ('[sentences]\n"team.left" = "[{personId}"', "bracket"),
        ('[sentences]\n"team.left" = "{personId"', "brace"),
        ('[sentence]\n"team.left" = "x"', "sentence"),
        ("[sentences", "xx.toml"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(WordingWrong, match=named.replace(".", r"\.")):
        languages(SHIPPED, own(tmp_path, text))
