"""The joint stage with real services and without Airflow: what several tests ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.isomorphism_publishing import FinishedReport, known_groups, publish_report
from beamloop.catalog.isomorphism_snapshot import gather_snapshot, reserve_report
from beamloop.catalog.joint import load_joint
from beamloop.catalog.joint_requests import ask_for_joint
from beamloop.catalog.joint_results import JointResult, joint_result
from beamloop.joint.stage import run_joint_step
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import ReportGroup, ReportMember, Standing, Variation, Verdict
from beamloop.records.joint import JOINT_STEPS, Joint, JointId, JointOptions, JointState
from beamloop.services import Services


@dataclass(frozen=True, slots=True)
class JointBench:
    """Services in a folder of the test's own, and one collection of processed sweeps."""

    services: Services
    collection_id: CollectionId

    def report(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Publish a report that sorts all crystals of these sweeps into groups by name.

        The isomorphism stage would do the same with its own judgement, and import Great Expectations.
        """
        with self.services.catalog.transaction() as connection:
            snapshot = gather_snapshot(connection, self.collection_id)
            group_ids = {known.name: known.group_id for known in known_groups(connection, self.collection_id)}
            crystals = [crystal.member for crystal in snapshot.crystals]
            finished = FinishedReport(
                report_id=reserve_report(connection, snapshot).report_id,
                collection_id=self.collection_id,
                verdict=Verdict.ISOMORPHOUS,
                sentence="They belong together.",
                setting="as given",
                variation=Variation(0.5, 0.5),
                whole_variation=Variation(0.5, 0.5),
                members=tuple(
                    ReportMember(member, serial, Standing.MEMBER, member.cell, "a,b,c", 0.0, "", "", None)
                    for serial, member in enumerate(crystals, start=1)
                ),
                groups=tuple(
                    ReportGroup(
                        name,
                        group_ids.get(name),
                        0.5,
                        0.5,
                        tuple((m.run_id, m.crystal_number) for m in crystals if m.sweep_name in sweeps),
                    )
                    for name, sweeps in groups.items()
                ),
                findings=(),
                wall_s=0.0,
                cpu_s=0.0,
            )
            assert publish_report(connection, finished, {})

    def ask(
        self, group: str = "A", options: JointOptions | None = None, *, again: bool = False
    ) -> JointId | None:
        """Ask for the joint refinement of a group as the newest report has it."""
        with self.services.catalog.transaction() as connection:
            (found,) = (g for g in latest_groups(connection, self.collection_id) if g.name == group)
            return ask_for_joint(
                connection,
                found,
                options or JointOptions(),
                self.services.dials.version(),
                requested_by="a test",
                again=again,
            )

    def do(self, joint_id: JointId | None, *steps: str) -> JointResult:
        """Do some steps, all where none is named; stop when it has ended."""
        assert joint_id is not None
        for step in steps or JOINT_STEPS:
            if run_joint_step(self.services, joint_id, step).state is not JointState.WAITING:
                break
        with self.services.catalog.transaction() as connection:
            return joint_result(connection, joint_id)

    def folder(self, joint_id: JointId | None) -> Path:
        """The work folder."""
        return self.services.run_root / self.joint(joint_id).place

    def joint(self, joint_id: JointId | None) -> Joint:
        """What the catalogue says of it."""
        assert joint_id is not None
        with self.services.catalog.transaction() as connection:
            return load_joint(connection, joint_id)
