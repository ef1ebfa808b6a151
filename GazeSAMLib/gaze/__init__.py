"""Gaze samples, events, recordings, and the sources they come from."""
