"""The shape of a Segment Anything model, read off its weights.

Nothing but the tensors' shapes says what a checkpoint is: file names lie, and MedSAM and many
fine-tuned models share the architecture of vit_b, vit_l or vit_h.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from GazeSAMLib.engines.sam.adapter import add_adapters
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from GazeSAMLib.errors import CheckpointError

_ADAPTER = "image_encoder.blocks.0.Adapter.channel.0.weight"
_NAMES = {(768, 12): "vit_b", (1024, 24): "vit_l", (1280, 32): "vit_h"}


@dataclass(frozen=True, slots=True)
class SamArchitecture:
    """What distinguishes one Segment Anything model from another.

    Attributes
    ----------
    width, depth, heads : int
        Of the image encoder: channels, blocks, attention heads.
    global_blocks : tuple of int
        Blocks that attend to the whole image; the others attend within windows.
    window : int
        Side of an attention window in tokens.
    patch_px : int
        Side of a token in pixels.
    image_px : int
        Side of the square input.
    adapter : int
        Hidden channels of the adapters that SAM-Med2D adds to every block; 0 without them.
    """

    width: int
    depth: int
    heads: int
    global_blocks: tuple[int, ...]
    window: int
    patch_px: int
    image_px: int
    adapter: int = 0

    @property
    def name(self) -> str:
        """``vit_b``, ``vit_l``, ``vit_h``, or a description of another size."""
        size = f"vit of width {self.width}, {self.depth} deep"
        known = _NAMES.get((self.width, self.depth), size)
        return f"{known} with adapters" if self.adapter else known

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]]) -> "SamArchitecture":
        """Read the architecture off the shapes of a checkpoint's tensors.

        Raises
        ------
        CheckpointError
            If they are not those of a Segment Anything model; names the tensor that is missing
            or has another shape.
        """
        try:
            _, tokens, _, width = shapes["image_encoder.pos_embed"]
            patch_px = shapes["image_encoder.patch_embed.proj.weight"][-1]
            depth = 0
            sides = []
            while f"image_encoder.blocks.{depth}.attn.rel_pos_h" in shapes:
                length, head = shapes[f"image_encoder.blocks.{depth}.attn.rel_pos_h"]
                sides.append((length + 1) // 2)
                depth += 1
            if depth == 0:
                raise KeyError("image_encoder.blocks.0.attn.rel_pos_h")
            heads = width // head
            adapter = shapes[_ADAPTER][0] if _ADAPTER in shapes else 0
        except KeyError as error:
            raise CheckpointError(
                f"it is not a Segment Anything checkpoint: it has no tensor {error}"
            ) from error
        except (ValueError, IndexError, ZeroDivisionError) as error:
            raise CheckpointError(
                "it is not a Segment Anything checkpoint: its image encoder's tensors have other "
                f"dimensions ({error})"
            ) from error
        global_blocks = tuple(i for i, side in enumerate(sides) if side == tokens)
        image_px = int(tokens) * int(patch_px)
        return cls(width, depth, heads, global_blocks, min(sides), patch_px, image_px, int(adapter))

    def build(self, device: str = "cpu") -> Any:  # noqa: ANN401 - a torch module
        """Return a ``segment_anything`` model of this shape; ``meta`` allocates no weights."""
        import_segment_anything()
        import torch
        from segment_anything.modeling import (
            ImageEncoderViT,
            MaskDecoder,
            PromptEncoder,
            Sam,
            TwoWayTransformer,
        )

        channels = 256
        tokens = self.image_px // self.patch_px
        with torch.device(device):
            model = Sam(
                image_encoder=ImageEncoderViT(
                    depth=self.depth,
                    embed_dim=self.width,
                    img_size=self.image_px,
                    mlp_ratio=4,
                    norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
                    num_heads=self.heads,
                    patch_size=self.patch_px,
                    qkv_bias=True,
                    use_rel_pos=True,
                    global_attn_indexes=self.global_blocks,
                    window_size=self.window,
                    out_chans=channels,
                ),
                prompt_encoder=PromptEncoder(
                    embed_dim=channels,
                    image_embedding_size=(tokens, tokens),
                    input_image_size=(self.image_px, self.image_px),
                    mask_in_chans=16,
                ),
                mask_decoder=MaskDecoder(
                    num_multimask_outputs=3,
                    transformer=TwoWayTransformer(
                        depth=2, embedding_dim=channels, mlp_dim=2048, num_heads=8
                    ),
                    transformer_dim=channels,
                    iou_head_depth=3,
                    iou_head_hidden_dim=256,
                ),
            )
            if self.adapter:
                add_adapters(model.image_encoder, self.adapter)
        return model.eval()
