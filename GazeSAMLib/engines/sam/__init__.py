"""Segment Anything and the models that share its architecture."""
