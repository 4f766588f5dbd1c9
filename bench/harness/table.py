"""Lines of the table, printed as they come and kept for the JSON."""

import json
import os
import platform
import subprocess
import time

WIDTHS = (4, 54, 12, 20, 6, 18)
HEADS = ("row", "what", "sluice", "reference", "ratio", "goal")


class Table:
    def __init__(self):
        self.lines = []
        self.reasons = set()  # of failures, each printed once

    def head(self):
        self._print(HEADS)
        print("-" * (sum(WIDTHS) + 2 * (len(WIDTHS) - 1)))

    def _print(self, cells):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)

    def add(self, row, what, ours=None, reference=None, ratio=None, goal="", met=None, unit="", note=""):
        """One line. `ours` may be an exception; `reference` is (name, figure) or None."""
        self.lines.append({"row": row, "what": what, "sluice": None if isinstance(ours, Exception) else ours,
                           "reference": reference, "ratio": ratio, "goal": goal, "met": met, "unit": unit,
                           "failure": str(ours) if isinstance(ours, Exception) else None, "note": note})
        shown = "FAILED" if isinstance(ours, Exception) else figure(ours, unit)
        beside = "" if reference is None else f"{reference[0]} {figure(reference[1], unit)}"
        verdict = goal + ("" if met is None else "  met" if met else "  NOT MET")
        self._print((row, what, shown, beside, "" if ratio is None else f"{ratio:.2f}", verdict))
        if isinstance(ours, Exception) and str(ours) not in self.reasons:
            self.reasons.add(str(ours))
            print("      " + str(ours), flush=True)
        if note:
            print("      " + note, flush=True)

    def write(self, path, command):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            json.dump({"command": command, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "machine": machine(), "commit": commit(), "rows": self.lines}, file, indent=2)
            file.write("\n")


def figure(value, unit=""):
    if value is None:
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


def commit():
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                          cwd=os.path.dirname(os.path.abspath(__file__)))
    return done.stdout.strip() or None
