"""TextCNN against the same computation written out with loops."""

import numpy as np
import pytest
import torch

from bmkit.models.text_cnn import TextCNN


def by_hand(model, ids):
    """Features of one sentence, one number at a time."""
    x = model.embedding.weight[ids].detach().numpy()
    features = []
    for convolution in model.convolutions:
        weight = convolution.weight.detach().numpy()  # (filters, d, width)
        bias = convolution.bias.detach().numpy()
        width = weight.shape[2]
        for w, b in zip(weight, bias, strict=True):
            answers = [
                float((w * x[i : i + width].T).sum() + b)
                for i in range(len(x) - width + 1)
            ]
            features.append(max(0.0, *answers))
    return np.array(features)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return TextCNN(11, 4, embedding_dim=5, widths=(2, 3), filters=7).eval()


def test_features_are_those_by_hand(model):
    ids = torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 5, 0, 0, 0]])
    want = np.stack([by_hand(model, row) for row in ids])
    np.testing.assert_allclose(model.features(ids).detach(), want, atol=1e-5)
    assert model(ids).shape == (2, 4)
    torch.testing.assert_close(model(ids), model.output(model.features(ids)))


def test_feature_maps_have_a_position_for_each_window(model):
    shapes = [tuple(r.shape) for r in model.feature_maps(torch.ones(3, 6, dtype=int))]
    assert shapes == [(3, 7, 5), (3, 7, 4)]


def test_a_phrase_is_found_wherever_it_stands(model):
    early = torch.tensor([[0, 0, 0, 7, 8, 0, 0, 0, 0, 0]])
    late = torch.tensor([[0, 0, 0, 0, 0, 7, 8, 0, 0, 0]])
    torch.testing.assert_close(model(early), model(late))


def test_padding_stays_zero_in_training(model):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    loss = model(torch.tensor([[1, 2, 3, 0, 0]])).square().sum()
    loss.backward()
    optimizer.step()
    assert not model.embedding.weight[0].any()


def test_a_sentence_shorter_than_a_filter_is_refused(model):
    with pytest.raises(ValueError, match="pad them"):
        model(torch.tensor([[1, 2]]))


@pytest.mark.parametrize("wrong", [{"widths": ()}, {"widths": (0,)}, {"filters": 0}])
def test_sizes_are_checked(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        TextCNN(11, 4, **wrong)
