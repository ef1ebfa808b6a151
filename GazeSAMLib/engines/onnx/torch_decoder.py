"""Segment Anything's prompt encoder and mask decoder in a form that exports and runs well.

The same weights and the same mathematics as Meta's ``PromptEncoder`` and ``MaskDecoder``, but

- points and box corners come in one list with labels, so that their number may vary;
- the positional encoding of the image is a constant, and attention is reordered
  (:mod:`GazeSAMLib.engines.onnx.torch_two_way`);
- channels stay last, so that normalisation is one operation, and a transposed convolution whose
  kernel is its stride is a matrix product. That halves the time on onnxruntime.
"""

from typing import TYPE_CHECKING

from GazeSAMLib.engines.onnx.torch_two_way import exportable_two_way
from GazeSAMLib.engines.torch_runtime.imports import import_torch

if TYPE_CHECKING:
    from torch import Tensor, nn


def exportable_decoder(model: "nn.Module") -> "nn.Module":
    """Return a module that decodes: embedding, points, labels, previous, has_previous."""
    torch = import_torch()
    functional = torch.nn.functional
    prompt_encoder, decoder = model.prompt_encoder, model.mask_decoder

    class Decoder(torch.nn.Module):  # type: ignore[misc, name-defined] # torch is not followed
        def __init__(self) -> None:
            super().__init__()
            self.prompt_encoder, self.decoder = prompt_encoder, decoder
            image_pe = prompt_encoder.get_dense_pe()[0].flatten(1).T.contiguous()
            self.two_way = exportable_two_way(decoder.transformer, image_pe)
            kinds = [prompt_encoder.not_a_point_embed, *prompt_encoder.point_embeddings]
            self.register_buffer("kinds", torch.cat([kind.weight for kind in kinds]))
            input_size = prompt_encoder.input_image_size[::-1]
            self.register_buffer("input_size", torch.tensor(input_size).float())
            tokens = (decoder.iou_token.weight, decoder.mask_tokens.weight)
            self.register_buffer("output_tokens", torch.cat(tokens)[None])

        def forward(
            self,
            embedding: "Tensor",
            points: "Tensor",
            labels: "Tensor",
            previous: "Tensor",
            has_previous: "Tensor",
        ) -> "tuple[Tensor, Tensor]":
            tokens = torch.cat((self.output_tokens, self._points(points, labels)), dim=1)
            pixels = (embedding + self._mask(previous, has_previous))[0].flatten(1).T
            queries, pixels = self.two_way(tokens, pixels)
            iou = self.decoder.iou_prediction_head(queries[:, 0])[:, 1:]
            heads = self.decoder.output_hypernetworks_mlps
            weights = torch.stack(
                [head(queries[0, 1 + number]) for number, head in enumerate(heads) if number > 0],
                dim=1,
            )
            return self._upscaled(pixels, weights), iou

        def _points(self, points: "Tensor", labels: "Tensor") -> "Tensor":
            encoder = self.prompt_encoder
            encoded = encoder.pe_layer._pe_encoding((points + 0.5) / self.input_size)
            encoded = encoded * (labels >= 0.0).unsqueeze(-1)
            return encoded + self.kinds[(labels + 1.0).long()]

        def _mask(self, previous: "Tensor", has_previous: "Tensor") -> "Tensor":
            encoder = self.prompt_encoder
            without = encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
            return without + has_previous * (encoder.mask_downscaling(previous) - without)

        def _upscaled(self, pixels: "Tensor", weights: "Tensor") -> "Tensor":
            first, norm, activation, second, last_activation = self.decoder.output_upscaling
            quarters = _transposed_convolution(pixels, first)  # (T * T, 2 * 2, channels)
            channels = quarters.shape[-1:]
            quarters = functional.layer_norm(quarters, channels, norm.weight, norm.bias, norm.eps)
            sixteenths = last_activation(_transposed_convolution(activation(quarters), second))
            side = self.prompt_encoder.image_embedding_size[0]
            masks = sixteenths.flatten(0, 2) @ weights  # (T * T * 2 * 2 * 2 * 2, masks)
            masks = masks.reshape(side, side, 2, 2, 2, 2, -1)
            # Rows: of the token, of its quarter, of the quarter's quarter; then columns alike.
            return masks.permute(6, 0, 2, 4, 1, 3, 5).reshape(1, -1, 4 * side, 4 * side)

    return Decoder().eval()


def _transposed_convolution(values: "Tensor", layer: "nn.Module") -> "Tensor":
    """Return what a kernel of 2 x 2 with stride 2 makes of (..., channels): (..., 4, out)."""
    taken, given = layer.weight.shape[:2]
    matrix = layer.weight.permute(0, 2, 3, 1).reshape(taken, 4 * given)
    upscaled: Tensor = (values @ matrix).reshape(*values.shape[:-1], 4, given) + layer.bias
    return upscaled
