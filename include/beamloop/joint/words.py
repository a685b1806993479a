"""A joint refinement in plain words: did it help, and what may a person do next."""

from beamloop.joint.gate import rmsd_growth
from beamloop.records.joint import Comparison

# Below this the cells agree as well as cells of one crystal do when it is measured twice.
ALIKE_PERCENT = 0.1
WORTH_TELLING = 1.1  # times


def did_it_help(comparison: Comparison) -> str:
    """Answer in one or two sentences."""
    before, after = comparison.before, comparison.after
    spread = (
        f"their axes spread {before.spread_percent:.3f} % before and {after.spread_percent:.3f} % after, "
        f"LCV {before.lcv_percent:.2f} % and {after.lcv_percent:.2f} %"
    )
    if comparison.worse:
        return f"No: the result is kept, not published. {' '.join(comparison.worse)}"
    times = before.spread_percent / after.spread_percent if after.spread_percent else float("inf")
    if times >= WORTH_TELLING:
        return f"Yes: the cells are {times:.1f} times more alike; {spread}."
    return (
        f"The cells are as alike as before: {spread}. With one detector for all, what is left is "
        "more likely in the crystals than in the models."
    )


def next_thing(comparison: Comparison) -> str:
    """Say what a person may try next."""
    left = [member.name for member in comparison.members if not member.after]
    if comparison.worse:
        worst = max(comparison.members, key=rmsd_growth)
        return (
            f"Look at {worst.name}, whose RMSD grew most: exclude it (`beamloop exclude`) if it is another "
            "form or another setup, and refine again; or calibrate the detector first."
        )
    if left:
        return f"Look at {', '.join(left)}: more images or a wider wedge would keep them in the refinement."
    if comparison.after.lcv_percent > ALIKE_PERCENT:
        return "Calibrate the detector and refine again: what differs after that is in the crystals."
    return "Nothing: use the joint models."
