"""Who gets in: every endpoint asks Airflow, and an action asks for more."""

import sys

import pytest
from fastapi.routing import APIRoute
from tests.dags.page_bench import PageBench

pytestmark = pytest.mark.dags


def _address(path: str) -> str:
    return "/beamloop" + "/".join("1" if part.startswith("{") else part for part in path.split("/"))


def _addresses(method: str) -> list[str]:
    from beamloop_ui.app import make_app

    return [
        _address(route.path_format)
        for route in make_app().routes
        if isinstance(route, APIRoute) and method in route.methods
    ]


def test_every_way_into_the_app_is_a_route_that_these_tests_walk_or_a_static_file() -> None:
    from beamloop_ui.app import make_app
    from beamloop_ui.rendering import static_version

    others = [route for route in make_app().routes if not isinstance(route, APIRoute)]
    assert [getattr(route, "path", "") for route in others] == [f"/static/{static_version()}"]
    assert _addresses("POST")
    # A route of another method would be walked by none of the tests.
    assert {
        method for route in make_app().routes if isinstance(route, APIRoute) for method in route.methods
    } == {
        "GET",
        "POST",
    }


def test_nothing_is_shown_without_a_login(pages: PageBench) -> None:
    addresses = _addresses("GET")
    assert "/beamloop/api/now" in addresses
    for address in addresses:
        assert pages.client.get(address).status_code == 401, address


def test_a_page_without_a_login_leads_to_the_login_and_back(pages: PageBench) -> None:
    answer = pages.client.get("/beamloop/now?hours=24", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/auth/login?next=%2Fbeamloop%2Fnow%3Fhours%3D24")


def test_a_reader_sees_the_pages(pages: PageBench) -> None:
    answer = pages.client.get("/beamloop/now", headers=pages.headers("reader"))
    assert answer.status_code == 200
    assert "<h1>Now</h1>" in answer.text


def test_the_app_describes_itself_to_nobody(pages: PageBench) -> None:
    for address in ("/beamloop/docs", "/beamloop/redoc", "/beamloop/openapi.json"):
        assert pages.client.get(address, headers=pages.headers("head")).status_code == 404


@pytest.mark.parametrize("address", ["/beamloop/now", "/beamloop/api/now", "/beamloop/no-such-page"])
def test_every_answer_forbids_foreign_content_and_inline_scripts(pages: PageBench, address: str) -> None:
    for user in (None, "reader"):
        policy = pages.client.get(address, headers=pages.headers(user)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_what_the_browser_has_is_not_sent_again(pages: PageBench) -> None:
    first = pages.client.get("/beamloop/api/now", headers=pages.headers("reader"))
    again = {**pages.headers("reader"), "if-none-match": first.headers["etag"]}
    assert pages.client.get("/beamloop/api/now", headers=again).status_code == 304


def test_static_files_are_there_for_good_and_nothing_beside_them(pages: PageBench) -> None:
    from beamloop_ui.rendering import static_version

    answer = pages.client.get(f"/beamloop/static/{static_version()}/theme.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    for path in ("..%2f..%2fapp.py", "../app.py", "%2e%2e/app.py"):
        assert pages.client.get(f"/beamloop/static/{static_version()}/{path}").status_code in (401, 404)


def test_airflow_loads_the_pages_as_one_plugin(pages: PageBench) -> None:
    from airflow import plugins_manager

    sources = [str(plugin.source) for plugin in plugins_manager._get_plugins()[0]]
    assert sum("beamloop" in source for source in sources) == 1
    assert not {"now", "sweep", "same_origin"} & set(sys.modules)
