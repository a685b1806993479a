import pytest

from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import safe_name
from beamloop.storage.keys import LONGEST_KEY, key_components, prefix_components

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "a//b",
        "a/",
        ".",
        "..",
        "a/../../b",
        "a/./b",
        ".hidden",
        "a/.beamloop-00.part",
        "a\\b",
        "a b",
        "a\nb",
        "a\x00b",
        "$(reboot)",
        "a;b",
        "a'b",
        "ä",
        "a%2e%2e",
        "x" * 81,
        "/".join(["x" * 79] * 12),
    ],
)
def test_a_key_that_could_lead_astray_is_refused_by_name(key: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be a key"):
        key_components(key)


def test_a_key_of_safe_names_is_split_at_its_slashes() -> None:
    assert key_components("i24/plate_3/run-17/index/indexed.expt") == [
        "i24",
        "plate_3",
        "run-17",
        "index",
        "indexed.expt",
    ]


def test_any_name_becomes_part_of_a_key_through_safe_name() -> None:
    assert len(key_components(f"i24/{safe_name('../$(x) ä' + chr(10))}/x")) == 3


def test_the_longest_key_is_accepted_and_one_character_more_is_not() -> None:
    longest = "/".join(["x" * 74] * 12)
    assert len(longest) == LONGEST_KEY - 1
    key_components(f"{longest}x")
    with pytest.raises(InvalidInputError, match="901 characters"):
        key_components(f"{longest}xx")


@pytest.mark.parametrize(
    ("prefix", "folders"),
    [("", []), ("i24", []), ("i24/", ["i24"]), ("i24/pla", ["i24"]), ("i24/plate3/", ["i24", "plate3"])],
)
def test_a_prefix_may_end_inside_a_name(prefix: str, folders: list[str]) -> None:
    assert prefix_components(prefix) == folders


@pytest.mark.parametrize("prefix", ["/", "/etc", "../", "a/../", "a//", ".b", "a/.b", "a b"])
def test_a_prefix_that_no_key_can_have_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be a key"):
        prefix_components(prefix)
