"""A check computes as usual, whatever the notebook has set."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import bmkit as bm
from bmkit.lab.usual_settings import default_dtype, forget_missing_device, usual


@pytest.fixture
def settings():
    """PyTorch's and NumPy's settings, put back afterwards."""
    with warnings.catch_warnings(), np.errstate():
        yield
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)


def spoil() -> None:
    """What a notebook may have set."""
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    np.seterr(all="raise")
    warnings.simplefilter("error")


@pytest.mark.filterwarnings("ignore:loud", "ignore:overflow")
def test_a_check_computes_as_usual_and_leaves_the_settings(settings):
    spoil()
    done = []

    @bm.expect.at_once("nothing")
    def _check() -> None:
        x = torch.ones(2, requires_grad=True)
        bm.expect.gradient(x * 2, x)
        bm.expect.close(x, torch.tensor([1.0, 1.0]))
        assert np.isinf(np.exp(np.float64(1e4)))
        warnings.warn("loud", stacklevel=1)
        done.append(x)

    assert done and not torch.is_grad_enabled()
    assert torch.get_default_device().type == "meta"
    with pytest.raises(UserWarning):
        warnings.warn("loud", stacklevel=1)


def test_a_type_of_number_is_chosen_and_put_back(settings):
    torch.set_default_dtype(torch.float64)
    with usual("float32"):
        assert default_dtype() == "float32"
    assert default_dtype() == "float64"
    with usual():
        assert default_dtype() == "float64"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_forgotten(settings):
    torch.set_default_device("cuda")
    with usual():
        assert torch.ones(1).device.type == "cpu"
    forget_missing_device()
    assert torch.ones(1).device.type == "cpu"
