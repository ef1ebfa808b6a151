"""Training of the compact engine's network: scenes, gaze, network, schedule, export.

Not part of the installed package. ``python3 run.py train --help`` says how it is run and
``training/README.md`` what was learned.
"""
