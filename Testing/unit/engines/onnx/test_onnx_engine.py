"""The engine `onnx` draws the masks of PyTorch, without PyTorch."""

import subprocess
import sys

import numpy as np
import pytest

from GazeSAMLib.engines.engine import EmbedsInSteps, PackedEmbedding, StoresEmbeddings
from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from GazeSAMLib.errors import CheckpointError, EngineError, PromptError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet

SHAPES = {"square": (96, 96), "wide": (60, 200), "tall": (300, 41), "large": (700, 1024)}


@pytest.fixture(scope="module")
def engine(once_exported):
    return OnnxEngine(once_exported.folder, device="cpu", threads=1)


def an_image(shape) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = 90 + 60 * np.sin(rows / 9.0) * np.cos(columns / 7.0)
    return (image + np.random.default_rng(1).normal(0, 12, shape)).clip(0, 255).astype(np.uint8)


def prompts_for(shape, mask_px=128) -> dict[str, PromptSet]:
    height, width = shape
    point = PromptSet.at(ImagePoint(0.5 * width, 0.4 * height))
    box = np.array((0.2 * width, 0.1 * height, 0.7 * width, 0.8 * height))
    previous = np.random.default_rng(2).normal(0, 5, (mask_px, mask_px)).astype(np.float32)
    several = point.with_point(ImagePoint(3, 4), NOT_THIS)
    for number in range(12):
        several = several.with_point(ImagePoint(number * width / 12, 0.7 * height), ADD)
    return {
        "one point": point,
        "many points of both kinds": several,
        "box": PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box),
        "box and point": PromptSet(point.points_image_uv, point.labels, box_image_uv=box),
        "previous mask": several.refining(previous),
        "point beside the image": PromptSet.at(ImagePoint(-4.0, height + 3.0)),
    }


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_masks_and_scores_are_those_of_metas_predictor(engine, once_exported, shape):
    image = an_image(shape)
    predictor = import_segment_anything().SamPredictor(once_exported.model)
    predictor.set_image(np.stack((image,) * 3, axis=-1))
    embedding = engine.embed(image)
    engine.embed(255 - image)  # another slice in between leaves the first embedding as it is
    np.testing.assert_allclose(embedding.features, predictor.features, atol=2e-5)
    for kind, prompts in prompts_for(shape).items():
        points = len(prompts.labels) > 0
        logits, scores, low_res = predictor.predict(
            point_coords=prompts.points_image_uv.copy() if points else None,
            point_labels=prompts.labels.copy() if points else None,
            box=prompts.box_image_uv,
            mask_input=None if prompts.previous is None else prompts.previous[None].copy(),
            return_logits=True,
        )
        candidates = engine.decode(embedding, prompts)
        assert candidates.logits.shape == (3, *shape), kind
        scale = np.abs(logits).max()
        np.testing.assert_allclose(candidates.low_res, low_res, atol=1e-4 * scale, err_msg=kind)
        np.testing.assert_allclose(candidates.logits, logits, atol=1e-4 * scale, err_msg=kind)
        np.testing.assert_allclose(candidates.scores, scores.clip(0, 1), atol=1e-5, err_msg=kind)
        differing = (candidates.logits > 0) != (logits > 0)
        assert np.abs(logits[differing]).max(initial=0.0) < 1e-4 * scale, kind
        assert 0 < (logits > 0).mean() < 1, kind  # the test sees a shape


def test_it_is_made_by_name_with_its_folder_as_checkpoint(once_exported, engine):
    made = make_engine("onnx", checkpoint=once_exported.folder, device="cpu")
    assert made.name == "onnx"
    assert made.weights_digest == engine.weights_digest


def test_a_mask_can_be_refined_with_what_the_engine_returned(engine):
    embedding = engine.embed(an_image((80, 80)))
    prompts = PromptSet.at(ImagePoint(40, 40))
    first = engine.decode(embedding, prompts)
    second = engine.decode(embedding, prompts.refining(first.low_res[0]))
    assert not np.array_equal(first.logits, second.logits)


def test_a_previous_mask_of_another_size_is_refused(engine):
    prompts = PromptSet.at(ImagePoint(4, 4)).refining(np.zeros((64, 64)))
    with pytest.raises(PromptError, match="128, 128"):
        engine.decode(engine.embed(an_image((40, 40))), prompts)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (2048, 3)])
def test_slices_of_odd_sizes_have_masks_of_their_size(engine, shape):
    embedding = engine.embed(np.full(shape, 90, dtype=np.uint8))
    assert engine.decode(embedding, PromptSet.at(ImagePoint(0, 0))).logits.shape == (3, *shape)


def test_a_packed_embedding_is_half_as_large_and_gives_the_same_masks(engine):
    assert isinstance(engine, StoresEmbeddings)
    embedding = engine.embed(an_image((90, 120)))
    packed = engine.pack(embedding)
    (array,) = packed.arrays.values()
    assert 2 * array.nbytes == embedding.features.nbytes
    prompts = PromptSet.at(ImagePoint(60, 45))
    before = engine.decode(embedding, prompts).logits > 0
    after = engine.decode(engine.unpack(packed), prompts).logits > 0
    assert (before & after).sum() > 0.99 * (before | after).sum()


@pytest.mark.parametrize(
    "packed",
    [
        PackedEmbedding({}),
        PackedEmbedding({"features": np.zeros((256, 32, 32), np.float16)}),
        PackedEmbedding({"features": np.zeros((256, 32, 31), np.float16)}, {"image_shape": [4, 4]}),
        PackedEmbedding({"features": np.zeros((256, 32, 32))}, {"image_shape": [4, 4]}),
        PackedEmbedding(
            {"features": np.zeros((256, 32, 32), np.float16)}, {"image_shape": [4, -4]}
        ),
        PackedEmbedding(
            {"features": np.zeros((256, 32, 32), np.float16)}, {"image_shape": ["4", 4]}
        ),
    ],
    ids=["nothing", "no shape", "other size", "other type", "negative side", "text"],
)
def test_what_this_model_has_not_packed_is_refused(engine, packed):
    with pytest.raises(EngineError, match="not one of the model"):
        engine.unpack(packed)


def test_embedding_in_steps_gives_the_same_and_lets_a_look_be_decoded_meanwhile(engine):
    assert isinstance(engine, EmbedsInSteps)
    image, prompts = an_image((96, 128)), PromptSet.at(ImagePoint(60, 45))
    whole = engine.embed(image)
    expected = engine.decode(whole, prompts).logits
    decoded = []
    stepped = engine.embed_in_steps(
        image, lambda: decoded.append(engine.decode(whole, prompts).logits)
    )
    np.testing.assert_array_equal(stepped.features, whole.features)
    assert decoded, "the encoder of this test must take longer than a step"
    np.testing.assert_allclose(decoded[0], expected, atol=1e-4)


def test_embedding_in_steps_can_be_given_up_and_begun_anew(engine):
    class Enough(BaseException):
        pass

    def give_up():
        raise Enough

    image = an_image((96, 128))
    with pytest.raises(Enough):
        engine.embed_in_steps(image, give_up)
    again = engine.embed_in_steps(image, lambda: None)
    np.testing.assert_array_equal(again.features, engine.embed(image).features)


WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "segment_anything", "timm", "onnx"):
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
import numpy as np
from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet

engine = OnnxEngine(sys.argv[1], device="cpu", threads=1)
image = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
embedding = engine.unpack(engine.pack(engine.embed_in_steps(image, lambda: None)))
sys.stdout.write(str(engine.decode(embedding, PromptSet.at(ImagePoint(40, 30))).logits.shape))
"""


def test_it_runs_where_torch_cannot_be_imported(once_exported):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(once_exported.folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "(3, 60, 80)"


@pytest.mark.parametrize(
    ("device", "told"),
    [("tpu", "no device 'tpu'"), ("cuda:", "no device"), ("cuda:x", "no device")],
)
def test_a_device_that_does_not_exist_is_named(once_exported, device, told):
    with pytest.raises(EngineError, match=told):
        OnnxEngine(once_exported.folder, device=device)


def test_cuda_is_refused_where_onnxruntime_has_none(once_exported):
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(EngineError, match="has no CUDA"):
        OnnxEngine(once_exported.folder, device="cuda:1")


def test_there_is_no_default_folder():
    with pytest.raises(CheckpointError, match="export-onnx"):
        OnnxEngine()


def test_without_a_graphics_card_an_onnxruntime_for_cuda_runs_on_the_processor(
    once_exported, monkeypatch
):
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    onnxruntime = pytest.importorskip("onnxruntime")
    if offered[0] in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime runs on CUDA")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    assert OnnxEngine(once_exported.folder).runs_on == "onnxruntime, cpu, fp32"
    with pytest.raises(EngineError, match="the device 'cuda' cannot be used"):
        OnnxEngine(once_exported.folder, device="cuda")
