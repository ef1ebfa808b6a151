"""What eye-tracking researchers take from a recording: tables, figures, maps."""
