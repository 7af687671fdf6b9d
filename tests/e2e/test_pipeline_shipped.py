# test_pipeline_shipped.py - the shipped pipeline, whole: make, git, HAProxy and Prometheus are real; code goes out dark, and its flag releases it.
# SPDX-License-Identifier: MIT
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import world_config
from support import wait_until
from support.health import serving
from support.rules import around, deployment
from world import PROJECT

MAKEFILE = """dist:
\tprintf '%s' '$(VERSION)' > catalog.tar
unit:
\techo coverage=91.5 >> $$VERDICT_OUTPUT
integration:
\ttest -s catalog.tar
"""

# As trivy prints what it found.
SCAN = '{"SchemaVersion":2,"Results":[{"Target":"catalog","Vulnerabilities":[{"VulnerabilityID":"CVE-1","Severity":"HIGH"}]}]}'

DEPLOY = """#!/bin/sh
[ "$VERDICT_ENVIRONMENT" = prod ] && exec FOLDER/deploy STATE
echo "$VERDICT_VERSION" > "PLACES/$VERDICT_ENVIRONMENT"
"""

FLAGS = {"flags": {"new-search": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": {
    "fractional": [{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}, ["on", 0], ["off", 100]]}}}}


def place_of(path):
    """A place that says which version was deployed to it; its port."""
    return serving(lambda: (200, json.dumps({"version": path.read_text(encoding="utf-8").strip()}).encode()))


class Catalog:
    """rules/pipeline.rules as it is shipped, but for its addresses, its paths and its patience."""

    def __init__(self, world, ports):
        self.world = world
        self.flags = world.write("flags.json", json.dumps(FLAGS), 0o644)
        self.code, self.store, self.records = (world.path(name) for name in ("code", "artifacts", "releases"))
        for folder in (self.code, self.store, self.records):
            os.makedirs(folder, 0o700, exist_ok=True)
        self.commit = self.first_commit()
        self.programs = self.install()
        around(world, rate=100)
        allowed = [[self.programs["deploy"]], [self.programs["trivy"], "fs", "--quiet", "--format", "json", "."], [self.programs["publish-artifact"], "catalog.tar", self.store],
                   [self.programs["tag-release"], self.code], [self.programs["record-release"], self.records], ["/usr/bin/make", "dist", "*"], ["/usr/bin/make", "unit"],
                   ["/usr/bin/make", "integration"]]
        vectors = "".join("[ " + ", ".join(f'"{word}"' for word in words) + " ], " for words in allowed)
        runner = world_config.runner_text(world).replace("allow = (", f"allow = ( {vectors}").replace("write = [", f'write = [ "{self.flags}",')
        world.start_runner(runner + f'directories = [ "{self.code}" ];\n')
        settings = world_config.verdictd_text(world).replace("traffic: {", f'traffic: {{ flagd: {{ shop: {{ file = "{self.flags}"; }}; }};')
        world.start_daemon(text=settings, rules={"pipeline.rules": self.rules(ports)})
        for place, slot in (("prod", "blue"), ("new-search", "off")):
            adopted = world.verdict("adopt", f"catalog/{place}", "--slot", slot, "--version", "1.0.0", "--reason", "the first one")
            assert adopted.returncode == 0, adopted.stderr

    def git(self, *words):
        said = subprocess.run(["git", "-C", self.code, "-c", "user.name=t", "-c", "user.email=t@localhost", *words], text=True, capture_output=True, timeout=20, check=True)
        return said.stdout.strip()

    def first_commit(self):
        self.git("init", "--quiet")
        self.world.write("code/Makefile", MAKEFILE)
        self.git("add", "Makefile")
        self.git("commit", "--quiet", "-m", "a new search")
        commit = self.git("rev-parse", "HEAD")
        self.git("commit", "--quiet", "--allow-empty", "-m", "something else")
        return commit

    def install(self):
        """The runner starts no program that others may write, which a checkout's files may be."""
        world = self.world
        deploy = DEPLOY.replace("FOLDER", world.commands).replace("STATE", world.state).replace("PLACES", world.path("places"))
        programs = {"deploy": world.write("commands/deploy-anywhere", deploy, 0o700), "trivy": world.write("commands/trivy", f"#!/bin/sh\necho '{SCAN}'\n", 0o700)}
        for name in ("publish-artifact", "tag-release", "record-release"):
            programs[name] = shutil.copy(os.path.join(PROJECT, "contrib/release", name), world.path("commands", name))
            os.chmod(programs[name], 0o700)
        return programs

    def rules(self, ports):
        rules = pathlib.Path(PROJECT, "rules/pipeline.rules").read_text(encoding="utf-8")
        changes = {"10.0.4.2:80": f"127.0.0.1:{ports['dev']}", "10.0.4.3:80": f"127.0.0.1:{ports['staging']}", "10.0.4.10:80": f"127.0.0.1:{self.world.users_port}",
                   "10.0.4.11:80": f"127.0.0.1:{self.world.slots['blue']}", "10.0.4.12:80": f"127.0.0.1:{self.world.slots['green']}", '"web1"': '"blue"', '"web2"': '"green"',
                   'backend = "catalog"': 'backend = "shop"', "service='{{service}}',variant='{{slot}}'": "service='shop',slot='green'", "for 15s": "for 1s", '"5s"': '"1s"',
                   '"2s"': '"500ms"', "not_author = true;  ": "", '"/srv/artifacts"': f'"{self.store}"', "/var/lib/releases": self.records, '"/srv/catalog"': f'"{self.code}"',
                   "/usr/bin/trivy": self.programs["trivy"], **{f"/usr/local/bin/{name}": path for name, path in self.programs.items() if name != "trivy"}}
        for word, value in changes.items():
            assert word in rules, word
            rules = rules.replace(word, value)
        return re.sub(r'at_most = "\w+"', 'at_most = "40s"', re.sub(r'(observe|watch) = "\w+"', r'\1 = "2s"', rules))

    def share(self):
        """Of the users that have the flag, in hundredths of a percent."""
        with open(self.flags, encoding="utf-8") as file:
            parts = json.load(file)["flags"]["new-search"]["targeting"]["fractional"]
        weights = dict(part for part in parts if isinstance(part, list))
        return 10000 * weights["on"] // sum(weights.values())

    def begin(self, pipeline, version="2.0.0"):
        begun = self.world.verdict("run", pipeline, "--version", version, "--commit", self.commit, "--reason", 'the "new" search')
        assert begun.returncode == 0, begun.stderr
        return begun.stdout.strip()

    def show(self, run):
        return self.world.api("GET", f"/v1/runs/{run}").json

    def ended(self, run):
        wait_until(lambda: self.show(run)["done"], 90, f"{run} ends: {self.show(run)['summary']}")
        return self.show(run)

    def deploy_dark(self):
        """All of the pipeline `catalog`, with somebody's consent to prod."""
        run = self.begin("catalog")
        wait_until(lambda: (deployment(self.world, "catalog/prod")["step"] or {}).get("state") == "waiting", 60, "prod waits for people")
        assert self.world.verdict("approve", deployment(self.world, "catalog/prod")["id"]).returncode == 0
        end = self.ended(run)
        assert end["state"] == "released", end
        return end

    def check_release(self, end):
        version, digest = b"2.0.0", hashlib.sha256(b"2.0.0").hexdigest()
        assert [stage["name"] for stage in end["stages"]] == ["build", "test", "security", "artifact", "dev", "staging", "prod", "release"]
        assert pathlib.Path(self.store, "catalog", "2.0.0").read_bytes() == version and end["digest"] == f"sha256:{digest}"
        assert (end["outputs"]["coverage"], end["outputs"]["scan.high"], end["outputs"]["artifact_bytes"]) == ("91.5", "1", "5"), end["outputs"]
        assert self.git("rev-parse", "catalog-2.0.0^{commit}") == self.commit, "its own commit, not the newest"
        record = json.loads(pathlib.Path(self.records, f"{end['id']}.json").read_text(encoding="utf-8"))
        assert record.pop("released_at").endswith("Z")
        assert record == {"service": "catalog", "version": "2.0.0", "digest": end["digest"], "commit": self.commit, "pipeline": "catalog", "run": end["id"], "reason": 'the "new" search'}


@contextlib.contextmanager
def catalog(world):
    places = {name: pathlib.Path(world.write(f"places/{name}", "none")) for name in ("dev", "staging")}
    with place_of(places["dev"]) as dev, place_of(places["staging"]) as staging:
        yield Catalog(world, {"dev": dev, "staging": staging})


def test_deployed_dark_and_released_by_its_flag(world):
    with catalog(world) as shop:
        early = shop.ended(shop.begin("new-search"))
        assert early["state"] == "failed" and shop.share() == 0, "nobody gets what is not there"
        assert world.verdict("quarantine", "clear", "catalog/new-search", "--version", "2.0.0", "--reason", "it was too early").returncode == 0
        shop.check_release(shop.deploy_dark())
        assert (world.split(), shop.share()) == (10000, 0), "all users have the code, and none what is new"
        end = shop.ended(shop.begin("new-search"))
        assert (end["state"], shop.share()) == ("released", 10000), end
        assert [step["share"] for step in deployment(world, "catalog/new-search")["steps"] if step["kind"] == "route"] == [1, 10, 50, 100]
        assert sorted(os.listdir(shop.records))[-1] == f"{end['id']}.json"


def test_a_bad_feature_goes_and_the_code_stays(world):
    with catalog(world) as shop:
        shop.deploy_dark()
        run = shop.begin("new-search")
        wait_until(lambda: shop.share() > 0, 30, "the first ones have the flag")
        world.set_faults("green", share=0.2)
        end = shop.ended(run)
        assert (end["state"], shop.share(), world.split()) == ("failed", 0, 10000), "the flag is off for all, the code stays"
        assert (deployment(world, "catalog/new-search")["state"], deployment(world, "catalog/prod")["state"]) == ("rolled_back", "promoted")
        assert not os.path.exists(os.path.join(shop.records, f"{run}.json")), "what went back was not released"
