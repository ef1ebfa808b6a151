"""A long run of onnxruntime that lets others do something meanwhile, and can be given up."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.onnx.runtime import checked_run, import_onnxruntime

EVERY_S = 0.005
"""So often the caller is asked."""

Feed = Mapping[str, npt.NDArray[Any]]


def run_in_steps(
    session: Any,  # noqa: ANN401 - an onnxruntime.InferenceSession
    feed: Feed,
    between: Callable[[], None],
) -> list[npt.NDArray[np.float32]]:
    """Return a session's outputs; call `between` all the time while it computes.

    The session runs in a thread of its own, which holds no lock of Python's, and goes on while
    `between` works. If `between` raises, the run ends with the layer that it is at.

    Raises
    ------
    EngineError
        If onnxruntime fails.
    """
    options = import_onnxruntime().RunOptions()
    options.log_severity_level = 4  # that it was ended is no news
    with ThreadPoolExecutor(1, thread_name_prefix="onnx") as pool:
        result: Future[list[npt.NDArray[np.float32]]] = pool.submit(
            lambda: session.run(None, feed, options)
        )
        try:
            while wait((result,), timeout=EVERY_S).not_done:
                between()
        finally:
            options.terminate = not result.done()  # leaving the pool waits for the thread
        return checked_run(result.result)  # type: ignore[no-any-return]
