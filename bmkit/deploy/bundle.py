"""One file that holds all a classifier needs: weights, vocabulary, configuration.

The file is a zip of ``bundle.json`` and ``weights.npz``. Neither can hold code: JSON
and plain arrays alone are read, never a pickle, so a file from elsewhere can at worst
be refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

from bmkit import atomic
from bmkit.errors import BmkitError

FORMAT = 1
Module = TypeVar("Module", bound="nn.Module")


class BundleError(BmkitError, ValueError):
    """A file is no bundle, is damaged, or is of a newer format."""


@dataclass(frozen=True)
class Bundle:
    """What `load` gives back.

    Attributes:
        weights: arrays by name, as the model calls them.
        vocabulary: the tokens, a token's number being its place.
        configuration: whatever else rebuilds the model: sizes, names of classes.
    """

    weights: dict[str, NDArray[Any]]
    vocabulary: list[str]
    configuration: dict[str, Any]

    def into(self, model: Module) -> Module:
        """Copy the weights into a PyTorch module, put it in evaluation mode, return it.

        Raises:
            BundleError: the model's weights have other names or shapes.
        """
        import torch

        tensors = {name: torch.from_numpy(w.copy()) for name, w in self.weights.items()}
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise BundleError(f"the weights do not fit this model: {reason}") from None
        return model.eval()


def save(
    path: str | Path,
    weights: Mapping[str, object],
    *,
    vocabulary: Sequence[str],
    configuration: Mapping[str, Any],
) -> Path:
    """Write a bundle; an existing file is replaced only when the new one is complete.

    Args:
        path: the file to write.
        weights: arrays or tensors by name, such as ``model.state_dict()``.
        vocabulary: the tokens, in the order of their numbers.
        configuration: what JSON can hold.

    Raises:
        TypeError: the configuration holds what JSON cannot, or a weight is no array
            of numbers.
    """
    path = Path(path)
    arrays = {name: _array(name, value) for name, value in weights.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    about = {
        "format": FORMAT,
        "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "vocabulary": list(vocabulary),
        "configuration": dict(configuration),
    }
    text = json.dumps(about, ensure_ascii=False, indent=1)
    with (
        atomic.draft(path) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr("bundle.json", text)
        archive.writestr("weights.npz", buffer.getvalue())
    return path


def load(path: str | Path) -> Bundle:
    """Read a bundle that `save` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        BundleError: the file is no bundle, is damaged, or is of a newer format.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("bundle.json"))
            raw = archive.read("weights.npz")
    except FileNotFoundError:
        raise
    except KeyError:
        raise BundleError(f"{path.name} is a zip, but not a bundle of ours") from None
    # zlib.error and EOFError come from a member whose bytes were cut or changed.
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, zlib.error):
        raise BundleError(f"{path.name} is damaged or is not a bundle") from None
    parts = {"format", "sha256", "vocabulary", "configuration"}
    if not isinstance(about, dict) or not about.keys() >= parts:
        raise BundleError(f"{path.name} is a zip, but not a bundle of ours")
    if about["format"] > FORMAT:
        raise BundleError(f"{path.name} was written by a newer bmkit: update bmkit")
    if hashlib.sha256(raw).hexdigest() != about["sha256"]:
        raise BundleError(f"{path.name} is damaged: its weights are not those saved")
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        weights = {name: arrays[name] for name in arrays.files}
    return Bundle(weights, about["vocabulary"], about["configuration"])


def _array(name: str, value: object) -> NDArray[Any]:
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"weight {name!r} is no array of numbers")
    return array
