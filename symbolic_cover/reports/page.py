"""Common parts of the pages: the style sheet, and elements with embedded images, scores and sound."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

#: Larger pages open slowly in browsers; longer sound is linked.
MAX_EMBEDDED_BYTES = 8_000_000
_AUDIO_TYPES = {".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac"}
_COMPRESSED = (".ogg", ".mp3")
_OGG_BLOCK_FRAMES = 1 << 16

STYLE = """
:root { --ink: #1d2328; --soft: #667078; --line: #dfe3e6; --accent: #b5432a; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f5f2; color: var(--ink); font: 16px/1.55 Georgia, "Times New Roman", serif; }
header, main { max-width: 60rem; margin: 0 auto; padding: 0 1.1rem; }
header { padding-top: 2.2rem; }
h1 { margin: 0; font-size: clamp(1.7rem, 5vw, 2.6rem); font-weight: 500; line-height: 1.15; overflow-wrap: anywhere; }
header p { margin: .3rem 0 1.4rem; color: var(--soft); font-style: italic; }
section { margin: 0 0 2.2rem; }
h2 { margin: 0 0 .7rem; font-size: 1.15rem; font-weight: 600; border-bottom: 1px solid var(--line); }
audio { width: 100%; }
ul { margin: 0; padding-left: 1.2rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { color: var(--accent); font-weight: 600; }
th:first-child { text-align: left; font-weight: 500; padding-left: 0; }
th small { display: block; color: var(--soft); font-weight: 400; font-size: .82rem; line-height: 1.35; }
img, .sheet svg { display: block; width: 100%; height: auto; }
.sheet, img { margin-bottom: 1rem; background: #fff; border: 1px solid var(--line); border-radius: 3px; color: #000; }
dl { display: grid; grid-template-columns: minmax(8rem, auto) 1fr; gap: .25rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { background: #fff; } audio { display: none; } }
"""


def write_page(path: Path, title: str, subtitle: str, sections: Iterable[str], more_style: str = "") -> None:
    """Write a page as one HTML file without external resources, from its `sections`, which are HTML."""
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}{more_style}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>
<main>
{"".join(sections)}
</main>
</body>
</html>
"""
    Path(path).write_text(page, encoding="utf-8")


def section(heading: str, content: str) -> str:
    """A section of the page; empty without content."""
    return f"<section><h2>{heading}</h2>{content}</section>\n" if content else ""


def number(value: float | None) -> str:
    """A number in the format of the tables."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def inline(svg: str) -> str:
    """An SVG document as an element of the page, without anything before its root."""
    return re.sub(r"^\s*(<\?xml[^>]*\?>|<!DOCTYPE[^>]*>|\s)*", "", svg)


def image(png: bytes) -> str:
    """A piano roll as an element of the page."""
    return f'<img alt="Piano roll" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def audio(audio_path: Path | None, page_path: Path) -> str:
    """An audio player; sound is embedded if it takes at most `MAX_EMBEDDED_BYTES` as Ogg or MP3, else linked."""
    if audio_path is None:
        return ""
    audio_path = Path(audio_path)
    kind, data = audio_path.suffix.lower(), b""
    if kind in _COMPRESSED:
        data = audio_path.read_bytes()
    elif audio_path.is_file():
        kind, data = ".ogg", _as_ogg(audio_path)
    if len(data) <= MAX_EMBEDDED_BYTES:
        source = f"data:{_AUDIO_TYPES[kind]};base64,{base64.b64encode(data).decode()}"
    else:
        inside = audio_path.resolve().is_relative_to(page_path.resolve().parent)
        source = audio_path.resolve().relative_to(page_path.resolve().parent).as_posix() if inside else audio_path.name
    return f'<section><audio controls src="{escape(source, quote=True)}"></audio></section>\n'


def _as_ogg(audio_path: Path) -> bytes:
    """The sound of a file as Ogg Vorbis, written in blocks (libsndfile overflows on long ones)."""
    import soundfile

    encoded = io.BytesIO()
    with (
        soundfile.SoundFile(audio_path) as sound,
        soundfile.SoundFile(encoded, "w", sound.samplerate, sound.channels, format="OGG", subtype="VORBIS") as ogg,
    ):
        for block in sound.blocks(_OGG_BLOCK_FRAMES, dtype="float32"):
            ogg.write(block)
    return encoded.getvalue()
