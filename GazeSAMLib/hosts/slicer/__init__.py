"""3D Slicer: the only part of the library that imports ``slicer``, ``vtk``, ``qt`` and ``ctk``."""
