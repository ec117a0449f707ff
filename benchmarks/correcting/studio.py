"""Waiting times in the studio, and whether concurrent users lose data.

    python benchmarks/correcting/studio.py SONG --out studio.md

SONG is a song.json or a recording. `symbolic-cover serve` is started in a folder of its own, SONG is uploaded and
arranged; then four bars are arranged anew (`--times`), and the seconds are counted until the excerpt can be fetched,
and until the take is done. Then `--readers` read the song's page data continuously while each of `--correctors` makes
`--corrections` corrections, retrying after conflicts; all must be in the song at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_SERVE = "from symbolic_cover.cli import main; main()"


def main() -> None:
    """Start the studio, measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("song", type=Path)
    parser.add_argument("--style", default="pop-piano")
    parser.add_argument("--checkpoint")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--correctors", type=int, default=10)
    parser.add_argument("--corrections", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = Page(Path(folder), options.checkpoint)
        try:
            rows = measured(page, options)
        finally:
            page.process.terminate()
            page.process.wait()
    lines = ["# The studio", "", f"`python {Path(*Path(__file__).parts[-3:])} SONG`", "",
             f"{options.song.stem}, {options.style}, {os.cpu_count()} cores of {platform.machine()}.", "",
             "| what | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]  # fmt: skip
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Page:
    """A client of the studio over HTTP."""

    def __init__(self, folder: Path, checkpoint: str | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = ["serve", "--out", str(folder), "--port", str(port), "--no-browser", "--quiet"]
        words += ["--checkpoint", checkpoint] if checkpoint else []
        self.process = subprocess.Popen([sys.executable, "-c", _SERVE, *words])
        self.address = f"http://127.0.0.1:{port}"
        while True:
            try:
                self.ask("/api/songs")
                return
            except urllib.error.URLError:
                if self.process.poll() is not None:
                    raise SystemExit("The studio could not be started.") from None
                time.sleep(0.1)

    def ask(self, path: str, body: Any = None) -> Any:
        """The response of an address; raises `HTTPError` if it refuses."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.address}{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as reply:
            said = reply.read()
            return json.loads(said) if "json" in reply.headers.get("content-type", "") else said

    def wait(self, song: str, job: int) -> None:
        """Wait until a job is done; raises `SystemExit` if it fails."""
        while True:
            (found,) = (one for one in self.ask(f"/api/songs/{song}/work")["jobs"] if one["id"] == job)
            if found["state"] == "done":
                return
            if found["state"] in ("failed", "cancelled"):
                raise SystemExit(f"{found['kind']}: {found['message']}")
            time.sleep(0.05)


def measured(page: Page, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Rows of the table."""
    name = urllib.parse.quote(options.song.name)
    begun = time.monotonic()
    song = page.ask(f"/api/songs?name={name}", options.song.read_bytes())["id"]
    for job in page.ask(f"/api/songs/{song}/work")["jobs"]:
        page.wait(song, job["id"])
    heard_sec = time.monotonic() - begun
    n_bars = len(page.ask(f"/api/songs/{song}")["sheet"]["bars"])
    begun = time.monotonic()
    asked = {"style": options.style}
    whole = page.ask(f"/api/songs/{song}/takes", asked)
    page.wait(song, whole["job"])
    rows = [("bars", f"{n_bars}"), ("opened and heard", f"{heard_sec:.1f} s"),
            ("arranged, all files written", f"{time.monotonic() - begun:.1f} s")]  # fmt: skip
    early, done = [], []
    for time_ in range(options.times):
        first = 1 + min(max(n_bars // 2 - 2 + 4 * time_, 0), max(n_bars - 4, 0))
        bars = list(range(first, min(first + 4, n_bars + 1)))
        begun = time.monotonic()
        take = page.ask(f"/api/songs/{song}/takes",
                        asked | {"bars": bars, "onto": whole["take"], "controls": {"seed": time_ + 1}})  # fmt: skip
        early.append(until_heard(page, song, take["take"]) - begun)
        page.wait(song, take["job"])
        done.append(time.monotonic() - begun)
    rows += [("four bars anew: heard after", f"{statistics.median(early):.1f} s (of {spread(early)})"),
             ("four bars anew: all files written", f"{statistics.median(done):.1f} s (of {spread(done)})")]  # fmt: skip
    return rows + crowd(page, song, n_bars, options)


def until_heard(page: Page, song: str, take: int) -> float:
    """The time at which the excerpt of a take, or the take itself, can be fetched."""
    while True:
        for path in (f"/api/songs/{song}/takes/{take}/excerpt", f"/api/songs/{song}/takes/{take}/files/cover.ogg"):
            try:
                page.ask(path)
                return time.monotonic()
            except urllib.error.HTTPError:
                continue
        time.sleep(0.05)


def crowd(page: Page, song: str, n_bars: int, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Concurrent readers and correctors."""
    over = threading.Event()
    waits: list[float] = []
    again = []

    def read() -> None:
        while not over.is_set():
            begun = time.monotonic()
            page.ask(f"/api/songs/{song}")
            waits.append(time.monotonic() - begun)

    def correct(number: int) -> list[str]:
        made = []
        for count in range(options.corrections):
            words = f"chord {1 + (number * options.corrections + count) % n_bars}=C{'m7' if count % 2 else ''}"
            while True:
                revision = page.ask(f"/api/songs/{song}/work")["revision"]
                try:
                    page.ask(f"/api/songs/{song}/corrections", {"revision": revision, "words": [words]})
                    break
                except urllib.error.HTTPError as error:
                    if error.code != 409:
                        raise
                    again.append(words)
            made.append(words)
        return made

    with ThreadPoolExecutor(options.readers + options.correctors) as pool:
        reading = [pool.submit(read) for _ in range(options.readers)]
        begun = time.monotonic()
        asked = [words for made in pool.map(correct, range(options.correctors)) for words in made]
        took = time.monotonic() - begun
        over.set()
        for one in reading:
            one.result()
    kept = page.ask(f"/api/songs/{song}")["sheet"]["done"]
    lost = len(asked) - len(kept) if sorted(asked) != sorted(kept) else 0
    return [
        (f"{options.readers} readers, {options.correctors} correctors", f"{len(asked)} corrections in {took:.1f} s"),
        ("corrections lost", f"{lost}"),
        ("asked anew since another was quicker", f"{len(again)}"),
        ("reading meanwhile, median (slowest)", f"{statistics.median(waits):.2f} s ({max(waits):.2f} s)"),
    ]


def spread(values: list[float]) -> str:
    """The minimum and the maximum."""
    return f"{min(values):.1f} to {max(values):.1f}"


if __name__ == "__main__":
    main()
