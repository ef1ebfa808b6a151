"""The two-way attention of Segment Anything's mask decoder for few tokens and many pixels.

Between T tokens (some ten) and N pixels (4096), Meta's layers first project all pixels. Products
can be taken in any order: here the few tokens are multiplied with the projections' weights, and
the pixels with the result. That is half of the work, and no pixel changes its place in memory.
"""

import math
from typing import TYPE_CHECKING

from GazeSAMLib.engines.torch_runtime.imports import import_torch

if TYPE_CHECKING:
    from torch import Tensor, nn


def exportable_two_way(transformer: "nn.Module", image_pe: "Tensor") -> "nn.Module":
    """Return a module that does what Meta's ``TwoWayTransformer`` does.

    It takes and gives tokens, shape (1, T, channels), and pixels, (N, channels).

    Parameters
    ----------
    transformer : torch.nn.Module
        Meta's.
    image_pe : Tensor, shape (N, channels)
        Positional encoding of the pixels.
    """
    torch = import_torch()

    class TwoWay(torch.nn.Module):  # type: ignore[misc, name-defined] # torch is not followed
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer
            self.register_buffer("image_pe", image_pe)
            asking = [layer.cross_attn_token_to_image for layer in transformer.layers]
            for number, one in enumerate((*asking, transformer.final_attn_token_to_image)):
                keys_pe = _by_head(one.k_proj.weight, one.num_heads) @ image_pe.T
                self.register_buffer(f"keys_pe_{number}", keys_pe)

        def forward(self, tokens: "Tensor", pixels: "Tensor") -> "tuple[Tensor, Tensor]":
            queries = tokens
            for number, layer in enumerate(self.transformer.layers):
                if layer.skip_first_layer_pe:
                    queries = layer.self_attn(q=queries, k=queries, v=queries)
                else:
                    asked = queries + tokens
                    queries = queries + layer.self_attn(q=asked, k=asked, v=queries)
                queries = layer.norm1(queries)
                queries = layer.norm2(queries + self._look(number, queries + tokens, pixels))
                queries = layer.norm3(queries + layer.mlp(queries))
                answered = _answer(
                    layer.cross_attn_image_to_token,
                    pixels + self.image_pe,
                    queries + tokens,
                    queries,
                )
                pixels = layer.norm4(pixels + answered)
            last = len(self.transformer.layers)
            queries = queries + self._look(last, queries + tokens, pixels)
            return self.transformer.norm_final_attn(queries), pixels

        def _look(self, number: int, asked: "Tensor", pixels: "Tensor") -> "Tensor":
            """Return what tokens see in the pixels, shape (1, T, channels)."""
            layers = self.transformer.layers
            last = number == len(layers)
            attention = (
                self.transformer.final_attn_token_to_image
                if last
                else layers[number].cross_attn_token_to_image
            )
            heads = attention.num_heads
            query = _heads_first(attention.q_proj(asked), heads)
            query = query / math.sqrt(query.shape[-1])
            # The keys' bias adds the same to all pixels, which makes no difference.
            by_channel = query @ _by_head(attention.k_proj.weight, heads)
            scores = by_channel @ pixels.T + query @ getattr(self, f"keys_pe_{number}")
            seen = scores.softmax(dim=-1) @ pixels  # (heads, T, channels)
            value = seen @ _by_head(attention.v_proj.weight, heads).transpose(1, 2)
            joined = value.transpose(0, 1).flatten(1) + attention.v_proj.bias
            return attention.out_proj(joined[None])

    return TwoWay().eval()


def _answer(attention: "nn.Module", asked: "Tensor", keys: "Tensor", values: "Tensor") -> "Tensor":
    """Return what pixels, (N, channels), see in the tokens, (1, T, channels)."""
    heads = attention.num_heads
    key = _heads_first(attention.k_proj(keys), heads)
    key = key / math.sqrt(key.shape[-1])
    by_channel = key @ _by_head(attention.q_proj.weight, heads)  # (heads, T, channels)
    same = key @ attention.q_proj.bias.reshape(heads, -1, 1)  # (heads, T, 1)
    scores = asked @ by_channel.flatten(0, 1).T + same.flatten()
    shares = scores.unflatten(1, (heads, -1)).softmax(dim=-1)
    value = _heads_first(attention.v_proj(values), heads)
    given = value @ attention.out_proj.weight.T.reshape(heads, value.shape[-1], -1)
    answered: Tensor = shares.flatten(1) @ given.flatten(0, 1) + attention.out_proj.bias
    return answered


def _by_head(weight: "Tensor", heads: int) -> "Tensor":
    """Return a projection's weights, shape (heads, channels of a head, channels)."""
    return weight.reshape(heads, -1, weight.shape[1])


def _heads_first(projected: "Tensor", heads: int) -> "Tensor":
    """Return tokens of shape (1, T, heads * c) as (heads, T, c)."""
    return projected[0].unflatten(1, (heads, -1)).transpose(0, 1)
