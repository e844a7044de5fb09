"""Settings: what is refused, and what is never shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from infra.settings import PREFIX, Settings, SettingsInvalid, described, home_of, read_settings


def shown(environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.origin) for one in described(read_settings(environment), environment)}


def test_defaults_run_on_a_laptop() -> None:
    settings = read_settings({"PATH": "/bin", "HEADWAYS": "elsewhere"})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.cors_origins) == ("127.0.0.1", 8000, "")
    assert home_of(settings).is_absolute()


def test_a_value_is_read_as_its_type() -> None:
    settings = read_settings({"HEADWAY_PORT": "9000", "HEADWAY_EXPLORER": "false", "HEADWAY_HOME": "~/here"})
    assert (settings.port, settings.explorer) == (9000, False)
    assert home_of(settings) == Path.home() / "here"


@pytest.mark.parametrize("name", ["HEADWAY_PROT", "HEADWAY_", "HEADWAY_port", "HEADWAY_PORT_"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"There is no setting {name};"):
        read_settings({name: "1"})


def test_what_a_client_is_told_by_keys_env_is_no_setting() -> None:
    client = ("HEADWAY_URL", "HEADWAY_API_KEY", "HEADWAY_TEAM_API_KEY", "HEADWAY_AUDITOR_API_KEY")
    assert read_settings(dict.fromkeys(client, "x")) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWAY_PORT", "0"),
        ("HEADWAY_PORT", "65536"),
        ("HEADWAY_PORT", "eighty"),
        ("HEADWAY_PORT", ""),
        ("HEADWAY_RATE_PER_SECOND", "nan"),
        ("HEADWAY_DRAIN_SECONDS", "inf"),
        ("HEADWAY_EXPLORER", "perhaps"),
        ("HEADWAY_LOG_LEVEL", "loud"),
        ("HEADWAY_HOME", ""),
        ("HEADWAY_DATABASE_URL", ""),
        ("HEADWAY_DATABASE_URL", "mysql://u:s3cret@h/d"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"Correct {name}: .+\\.") as refused:
        read_settings({name: value})
    assert "s3cret" not in str(refused.value)


def test_every_setting_is_listed_with_its_origin_and_a_sentence() -> None:
    listed = described(read_settings({"HEADWAY_PORT": "8001"}), {"HEADWAY_PORT": "8001"})
    assert [one.name for one in listed] == [PREFIX + field.upper() for field in Settings.__struct_fields__]
    assert all(one.sentence.endswith(".") for one in listed)
    assert {one.name: one.origin for one in listed if one.origin != "default"} == {"HEADWAY_PORT": "environment"}


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://ana:s3cret@db:5432/headway", "postgresql://ana:***@db:5432/headway"),
        ("postgres://:s3cret@db/headway", "postgres://:***@db/headway"),
        ("postgresql://ana@db/headway?sslmode=require", "postgresql://ana@db/headway?sslmode=require"),
        (
            "postgresql://ana@/headway?host=/run/pg&password=s3cret",
            "postgresql://ana@/headway?host=/run/pg&password=***",
        ),
        ("postgresql://ana:s3%2Fcret@[::1]:5432/headway", "postgresql://ana:***@[::1]:5432/headway"),
        ("postgresql://ana:s3cret@a:5432,b:5433/headway", "postgresql://ana:***@a:5432,b:5433/headway"),
    ],
)
def test_a_password_is_masked_wherever_it_stands(url: str, masked: str) -> None:
    for name in ("HEADWAY_DATABASE_URL", "HEADWAY_APPLICATION_DATABASE_URL"):
        assert shown({name: url})[name] == (masked, "environment")


@pytest.mark.parametrize("password", ["s3/cret", "1/s3cret", "s3#cret", "s3?cret", "[s3cret"])
def test_a_password_that_parts_the_address_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(SettingsInvalid, match="HEADWAY_DATABASE_URL: write / as %2F") as refused:
        read_settings({"HEADWAY_DATABASE_URL": f"postgresql://ana:{password}@db/headway"})
    assert "cret" not in str(refused.value)


@given(some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_no_password_is_ever_shown(rest: str) -> None:
    secret = f"Zq{rest}"
    for url in (f"postgresql://ana:{secret}@db/headway", f"postgresql://ana@db/headway?password={secret}"):
        try:
            value, _ = shown({"HEADWAY_DATABASE_URL": url})["HEADWAY_DATABASE_URL"]
        except SettingsInvalid as refused:
            value = str(refused)
        assert "Zq" not in value
