"""What a device sends whose recording goes wrong, as `GazeSAMLib.simulation.faults` has it."""

from collections.abc import Sequence
from dataclasses import replace

from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.simulation.faults import Fault, deliveries


def sent(samples: Sequence[GazeSample], *faults: Fault) -> list[GazeSample]:
    """Samples in the order of sending: `t_ns` is when, `device_t_ns` what the device believes.

    While there is no connection nothing is sent.
    """
    begin_ns = samples[0].t_ns
    return [
        replace(
            delivery.sample,
            t_ns=begin_ns + delivery.due_ns,
            device_t_ns=begin_ns + delivery.sample.t_ns,
        )
        for delivery in deliveries(samples, faults)
        if delivery.connected
    ]
