"""A real CT slice of any size, for engines to look at."""

import numpy as np
import numpy.typing as npt
import SimpleITK
from pydicom.data import get_testdata_file

from GazeSAMLib.geometry.slice_image import to_8bit

WINDOW, LEVEL = 400.0, 40.0


def ct_slice(side_px: int) -> npt.NDArray[np.uint8]:
    """Return pydicom's real CT slice, enlarged to `side_px` pixels a side."""
    path = get_testdata_file("CT_small.dcm")
    slice_ = SimpleITK.ReadImage(path, SimpleITK.sitkFloat32)[:, :, 0]
    ratio = [
        count * mm / side_px
        for count, mm in zip(slice_.GetSize(), slice_.GetSpacing(), strict=True)
    ]
    enlarged = SimpleITK.Resample(
        slice_, [side_px, side_px], SimpleITK.Transform(), SimpleITK.sitkBSpline,
        slice_.GetOrigin(), ratio, slice_.GetDirection(), 0.0,
    )  # fmt: skip
    return to_8bit(SimpleITK.GetArrayFromImage(enlarged), WINDOW, LEVEL)
