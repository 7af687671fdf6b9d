# test_ci.py - the lines of contrib/ci as a pipeline runs them: the verdict, a second try, a cancelled job, a restart in the middle.
# SPDX-License-Identifier: MIT
import os
import re
import signal
import subprocess
import textwrap

import pytest
from support import wait_until
from support.swift import begin, ended, publishing, show
from world import PROJECT

CI = os.path.join(PROJECT, "contrib", "ci")
GOOD, BAD = '{"lag": 1}', '{"lag": 100}'
SECONDS = 60


def script_of(name, key):
    """The shell below `key: |`, as the runner gets it."""
    with open(os.path.join(CI, name), encoding="utf-8") as file:
        found = re.search(rf"^( *){re.escape(key)} \|\n((?:\1 +.*\n)+)", file.read(), re.M)
    return textwrap.dedent(found.group(2))


def jenkins_script():
    """The shell of its `sh` step, as Groovy reads that text."""
    with open(os.path.join(CI, "Jenkinsfile"), encoding="utf-8") as file:
        steps = re.findall(r"\bsh '''\n(.*?)'''", file.read(), re.S)
    assert len(steps) == 1, steps
    return textwrap.dedent(steps[0].replace("\\\\", "\\"))


GITHUB = script_of("github.yml", "run:")
GITLAB = script_of("gitlab.yml", "-")
PIPELINES = {"github": GITHUB, "gitlab": GITLAB, "jenkins": jenkins_script(), "curl": f'exec {CI}/deploy-with-curl shop prod "$CI_COMMIT_TAG" "curl-$CI_PIPELINE_ID"'}
SHELLS = {"curl": ["sh", "-c"], "jenkins": ["sh", "-xe", "-c"]}


class Pipeline:
    """Runs the snippet of one of them with a token, as a job with this number would."""

    def __init__(self, world, name):
        self._world, self._name = world, name
        made = world.verdict("token", "create", "ci", "--scope", "read,deploy,rollback")
        assert made.returncode == 0, made.stderr
        self._token = made.stdout.split()[0]

    def start(self, version, number):
        told = {"VERDICT_URL": f"http://127.0.0.1:{self._world.api_port}", "VERDICT_TOKEN": self._token, "PATH": f"{self._world.build}:{os.environ['PATH']}",
                "GITHUB_REF_NAME": f"v{version}", "GITHUB_SHA": "0123abc", "GITHUB_RUN_ID": number, "GITHUB_ACTOR": "alice", "GITHUB_SERVER_URL": "https://forge.example",
                "GITHUB_REPOSITORY": "shop/shop", "CI_COMMIT_TAG": version, "CI_COMMIT_SHA": "0123abc", "CI_PIPELINE_ID": number, "GITLAB_USER_LOGIN": "alice",
                "CI_PIPELINE_URL": "https://forge.example/1", "VERSION": version, "BUILD_TAG": f"jenkins-shop-{number}", "BUILD_URL": "https://forge.example/2"}
        shell = SHELLS.get(self._name, ["bash", "-e", "-c"])
        return subprocess.Popen([*shell, PIPELINES[self._name]], env=told, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, version, number):
        return done(self.start(version, number))


def done(job):
    """(exit code, what it printed)"""
    try:
        text = job.communicate(timeout=SECONDS)[0]
        return job.returncode, text
    finally:
        job.kill()


def count(world):
    return len(world.api("GET", "/v1/deployments").json["deployments"])


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_hears_the_verdict(world, name):
    begin(world)
    pipeline = Pipeline(world, name)
    with publishing(world) as said:
        code, text = pipeline.run("2.0.0", "1")
        assert code == 0 and "shop/prod 2.0.0 serves" in text, text
        again, text = pipeline.run("2.0.0", "1")  # the job is run once more: the same deployment, the same answer
        assert again == 0 and count(world) == 1, text
        said[0] = BAD
        code, text = pipeline.run("3.0.0", "2")
        assert code == 3 and "was rolled back" in text, text
        code, text = pipeline.run("3.0.0", "3")  # of another pipeline: it is in quarantine
        assert code == 2 and "quarantine" in text and count(world) == 2, text


@pytest.mark.parametrize("name", PIPELINES)
def test_a_cancelled_job_goes_back(world, name):
    begin(world, observe="1h", at_most="2h")
    pipeline = Pipeline(world, name)
    with publishing(world):
        job = pipeline.start("2.0.0", "1")
        wait_until(lambda: show(world, "dep_1")["share"] == 10, 20, "it has its share")
        job.send_signal(signal.SIGTERM)
        code, text = done(job)
        assert code == 130, text
        assert ended(world, "dep_1")["state"] == "rolled_back"
    assert world.split() == 0


@pytest.mark.parametrize("name", PIPELINES)
def test_a_restart_in_the_middle_is_not_noticed(world, name):
    begin(world, observe="4s")
    pipeline = Pipeline(world, name)
    with publishing(world):
        job = pipeline.start("2.0.0", "1")
        wait_until(lambda: show(world, "dep_1")["share"] == 10, 20, "it has its share")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        code, text = done(job)
        assert code == 0 and "shop/prod 2.0.0 serves" in text, text
        assert count(world) == 1
