"""Embeddings of slices that were made once, kept on disk for every process of this user."""
