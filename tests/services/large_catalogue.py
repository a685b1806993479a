"""A catalogue of many sweeps, written by a few statements: how long the pages take over it."""

import json
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

import numpy as np

from beamloop.beamlines.profiles import make_parameters
from beamloop.catalog.connection import Catalog
from beamloop.catalog.isomorphism_publishing import FinishedReport, publish_report
from beamloop.catalog.isomorphism_snapshot import gather_snapshot, reserve_report
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import GroupMember, ReportGroup, ReportMember, Standing, Variation, Verdict
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample
from beamloop.storage.contract import ArtifactStore
from beamloop.unit_cells.analysis import CellAnalysis, analyse_cells
from beamloop.unit_cells.as_json import analysis_document
from beamloop.unit_cells.data_sets import DataSet

# Every seventh sweep has no lattice; every hundredth's program crashed. Four crystal forms, 2 % apart.
FILL = """
INSERT INTO beamloop.beamlines (beamline) VALUES ('i24') ON CONFLICT DO NOTHING;
INSERT INTO beamloop.collections (beamline, directory, name, key_name)
SELECT 'i24', '/data/i24/plate' || n, 'plate' || n, 'plate' || n || '-000000'
FROM generate_series(1, %(collections)s) n;
INSERT INTO beamloop.sweeps (collection_id, name, key_name, prefix, digits, suffix, image_first, image_last,
                             content_sha256)
SELECT c.collection_id, 'xtal' || n, 'xtal' || n, 'xtal' || n || '_', 5, '.cbf', 1, 12, repeat('a', 64)
FROM beamloop.collections c, LATERAL generate_series(
    1, CASE WHEN c.name = 'plate1' THEN %(first)s ELSE %(others)s END) n
ORDER BY c.collection_id, n;
INSERT INTO beamloop.requests (collection_id, dag_run_id, requested_by, started_at, ended_at)
SELECT collection_id, key_name || '.request-1', 'a test', now(), now() FROM beamloop.collections;
INSERT INTO beamloop.runs (sweep_id, request_id, run_key, parameters, dials_version, started_at, ended_at)
SELECT s.sweep_id, q.request_id, md5(s.sweep_id::text) || md5('run' || s.sweep_id), %(parameters)s, '3.12.1',
       now(), now()
FROM beamloop.sweeps s JOIN beamloop.requests q USING (collection_id)
ORDER BY s.sweep_id;
INSERT INTO beamloop.steps (run_id, step, started_at, ended_at, finding)
SELECT run_id, step, now(), now(), 'done'
FROM beamloop.runs, unnest(ARRAY['import', 'find_spots', 'index', 'refine']) step;
INSERT INTO beamloop.outcomes (run_id, code, step, sentence)
SELECT run_id, CASE WHEN run_id %% 100 = 0 THEN 'program_crashed' WHEN run_id %% 7 = 0 THEN 'no_lattice'
                    ELSE 'processed' END, 'refine', 'As the test wants it.'
FROM beamloop.runs;
INSERT INTO beamloop.crystals (run_id, step, crystal_number, space_group, cell, indexed_count, rmsd_x_mm,
                               rmsd_y_mm, rmsd_x_px, rmsd_y_px, rmsd_phi_deg, distance_mm, beam_x_mm,
                               beam_y_mm)
SELECT o.run_id, st.step, 1, 'P 21 21 21',
       ARRAY[60 + 1.2 * (o.run_id %% 4) + 0.05 * sin(o.run_id), 70 + 0.05 * cos(o.run_id * 3),
             80 + 0.05 * sin(o.run_id * 7), 90, 90, 90],
       150 + o.run_id %% 50, 0.04, 0.05, 0.2 + 0.01 * sin(o.run_id), 0.3, 0.1, 250, 84, 90
FROM beamloop.outcomes o, unnest(ARRAY['index', 'refine']) st (step)
WHERE o.code = 'processed';
"""
ANALYZE = "ANALYZE"


def fill(catalog: Catalog, *, first: int, others: int, collections: int) -> CollectionId:
    """Write collections of sweeps, processed once each; return the first one.

    Parameters
    ----------
    catalog
        An empty one.
    first, others
        How many sweeps the first collection has, and each of the others.
    collections
        How many there are.
    """
    parameters = json.dumps(make_parameters("cells", sample=Sample(), limits=ProgramLimits()).as_json())
    wanted = {"collections": collections, "first": first, "others": others, "parameters": parameters}
    with catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(FILL, wanted)
        cursor.execute("SELECT collection_id FROM beamloop.collections WHERE name = 'plate1'")
        found = cursor.fetchone()
        assert found is not None
        cursor.execute(ANALYZE)
    return CollectionId(found["collection_id"])  # type: ignore[call-overload]  # rows are dictionaries


def publish(catalog: Catalog, store: ArtifactStore, collection_id: CollectionId) -> CellAnalysis:
    """Publish a report of a collection as the isomorphism stage does, without pictures and validation."""
    with catalog.transaction() as connection:
        snapshot = gather_snapshot(connection, collection_id)
        crystals = [crystal.member for crystal in snapshot.crystals]
        analysis = analyse_cells(
            np.array([member.cell for member in crystals]), [member.space_group for member in crystals],
            limit_percent=snapshot.limit_percent,
        )  # fmt: skip
        reserved = reserve_report(connection, snapshot)
        data_sets = [DataSet(cell=member.cell, space_group=member.space_group) for member in crystals]
        document = json.dumps(analysis_document(analysis, data_sets)).encode()
        place = f"{snapshot.place}/isomorphism/report-{reserved.report_id}"
        files = {
            "tree.json": store.put_bytes(f"{place}/tree.json", document),
            "report.html": store.put_bytes(f"{place}/report.html", b"<p>A report</p>"),
        }
        variation = Variation(analysis.variation.lcv_percent, analysis.variation.alcv_angstrom)
        finished = FinishedReport(
            report_id=reserved.report_id,
            collection_id=collection_id,
            verdict=Verdict.NOT_ISOMORPHOUS,
            sentence="The crystals differ.",
            setting=analysis.setting.name,
            variation=variation,
            whole_variation=variation,
            members=tuple(_members(crystals, analysis)),
            groups=tuple(_groups(crystals, analysis)),
            findings=(),
            wall_s=0.0,
            cpu_s=0.0,
        )
        assert publish_report(connection, finished, files)
    return analysis


def _members(crystals: Sequence[GroupMember], analysis: CellAnalysis) -> Iterator[ReportMember]:
    odd = {outlier.serial: outlier for outlier in analysis.outliers}
    for serial, member in enumerate(crystals, start=1):
        outlier = odd.get(serial)
        yield ReportMember(
            member=member,
            serial=serial,
            standing=Standing.OUTLIER if outlier else Standing.MEMBER,
            common_cell=tuple(map(float, analysis.setting.cells[serial - 1])),
            operator=analysis.setting.operators[serial - 1],
            robust_z=outlier.robust_z if outlier else 0.5,
            reason=outlier.reason or "" if outlier else "",
            sentence=outlier.sentence if outlier else "",
            decision_id=None,
        )


def _groups(crystals: Sequence[GroupMember], analysis: CellAnalysis) -> Iterator[ReportGroup]:
    for letter, serials in zip(ascii_uppercase, analysis.groups, strict=False):
        members = [crystals[serial - 1] for serial in serials]
        keys = tuple((member.run_id, member.crystal_number) for member in members)
        yield ReportGroup(letter, None, 0.5, 0.5, keys)
