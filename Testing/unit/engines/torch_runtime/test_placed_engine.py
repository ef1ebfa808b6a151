"""What engines on torch have in common, tried with an engine of one small layer."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.torch_runtime.placed_engine import PlacedEngine  # noqa: E402
from GazeSAMLib.engines.torch_runtime.placement import Placement  # noqa: E402
from GazeSAMLib.prompts.candidates import MaskCandidates  # noqa: E402
from GazeSAMLib.prompts.prompt_set import PromptSet  # noqa: E402

TOO_MUCH = 2**58
LOOK = PromptSet(np.array([(1.0, 1.0)]), np.array([1]))


class Brightness(PlacedEngine[float]):
    """Embeds an image as its mean; needs more memory than there is for too many at once."""

    name = "brightness"
    at_once = 8
    lost = False

    def _load(self, placement: Placement):
        return torch.nn.Linear(1, 1).to(placement.dtype)

    def _encode(self, model, images, between):  # noqa: ARG002
        between()
        if len(images) > self.at_once:
            torch.empty(TOO_MUCH, dtype=torch.uint8)
        return [float(image.mean()) for image in images]

    def _predict(self, model, embedding, prompts):  # noqa: ARG002
        if self.lost and model.weight.dtype == torch.float32:
            torch.empty(TOO_MUCH, dtype=torch.uint8)
        mask = np.full((1, 4, 4), embedding, dtype=np.float32)
        return MaskCandidates(mask, np.ones(1, dtype=np.float32))


@pytest.fixture
def engine(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"of no interest here")
    return Brightness(path, "cpu", "fp32")


@pytest.mark.parametrize(("at_once", "left"), [(8, 8), (3, 2), (1, 1)])
def test_a_batch_that_is_too_large_is_halved_until_it_fits(engine, at_once, left):
    engine.batch_size, engine.at_once = 8, at_once
    images = [np.full((4, 4), grey, dtype=np.uint8) for grey in range(11)]
    assert engine.embed_batch(images) == list(range(11))
    assert engine.batch_size == left
    assert engine.runs_on == "cpu, fp32"  # no reason to move


def test_too_little_memory_for_one_prompt_moves_the_model_and_says_so(engine):
    embedding = engine.embed(np.full((4, 4), 7, dtype=np.uint8))
    engine.lost = True
    assert engine.decode(embedding, LOOK).logits.max() == 7.0
    assert engine.runs_on == "cpu, bf16"
    assert engine.notes == ("cpu, fp32 has too little memory: the model runs on cpu, bf16",)


def test_the_precision_is_measured_where_none_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "weights.pth"
    path.write_bytes(b"of no interest here")
    engine = Brightness(path, "cpu", None)
    assert engine.runs_on in ("cpu, fp32", "cpu, bf16")
    assert (tmp_path / "cache" / "measured.json").is_file()
