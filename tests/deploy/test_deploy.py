"""Bundles come back as they went, and damaged ones are refused."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from bmkit.deploy import Bundle, BundleError, load, save

WORDS = ["", "?", "球", "赛"]


@pytest.fixture
def bundle(tmp_path):
    weights = {"weight": torch.arange(6.0).reshape(2, 3), "bias": np.array([1.0, -2.0])}
    return save(
        tmp_path / "a.bundle",
        weights,
        vocabulary=WORDS,
        configuration={"classes": ["体育", "娱乐"], "length": 3},
    )


def test_comes_back_as_it_went(bundle):
    found = load(bundle)
    assert found.vocabulary == WORDS
    assert found.configuration == {"classes": ["体育", "娱乐"], "length": 3}
    np.testing.assert_array_equal(found.weights["weight"], [[0, 1, 2], [3, 4, 5]])
    assert found.weights["weight"].dtype == np.float32
    assert not list(bundle.parent.glob("*.part"))


def test_a_module_gives_identical_outputs(tmp_path):
    torch.manual_seed(0)
    one, other = nn.Linear(5, 3), nn.Linear(5, 3)
    x = torch.randn(4, 5)
    path = save(
        tmp_path / "m.bundle", one.state_dict(), vocabulary=[], configuration={}
    )
    rebuilt = load(path).into(other.train())
    assert torch.equal(rebuilt(x), one(x))
    assert not rebuilt.training


def test_weights_of_another_shape_are_refused(bundle):
    with pytest.raises(BundleError, match="do not fit"):
        load(bundle).into(nn.Linear(4, 2))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_changed_byte_is_noticed_or_harmless(bundle, place):
    before = load(bundle)
    raw = bytearray(bundle.read_bytes())
    raw[int(len(raw) * place)] ^= 0xFF
    bundle.write_bytes(raw)
    try:
        after = load(bundle)
    except BundleError:
        return
    assert after.vocabulary == before.vocabulary
    for name, weight in before.weights.items():
        np.testing.assert_array_equal(after.weights[name], weight)


def test_cut_off_files_are_refused(bundle):
    raw = bundle.read_bytes()
    for share in (0.0, 0.3, 0.99):
        bundle.write_bytes(raw[: int(len(raw) * share)])
        with pytest.raises(BundleError, match="damaged"):
            load(bundle)


def rewrite(path, about=None, weights=None):
    with zipfile.ZipFile(path) as archive:
        old_about = json.loads(archive.read("bundle.json"))
        old_weights = archive.read("weights.npz")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", json.dumps({**old_about, **(about or {})}))
        archive.writestr("weights.npz", weights or old_weights)


def test_exchanged_weights_are_refused(bundle):
    rewrite(bundle, weights=b"not these")
    with pytest.raises(BundleError, match="not those saved"):
        load(bundle)


def test_a_newer_format_is_refused(bundle):
    rewrite(bundle, about={"format": 99})
    with pytest.raises(BundleError, match="newer"):
        load(bundle)


def test_another_zip_is_refused(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BundleError, match="not a bundle"):
        load(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.bundle")


def test_objects_are_never_stored(tmp_path):
    with pytest.raises(TypeError, match="no array of numbers"):
        save(
            tmp_path / "b",
            {"w": np.array([{}], dtype=object)},
            vocabulary=[],
            configuration={},
        )
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(bundle):
    raw = bundle.read_bytes()
    with pytest.raises(TypeError):
        save(bundle, {}, vocabulary=[], configuration={"f": object()})
    assert bundle.read_bytes() == raw


def test_the_weights_are_copied_into_the_module():
    weights = {
        "weight": np.ones((1, 1), np.float32),
        "bias": np.zeros(1, np.float32),
    }
    layer = Bundle(weights, [], {}).into(nn.Linear(1, 1))
    with torch.no_grad():
        layer.weight.fill_(7)
    assert weights["weight"][0, 0] == 1
