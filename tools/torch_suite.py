"""The programs of tests/torch, each run plain and on the shim, and what differs."""

import concurrent.futures
import json
import os
import pathlib
import tempfile

from builds import ROOT
from console import Failure, say

FOLDER = ROOT / "tests" / "torch"
SECONDS = 1800
TRIES = 3
GROUPS = 4
# In the place of a case's name: what goes wrong when the process ends.
AT_EXIT = "(the end of the process)"


def modules():
    chosen = os.environ.get("MODULES", "").split()
    return chosen or sorted(path.stem for path in (FOLDER / "programs").glob("[a-z]*.py"))


def differences(one, other, where=""):
    """The places at which two descriptions differ."""
    if type(one) is not type(other):
        yield f"{where}: {one!r} / {other!r}"
    elif isinstance(one, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{where}.{key}: only {'plain' if key in one else 'on the shim'}"
            else:
                yield from differences(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{where}[{number}]")
    elif one != other:
        yield f"{where}: {one!r} / {other!r}"


class Run:
    """Some modules of programs, run in one way; a case that ends the process is recorded, and the others run on without it."""

    def __init__(self, environment, modules, way):
        self.outcomes, self.crashes, self.bound, self.counters, self.library = {}, {}, {}, {}, None
        self.list = todo = []
        while True:
            problem, begun = self.process(environment, modules, way, todo)
            if problem is None:
                return
            if begun is None:
                raise Failure(f"{environment.name}: {', '.join(modules)}, {way}: {problem}")
            self.crashes[begun] = problem
            todo = [name for name in self.list if name not in self.outcomes and name not in self.crashes]
            if not todo:
                return

    def outcome(self, name):
        """What came of a case: how it ended the process, if it did."""
        if name in self.crashes:
            return {"crash": self.crashes[name].partition("\n")[0]}
        return self.outcomes.get(name)

    def process(self, environment, modules, way, cases):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report"
            arguments = [str(FOLDER / "run_programs.py"), way, str(report), ",".join(modules), *cases]
            # Empty for each process: with what another has left there, Dynamo traces other frames than without.
            cache = str(pathlib.Path(folder) / "inductor")
            code, _, errors = environment.run(arguments, SECONDS, TORCHINDUCTOR_CACHE_DIR=cache)
            lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
        begun = None
        for line in lines:
            if "cases" in line and not cases:
                self.list = line["cases"]
            if "begin" in line:
                begun = line["begin"]
            if "outcome" in line:
                self.outcomes[line["name"]], begun = line["outcome"], None
            if "end" in line:
                self.bound, self.library = line["bound"], line["library"]
                for symbol, calls in line["counters"].items():
                    self.counters[symbol] = self.counters.get(symbol, 0) + calls
        problem = f"exit code {code}\n" + "\n".join(errors.splitlines()[-30:])
        if self.library is None:
            return problem, begun
        if code != 0:
            self.crashes[AT_EXIT] = problem
        return None, None


class Comparison:
    """Some modules, plain and on the shim. If anything differs, all of it is run again, to tell what is unstable."""

    def __init__(self, environment, modules):
        self.modules = modules
        self.runs = {"plain": [], "shim": []}
        self.unstable, self.different = {}, {}
        for _ in range(TRIES):
            for way, runs in self.runs.items():
                runs.append(Run(environment, modules, way))
            self.compare()
            if not self.different:
                break

    def compare(self):
        """Sort what did not come out the same each time: unstable is what has come of it plain too, all of it."""
        self.unstable, self.different = {}, {}
        for name in [*self.plain.list, AT_EXIT]:
            plain, shim = ([run.outcome(name) for run in runs] for runs in self.runs.values())
            odd = [outcome for outcome in shim + plain if outcome != plain[0]]
            if odd:
                kind = self.unstable if all(outcome in plain for outcome in shim) else self.different
                kind[name] = list(differences(plain[0], odd[0]))

    @property
    def plain(self):
        return self.runs["plain"][0]

    @property
    def shim(self):
        return self.runs["shim"][0]

    def crashes(self, way):
        """Every case that ended the process in any run."""
        return {name: problem for run in self.runs[way] for name, problem in run.crashes.items()}

    @property
    def cases(self):
        return len(self.plain.list)

    def errors(self):
        """What ends in the same exception both ways, by name."""
        odd = {*self.different, *self.unstable}
        return {name: outcome["error"] for name, outcome in self.shim.outcomes.items() if "error" in outcome and name not in odd}

    def without_code(self):
        """Cases in which Dynamo has made no code: they prove nothing of the shim."""
        return [name for name, outcome in self.shim.outcomes.items() if not outcome["codes"]]

    def total(self, count):
        return sum(count(outcome) for outcome in self.shim.outcomes.values())

    def line(self):
        text = f"{', '.join(self.modules)}: {self.cases} cases, "
        text += f"{len(self.different)} DIFFERENT" if self.different else "the same"
        for what, found in (
            ("crash plain", self.crashes("plain")),
            ("CRASH ON THE SHIM", self.crashes("shim")),
            ("unstable", self.unstable),
        ):
            text += f", {len(found)} {what}" if found else ""
        return text


def groups():
    """The modules, some together: most of a short run is the import of torch."""
    names = modules()
    return [names[number::GROUPS] for number in range(GROUPS) if names[number::GROUPS]]


def compare(environment, todo, progress):
    """Every group, plain and on the shim."""
    compared = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(Comparison, environment, group) for group in todo]
        for job in concurrent.futures.as_completed(jobs):
            compared.append(job.result())
            progress.tell(compared[-1].line())
    return sorted(compared, key=lambda comparison: comparison.modules)


def show(environment, compared):
    """Tell how the cases have ended; how many are not as they should be."""
    names = [name for comparison in compared for name in comparison.plain.list]
    by_backend = {}
    for name in names:
        backend = name.rpartition("[")[2].rstrip("]")
        by_backend[backend] = by_backend.get(backend, 0) + 1

    def total(count):
        return sum(comparison.total(count) for comparison in compared)

    different = sum(len(comparison.different) for comparison in compared)
    at_exit = sum(AT_EXIT in {**comparison.different, **comparison.unstable} for comparison in compared)
    errors = {name: error for comparison in compared for name, error in comparison.errors().items()}
    unstable = sum(len(comparison.unstable) for comparison in compared)
    same = len(names) + at_exit - different - len(errors) - unstable
    backends = ", ".join(f"{count} {backend}" for backend, count in by_backend.items())
    say(
        f"\n{environment.name}: {len({name.partition('[')[0] for name in names})} programs, {len(names)} cases ({backends}): "
        f"{same} the same, {len(errors)} the same error, {unstable} unstable, {different} different\n"
        f"  {total(lambda o: len(o['graphs'])):,} graphs, {total(lambda o: len(o['codes'])):,} code objects made, "
        f"{total(lambda o: o['recompiles']):,} of them again, "
        f"{total(lambda o: sum(o['counters']['graph_break'].values())):,} graph breaks"
    )
    for name, error in errors.items():
        say(f"  same error: {name}: {error['type']}: {error['text'].strip().splitlines()[0] if error['text'].strip() else ''}")
    idle = [name for comparison in compared for name in comparison.without_code()]
    if idle:
        say(f"  no code made, so the shim had nothing to do: {', '.join(idle)}")
    for comparison in compared:
        for title, cases in (("DIFFERENT", comparison.different), ("unstable", comparison.unstable)):
            for name, places in cases.items():
                say(f"  {title}: {name}")
                say("\n".join(f"    outcome{place[:400]}" for place in places[:8]))
        for title, crashes in (("crash plain", comparison.crashes("plain")), ("CRASH ON THE SHIM", comparison.crashes("shim"))):
            for name, problem in crashes.items():
                say(f"  {title}: {name}: " + problem.replace("\n", "\n    | "))
    return different


def as_json(compared):
    return {
        ", ".join(comparison.modules): {
            "plain": comparison.plain.outcomes,
            "shim": comparison.shim.outcomes,
            "crashes": {way: comparison.crashes(way) for way in comparison.runs},
            "different": comparison.different,
            "unstable": comparison.unstable,
            "counters": comparison.shim.counters,
        }
        for comparison in compared
    }
