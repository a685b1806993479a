"""The report stands alone, says the answer first, and takes no name for markup."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from matplotlib.patches import Rectangle
from tests.services.joint_figures import comparison, figures, joint, member
from tests.services.lonely_page import assert_nothing_is_loaded

from beamloop.joint.integrate import Integrated
from beamloop.joint.plots import draw_cells, draw_rmsds
from beamloop.joint.report_html import ReportPage, report_page
from beamloop.records.joint import JointStepReport

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
MADE = comparison(
    member(1, figures(98.0), figures(98.30)),
    member(2, figures(98.6), figures(98.31)),
    member(3, figures(98.1), None, "of its 20 reflections too few were left to refine it"),
    notes=("The fixed rotation (kappa) is not the same for all.",),
)
SHOWN = ("cells", "rmsds", "tree_before", "tree_after", "correlations")
IMAGES = dict.fromkeys(SHOWN, "data:image/svg+xml;base64,AA")


def page(**changes: object) -> str:
    made = ReportPage(
        joint(1, 2, 3),
        MADE,
        [Integrated("xtal1", "xtal1.mtz", "", False), Integrated("xtal2", "", "no images here", False)],
        (JointStepReport("refine", NOW, NOW, "3 crystals"),),
        IMAGES,
    )
    return report_page(replace(made, **changes))  # type: ignore[arg-type]


def test_nothing_is_loaded_from_anywhere() -> None:
    assert_nothing_is_loaded(page())


def test_the_answer_comes_first_and_who_left_is_named() -> None:
    text = page()
    assert text.index("Did it help?") < text.index("<table>")
    assert "xtal3: of its 20 reflections too few were left to refine it." in text
    assert "fixed rotation (kappa)" in text
    assert "none: no images here" in text


def test_uncertainties_stand_in_units_of_the_last_digit() -> None:
    assert "98.300(20) 98.300(20) 136.600(50)" in page()


def test_names_are_no_markup() -> None:
    hostile = replace(joint(1, 2, 3), collection_name="<script>alert(1)</script>&")
    text = page(joint=hostile)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text


def test_plots_show_every_crystal_that_stayed() -> None:
    cells, rmsds = draw_cells(MADE), draw_rmsds(MADE)
    assert [label.get_text() for label in cells.axes[-1].get_xticklabels()] == ["xtal1", "xtal2"]
    heights = [bar.get_height() for bar in rmsds.axes[0].patches if isinstance(bar, Rectangle)]
    # Before and after, two crystals: 0.05 mm in x and in y.
    assert heights == pytest.approx([0.0707] * 4, abs=5e-5)
