"""Which slice a plane shows: the same one for all planes within a layer of voxels."""

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid

SliceKey = tuple[object, ...]


def slice_key(plane: SlicePlane, grid: SliceGrid | None) -> SliceKey:
    """Return the key of the slice image that a plane shows, equal for equal images.

    Parameters
    ----------
    plane : SlicePlane
        The displayed plane.
    grid : SliceGrid or None
        Its slice image; None beside the scan.
    """
    return plane.key() if grid is None or grid.layer is None else (grid.layer,)
