"""The module's panel: one file a section, each bound to the widgets of ``GazeSAM.ui``."""
