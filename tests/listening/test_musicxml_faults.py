"""MusicXML of many programs: missing facts are inferred, odd ones understood or skipped."""

import io
import zipfile

import pytest

from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.music import Key
from tests.listening.scores_written import FIRST, chords, meters, note, pitches, places, read, whole, words, xml


def bar_line(inside, where="right"):
    return f'<barline location="{where}">{inside}</barline>'


BACK = bar_line('<repeat direction="backward"/>')
FORTH = bar_line('<repeat direction="forward"/>', "left")


def ending(number, inside, after='<repeat direction="backward"/>'):
    start = bar_line(f'<ending number="{number}" type="start"/>', "left")
    return start + inside + bar_line(f'<ending number="{number}" type="stop"/>{after}')


def says(words="", sound="", element=""):
    words = f"<words>{words}</words>" if words else ""
    sound = f"<sound {sound}/>" if sound else ""
    return f"<direction><direction-type>{words}{element}</direction-type>{sound}</direction>"


C, D, E, F, G = (whole(f"{name}4") for name in "CDEFG")


@pytest.mark.parametrize(
    ("measures", "played"),
    [
        ((C, D + BACK, E, F + BACK), "CDCDEFEF"),
        ((C, FORTH + D, E + BACK, F), "CDEDEF"),
        ((C + bar_line('<repeat direction="backward" times="3"/>'), D), "CCCD"),
        ((C, ending("1", D), ending("2", E, ""), F), "CDCEF"),
        ((C, ending("1, 2", D), ending("3", E, "")), "CDCDCE"),
        ((FORTH + C, ending("1", D), ending("2", E, ""), F + BACK), "CDCEFF"),
        ((C, says(element="<segno/>") + D, E + says("D.S. al Fine"), F), "CDEDEF"),
        ((C, D + says("Fine"), E + says(sound='dacapo="yes"', words="D.C.")), "CDECD"),
        ((C, D + says("To Coda"), E + says("D.C. al Coda"), says("Coda") + F), "CDECDF"),
        ((C, D + says(element="<coda/>"), E + says("D.C. al Coda"), says(element="<coda/>") + F), "CDECDF"),
        ((says(element="<segno/>") + C, ending("1", D), ending("2", E + says("D.S.", 'dalsegno="x"'), "")), "CDCECE"),
    ],
)
def test_repeats(tmp_path, measures, played):
    assert pitches(read(tmp_path, "x.xml", xml(*measures))) == " ".join(f"{name}4" for name in played)


@pytest.mark.parametrize(
    ("key", "stated"),
    [
        ("<key-step>B</key-step><key-alter>-1</key-alter>", None),
        ("<fifths>x</fifths>", None),
        ("<fifths>3</fifths>", Key(9, "major")),
        ("<fifths>-1</fifths><mode>dorian</mode>", Key(7, "minor")),
    ],
)
def test_keys(tmp_path, key, stated):
    first = f"<attributes><divisions>2</divisions><key>{key}</key></attributes>"
    assert read(tmp_path, "x.musicxml", xml(C, first=first)).key == stated


def test_a_metre_that_is_not_said_is_as_long_as_the_bars(tmp_path):
    first = "<attributes><divisions>2</divisions></attributes>"
    bar = note("C4", 2) + note("D4", 4)
    heard = read(tmp_path, "x.musicxml", xml(bar, bar, first=first))
    assert (meters(heard), places(heard)[-1]) == (["3/4", "3/4"], (48, 24))


def test_divisions_that_are_not_said_are_one_and_lengths_are_those_of_values(tmp_path):
    first = "<attributes><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
    bare = "<note><pitch><step>C</step><octave>4</octave></pitch><type>quarter</type></note>"
    heard = read(tmp_path, "x.musicxml", xml(note("C4", 1) + note("D4", 1), bare + bare, first=first))
    assert places(heard) == [(0, 12), (12, 12), (24, 12), (36, 12)]


@pytest.mark.parametrize(
    ("beats", "kind", "meter"), [("3+2", 8, "5/8"), ("8", 8, "8/8"), ("5", 16, "5/16"), ("13", 32, "7/16")]
)
def test_odd_metres(tmp_path, beats, kind, meter):
    time = f"<time><beats>{beats}</beats><beat-type>{kind}</beat-type></time>"
    first = f"<attributes><divisions>8</divisions>{time}</attributes>"
    length = sum(map(int, beats.split("+"))) * 32 // kind
    heard = read(tmp_path, "x.musicxml", xml(note("C4", length), note("D4", length), first=first))
    assert meters(heard) == [meter] * 2
    assert heard.tracks[0].notes[1].onset_sec == pytest.approx(length / 8 * 0.5, abs=0.03)


def test_a_denominator_that_no_note_has_is_refused(tmp_path):
    first = FIRST.replace("<beat-type>4", "<beat-type>3")
    with pytest.raises(InputError, match="4/3"):
        read(tmp_path, "x.musicxml", xml(C, first=first))


def test_slashes_and_cue_notes_are_no_melody(tmp_path):
    slash = note("B4", 4, "<notehead>slash</notehead>")
    cue = note("A4", 4).replace("<note>", "<note><cue/>")
    heard = read(tmp_path, "x.musicxml", xml(slash + note("C4", 4), cue + note("D4", 4)))
    assert (pitches(heard), places(heard)) == ("C4 D4", [(24, 24), (72, 24)])


def test_bars_that_are_played_again_have_their_notes(tmp_path):
    again = '<attributes><measure-style><measure-repeat type="{}">1</measure-repeat></measure-style></attributes>'
    heard = read(tmp_path, "x.xml", xml(C, again.format("start") + REST, REST, again.format("stop") + D))
    assert (pitches(heard), places(heard)[2]) == ("C4 C4 C4 D4", (96, 48))


def test_a_region_of_slashes_is_no_melody(tmp_path):
    slashes = '<attributes><measure-style><slash type="{}"/></measure-style></attributes>'
    heard = read(tmp_path, "x.xml", xml(C, slashes.format("start") + G, slashes.format("stop") + D))
    assert pitches(heard) == "C4 D4"


def harmony(root, kind):
    root = f"<root><root-step>{root}</root-step></root>" if root else "<function>V</function>"
    return f"<harmony>{root}<kind>{kind}</kind></harmony>"


REST = "<note><rest/><duration>8</duration></note>"


def test_chord_symbols_alone_are_a_song(tmp_path):
    heard = read(tmp_path, "x.musicxml", xml(harmony("A", "minor") + REST, harmony("E", "dominant") + REST))
    sheet = analyze(heard)
    assert [chord.label for chord in sheet.chords] == ["A:min", "E:7"]
    assert (sheet.melody, sheet.key, len(sheet.grid.bars)) == ((), Key(9, "minor"), 2)


def test_chords_without_roots_come_from_the_notes(tmp_path):
    heard = read(tmp_path, "x.musicxml", xml(harmony("", "major") + C, harmony("", "dominant") + D))
    assert heard.chords is None
    assert "no root" in heard.remarks[0]
    heard = read(tmp_path, "y.musicxml", xml(harmony("C", "major") + C, harmony("", "dominant") + D))
    assert chords(heard) == ["C:maj"]


def test_titles_wherever_they_are(tmp_path):
    credit = '<credit page="1"><credit-type>title</credit-type><credit-words>In a credit</credit-words></credit>'
    assert read(tmp_path, "x.xml", xml(C, head=credit)).title == "In a credit"
    assert read(tmp_path, "x.xml", xml(C, head="<movement-title>Moved</movement-title>")).title == "Moved"
    assert read(tmp_path, "my_song.xml", xml(C)).title == "My song"


def metronome(*inside):
    return says(element=f"<metronome>{''.join(inside)}</metronome>")


def unit(name, dots=0):
    return f"<beat-unit>{name}</beat-unit>" + "<beat-unit-dot/>" * dots


@pytest.mark.parametrize(
    ("direction", "bpm"),
    [
        (metronome(unit("quarter"), "<per-minute>c. 72-76</per-minute>"), 74),
        (metronome(unit("quarter", 1), "<per-minute>ca 60</per-minute>"), 90),
        (metronome(unit("half"), "<per-minute>40,5</per-minute>"), 81),
        ('<sound tempo="92,5"/>', 92.5),
        ('<sound tempo="0"/>', 120),
        (says(sound='tempo="66"'), 66),
        ('<sound tempo="80"/>' + metronome(unit("quarter"), unit("half")), 80),
    ],
)
def test_tempos(tmp_path, direction, bpm):
    assert read(tmp_path, "x.xml", xml(direction + C)).grid.tempo_bpm == pytest.approx(bpm)


def test_a_note_that_lasts_as_another_did_sets_the_tempo(tmp_path):
    heard = read(tmp_path, "x.xml", xml('<sound tempo="80"/>' + C, metronome(unit("quarter"), unit("half")) + D))
    assert float(heard.grid.sec_at(60) - heard.grid.sec_at(48)) == pytest.approx(60 / 160)


def grace(name):
    return f"<note><grace/><pitch><step>{name}</step><octave>4</octave></pitch><voice>1</voice></note>"


def test_grace_notes_come_before_what_they_adorn(tmp_path):
    heard = read(tmp_path, "x.xml", xml(grace("B") + note("C5", 4) + grace("A") + grace("B") + note("C5", 4)))
    assert (pitches(heard), places(heard)) == ("B4 C5 A4 B4 C5", [(0, 1), (1, 23), (22, 1), (23, 1), (24, 24)])


def lyric(text, syllabic="single", number=1):
    return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text></lyric>'


def test_words_stay_with_their_notes_and_verses_with_their_times(tmp_path):
    bar = note("C4", 4, lyric("Sum", "begin") + lyric("Win", "begin", 2)) + note(
        "D4", 4, lyric("mer", "end") + lyric("ter", "end", 2)
    )
    heard = read(tmp_path, "x.xml", xml(bar + BACK))
    assert [(one.sec, one.text) for one in heard.lyrics] == [(0, "Sum-"), (1, "mer"), (2, "Win-"), (3, "ter")]
    assert words(heard) == [one.text for one in analyze(heard).lyrics]


def packed(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return stream.getvalue()


CONTAINER = '<container><rootfiles><rootfile full-path="z.xml"/></rootfiles></container>'


@pytest.mark.parametrize("suffix", ["mxl", "musicxml", "xml"])
def test_an_archive_is_opened_by_its_container_whatever_its_suffix(tmp_path, suffix):
    archive = packed(a_xml=xml(D), z_xml=xml(C), **{"META-INF__container_xml": CONTAINER})
    assert pitches(read(tmp_path, f"x.{suffix}", archive)) == "C4"


def test_an_archive_without_a_container_or_score(tmp_path):
    assert pitches(read(tmp_path, "x.mxl", packed(a_xml=xml(D)))) == "D4"
    with pytest.raises(InputError, match="without a score"):
        read(tmp_path, "x.mxl", packed(readme="nothing"))


def test_a_score_that_would_unpack_without_end_is_refused(tmp_path):
    with pytest.raises(InputError, match="larger than any score"):
        read(tmp_path, "x.mxl", packed(a_xml=" " * 80_000_000))


def test_timewise_scores_are_turned(tmp_path):
    first = '<measure number="1"><part id="P1">' + FIRST + C + '</part><part id="P2">' + FIRST + E + "</part></measure>"
    second = '<measure number="2"><part id="P1">' + D + '</part><part id="P2">' + F + "</part></measure>"
    heard = read(tmp_path, "x.xml", f"<score-timewise><part-list/>{first}{second}</score-timewise>")
    assert (pitches(heard), pitches(heard, 1)) == ("C4 D4", "E4 F4")


def test_content_tells_the_kind_and_encoding(tmp_path):
    text = xml(C, head="<work><work-title>Été</work-title></work>")
    assert read(tmp_path, "x.abc", "  \n" + text).source.kind == "musicxml"
    assert read(tmp_path, "x.xml", text.encode("latin-1")).title == "Été"
    assert read(tmp_path, "x.xml", text.replace('<?xml version="1.0"?>', "").encode("utf-16")).title == "Été"
    named = text.replace("<score-partwise", '<score-partwise xmlns="urn:x"')
    assert pitches(read(tmp_path, "x.mid", named)) == "C4"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><score-partwise/>',
        "<opus/>",
        "<score-partwise/>",
        xml(note("C4", 10**9)),
        xml(*[C] * 5_100),
        xml(C)[:-30],
    ],
)
def test_what_cannot_be_a_song_gets_one_line(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, "x.musicxml", text)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_long_cadenza_keeps_its_bar_and_endless_music_is_barred(tmp_path):
    heard = read(tmp_path, "x.xml", xml(C, note("D4", 2) * 23, E))
    assert meters(heard) == ["4/4", "23/4", "4/4"]
    heard = read(tmp_path, "x.xml", xml(note("D4", 2) * 100))
    assert meters(heard) == ["4/4"] * 25
