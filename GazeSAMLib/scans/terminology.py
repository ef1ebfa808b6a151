"""What a segment is, in codes: as DICOM writes it, and as 3D Slicer keeps it in one line of text.

Slicer's line (``vtkSlicerTerminologiesModuleLogic``) has seven parts between ``~``: the name of
a terminology; category, type and type modifier; the name of an anatomic context; region and
region modifier. A code is ``scheme^value^meaning``.
"""

from dataclasses import dataclass

SLICER_TAG = "TerminologyEntry:"
"""What stands before the line among a segment's tags, which are separated by ``|``."""

_TERMINOLOGY = "Segmentation category and type - 3D Slicer General Anatomy list"
_ANATOMY = "Anatomic codes - DICOM master list"


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a coding scheme, such as SNOMED CT (``SCT``)."""

    value: str
    scheme: str
    meaning: str


TISSUE = Code("85756007", "SCT", "Tissue")


@dataclass(frozen=True, slots=True)
class Terminology:
    """What a segment is.

    Attributes
    ----------
    category : Code
        Such as "Anatomical Structure".
    type : Code
        Such as "Liver".
    type_modifier : Code or None
        Such as "Left".
    region : Code or None
        Where it lies, such as "Abdomen".
    region_modifier : Code or None
        Such as "Right".
    """

    category: Code
    type: Code
    type_modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None


UNKNOWN = Terminology(TISSUE, TISSUE)
"""Slicer's default for a segment of which nothing is known."""


def terminology_of_entry(entry: str) -> Terminology | None:
    """Return what Slicer's line says; None where it names no category or no type.

    Parameters
    ----------
    entry : str
        The line, with or without the tag before it.
    """
    parts = entry.removeprefix(SLICER_TAG).split("~")
    codes = [_code(part) for part in [*parts[1:4], *parts[5:7]]]
    codes += [None] * (5 - len(codes))
    if codes[0] is None or codes[1] is None:
        return None
    return Terminology(codes[0], codes[1], *codes[2:])


def terminology_of_tags(tags: str) -> Terminology | None:
    """Return what a segment's tags, as ``.seg.nrrd`` files keep them, say it is."""
    entry = next((tag for tag in tags.split("|") if tag.startswith(SLICER_TAG)), "")
    return terminology_of_entry(entry)


def entry_of_terminology(terminology: Terminology) -> str:
    """Return Slicer's line, without the tag."""
    one = terminology
    modifier, region, region_modifier = map(
        _line, (one.type_modifier, one.region, one.region_modifier)
    )
    own = (_TERMINOLOGY, _line(one.category), _line(one.type), modifier)
    return "~".join((*own, _ANATOMY, region, region_modifier))


def _code(text: str) -> Code | None:
    parts = [part.strip() for part in text.split("^")]
    if len(parts) != 3 or not all(parts):
        return None
    scheme, value, meaning = parts
    return Code(value, scheme, meaning)


def _line(code: Code | None) -> str:
    if code is None:
        return "^^"
    # A caret, tilde or bar in a meaning would end it.
    meaning = "".join(" " if c in "^~|" else c for c in code.meaning)
    return f"{code.scheme}^{code.value}^{meaning}"
