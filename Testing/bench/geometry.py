"""What the slice image of a new look costs: grid, values, 8 bits."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import SimpleITK

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, sample_slice, slice_grid, to_8bit
from GazeSAMLib.geometry.volume import VolumeGeometry

SHAPE_KJI = (300, 512, 512)
SPACING_MM = (0.7, 0.7, 1.0)
WINDOW, LEVEL = 400.0, 40.0


def slice_image_ms(*, long: bool = False) -> dict[str, float]:
    """Time axial and oblique slice images of a CT of 512 x 512 x 300, and SimpleITK's.

    The ratio is our time for the oblique values over SimpleITK's for the same pixels (linear,
    with as many threads as it takes; ours takes one).
    """
    repetitions = 61 if long else 21
    voxels_kji = np.random.default_rng(0).integers(-1000, 2000, SHAPE_KJI, dtype=np.int16)
    volume = VolumeGeometry(SHAPE_KJI, np.diag((-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1)))
    centre = volume.local_ras_from_ijk @ (255.5, 255.5, 150.0, 1.0)
    axial = SlicePlane(centre[:3], (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    turn = _turned_by(35.0, -20.0)
    oblique = SlicePlane(centre[:3], turn @ axial.row_direction, turn @ axial.column_direction)
    grid = slice_grid(volume, oblique)
    assert grid is not None
    resample = _simpleitk_resample(voxels_kji, grid)

    def image_of(plane: SlicePlane) -> None:
        plane_grid = slice_grid(volume, plane)
        assert plane_grid is not None
        to_8bit(sample_slice(voxels_kji, volume, plane_grid), WINDOW, LEVEL)

    times = _medians_ms(
        repetitions,
        aligned=lambda: image_of(axial),
        oblique=lambda: image_of(oblique),
        ours=lambda: sample_slice(voxels_kji, volume, grid),
        simpleitk=resample,
    )
    return {
        "slice_aligned_ms_median": times["aligned"],
        "slice_oblique_ms_median": times["oblique"],
        "slice_oblique_ratio": times["ours"] / times["simpleitk"],
    }


def _turned_by(x_deg: float, y_deg: float) -> np.ndarray:
    x, y = np.radians((x_deg, y_deg))
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    return np.array(about_y) @ np.array(about_x)


def _simpleitk_resample(voxels_kji: np.ndarray, grid: SliceGrid) -> Callable[[], object]:
    """Return a function in which SimpleITK resamples a scan in RAS onto `grid`."""
    image = SimpleITK.GetImageFromArray(voxels_kji)
    image.SetSpacing(SPACING_MM)
    image.SetDirection((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))
    step = np.linalg.norm(grid.local_ras_from_image_uv[:3, :3], axis=0)
    resample = SimpleITK.ResampleImageFilter()
    resample.SetInterpolator(SimpleITK.sitkLinear)
    resample.SetOutputPixelType(SimpleITK.sitkFloat32)
    resample.SetDefaultPixelValue(float("nan"))
    resample.SetSize((grid.shape[1], grid.shape[0], 1))
    resample.SetOutputSpacing(step.tolist())
    resample.SetOutputDirection((grid.local_ras_from_image_uv[:3, :3] / step).ravel().tolist())
    resample.SetOutputOrigin(grid.local_ras_from_image_uv[:3, 3].tolist())
    return lambda: resample.Execute(image)


def _medians_ms(repetitions: int, **actions: Callable[[], object]) -> dict[str, float]:
    """Time the actions in turn, so that a busy moment of the machine falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repetitions):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}
