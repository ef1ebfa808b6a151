"""Pictures of what was looked at and what was accepted."""
