"""Reading scans and writing labelmaps outside Slicer."""
