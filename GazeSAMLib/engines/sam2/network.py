"""SAM 2's image path (Ravi et al. 2024, arXiv:2408.00714), put together from two libraries.

The encoder's trunk is ``timm``'s HieraDet; prompt encoder and two-way transformer are those of
``segment_anything``, whose weights have the same meaning in SAM 2. What is new in SAM 2's mask
decoder is a token for the object's presence and two skip connections from finer features.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from GazeSAMLib.engines.sam2.architecture import Sam2Architecture
from GazeSAMLib.engines.torch_runtime.imports import import_beside_torch, import_segment_anything

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGE_PX = 1024
CHANNELS = 256
TOKENS = IMAGE_PX // 16
MASK_PX = IMAGE_PX // 4


def build(architecture: Sam2Architecture) -> "nn.Module":
    """Return a network of this shape without storage for its weights.

    Its tensors are named as :func:`GazeSAMLib.engines.sam2.checkpoint.our_name` says; once
    they are there, :func:`prepare` has to be called.
    """
    import_segment_anything()
    import_beside_torch("timm", "timm")
    import torch
    from segment_anything.modeling import PromptEncoder
    from timm.models.hieradet_sam2 import HieraDet

    with torch.device("meta"):
        network = torch.nn.Module()
        network.trunk = HieraDet(
            num_classes=0,
            embed_dim=architecture.width,
            num_heads=architecture.heads,
            stages=architecture.stages,
            global_pos_size=(architecture.background, architecture.background),
            window_spec=architecture.windows,
            global_att_blocks=architecture.global_blocks,
        )
        network.trunk.head = torch.nn.Identity()
        network.neck = torch.nn.ModuleList(
            torch.nn.Conv2d(width, CHANNELS, 1) for width in reversed(architecture.widths)
        )
        network.no_mem_embed = torch.nn.Parameter(torch.zeros(1, 1, CHANNELS))
        network.prompt_encoder = PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(TOKENS, TOKENS),
            input_image_size=(IMAGE_PX, IMAGE_PX),
            mask_in_chans=16,
        )
        network.mask_decoder = _mask_decoder()
    return network.eval().requires_grad_(False)


def _mask_decoder() -> "nn.Module":
    import torch
    from segment_anything.modeling import MaskDecoder, TwoWayTransformer

    decoder = MaskDecoder(
        num_multimask_outputs=3,
        transformer=TwoWayTransformer(depth=2, embedding_dim=CHANNELS, mlp_dim=2048, num_heads=8),
        transformer_dim=CHANNELS,
        iou_head_depth=3,
        iou_head_hidden_dim=256,
    )
    decoder.iou_prediction_head.sigmoid_output = True
    decoder.obj_score_token = torch.nn.Embedding(1, CHANNELS)
    decoder.conv_s0 = torch.nn.Conv2d(CHANNELS, CHANNELS // 8, 1)
    decoder.conv_s1 = torch.nn.Conv2d(CHANNELS, CHANNELS // 4, 1)
    return decoder


def prepare(network: "nn.Module") -> None:
    """Compute once what depends on the weights alone.

    Two convolutions of one pixel in a row are one: those of the neck for the two finer levels
    and the decoder's that follow them. The position table is stretched over the image.
    """
    import torch

    trunk, neck, decoder = network.trunk, network.neck, network.mask_decoder
    with torch.inference_mode(mode=False), torch.no_grad():
        network.fine = torch.nn.ModuleList(
            (_joined(neck[3], decoder.conv_s0), _joined(neck[2], decoder.conv_s1))
        )
        network.coarse = torch.nn.ModuleList((neck[1], neck[0]))
        side = IMAGE_PX // 4
        nothing = torch.zeros(1, side, side, trunk.pos_embed.shape[1])
        network.register_buffer("positions", trunk._pos_embed(nothing))
        network.register_buffer("image_pe", network.prompt_encoder.get_dense_pe())
    del network.neck, decoder.conv_s0, decoder.conv_s1, trunk.pos_embed, trunk.pos_embed_window


def _joined(first: "nn.Conv2d", second: "nn.Conv2d") -> "nn.Conv2d":
    """Return the convolution of one pixel that does what `first` and then `second` do."""
    import torch

    matrix = second.weight.flatten(1)
    joined = torch.nn.Conv2d(first.in_channels, second.out_channels, 1)
    joined.weight.copy_((matrix @ first.weight.flatten(1))[:, :, None, None])
    joined.bias.copy_(matrix @ first.bias + second.bias)
    return joined.requires_grad_(False)


def encode(
    network: "nn.Module", images: "Tensor", stage_ends: tuple[int, ...], between: Callable[[], None]
) -> "tuple[Tensor, Tensor, Tensor]":
    """Run the image encoder, calling `between` between its blocks; return float32.

    Parameters
    ----------
    network : nn.Module
        Of :func:`build`, with its weights, after :func:`prepare`.
    images : Tensor, shape (B, 3, 1024, 1024)
        Normalised.
    stage_ends : tuple of int
        :attr:`Sam2Architecture.stage_ends`.
    between : callable
        May wait, or raise to give up.

    Returns
    -------
    features : Tensor, shape (B, 256, 64, 64)
        What the decoder's transformer sees.
    stride4 : Tensor, shape (B, 32, 256, 256)
        For the decoder's last skip connection.
    stride8 : Tensor, shape (B, 64, 128, 128)
        For its first.
    """
    from torch.nn.functional import interpolate

    tokens = network.trunk.patch_embed(images) + network.positions
    levels = []
    for number, block in enumerate(network.trunk.blocks):
        tokens = block(tokens)
        if number in stage_ends:
            levels.append(tokens.permute(0, 3, 1, 2))
        between()
    joins = (*network.fine, *network.coarse)
    stride4, stride8, stride16, stride32 = (
        join(level).float() for join, level in zip(joins, levels, strict=True)
    )
    features = stride16 + interpolate(stride32, scale_factor=2.0, mode="nearest")
    features = features + network.no_mem_embed.view(1, CHANNELS, 1, 1)
    return features, stride4, stride8


def encode_prompts(
    network: "nn.Module", points: "Tensor", labels: "Tensor", box: "Tensor | None"
) -> "Tensor":
    """Return the tokens of prompts, shape (1, N, 256): box, points, one that says "no more".

    Parameters
    ----------
    network : nn.Module
        Of :func:`build`.
    points : Tensor, shape (1, P, 2)
        (x, y) in the square input, pixels; P may be 0.
    labels : Tensor, shape (1, P)
        1 add, 0 not this.
    box : Tensor, shape (1, 4), or None
        (x, y, x, y) in the square input.
    """
    import torch

    encoder = network.prompt_encoder
    tokens = encoder._embed_points(points, labels, pad=True)
    return tokens if box is None else torch.cat((encoder._embed_boxes(box), tokens), dim=1)


def decode(
    network: "nn.Module",
    embedding: "tuple[Tensor, Tensor, Tensor]",
    prompts: "Tensor",
    previous: "Tensor | None",
) -> "tuple[Tensor, Tensor]":
    """Return three masks, shape (1, 3, 256, 256), and estimates of their IoU, shape (1, 3).

    Parameters
    ----------
    network : nn.Module
        Of :func:`build`.
    embedding : tuple of Tensor
        What :func:`encode` returned for one image.
    prompts : Tensor, shape (1, N, 256)
        Of :func:`encode_prompts`.
    previous : Tensor, shape (1, 1, 256, 256), or None
        Logits of the mask that is being refined.
    """
    import torch

    features, stride4, stride8 = embedding
    encoder, decoder = network.prompt_encoder, network.mask_decoder
    if previous is None:
        dense = encoder.no_mask_embed.weight.view(1, CHANNELS, 1, 1)
    else:
        dense = encoder._embed_masks(previous)
    outputs = torch.cat(
        (decoder.obj_score_token.weight, decoder.iou_token.weight, decoder.mask_tokens.weight)
    )
    tokens = torch.cat((outputs[None], prompts), dim=1)
    answers, pixels = decoder.transformer(features + dense, network.image_pe, tokens)
    pixels = pixels.transpose(1, 2).view(1, CHANNELS, TOKENS, TOKENS)

    first, norm, activation, second, last_activation = decoder.output_upscaling
    pixels = activation(norm(first(pixels) + stride8))
    pixels = last_activation(second(pixels) + stride4)

    # Behind the tokens of presence and quality: one of a single mask, then those of the three.
    kernels = torch.stack(
        [decoder.output_hypernetworks_mlps[i](answers[:, 2 + i]) for i in (1, 2, 3)], dim=1
    )
    masks = (kernels @ pixels.flatten(2)).view(1, 3, MASK_PX, MASK_PX)
    return masks, decoder.iou_prediction_head(answers[:, 1])[:, 1:]
