#!/usr/bin/env python3
"""Holds docker-compose.yml and what belongs to it against the executable, without Docker and without a network.

    tests/deploy/compose_test.py [--sluice FILE] [--root FOLDER]

The compose file is read by docker-compose itself. The four roles are started with the very environment, configuration
and arguments of their services, beside a Redis started by its service's command and a PostgreSQL, behind nginx with the
proxy's file; their health checks are run, and a chat goes through all of them. With --root (as root) they run in that
file system, as the image's user and with nothing writable but what the compose file says: it is for a root in which
scripts/setup runtime was done.
"""

import argparse
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

import yaml

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = ("identity", "agent", "admin", "gateway")
SECRETS = ("SLUICE_SERVICE_SECRET", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD")
cluster = SourceFileLoader("dev_cluster", str(ROOT / "scripts/dev-cluster")).load_module()
told = argparse.Namespace(sluice="", root=None)


def words(*command, **more):
    """Runs a command to its end; what it said goes into the failure."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout + done.stderr


def compose(env_file, *command):
    """docker-compose, with nothing of our own environment that the file could ask for."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(["docker-compose", "--env-file", str(env_file), "-f", str(ROOT / "docker-compose.yml"),
                           "--project-directory", str(ROOT), *command],
                          capture_output=True, text=True, env=environment, timeout=60)


class Written(unittest.TestCase):
    """What is written in the files."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sluice-compose-")))
        cls.env_file = cls.folder / "env"
        code, said = words(ROOT / "deploy/compose/make-env", cls.env_file)
        assert code == 0, said
        done = compose(cls.env_file, "config")
        assert done.returncode == 0, done.stderr
        cls.services = yaml.safe_load(done.stdout)["services"]

    def test_secrets_are_made_once_and_for_their_owner(self):
        before = self.env_file.read_text()
        self.assertEqual(self.env_file.stat().st_mode & 0o777, 0o600)
        values = re.findall(r"^\w+=([0-9a-f]{64})$", before, re.MULTILINE)
        self.assertEqual(len(set(values)), len(SECRETS))
        code, said = words(ROOT / "deploy/compose/make-env", self.env_file)
        self.assertEqual(code, 2)
        self.assertIn("is there already", said)
        self.assertEqual(self.env_file.read_text(), before)

    def test_nothing_starts_without_its_secrets(self):
        lines = self.env_file.read_text().splitlines()
        for number, name in enumerate(SECRETS):
            without = self.folder / f"without-{name}"
            left = [f"{name}="] if number % 2 else []  # empty, or not there at all
            without.write_text("\n".join([line for line in lines if not line.startswith(name)] + left) + "\n")
            done = compose(without, "config")
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn("deploy/compose/make-env", done.stderr)

    def test_every_service_is_confined(self):
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertNotIn(str(service["user"]).split(":")[0], ("0", "root"))
                for key in ("restart", "healthcheck", "mem_limit", "pids_limit"):
                    self.assertIn(key, service)
                for key in ("privileged", "cap_add", "network_mode", "devices", "pid", "ipc"):
                    self.assertNotIn(key, service)
                self.assertNotIn("docker.sock", str(service.get("volumes", "")))

    def test_ports_are_on_loopback_alone(self):
        published = {name: service["ports"] for name, service in self.services.items() if "ports" in service}
        for name, ports in published.items():
            for port in ports:
                self.assertRegex(str(port), r"^127\.0\.0\.1:\d+:\d+(/tcp)?$", name)
        self.assertLessEqual({"proxy", "redis", "postgres", "jaeger"}, set(published))
        self.assertFalse(set(ROLES) & set(published), "the roles believe what the proxy says of clients")

    def test_no_secret_is_where_it_is_not_needed(self):
        made = dict(line.split("=") for line in self.env_file.read_text().split())
        who = {name: {each for each, service in self.services.items() if value in str(service)}
               for name, value in made.items()}
        self.assertEqual(who, {
            "SLUICE_SERVICE_SECRET": set(ROLES), "REDIS_PASSWORD": {*ROLES, "redis"},
            "POSTGRES_PASSWORD": {*ROLES, "postgres"} - {"gateway"}, "GRAFANA_PASSWORD": {"grafana"}})
        for name, service in self.services.items():
            arguments = str([service.get(key) for key in ("command", "entrypoint", "healthcheck")])
            self.assertFalse([each for each in made.values() if each in arguments], name)

    def test_engines_start_by_themselves(self):
        for name in ("redis", "postgres", "jaeger"):
            self.assertNotIn("depends_on", self.services[name])

    def test_what_is_mounted_is_there(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0] if isinstance(volume, str) else volume.get("source", "")
                if source.startswith(str(ROOT)):
                    self.assertTrue(Path(source).exists(), f"{name}: {source}")

    def test_prometheus_asks_each_role_where_it_answers(self):
        code, said = words("promtool", "check", "config", ROOT / "deploy/compose/prometheus.yml")
        self.assertEqual(code, 0, said)
        jobs = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text())["scrape_configs"]
        found = next(job for job in jobs if job["job_name"] == "sluice")["dns_sd_configs"][0]
        self.assertEqual(set(found["names"]), set(ROLES))
        listen = yaml.safe_load((ROOT / "deploy/compose/sluice.yaml").read_text())["server"]["internal_listen"]
        self.assertEqual(str(found["port"]), listen.split(":")[1])
        for role in ROLES:
            self.assertTrue(self.services[role]["healthcheck"]["test"][-1].endswith(f":{found['port']}"))

    def test_grafana_finds_its_sources_and_dashboards(self):
        provisioning = ROOT / "deploy/compose/grafana"
        for source in yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]:
            host, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()
            self.assertIn(host, self.services)
            self.assertEqual(source["type"], host)
            self.assertTrue(port)
        (provider,) = yaml.safe_load((provisioning / "dashboards/sluice.yml").read_text())["providers"]
        self.assertIn(provider["options"]["path"], str(self.services["grafana"]["volumes"]))
        home = self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        dashboard = json.loads((ROOT / "deploy/grafana" / Path(home).name).read_text())
        self.assertEqual(str(Path(home).parent), provider["options"]["path"])
        self.assertTrue(dashboard["uid"] and dashboard["panels"])

    def test_the_image_has_every_library_that_the_executable_names(self):
        listed = {line.strip() for line in (ROOT / "scripts/packages/runtime.txt").read_text().splitlines()}
        _, said = words("ldd", told.sluice)
        needed = set(re.findall(r"\[(\S+)\]", words("readelf", "-d", told.sluice)[1].replace("Library", "")))
        needed = {name for name in needed if ".so" in name}
        paths = [path for name, path in re.findall(r"(\S+) => (\S+)", said) if name in needed]
        self.assertGreater(len(paths), 10)
        apart = {"libc6", "libgcc-s1", "libgrpc29"}  # which the others depend on
        for path in {form for path in paths for form in (path, os.path.realpath(path))} - {""}:
            code, owner = words("dpkg", "-S", f"*{Path(path).name}")
            if code == 0 and os.path.realpath(path) == path:
                packages = {line.split(":")[0] for line in owner.splitlines() if line.endswith("/" + Path(path).name)}
                self.assertTrue(packages & (listed | apart), f"{path} is of {packages}: scripts/packages/runtime.txt")


class Running(unittest.TestCase):
    """The roles, as the compose file starts them."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sluice-compose-")))
        cls.folder.chmod(0o755)
        cls.nodes = []
        cls.addClassCleanup(cls.end)
        env_file = cls.folder / "env"
        words(ROOT / "deploy/compose/make-env", env_file)
        cls.secrets = dict(line.split("=") for line in env_file.read_text().split())
        cls.services = yaml.safe_load(compose(env_file, "config").stdout)["services"]
        cls.postgres = cls.started(Postgres(cls.folder))
        cls.redis = cls.started(Redis(cls.folder, cls.services["redis"], cls.secrets["REDIS_PASSWORD"]))
        cls.places = {"redis:6379": f"127.0.0.1:{cls.redis.port}", "postgres:5432": f"127.0.0.1:{cls.postgres.port}"}
        listens = {role: f"127.0.0.1:{cluster.free_port()}" for role in ROLES}
        for role in ("identity", "agent"):
            (target,) = [value for value in cls.services["gateway"]["environment"].values()
                         if f"dns:///{role}:" in str(value)]
            cls.places[target] = listens[role]
        cls.roles = {}
        for role in ROLES:  # each is ready before the next: what depends_on says
            cls.roles[role] = cls.started(Role(role, cls, listens[role]))
        cls.proxy = cls.started(Proxy(cls.folder, listens))

    @classmethod
    def started(cls, node):
        cls.nodes.append(node)
        node.start()
        return node

    @classmethod
    def end(cls):
        for node in reversed(cls.nodes):
            node.end()

    def ask(self, method, path, body=None, token=None):
        to = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=20)
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        to.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = to.getresponse()
        text = answer.read().decode()
        to.close()
        return answer.status, text

    def test_a_chat_goes_through_all_of_them(self):
        person = {"username": "ann", "password": secrets.token_hex(16)}
        status, said = self.ask("POST", "/register", person)
        self.assertEqual(status, 200, said)
        status, said = self.ask("POST", "/login", person)
        self.assertEqual(status, 200, said)
        token = json.loads(said)["token"]
        status, said = self.ask("POST", "/v1/chat/completions", {
            "model": "mock", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}, token)
        self.assertEqual(status, 200, said)
        self.assertTrue(said.rstrip().endswith("data: [DONE]"), said[-200:])
        status, said = self.ask("GET", "/admin/api/v1/users", token=token)
        self.assertEqual(status, 403, said)  # of the administration, who is no admin

    def test_a_socket_comes_through_the_proxy(self):
        to = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=20)
        to.request("GET", "/chat", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        answer = to.getresponse()  # nobody: it has shown nothing
        self.assertIn(answer.status, (101, 401))
        to.close()

    def test_health_checks_are_what_they_say(self):
        for role, node in self.roles.items():
            code, said = node.health()
            self.assertEqual(code, 0, f"{role}: {said}")
            check = [word.replace("127.0.0.1:9090", f"127.0.0.1:{cluster.free_port()}") for word in node.check]
            self.assertNotEqual(words(told.sluice, *check[1:])[0], 0)

    def test_redis_asks_for_its_password_and_keeps_nothing(self):
        for password, answer in ((self.secrets["REDIS_PASSWORD"], "noeviction"), ("wrong", "NOAUTH")):
            _, said = words("redis-cli", "-p", self.redis.port, "config", "get", "maxmemory-policy",
                            env={**os.environ, "REDISCLI_AUTH": password})
            self.assertIn(answer, said)
        arguments = Path(f"/proc/{self.redis.process.pid}/cmdline").read_bytes().decode()
        self.assertNotIn(self.secrets["REDIS_PASSWORD"], arguments)


class Redis(cluster.Node):
    def __init__(self, folder, service, password):
        self.port = cluster.free_port()
        # What compose leaves for the container's shell, on a port of this machine.
        (script,) = [text.replace("$$", "$") for text in service["command"]]
        script = script.replace("bind * -::*", "bind 127.0.0.1").replace(
            "redis-server -", f"redis-server - --port {self.port} --dir {folder}")
        super().__init__("redis", [*service["entrypoint"], script], folder / "redis.log", {"REDIS_PASSWORD": password})

    def start(self):
        self.spawn()
        self.await_start(self.answers)

    def answers(self):
        try:
            with cluster.socket.create_connection(("127.0.0.1", self.port), 1) as to:
                to.sendall(b"PING\r\n")
                return to.recv(64).startswith(b"-NOAUTH")
        except OSError:
            return False

    def end(self, how=cluster.signal.SIGTERM):
        # The shell and what it started are one group.
        if self.process:
            os.killpg(self.process.pid, how)
        super().end(how)


class Postgres(cluster.Postgres):
    def __init__(self, folder):
        super().__init__(folder)
        self.port = cluster.free_port()
        self.command = [word.replace("listen_addresses=", "listen_addresses=127.0.0.1") for word in self.command]
        self.command += ["-p", str(self.port)]
        self.env["PGPORT"] = str(self.port)

    def run(self, program, *more, check=True):
        os.environ["PGPORT"] = str(self.port)
        return super().run(program, *more, check=check)


class Role(cluster.Node):
    def __init__(self, name, of, listen):
        service = of.services[name]
        self.check = service["healthcheck"]["test"][1:]
        self.internal = f"127.0.0.1:{cluster.free_port()}"
        said = {key: str(value) for key, value in service["environment"].items()}
        for place, here in of.places.items():
            said = {key: value.replace(place, here) for key, value in said.items()}
        said |= {"SLUICE_SERVER__LISTEN": listen, "SLUICE_SERVER__INTERNAL_LISTEN": self.internal,
                 "OTEL_SDK_DISABLED": "true"}
        data = of.folder / name
        if told.root:
            command = in_root(data, service)
        else:
            said |= {"SLUICE_DATA_DIR": str(data), "SLUICE_CONFIG": str(ROOT / "deploy/compose/sluice.yaml")}
            command = [told.sluice]
        super().__init__(name, [*command, *service["command"]], of.folder / f"{name}.log")
        self.env = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/bin", **said}

    def start(self):
        code, said = words(told.sluice, "config", "check", "--config", ROOT / "deploy/compose/sluice.yaml",
                           env=self.env)
        assert code == 0, said
        self.spawn()
        self.await_start(lambda: self.health()[0] == 0)

    def health(self):
        return words(told.sluice, *[word.replace("127.0.0.1:9090", self.internal) for word in self.check[1:]])


class Proxy(cluster.Node):
    def __init__(self, folder, listens):
        self.port = cluster.free_port()
        text = (ROOT / "deploy/compose/nginx.conf").read_text()
        for name, port in (("gateway", 8080), ("admin", 8081)):
            before = f"set $to {name};\n      proxy_pass http://$to:{port};"
            assert before in text
            text = text.replace(before, f"proxy_pass http://{listens[name]};")
        text = text.replace("listen 8080;", f"listen 127.0.0.1:{self.port};").replace("/tmp/", f"{folder}/nginx-")
        file = folder / "nginx.conf"
        file.write_text(text)
        if os.geteuid() == 0:
            file.write_text("user root;\n" + text)
        super().__init__("proxy", ["nginx", "-e", "/dev/stderr", "-c", str(file), "-g", "daemon off;"],
                         folder / "nginx.log")

    def start(self):
        self.spawn()
        self.await_start(self.answers)

    def answers(self):
        to = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            to.request("GET", "/proxy-health")
            return to.getresponse().status == 204
        except OSError:
            return False
        finally:
            to.close()


def in_root(data, service):
    """The image's file system, read-only but for the data folder, as the image's user without any capability."""
    data.mkdir()
    user = service["user"].split(":")
    os.chown(data, int(user[0]), int(user[1]))
    script = ('mount --rbind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t proc proc "$0/proc" && '
              'mount --bind "$1" "$0/var/lib/sluice" && '
              f'shift && exec setpriv --pdeathsig=KILL chroot --userspec={":".join(user)} "$ROOT" sluice "$@"')
    return ["env", f"ROOT={told.root}", "unshare", "--mount", "--propagation=private", "sh", "-c", script, told.root,
            str(data)]


if __name__ == "__main__":
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--sluice", default=str(ROOT / "build/release/bin/sluice"))
    parse.add_argument("--root")
    told, left = parse.parse_known_args()
    sys.exit(unittest.main(argv=[sys.argv[0], *left]))
