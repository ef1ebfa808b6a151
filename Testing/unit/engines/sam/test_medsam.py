"""MedSAM: images and boxes as its authors give them to the network; a look becomes boxes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.recipe import MedSamRecipe  # noqa: E402
from GazeSAMLib.engines.torch_runtime.trial import body_slice, look  # noqa: E402
from GazeSAMLib.prompts.prompt_set import PromptSet  # noqa: E402

# Every ninth row and column of an image that scikit-image resized to 48 x 48 as MedSAM's authors
# do: with order=3, preserve_range=True and anti_aliasing=True, then as whole numbers.
BY_SKIMAGE = {
    (30, 50): (
        (127, 126, 126, 127, 127, 126),
        (182, 109, 80, 170, 145, 70),
        (206, 101, 60, 190, 154, 47),
        (181, 110, 81, 169, 145, 71),
        (122, 127, 129, 123, 124, 130),
        (66, 144, 175, 79, 105, 186),
    ),
    (90, 41): (
        (130, 126, 122, 126, 130, 127),
        (176, 128, 77, 121, 175, 135),
        (47, 122, 205, 135, 48, 111),
        (194, 130, 59, 118, 193, 138),
        (104, 125, 148, 128, 104, 122),
        (92, 124, 161, 130, 92, 119),
    ),
}


@pytest.mark.parametrize("shape", BY_SKIMAGE)
def test_images_are_resized_as_by_the_authors(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = (127 + 80 * np.sin(rows / 7.0) * np.cos(columns / 5.0)).astype(np.uint8)
    resized = MedSamRecipe().resized(image, 48)
    low, high = 47.0, 206.0  # the darkest and the brightest become 0 and 1
    assert (resized.min(), resized.max()) == (0.0, 1.0)
    np.testing.assert_allclose(low + (high - low) * resized[::9, ::9], BY_SKIMAGE[shape], atol=1e-4)


def test_an_image_of_one_grey_value_is_no_division_by_zero():
    resized = MedSamRecipe().resized(np.full((20, 30), 7, dtype=np.uint8), 64)
    np.testing.assert_array_equal(resized, 0.0)


def test_a_box_gives_the_mask_of_the_authors_steps(medsam, model):
    image = body_slice()[100:400, 50:450]
    box = np.array((60.0, 70.0, 200.0, 260.0))
    prompts = PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box)
    candidates = medsam.decode(medsam.embed(image), prompts)
    height, width = image.shape
    square = torch.from_numpy(MedSamRecipe().resized(image, 320))[None, None].repeat(1, 3, 1, 1)
    with torch.no_grad():
        features = model.image_encoder(square)
        scaled = box / np.array([width, height, width, height]) * 320
        sparse, dense = model.prompt_encoder(
            points=None, boxes=torch.as_tensor(scaled[None, None], dtype=torch.float), masks=None
        )
        low_res, _ = model.mask_decoder(
            image_embeddings=features,
            image_pe=model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        probability = torch.nn.functional.interpolate(
            torch.sigmoid(low_res), size=(height, width), mode="bilinear", align_corners=False
        )[0, 0].numpy()
    assert len(candidates) == 1
    assert 0 < candidates.mask().mean() < 1
    doubtful = np.abs(probability - 0.5) < 1e-4  # attention is summed in another order
    np.testing.assert_array_equal(candidates.mask()[~doubtful], (probability > 0.5)[~doubtful])
    assert doubtful.mean() < 0.01


def test_a_look_gives_masks_of_different_boxes(medsam):
    embedding = medsam.embed(body_slice())
    candidates = medsam.decode(embedding, look())
    assert 1 < len(candidates) <= 3
    assert candidates.low_res is None  # a box is what it knows; there is no refining
    assert ((candidates.scores >= 0) & (candidates.scores <= 1)).all()


def test_looks_of_both_kinds_are_answered(medsam):
    embedding = medsam.embed(body_slice())
    prompts = PromptSet(np.array([(170.0, 230.0), (345.0, 220.0)]), np.array([1, 0]), sigma_px=6.0)
    assert medsam.decode(embedding, prompts).logits.shape[1:] == (512, 512)
