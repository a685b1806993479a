"""What came of a group: a joint refinement or a merge with its figures, and their files."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from starlette.responses import Response

from beamloop.catalog.joint_results import joint_result
from beamloop.catalog.merging import merge_result
from beamloop.catalog.page_joint import file_of_joint, file_of_merge, files_of_joint, files_of_merge
from beamloop.records.joint import JointId
from beamloop.records.merging import MergeId
from beamloop_ui.answers import answer
from beamloop_ui.bounds import Number
from beamloop_ui.reading import transaction
from beamloop_ui.stored_files import send_stored

router = APIRouter()


@router.get("/api/joints/{joint_id}")
def joint(request: Request, joint_id: Number) -> Response:
    """Return a joint refinement with the figures of each crystal before and after."""
    with transaction() as connection:
        result = joint_result(connection, JointId(joint_id))
        files = files_of_joint(connection, JointId(joint_id))
    document = {
        "joint_id": joint_id,
        "comparison": asdict(result.comparison) if result.comparison else None,
        "steps": [asdict(step) for step in result.steps],
        "files": [asdict(file) for file in files],
    }
    return answer(request, document)


@router.get("/api/merges/{merge_id}")
def merge(request: Request, merge_id: Number) -> Response:
    """Return a merge with its table of statistics."""
    with transaction() as connection:
        result = merge_result(connection, MergeId(merge_id))
        files = files_of_merge(connection, MergeId(merge_id))
    document = {
        "merge_id": merge_id,
        "merged": asdict(result.merged) if result.merged else None,
        "left": [
            {"sweep": member.sweep_name, "why": member.left_why}
            for member in result.merge.members
            if member.left_why
        ],
        "files": [asdict(file) for file in files],
    }
    return answer(request, document)


@router.get("/files/joint/{artifact_id}")
def send_joint_file(artifact_id: Number, show: bool = False) -> Response:
    """Send a file of a joint refinement."""
    with transaction() as connection:
        name, stored = file_of_joint(connection, artifact_id)
    return send_stored(stored, name, show=show)


@router.get("/files/merge/{artifact_id}")
def send_merge_file(artifact_id: Number, show: bool = False) -> Response:
    """Send a file of a merge."""
    with transaction() as connection:
        name, stored = file_of_merge(connection, artifact_id)
    return send_stored(stored, name, show=show)
