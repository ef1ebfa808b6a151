"""Engine `region`: classical region growing with a small scorer; no weights to download.

From the looked-at point a front spreads over the slice, slowly where the grey value changes. Its
arrival times are a family of nested regions, at several resolutions and for several costs;
a small network that has seen labelled scans says which of them look like structures.
"""
