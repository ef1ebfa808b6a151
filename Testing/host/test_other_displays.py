"""The views on scaled displays and on several monitors."""

from pathlib import Path

import pytest

from Testing.host.other_displays import passes_on_display


@pytest.mark.usefixtures("running_host")
@pytest.mark.parametrize("factors", [(1.5,), (2.0,), (1.0, 1.5)], ids=str)
def test_views_hold_on_other_displays(factors):
    passes_on_display(Path(__file__).with_name("test_views.py"), *factors)
