import math

import pytest
import torch

from symbolic_cover.arrangement.conditioning import IGNORED_LABEL
from symbolic_cover.refining.dpo import collate, divergence, dpo_loss, log_probs_of, reference_of


def test_the_loss_by_hand():
    # chosen gained 2 nats on the reference, rejected lost 1: margin 3; beta .5: -log sigmoid(1.5) = .2014
    loss, margins = dpo_loss(torch.tensor([-8.0, -21.0]), torch.tensor([-10.0, -20.0]), beta=0.5)
    assert margins.tolist() == [3.0]
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1.5)), abs=1e-6)


def test_a_model_that_is_its_reference_loses_log_two():
    log_probs = torch.tensor([-5.0, -7.0, -9.0, -2.0])
    loss, margins = dpo_loss(log_probs, log_probs, beta=0.1)
    assert margins.tolist() == [0.0, 0.0]
    assert float(loss) == pytest.approx(math.log(2))


class Fixed(torch.nn.Module):
    """A model whose next token has probabilities 1/2, 1/4, 1/4, whatever came before."""

    def forward(self, input_ids):
        logits = torch.log(torch.tensor([0.5, 0.25, 0.25])).expand(*input_ids.shape, 3)
        return type("Output", (), {"logits": logits})


def test_only_labels_count_and_each_is_told_from_the_token_before():
    ids, labels = collate([([0, 1, 2], [IGNORED_LABEL, 0, 1]), ([0, 1], [IGNORED_LABEL, 2])], pad=0)
    assert ids.tolist() == [[0, 1, 2], [0, 1, 0]]
    found = log_probs_of(Fixed(), ids, labels)
    assert found.tolist() == pytest.approx([math.log(0.5) + math.log(0.25), math.log(0.25)])


def test_padding_changes_nothing(tiny_checkpoint, preferences):
    together = reference_of(tiny_checkpoint.model, preferences)
    alone = torch.cat([reference_of(tiny_checkpoint.model, [one]) for one in preferences])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=1e-4)


def test_a_model_does_not_diverge_from_itself(tiny_checkpoint, preferences):
    assert divergence(tiny_checkpoint.model, tiny_checkpoint.model, preferences[:2]) == pytest.approx(0.0, abs=1e-6)
