"""For pytest: the counts of a run, for who has started it."""

import json
import os


def pytest_terminal_summary(terminalreporter):
    place = os.environ.get("PYFRAME_SHIM_OUTCOMES")
    if place:
        with open(place, "w") as file:
            json.dump({name: len(reports) for name, reports in terminalreporter.stats.items()}, file)
