"""Names and colours of labels inside a NIfTI file, as Connectome Workbench keeps them.

A header extension holds XML with a ``LabelTable``; TotalSegmentator writes the same.
"""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from GazeSAMLib.segmentation.segment import Segment

CARET_CODE = 30
"""The extension's code in NIfTI's registry."""


def label_table(segments: Sequence[Segment]) -> bytes:
    """Return the extension's content, the n-th segment having label n from 1."""
    root = ElementTree.Element("CaretExtension")
    volume = ElementTree.SubElement(root, "VolumeInformation", Index="0")
    table = ElementTree.SubElement(volume, "LabelTable")
    for value, segment in enumerate(segments, start=1):
        red, green, blue = (f"{channel:.6g}" for channel in segment.color_rgb)
        label = ElementTree.SubElement(
            table, "Label", Key=str(value), Red=red, Green=green, Blue=blue, Alpha="1"
        )
        label.text = "".join(c if c.isprintable() else " " for c in segment.name)
    ElementTree.SubElement(volume, "VolumeType").text = "Label"
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def label_names(contents: Iterable[bytes]) -> dict[int, str]:
    """Return the names in the first of a file's extensions that is a label table."""
    for content in contents:
        text = content.rstrip(b"\0 \n")
        if b"<LabelTable" not in text or b"<!DOCTYPE" in text:
            continue
        try:
            root = ElementTree.fromstring(text)
            return {
                int(label.attrib["Key"]): (label.text or "").strip() for label in root.iter("Label")
            }
        except (ElementTree.ParseError, KeyError, ValueError):
            continue
    return {}
