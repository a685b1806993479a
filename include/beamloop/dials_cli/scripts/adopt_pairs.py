"""Read pairs of experiments and reflections that DIALS made elsewhere, and write them as this DIALS does.

Run by the DIALS Python in a folder that holds plan.json and the copied files:
`python adopt_pairs.py plan.json`. The plan is a list of

    {"number": 3, "experiments": "3.expt", "reflections": "3.refl", "pickled": false, "keep_lookups": false}

and for each entry, as soon as it is done, `found-NUMBER.json` is written: {"fault": "..."}, or
{"parts": [...]} with one part for each scan of the pair (experiments of one
template are one scan, whatever their number):

    {"experiments": "3-0.expt", "reflections": "3-0.refl", "centroids": "3-0-centroids.refl",
     "template": "/data/x_####.cbf", "blocks": [[1, 20]], "misfits": [0.04], "level": "refine",
     "lookups": [], "strangers": 0}

`misfits`: for each experiment the median distance of its spots from their whole-number index, None without
an indexed spot. `level`: the step whose result the pair is, judged by its content. `lookups`: what the images
were to be corrected with. `strangers`: reflections of experiments that are not in the list, which are left
out: of lattices that were given up after indexing. `centroids`: the same reflections without pixels, for
refinement.

The file `begun` says that DIALS could be imported: what ends the program after that is a pair's fault.

A pickle runs any code that its author wished while it is read; the caller asks for it only when trusted. No
other file is unpickled: dxtbx reads the masks and gains that an experiment list names (pickles, too) only
when it checks the image format, which is not done here.
"""

import json
import os
import sys
from collections import OrderedDict
from pathlib import Path

from dials.array_family import flex
from dxtbx.model import ExperimentList
from scitbx import matrix

sys.path.insert(0, str(Path(__file__).resolve().parent / "parts"))
from pair_checks import UnfitPairError, check_pair, one_line, read_pair

LOOKUPS = ("mask", "gain", "pedestal", "dx", "dy")
FLAGS = flex.reflection_table.flags


def scans_of(experiments):
    """Return the numbers of the experiments of each scan, by its template, in the list's order."""
    scans = OrderedDict()
    for number, experiment in enumerate(experiments):
        scans.setdefault(template_of(experiment), []).append(number)
    return scans


def template_of(experiment):
    """Return the images' template, or their first file where they have none, or nothing."""
    imageset = experiment.imageset
    if imageset is None:
        return ""
    try:
        return imageset.get_template()
    except (AttributeError, RuntimeError):
        return imageset.get_path(0) if len(imageset) else ""


def misfits(experiments, reflections):
    """Return how far the spots of each experiment lie from their index, see the module."""
    spots = flex.reflection_table()
    for name in ("id", "panel", "miller_index", "flags", "xyzobs.mm.value"):
        spots[name] = reflections[name]
    spots = spots.select((spots["miller_index"] != (0, 0, 0)) & (spots["id"] >= 0))
    used = spots.get_flags(FLAGS.used_in_refinement)
    if used.count(True):
        spots = spots.select(used)
    spots.map_centroids_to_reciprocal_space(experiments)
    found = []
    for number, experiment in enumerate(experiments):
        own = spots.select(spots["id"] == number)
        if not own.size():
            found.append(None)
            continue
        to_index = matrix.sqr(experiment.crystal.get_A()).inverse()
        distances = (to_index.elems * own["rlp"] - own["miller_index"].as_vec3_double()).norms()
        found.append(float(flex.median(distances)))
    return found


def level_of(reflections):
    """Return the step whose result the reflections are."""
    integrated = reflections.get_flags(FLAGS.integrated_sum) | reflections.get_flags(FLAGS.integrated_prf)
    if integrated.count(True):
        return "integrate"
    return "refine" if reflections.get_flags(FLAGS.used_in_refinement).count(True) else "index"


def without_strangers(experiments, reflections):
    """Return the reflections that can be of these experiments, or of none, and how many are left out."""
    strange = reflections["id"] >= len(experiments)
    count = strange.count(True)
    if not count:
        return reflections, 0
    kept = reflections.select(~strange)
    for number in list(kept.experiment_identifiers().keys()):
        if number >= len(experiments):
            del kept.experiment_identifiers()[number]
    return kept, count


def take_scan(experiments, reflections, numbers):
    """Return the experiments of one scan and their reflections, numbered anew."""
    if len(numbers) == len(experiments):
        return experiments, reflections
    part = ExperimentList([experiments[number] for number in numbers])
    own = flex.reflection_table()
    for new, old in enumerate(numbers):
        chosen = reflections.select(reflections["id"] == old)
        for number in list(chosen.experiment_identifiers().keys()):
            del chosen.experiment_identifiers()[number]
        chosen["id"] = flex.int(chosen.size(), new)
        # Numbers of the whole list's imagesets.
        if "imageset_id" in chosen:
            del chosen["imageset_id"]
        own.extend(chosen)
    for new, old in enumerate(numbers):
        if experiments[old].identifier:
            own.experiment_identifiers()[new] = experiments[old].identifier
    return part, own


def name_imagesets(experiments, reflections):
    """Say of which imageset each reflection is, where the table does not.

    dials.combine_experiments refuses tables of which some have this column and others have not; those of
    DIALS 1 have not.
    """
    if "imageset_id" in reflections:
        return
    blocks = sorted({experiment.scan.get_image_range() for experiment in experiments})
    numbers = flex.int(reflections.size(), 0)
    for number, experiment in enumerate(experiments):
        own = reflections["id"] == number
        numbers.set_selected(own, blocks.index(experiment.scan.get_image_range()))
    reflections["imageset_id"] = numbers


def drop_lookups(experiments):
    """Forget what the images were to be corrected with; return what that was."""
    dropped = []
    for imageset in experiments.imagesets():
        lookup = imageset.external_lookup
        for name in LOOKUPS:
            if getattr(lookup, name).filename:
                dropped.append(f"{name} {getattr(lookup, name).filename}")
                getattr(lookup, name).filename = ""
    return dropped


def write_part(stem, entry, experiments, reflections, template, strangers):
    """Write one scan's files; return what is said of them."""
    lookups = [] if entry["keep_lookups"] else drop_lookups(experiments)
    name_imagesets(experiments, reflections)
    experiments.as_file(f"{stem}.expt")
    reflections.as_file(f"{stem}.refl")
    centroids = reflections.copy()
    if "shoebox" in centroids:
        del centroids["shoebox"]
    centroids.as_file(f"{stem}-centroids.refl")
    return {
        "experiments": f"{stem}.expt",
        "reflections": f"{stem}.refl",
        "centroids": f"{stem}-centroids.refl",
        "template": template,
        "blocks": sorted({tuple(e.scan.get_image_range()) for e in experiments}),
        "misfits": misfits(experiments, reflections),
        "level": level_of(reflections),
        "lookups": lookups,
        "strangers": strangers,
    }


def adopt(entry):
    """Read, check, take apart and write one pair; return what is said of it."""
    experiments, reflections = read_pair(entry)
    check_pair(experiments, reflections)
    reflections, strangers = without_strangers(experiments, reflections)
    parts = []
    for place, (template, numbers) in enumerate(scans_of(experiments).items()):
        part, own = take_scan(experiments, reflections, numbers)
        parts.append(write_part(f"{entry['number']}-{place}", entry, part, own, template, strangers))
    return {"parts": parts}


def main(plan_name):
    """Go through the plan; every answer is a file that appears whole."""
    with open(plan_name) as plan:
        entries = json.load(plan)
    with open("begun", "w"):
        pass
    for entry in entries:
        try:
            said = adopt(entry)
        except UnfitPairError as fault:
            said = {"fault": str(fault)}
        except Exception as error:
            said = {"fault": f"DIALS cannot make sense of it: {one_line(error)}"}
        name = f"found-{entry['number']}.json"
        with open(f".{name}", "w") as answer:
            json.dump(said, answer)
        os.rename(f".{name}", name)


if __name__ == "__main__":
    main(sys.argv[1])
