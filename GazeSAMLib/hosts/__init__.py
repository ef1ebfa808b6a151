"""Where GazeSAM meets its users: the command line and 3D Slicer."""
