"""Which SAM 2 a checkpoint is, read off the shapes of its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass

from GazeSAMLib.errors import CheckpointError

_TRUNK = "image_encoder.trunk."


@dataclass(frozen=True, slots=True)
class Sam2Architecture:
    """What distinguishes one SAM 2 image encoder (Hiera) from another.

    Attributes
    ----------
    name : str
        As in the catalogue, without the release: ``tiny``.
    width, heads : int
        Channels and attention heads of the first stage; both double with every stage.
    stages : tuple of int
        Blocks of each of the four stages.
    global_blocks : tuple of int
        Blocks that attend to the whole image; the others attend within windows.
    windows : tuple of int
        Side of an attention window in each stage, tokens.
    background : int
        Side of the position table that is stretched over the image.
    """

    name: str
    width: int
    heads: int
    stages: tuple[int, ...]
    global_blocks: tuple[int, ...]
    windows: tuple[int, ...] = (8, 4, 14, 7)
    background: int = 7

    @property
    def stage_ends(self) -> tuple[int, ...]:
        """The last block of each stage."""
        return tuple(sum(self.stages[: i + 1]) - 1 for i in range(len(self.stages)))

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width * 2**i for i in range(len(self.stages)))

    @property
    def signature(self) -> tuple[int, ...]:
        """What of it can be seen in a checkpoint: width, background, window, blocks per stage."""
        return (self.width, self.background, self.windows[0], *self.stages)


# Heads, inner windows and global blocks leave no trace in the shapes: they are those of Meta's
# configurations (sam2/configs/sam2.1 of its repository).
VARIANTS = (
    Sam2Architecture("tiny", 96, 1, (1, 2, 7, 2), (5, 7, 9)),
    Sam2Architecture("small", 96, 1, (1, 2, 11, 2), (7, 10, 13)),
    Sam2Architecture("base_plus", 112, 2, (2, 3, 16, 3), (12, 16, 20), background=14),
    Sam2Architecture("large", 144, 2, (2, 6, 36, 4), (23, 33, 43), windows=(8, 4, 16, 8)),
)


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> Sam2Architecture:
    """Return the variant whose tensors have these shapes.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        By the names of Meta's checkpoints.

    Raises
    ------
    CheckpointError
        If they are not those of a SAM 2 model, or of one that is not known.
    """
    try:
        _, width, background, _ = shapes[_TRUNK + "pos_embed"]
        window = shapes[_TRUNK + "pos_embed_window"][-1]
        counts: dict[int, int] = {}
        block = 0
        while f"{_TRUNK}blocks.{block}.attn.proj.weight" in shapes:
            channels = shapes[f"{_TRUNK}blocks.{block}.attn.proj.weight"][0]
            counts[channels] = counts.get(channels, 0) + 1
            block += 1
    except KeyError as error:
        raise CheckpointError(f"it is not a SAM 2 checkpoint: it has no tensor {error}") from error
    except (ValueError, IndexError) as error:
        raise CheckpointError(
            f"it is not a SAM 2 checkpoint: its encoder's tensors have other dimensions ({error})"
        ) from error
    signature = (width, background, window, *counts.values())
    for variant in VARIANTS:
        if variant.signature == signature:
            return variant
    raise CheckpointError(
        f"it is a SAM 2 model of an unknown size ({width} channels, {block} blocks); known are: "
        f"{', '.join(variant.name for variant in VARIANTS)}"
    )


def release_of(names: Mapping[str, object]) -> str:
    """Return the name of the release: ``sam2.1``, or ``sam2`` for the first."""
    return "sam2.1" if "no_obj_embed_spatial" in names else "sam2"
