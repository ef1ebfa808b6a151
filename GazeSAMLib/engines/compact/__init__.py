"""Engine `compact`: a small promptable network that comes with GazeSAM."""
