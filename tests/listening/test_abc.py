"""ABC 2.1 as written: accidentals, repeats, voices, fields inside lines, rests, chords, words, encodings."""

import pytest

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.music import Key
from tests.listening.scores_written import chords, meters, pitches, places, read, words


def abc(body, *fields, key="C", meter="4/4", unit="1/4"):
    return "\n".join(["X:1", "T:Test", f"M:{meter}", f"L:{unit}", *fields, f"K:{key}", body, ""])


def pitches_of(tmp_path, body, *fields, **asked):
    return pitches(read(tmp_path, "x.abc", abc(body, *fields, **asked)))


def test_an_accidental_holds_to_the_end_of_its_bar(tmp_path):
    assert pitches_of(tmp_path, "^F G F G|F =F F ^f|", key="Bb") == "F#4 G4 F#4 G4 F4 F4 F4 F#5"
    assert pitches_of(tmp_path, "^C D c C|C4|") == "C#4 D4 C#5 C#4 C4"
    octave = abc("^C D c C|", "%%propagate-accidentals octave")
    assert pitches(read(tmp_path, "y.abc", octave)) == "C#4 D4 C5 C#4"


def test_a_tie_carries_an_accidental_over_the_bar_line(tmp_path):
    heard = read(tmp_path, "x.abc", abc("C2 _B2-|B2 B2|"))
    assert (pitches(heard), places(heard)) == ("C4 Bb4 B4", [(0, 24), (24, 48), (72, 24)])


@pytest.mark.parametrize(
    ("body", "played"),
    [
        ("|:C4|D4:|E4|F4:|", "C D C D E F E F"),
        ("C4|D4||E4|F4:|", "C D E F E F"),
        ("|:C4||D4:|", "C D C D"),
        ("|:C4|1 D4:|2 E4:|F4|", "C D C E F"),
        ("C4|[1 D4:|[2 E4|]F4|", "C D C E F"),
        ("|:C4|1,2 D4:|3 E4|]", "C D C D C E"),
        ("|:C4|1-3 D4:|4 E4|]", "C D C D C D C E"),
        ("|:C4|1,3 G4:|2 A4:|4 B4|]", "C G C A C G C B"),
        ("|:C4::D4:|", "C C D D"),
        ("|::C4::|D4|", "C C C D"),
        ("C4|!segno!D4|E4 !D.S.!|F4|", "C D E D E F"),
        ("C4|D4 !fine!|E4 !D.C.!|", "C D E C D"),
        ('C4|D4 "^To Coda"|E4 "^D.C. al Coda"|!coda!F4|', "C D E C D F"),
        ("C4|D4 !coda!|E4 !D.C.alcoda!|!coda!F4|", "C D E C D F"),
        ("|:C4:|D4 !fine!|E4 !D.C.!|", "C C D E C D"),
        ('C4|D4 "^To Coda"|E4 "^D.C. al Coda"|!coda!F4|G4:|', "C D E C D F G F G"),
        ("|:C4|1 D4:|2 E4|]F4 !D.C.!|", "C D C E F C E F"),
        ("!segno!C4|D4|E4 !D.S.!|F4|G4 !D.C.!|", "C D E C D E F G C D E F G"),
    ],
)
def test_repeats(tmp_path, body, played):
    assert pitches_of(tmp_path, body) == " ".join(f"{name}4" for name in played.split())


def test_parts_in_the_order_of_the_head(tmp_path):
    assert pitches_of(tmp_path, "P:A\nC4|\nP:B\nD4|E4|", "P:A(BA)2") == "C4 D4 E4 C4 D4 E4 C4"


def test_voices_sound_together_wherever_they_are_named(tmp_path):
    heard = read(tmp_path, "x.abc", abc("V:1\nG A B c|d4|\nV:2\nC,4|D,2 D,2|", 'V:1 name="Top"', "V:2 clef=bass"))
    assert meters(heard) == ["4/4"] * 2
    assert [track.name for track in heard.tracks] == ["Top", "2"]
    assert (pitches(heard), pitches(heard, 1)) == ("G4 A4 B4 C5 D5", "C3 D3 D3")


def test_an_overlay_sounds_with_its_bar(tmp_path):
    heard = read(tmp_path, "x.abc", abc("c d e f & C2 G2|g4|"))
    assert places(heard) == [(0, 24), (0, 12), (12, 12), (24, 24), (24, 12), (36, 12), (48, 48)]


def test_fields_inside_a_line(tmp_path):
    heard = read(tmp_path, "x.abc", abc("C F B2|[K:A]C F G2|[M:2/4][K:Cm]E B|[L:1/8]C2 D2|[Q:1/4=60]C2 D2|"))
    assert pitches(heard) == "C4 F4 B4 C#4 F#4 Ab4 Eb4 Bb4 C4 D4 C4 D4"
    assert meters(heard) == ["4/4", "4/4", "2/4", "2/4", "2/4"]
    assert float(heard.grid.sec_at(156) - heard.grid.sec_at(144)) == pytest.approx(1.0)


def test_rests_of_whole_bars(tmp_path):
    heard = read(tmp_path, "x.abc", abc("A B c|Z3|X2|d3|", meter="3/4"))
    assert meters(heard) == ["3/4"] * 7
    assert places(heard)[-1] == (216, 36)


def test_chords_and_words_above_the_tune(tmp_path):
    body = '"^broadly""Dm7"D "E♭maj7"E "F♯ø"F "C/E"G|"G°"A "<hum""(A7)"B "NC"c "B6/9"d|'
    assert chords(read(tmp_path, "x.abc", abc(body))) == [
        "D:min7", "Eb:maj7", "Gb:hdim7", "C:maj/3", "G:dim", "A:7", "B:maj6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "played", "stated"),
    [
        ("Ddor", "F4 C4 B4", Key(2, "minor")),
        ("E mixolydian", "F#4 C#4 B4", Key(4, "major")),
        ("G exp _B ^c", "F4 C#4 Bb4", None),
        ("F ^f", "F#4 C4 Bb4", Key(5, "major")),
        ("F#m", "F#4 C#4 B4", Key(6, "minor")),
        ("HP", "F#4 C#4 B4", Key(2, "major")),
        ("none", "F4 C4 B4", None),
    ],
)
def test_keys(tmp_path, key, played, stated):
    heard = read(tmp_path, "x.abc", abc("F C B2|", key=key))
    assert (pitches(heard), heard.key) == (played, stated)


@pytest.mark.parametrize(
    ("facts", "pitch"), [("clef=treble-8", "C4"), ("treble+8", "C6"), ("clef=bass", "C5"), ("octave=-1", "C4")]
)
def test_clefs_that_sound_an_octave_away(tmp_path, facts, pitch):
    assert pitches_of(tmp_path, "c4|", key=f"C {facts}") == pitch


@pytest.mark.parametrize(
    ("meter", "written"), [("2+2+3/8", "7/8"), ("(3+2)/4", "5/4"), ("C|", "2/2"), ("C", "4/4"), ("12/8", "12/8")]
)
def test_metres(tmp_path, meter, written):
    assert meters(read(tmp_path, "x.abc", abc("Z|C|", meter=meter)))[-1] == written


@pytest.mark.parametrize(
    ("tempo", "bpm"),
    [
        ("1/4=90", 90),
        ('"Lively" 3/8=60', 90),
        ("120", 120),
        ('1/2=50 "slow"', 100),
        ("1/4=92,5", 92.5),
        ("Andante", 76),
    ],
)
def test_tempos(tmp_path, tempo, bpm):
    assert read(tmp_path, "x.abc", abc("C4|", f"Q:{tempo}")).grid.tempo_bpm == pytest.approx(bpm)


def test_rhythms(tmp_path):
    heard = read(tmp_path, "x.abc", abc("C>D E<F|(3CDE (3:2:2C2D|C/D/ E3/2F//G//|[CE]2 {/g}c2|"))
    assert places(heard) == [
        (0, 18), (18, 6), (24, 6), (30, 18), (48, 8), (56, 8), (64, 8), (72, 16), (88, 8),
        (96, 6), (102, 6), (108, 18), (126, 3), (129, 3), (132, 24), (132, 24), (155, 1), (156, 24),
    ]  # fmt: skip


def test_old_chords_and_transposition_of_the_whole(tmp_path):
    assert pitches_of(tmp_path, "+CE+2 G2|", "%%MIDI transpose -12") == "C3 E3 G3"


def test_words_under_the_tune(tmp_path):
    heard = read(tmp_path, "x.abc", abc("C D E2|F z G A|\nw:Sum-mer rain~drops * falls_\nB4|\nw:down"))
    assert [(round(one.sec * 2), one.text) for one in heard.lyrics] == [
        (0, "Sum-"), (1, "mer"), (2, "rain drops"), (6, "falls"), (8, "down"),
    ]  # fmt: skip


def test_a_second_verse_is_sung_the_second_time(tmp_path):
    heard = read(tmp_path, "x.abc", abc("|:C2 D2|E4:|\nw:one two three\nw:four five six"))
    assert words(heard) == ["one", "two", "three", "four", "five", "six"]


@pytest.mark.parametrize(
    ("head", "encoding"), [("", "latin-1"), ("%%abc-charset iso-8859-1\n", "latin-1"), ("", "utf-8"), ("", "utf-16")]
)
def test_encodings(tmp_path, head, encoding):
    text = head + abc("C4|").replace("Test", "Élégie à l'été")
    assert read(tmp_path, "x.abc", text.encode(encoding)).title == "Élégie à l'été"


def test_titles_after_tex(tmp_path):
    assert read(tmp_path, "x.abc", abc("C4|").replace("Test", r"F\"ur \'Elise &amp; Co")).title == "Für Élise & Co"


TWO = abc("C4|") + "\n" + abc("D4|").replace("X:1", "X:7").replace("Test", "Other")


def test_of_several_tunes_the_first_is_read_and_a_word_said(tmp_path):
    heard = read(tmp_path, "x.abc", TWO)
    assert (heard.title, pitches(heard)) == ("Test", "C4")
    assert "--tune" in heard.remarks[0]
    assert read(tmp_path, "x.abc", TWO, hints=Hints(tune=7)).title == "Other"
    with pytest.raises(InputError, match="X:1, X:7"):
        read(tmp_path, "x.abc", TWO, hints=Hints(tune=3))


def test_only_abc_has_several_tunes(tmp_path):
    with pytest.raises(UsageError, match="a single piece"):
        read(tmp_path, "x.krn", "**kern\n4c\n*-\n", hints=Hints(tune=1))


@pytest.mark.parametrize("text", [abc("GABc99999|"), abc("C9999999|"), abc("Z99999|"), abc("C|" * 5_100), abc("{C}")])
def test_what_no_song_is_gets_one_line(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, "x.abc", text)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_denominator_that_no_note_has_is_refused(tmp_path):
    with pytest.raises(InputError, match="7/3"):
        read(tmp_path, "x.abc", abc("CDEF|", meter="7/3"))
