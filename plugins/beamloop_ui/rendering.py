"""HTML pages: a small template each; what they show comes as JSON to their script."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

HERE = Path(__file__).parent
STATIC = HERE / "static"

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def static_version() -> str:
    """Return the digest of all static files: part of their address, so that no browser keeps old ones."""
    digest = hashlib.sha256()
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(file.relative_to(STATIC).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def render(
    request: Request, template: str, title: str, *, status_code: int = 200, **values: Any
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    request
        Where the app is mounted is known from it.
    template
        A file of templates/.
    title
        Shown in the browser's tab and as the page's heading.
    status_code
        Of the answer.
    values
        For the template; text is escaped there.
    """
    root = request.scope.get("root_path", "")
    text = _templates.get_template(template).render(
        root=root,
        static=f"{root}/static/{static_version()}",
        airflow=root.removesuffix("/beamloop"),
        title=title,
        **values,
    )
    return HTMLResponse(text, status_code)
