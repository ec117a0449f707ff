"""The catalogue of datasets: complete, consistent, and honest about licences."""

import re

import pytest

from symbolic_cover.core.errors import UsageError
from symbolic_cover.library.catalogue import (
    ENSEMBLES,
    dump_dataset,
    find_dataset,
    load_catalogue,
    own_dataset,
    read_dataset,
)

KNOWN = load_catalogue()
#: Every style label in the index of the packed selections.
LABELS = {
    "pop909": "pop-piano",
    "pop909_cl": "pop-piano",
    "openscore_lieder": "lied",
    "openscore_quartets": "string-quartet",
    "openscore_orchestra": "orchestra orchestra-melody",
    "bach_chorales_cc0": "bach-chorale",
    "openhymnal": "hymn-satb",
    "openewld_pd": "leadsheet-song leadsheet-folk leadsheet-jazz",
    "freedoom": "videogame-rock",
    "groove_drums": "drums-funk drums-soul drums-hiphop drums-pop drums-rock drums-neworleans drums-dance drums-jazz "
    "drums-latin drums-afrocuban drums-reggae drums-country drums-gospel drums-punk drums-afrobeat drums-blues "
    "drums-middleeastern drums-highlife",
    "copyleft_openmsx": "boogie-blues-band game-band-mixed",
    "copyleft_simutrans": "game-band-mixed",
    "copyleft_nottingham": "folk-tune folk-hornpipe folk-jig folk-morris folk-playford folk-reel folk-slipjig "
    "folk-waltz folk-carol",
    "copyleft_mma_styles": "band-bluegrass band-bossa band-gypsyjazz band-march band-popballad band-ragtime band-rock "
    "band-salsa band-swing band-tango band-countrywaltz band-jazzwaltz band-viennesewaltz band-waltz",
    "chopin_first_editions": "romantic-piano",
    "polish_scores": "art-song-voice-piano salon-piano-19c choral-polyphony",
    "mutopia": "piano-other ragtime dance-piano march-piano hymn-satb folk-piano baroque-keyboard classical-guitar "
    "romantic-piano folk-song classical-piano choral organ strings voice-accompanied",
}


@pytest.mark.parametrize("name", KNOWN)
def test_an_entry_says_what_one_must_know(name):
    dataset = KNOWN[name]
    assert dataset.title
    assert dataset.source.startswith("http")
    assert dataset.licence
    assert dataset.attribution
    assert isinstance(dataset.weights, bool)
    assert isinstance(dataset.default, bool)
    assert dataset.archive or dataset.download or dataset.note
    assert bool(dataset.archive) == bool(re.fullmatch(r"[0-9a-f]{64}", dataset.sha256))
    assert not dataset.download_sha256 or re.fullmatch(r"[0-9a-f]{64}", dataset.download_sha256)
    assert not dataset.companion_of or dataset.companion_of in KNOWN
    assert dataset.styles or dataset.companion_of
    assert not dataset.label or dataset.label in dataset.styles
    for placement in filter(None, dataset.styles.values()):
        assert re.fullmatch(r"[a-z-]+", placement.style)
        assert placement.ensemble == ENSEMBLES[placement.layout] != ""


def test_what_is_in_the_default_mix_may_be_given_away():
    for dataset in KNOWN.values():
        if dataset.default:
            assert dataset.weights, dataset.name
        if "NC" in dataset.licence or "unclear" in f"{dataset.licence} {dataset.note}".lower():
            assert not dataset.weights, dataset.name
            assert not dataset.default, dataset.name


def test_every_label_is_placed():
    for name, labels in LABELS.items():
        assert set(labels.split()) <= set(KNOWN[name].styles), name


def test_an_ensemble_belongs_to_a_style():
    ensembles: dict[str, set[str]] = {}
    for dataset in KNOWN.values():
        for placement in filter(None, dataset.styles.values()):
            ensembles.setdefault(placement.style, set()).add(placement.ensemble)
    assert all(len(found) == 1 for found in ensembles.values()), ensembles


def test_melody_files_are_no_pieces_of_their_own():
    orchestra = KNOWN["openscore_orchestra"]
    assert orchestra.styles["orchestra-melody"] is None
    assert orchestra.style_names == ["orchestra"]


def test_a_dataset_survives_being_written_down():
    for dataset in KNOWN.values():
        assert read_dataset(dataset.name, dump_dataset(dataset)) == dataset


def test_a_dataset_of_ones_own_knows_the_styles_of_the_catalogue():
    own = own_dataset("mine", "mine", "/songs", "own use", ["pop-piano", "swing", "shanty"])
    assert {label: placement.ensemble for label, placement in own.styles.items()} == {
        "pop-piano": "solo-piano", "swing": "band", "shanty": ""
    }  # fmt: skip
    assert own.styles["pop-piano"].layout == "piano"
    assert not own.weights
    assert read_dataset("mine", dump_dataset(own)) == own


def test_an_unknown_name_says_where_names_are():
    with pytest.raises(UsageError, match="collect ls"):
        find_dataset("nothing")
