"""Speed and memory: ``python3 run.py bench [--json] [--long] [--only NAME]``.

A benchmark is a function of a file beside this one. It returns a number, whose key is the
function's name, or a dictionary of numbers by key; it takes `long` if it can be more
thorough, and raises ``unittest.SkipTest`` with a reason where it cannot run.
"""

import argparse
import importlib
import inspect
import json
import sys
import time
import traceback
from collections.abc import Callable
from unittest import SkipTest

from rich.console import Console
from rich.table import Table

# (file, function), in the order in which they run.
BENCHMARKS = (
    ("signals", "signals_us_median"),
    ("chain", "chain_us_median"),
    ("region", "region_click_ms"),
    ("compact", "compact_ms"),
    ("compact", "compact_worker"),
    ("geometry", "slice_image_ms"),
    ("placement", "placement_ms"),
    ("propagation", "propagate_ms_per_slice_median"),
    ("propagation", "fill_between_ms"),
    ("scans", "dicom_load_ratio"),
    ("dicom_seg", "dicom_seg_write_s"),
    ("session", "session_peak_mb"),
    ("worker", "worker_ms"),
    ("slicer_writing", "write_slice"),
    ("module", "module_session"),
    ("lsl", "lsl_latency"),
    ("gaze_hour", "gaze_growth"),
    ("store", "store_ms"),
    ("onnx", "onnx_ms"),
    ("sam", "sam_ms"),
    ("sam", "sam_memory"),
    ("gpu", "gpu_ms"),
    ("accuracy", "compact_accuracy"),
    ("model_table", "model_table"),
)

BOUNDS = {
    "signals_us_median": 20.0,
    "chain_us_median": 50.0,
    "region_click_ms_median": 20.0,
    "compact_decode_ms_p95_512": 25.0,
    "compact_decode_ms_p95_1024": 33.0,
    "compact_embed_ms_p95": 30.0,
    "compact_worker_peak_mb": 400.0,
    "placement_axis_ms_median": 2.0,
    "placement_oblique_ms_median": 20.0,
    "propagate_ms_per_slice_median": 60.0,
    "fill_between_ms": 1500.0,
    "worker_roundtrip_ms_p95": 3.0,
    "dicom_seg_write_s": 5.0,
    "write_slice_ms_p95": 15.0,
    "fixation_to_outline_ms_p95_512": 33.0,
    "fixation_to_outline_ms_p95_1024": 50.0,
    "session_idle_cpu_percent": 5.0,
    "lsl_latency_ms_p50_60hz": 2.0,
    "lsl_latency_ms_p99_60hz": 20.0,
    "lsl_latency_ms_p50_250hz": 2.0,
    "lsl_latency_ms_p99_250hz": 20.0,
    "lsl_latency_ms_p50_1200hz": 2.0,
    "lsl_latency_ms_p99_1200hz": 20.0,
    "lsl_lost_samples": 0.0,
    "gaze_growth_mb": 8.0,
    "gaze_growth_lost_samples": 0.0,
    "sam_vit_b_embed_ratio": 1.05,
    "sam_decode_ratio": 1.05,
    "sam_vit_b_peak_mb": 4096.0,
    "sam_vit_b_onnx_peak_mb": 4096.0,
    "mobile_sam_embed_ms_median": 440.0,
    "onnx_decode_ms_median": 29.0,
    "gpu_decode_ms_p95": 5.0,
}

AT_LEAST = {
    "gpu_prepare_slices_per_s_vit_b": 200.0,
    "gpu_prepare_speedup_vit_b": 10.0,
}

Numbers = dict[str, float]


def main() -> int:
    """Run the benchmarks that the command line asks for; 1 where one of them failed."""
    arguments = parsed_arguments()
    errors = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    numbers: Numbers = {}
    failed = False
    for file, function in BENCHMARKS:
        if arguments.only and arguments.only not in (file, function):
            continue
        started = time.perf_counter()
        try:
            numbers |= measured(file, function, long=arguments.long)
        except Exception as error:  # noqa: BLE001 - must not cost the other benchmarks' numbers
            if is_skip(error):
                errors.print(f"{function}: skipped, {error}")
            else:
                failed = True
                errors.print(f"{function}: failed\n{traceback.format_exc()}")
        else:
            errors.print(f"{function}: {time.perf_counter() - started:.1f} s")
    if arguments.json:
        sys.stdout.write(json.dumps(numbers) + "\n")
    else:
        Console().print(table_of(numbers))
    return 1 if failed else 0


def parsed_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="run.py bench", description="Measure speed and memory.")
    parser.add_argument("--json", action="store_true", help="one flat JSON object of numbers")
    parser.add_argument("--long", action="store_true", help="more repetitions and larger cases")
    names = sorted({name for benchmark in BENCHMARKS for name in benchmark})
    parser.add_argument("--only", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    return parser.parse_args()


def measured(file: str, function: str, *, long: bool) -> Numbers:
    """Run one benchmark and return its numbers by key."""
    module = importlib.import_module(f"{__package__}.{file}")
    benchmark: Callable[..., float | Numbers] = getattr(module, function)
    takes_long = "long" in inspect.signature(benchmark).parameters
    result = benchmark(long=long) if takes_long else benchmark()
    return result if isinstance(result, dict) else {function: result}


def is_skip(error: BaseException) -> bool:
    """Whether a benchmark cannot run here, for want of a package or of anything it says."""
    if isinstance(error, ModuleNotFoundError):
        return not (error.name or "").startswith("GazeSAMLib")
    return isinstance(error, SkipTest) or isinstance(error.__cause__, ModuleNotFoundError)


def table_of(numbers: Numbers) -> Table:
    """Return the numbers beside their bounds."""
    table = Table("quantity", "value", "bound", "")
    for column in table.columns[1:3]:
        column.justify = "right"
    for key, value in numbers.items():
        bound, least = BOUNDS.get(key), AT_LEAST.get(key)
        holds = (bound is None or value <= bound) and (least is None or value >= least)
        told = f"{bound:g}" if bound is not None else f"> {least:g}" if least is not None else ""
        verdict = "" if not told else "[green]pass[/]" if holds else "[red]fail[/]"
        digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        table.add_row(key, digits, told, verdict)
    return table


if __name__ == "__main__":
    sys.exit(main())
