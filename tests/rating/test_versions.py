import json

import pytest

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.rating.versions import find_versions
from tests.rating.conftest import SONGS, SYSTEMS, write_tone


def make_cover(folder, source=None, style="ragtime"):
    folder.mkdir(parents=True)
    (folder / "arrangement.mid").write_bytes(b"")
    write_tone(folder / "cover.wav", 440.0, 0.1, seconds=0.1)
    settings = {"style": style} | ({"source": str(source)} if source else {})
    (folder / "report.json").write_text(json.dumps({"settings": settings}))
    return folder


def test_each_folder_is_a_system_and_each_file_a_song(folders):
    versions = find_versions(folders)
    assert {(one.system, one.song) for one in versions} == {(system, song) for system in SYSTEMS for song in SONGS}
    assert all(one.source is None and one.path.suffix == ".wav" for one in versions)


def test_a_cover_says_its_style_and_its_song(tmp_path):
    song = write_tone(tmp_path / "song.wav", 440.0, 0.1)
    two = [make_cover(tmp_path / "first", song), make_cover(tmp_path / "second", song, "pop-piano")]
    first, second = find_versions(two)
    assert (first.system, first.style, first.source) == ("first", "ragtime", song)
    assert (second.system, second.style, second.song) == ("second", "pop-piano", "song")
    assert first.path.name == "arrangement.mid"
    assert first.sound.name == "cover.wav"


def test_folders_of_one_cover_each_are_of_one_song_whatever_they_are_called(tmp_path):
    first, second = find_versions([make_cover(tmp_path / "seed 1"), make_cover(tmp_path / "seed 2")])
    assert first.song == second.song == "One song"


def test_folders_of_covers_meet_by_the_names_of_their_songs(tmp_path):
    for system in ("base", "refined"):
        for song in ("one", "two"):
            make_cover(tmp_path / system / song)
    assert [one.song for one in find_versions([tmp_path / "base", tmp_path / "refined"])] == ["one", "two"] * 2


def test_folders_of_one_name_are_told_apart(tmp_path):
    paths = [make_cover(tmp_path / where / "song") for where in ("ragtime", "waltz")]
    assert [one.system for one in find_versions(paths)] == ["ragtime/song", "waltz/song"]


def test_a_named_source_stands_before_what_the_cover_says(tmp_path, folders):
    versions = find_versions(folders, tmp_path / "songs")
    assert {one.song for one in versions if one.source} == {"Amazing"}


def test_songs_that_nobody_shares_are_refused(tmp_path):
    for system, songs in (("a", "xy"), ("b", "zw")):
        for song in songs:
            write_tone(tmp_path / system / f"{song}.wav", 440.0, 0.1)
    with pytest.raises(InputError, match="No two of these folders"):
        find_versions([tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize("wrong", ["missing", "twice", "empty", "no sources"])
def test_folders_that_cannot_be_compared_are_refused(tmp_path, folders, wrong):
    (tmp_path / "empty").mkdir()
    asked = {"missing": [tmp_path / "nowhere"], "twice": [folders[0]], "empty": [tmp_path / "empty"]}.get(wrong, [])
    with pytest.raises((UsageError, InputError)):
        find_versions([folders[0], *asked], tmp_path / "nothing" if wrong == "no sources" else None)
