#!/usr/bin/python3
"""The manifests of docker/kubernetes fit the binary, the image and each other.

EMB_BIN_DIR names the directory of embedding-server. Exits with 77 where
Debian's python3-yaml is missing.
"""
import os
import shutil
import subprocess
import sys
import unittest

try:
    import yaml
except ImportError as error:
    print(f"SKIPPED: wants python3-yaml: {error}", file=sys.stderr)
    sys.exit(77)
import deployment
from deployment import TIMEOUT_SECONDS, port_of

DIRECTORY = deployment.DOCKER / "kubernetes"
BINARY = deployment.Binary(os.environ["EMB_BIN_DIR"])
IMAGE = deployment.read_dockerfile()
# Beyond the drains, for the store to close.
CLOSE_SECONDS = 5


def read_manifests(edited=None, old="", new=""):
    """By kind and name. In the file `edited` the first `old` becomes `new`."""
    kustomization = yaml.safe_load(
        (DIRECTORY / "kustomization.yaml").read_text())
    manifests = {}
    for name in kustomization["resources"]:
        text = (DIRECTORY / name).read_text()
        if name == edited:
            assert old in text, old
            text = text.replace(old, new, 1)
        for manifest in yaml.safe_load_all(text):
            key = f"{manifest['kind']}/{manifest['metadata']['name']}"
            # Kubernetes takes no two of the same.
            assert key not in manifests, key
            manifests[key] = manifest
    return manifests


class Complaints:
    """Collects what does not hold."""

    def __init__(self, manifests):
        self.manifests = manifests
        self.texts = []
        self.set = manifests["StatefulSet/embedding-server"]["spec"]
        self.pod = self.set["template"]["spec"]
        self.container = self.pod["containers"][0]
        self.flags = deployment.flags_of(self.container["args"])
        self.ports = {port["name"]: port["containerPort"]
                      for port in self.container["ports"]}

    def want(self, holds, text):
        if not holds:
            self.texts.append(text)

    def check(self):
        self.check_flags()
        self.check_ports()
        self.check_probes()
        self.check_names()
        self.check_security()
        self.check_volumes()
        self.check_stopping()
        return self.texts

    def check_flags(self):
        for flag in self.flags:
            self.want(flag in BINARY.flags, f"--{flag}: there is no such flag")
        for flag in IMAGE.command:
            self.want(flag in self.flags,
                      f"--{flag}: the image's, replaced by args without it")
        self.want(
            self.container["image"] == f"embedding-server:{BINARY.version}",
            f"image: want embedding-server:{BINARY.version}")

    def check_ports(self):
        for name, flag in (("grpc", "listen"), ("http", "http_listen")):
            self.want(port_of(self.flags[flag]) == self.ports.get(name),
                      f"port {name}: not that of --{flag}")
            default = port_of(BINARY.flags[flag])
            self.want(self.ports.get(name) == default,
                      f"port {name}: want the default, {default}")
        self.want(set(self.ports.values()) == IMAGE.ports,
                  f"ports: want those that the image exposes, {IMAGE.ports}")
        for manifest in self.manifests.values():
            if manifest["kind"] != "Service":
                continue
            for port in manifest["spec"]["ports"]:
                self.want(port["targetPort"] == port["name"] == "grpc" and
                          port["port"] == self.ports["grpc"],
                          f"service port {port['name']}: want that of grpc")
        policy = self.manifests["NetworkPolicy/embedding-server"]["spec"]
        open_ports = {port["port"] for rule in policy["ingress"]
                      for port in rule["ports"]}
        self.want(open_ports == set(self.ports),
                  "network policy: want the ports of the container")

    def check_probes(self):
        for name, path in (("startupProbe", "/readyz"),
                           ("readinessProbe", "/readyz"),
                           ("livenessProbe", "/livez")):
            get = self.container[name]["httpGet"]
            self.want(get["path"] == path and get["port"] == "http",
                      f"{name}: want {path} at port http")
        notes = self.set["template"]["metadata"]["annotations"]
        self.want(notes["prometheus.io/path"] == "/metrics" and
                  notes["prometheus.io/port"] == str(self.ports["http"]),
                  "annotations: want /metrics at port http")

    def check_names(self):
        labels = self.set["template"]["metadata"]["labels"]
        services = {key.partition("/")[2]: manifest["spec"]
                    for key, manifest in self.manifests.items()
                    if manifest["kind"] == "Service"}
        headless = services.get(self.set["serviceName"], {})
        self.want(headless.get("clusterIP") == "None",
                  "serviceName: want a headless service")
        self.want(any("clusterIP" not in spec for spec in services.values()),
                  "services: want one for callers")
        budget = self.manifests["PodDisruptionBudget/embedding-server"]
        policy = self.manifests["NetworkPolicy/embedding-server"]
        selectors = [spec["selector"] for spec in services.values()] + [
            self.set["selector"]["matchLabels"],
            budget["spec"]["selector"]["matchLabels"],
            policy["spec"]["podSelector"]["matchLabels"],
            *(spread["labelSelector"]["matchLabels"]
              for spread in self.pod["topologySpreadConstraints"])]
        for selector in selectors:
            self.want(selector.items() <= labels.items() and selector,
                      f"{selector}: selects other pods")
        self.want(0 < budget["spec"]["maxUnavailable"] < self.set["replicas"],
                  "disruption budget: want one server to stay, one to go")

    def check_security(self):
        pod, own = self.pod["securityContext"], self.container[
            "securityContext"]
        self.want(pod["runAsNonRoot"] is True, "want runAsNonRoot")
        for name in ("runAsUser", "runAsGroup", "fsGroup"):
            self.want(str(pod[name]) == IMAGE.user,
                      f"{name}: want the image's, {IMAGE.user}")
        self.want(pod["seccompProfile"] == {"type": "RuntimeDefault"},
                  "want seccomp's RuntimeDefault")
        self.want(own["readOnlyRootFilesystem"] is True,
                  "want readOnlyRootFilesystem")
        self.want(own["allowPrivilegeEscalation"] is False,
                  "want no allowPrivilegeEscalation")
        self.want(own["capabilities"] == {"drop": ["ALL"]},
                  "want capabilities dropped")
        self.want("memory" in self.container["resources"]["limits"],
                  "want a limit of memory: tables are sized by it")

    def check_volumes(self):
        claims = {claim["metadata"]["name"]
                  for claim in self.set["volumeClaimTemplates"]}
        volumes = {volume["name"] for volume in self.pod["volumes"]}
        mounts = {mount["mountPath"]: mount["name"]
                  for mount in self.container["volumeMounts"]}
        data = self.flags["data_dir"]
        self.want(data == IMAGE.volume, "--data_dir: want the image's volume")
        self.want(mounts.get(data) in claims,
                  f"{data}: want it on a claimed volume")
        self.want(set(mounts.values()) == claims | volumes,
                  "volumes: want each mounted, and no others")

    def check_stopping(self):
        wanted = CLOSE_SECONDS + deployment.drain_seconds(self.flags, BINARY)
        self.want(self.pod["terminationGracePeriodSeconds"] > wanted,
                  f"terminationGracePeriodSeconds: want more than {wanted:g}")


class Manifests(unittest.TestCase):

    def test_they_fit(self):
        self.assertEqual(Complaints(read_manifests()).check(), [])

    def test_every_file_is_listed(self):
        listed = yaml.safe_load(
            (DIRECTORY / "kustomization.yaml").read_text())["resources"]
        self.assertEqual(
            sorted(listed + ["kustomization.yaml"]),
            sorted(path.name for path in DIRECTORY.glob("*.yaml")))

    def test_the_control_what_does_not_fit_is_found(self):
        label = "app.kubernetes.io/name: embedding-server"
        cases = {
            "statefulset.yaml": [
                ("--drain_delay=10s", "--drain-delay=10s",
                 "--drain-delay: there is"),
                ("- --insecure", "- --insecur", "--insecure: the image's"),
                ("--listen=0.0.0.0:50051", "--listen=0.0.0.0:50052",
                 "port grpc: not that of --listen"),
                ("--http_listen=0.0.0.0:50053", "--http_listen=0.0.0.0:1",
                 "port http: not that of --http_listen"),
                ("containerPort: 50051", "containerPort: 50052",
                 "ports: want those that the image exposes"),
                ("containerPort: 50053", "containerPort: 50054",
                 "port http: want the default"),
                ("path: /readyz", "path: /ready", "startupProbe"),
                ("path: /livez", "path: /healthz", "livenessProbe"),
                ('port: "50053"', 'port: "50051"', "annotations"),
                ("/metrics", "/metric", "annotations"),
                ("embedding-server-headless", "embedding-server",
                 "serviceName"),
                (f"labels:\n        {label}", "labels:\n        a: b",
                 "selects other pods"),
                ("replicas: 2", "replicas: 1", "disruption budget"),
                ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
                ("runAsUser: 65532", "runAsUser: 0", "runAsUser"),
                ("fsGroup: 65532", "fsGroup: 1", "fsGroup"),
                ("RuntimeDefault", "Unconfined", "seccomp"),
                ("readOnlyRootFilesystem: true",
                 "readOnlyRootFilesystem: false", "readOnlyRootFilesystem"),
                ("Escalation: false", "Escalation: true", "Escalation"),
                ("[ALL]", "[NET_RAW]", "capabilities"),
                ("limits:\n              memory", "limits:\n              cpu",
                 "limit of memory"),
                ("mountPath: /data", "mountPath: /var",
                 "/data: want it on a claimed volume"),
                ("- name: tmp\n              mountPath",
                 "- name: data\n              mountPath", "volumes"),
                ("Seconds: 60", "Seconds: 35", "want more than 35"),
                ("timeout=20s", "timeout=1m", "want more than 75"),
                ("image: embedding-server:", "image: embedding-server:9",
                 "image: want"),
            ],
            "services.yaml": [
                ("port: 50051", "port: 50052", "service port"),
                ("targetPort: grpc", "targetPort: http", "service port"),
                ("clusterIP: None", "type: ClusterIP", "headless"),
                (f"selector:\n    {label}", "selector: {}", "selects other"),
            ],
            "disruption-budget.yaml": [
                ("maxUnavailable: 1", "maxUnavailable: 2", "budget"),
                (f"matchLabels:\n      {label}", "matchLabels: {a: b}",
                 "selects other"),
            ],
            "network-policy.yaml": [
                ("port: http", "port: htp", "network policy"),
                (f"matchLabels:\n      {label}", "matchLabels: {a: b}",
                 "selects other"),
            ],
        }
        for name, edits in cases.items():
            for old, new, text in edits:
                with self.subTest(f"{name}: {old}"):
                    wrong = Complaints(read_manifests(name, old, new))
                    self.assertIn(text, " | ".join(wrong.check()))

    def test_kustomize_takes_them(self):
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            self.skipTest("SKIPPED: there is no kubectl")
        done = subprocess.run([kubectl, "kustomize", str(DIRECTORY)],
                              capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("\nkind: "), len(read_manifests()))


if __name__ == "__main__":
    unittest.main()
