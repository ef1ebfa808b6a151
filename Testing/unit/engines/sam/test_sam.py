"""The engine `sam` is Meta's network: same masks as SamPredictor, whatever runs beside it."""

import subprocess
import sys
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.engine import EmbedsBatches, EmbedsInSteps, StoresEmbeddings  # noqa: E402
from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.sam.embedding import SamEmbedding  # noqa: E402
from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.errors import EngineError, PromptError  # noqa: E402
from GazeSAMLib.frames import ImagePoint  # noqa: E402
from GazeSAMLib.prompts.prompt_set import PromptSet  # noqa: E402
from Testing.small_sam import SHAPES, an_image, prompts_for, randomised  # noqa: E402


def predictor_of(segment_anything, model, image):
    predictor = segment_anything.SamPredictor(model)
    predictor.set_image(np.stack((image,) * 3, axis=-1))
    return predictor


def predicted(predictor, prompts: PromptSet):
    points = len(prompts.labels) > 0
    return predictor.predict(
        point_coords=prompts.points_image_uv if points else None,
        point_labels=prompts.labels if points else None,
        box=prompts.box_image_uv,
        mask_input=None if prompts.previous is None else prompts.previous[None],
        return_logits=True,
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_masks_and_scores_are_those_of_sam_predictor(engine, model, segment_anything, shape):
    image = an_image(shape)
    predictor = predictor_of(segment_anything, model, image)
    embedding = engine.embed(image)
    engine.embed(255 - image)  # another slice in between leaves the first embedding as it is
    np.testing.assert_allclose(embedding.features, predictor.features, atol=2e-5)
    for kind, prompts in prompts_for(shape).items():
        candidates = engine.decode(embedding, prompts)
        logits, scores, low_res = predicted(predictor, prompts)
        assert candidates.logits.shape == (3, *shape), kind
        np.testing.assert_allclose(candidates.logits, logits, atol=2e-5, err_msg=kind)
        np.testing.assert_allclose(candidates.scores, scores.clip(0, 1), atol=2e-5, err_msg=kind)
        np.testing.assert_allclose(candidates.low_res, low_res, atol=2e-5, err_msg=kind)
        assert 0 < candidates.inside.mean() < 1, kind  # the test sees a shape


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_decoding_is_that_of_sam_predictor_to_the_last_bit(engine, model, segment_anything, shape):
    image = an_image(shape)
    predictor = predictor_of(segment_anything, model, image)
    embedding = SamEmbedding(predictor.features, shape)
    for kind, prompts in prompts_for(shape).items():
        candidates = engine.decode(embedding, prompts)
        logits, scores, low_res = predicted(predictor, prompts)
        np.testing.assert_array_equal(candidates.logits, logits, err_msg=kind)
        np.testing.assert_array_equal(candidates.scores, scores.clip(0, 1), err_msg=kind)
        np.testing.assert_array_equal(candidates.low_res, low_res, err_msg=kind)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_encoder_sees_what_sam_predictor_shows_it(engine, model, segment_anything, shape):
    seen = []
    hook = model.image_encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = an_image(shape)
    predictor_of(segment_anything, model, image)
    hook.remove()
    recipe, side_px = engine._sam.recipe, engine.architecture.image_px
    ours = recipe.normalised(torch.as_tensor(recipe.resized(image, side_px)), side_px)
    np.testing.assert_array_equal(ours, seen[0])


def test_threads_embed_and_decode_at_the_same_time(engine):
    shape = (120, 150)
    images = [an_image(shape), 255 - an_image(shape)]
    prompts = PromptSet.at(ImagePoint(70, 60))
    embeddings = [engine.embed(image) for image in images]
    alone = [engine.decode(embedding, prompts) for embedding in embeddings]
    embedded: list[SamEmbedding] = []

    def embed():
        embedded.extend(engine.embed(image) for image in images * 2)

    thread = threading.Thread(target=embed)
    thread.start()
    together = [engine.decode(embeddings[turn % 2], prompts) for turn in range(8)]
    thread.join()
    for turn, candidates in enumerate(together):
        np.testing.assert_array_equal(candidates.logits, alone[turn % 2].logits)
    for turn, embedding in enumerate(embedded):
        np.testing.assert_array_equal(embedding.features, embeddings[turn % 2].features)


def test_the_contracts_of_slow_engines_are_kept(engine):
    assert isinstance(engine, StoresEmbeddings)
    assert isinstance(engine, EmbedsInSteps)
    assert isinstance(engine, EmbedsBatches)


def test_steps_lie_between_all_blocks_and_may_give_up(engine):
    image, steps = an_image((80, 80)), []
    embedding = engine.embed_in_steps(image, lambda: steps.append(1))
    assert len(steps) == engine.architecture.depth + 1
    np.testing.assert_array_equal(embedding.features, engine.embed(image).features)

    def give_up():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.embed_in_steps(image, give_up)


def test_a_batch_gives_the_embeddings_of_single_images_in_their_order(checkpoint):
    engine = SamEngine(checkpoint, device="cpu", precision="fp32")
    engine.batch_size = 2
    images = [an_image(shape) for shape in SHAPES.values()][:3]
    for image, embedding in zip(images, engine.embed_batch(images), strict=True):
        assert embedding.image_shape == image.shape
        single = engine.embed(image).features
        np.testing.assert_allclose(embedding.features, single, atol=2e-5)
    assert engine.embed_batch([]) == []


@pytest.mark.parametrize("kind", ["engine", "medsam", "sam_med2d"])
def test_masks_of_a_packed_embedding_are_the_same(kind, request):
    engine = request.getfixturevalue(kind)
    embedding = engine.embed(an_image((120, 90)))
    packed = engine.pack(embedding)
    assert packed.arrays["features"].dtype == np.float16
    for array in packed.arrays.values():
        array.setflags(write=False)  # as from a mapped file
    unpacked = engine.unpack(packed)
    prompts = PromptSet.at(ImagePoint(50, 60), sigma_px=2.0)
    before = engine.decode(embedding, prompts).inside
    after = engine.decode(unpacked, prompts).inside
    assert np.count_nonzero(before & after) / np.count_nonzero(before | after) >= 0.995
    assert 0 < before.mean() < 1
    again = engine.pack(unpacked)
    for name, array in packed.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


def test_an_embedding_of_another_model_is_not_unpacked(engine, medsam, sam_med2d):
    packed = {one: one.pack(one.embed(an_image((40, 50)))) for one in (engine, medsam, sam_med2d)}
    for one in packed:
        for other, theirs in packed.items():
            if one is not other:
                with pytest.raises(EngineError, match="not one of"):
                    one.unpack(theirs)
    assert engine.weights_digest != medsam.weights_digest


def test_a_mask_can_be_refined_with_what_the_engine_returned(engine):
    embedding = engine.embed(an_image((80, 80)))
    prompts = PromptSet.at(ImagePoint(40, 40))
    first = engine.decode(embedding, prompts)
    second = engine.decode(embedding, prompts.refining(first.low_res[0]))
    assert not np.array_equal(first.logits, second.logits)


def test_a_previous_mask_of_another_size_is_refused(engine):
    prompts = PromptSet.at(ImagePoint(4, 4)).refining(np.zeros((64, 64)))
    with pytest.raises(PromptError, match="80, 80"):
        engine.decode(engine.embed(an_image((40, 40))), prompts)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("vit_b", SamArchitecture(768, 12, 12, (2, 5, 8, 11), 14, 16, 1024)),
        ("vit_l", SamArchitecture(1024, 24, 16, (5, 11, 17, 23), 14, 16, 1024)),
        ("vit_h", SamArchitecture(1280, 32, 16, (7, 15, 23, 31), 14, 16, 1024)),
    ],
)
def test_metas_models_are_known_by_their_shapes_alone(segment_anything, variant, expected):
    with torch.device("meta"):
        theirs = segment_anything.sam_model_registry[variant]()
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    architecture = SamArchitecture.of(shapes)
    assert architecture == expected
    assert architecture.name == variant
    ours = architecture.build("meta").state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in ours.items()} == shapes


def test_a_block_of_metas_own_vit_b_gives_its_masks(segment_anything, tmp_path):
    theirs = randomised(segment_anything.sam_model_registry["vit_b"]().eval())
    theirs.image_encoder.blocks = theirs.image_encoder.blocks[2:3]  # it sees everything at once
    path = tmp_path / "sam_vit_b.pth"
    torch.save(theirs.state_dict(), path)
    engine = SamEngine(path, device="cpu", precision="fp32")
    image = an_image((120, 150))
    prompts = PromptSet.at(ImagePoint(70, 60))
    candidates = engine.decode(engine.embed(image), prompts)
    logits, scores, _ = predicted(predictor_of(segment_anything, theirs, image), prompts)
    np.testing.assert_allclose(candidates.logits, logits, atol=1e-4)
    np.testing.assert_allclose(candidates.scores, scores.clip(0, 1), atol=1e-4)


@pytest.mark.parametrize("device", ["cuda:7", "tpu", "nonsense:1"])
def test_a_device_that_is_not_there_is_named(checkpoint, device):
    with pytest.raises(EngineError, match=device):
        SamEngine(checkpoint, device=device)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"precision": "int3"}, "int3"), ({"prompts": "scribble"}, "'points' or 'box'")],
)
def test_an_option_that_does_not_exist_is_named(checkpoint, options, message):
    with pytest.raises(EngineError, match=message):
        SamEngine(checkpoint, device="cpu", **options)


def test_importing_the_library_does_not_import_torch():
    script = (
        "import sys; import GazeSAMLib.engines.sam.engine, GazeSAMLib.engines.sam.checkpoint\n"
        "assert not {'torch', 'torchvision', 'segment_anything'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_embedding_outlives_the_device_it_was_made_on(engine):
    made = engine.embed(an_image((90, 70)))
    kept = engine.pack(made).arrays["features"]
    gone = SamEmbedding(made.features.to("meta"), made.image_shape, kept)  # cannot be read
    prompts = PromptSet.at(ImagePoint(30, 40))
    before, after = engine.decode(made, prompts).inside, engine.decode(gone, prompts).inside
    assert np.count_nonzero(before & after) / np.count_nonzero(before | after) >= 0.995


def test_the_precision_is_measured_at_first_use_and_remembered(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path))
    first = SamEngine(checkpoint, device="cpu")
    measured = (tmp_path / "measured.json").read_text()
    assert first.runs_on in ("cpu, fp32", "cpu, bf16")
    assert first.weights_digest[:16] in measured
    second = SamEngine(checkpoint, device="cpu")
    assert second.runs_on == first.runs_on
    assert (tmp_path / "measured.json").read_text() == measured
