import pytest

from symbolic_cover.arrangement.adopted import adopt, revert
from symbolic_cover.arrangement.checkpoint import SHIPPED, find_checkpoint
from symbolic_cover.core.errors import UsageError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBOLIC_COVER_CHECKPOINTS", str(tmp_path / "home"))


def test_what_was_adopted_last_makes_the_covers_until_it_is_taken_back(home):
    shipped = find_checkpoint()
    first, second = adopt(shipped), adopt(shipped)
    assert find_checkpoint() == second
    revert()
    assert find_checkpoint() == first
    revert()
    assert find_checkpoint() == shipped
    with pytest.raises(UsageError, match="No refined checkpoint"):
        revert()


def test_a_style_that_the_adopted_one_does_not_know_is_the_shipped_ones(home):
    adopt(SHIPPED / "arranger-small")
    assert find_checkpoint(style="no-such-style") is None


def test_only_a_checkpoint_is_adopted(home, tmp_path):
    with pytest.raises(UsageError, match="no checkpoint"):
        adopt(tmp_path)
