"""The models that GazeSAM knows.

Sizes and digests are those that the publishers give, or that are in the repositories they
publish from: SAM's file names end with the beginning of the MD5; SAM 2.1's SHA-256 is that of
Meta's model repositories; MobileSAM's blob is the one in its git repository; MedSAM's MD5 is the
archive's (Zenodo record 10689643). Memory is the peak of one process that embeds one slice
image with torch in single precision on a processor.
"""

from GazeSAMLib.engines.catalogue.entry import ModelEntry, Prompt
from GazeSAMLib.errors import ModelError

_SAM = "https://dl.fbaipublicfiles.com/segment_anything/"
_SAM_PAGE = "https://github.com/facebookresearch/segment-anything"
_SAM2 = "https://dl.fbaipublicfiles.com/segment_anything_2/092824/"
_SAM2_PAGE = "https://github.com/facebookresearch/sam2"
_MOBILE_SAM_COMMIT = "34bbbfdface3c18e5221aa7de6032d7220c6c6a1"
_APACHE = "Apache-2.0"
_GB = 10**9

MODELS = (
    ModelEntry(
        "mobile_sam",
        "MobileSAM",
        "mobile_sam",
        "the first choice without a graphics card",
        "mobile_sam.pt",
        40_728_226,
        9_800_000,
        1024,
        _GB,
        _APACHE,
        "https://github.com/ChaoningZhang/MobileSAM",
        "https://raw.githubusercontent.com/ChaoningZhang/MobileSAM/"
        f"{_MOBILE_SAM_COMMIT}/weights/mobile_sam.pt",
        {
            "git-blob": "7ef2d090979fd9853adf17b7a99c8b94a1c5a6a7",
            "sha256": "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        },
    ),
    ModelEntry(
        "sam_med2d",
        "SAM-Med2D",
        "sam",
        "CT and MR from a single look, in coarse outlines",
        "sam-med2d_b.pth",
        2_560_000_000,
        271_000_000,
        256,
        3 * _GB,
        _APACHE,
        "https://drive.google.com/file/d/1ARiB5RkSsWmAB_8mqWnwDF8ZKTtFwsjl/view",
        size_is_exact=False,
    ),
    ModelEntry(
        "medsam",
        "MedSAM",
        "sam",
        "medical images of all kinds, from a box",
        "medsam_vit_b.pth",
        375_049_145,
        93_700_000,
        1024,
        3_400_000_000,
        "Apache-2.0 AND CC-BY-4.0",
        "https://github.com/bowang-lab/MedSAM",
        "https://zenodo.org/records/10689643/files/medsam_vit_b.pth",
        {"md5": "3bb6db55bd0c9ca30b61248bca72f8d6"},
        prompts=(Prompt.BOX,),
        options={"prompts": "box"},
    ),
    ModelEntry(
        "sam_vit_b",
        "SAM ViT-B",
        "sam",
        "the smallest of the original SAM",
        "sam_vit_b_01ec64.pth",
        375_042_383,
        93_700_000,
        1024,
        3_400_000_000,
        _APACHE,
        _SAM_PAGE,
        _SAM + "sam_vit_b_01ec64.pth",
        {
            "md5": "01ec64d29a2fca3f0661936605ae66f8",
            "sha256": "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        },
    ),
    ModelEntry(
        "sam_vit_l",
        "SAM ViT-L",
        "sam",
        "finer, three times the work; wants a GPU",
        "sam_vit_l_0b3195.pth",
        1_249_524_607,
        312_300_000,
        1024,
        5 * _GB,
        _APACHE,
        _SAM_PAGE,
        _SAM + "sam_vit_l_0b3195.pth",
        {
            "md5": "0b3195507c641ddb6910d2bb5adee89c",
            "sha256": "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        },
    ),
    ModelEntry(
        "sam_vit_h",
        "SAM ViT-H",
        "sam",
        "SAM as in its paper, six times the work; wants a GPU",
        "sam_vit_h_4b8939.pth",
        2_564_550_879,
        641_100_000,
        1024,
        8 * _GB,
        _APACHE,
        _SAM_PAGE,
        _SAM + "sam_vit_h_4b8939.pth",
        {
            "md5": "4b8939a88964f0f4ff5f5b2642c598a6",
            "sha256": "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
        },
    ),
    ModelEntry(
        "sam2.1_tiny",
        "SAM 2.1 tiny",
        "sam2",
        "newer than SAM, a fifth of ViT-B's work",
        "sam2.1_hiera_tiny.pt",
        156_008_466,
        38_900_000,
        1024,
        1_400_000_000,
        _APACHE,
        _SAM2_PAGE,
        _SAM2 + "sam2.1_hiera_tiny.pt",
        {"sha256": "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69"},
    ),
    ModelEntry(
        "sam2.1_small",
        "SAM 2.1 small",
        "sam2",
        "a little finer than tiny, a little slower",
        "sam2.1_hiera_small.pt",
        184_416_285,
        46_000_000,
        1024,
        1_500_000_000,
        _APACHE,
        _SAM2_PAGE,
        _SAM2 + "sam2.1_hiera_small.pt",
        {"sha256": "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38"},
    ),
    ModelEntry(
        "sam2.1_base_plus",
        "SAM 2.1 base+",
        "sam2",
        "between small and large; wants a GPU",
        "sam2.1_hiera_base_plus.pt",
        323_606_802,
        80_800_000,
        1024,
        2 * _GB,
        _APACHE,
        _SAM2_PAGE,
        _SAM2 + "sam2.1_hiera_base_plus.pt",
        {"sha256": "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5"},
    ),
    ModelEntry(
        "sam2.1_large",
        "SAM 2.1 large",
        "sam2",
        "the best of SAM 2.1; wants a GPU",
        "sam2.1_hiera_large.pt",
        898_083_611,
        224_400_000,
        1024,
        4 * _GB,
        _APACHE,
        _SAM2_PAGE,
        _SAM2 + "sam2.1_hiera_large.pt",
        {"sha256": "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318"},
    ),
)


def all_models() -> tuple[ModelEntry, ...]:
    """Return all models."""
    return MODELS


def model_names() -> tuple[str, ...]:
    """Return the names of all models."""
    return tuple(entry.name for entry in MODELS)


def find_model(name: str) -> ModelEntry:
    """Return the model of that name.

    Raises
    ------
    ModelError
        If there is none.
    """
    for entry in MODELS:
        if entry.name == name:
            return entry
    raise ModelError(f"there is no model '{name}'; choose one of: {', '.join(model_names())}")
