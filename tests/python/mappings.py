"""Mappings that write down what is done to them, to be put into a frame's f_locals."""

import collections

import probe
from readings import WAYS, LocalsTestCase

WRITING = {way: read for way, read in WAYS.items() if way != "mapping"}


class Recorder(collections.UserDict):
    """Writes down what is done to it."""

    def __init__(self, *arguments, **names):
        self.log = []
        super().__init__(*arguments, **names)
        self.log.clear()

    def __setitem__(self, name, value):
        self.log.append(("set", name, value))
        super().__setitem__(name, value)

    def __delitem__(self, name):
        self.log.append(("del", name))
        super().__delitem__(name)

    def __getitem__(self, name):
        self.log.append(("get", name))
        return super().__getitem__(name)

    def __contains__(self, name):
        self.log.append(("in", name))
        return super().__contains__(name)


class RecorderDict(dict):
    """The same as a dict subclass."""

    def __init__(self, *arguments, **names):
        super().__init__(*arguments, **names)
        self.log = []

    def __setitem__(self, name, value):
        self.log.append(("set", name, value))
        super().__setitem__(name, value)

    def __delitem__(self, name):
        self.log.append(("del", name))
        super().__delitem__(name)


class Minimal:
    """Nothing but what is needed."""

    def __init__(self, **names):
        self.data, self.log = names, []

    def __setitem__(self, name, value):
        self.log.append(("set", name, value))
        self.data[name] = value

    def __delitem__(self, name):
        self.log.append(("del", name))
        del self.data[name]

    def __getitem__(self, name):
        return self.data[name]


RECORDERS = Recorder, RecorderDict, Minimal


class MappingTest(LocalsTestCase):
    def at_entry_with(self, mapping, function, arguments, action):
        """Run action(frame) at the entry of the call, with the mapping in its f_locals; the call is then given up."""

        class GiveUp(Exception):
            pass

        answers = []

        def look(frame):
            probe.set_f_locals(frame, mapping)
            answers.append(action(frame))
            raise GiveUp

        with self.assertRaises(GiveUp):
            self.at_entry(function, lambda: function(*arguments), look)
        return answers[0]
