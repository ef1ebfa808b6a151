"""A few entries where Slicer has its lists of anatomical terms."""

import json
from pathlib import Path
from typing import Any

TISSUES = {
    "Tissue": ("85756007", (128, 174, 128)),
    "Bone": ("272673000", (241, 214, 145)),
    "Artery": ("51114001", (216, 101, 79)),
}
ORGANS = {
    "Liver": ("10200004", (221, 130, 101)),
    "Spleen": ("78961009", (157, 108, 162)),
    "Kidney": ("64033007", (185, 102, 83)),
}


def _code(meaning: str, value: str, **more: Any) -> dict[str, Any]:
    return {
        "CodeMeaning": meaning,
        "CodingSchemeDesignator": "SCT",
        "CodeValue": value,
        "cid": "0",
        "contextGroupName": "",
        **more,
    }


def _types(entries: dict[str, tuple[str, tuple[int, int, int]]]) -> list[dict[str, Any]]:
    return [
        _code(meaning, value, recommendedDisplayRGBValue=list(color))
        for meaning, (value, color) in entries.items()
    ]


def write_terminologies(folder: Path) -> None:
    """Write the lists under the names by which the terminologies logic looks for them."""
    folder.mkdir(parents=True, exist_ok=True)
    categories = [
        _code("Tissue", "85756007", showAnatomy=True, Type=_types(TISSUES)),
        _code("Anatomical Structure", "123037004", showAnatomy=False, Type=_types(ORGANS)),
    ]
    schema = "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas"
    for name, title in {
        "SlicerGeneralAnatomy": "Segmentation category and type - 3D Slicer General Anatomy list",
        "DICOM-Master": "Segmentation category and type - DICOM master list",
    }.items():
        terms = {
            "SegmentationCategoryTypeContextName": title,
            "@schema": f"{schema}/segment-context-schema.json#",
            "SegmentationCodes": {"Category": categories},
        }
        path = folder / f"SegmentationCategoryTypeModifier-{name}.term.json"
        path.write_text(json.dumps(terms), encoding="utf-8")
    regions = {
        "AnatomicContextName": "Anatomic codes - DICOM master list",
        "@schema": f"{schema}/anatomic-context-schema.json#",
        "AnatomicCodes": {"AnatomicRegion": [_code(n, v) for n, (v, _) in ORGANS.items()]},
    }
    path = folder / "AnatomicRegionAndModifier-DICOM-Master.term.json"
    path.write_text(json.dumps(regions), encoding="utf-8")
