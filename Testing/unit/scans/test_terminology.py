"""Slicer's terminology entries and what they say."""

from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.scans.terminology import (
    UNKNOWN,
    Code,
    Terminology,
    entry_of_terminology,
    terminology_of_entry,
    terminology_of_tags,
)

# As Slicer 5.8 writes it.
RIGHT_KIDNEY = (
    "Segmentation category and type - 3D Slicer General Anatomy list"
    "~SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~SCT^24028007^Right"
    "~Anatomic codes - DICOM master list~SCT^113345001^Abdomen~^^"
)

words = st.text(
    st.characters(exclude_characters="^~|", exclude_categories=("Cc", "Cs")), min_size=1
)
codes = st.builds(Code, *[words.map(str.strip).filter(bool)] * 3)
terminologies = st.builds(
    Terminology, codes, codes, st.none() | codes, st.none() | codes, st.none() | codes
)


def test_slicer_s_entry_is_understood():
    assert terminology_of_entry(RIGHT_KIDNEY) == Terminology(
        Code("123037004", "SCT", "Anatomical Structure"),
        Code("64033007", "SCT", "Kidney"),
        Code("24028007", "SCT", "Right"),
        Code("113345001", "SCT", "Abdomen"),
        None,
    )


def test_the_entry_is_found_among_other_tags():
    tags = f"Segmentation.Status:inprogress|TerminologyEntry:{RIGHT_KIDNEY}|DICOM.x:1|"
    assert terminology_of_tags(tags) == terminology_of_entry(RIGHT_KIDNEY)


def test_an_unknown_segment_is_written_as_slicer_writes_it():
    assert entry_of_terminology(UNKNOWN) == (
        "Segmentation category and type - 3D Slicer General Anatomy list"
        "~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~Anatomic codes - DICOM master list~^^~^^"
    )


@given(terminologies)
def test_an_entry_says_what_was_written_into_it(terminology):
    assert terminology_of_entry(entry_of_terminology(terminology)) == terminology


@given(st.text(st.characters() | st.sampled_from("^~|")))
def test_any_text_is_an_entry_or_says_nothing(text):
    found = terminology_of_entry(text)
    assert found is None or (found.category.value and found.type.meaning)
    assert terminology_of_tags(text) is None or "TerminologyEntry:" in text
