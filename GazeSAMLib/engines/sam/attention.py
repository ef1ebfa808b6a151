"""Fused attention for the image encoder of Segment Anything.

Meta's own attention writes down every score of every pair of tokens, several times: 805 MB a time
for vit_b's global blocks. Here the scores stay within torch's fused kernel. The relative
positions, which are added to them, go in as a bias of one head after another on processors; on
graphics cards as more columns of queries and keys, because a bias would have to be written down
there for all heads. The result is the same but for the rounding of sums.
"""

from types import MethodType
from typing import Any

from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything, import_torch

BIAS_BYTES = 96 * 2**20
"""About so much of the bias is written down at a time."""


def fuse_attention(image_encoder: Any) -> Any:  # noqa: ANN401 - a torch module
    """Return the image encoder of ``segment_anything``, its attention replaced in place."""
    import_segment_anything()
    for block in image_encoder.blocks:
        block.attn.forward = MethodType(_forward, block.attn)
    return image_encoder


def _forward(attention: Any, tokens: Any) -> Any:  # noqa: ANN401 - a torch module and tensors
    """Return what ``segment_anything.modeling.image_encoder.Attention`` does.

    `tokens` has shape (B, rows, columns, width).
    """
    batch, rows, columns, _ = tokens.shape
    heads, count = attention.num_heads, rows * columns
    joined = attention.qkv(tokens).reshape(batch, count, 3, heads, -1).permute(2, 0, 3, 1, 4)
    query, key, value = joined.unbind(0)
    by_row, by_column = _relative_positions(attention, query, rows, columns)
    attend = _with_columns if tokens.device.type == "cuda" else _with_bias
    seen = attend(query, key, value, by_row, by_column)
    return attention.proj(seen.transpose(1, 2).reshape(batch, rows, columns, -1))


def _relative_positions(attention: Any, query: Any, rows: int, columns: int) -> tuple[Any, Any]:  # noqa: ANN401
    """Return what each query adds for a key's row and for its column, (B, heads, tokens, n)."""
    torch = import_torch()
    from segment_anything.modeling.image_encoder import get_rel_pos

    batch, heads, count, width = query.shape
    grid = query.reshape(batch * heads, rows, columns, width)
    row_table = get_rel_pos(rows, rows, attention.rel_pos_h).to(query.dtype)
    column_table = get_rel_pos(columns, columns, attention.rel_pos_w).to(query.dtype)
    by_row = torch.einsum("bhwc,hkc->bhwk", grid, row_table)
    by_column = torch.einsum("bhwc,wkc->bhwk", grid, column_table)
    shape = (batch, heads, count, -1)
    return by_row.reshape(shape), by_column.reshape(shape)


def _with_bias(query: Any, key: Any, value: Any, by_row: Any, by_column: Any) -> Any:  # noqa: ANN401
    torch = import_torch()
    batch, heads, count, _ = query.shape
    at_once = max(1, BIAS_BYTES // (count * count * query.element_size()))
    flat = [part.reshape(batch * heads, 1, count, -1) for part in (query, key, value)]
    tall = by_row.reshape(batch * heads, count, -1, 1)
    wide = by_column.reshape(batch * heads, count, 1, by_column.shape[-1])
    seen = []
    for first in range(0, batch * heads, at_once):
        some = slice(first, first + at_once)
        bias = (tall[some] + wide[some]).reshape(-1, 1, count, count)
        q, k, v = (part[some] for part in flat)
        seen.append(torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias))
    return torch.cat(seen).reshape(query.shape)


def _with_columns(query: Any, key: Any, value: Any, by_row: Any, by_column: Any) -> Any:  # noqa: ANN401
    torch = import_torch()
    batch, heads, count, width = query.shape
    rows, columns = by_row.shape[-1], by_column.shape[-1]
    place = torch.arange(count, device=query.device)
    row_of, column_of = place // columns, place % columns
    where = torch.cat(
        [
            torch.nn.functional.one_hot(row_of, rows),
            torch.nn.functional.one_hot(column_of, columns),
        ],
        dim=1,
    ).to(query.dtype)
    queries = torch.cat((query * width**-0.5, by_row, by_column), -1)
    keys = torch.cat((key, where.expand(batch, heads, -1, -1)), -1)
    values = torch.nn.functional.pad(value, (0, rows + columns))
    seen = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, scale=1.0)
    return seen[..., :width]
