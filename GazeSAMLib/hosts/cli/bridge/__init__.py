"""Programs that publish eye trackers to the session."""
