"""The command `gazesam` with a catalogue of its own: the models that the first argument says."""

import json
import sys

from GazeSAMLib.engines.catalogue import models
from GazeSAMLib.engines.catalogue.entry import ModelEntry

models.MODELS = tuple(ModelEntry(**one) for one in json.loads(sys.argv.pop(1)))

from GazeSAMLib.hosts.cli.main import app  # noqa: E402 - it takes the catalogue as it is now

app()
