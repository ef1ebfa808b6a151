"""A worker that is killed again and again changes nothing in what is segmented.

The environment variable ``GAZESAM_KILLS`` says how often it is killed.
"""

import os
import random
import signal
import threading
from contextlib import ExitStack, contextmanager, suppress

import numpy as np

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.link import ENDS_IN_A_ROW
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, replay
from Testing.phantom import DISPLAY, VOLUME, phantom, recording

KILLS = int(os.environ.get("GAZESAM_KILLS", "20"))


def segmented(answer):
    """The labels that replaying the recording gives."""
    labelmap = Labelmap(VOLUME.shape_kji)
    session = GazeSession(VOLUME, DISPLAY, labelmap)
    for _item, reaction in replay(session, recording(), answer):
        assert not reaction.notice
    return labelmap.labels_kji


@contextmanager
def killed_after(connection, delay_s):
    """Kill the worker of that moment after `delay_s`, unless this is left before."""

    def kill():
        pid = connection.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    timer = threading.Timer(delay_s, kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def test_killing_the_worker_in_a_replay_gives_the_same_segmentation(tmp_path):
    undisturbed = segmented(Segmenter(make_engine("region"), phantom(), VOLUME).answer)
    assert len(np.unique(undisturbed)) == 4
    moments = random.Random(4)
    with WorkerClient(scan_parent=tmp_path, timeout_s=60.0) as client:
        client.open_scan(phantom(), VOLUME)
        client.use_engine("region")

        def answer_while_killed(request):
            with ExitStack() as kills:
                # Some hit the worker at work, some its successors as they start and are set up.
                for _ in range(moments.randrange(ENDS_IN_A_ROW - 1)):
                    latest_s = moments.choice((0.005, 0.6))
                    kills.enter_context(
                        killed_after(client.connection, moments.uniform(0, latest_s))
                    )
                return client.answer(request)

        while client.connection.restarts < KILLS:
            np.testing.assert_array_equal(segmented(answer_while_killed), undisturbed)
    assert list(tmp_path.iterdir()) == []
