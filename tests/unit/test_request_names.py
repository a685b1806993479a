"""The name of a request's DAG run tells whether its sweeps have just been found at the beamline."""

import pytest

from beamloop.records.identifiers import has_arrived, request_name

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize(
    "place", ["plate3-1f0c9a", "x.arrived-1f0c9a", "arrived-1f0c9a", "a.arrived.b-1f0c9a"]
)
def test_whether_sweeps_have_arrived_is_read_from_the_name_whatever_the_collection_is_called(
    place: str, arrived: bool
) -> None:
    name = request_name(place, "4be1c2f09a33", arrived=arrived)
    assert has_arrived(name) is arrived
    assert name.startswith(place)
    assert name.endswith("4be1c2f09a33")


@pytest.mark.parametrize("name", ["", "manual__2026-11-21T10:00:00.123456+00:00", "arrived", "a.arrived"])
def test_a_run_of_another_name_has_not_arrived(name: str) -> None:
    assert not has_arrived(name)
