"""What is measured, and what it is measured against: each starts one server and says where it is."""

import glob
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass

from harness.processes import CannotRun, Process, children_of, cores, free_port, move_to

KEY = "sk-slc-bench-0123456789abcdef0123456789abcdef"
# Of every kind, and never reached: what they cost is measured, not what they refuse.
LIMITS = {"limits": [
    {"name": "everybody", "by": "address", "algorithm": "token_bucket", "rate": 1000000, "burst": 1000000},
    {"name": "chat", "match": {"operation": "chat"}, "by": "user", "algorithm": "token_bucket", "rate": 1000000,
     "burst": 1000000},
    {"name": "key", "match": {"operation": "chat"}, "by": "key", "algorithm": "sliding_window", "limit": 100000,
     "per": "1s"},
]}
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(HERE)


@dataclass
class Server:
    name: str
    address: str
    pid: int | str  # whose CPU and memory count; "17,18" for two together
    process: Process
    key: str = KEY  # what clients show at its door


class Servers:
    """Starts servers in a scratch folder; all of them end with it."""

    def __init__(self, stack, scratch, build):
        self.stack = stack
        self.scratch = scratch
        self.binaries = os.path.join(build, "bin")
        self.under_test_cores, self.load_cores, self.spare_cores = cores()
        self.count = 0

    def _log(self, name):
        self.count += 1
        return os.path.join(self.scratch, f"{self.count}-{name}.log")

    def _start(self, name, command, core, stack=None, **more):
        return (stack or self.stack).enter_context(Process(command, core, self._log(name), **more))

    def binary(self, name):
        path = os.path.join(self.binaries, name)
        if not os.access(path, os.X_OK):
            raise CannotRun(f"{path} is not built")
        return path

    def llmsim(self):
        process = self._start("llmsim", [self.binary("llmsim")], self.load_cores)
        return Server("llmsim", process.ready_address(), process.pid, process)

    def _configure(self, provider_address, models, bare=False):
        """A new folder, and a configuration in it: (folder, file)."""
        self.count += 1
        folder = os.path.join(self.scratch, f"sluice-{self.count}")
        os.mkdir(folder)
        config = os.path.join(folder, "sluice.yaml")
        with open(config, "w") as file:
            # YAML holds JSON, which needs no quoting rules of our own.
            json.dump(({} if bare else LIMITS) | {
                "server": {"listen": "127.0.0.1:0", "workers": 1,
                           "limits": {"sockets": 100000, "sockets_per_user": 100000, "sockets_per_address": 100000}},
                "auth": {"keys": [{"name": "bench", "sha256": hashlib.sha256(KEY.encode()).hexdigest(),
                                   "role": "user"}]},
                "providers": {"sim": {"type": "openai", "base_url": f"http://{provider_address}/v1",
                                      "api_key": "none"}},
                "models": [{"name": name, "targets": [{"provider": "sim", "model": model}]}
                           for name, model in models.items()],
                "default_model": next(iter(models)),
            }, file, indent=2)
        return folder, config

    def sluice(self, provider_address, models, stack=None, bare=False, env=None):
        """As users have it: their accounts, limits and records. `bare`: a key of the configuration, no limits.

        `models`: what clients ask for → what the simulated provider is asked for."""
        folder, config = self._configure(provider_address, models, bare)
        key = KEY if bare else self._make_account(config, folder)
        process = self._start("sluice", [self.binary("sluice"), "serve", "--config", config], self.under_test_cores,
                              stack, cwd=folder, env={**os.environ, **env} if env else None)
        return Server("sluice", process.ready_address(), process.pid, process, key)

    def _make_account(self, config, folder):
        """An account with an API key; the key."""
        def sluice(*words, told=None):
            done = subprocess.run([self.binary("sluice"), *words, "--config", config], cwd=folder, input=told,
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise CannotRun(f"sluice {' '.join(words)}: {done.stderr.strip()}")
            return done.stdout
        sluice("user", "add", "bench", told=secrets.token_urlsafe() + "\n")
        return json.loads(sluice("key", "create", "bench", "bench", "--json"))["key"]

    def roles(self, provider_address, models, stack=None):
        """The same as a gateway and an agent on a core each, beside the other roles and engines of scripts/dev-cluster.
        Where there are only two cores the agent shares the load tools'."""
        folder, config = self._configure(provider_address, models)
        process = self._start("cluster", [os.path.join(ROOT, "scripts/dev-cluster"), "--gateways", 1, "--agents", 1,
                                          "--config", config, "--data", os.path.join(folder, "cluster"),
                                          "--bin", self.binary("sluice")],
                              self.under_test_cores, stack, cwd=folder, env=dict(os.environ))
        address = process.ready_address()
        pids = {role: pid for pid, command in children_of(process.pid) for role in ("gateway", "agent")
                if command[1:2] == [role]}
        move_to(pids["agent"], self.spare_cores)
        return Server("sluice", address, f"{pids['gateway']},{pids['agent']}", process, self._sign_up(address))

    @staticmethod
    def _sign_up(address):
        """An account with an API key, made as a client makes it; the key."""
        def post(path, body, token=None):
            request = urllib.request.Request(f"http://{address}{path}", json.dumps(body).encode(), {
                "Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})})
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        who = {"username": "bench", "password": secrets.token_urlsafe()}
        post("/register", who)
        return post("/v1/keys", {"name": "bench"}, post("/login", who)["token"])["key"]

    def trace_sink(self, stack=None):
        """The address of a collector that takes spans and forgets them."""
        process = self._start("trace-sink", [sys.executable, os.path.join(HERE, "harness/trace_sink.py")],
                              self.load_cores, stack)
        return process.ready_address()

    def nginx(self, provider_address, stack=None):
        tools = os.path.join(ROOT, "build/tools/nginx/usr/sbin")  # where scripts/setup unpacks it
        places = (tools, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")
        nginx = shutil.which("nginx", path=":".join(places))
        if nginx is None:
            raise CannotRun("nginx is not installed")
        self.count += 1
        folder = os.path.join(self.scratch, f"nginx-{self.count}")
        os.mkdir(folder)
        port = free_port()
        with open(os.path.join(folder, "nginx.conf"), "w") as file:
            file.write(NGINX.format(user="user root;" if os.geteuid() == 0 else "", folder=folder, port=port,
                                    provider=provider_address))
        process = self._start("nginx", [nginx, "-p", folder, "-c", os.path.join(folder, "nginx.conf"),
                                       "-e", "error.log"],
                              self.under_test_cores, stack)
        process.wait_for_port(port)
        return Server("nginx", f"127.0.0.1:{port}", process.only_child(), process)

    def peer(self, name, stack=None):
        """`ws` (on Node.js) or `bun`: a WebSocket server that echoes."""
        modules = peer_modules()
        if name == "ws":
            runner = shutil.which("node", path=os.path.join(ROOT, "build/tools/node/bin") + ":" + os.environ["PATH"])
        else:
            # The package `bun` would link it in an install script; the executable is in the processor's own package.
            found = [path for path in glob.glob(os.path.join(modules, "@oven/bun-linux-*/bin/bun"))
                     if "musl" not in path]
            runner = found[0] if found else None
        if runner is None:
            raise CannotRun(f"no executable to run the peer `{name}` with")
        port = free_port()
        process = self._start(name, [runner, os.path.join(os.path.dirname(modules), f"echo_{name}.mjs"), port],
                              self.under_test_cores, stack)
        process.wait_for_port(port)
        return Server(name, f"127.0.0.1:{port}", process.pid, process)


def peer_modules():
    """The peers' npm packages, installed into the build folder when first needed."""
    folder = os.path.join(ROOT, "build/bench-peers")
    modules = os.path.join(folder, "node_modules")
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "echo_ws.mjs", "echo_bun.mjs"):
        shutil.copy(os.path.join(HERE, "peers", name), folder)
    if not os.path.isdir(os.path.join(modules, "ws")):
        npm = shutil.which("npm")
        if npm is None:
            raise CannotRun("npm is not installed")
        done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(modules, ignore_errors=True)
            raise CannotRun("npm could not install the peers: " + done.stderr.strip()[-300:])
    return modules


NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; {user}
worker_rlimit_nofile 20000;
events {{ worker_connections 8000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream provider {{ server {provider}; keepalive 512; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://provider; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""
