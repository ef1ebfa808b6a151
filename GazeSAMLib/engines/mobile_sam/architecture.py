"""The shape of a MobileSAM, read off its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GazeSAMLib.engines.mobile_sam.encoder import (
    BLOCKS,
    CHANNELS,
    HEAD_CHANNELS,
    IMAGE_PX,
    PATCH_PX,
    build_encoder,
)
from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything, import_torch
from GazeSAMLib.errors import CheckpointError

PUBLISHED = (64, 128, 160, 320)
"""Channels of the stages of the model that its authors publish."""

_OF_WIDTHS = (
    "image_encoder.patch_embed.seq.2.c.weight",
    *(f"image_encoder.layers.{stage}.downsample.conv3.c.weight" for stage in range(3)),
)


@dataclass(frozen=True, slots=True)
class MobileSamArchitecture(SamArchitecture):
    """What distinguishes one MobileSAM from another; width and heads are the last stage's.

    Attributes
    ----------
    widths : tuple of int
        Channels of the four stages, multiples of 32.
    """

    widths: tuple[int, ...] = PUBLISHED

    @property
    def name(self) -> str:
        """``mobile_sam``, or a description of another size."""
        if self.widths == PUBLISHED:
            return "mobile_sam"
        return f"mobile_sam of widths {', '.join(map(str, self.widths))}"

    @classmethod
    def of_widths(cls, widths: tuple[int, ...]) -> "MobileSamArchitecture":
        """Return the architecture with stages of these channels."""
        heads = widths[-1] // HEAD_CHANNELS
        return cls(widths[-1], sum(BLOCKS), heads, (), 7, PATCH_PX, IMAGE_PX, widths=widths)

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]]) -> "MobileSamArchitecture":
        """Read the architecture off the shapes of a checkpoint's tensors.

        Raises
        ------
        CheckpointError
            If they are not those of a MobileSAM.
        """
        try:
            widths = tuple(int(shapes[name][0]) for name in _OF_WIDTHS)
        except KeyError as error:
            raise CheckpointError(
                f"it is not a MobileSAM checkpoint: it has no tensor {error}"
            ) from error
        except IndexError as error:
            raise CheckpointError(
                "it is not a MobileSAM checkpoint: its encoder's tensors have other dimensions"
            ) from error
        if any(width <= 0 or width % HEAD_CHANNELS for width in widths):
            raise CheckpointError(f"it is not a MobileSAM checkpoint: its stages are {widths} wide")
        return cls.of_widths(widths)

    def build(self, device: str = "cpu") -> Any:  # noqa: ANN401 - a torch module
        """Return ``segment_anything``'s model with an encoder of this shape."""
        import_segment_anything()
        from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

        tokens = IMAGE_PX // PATCH_PX
        with import_torch().device(device):
            model = Sam(
                image_encoder=build_encoder(self.widths),
                prompt_encoder=PromptEncoder(
                    embed_dim=CHANNELS,
                    image_embedding_size=(tokens, tokens),
                    input_image_size=(IMAGE_PX, IMAGE_PX),
                    mask_in_chans=16,
                ),
                mask_decoder=MaskDecoder(
                    num_multimask_outputs=3,
                    transformer=TwoWayTransformer(
                        depth=2, embedding_dim=CHANNELS, mlp_dim=2048, num_heads=8
                    ),
                    transformer_dim=CHANNELS,
                    iou_head_depth=3,
                    iou_head_hidden_dim=256,
                ),
            )
        return model.eval().requires_grad_(False)
