"""Training `bmkit.models`' GPT against the same net of PyTorch's own modules.

    python -m tests.benchmarks.bench_models [STEPS]

nanoGPT's small configuration (4 layers, 4 heads, width 128, 64 positions, batch of 12):
once as `bmkit.models.GPT`, once with `nn.TransformerEncoderLayer` and a causal mask.
Same batches, same optimizer, same start; they take turns, some steps at a time.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bmkit.models import GPT
from tests.benchmarks import asked, load

VOCAB_SIZE, CONTEXT_LENGTH, BATCH_SIZE = 65, 64, 12
D_MODEL, N_HEADS, N_LAYERS = 128, 4, 4
ROUNDS = 8


class OfPyTorchs(nn.Module):
    """The same language model, put together from PyTorch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(VOCAB_SIZE, D_MODEL)
        self.position_embedding = nn.Embedding(CONTEXT_LENGTH, D_MODEL)
        layer = nn.TransformerEncoderLayer(
            D_MODEL,
            N_HEADS,
            4 * D_MODEL,
            0.0,
            "gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(
            layer, N_LAYERS, nn.LayerNorm(D_MODEL), enable_nested_tensor=False
        )
        mask = nn.Transformer.generate_square_subsequent_mask(CONTEXT_LENGTH)
        self.register_buffer("mask", mask)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits, (batch, n, vocab_size), of ids, (batch, n)."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.token_embedding(ids) + self.position_embedding(positions)
        x = self.blocks(x, mask=self.mask, is_causal=True)
        return x @ self.token_embedding.weight.T


def same_start(ours: GPT, theirs: OfPyTorchs) -> None:
    """Give PyTorch's modules our weights."""
    theirs.token_embedding.load_state_dict(ours.token_embedding.state_dict())
    theirs.position_embedding.load_state_dict(ours.position_embedding.state_dict())
    theirs.blocks.norm.load_state_dict(ours.norm.state_dict())
    for block, layer in zip(ours.blocks, theirs.blocks.layers, strict=True):
        pairs = {
            "self_attn.in_proj_": block.attention.qkv,
            "self_attn.out_proj.": block.attention.proj,
            "linear1.": block.fc,
            "linear2.": block.proj,
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
    ours = GPT(
        VOCAB_SIZE, CONTEXT_LENGTH, d_model=D_MODEL, n_heads=N_HEADS, n_layers=N_LAYERS
    )
    theirs = OfPyTorchs()
    same_start(ours, theirs)
    models = {"bmkit.models.GPT": ours.to(device), "PyTorch's": theirs.to(device)}
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), lr=1e-3)
        for name, model in models.items()
    }
    text = torch.randint(
        VOCAB_SIZE, (ROUNDS + 1, steps, BATCH_SIZE, CONTEXT_LENGTH + 1)
    )
    rates: dict[str, list[float]] = {name: [] for name in models}
    losses = dict.fromkeys(models, 0.0)
    for number, batches in enumerate(text.to(device)):
        for name, model in models.items():
            began = time.perf_counter()
            losses[name] = train(model, optimizers[name], batches)
            took = time.perf_counter() - began
            if number:  # the first round warms up
                rates[name].append(steps * BATCH_SIZE * CONTEXT_LENGTH / took)
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
    main(asked(20))
