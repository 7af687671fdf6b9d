# test_aws.py - a canary on Amazon's load balancer, judged by CloudWatch: promoted, taken back, and without evidence.
# SPDX-License-Identifier: MIT
import glob
import os

import pytest

from support.amazon import Amazon
from support.rules import deployment


@pytest.fixture
def amazon(world, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", world.folder)
    return Amazon(world)


def expect_no_secret(amazon):
    """Keys are in no log, no journal, no answer."""
    world, secrets = amazon.world, amazon.seen()["secrets"]
    texts = [world.api("GET", path).text for path in ("/metrics", "/readyz?verbose", "/v1/deployments/shop/prod", "/v1/deployments/shop/prod/report")]
    logs = [path for name, path in world.log_files().items() if name != "amazon"]
    for path in [*logs, *glob.glob(os.path.join(world.folder, "data", "journal*"))]:
        with open(path, "rb") as file:
            texts.append(file.read().decode("latin-1"))
    assert len(secrets) > 2
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_good_version_is_promoted(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {"blue": 0.001}})
    amazon.start_daemon()
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment(world)["state"] == "promoted"
    assert amazon.seen()["rule"] == {"blue": 0, "green": 100}
    lines = dict(line.rsplit(" ", 1) for line in world.api("GET", "/metrics").text.splitlines())
    assert float(lines['verdict_cloudwatch_metrics_requested_total{source="eu"}']) > float(lines['verdict_cloudwatch_requests_total{source="eu"}']) > 5
    expect_no_secret(amazon)


def test_bad_version_is_taken_back(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {"green": 0.3}})
    amazon.start_daemon()
    done = world.verdict("start", "shop/prod", "--version", "3.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 3, done.stdout + done.stderr
    assert (deployment(world)["state"], deployment(world)["ending"]) == ("rolled_back", "failed")
    assert amazon.seen()["rule"] == {"blue": 100, "green": 0}
    said = world.verdict("explain", deployment(world)["id"]).stdout
    assert "errors" in said and "30 %" in said, said
    expect_no_secret(amazon)


def test_source_that_is_down_is_no_evidence(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {}}, down=True)
    amazon.start_daemon(at_most="8s")
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 6, done.stdout + done.stderr
    assert deployment(world)["state"] == "rolled_back"
    assert amazon.seen()["rule"] == {"blue": 100, "green": 0}
    ready = world.api("GET", "/readyz?verbose").text
    assert "cloudwatch:eu" in ready and "ServiceUnavailable" in ready, ready
