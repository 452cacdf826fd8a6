"""Models that two lessons need, one a file, each readable from top to bottom.

Importing this package imports no framework; a model's file is imported when the model
is first asked for.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "CNN": "cnn",
    "DecoderLayer": "transformer_layers",
    "EncoderLayer": "transformer_layers",
    "GPT": "gpt",
    "GRU": "recurrent",
    "LSTM": "recurrent",
    "MLP": "mlp",
    "MultiHeadAttention": "attention",
    "RNN": "recurrent",
    "TextCNN": "text_cnn",
    "Transformer": "transformer",
    "TransformerDecoder": "transformer",
    "TransformerEncoder": "transformer",
    "scaled_dot_product_attention": "attention",
    "sinusoidal_positions": "positions",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"bmkit.models.{_HOME[name]}"), name)
    raise AttributeError(f"module 'bmkit.models' has no attribute {name!r}")
