#!/usr/bin/python3
"""docker/compose.yaml fits the binary, the image and the files it mounts.

EMB_BIN_DIR names the directory of embedding-server. Exits with 77 where
Debian's python3-yaml is missing.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml

    import monitoring
except ImportError as error:
    print(f"SKIPPED: wants python3-yaml: {error}", file=sys.stderr)
    sys.exit(77)
import deployment
from deployment import DOCKER, TIMEOUT_SECONDS

COMPOSE = DOCKER / "compose.yaml"
BINARY = deployment.Binary(os.environ["EMB_BIN_DIR"])
IMAGE = deployment.read_dockerfile()
# Beyond the drains, for the store to close.
CLOSE_SECONDS = 5
# As the server wants at least, for its connections.
DESCRIPTORS_MIN = 8192


class Complaints:
    """Collects what does not hold of a Compose file's text."""

    def __init__(self, text):
        self.compose = yaml.safe_load(text)
        self.services = self.compose["services"]
        self.server = self.services["embedding-server"]
        self.texts = []

    def want(self, holds, text):
        if not holds:
            self.texts.append(text)

    def check(self):
        for name, service in self.services.items():
            self.check_service(name, service)
        self.check_server()
        self.check_volumes()
        self.check_monitoring()
        return self.texts

    def check_service(self, name, service):
        self.want(service.get("cap_drop") == ["ALL"],
                  f"{name}: want capabilities dropped")
        self.want("no-new-privileges:true" in service.get("security_opt", []),
                  f"{name}: want no new privileges")
        for port in service.get("ports", []):
            self.want(port.startswith("127.0.0.1:"),
                      f"{name}: {port}: open to the network")
        for other in service.get("depends_on", []):
            self.want(other in self.services, f"{name}: no service {other}")

    def check_server(self):
        server = self.server
        for name in server["environment"]:
            flag = name.lower().removeprefix("emb_")
            self.want(name.startswith("EMB_") and flag in BINARY.flags,
                      f"{name}: no flag of the server")
        self.want(server.get("read_only") is True, "want a read-only root")
        self.want(server["healthcheck"]["test"] ==
                  ["CMD", *IMAGE.health_command],
                  "healthcheck: want the image's")
        wanted = CLOSE_SECONDS + deployment.drain_seconds(
            IMAGE.command, BINARY)
        grace = deployment.seconds(server["stop_grace_period"])
        self.want(grace > wanted,
                  f"stop_grace_period: want more than {wanted:g} s")
        self.want(server["ulimits"]["nofile"]["soft"] >= DESCRIPTORS_MIN,
                  f"ulimits: want {DESCRIPTORS_MIN} descriptors")
        port = deployment.port_of(IMAGE.command["listen"])
        self.want(f"127.0.0.1:{port}:{port}" in server["ports"],
                  f"ports: want {port} on loopback")
        build = server["build"]
        self.want((DOCKER / build["context"] / build["dockerfile"]).resolve()
                  == DOCKER / "Dockerfile", "build: want docker/Dockerfile")

    def check_volumes(self):
        mounts = [mount.split(":") for service in self.services.values()
                  for mount in service["volumes"]]
        used = set()
        for source, target, *mode in mounts:
            if source.startswith("."):
                self.want((DOCKER / source).is_dir() and mode == ["ro"],
                          f"{source}: want a directory, read-only")
            else:
                used.add(source)
        self.want(used == set(self.compose["volumes"]),
                  "volumes: want those that are used")
        targets = {mount.split(":")[1] for mount in self.server["volumes"]}
        self.want(IMAGE.command["data_dir"] in targets,
                  "volumes: want one for --data_dir")
        self.want(self.server["environment"]["EMB_BACKUP_DIR"] in targets,
                  "volumes: want one for EMB_BACKUP_DIR")

    def inside(self, service, path):
        """The file of the repository that a path in a container is."""
        for mount in self.services[service]["volumes"]:
            source, target = mount.split(":")[:2]
            if source.startswith(".") and path.startswith(target + "/"):
                return DOCKER / source / path[len(target) + 1:]
        return pathlib.Path("/nonexistent")

    def check_monitoring(self):
        prefix = "--config.file="
        files = [self.inside("prometheus", argument.removeprefix(prefix))
                 for argument in self.services["prometheus"]["command"]
                 if argument.startswith(prefix)]
        self.want(len(files) == 1 and files[0].is_file(),
                  "prometheus: its configuration is not mounted")
        home = self.services["grafana"]["environment"][
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.want(self.inside("grafana", home) == monitoring.DASHBOARD,
                  "grafana: its dashboard is not mounted")
        for path in ("datasources/prometheus.yaml", "dashboards/files.yaml"):
            file = self.inside("grafana", f"/etc/grafana/provisioning/{path}")
            self.want(file.is_file(), f"grafana: no {path}")


class Compose(unittest.TestCase):

    def test_it_fits(self):
        self.assertEqual(Complaints(COMPOSE.read_text()).check(), [])

    def test_the_control_what_does_not_fit_is_found(self):
        text = COMPOSE.read_text()
        cases = [
            ("EMB_BACKUP_DIR: /backup", "EMB_BACKUP_DIR: /backups",
             "want one for EMB_BACKUP_DIR"),
            ("environment:", "environment:\n      EMB_BACKUPDIR: x",
             "EMB_BACKUPDIR: no flag"),
            ('"127.0.0.1:50051:', '"50051:', "open to the network"),
            ("50051:50051", "50052:50052", "want 50051"),
            ("tables:/data", "tables:/var", "want one for --data_dir"),
            ("\n  backups:", "\n  backup:", "those that are used"),
            ('"health"]', '"status"]', "want the image's"),
            ("stop_grace_period: 40s", "stop_grace_period: 30s",
             "want more than 30 s"),
            ("soft: 1048576", "soft: 1024", "descriptors"),
            ("read_only: true", "read_only: false", "read-only root"),
            ("cap_drop: [ALL]", "cap_add: [ALL]", "capabilities"),
            ("no-new-privileges:true", "no-new-privileges:false",
             "no new privileges"),
            ("docker/Dockerfile", "Dockerfile", "want docker/Dockerfile"),
            ("./prometheus:", "./prom:", "want a directory"),
            ("prometheus.yaml", "prometheus.yml", "is not mounted"),
            ("embedding-server.json", "dashboard.json", "is not mounted"),
            ("./grafana/provisioning", "./grafana/dashboards",
             "no datasources"),
            ("depends_on: [prometheus]", "depends_on: [prom]",
             "no service prom"),
        ]
        for old, new, complaint in cases:
            with self.subTest(old):
                # Comments are text too: what the file says is at its end.
                head, name, body = text.partition("\nname: ")
                self.assertIn(old, body)
                wrong = head + name + body.replace(old, new, 1)
                self.assertIn(complaint,
                              " | ".join(Complaints(wrong).check()))

    def test_its_own_client_takes_it(self):
        client = self.client()
        if client is None:
            self.skipTest("SKIPPED: there is no docker compose")
        # The one that Debian has is older than the name of a project.
        text = COMPOSE.read_text().replace("\nname: ", "\nx-name: ")
        for wrong, status in ((text, 0), (text + "  12: []\n", 1)):
            with self.subTest(status), tempfile.TemporaryDirectory(
                    prefix="emb-compose-") as temp:
                path = pathlib.Path(temp, "compose.yaml")
                path.write_text(wrong)
                done = subprocess.run(
                    [*client, "-f", str(path), "config", "-q"],
                    capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
                self.assertEqual(done.returncode != 0, status != 0,
                                 done.stderr)

    @staticmethod
    def client():
        docker = shutil.which("docker")
        if docker is not None and subprocess.run(
                [docker, "compose", "version"], capture_output=True,
                timeout=TIMEOUT_SECONDS).returncode == 0:
            return [docker, "compose"]
        older = shutil.which("docker-compose")
        return None if older is None else [older]


class Monitoring(unittest.TestCase):

    def test_prometheus_scrapes_the_server(self):
        config = yaml.safe_load(
            (DOCKER / "prometheus/prometheus.yaml").read_text())
        self.assertIn(monitoring.ALERTS.name, config["rule_files"])
        jobs = {job["job_name"]: job for job in config["scrape_configs"]}
        # The job that the alerts ask for.
        targets = jobs["embedding-server"]["static_configs"][0]["targets"]
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        port = deployment.port_of(IMAGE.command["http_listen"])
        for target in targets:
            self.assertIn(target.removesuffix(f":{port}"), services)

    def test_grafana_finds_prometheus_and_the_dashboard(self):
        provisioning = DOCKER / "grafana/provisioning"
        sources = yaml.safe_load(
            (provisioning / "datasources/prometheus.yaml").read_text())
        [source] = sources["datasources"]
        board = monitoring.dashboard()
        variable = next(v for v in board["templating"]["list"]
                        if v["name"] == "datasource")
        self.assertEqual(variable["current"]["value"], source["uid"])
        self.assertEqual(variable["query"], source["type"])
        host = source["url"].removeprefix("http://").partition(":")[0]
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        self.assertIn(host, services)

    def test_the_dashboard_is_whole(self):
        board = monitoring.dashboard()
        ids = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        cells = set()
        for panel in board["panels"]:
            with self.subTest(panel["title"]):
                self.assertTrue(panel["type"] == "row" or
                                panel["description"])
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24)
                own = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                       for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(own & cells, "lies over another panel")
                cells |= own


if __name__ == "__main__":
    unittest.main()
