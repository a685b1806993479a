"""Take the pictures of docs/lookbook from a running stack: `python -m tests.services.write_lookbook`.

The stack is the one of BEAMLOOP_STATE, best after `beamloop demo`. Look at every picture before it is kept.
"""

from pathlib import Path

from playwright.sync_api import Page
from tests.end_to_end.page_visitor import Visitor, chromium, log_in, new_visitor

from beamloop.catalog.connection import Catalog
from beamloop.cli.session import stack_variables

FOLDER = Path(__file__).parents[2] / "docs/lookbook"
DESK, TABLET = (1920, 1080), (1024, 1366)
# A reader of the look-book wants to see how the pages are, not to read them.
SCALE = 0.5

# The folder of whoever takes the pictures is nobody's business.
MASK = """folder => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        walker.currentNode.data = walker.currentNode.data.replaceAll(folder, "/srv/beamloop");
    }
}"""

PICTURES = (
    ("now", "now?hours=336", DESK, "light"),
    ("now_dark", "now?hours=336", DESK, "dark"),
    ("failures", "failures?hours=336", DESK, "light"),
    ("collection", "collection/{collection}", DESK, "light"),
    ("sweep", "sweep/{sweep}", DESK, "light"),
    ("sweep_dark", "sweep/{sweep}", DESK, "dark"),
    ("sweep_tablet", "sweep/{sweep}", TABLET, "light"),
    ("geometry", "geometry", DESK, "light"),
    ("group", "group/{group}", DESK, "light"),
)


def main() -> None:
    """Write all pictures."""
    variables = stack_variables()
    wanted = _numbers(variables["BEAMLOOP_CATALOG_DSN"])
    url = variables["BEAMLOOP_AIRFLOW_URL"]
    with chromium() as browser:
        visitor = new_visitor(browser, url, device_scale_factor=SCALE)
        visitor.page.goto(f"{url}/beamloop/now")
        log_in(visitor, variables["BEAMLOOP_AIRFLOW_USER"], variables["BEAMLOOP_AIRFLOW_PASSWORD"])
        visitor.page.wait_for_url("**/beamloop/now")
        for name, path, size, theme in PICTURES:
            _take(visitor, name, path.format(**wanted), size, theme)


def _numbers(dsn: str) -> dict[str, int]:
    """Return the first collection, its sweep with most runs, and the group that was refined last."""
    with Catalog(dsn) as catalog, catalog.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.collection_id AS collection, s.sweep_id AS sweep,"
            " (SELECT group_id FROM beamloop.joint_refinements ORDER BY joint_id DESC LIMIT 1) AS group"
            " FROM beamloop.sweeps s"
            " JOIN beamloop.runs r USING (sweep_id) GROUP BY s.sweep_id"
            " ORDER BY s.collection_id, count(*) DESC, s.sweep_id LIMIT 1"
        )
        found = cursor.fetchone()
    assert found, "the stack has no sweeps: `beamloop demo` makes some"
    return dict(found)


def _take(visitor: Visitor, name: str, path: str, size: tuple[int, int], theme: str) -> None:
    page: Page = visitor.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    visitor.visit(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(MASK, stack_variables()["BEAMLOOP_STATE"])
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
