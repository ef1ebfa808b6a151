"""SAM-Med2D: the published implementation's features, masks and scores, and its way with images."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet  # noqa: E402
from Testing.small_sam import MED2D, weights_by_name  # noqa: E402

# Computed with the classes of OpenGVLab/SAM-Med2D, commit bfd2b93b1158100c8abd81f61766a2de92c1c175,
# for MED2D with `weights_by_name` and the image and prompts below; scores before clipping.
FEATURES = (1.57081, -0.34951, 0.77181, 0.29019, -0.23565, 1.24021, 1.72502)
SCORES = (0.0459, -0.0578, 0.0985)
LOW_RES = (
    (0.07744, 0.03861, 0.07289, -0.02596),
    (-0.15244, -0.09211, -0.15721, -0.13028),
    (0.01205, -0.09497, -0.05873, 0.14492),
)
MASKS_ROW_75 = (
    (-0.01715, -0.00022, 0.03905, 0.04409),
    (-0.13771, -0.03851, -0.15715, -0.12588),
    (-0.13185, -0.08449, -0.08122, 0.05562),
)
PIXELS_INSIDE = (34060, 23362, 35756)


@pytest.fixture(scope="module")
def published(segment_anything, tmp_path_factory):  # noqa: ARG001 - where it can be imported
    shapes = {name: tuple(t.shape) for name, t in MED2D.build("meta").state_dict().items()}
    path = tmp_path_factory.mktemp("med2d") / "sam-med2d_b.pth"
    optimiser = {"state": {}, "param_groups": [{"lr": 1e-4}]}
    torch.save({"model": weights_by_name(shapes), "optimizer": optimiser}, path)
    return SamEngine(path, device="cpu", precision="fp32")


def image() -> np.ndarray:
    rows, columns = np.mgrid[:300, :200]
    return (127 + 80 * np.sin(rows / 17.0) * np.cos(columns / 11.0)).astype(np.uint8)


def test_features_masks_and_scores_are_those_of_the_published_implementation(published):
    embedding = published.embed(image())
    np.testing.assert_allclose(embedding.features[0, ::40, 5, 9], FEATURES, atol=2e-5)
    prompts = PromptSet(np.array([(80, 120), (150, 200)]), np.array([ADD, NOT_THIS]))
    candidates = published.decode(embedding, prompts)
    np.testing.assert_allclose(candidates.scores, np.clip(SCORES, 0, 1), atol=1e-4)
    np.testing.assert_allclose(candidates.low_res[:, 20, ::16], LOW_RES, atol=2e-5)
    np.testing.assert_allclose(candidates.logits[:, 75, ::50], MASKS_ROW_75, atol=2e-5)
    inside = candidates.inside.sum(axis=(1, 2))
    np.testing.assert_allclose(inside, PIXELS_INSIDE, atol=5)


def test_adapters_are_seen_in_the_weights(published):
    assert published.architecture == MED2D
    assert published.architecture.name == "vit of width 64, 3 deep with adapters"


def test_the_published_size_is_known_by_its_shapes():
    full = SamArchitecture(768, 12, 12, (2, 5, 8, 11), 14, 16, 256, adapter=192)
    tensors = full.build("meta").state_dict()
    assert SamArchitecture.of({name: tuple(t.shape) for name, t in tensors.items()}) == full
    assert full.name == "vit_b with adapters"
    assert sum(tensor.numel() for tensor in tensors.values()) == pytest.approx(271e6, rel=0.01)


def test_the_image_fills_the_square_whatever_its_proportions(published):
    recipe = published._sam.recipe
    wide = np.tile(np.arange(100, dtype=np.uint8), (4, 1))
    square = recipe.resized(wide, 256)
    assert square.shape == (256, 256)
    np.testing.assert_array_equal(square[17], np.arange(256) * 100 // 256)
