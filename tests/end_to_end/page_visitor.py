"""A person at a browser: Debian's Chromium, driven by Playwright, through the pages of a running stack."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PATIENCE_MS = 60_000
AXE = Path(__file__).parents[1] / "vendor/axe-core/axe.min.js"
# What WCAG asks for at level AA, and axe's good practices.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    program = shutil.which("chromium")
    assert program, "no chromium: docker/install_debian.sh tests installs it"
    with sync_playwright() as playwright:
        # The tests may run as root, where Chromium has no sandbox of its own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A person with a browser window, and what the browser complained about."""

    page: Page
    base_url: str
    complaints: list[str]

    def visit(self, path: str) -> Page:
        """Go to a page of Beamloop and wait until it shows its data."""
        self.page.goto(f"{self.base_url}/beamloop/{path}")
        self.page.locator("#freshness").get_by_text("up to date").wait_for(timeout=PATIENCE_MS)
        return self.page

    def accessibility_faults(self) -> list[str]:
        """Return what axe-core finds wrong with the shown page."""
        self.page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
        run = "tags => axe.run(document, {runOnly: tags}).then(found => found.violations)"
        violations: list[dict[str, Any]] = self.page.evaluate(run, AXE_TAGS)
        return [
            f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
            for fault in violations
            for node in fault["nodes"]
        ]


def new_visitor(browser: Browser, base_url: str, **options: Any) -> Visitor:
    """Open a window that waits patiently, on a machine that may be busy."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    return Visitor(page, base_url, complaints)


def log_in(visitor: Visitor, user: str, password: str) -> None:
    """Fill in the login that a page leads to."""
    visitor.page.fill("input[name=username]", user)
    visitor.page.fill("input[name=password]", password)
    visitor.page.click("button[type=submit]")


@contextmanager
def head_of(base_url: str, password: str) -> Iterator[Visitor]:
    """Start a browser in which a person who may do everything has logged in."""
    with chromium() as browser:
        visitor = new_visitor(browser, base_url)
        visitor.page.goto(f"{base_url}/beamloop/geometry")
        log_in(visitor, "admin", password)
        visitor.page.wait_for_url("**/beamloop/geometry")
        yield visitor


def decide(page: Page, geometry_id: int, button: str, why: str) -> str:
    """Decide on a geometry with its dialog on the page *Geometry*; return what the dialog says then.

    Parameters
    ----------
    page
        Shows the page with this version open.
    geometry_id
        The version.
    button
        "Promote", "Reject" or "Withdraw".
    why
        The reason.
    """
    version = page.locator("#version")
    version.get_by_role("heading", name=f"Geometry {geometry_id} of").wait_for()
    version.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name=button).click()
    said = dialog.locator(".done")
    said.wait_for()
    words = said.inner_text()
    dialog.get_by_role("button", name="Close").click()
    return words


def give_reader(context: BrowserContext, base_url: str, state: Path) -> None:
    """Log a viewer in, whom the stack's file of users does not have: a token as Airflow signs it."""
    secret = json.loads((state / "secrets.json").read_text())["jwt_secret"]
    now = int(time.time())
    claims = {"sub": "reader", "role": "viewer", "teams": [], "jti": "0" * 32, "aud": "apache-airflow"}
    times = {"iat": now, "nbf": now, "exp": now + 3600}
    token = jwt.encode(claims | times, secret, algorithm="HS512")
    context.add_cookies([{"name": "_token", "value": token, "url": base_url}])
