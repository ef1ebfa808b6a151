"""From fixations to prompts, and from an engine's candidates to the one that is shown."""
