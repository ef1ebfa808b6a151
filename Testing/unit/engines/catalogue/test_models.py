import re
import urllib.parse

import pytest

from GazeSAMLib.engines.catalogue.digests import ALGORITHMS
from GazeSAMLib.engines.catalogue.models import MODELS, find_model, model_names
from GazeSAMLib.engines.catalogue.sizes import told_size
from GazeSAMLib.engines.registry import ENTRIES
from GazeSAMLib.errors import ModelError

DIGITS = {"md5": 32, "sha256": 64, "git-blob": 40}

each = pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)


def test_names_are_unique_and_fit_for_a_folder():
    assert len(set(model_names())) == len(MODELS)
    assert all(re.fullmatch(r"[a-z][a-z0-9._]*", name) for name in model_names())


@each
def test_an_entry_is_complete(entry):
    assert entry.engine in [engine.name for engine in ENTRIES if engine.weights_option]
    assert urllib.parse.urlsplit(entry.page).scheme == "https"
    assert entry.good_for
    assert "\n" not in entry.good_for
    assert entry.prompts
    assert entry.size_bytes > 4 * entry.parameters * 0.9  # single precision, or more
    assert entry.memory_bytes > entry.size_bytes


@each
def test_what_can_be_downloaded_can_be_checked(entry):
    if entry.url:
        assert urllib.parse.urlsplit(entry.url).scheme == "https"
        assert entry.url.endswith(f"/{entry.file_name}")
        assert entry.digests
        assert entry.size_is_exact


@each
def test_digests_are_digests(entry):
    for algorithm, digest in entry.digests.items():
        assert algorithm in ALGORITHMS
        assert re.fullmatch(rf"[0-9a-f]{{{DIGITS[algorithm]}}}", digest)


@pytest.mark.parametrize("name", ["sam_vit_b", "sam_vit_l", "sam_vit_h"])
def test_the_md5_of_sam_begins_as_its_file_name_ends(name):
    entry = find_model(name)
    assert entry.file_name.endswith(f"_{entry.digests['md5'][:6]}.pth")


def test_an_unknown_model_is_refused_with_the_names_there_are():
    with pytest.raises(ModelError, match="no model 'sam_vit_x'") as caught:
        find_model("sam_vit_x")
    assert all(name in str(caught.value) for name in model_names())


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (40_728_226, "41 MB"),
        (1_500_000, "1.5 MB"),
        (12_000, "12 kB"),
        (2_564_550_879, "2.56 GB"),
    ],
)
def test_sizes_are_told_as_publishers_do(count, told):
    assert told_size(count) == told
