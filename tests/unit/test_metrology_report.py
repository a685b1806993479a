"""A candidate's report stands alone, says the answer first, and takes no name for markup."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.services.geometry_files import experiment_list
from tests.services.lonely_page import assert_nothing_is_loaded
from tests.services.metrology_figures import evidence, group_row, metrology, panel_row

from beamloop.dials_cli.correlations import Correlations
from beamloop.dials_cli.geometry_comparison import GeometryComparison
from beamloop.metrology.evidence import best_level
from beamloop.metrology.face import FIELDS, covered_fractions, face_of, field_medians
from beamloop.metrology.levels import Level
from beamloop.metrology.part_tables import Comparison, group_table
from beamloop.metrology.plots import draw_panels, draw_residual_maps, draw_shells
from beamloop.metrology.report_html import ReportPage, report_page
from beamloop.metrology.tables import correlation_table, level_row, shell_table
from beamloop.records.geometry import GeometryId
from beamloop.records.metrology import MetrologyStepReport
from beamloop.simulate.geometry import header_geometry
from beamloop.simulate.pilatus import MODULE_PX
from beamloop.simulate.plan import DetectorPlan

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
IMAGES = dict.fromkeys(("residual_maps", "panels", "shells"), "data:image/png;base64,AA")
HOSTILE = "<script>alert('$\\frac')</script>"
DOCUMENT = experiment_list(header_geometry(DetectorPlan("300K")))
PANELS = 3


def page(**changes: Any) -> str:
    made = ReportPage(
        metrology(),
        GeometryId(4),
        evidence(),
        (),
        (MetrologyStepReport("refine", NOW, NOW, "level 1"),),
        IMAGES,
    )
    return report_page(replace(made, **changes))


def test_nothing_is_loaded_from_anywhere() -> None:
    assert_nothing_is_loaded(page())


def test_the_answer_comes_first_with_the_gate_and_what_to_do() -> None:
    text = page()
    answer = text[: text.index("<h2>")]
    assert "900 held-out reflections lie 28 um from where it predicts them, 224 um" in answer
    assert "two halves of the data agree to 4.6 um" in answer
    assert "It meets the gate." in answer
    assert "geometry promote 4" in answer
    fault = "45 held-out reflections are too few."
    short = page(faults=(fault,))
    assert fault in short[: short.index("<h2>")]
    assert "geometry promote" not in short
    assert "geometry reject 4" in short


def test_fixed_panels_and_left_sweeps_are_named() -> None:
    text = page()
    assert "fewer than about 60 reflections each that could be used: Panel1." in text
    assert "plate3 long_1" in text
    assert "it is weak" in text


def test_groups_of_panels_have_tables_of_their_own() -> None:
    groups = (group_row("quadrant 1", "Panel0"), group_row(HOSTILE, "Panel1", fixed=True))
    text = page(evidence=evidence(groups=groups))
    assert "Groups of panels" in text
    assert "level 1: quadrant 1" in text
    assert "that could be used: level 1, &lt;script&gt;" in text
    assert "<script" not in text
    assert "Groups of panels" not in page()


def test_evidence_of_before_groups_were_refined_makes_the_same_report() -> None:
    made = evidence()
    since = ("parts", "part_count", "fixed_parts")
    levels = [{key: row[key] for key in row if key not in since} for row in made.details["levels"]]
    then = {key: value for key, value in made.details.items() if key != "groups"} | {"levels": levels}
    assert page(evidence=replace(made, details=then)) == page()


def test_names_are_no_markup() -> None:
    made = evidence(panel_row(HOSTILE), panel_row("Panel1"), sweep=HOSTILE)
    text = page(metrology=metrology(detector=HOSTILE), evidence=made, faults=(HOSTILE,))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 5


def comparison(*, shift_um: float = 40.0) -> GeometryComparison:
    """Return reflections spread over two of three modules; as imported the first module is off along fast."""
    chance = np.random.default_rng(1)
    count = 600
    panel = np.repeat([0, 1], count // 2)
    noise = chance.normal(scale=0.001, size=(3, count, 3))
    noise[0, panel == 0, 0] += 1e-3 * shift_um
    return GeometryComparison(
        experiment=np.zeros(count, np.int64),
        panel=panel,
        xy_px=chance.uniform(size=(count, 2)) * MODULE_PX,
        d_angstrom=chance.uniform(2.0, 20.0, size=count),
        residuals=tuple(noise),
    )


def test_a_shifted_module_stands_out_in_the_map_and_an_empty_one_is_left_out() -> None:
    face, made = face_of(DOCUMENT), comparison()
    along_fast = field_medians(face, made, 0, 0, fewest=3)
    first = [value for (panel, _, _), value in along_fast.items() if panel == 0]
    other = [value for (panel, _, _), value in along_fast.items() if panel == 1]
    # Some ten reflections a field, 1 um each.
    assert np.allclose(first, 40.0, atol=2.0)
    assert np.allclose(other, 0.0, atol=2.0)
    assert not any(panel == 2 for panel, _, _ in along_fast)
    assert len(first) > 0.8 * FIELDS[0] * FIELDS[1]
    covered = covered_fractions(face, made)
    # With ten reflections a field hardly one stays empty.
    assert covered[0] > 0.9
    assert covered[2] == 0.0


def test_a_group_has_a_row_of_its_own_and_a_panel_by_itself_none() -> None:
    before = deepcopy(DOCUMENT)
    root = before["detector"][0]["hierarchy"]
    pair, single = root["children"][:2], root["children"][2:]
    root["children"] = [
        root | {"name": name, "children": part} for name, part in (("a", pair), ("b", single))
    ]
    after = deepcopy(before)
    for panel in after["detector"][0]["panels"][:2]:
        panel["origin"][0] += 0.09
    levels = [Level(at, 600, (0.02, 0.02), 0.1, (300, 300, 0), ("Panel2",) * at) for at in (0, 1)]
    found = Comparison(before, before, after, levels[1], comparison(), comparison(), None)
    (row,) = group_table(found, levels)
    assert (row["level"], row["group"], row["panels"]) == (1, "a", ["Panel0", "Panel1"])
    assert (row["used_count"], row["fixed"], row["half_split_um"]) == (600, False, None)
    # Two of three modules moved by 90 um: 60 of them are the motion of the whole, and some of its turn.
    assert 0 < row["shift_um"][0] < 30
    assert row["held_out"]["count"] == 600
    named = level_row(levels[1], after, comparison())
    assert (named["parts"], named["part_count"], named["fixed_parts"]) == ("groups of panels", 2, ["b"])


def test_pictures_are_drawn_with_hostile_names_and_without_data_on_some_panels() -> None:
    face = face_of(DOCUMENT)
    rows = [panel_row(HOSTILE), panel_row("b"), panel_row("c", fixed=True)]
    maps = draw_residual_maps(face, comparison(), {"As imported": 0, "Whole": 1, "Level 1": 2})
    assert len([axes for axes in maps.axes if axes.get_title()]) == 6
    panels = draw_panels(face, rows)
    panels.canvas.draw()
    said = [text.get_text() for axes in panels.axes for text in axes.texts]
    assert any("fixed" in text for text in said)
    shells = draw_shells(evidence().details["shells"])
    assert len(shells.axes[0].get_lines()) == 3


def test_a_face_without_places_in_an_image_is_seen_from_the_sample() -> None:
    """Modules of the simulator stand 212 pixels of 172 um apart."""
    face = face_of(DOCUMENT)
    steps = np.diff([face.centre_mm(panel) for panel in range(PANELS)], axis=0)
    np.testing.assert_allclose(steps, [[0.0, 212 * 0.172]] * (PANELS - 1), atol=1e-9)


def level(number: int) -> Level:
    return Level(number, 1000, (0.02, 0.02), 0.1, (1,), ())


def test_the_candidate_is_the_level_that_fits_held_out_data_best() -> None:
    made = comparison()
    better, worse = made.residuals[1], made.residuals[0]
    levels = (level(0), level(1))
    # As imported, level 0, level 1.
    assert best_level(replace(made, residuals=(worse, worse, better)), levels).level == 1
    assert best_level(replace(made, residuals=(worse, better, worse)), levels).level == 0
    assert best_level(replace(made, residuals=(worse, better, better)), levels).level == 1


def test_shells_share_the_held_out_reflections_evenly() -> None:
    made = comparison()
    shells = shell_table(made, made, 1)
    counts = [shell["held_out"]["count"] for shell in shells]
    assert max(counts) - min(counts) <= 2
    edges = [(shell["d_max_angstrom"], shell["d_min_angstrom"]) for shell in shells]
    assert all(high > low for high, low in edges)
    assert edges == sorted(edges, reverse=True)
    # Half of the reflections are 40 um off along fast: 28 um in the mean square.
    x_mm, y_mm = shells[0]["held_out"]["rmsd_before_mm"]
    assert x_mm == pytest.approx(0.028, rel=0.2)
    assert y_mm == pytest.approx(0.001, rel=0.3)


def test_what_goes_with_a_distance_is_named_and_fixed_panels_are_left_out() -> None:
    labels = (
        "Detector1Group2Dist", "Detector1Group2Shift1", "Detector1Group2Tau1", "Crystalg_param_0",
    )  # fmt: skip
    matrix = np.array(
        [[1.0, 0.2, -0.7, 0.3], [0.2, 1.0, 0.0, 0.0], [-0.7, 0.0, 1.0, 0.0], [0.3, 0.0, 0.0, 1.0]]
    )
    rows = correlation_table(Correlations(labels, {}, matrix), ["Panel0", "Panel1"])
    assert rows == [
        {
            "part": "Panel1",
            "with_own": {"coefficient": -0.7, "parameter": "Tau1"},
            "with_cell": {"coefficient": 0.3, "parameter": "Crystalg_param_0"},
        }
    ]
