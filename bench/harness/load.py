"""The load generator, called; and the arithmetic of alternating runs."""

import json
import os
import statistics
import subprocess

from harness.processes import CannotRun, _in_child

COMMAND_TIMEOUT_S = 180


class Failed(Exception):
    """A run in which an answer was wrong: no figures."""


class Load:
    def __init__(self, servers):
        self.loadgen = servers.binary("loadgen")
        self.core = servers.load_cores

    def run(self, command, **options):
        """`loadgen COMMAND --option value …`; what it prints, read."""
        words = [self.loadgen, command]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S,
                              preexec_fn=lambda: _in_child(self.core))
        if done.returncode != 0:
            raise Failed(done.stderr.strip()[:400] or f"loadgen ended with {done.returncode}")
        return json.loads(done.stdout)


def alternate(contenders, repeats):
    """Runs A B C A B C …; {name: [result, …]}. `contenders`: {name: callable}. One that cannot run is left out, and one
    that failed has the exception in the place of its results."""
    results = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, measure in contenders.items():
            if isinstance(results[name], Exception):
                continue
            try:
                results[name].append(measure())
            except (Failed, CannotRun, OSError, subprocess.TimeoutExpired) as failure:
                results[name] = failure
    return results


def pick(result, path):
    """`latency_us.p50` of a result."""
    for name in path.split("."):
        result = result[name]
    return result


def median(results, path):
    return statistics.median(pick(result, path) for result in results)


def median_ratio(ours, theirs, path):
    """The median of the ratios of neighbours: what drifts on the machine drifts for both."""
    return statistics.median(pick(a, path) / max(pick(b, path), 1e-9) for a, b in zip(ours, theirs))


def median_added_ratio(ours, theirs, direct, path):
    """The same of what each adds to `direct`."""
    return statistics.median((pick(a, path) - pick(d, path)) / max(pick(b, path) - pick(d, path), 0.1)
                             for a, b, d in zip(ours, theirs, direct))


def median_added(results, direct, path):
    return statistics.median(pick(a, path) - pick(d, path) for a, d in zip(results, direct))
