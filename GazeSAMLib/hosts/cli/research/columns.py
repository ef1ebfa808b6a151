"""What the columns of a gaze table mean, in words that go into the files."""

from typing import Final

MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "t_ns": ("Monotonic clock of the recording machine", "ns"),
    "device_t_ns": ("The tracker's own clock", "ns"),
    **{
        f"{side}_{name}": (text.format(side=side), unit)
        for side in ("left", "right")
        for name, text, unit in (
            ("x_display", "Gaze of the {side} eye, raw: share of the display's width", ""),
            ("y_display", "Gaze of the {side} eye, raw: share of the display's height, down", ""),
            ("valid", "The tracker's verdict on the {side} eye: 1 or 0", ""),
            ("pupil_mm", "Diameter of the {side} pupil", "mm"),
        )
    },
    "x_display": ("Valid eyes merged, drift taken out: share of the display's width", ""),
    "y_display": ("Valid eyes merged, drift taken out: share of the display's height, down", ""),
    "x_filtered_display": ("The same through a One-Euro filter: share of the width", ""),
    "y_filtered_display": ("The same through a One-Euro filter: share of the height, down", ""),
    "x_screen_px": ("Filtered gaze on the desktop, logical pixels from its left", "pixel"),
    "y_screen_px": ("Filtered gaze on the desktop, logical pixels from its top", "pixel"),
    "fixation": ("Number of the fixation to which the sample belongs; 0 where to none", ""),
    "view": ("Slice view in which the filtered gaze falls", ""),
    "orientation": ("Of the slice that the view shows", ""),
    "x_view": ("Filtered gaze in the view, device pixels from its left", "pixel"),
    "y_view": ("Filtered gaze in the view, device pixels from its bottom, up", "pixel"),
    "slice_offset_mm": ("Of the slice, along the axis it cuts, towards R, A or S", "mm"),
    "r_mm": ("Filtered gaze on the slice, the scan's own RAS: to the patient's right", "mm"),
    "a_mm": ("Filtered gaze on the slice, the scan's own RAS: to the front", "mm"),
    "s_mm": ("Filtered gaze on the slice, the scan's own RAS: to the head", "mm"),
    "i": ("Continuous voxel index; whole numbers are voxel centres", ""),
    "j": ("Continuous voxel index; whole numbers are voxel centres", ""),
    "k": ("Continuous voxel index; whole numbers are voxel centres", ""),
    "window": ("Width of the displayed window, in the scan's values", ""),
    "level": ("Centre of the displayed window, in the scan's values", ""),
    "field_of_view_width_mm": ("Width of what the view shows", "mm"),
    "field_of_view_height_mm": ("Height of what the view shows", "mm"),
    "view_left_px": ("Left edge of the view on the desktop, logical pixels", "pixel"),
    "view_top_px": ("Top edge of the view on the desktop, logical pixels", "pixel"),
    "view_width_px": ("Width of the view on the desktop, logical pixels", "pixel"),
    "view_height_px": ("Height of the view on the desktop, logical pixels", "pixel"),
}
"""Name of a column: its description and its unit, empty where it has none."""
