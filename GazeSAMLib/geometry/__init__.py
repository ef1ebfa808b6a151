"""Display, view, slice and volume geometry. Pure numpy: nothing here knows gaze or Slicer."""
