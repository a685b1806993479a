"""From the runs' files to the crystals that take part: each alone, each with its figures before."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import ExperimentSummary
from beamloop.dials_cli.paths import relative_to
from beamloop.dials_cli.reflections import IndexingSummary
from beamloop.errors import InvalidInputError
from beamloop.joint.crystals import Crystal, Pair, crystal_figures, read_pair
from beamloop.joint.refine_divided import pairs_of_split, split_pairs
from beamloop.joint.work import JointWork
from beamloop.records.identifiers import RunId
from beamloop.records.isomorphism import GroupMember
from beamloop.records.joint import CrystalKey
from beamloop.records.program import ProgramResult
from beamloop.run_files import RunInput

# Alone, a parameter with too few reflections stays as it is: what counts is the joint refinement.
KEEP_ALL = "auto_reduction.action=fix"

Figures = tuple[ExperimentSummary, IndexingSummary]


@dataclass(slots=True)
class Gathered:
    """What was found of the members."""

    crystals: list[Crystal] = field(default_factory=list)
    left: dict[CrystalKey, str] = field(default_factory=dict)  # why a member cannot take part
    programs: list[ProgramResult] = field(default_factory=list)
    refined_alone: int = 0  # runs that were refined by themselves for the comparison

    @property
    def failed(self) -> bool:
        """Whether the last program failed, so that there is nothing to go on with."""
        return bool(self.programs) and not self.programs[-1].succeeded


def gather(work: JointWork) -> Gathered:
    """Read every member's models; take lists of several crystals apart.

    A run that was not refined by itself as the group is to be now is refined so first: figures of other
    options do not compare. Joint refinement starts from what the run left all the same.
    """
    gathered = Gathered()
    given = {source.run_id: found for source in work.inputs if (found := _read(source, work, gathered))}
    pairs = _one_pair_each(work, gathered, given)
    names = work.joint.member_names()
    for source in work.inputs:
        if source.run_id not in given or gathered.failed:
            continue
        models = given[source.run_id]
        alike = _was_refined_alike(work, source)
        before = models if alike else _refined_alone(work, gathered, source, models)
        for member in _members_of(work, source.run_id):
            place = member.crystal_number - 1
            if place >= len(models) or models[place][0].crystal is None:
                gathered.left[source.run_id, member.crystal_number] = "its models hold no such crystal"
                continue
            gathered.crystals.append(
                Crystal(
                    run_id=source.run_id,
                    number=member.crystal_number,
                    name=names[source.run_id, member.crystal_number],
                    space_group=member.space_group,
                    files=pairs[source.run_id][place],
                    model=models[place][0],
                    before=crystal_figures(*before[place]),
                )
            )
    return gathered


def _members_of(work: JointWork, run_id: RunId) -> Iterator[GroupMember]:
    return (member for member in work.joint.members if member.run_id == run_id)


def _read(source: RunInput, work: JointWork, gathered: Gathered) -> list[Figures]:
    fault = source.fault
    if not fault:
        try:
            return read_pair(source.experiments, source.reflections)
        except InvalidInputError as error:
            fault = error.what
    for member in _members_of(work, source.run_id):
        gathered.left[source.run_id, member.crystal_number] = fault
    return []


def _one_pair_each(
    work: JointWork, gathered: Gathered, given: dict[RunId, list[Figures]]
) -> dict[RunId, list[Pair]]:
    """Return a pair of files for each experiment of each run.

    Where a list holds several, all lists go through one and are split there: two programs, however many lists
    there are, and all reflections come out with the same columns. dials.combine_experiments fails where some
    tables have the column imageset_id, which splitting adds, and others have not.
    """
    sources = [source for source in work.inputs if source.run_id in given]
    if all(len(models) == 1 for models in given.values()):
        return {source.run_id: [(source.experiments, source.reflections)] for source in sources}
    folder = work.new_folder("split")
    files = [
        (relative_to(folder, source.experiments), relative_to(folder, source.reflections))
        for source in sources
    ]
    combined = programs.combine_experiments(work.dials, folder, files, shared=(), limits=work.limits)
    gathered.programs.append(combined)
    count = sum(len(models) for models in given.values())
    if combined.succeeded:
        both = (folder / "combined.expt", folder / "combined.refl")
        gathered.programs.append(split_pairs(work, folder, both, count))
    pairs = iter(pairs_of_split(folder, count))
    return {source.run_id: [next(pairs) for _ in given[source.run_id]] for source in sources}


def _was_refined_alike(work: JointWork, source: RunInput) -> bool:
    own = work.runs[source.run_id].parameters.options.get("refine", ())
    return source.step == "refine" and sorted(own) == sorted(work.joint.options.refine)


def _refined_alone(
    work: JointWork, gathered: Gathered, source: RunInput, models: list[Figures]
) -> list[Figures]:
    """Refine a run by itself as the group is to be; where that fails, what it left stands."""
    folder = work.new_folder(f"alone-{source.run_id}")
    result = programs.refine(
        work.dials,
        folder,
        relative_to(folder, source.experiments),
        relative_to(folder, source.reflections),
        options=(KEEP_ALL, *work.joint.options.refine),
        limits=work.limits,
    )
    if not result.succeeded:
        return models
    gathered.programs.append(result)
    gathered.refined_alone += 1
    return read_pair(folder / "refined.expt", folder / "refined.refl")
