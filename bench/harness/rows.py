"""The rows of the table. The numbers are those of docs/performance.md."""

import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import time

from harness.load import alternate, median, median_added, median_added_ratio, median_ratio
from harness.processes import CannotRun, rss_bytes

# What clients ask for, and what the simulated provider does then. About 1 KB of text an answer.
PLANS = {
    "brief": "tokens=1",                # for the first token alone
    "small": "tokens=200",              # for whole answers
    "packets": "tokens=200,rate=500",   # one event a packet, at a pace at which nobody can read several at once
    "flat-out": "tokens=200,batch=50",  # many events a packet
}
MODELS = {name: f"sim:{plan}" for name, plan in PLANS.items()}
COMPLETIONS = "/v1/chat/completions"


class Rows:
    def __init__(self, servers, load, table, quick):
        self.servers, self.load, self.table = servers, load, table
        self.quick = quick
        self.repeats = 3 if quick else 7
        self.duration = 1.0 if quick else 3.0
        self.idle_sockets = 5000 if quick else 15000
        self.starts = 5 if quick else 15
        self.provider = servers.llmsim()
        self.nginx = self._or_failure(lambda: servers.nginx(self.provider.address))
        self.sluice = self._or_failure(self._sluice)

    def _sluice(self, stack=None, bare=False, env=None):
        return self.servers.sluice(self.provider.address, MODELS, stack, bare, env)

    @staticmethod
    def _or_failure(start):
        try:
            return start()
        except (CannotRun, OSError) as failure:
            return failure

    def _chat(self, server, face, plan, **options):
        """A callable for `alternate`. The reference passes the provider's own model name on; ours maps a short one."""
        def measure():
            if isinstance(server, Exception):
                raise server
            ours = server.name == "sluice"
            path = "/chat" if face.startswith("ws") else COMPLETIONS
            given = {"duration": self.duration, "warmup": 0.3, "key": server.key, **options}
            return self.load.run("load", url=f"http://{server.address}{path}", face=face, plan=PLANS[plan],
                                 model=plan if ours else f"sim:{PLANS[plan]}", pid=server.pid, **given)
        return measure

    def _compare(self, row, what, results, ours, theirs, path, goal, unit=""):
        """One line: ours beside the reference, ratio of neighbours, a goal that is a smallest ratio."""
        mine, other = results[ours], results[theirs]
        reference = (theirs + " absent", None) if isinstance(other, Exception) else (theirs, median(other, path))
        if isinstance(mine, Exception):
            return self.table.add(row, what, mine, reference, goal=f">= {goal} x")
        ratio = None if isinstance(other, Exception) else median_ratio(mine, other, path)
        self.table.add(row, what, median(mine, path), reference, ratio, f">= {goal} x",
                       None if ratio is None else ratio >= goal, unit)

    def row_1(self):
        results = alternate({"nginx": self._chat(self.nginx, "json", "small", connections=64),
                             "sluice": self._chat(self.sluice, "json", "small", connections=64)}, self.repeats)
        self._compare("1", "chat, 1 KB each way, 64 conn.: req/CPU-s", results, "sluice", "nginx",
                      "requests_per_cpu_s", 0.7)
        self._compare("1", "the same: req/s", results, "sluice", "nginx", "requests_per_s", 0.7)

    def row_1_costs(self):
        """What accounts and limits cost: the same with a key of the configuration and no limits. Records stay."""
        with contextlib.ExitStack() as stack:
            bare = self._or_failure(lambda: self._sluice(stack, bare=True))
            for face, plan, what, path in (("json", "small", "chat", "requests_per_cpu_s"),
                                           ("sse", "packets", "SSE to SSE, an event a packet", "tokens_per_cpu_s")):
                results = alternate({"bare": self._chat(bare, face, plan, connections=64),
                                     "sluice": self._chat(self.sluice, face, plan, connections=64)}, self.repeats)
                self._compare("1c", f"users and limits, {what}: per CPU-s", results, "sluice", "bare", path, 0.9)

    def row_1_traces(self):
        """What traces cost: 1 % of them, to a collector that takes them, against none."""
        with contextlib.ExitStack() as stack:
            sink = self.servers.trace_sink(stack)
            traced = self._or_failure(lambda: self._sluice(stack, env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink}", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": "0.01"}))
            for face, plan, what, path in (("json", "small", "chat", "requests_per_cpu_s"),
                                           ("sse", "packets", "SSE to SSE, an event a packet", "tokens_per_cpu_s")):
                results = alternate({"none": self._chat(self.sluice, face, plan, connections=64),
                                     "traced": self._chat(traced, face, plan, connections=64)}, self.repeats)
                self._compare("1t", f"1 % of traces, {what}: per CPU-s", results, "traced", "none", path, 0.95)

    def row_11(self):
        """Rows 4 and 5 with the roles apart: what the gateway and the agent take together, beside one process."""
        with contextlib.ExitStack() as stack:
            roles = self._or_failure(lambda: self.servers.roles(self.provider.address, MODELS, stack))
            for plan, load in (("packets", "an event a packet"), ("flat-out", "flat out")):
                for face, what in (("sse", "SSE"), ("ws-basic", "WebSocket"), ("ws-full", "sluice.v1")):
                    if self.quick and face == "ws-basic":  # as dear as the other dialect
                        continue
                    results = alternate({"one process": self._chat(self.sluice, face, plan, connections=64),
                                         "roles": self._chat(roles, face, plan, connections=64)}, self.repeats)
                    self._at_most("11", f"roles apart, {what}, {load}: CPU a token", results, "roles", "one process",
                                  "cpu_us_per_token", 2.5, "us")

    def _at_most(self, row, what, results, ours, theirs, path, goal, unit):
        """As _compare, with a goal that is a largest ratio."""
        mine, other = results[ours], results[theirs]
        failed = next((each for each in (mine, other) if isinstance(each, Exception)), None)
        if failed:
            return self.table.add(row, what, failed, goal=f"<= {goal} x")
        ratio = median_ratio(mine, other, path)
        self.table.add(row, what, median(mine, path), (theirs, median(other, path)), ratio, f"<= {goal} x",
                       ratio <= goal, unit)

    def row_2(self):
        results = alternate({name: self._chat(server, "json", "small", connections=1)
                             for name, server in self._with_direct().items()}, self.repeats)
        self._added("2", "added by one request at a time: ", results, "latency_us", 1.25, ("p50", "p99"))

    def _with_direct(self):
        return {"direct": self.provider, "nginx": self.nginx, "sluice": self.sluice}

    def _added(self, row, what, results, histogram, goal, quantiles):
        for quantile in quantiles:
            mine, other, direct = results["sluice"], results["nginx"], results["direct"]
            line = f"{what}{quantile}"
            path = f"{histogram}.{quantile}"
            absent = isinstance(other, Exception) or isinstance(direct, Exception)
            reference = ("nginx absent", None) if absent else ("nginx", median_added(other, direct, path))
            if isinstance(mine, Exception) or isinstance(direct, Exception):
                self.table.add(row, line, mine if isinstance(mine, Exception) else direct, reference,
                               goal=f"<= {goal} x", unit="us")
                continue
            ratio = None if isinstance(other, Exception) else median_added_ratio(mine, other, direct, path)
            self.table.add(row, line, median_added(mine, direct, path), reference, ratio, f"<= {goal} x",
                           None if ratio is None else ratio <= goal, "us")

    def rows_4_and_5(self):
        for part, plan, goal, load in (("a", "packets", 0.8, "an event a packet"), ("b", "flat-out", 0.4, "flat out")):
            results = alternate({
                "nginx": self._chat(self.nginx, "sse", plan, connections=64),
                "sse": self._chat(self.sluice, "sse", plan, connections=64),
                "ws-basic": self._chat(self.sluice, "ws-basic", plan, connections=64),
                "ws-full": self._chat(self.sluice, "ws-full", plan, connections=64),
            }, self.repeats)
            for row, face, what in (("4", "sse", "SSE to SSE"), ("5", "ws-basic", "SSE to WebSocket, basic"),
                                    ("5", "ws-full", "SSE to WebSocket, sluice.v1")):
                self._compare(row + part, f"{what}, {load}: tokens/CPU-s", results, face, "nginx",
                              "tokens_per_cpu_s", goal)

    def row_4_first_token(self):
        results = alternate({name: self._chat(server, "sse", "brief", connections=1)
                             for name, server in self._with_direct().items()}, self.repeats)
        self._added("4", "added to the first token: ", results, "first_token_us", 1.5, ("p50", "p99"))

    def _fresh(self, start, measure):
        """Measures a server that was just started, and ends it."""
        def run():
            with contextlib.ExitStack() as stack:
                return measure(start(stack))
        return run

    def row_7(self):
        def idle(server):
            ours = server.name == "sluice"
            return self.load.run("idle", url=f"http://{server.address}/chat", pid=server.pid, sockets=self.idle_sockets,
                                 **({"key": server.key, "protocol": "sluice.v1"} if ours else {}))
        results = alternate({
            "sluice": self._fresh(self._sluice, idle),
            "ws": self._fresh(lambda stack: self.servers.peer("ws", stack), idle),
            "bun": self._fresh(lambda stack: self.servers.peer("bun", stack), idle),
        }, 1)
        count = f"{self.idle_sockets:,}".replace(",", " ")
        for what, path, goal in ((f"idle WebSocket of {count}: user KB each", "user_bytes_per_socket", 3.0),
                                 ("the same and the kernel's, both ends, KB", "total_bytes_per_socket", 9.0)):
            mine = results["sluice"]
            others = {name: str(other) if isinstance(other, Exception) else f"{median(other, path) / 1024:.2f} KB"
                      for name, other in results.items() if name != "sluice"}
            note = "; ".join(f"{name}: {figure}" for name, figure in others.items())
            kilobytes = mine if isinstance(mine, Exception) else median(mine, path) / 1024
            self.table.add("7", what, kilobytes, goal=f"<= {goal:.0f} KB",
                           met=None if isinstance(mine, Exception) else kilobytes <= goal, unit="KB", note=note)

    def row_7b(self):
        with contextlib.ExitStack() as stack:
            peers = {name: self._or_failure(lambda name=name: self.servers.peer(name, stack)) for name in ("ws", "bun")}

            def measure(server, face):
                def run():
                    if isinstance(server, Exception):
                        raise server
                    return self.load.run("load", url=f"http://{server.address}/chat", face=face, key=server.key,
                                         message_bytes=512, connections=100, duration=self.duration, warmup=0.3,
                                         pid=server.pid)
                return run
            results = alternate({"sluice": measure(self.sluice, "ws-ping"), "ws": measure(peers["ws"], "ws-echo"),
                                 "bun": measure(peers["bun"], "ws-echo")}, self.repeats)
        for peer, goal in (("ws", 2), ("bun", 1)):
            self._compare("7b", "ping to pong, 512 B, 100 sockets: msg/CPU-s", results, "sluice", peer,
                          "requests_per_cpu_s", goal)

    def row_13(self):
        try:
            starts = [self._cold_start() for _ in range(self.starts)]
            size = self._stripped_bytes()
        except (CannotRun, OSError) as failure:
            return self.table.add("13", "cold start to the first answer", failure, goal="<= 150 ms")
        to_answer, rss = (statistics.median(column) for column in zip(*starts))
        self.table.add("13", "cold start to the first answered chat", to_answer * 1000, goal="<= 150 ms",
                       met=to_answer <= 0.15, unit="ms")
        self.table.add("13", "memory then (RSS)", rss / 2**20, goal="<= 40 MB", met=rss <= 40 * 2**20, unit="MB")
        self.table.add("13", "stripped executable", size / 2**20, goal="<= 25 MB", met=size <= 25 * 2**20, unit="MB")

    def _cold_start(self):
        with contextlib.ExitStack() as stack:
            server = self._sluice(stack)
            client = http.client.HTTPConnection(server.address, timeout=10)
            client.request("POST", COMPLETIONS, json.dumps(
                {"model": "small", "messages": [{"role": "user", "content": "Hello"}]}),
                {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"})
            response = client.getresponse()
            body = response.read()
            elapsed = time.monotonic() - server.process.started_at
            client.close()
            if response.status != 200:
                raise CannotRun(f"the first chat was answered with {response.status}: {body[:200]!r}")
            return elapsed, rss_bytes(server.pid)

    def _stripped_bytes(self):
        strip = shutil.which("strip") or shutil.which("llvm-strip-19")
        if strip is None:
            raise CannotRun("there is no strip")
        target = os.path.join(self.servers.scratch, "sluice-stripped")
        subprocess.run([strip, "-o", target, self.servers.binary("sluice")], check=True)
        return os.path.getsize(target)
