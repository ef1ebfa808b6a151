"""Training needs packages that the product does not: without them there is nothing to test."""

from importlib.util import find_spec

MISSING = [name for name in ("torch", "onnx", "onnxruntime") if find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_report_header() -> str | None:
    return f"tests of training are left out: no {', '.join(MISSING)}" if MISSING else None
