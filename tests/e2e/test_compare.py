# test_compare.py - verdict compare as a program: files, standard input, exit codes, help. No daemon.
# SPDX-License-Identifier: MIT
import json
import os
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VERDICT = Path(os.environ.get("BUILD_DIR", PROJECT / "build")) / "verdict"
TESTS = ["mann_whitney", "scorecard", "sequential", "mean_difference", "latency_tail", "distribution", "traffic_share",
         "objective", "threshold"]


def verdict(*words, text=None):
    environment = {**os.environ, "VERDICT_URL": "unix:/nonexistent"}
    return subprocess.run([VERDICT, *map(str, words)], input=text, capture_output=True, text=True, timeout=60, check=False,
                          env=environment)


def test_file_and_standard_input_answer_alike(tmp_path):
    asked = [{"test": "mann_whitney", "name": "cpu", "control": list(range(10, 20)), "experiment": list(range(110, 120))},
             {"test": "nonsense"},
             {"test": "sequential", "control": {"events": 10, "total": 10000}, "experiment": {"events": 60, "total": 10000}}]
    path = tmp_path / "samples.json"
    path.write_text(json.dumps(asked), encoding="utf-8")
    from_file, from_input = verdict("compare", path), verdict("compare", "-", text=json.dumps(asked))
    assert from_file.returncode == from_input.returncode == 0, from_file.stderr
    assert from_file.stdout == from_input.stdout
    high, wrong, rate = json.loads(from_file.stdout)
    assert high["classification"] == "high" and high["name"] == "cpu"
    assert wrong["error"]["at"] == "#/1/test"
    assert rate["verdict"] == "fail"


def test_one_object_is_answered_by_one():
    answer = verdict("compare", "-", text='{"test": "mann_whitney", "control": [], "experiment": []}')
    assert json.loads(answer.stdout)["classification"] == "nodata"


def test_what_cannot_be_read_is_usage(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"test": ', encoding="utf-8")
    for words, expected in [(["compare", broken], "offset 9"), (["compare", tmp_path / "none.json"], "No such file"),
                            (["compare", tmp_path], "directory"), (["compare"], "FILE.json|- is missing")]:
        answer = verdict(*words)
        assert answer.returncode == 2 and answer.stdout == ""
        assert expected in answer.stderr, answer.stderr


def test_ten_million_samples_are_refused_soon(tmp_path):
    path = tmp_path / "many.json"
    with path.open("w", encoding="utf-8") as file:
        file.write('{"test": "mann_whitney", "experiment": [1], "control": [1')
        file.write(",1" * 10_000_000 + "]}")
    started = time.monotonic()
    answer = verdict("compare", path)
    assert answer.returncode == 2 and "more values than 1000000" in answer.stderr
    assert time.monotonic() - started < 30


def test_as_many_samples_as_there_may_be_are_answered():
    half = 499_990
    asked = {"test": "mann_whitney", "control": [index % 1000 for index in range(half)],
             "experiment": [index % 1000 + 1 for index in range(half)]}
    answer = json.loads(verdict("compare", "-", text=json.dumps(asked)).stdout)
    assert answer["n"] == {"control": half, "experiment": half}
    assert answer["classification"] in ("high", "pass")


def test_help_is_the_schema():
    answer = verdict("compare", "--help")
    assert answer.returncode == 0
    assert all(f"\n{name}: " in answer.stdout for name in TESTS)
