"""The demo's last part: the groups refined together."""

from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.catalog.joint_results import JointResult
from beamloop.cli.choices import choose_collection
from beamloop.cli.joint_requests import ask_and_start, follow_joints, newest_joints
from beamloop.local_stack.narration import Narration


def refine_groups(
    catalog: Catalog, directory: str, console: Console, narration: Narration
) -> list[JointResult]:
    """Refine the groups of a collection together, as the night would; those that are known are shown only.

    Parameters
    ----------
    catalog
        The catalogue.
    directory
        The collection's folder.
    console, narration
        Where progress is told.
    """
    place = choose_collection(catalog, directory)
    asked = ask_and_start(catalog, place)
    if not asked:
        return newest_joints(catalog, place)
    narration.note("Refining together what belongs together")
    return follow_joints(catalog, asked, console)
