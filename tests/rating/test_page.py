"""The page over HTTP, and in a real browser where one is installed."""

import shutil
import socket
import threading

import pytest
import uvicorn
from fastapi.testclient import TestClient

from symbolic_cover.web.listening_test import listening_page
from tests.rating.conftest import SYSTEMS, full_marks

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def client(study):
    return TestClient(listening_page(study), base_url="http://127.0.0.1")


def test_one_comparison_after_another_until_there_are_none(client, study):
    for answered in range(6):
        asked = client.get("/next", params={"rater": "Ada"}).json()
        assert (asked["done"], asked["answered"], asked["of"]) == (False, answered, 6)
        given = {"rater": "Ada", "number": asked["number"], "preferred": "a", "scales": full_marks(asked["scales"])}
        assert client.post("/answers", json=given).json() == {"left": 5 - answered}
    assert client.get("/next", params={"rater": "Ada"}).json() == {"done": True, "of": 6}
    assert len(study.store.answers()) == 6


def test_nothing_sent_says_which_system_is_heard(client, study):
    for number in range(6):
        asked = client.get("/next", params={"rater": "Ada"})
        sounds = [client.get(f"/sound/{side}", params={"rater": "Ada", "number": number}) for side in "ab"]
        said = " ".join([asked.text, *(str(reply.headers) for reply in [asked, *sounds])])
        assert not any(system in said for system in SYSTEMS)
        assert not any(system.encode() in reply.content for reply in sounds for system in SYSTEMS)


def test_the_sides_are_those_of_the_comparison(client, study):
    for number, one in enumerate(study.comparisons("Ada")):
        for side, version in (("a", one.a), ("b", one.b)):
            reply = client.get(f"/sound/{side}", params={"rater": "Ada", "number": number})
            assert reply.content == study.sounds[version].read_bytes()


@pytest.mark.parametrize(
    "address", ["/sound/c?rater=Ada&number=0", "/sound/a?rater=Ada&number=77", "/sound/a?rater=&number=0"]
)
def test_what_is_not_there_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_an_incomplete_answer_is_refused(client, study):
    given = {"rater": "Ada", "number": 0, "preferred": "a", "scales": {"a": {}, "b": {}}}
    reply = client.post("/answers", json=given)
    assert reply.status_code == 422
    assert "incomplete" in reply.json()["detail"]
    assert not study.store.answers()


def test_another_host_is_not_served_unless_asked_for(study):
    assert TestClient(listening_page(study), base_url="http://evil.example").get("/").status_code == 400
    assert TestClient(listening_page(study, "0.0.0.0"), base_url="http://music-room").get("/").status_code == 200


def answer_of(client, **changed):
    asked = client.get("/next", params={"rater": "Ada"}).json()
    return {
        "rater": "Ada",
        "number": asked["number"],
        "preferred": "a",
        "scales": full_marks(asked["scales"]),
    } | changed


def test_what_another_page_sends_is_refused(client, study):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999"):
        reply = client.post("/answers", json=answer_of(client), headers={"Origin": origin})
        assert reply.status_code == 403
    assert not study.store.answers()
    own = client.post("/answers", json=answer_of(client), headers={"Origin": "http://127.0.0.1"})
    assert own.status_code == 201


def test_a_body_longer_than_any_answer_is_refused(client, study):
    assert client.post("/answers", json=answer_of(client, rater="A" * 100_000)).status_code == 413
    assert client.post("/answers", content=iter([b"{}"])).status_code == 413
    assert not study.store.answers()


@pytest.mark.parametrize(
    "body",
    [
        b'{"rater": "\\ud800", "number": 0, "preferred": "a", "scales": {}}',
        b'{"rater": "Ada", "number": NaN, "preferred": "a", "scales": {}}',
        b'{"rater": "Ada", "number": 0, "preferred": "a", "scales": {"a": {"x": NaN}}}',
        b'{"rater": "Ada", "number": 0, "preferred": "a", "scales": {"\\udfff": {}}}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_what_is_no_answer_is_not_understood(client, study, body):
    reply = client.post("/answers", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422)
    assert reply.json()["detail"]
    assert not study.store.answers()


@pytest.fixture
def address(study):
    """The page, really served."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(listening_page(study), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    server.should_exit = True
    thread.join()


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_a_listener_rates_in_a_browser(address, study):
    from playwright.sync_api import expect, sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=quiet)
        page = browser.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(address)
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Begin").click()
        for number in range(3):
            expect(page.locator("#where")).to_contain_text(f"comparison {number + 1} of 6")
            expect(page.locator("#send")).to_be_disabled()
            expect(page.locator("#missing")).to_contain_text("Listen to A and B")
            asked = study.comparison("Ada", study.unanswered("Ada")[0])
            expect(page.locator("#source")).to_be_visible(visible=asked.a.source is not None)
            page.locator("#sound-a").evaluate("sound => sound.play()")
            page.wait_for_function("document.getElementById('sound-a').currentTime > 0.1")
            page.get_by_role("button", name="Switch").click()
            page.wait_for_function(
                "document.getElementById('sound-a').paused && document.getElementById('sound-b').currentTime > 0.1"
            )
            for side, mark in (("a", 5), ("b", 2)):
                for scale in asked.scales:
                    page.locator(f"input[name={scale}-{side}][value='{mark}']").check()
            expect(page.locator("#missing")).to_contain_text("say which you prefer")
            page.locator("input[name=preferred][value=a]").check()
            expect(page.locator("#send")).to_be_enabled()
            page.locator("#send").click()
        expect(page.locator("#where")).to_contain_text("comparison 4 of 6")
        page.reload()
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Begin").click()
        expect(page.locator("#where")).to_contain_text("comparison 4 of 6")
        browser.close()
    assert not problems
    kept = study.store.answers("Ada")
    assert [one.preferred for one in kept] == ["a"] * 3
    assert kept[0].scales["a"]["overall"] == 5
    assert [(one.system_a, one.system_b) for one in kept] == [
        (one.a.system, one.b.system) for one in study.comparisons("Ada")[:3]
    ]
