"""A gaze table as Parquet, where pyarrow is installed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.research.columns import MEANINGS
from GazeSAMLib.hosts.cli.research.gaze_table import NO_TIME, GazeTable
from GazeSAMLib.scans.atomic import replacing


def check_parquet() -> None:
    """Find out before the work whether Parquet can be written.

    Raises
    ------
    OutputError
        If pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise OutputError("Parquet needs pyarrow: install gazesam[parquet], or leave it out")


def write_parquet(path: Path, table: GazeTable) -> None:
    """Write a table; a column's description and unit stand in its metadata.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns, fields = [], []
    for name, values in table.columns.items():
        if values.dtype == object:
            made = pa.array([str(value) or None for value in values], pa.string())
        elif name == "device_t_ns":
            made = pa.array(values, mask=values == NO_TIME)
        elif values.dtype.kind == "f":
            made = pa.array(values, mask=np.isnan(values))
        else:
            made = pa.array(values)
        meaning, unit = MEANINGS[name]
        columns.append(made)
        fields.append(pa.field(name, made.type, metadata={"description": meaning, "unit": unit}))
    with replacing(path) as beside:
        parquet.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), beside)
