"""Slices that are embedded together with all their masks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.engine import EVERYTHING  # noqa: E402
from GazeSAMLib.engines.region.engine import RegionEngine  # noqa: E402
from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.sam.everything import (  # noqa: E402
    EverythingSettings,
    segment_everything,
)
from GazeSAMLib.engines.sam.everything_engine import EverythingEngine  # noqa: E402
from GazeSAMLib.engines.segmenter import Segmenter, SegmentRequest  # noqa: E402
from GazeSAMLib.engines.store.disk import DiskStore  # noqa: E402
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper  # noqa: E402
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings  # noqa: E402
from GazeSAMLib.errors import EngineError  # noqa: E402
from GazeSAMLib.frames import ImagePoint  # noqa: E402
from GazeSAMLib.geometry.slice import SlicePlane  # noqa: E402
from GazeSAMLib.geometry.volume import VolumeGeometry  # noqa: E402
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet  # noqa: E402
from Testing.small_sam import an_image, small_model  # noqa: E402

# An untrained network is sure of nothing: with these a good part of its masks passes.
SETTINGS = EverythingSettings(5, 25, 0.0, 0.2, box_nms_thresh=0.999)
SHAPE = (60, 80)


@pytest.fixture(scope="module")
def sam(tmp_path_factory):
    from GazeSAMLib.engines.sam.engine import SamEngine

    weights = small_model(SamArchitecture(48, 2, 3, (1,), 4, 16, 128)).state_dict()
    for name, tensor in weights.items():
        if any(part in name for part in ("_pos", "pos_", "hypernetworks", "upscaling")):
            tensor.mul_(3.0)  # so that masks differ, and are steep enough to pass as stable
    path = tmp_path_factory.mktemp("everything") / "weights.pth"
    torch.save(weights, path)
    return SamEngine(path, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def thorough(sam):
    return EverythingEngine(sam, SETTINGS)


@pytest.fixture(scope="module")
def embedding(thorough):
    return thorough.embed(an_image(SHAPE))


def in_a_mask(known) -> PromptSet:
    """A look in the middle of the best mask."""
    best = int(np.argmax(known.scores))
    rows, columns = np.nonzero(known._decoded(best))
    middle = len(rows) // 2
    return PromptSet.at(ImagePoint(float(columns[middle]), float(rows[middle])))


def test_the_masks_are_those_of_the_image_alone(sam, embedding):
    image = np.repeat(an_image(SHAPE)[:, :, None], 3, axis=2)
    records = segment_everything(sam, image, SETTINGS, lambda *_: None)
    assert len(records) == len(embedding.known.counts) > 0
    for place, record in enumerate(records):
        np.testing.assert_array_equal(embedding.known._decoded(place), record["segmentation"])


def test_the_engine_itself_picks_from_what_was_packed(sam, thorough, embedding):
    unpacked = sam.unpack(thorough.pack(embedding))
    look = in_a_mask(embedding.known)
    found = sam.decode(unpacked, look)
    np.testing.assert_array_equal(
        found.mask(0), embedding.known._decoded(int(np.argmax(embedding.known.scores)))
    )
    corrected = look.with_point(ImagePoint(2.0, 2.0), NOT_THIS)
    plain = sam.embed(an_image(SHAPE))
    np.testing.assert_array_equal(
        sam.decode(embedding, corrected).inside, sam.decode(plain, corrected).inside
    )


def test_other_engines_cannot():
    with pytest.raises(EngineError, match="cannot segment everything"):
        EverythingEngine(RegionEngine())


def test_looks_find_the_masks_in_the_store(sam, thorough, tmp_path):
    voxels = an_image(SHAPE)[None].astype(np.int16)
    volume = VolumeGeometry(voxels.shape, np.eye(4))
    keeper = EmbeddingKeeper(DiskStore(tmp_path), pytest.fail)
    plane = SlicePlane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))

    def segmenter(engine):
        stored = StoredEmbeddings(engine, keeper, lambda: "digest")
        return Segmenter(engine, voxels, volume, stored)

    asked = SegmentRequest(1, plane, 255.0, 127.5, PromptSet.at(ImagePoint(40.0, 30.0)))
    segmenter(thorough).embed(asked)
    (entry,) = tmp_path.iterdir()
    live = segmenter(sam)
    assert live.is_embedded(asked)
    known = thorough.embed(live.pixels(asked)).known
    answer = live.answer(SegmentRequest(2, plane, 255.0, 127.5, in_a_mask(known)))
    masks = [known._decoded(place) for place in range(len(known.counts))]
    assert any(np.array_equal(answer.candidates.mask(0), mask) for mask in masks)
    assert list(tmp_path.iterdir()) == [entry]  # nothing was embedded again
    assert thorough.weights_digest == sam.weights_digest + EVERYTHING
