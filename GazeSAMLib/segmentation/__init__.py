"""From masks on slice images to voxels, and the journal of what was accepted."""
