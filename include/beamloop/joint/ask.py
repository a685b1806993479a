"""Ask for the joint refinement of groups: of those whose members changed; the same work once."""

from dataclasses import replace
from pathlib import Path

from beamloop.beamlines.group_rules import group_rules_of
from beamloop.catalog.connection import Connection
from beamloop.catalog.isomorphism import latest_groups
from beamloop.catalog.joint_requests import ask_for_joint, collections_with_groups
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import GroupSnapshot
from beamloop.records.joint import JointId, JointOptions

DEFAULT_OPTIONS = JointOptions()
FEWEST_MEMBERS = 2  # one crystal has nothing to share


def ask_for_groups(
    connection: Connection,
    dials_version: str,
    *,
    requested_by: str,
    collection_id: CollectionId | None = None,
    group: str | None = None,
    options: JointOptions = DEFAULT_OPTIONS,
    again: bool = False,
    beamlines_directory: Path | None = None,
) -> list[JointId]:
    """Ask for every group whose members, options or DIALS are new.

    Parameters
    ----------
    connection
        Inside a transaction.
    dials_version
        E.g. "3.12.1".
    requested_by
        A person, or "refine_joint".
    collection_id, group
        Only this collection, and only its group of this name, e.g. "A"; None: all.
    options
        How to refine.
    again
        Ask for work that is known too.
    beamlines_directory
        Folder of the beamlines' files, which say what one program may use; None: what `options` say.

    Returns
    -------
    list of JointId
        The new ones.
    """
    chosen = [collection_id] if collection_id is not None else collections_with_groups(connection)
    asked = [
        ask_for_joint(
            connection,
            found,
            _limited(options, found, beamlines_directory),
            dials_version,
            requested_by=requested_by,
            again=again,
        )
        for collection in chosen
        for found in latest_groups(connection, collection)
        if len(found.members) >= FEWEST_MEMBERS and group in (None, found.name)
    ]
    return [joint_id for joint_id in asked if joint_id is not None]


def _limited(options: JointOptions, group: GroupSnapshot, beamlines_directory: Path | None) -> JointOptions:
    """Return the options with the limits of the group's beamline, whose name a member's place begins with."""
    if beamlines_directory is None:
        return options
    beamline = group.members[0].place.partition("/")[0]
    return replace(options, limits=group_rules_of(beamlines_directory, beamline).limits)
