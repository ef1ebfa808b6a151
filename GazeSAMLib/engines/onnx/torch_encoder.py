"""Segment Anything's image encoder in a form that exports and runs well.

The same weights and the same mathematics as Meta's ``ImageEncoderViT``, but global attention is
computed for some rows of the image after the other: attention of all to all at once, 12 heads of
4096 x 4096, is 800 MB at a time, several times over, and waits for memory.
"""

from typing import TYPE_CHECKING

from GazeSAMLib.engines.torch_runtime.imports import import_torch

if TYPE_CHECKING:
    from torch import Tensor, nn

TOKENS_AT_A_TIME = 256
"""Attention is computed for about so many tokens at a time."""


def exportable_encoder(encoder: "nn.Module") -> "nn.Module":
    """Return a module that embeds what `encoder` embeds; another kind of encoder as it is."""
    torch = import_torch()
    from segment_anything.modeling import ImageEncoderViT
    from segment_anything.modeling.image_encoder import get_rel_pos

    if type(encoder) is not ImageEncoderViT:
        return encoder.eval()

    class Encoder(torch.nn.Module):  # type: ignore[misc, name-defined] # torch is not followed
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            for number, block in enumerate(encoder.blocks):
                side = block.window_size or encoder.img_size // encoder.patch_embed.proj.stride[0]
                for axis in "hw":
                    table = getattr(block.attn, f"rel_pos_{axis}")
                    distances = get_rel_pos(side, side, table).transpose(1, 2).contiguous()
                    self.register_buffer(f"distances_{number}_{axis}", distances)

        def forward(self, image: "Tensor") -> "Tensor":
            tokens = self.encoder.patch_embed(image)
            if self.encoder.pos_embed is not None:
                tokens = tokens + self.encoder.pos_embed
            for number, block in enumerate(self.encoder.blocks):
                distances = [getattr(self, f"distances_{number}_{axis}") for axis in "hw"]
                tokens = tokens + _attended(block, block.norm1(tokens), distances)
                tokens = tokens + block.mlp(block.norm2(tokens))
            first, first_norm, second, second_norm = self.encoder.neck
            tokens = tokens @ first.weight.flatten(1).T
            features = second(_normalised(tokens, first_norm).permute(0, 3, 1, 2))
            return _normalised(features.permute(0, 2, 3, 1), second_norm).permute(0, 3, 1, 2)

    return Encoder().eval()


def _normalised(values: "Tensor", norm: "nn.Module") -> "Tensor":
    """Return what ``LayerNorm2d`` does, of channels that come last."""
    layer_norm = import_torch().nn.functional.layer_norm
    normalised: Tensor = layer_norm(values, values.shape[-1:], norm.weight, norm.bias, norm.eps)
    return normalised


def _attended(block: "nn.Module", tokens: "Tensor", distances: "list[Tensor]") -> "Tensor":
    """Return a block's attention, within windows where it has some; see :func:`_attention`."""
    from segment_anything.modeling.image_encoder import window_partition, window_unpartition

    if block.window_size == 0:
        return _attention(block.attn, tokens, distances)
    height, width = tokens.shape[1:3]
    windows, padded = window_partition(tokens, block.window_size)
    windows = _attention(block.attn, windows, distances)
    attended: Tensor = window_unpartition(windows, block.window_size, padded, (height, width))
    return attended


def _attention(attention: "nn.Module", tokens: "Tensor", distances: "list[Tensor]") -> "Tensor":
    """Return the attention of tokens to each other.

    Parameters
    ----------
    attention : torch.nn.Module
        Meta's.
    tokens : Tensor, shape (B, rows, columns, channels)
        Of an image or of windows.
    distances : list of two Tensor, shape (side, channels of a head, side)
        What rows add, and what columns add.
    """
    count, height, width, channels = tokens.shape
    heads = attention.num_heads
    joined = attention.qkv(tokens).reshape(count, height, width, 3, heads, -1)
    q, k, v = joined.permute(3, 0, 4, 1, 2, 5).unbind(0)  # (B, heads, rows, columns, head)
    # Without reshaping around these products: onnxscript takes it away, though it changes them.
    by_row = q @ distances[0]
    by_column = (q.transpose(2, 3) @ distances[1]).transpose(2, 3)
    scaled = q * attention.scale
    few = height + width <= scaled.shape[-1]
    attend = _with_more_columns if few else _in_parts
    attended = attend(scaled, k.flatten(2, 3), v.flatten(2, 3), by_row, by_column)
    joined = attended.transpose(1, 2).reshape(count, height, width, channels)
    projected: Tensor = attention.proj(joined)
    return projected


def _with_more_columns(
    q: "Tensor", keys: "Tensor", values: "Tensor", by_row: "Tensor", by_column: "Tensor"
) -> "Tensor":
    """Attend with what rows and columns add as more columns of queries and keys.

    A key has a one for its row and for its column. That spares writing the scores twice more,
    and costs more multiplications: right for the few rows and columns of a window.
    """
    torch = import_torch()
    count, heads, height, width, _ = q.shape
    rows, columns = (torch.eye(side) for side in (height, width))
    places = torch.cat(
        (rows.repeat_interleave(width, dim=0), columns.repeat(height, 1)), dim=1
    ).expand(count, heads, -1, -1)
    queries = torch.cat((q, by_row, by_column), dim=-1).flatten(2, 3)
    scores = queries @ torch.cat((keys, places), dim=-1).transpose(2, 3)
    attended: Tensor = scores.softmax(dim=-1) @ values
    return attended


def _in_parts(
    q: "Tensor", keys: "Tensor", values: "Tensor", by_row: "Tensor", by_column: "Tensor"
) -> "Tensor":
    """Attend for some rows of the image after the other."""
    height, width = q.shape[2:4]
    step = max(TOKENS_AT_A_TIME // width, 1)
    answering = keys.transpose(2, 3)
    parts = []
    for first in range(0, height, step):
        some = slice(first, min(first + step, height))
        # (B, heads, tokens that ask, tokens that answer)
        scores = q[:, :, some].flatten(2, 3) @ answering
        scores = scores.unflatten(3, (height, width))
        scores = scores + by_row[:, :, some].flatten(2, 3).unsqueeze(-1)
        scores = scores + by_column[:, :, some].flatten(2, 3).unsqueeze(-2)
        parts.append(scores.flatten(3).softmax(dim=-1) @ values)
    attended: Tensor = import_torch().cat(parts, dim=2)
    return attended
