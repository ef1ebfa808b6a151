"""Fits the scorer with which the engine `compact` chooses among its network's masks.

The one part of the training that knows the product: the engine's own code looks, so that what is
fitted is what is used. ``python -m training.choosing --help`` says how it is run.
"""
