"""The studio in a real browser: a recording is corrected and arranged, also when the server restarts."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
import symusic

from symbolic_cover.listening.scores.read import read_score
from tests.web.conftest import BROWSER

TUNE = """X:1
T:Steps
M:4/4
L:1/4
Q:1/4=120
K:C
%%MIDI program 0
"C"[C,E,G,c]G[Ec]d|"Am"[A,,C,E,e]d[A,c]A|"F"[F,,C,F,A]F[A,c]A|"G"[G,,D,G,B]A[B,G]d|
"C"[C,E,G,c]e[Eg]e|"F"[F,,C,F,a]g[A,f]e|"G"[G,,D,G,d]e[B,d]B|"C"[C,E,G,c]2[C,c]2|
"""
BAR = 4 * 480
SERVE = "from symbolic_cover.cli import main; main()"
QUIET = ["--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run", "--disable-background-networking"]
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")


class Server:
    """`symbolic-cover serve` in a process of its own, at a port that stays."""

    def __init__(self, root, checkpoint) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.words = ["serve", "--out", root, "--port", self.port, "--no-browser", "--checkpoint", checkpoint]
        self.address = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", SERVE, *map(str, self.words)]
        self.process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
        for _ in range(600):
            try:
                urllib.request.urlopen(self.address).read()
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, "the server has ended"
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path, tiny_folder):
    running = Server(tmp_path / "studio", tiny_folder)
    yield running
    running.process.terminate()
    running.process.wait()


@pytest.fixture
def page(server):
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(120_000)
        problems = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("request", lambda asked: None if asked.url.startswith((server.address, "data:", "blob:"))
                  else problems.append(asked.url))  # fmt: skip
        opened.goto(server.address)
        yield opened
        browser.close()
    assert not problems


def bars_of(path) -> dict[int, set]:
    found: dict[int, set] = {}
    for track in symusic.Score(path).tracks:
        for note in track.notes:
            found.setdefault(note.time // BAR + 1, set()).add((track.name, note.time, note.duration, note.pitch))
    return found


def select_bars(page, first: int, last: int) -> None:
    """By the ruler, with the mouse."""
    xs = page.evaluate(
        """async ([first, last]) => {
            const id = location.hash.slice(1);
            const { sheet } = await (await fetch(`/api/songs/${id}`)).json();
            const { secAt } = await import("/static/places.js");
            document.getElementById("timeline").scrollLeft = 0;
            const begin = Math.min(0, secAt(sheet, 0)) - 0.1;
            return [first, last].map((bar) => 60 * (secAt(sheet, sheet.bars[bar - 1][0]) - begin) + 8);
        }""",
        [first, last],
    )
    page.evaluate("window.scrollTo(0, 0)")
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + xs[0], box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + xs[1], box["y"] + 12, steps=4)
    page.mouse.up()


def done(page) -> list[str]:
    return page.locator("#done li").all_inner_texts()


@pytest.mark.slow
def test_a_recording_is_put_right_and_arranged_and_nothing_is_lost(server, page, tmp_path):
    from playwright.sync_api import expect

    from symbolic_cover.app.play import play

    (tmp_path / "steps.abc").write_text(TUNE)
    play(tmp_path / "steps.abc", tmp_path / "steps.wav")
    page.locator("#file").set_input_files(tmp_path / "steps.wav")
    expect(page.locator("#jobs progress")).to_be_visible()
    expect(page.locator("#studio")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Steps")

    # The second beat begins the bars; the first chord of bar 2 is another; a note is a semitone higher.
    timeline = page.locator("#timeline")
    timeline.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("d")
    expect(page.locator("#done li")).to_have_count(1)
    assert done(page)[0].startswith("downbeat 1.2")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#done li")).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    expect(page.locator("#done li")).to_have_count(1)
    select_bars(page, 2, 2)
    timeline.focus()
    page.keyboard.press("c")
    page.locator("#chord").fill("Eb")
    page.keyboard.press("Enter")
    expect(page.locator("#done li")).to_have_count(2)
    assert done(page)[1] == "chord 2=Eb"
    page.locator("#chord").fill("Quux")
    page.locator("#chord").press("Enter")
    expect(page.locator("#problem")).to_contain_text("not a chord")
    timeline.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        if "one note is selected" in page.locator("#here").inner_text():
            break
    page.keyboard.press("ArrowUp")
    expect(page.locator("#done li")).to_have_count(3)
    assert done(page)[2].startswith("move ")

    # Everything, then four bars again: the others stay to the note.
    page.get_by_role("button", name="Arrange all").click()
    expect(page.locator("#takes li")).to_have_count(1)
    expect(page.locator("#score > svg")).to_be_visible()
    select_bars(page, 3, 6)
    expect(page.locator("#these")).to_contain_text("bars 3 to 6")
    timeline.focus()
    page.keyboard.press("a")
    expect(page.locator("#takes li")).to_have_count(2)
    (folder,) = (tmp_path / "studio" / "songs").iterdir()
    before, after = (bars_of(folder / "takes" / take / "arrangement.mid") for take in "12")
    changed = {bar for bar in before.keys() | after.keys() if before.get(bar) != after.get(bar)}
    assert changed
    assert changed <= {3, 4, 5, 6}
    expect(page.locator("#score .fresh")).to_have_count(4)

    # Two takes are compared blind.
    for box in page.locator(".pick").all():
        box.check()
    page.get_by_role("button", name="Play A").click()
    expect(page.locator("#play")).to_have_text("Pause")
    page.get_by_role("button", name="Play B").click()
    page.locator("#compare").get_by_label("B", exact=True).check()
    page.get_by_role("button", name="I would rather hear that").click()
    expect(page.locator("#said")).to_contain_text("was preferred")

    # The server is killed in the middle of the next take, and begun again.
    page.get_by_role("button", name="Arrange all").click()
    expect(page.locator("#jobs progress")).to_be_visible()
    server.kill()
    page.locator("#chord").fill("F")
    page.locator("#chord").press("Enter")
    expect(page.locator("#problem")).to_contain_text("does not answer")
    server.start()
    expect(page.locator("#takes li")).to_have_count(3)
    page.reload()
    expect(page.locator("#done li")).to_have_count(3)
    expect(page.locator("#takes li")).to_have_count(3)

    # The score that is downloaded opens again, and says what the take plays.
    expect(page.locator("#score > svg")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#files a", has_text="score.musicxml").click()
    download.value.save_as(tmp_path / "score.musicxml")
    pitches = sorted(note.pitch for note in read_score(tmp_path / "score.musicxml").notes)
    played = sorted(note.pitch for note in read_score(folder / "takes" / "3" / "arrangement.mid").notes)
    assert pitches == played


@pytest.mark.slow
def test_a_score_is_opened_seen_and_played_by_keys_at_a_phones_width(server, page, tmp_path):
    from playwright.sync_api import expect

    (tmp_path / "steps.abc").write_text(TUNE)
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#file").set_input_files(tmp_path / "steps.abc")
    expect(page.locator("#studio")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    timeline = page.locator("#timeline")
    timeline.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#here")).to_contain_text("Bar 1.1, chord C, melody C5 G4")
    page.keyboard.press("b")  # there is no cover yet
    page.keyboard.press("Space")
    expect(page.locator("#where")).not_to_have_text("1.1")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Play")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a, [role]")]
            .filter((one) => one.offsetParent && !(one.textContent.trim() || one.ariaLabel || one.labels?.length
                || one.getAttribute("aria-labelledby")))
            .map((one) => one.outerHTML)"""
    )
    assert unnamed == []


@pytest.mark.slow
def test_axe_finds_nothing_to_mend(server, page, tmp_path):
    from playwright.sync_api import expect

    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    (tmp_path / "steps.abc").write_text(TUNE)
    page.locator("#file").set_input_files(tmp_path / "steps.abc")
    expect(page.locator("#studio")).to_be_visible()
    page.get_by_role("button", name="Arrange all").click()
    expect(page.locator("#score > svg")).to_be_visible()
    page.locator("#opener summary").click()
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found = axe.Axe().run(page).response["violations"]
            assert [(one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in found] == []
