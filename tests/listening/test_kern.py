"""``**kern`` as written: spines that split, join, exchange and begin; repeats, ties, lyrics."""

import pytest

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.music import Key
from tests.listening.scores_written import meters, pitches, places, read, words


def kern(*rows):
    return "\n".join(row.replace(" | ", "\t") for row in rows) + "\n"


def test_spines_that_split_twice_and_join(tmp_path):
    heard = read(tmp_path, "x.krn", kern(
        "**kern | **kern", "*M2/4 | *M2/4", "=1 | =1", "* | *^", "4C | 4c | 4e", "* | * | *^", "4D | 4d | 4f | 4a",
        "* | * | *v | *v", "* | *v | *v", "=2 | =2", "2E | 2g", "== | ==", "*- | *-",
    ))  # fmt: skip
    assert (pitches(heard), pitches(heard, 1)) == ("C4 E4 D4 F4 A4 G4", "C3 D3 E3")


def test_spines_that_begin_and_change_places(tmp_path):
    heard = read(tmp_path, "x.krn", kern(
        "**kern | **kern", "*M2/4 | *M2/4", "4C | 4c", "*x | *x", "4d | 4D", "*+ | *", "* | **kern | *",
        "2e | 2g | 2E", "*- | *- | *-",
    ))  # fmt: skip
    assert [pitches(heard, place) for place in range(3)] == ["G4", "C4 D4 E4", "C3 D3 E3"]


def test_harmony_and_words_beside_the_music(tmp_path):
    heard = read(tmp_path, "x.krn", kern(
        "**harm | **kern | **text", "*M4/4 | *M4/4 | *", "1r | 2c | Hap-", ". | 2d | -py", "=2 | =2 | =2",
        "1I | 1e | day", "*- | *- | *-",
    ))  # fmt: skip
    assert (pitches(heard), words(heard), heard.chords) == ("C4 D4 E4", ["Hap-", "py", "day"], None)


def test_ties_graces_dots_and_keys(tmp_path):
    heard = read(tmp_path, "x.krn", kern(
        "!!!OTL: A song", "!!!COM: Bach, Johann", "**kern", "*k[b-e-]", "*g:", "*MM90", "*M4/4", "4.g", "8a", "[2b-",
        "=2", "4b-]", "qcc", "4dd 4ff#", "2r", "*-",
    ))  # fmt: skip
    assert (heard.title, heard.composer, heard.key) == ("A song", "Johann Bach", Key(7, "minor"))
    assert places(heard) == [(0, 18), (18, 6), (24, 36), (59, 1), (60, 12), (60, 12)]
    assert heard.grid.tempo_bpm == pytest.approx(90)


@pytest.mark.parametrize(
    ("rows", "played"),
    [
        (("1c", "=2:|!", "1d", "=3", "1e", "=4:|!"), "C C D E D E"),
        (("1c", "=2!|:", "1d", "=3:|!", "1e"), "C D D E"),
        (("*>[A,B,A]", "*>A", "1c", "=2", "*>B", "1d"), "C D C"),
    ],
)
def test_repeats(tmp_path, rows, played):
    heard = read(tmp_path, "x.krn", kern("**kern", "*M4/4", *rows, "*-"))
    assert pitches(heard) == " ".join(f"{name}4" for name in played.split())
    assert set(meters(heard)) == {"4/4"}


@pytest.mark.parametrize("rows", [("**harm", "1I", "*-"), ("**kern", "*-"), ("**kern", "4r", "*-")])
def test_what_holds_no_music_gets_one_line(tmp_path, rows):
    with pytest.raises(InputError) as caught:
        read(tmp_path, "x.krn", kern(*rows))
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("meter", ["*M0/4", "*M999999999999/4", "*M4/3", "*M500/1"])
def test_impossible_metres_get_one_line(tmp_path, meter):
    with pytest.raises(InputError, match="is not a usable metre"):
        read(tmp_path, "x.krn", kern("**kern", meter, "1c", "*-"))


def test_a_length_that_no_note_has_is_passed_over(tmp_path):
    assert pitches(read(tmp_path, "x.krn", kern("**kern", "1c", "9" * 30 + "d", "1e", "*-"))) == "C4 E4"


def test_names_and_codes_of_instruments(tmp_path):
    rows = (
        "**kern | **kern | **kern",
        "*Ibass | *Isoprn1 | *Icello",
        '* | * | *I"Viol',
        "1C | 1c | 1e",
        "*- | *- | *-",
    )
    heard = read(tmp_path, "x.krn", kern(*rows))
    assert [track.name for track in heard.tracks] == ["Viol", "Soprano", "Bass"]
