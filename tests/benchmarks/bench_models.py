"""Training `bmkit.models`' GPT against the same net of PyTorch's own modules.

    python -m tests.benchmarks.bench_models [STEPS]

nanoGPT's small configuration (4 layers, 4 heads, 128 wide, 64 places, batches of 12):
once as `bmkit.models.GPT`, once with `nn.TransformerEncoderLayer` and a causal mask.
Same batches, same optimizer, same start; they take turns, some steps at a time.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bmkit.models import GPT
from tests.benchmarks import load

VOCABULARY, CONTEXT, BATCH = 65, 64, 12
D, HEADS, LAYERS = 128, 4, 4
ROUNDS = 8


class OfPyTorchs(nn.Module):
    """The same language model, put together from PyTorch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, D)
        self.places = nn.Embedding(CONTEXT, D)
        layer = nn.TransformerEncoderLayer(
            D, HEADS, 4 * D, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(
            layer, LAYERS, nn.LayerNorm(D), enable_nested_tensor=False
        )
        mask = nn.Transformer.generate_square_subsequent_mask(CONTEXT)
        self.register_buffer("mask", mask)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits, (batch, n, vocabulary), of ids, (batch, n)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.tokens(ids) + self.places(places)
        x = self.blocks(x, mask=self.mask, is_causal=True)
        return x @ self.tokens.weight.T


def same_start(ours: GPT, theirs: OfPyTorchs) -> None:
    """Give PyTorch's modules our weights."""
    theirs.tokens.load_state_dict(ours.tokens.state_dict())
    theirs.places.load_state_dict(ours.places.state_dict())
    theirs.blocks.norm.load_state_dict(ours.norm.state_dict())
    for block, layer in zip(ours.blocks, theirs.blocks.layers, strict=True):
        pairs = {
            "self_attn.in_proj_": block.attention.project,
            "self_attn.out_proj.": block.attention.output,
            "linear1.": block.wide,
            "linear2.": block.narrow,
            "norm1.": block.norm1,
            "norm2.": block.norm2,
        }
        layer.load_state_dict(
            {
                f"{name}{part}": value
                for name, module in pairs.items()
                for part, value in module.state_dict().items()
            }
        )


def train(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Tensor) -> float:
    """One step for each of ``batches``, (steps, batch, n + 1); the last loss."""
    for ids in batches:
        optimizer.zero_grad(set_to_none=True)
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        optimizer.step()
    return loss.item()  # waits for a graphics card, too


def main(steps: int = 20) -> None:
    """Take turns, so that what else the machine does meets both alike."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    ours = GPT(VOCABULARY, CONTEXT, d=D, heads=HEADS, layers=LAYERS)
    theirs = OfPyTorchs()
    same_start(ours, theirs)
    models = {"bmkit.models.GPT": ours.to(device), "PyTorch's": theirs.to(device)}
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), lr=1e-3)
        for name, model in models.items()
    }
    text = torch.randint(VOCABULARY, (ROUNDS + 1, steps, BATCH, CONTEXT + 1))
    rates: dict[str, list[float]] = {name: [] for name in models}
    losses = dict.fromkeys(models, 0.0)
    for number, batches in enumerate(text.to(device)):
        for name, model in models.items():
            began = time.perf_counter()
            losses[name] = train(model, optimizers[name], batches)
            took = time.perf_counter() - began
            if number:  # the first round warms up
                rates[name].append(steps * BATCH * CONTEXT / took)
    print(f"{ROUNDS} rounds of {steps} steps on {device}, ", end="")
    print(f"{torch.get_num_threads()} threads, {load()}")
    for name, model in models.items():
        count = sum(weight.numel() for weight in model.parameters())
        rate = statistics.median(rates[name])
        print(f"{name:17} {rate:9,.0f} tokens/s", end="   ")
        print(f"{count:,} parameters, last loss {losses[name]:.4f}")
    ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
    print(f"ratio {statistics.median(ratios):.2f}", end=" ")
    print(f"({min(ratios):.2f} to {max(ratios):.2f} in single rounds)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
