"""``python -m Testing.devices.gazesam``: the command line, for other processes of tests."""

from GazeSAMLib.hosts.cli.main import app

if __name__ == "__main__":
    app()
