"""From raw samples to fixations: validity, drift, smoothing, fixation. Streaming and pure."""
