"""Processes that a run starts, and that end with it whatever happens."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import time

READY_TIMEOUT_S = 15
STOP_TIMEOUT_S = 10
PR_SET_PDEATHSIG = 1


class CannotRun(Exception):
    """Something that a measurement needs is not there; the message says what."""


def cores():
    """(of the server under test, of the load tools, of a second server): apart as far as there are enough, so that they
    do not take turns."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[0]}, {allowed[1 % len(allowed)]}, {allowed[min(2, len(allowed) - 1)]}


def move_to(pid, cores):
    """A running process with all its threads."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def children_of(pid):
    """[(pid, its command line)] of a process' children."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as children:
            found += map(int, children.read().split())
    return [(child, open(f"/proc/{child}/cmdline").read().split("\0")) for child in found]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _in_child(core):
    # Dies with the run even if the run is killed.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, core)


class Process:
    """One child on one set of cores, its output in a file. A context manager: it is gone afterwards."""

    def __init__(self, command, core, log_path, cwd=None, env=None):
        self.command = [str(word) for word in command]
        self.log_path = log_path
        self.started_at = time.monotonic()
        with open(log_path, "wb") as log:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd=cwd, env=env,
                preexec_fn=lambda: _in_child(core))
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()

    def log_tail(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()[-1000:].strip()

    def ready_address(self):
        """The ADDRESS:PORT of the line `ready http://ADDRESS:PORT` on standard output."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        output = b""
        while time.monotonic() < deadline:
            if not select.select([self.child.stdout], [], [], deadline - time.monotonic())[0]:
                break
            piece = os.read(self.child.stdout.fileno(), 4096)
            if not piece:
                break
            output += piece
            for line in output.decode(errors="replace").splitlines(keepends=True):
                if line.startswith("ready http://") and line.endswith("\n"):
                    return line.strip()[len("ready http://"):]
        said = output.decode(errors="replace").strip()
        raise CannotRun(f"{self.command[0]} did not become ready: {said} {self.log_tail()}")

    def wait_for_port(self, port):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline and self.child.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.005)
        raise CannotRun(f"{self.command[0]} did not listen: {self.log_tail()}")

    def only_child(self):
        """The pid of its one child process (nginx's worker)."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as children:
                pids = children.read().split()
            if len(pids) == 1:
                return int(pids[0])
            time.sleep(0.005)
        raise CannotRun(f"{self.command[0]} has not one child process but {len(pids)}")


def rss_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
