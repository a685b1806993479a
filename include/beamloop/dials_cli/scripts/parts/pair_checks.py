"""Whether experiments and reflections that DIALS made elsewhere can be read, and belong together."""

from dials.array_family import flex
from dxtbx.model.experiment_list import ExperimentListFactory

LARGEST_IMAGE_NUMBER = 10**6


class UnfitPairError(Exception):
    """A pair that cannot be adopted; the text says why."""


def read_pair(entry):
    """Return the experiments and the reflections of one entry of the plan."""
    try:
        experiments = ExperimentListFactory.from_json_file(entry["experiments"], check_format=False)
    except Exception as error:
        raise UnfitPairError(f"the experiments cannot be read: {one_line(error)}") from error
    read = "from_pickle" if entry["pickled"] else "from_msgpack_file"
    try:
        reflections = getattr(flex.reflection_table, read)(entry["reflections"])
    except Exception as error:
        raise UnfitPairError(f"the reflections cannot be read: {one_line(error)}") from error
    if not isinstance(reflections, flex.reflection_table):
        raise UnfitPairError("the reflections are no reflection table")
    return experiments, reflections


def one_line(error):
    """Return what an exception says in one line of at most 300 characters."""
    return " ".join(f"{type(error).__name__} {error}".split())[:300]


def check_pair(experiments, reflections):
    """Raise UnfitPairError where the two files cannot belong together or cannot be refined."""
    for name in ("id", "miller_index", "panel", "flags", "xyzobs.mm.value", "xyzobs.px.value"):
        if name not in reflections:
            raise UnfitPairError(
                f"the reflections have no column {name}: take the output of dials.index or later"
            )
    if len(experiments) == 0:
        raise UnfitPairError("there is no experiment in the list")
    without = [str(n + 1) for n, experiment in enumerate(experiments) if experiment.crystal is None]
    if without:
        raise UnfitPairError(f"experiment {', '.join(without)} has no crystal: index it first")
    if any(not experiment.scan or not experiment.goniometer for experiment in experiments):
        raise UnfitPairError("there are stills in the list; Beamloop takes rotation scans")
    for experiment in experiments:
        first, last = experiment.scan.get_image_range()
        if not 0 <= first <= last < LARGEST_IMAGE_NUMBER:
            raise UnfitPairError(f"a scan from image {first} to {last} cannot be")
    own = (reflections["id"] >= 0) & (reflections["id"] < len(experiments))
    if not reflections.select(own & (reflections["miller_index"] != (0, 0, 0))).size():
        raise UnfitPairError("no reflection with an index belongs to one of the experiments")
    check_identifiers(experiments, reflections)
    panels = min(len(experiment.detector) for experiment in experiments)
    if flex.max(reflections["panel"]) >= panels:
        raise UnfitPairError(
            f"the pair does not fit: reflections on panels that the detector of {panels} has not"
        )


def check_identifiers(experiments, reflections):
    """Raise UnfitPairError where both files name their experiments, and differently."""
    named = dict(reflections.experiment_identifiers())
    for number, identifier in named.items():
        if number >= len(experiments):
            continue
        own = experiments[number].identifier
        if own and identifier and own != identifier:
            raise UnfitPairError(
                f"the pair does not fit: experiment {number + 1} is {own}, the reflections' {identifier}"
            )
