"""Where metrologies found a detector: read from the catalogue, told once, shown to people."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.services.filled_catalogue import FilledCatalogue
from tests.services.shell_calls import call, point_at

from beamloop.catalog.connection import Catalog
from beamloop.errors import InvalidInputError
from beamloop.geometry.candidates import add_candidate
from beamloop.geometry.drift import detector_drifts
from beamloop.geometry.registry import reject
from beamloop.notices.links import AirflowPages
from beamloop.notices.outbox import notice_all
from beamloop.records.artifact import StoredObject
from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId, GeometryModels, NewGeometry, SourceRole
from beamloop.records.identifiers import RunId

pytestmark = pytest.mark.integration

HEADER = {
    "distance_mm": 250.0,
    "beam_fast_mm": 1.0,
    "beam_slow_mm": 0.5,
    "tilt_fast_mrad": 0.0,
    "tilt_slow_mrad": 0.0,
}
NIGHTS = 20  # after so many there are limits
WANTED = "  events: [{events}]\n  webhook: {{connection: hutch_chat}}\n"


class Detector:
    """A detector that is calibrated night after night."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self.file = folder / "beamlines" / "i24.yaml"
        self.file.parent.mkdir()
        self.want("drift")
        self.made = 0

    def want(self, events: str) -> None:
        self.file.write_text("beamline: i24\nroots: [.]\nnotifications:\n" + WANTED.format(events=events))

    def night(
        self,
        distance_mm: float = 0.37,
        held_out_count: int = 1892,
        sources: dict[RunId, SourceRole] | None = None,
    ) -> GeometryId:
        """Add what a metrology finds; the distance beyond the header's."""
        self.made += 1
        noise = 0.02 * (-1) ** self.made
        after = {key: value + 0.1 + noise for key, value in HEADER.items()}
        after["distance_mm"] = 250.0 + distance_mm + noise
        panels = [
            {"panel": "upper", "fixed": False, "shift_from_header_um": [30.0 + 100 * noise, -12.0, 3.0]},
            {"panel": "lower", "fixed": True, "shift_from_header_um": [0.0, 0.0, 0.0]},
        ]
        details = {"whole": {"header": HEADER, "after": after}, "panels": panels}
        new = NewGeometry(
            beamline="i24",
            detector="PILATUS3 6M",
            models=GeometryModels(after["distance_mm"], 2, multi_panel=True),
            stored=StoredObject(f"i24/geometry/{self.made}/models.expt", "c" * 64, 1000),
            header_distance_mm=250.0,
            hierarchy_level=1,
            evidence=Evidence(held_out_count, (0.06, 0.06), (0.04, 0.04), 2, 6.6, details=details),
            origin="a test",
            made_by="a test",
            sources=sources or {},
        )
        return add_candidate(self.catalog, new)

    def tell(self) -> list[dict[str, object]]:
        """Notice; return all messages of the outbox."""
        notice_all(self.file.parent, self.catalog, AirflowPages("https://airflow.example.org"))
        with self.catalog.transaction() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT event_key, message FROM beamloop.notifications ORDER BY notification_id")
            return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def detector(catalog_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Detector]:
    point_at(monkeypatch, catalog_dsn, tmp_path)
    with Catalog(catalog_dsn) as catalog:
        yield Detector(catalog, tmp_path)


def test_a_detector_that_moved_is_told_once(detector: Detector) -> None:
    for _ in range(NIGHTS + 2):
        detector.night()
    assert detector.tell() == []
    moved = detector.night(distance_mm=0.8)
    (told,) = detector.tell()
    assert told["event_key"] == f"drift-{moved}"
    message = told["message"]
    assert isinstance(message, dict)
    assert message["title"] == "i24: the detector is not where it was, 1 quantity beyond the limits"
    assert message["lines"][1].startswith("distance: +0.78 mm")
    assert "mm, expected +0.2" in message["lines"][1]
    assert [fact["quantity"] for fact in message["facts"]["beyond"]] == ["distance_mm"]
    assert message["link"] == "https://airflow.example.org/dags/refine_metrology"
    detector.night(distance_mm=0.8)  # it stays there
    assert len(detector.tell()) == 1


def test_switching_the_notice_on_tells_nothing_of_last_week(detector: Detector) -> None:
    detector.want("finished")
    for _ in range(NIGHTS):
        detector.night()
    detector.night(distance_mm=0.8)
    assert detector.tell() == []
    detector.want("drift")
    assert detector.tell() == []


def test_what_measures_too_little_is_left_out_and_what_was_rejected_counts(detector: Detector) -> None:
    first = detector.night()
    reject(detector.catalog, first, by="me", why="no better than what serves")
    detector.night(held_out_count=120)
    third = detector.night()
    with detector.catalog.transaction() as connection:
        (drift,) = detector_drifts(connection, "i24")
    assert [point.geometry_id for point in drift.whole[0].points] == [first, third]
    assert [series.key for series in drift.panels] == ["upper fast", "upper slow"]  # the other one was fixed


def test_the_time_is_that_of_the_data_and_the_same_data_count_once(
    detector: Detector, tmp_path: Path
) -> None:
    plate = FilledCatalogue(detector.catalog, tmp_path / "plate3")
    plate.ask("long")
    sources = {plate.runs["long"]: SourceRole.REFINED}
    detector.night(sources=sources)
    again = detector.night(sources=sources)
    with detector.catalog.transaction() as connection, connection.cursor() as cursor:
        (drift,) = detector_drifts(connection)
        cursor.execute("SELECT collected_at FROM beamloop.sweeps")
        (collected,) = [dict(row) for row in cursor.fetchall()]
    (point,) = drift.whole[0].points
    assert (point.geometry_id, point.measured_at) == (again, collected["collected_at"])


def test_the_command_shows_charts_as_a_table_as_json_and_as_a_picture(
    detector: Detector, tmp_path: Path
) -> None:
    assert "No metrology" in call("geometry", "drift")
    for _ in range(NIGHTS):
        detector.night()
    detector.night(distance_mm=0.8)
    table = call("geometry", "drift", "--beamline", "i24", "--png", str(tmp_path / "drift.png"))
    assert "beyond the limits" in next(line for line in table.splitlines() if "distance" in line)
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads(call("geometry", "drift", "--json"))
    (found,) = document["detectors"]
    distance = found["whole"][0]
    assert (distance["quantity"], distance["unit"], len(distance["points"])) == (
        "distance_mm",
        "mm",
        NIGHTS + 1,
    )
    assert distance["points"][0]["limits"] is None
    assert distance["points"][-1]["is_out"]
    assert distance["points"][-1]["limits"]["point_count"] == NIGHTS


def test_a_person_says_that_a_detector_was_serviced_and_takes_it_back(detector: Detector) -> None:
    at = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    for _ in range(NIGHTS + 2):
        detector.night()
    spoken = ("geometry", "serviced", "PILATUS", "--at", at.isoformat(), "--why", "module 17 was changed")
    assert "begin anew" in call(*spoken)
    collected(detector, at + timedelta(hours=1), detector.night(distance_mm=0.8))
    assert detector.tell() == []
    (found,) = json.loads(call("geometry", "drift", "--json"))["detectors"]
    (service,) = found["services"]
    assert (datetime.fromisoformat(service["serviced_at"]), service["why"]) == (at, "module 17 was changed")
    assert found["whole"][0]["points"][-1]["limits"] is None
    table = call("geometry", "drift")
    assert f"Serviced {at:%Y-%m-%d %H:%M:%S} UTC" in table
    with detector.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sentence FROM beamloop.events WHERE kind = 'serviced'")
        (said,) = [dict(row)["sentence"] for row in cursor.fetchall()]
    assert "i24, PILATUS3 6M: serviced at" in said
    call(
        "geometry", "serviced", "PILATUS", "--at", f"{at:%Y-%m-%d %H:%M:%S}", "--why", "a slip", "--take-back"
    )
    (found,) = json.loads(call("geometry", "drift", "--json"))["detectors"]
    assert found["services"] == []
    assert found["whole"][0]["points"][-1]["is_out"]


def collected(detector: Detector, at: datetime, geometry_id: GeometryId) -> None:
    """Let a version be of data of another time."""
    with detector.catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE beamloop.geometry_versions SET made_at = %s WHERE geometry_id = %s", (at, geometry_id)
        )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("EIGER", "--why", "x"), "so are called: none"),
        (("PILATUS", "--why", " "), "It is not said why"),
        (("PILATUS", "--why", "x", "--take-back"), "Nobody has said that 'PILATUS3 6M' was serviced at"),
        (("PILATUS", "--why", "x", "--beamline", "i03"), "so are called: none"),
    ],
)
def test_a_service_of_a_detector_that_is_not_known_or_without_a_reason_is_refused(
    detector: Detector, words: tuple[str, ...], fault: str
) -> None:
    detector.night()
    with pytest.raises(InvalidInputError) as refused:
        call("geometry", "serviced", *words, "--at", "12h")
    assert fault in refused.value.what
