"""Scans to try GazeSAM on, in Slicer's module Sample Data."""

from pathlib import Path

from slicer.i18n import tr as _

CATEGORY = "GazeSAM"
# Slicer's own public sample data, checked by digest.
DATA = "https://github.com/Slicer/SlicerTestingData/releases/download/SHA256/"
SAMPLES = (
    (
        "GazeSAM CT chest",
        "CT-chest.nrrd",
        "CTChest",
        "4507b664690840abb6cb9af2d919377ffc4ef75b167cb6fd0f747befdb12e38e",
    ),
    (
        "GazeSAM MR head",
        "MR-head.nrrd",
        "MRHead",
        "cc211f0dfd9a05ca3841ce1141b292898b2dd2d3f08286affadf823a7e58df93",
    ),
)


def register_sample_data(icon: Path) -> None:
    """Tell Slicer's module Sample Data of GazeSAM's samples.

    Parameters
    ----------
    icon : Path
        Their thumbnail.
    """
    try:
        from SampleData import SampleDataLogic
    except ImportError:  # an application built on Slicer may come without that module
        return
    if hasattr(SampleDataLogic, "registerCustomSampleDataCategory"):  # later than Slicer 5.10
        SampleDataLogic.registerCustomSampleDataCategory(CATEGORY, title=_("GazeSAM"))
    for name, file_name, node_name, digest in SAMPLES:
        SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            thumbnailFileName=str(icon),
            uris=DATA + digest,
            fileNames=file_name,
            nodeNames=node_name,
            checksums=f"SHA256:{digest}",
        )
