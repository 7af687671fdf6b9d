# test_graphs.py - pictures of a bad version on real traffic: both sides, what happened, and the bound that was passed.
# SPDX-License-Identifier: MIT
import concurrent.futures
import os
import re
import subprocess
import xml.etree.ElementTree

from support import wait_until
from support.rules import deployment, start_all
from world import find


def colours(svg):
    """Of the lines of a picture: #rrggbb, as librrd was told them."""
    parts = re.findall(r"rgb\(([\d.]+)%, ?([\d.]+)%, ?([\d.]+)%\)", svg)
    return {"".join(f"{round(float(part) * 2.55):02x}" for part in colour) for colour in parts}


def test_a_bad_version_drawn(world):
    start_all(world)
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "60s")
    assert done.returncode == 3, done.stdout + done.stderr
    name = deployment(world)["id"]

    report = world.api("GET", f"/v1/deployments/{name}/report").json
    failed = next(verdict for verdict in report["verdicts"] if verdict["verdict"] == "fail")
    assert failed["span_s"] > 0 and failed["from"] < failed["to"] and failed["from"] < failed["time"], failed

    svg, png = world.path("errors.svg"), world.path("errors.png")
    drawn = world.verdict("graph", name, "error_rate", "-o", svg)
    assert drawn.returncode == 0, drawn.stderr
    with open(svg, encoding="utf-8") as file:
        text = file.read()
    root = xml.etree.ElementTree.fromstring(text)
    words = root.find("{http://www.w3.org/2000/svg}desc").text
    assert root.tag.endswith("svg") and "candidate 3.0.0-bad in green\nstable 1.0.0 in blue\nbound of errors: " in words, words
    assert "traffic confirmed at 10 %" in words and "verdict FAIL: rule errors" in words and "rolled_back (failed)" in words, words
    assert "step 1: " in words and {"5c6770", "c0392b"} <= colours(text) and "1e9e4a" not in colours(text), (words, colours(text))
    assert world.verdict("graph", "shop/prod", "error_rate", "-o", png).returncode == 0
    with open(png, "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    keep = os.environ.get("KEEP_PICTURES")
    if keep:
        subprocess.run(["cp", svg, png, keep], check=True)

    refusals = {"metric=no_such": (422, "it reads"), "": (422, "which metric"), "metric=error_rate&format=gif": (422, "svg or png")}
    for query, (status, words) in refusals.items():
        answer = world.api("GET", f"/v1/deployments/{name}/graph?{query}")
        assert answer.status == status and words in answer.json["detail"], answer.text
    assert world.verdict("graph", name, "error_rate", "-o", "x.gif").returncode == 2
    assert world.verdict("graph", name, "no_such", "-o", svg).returncode == 2

    # One at a time, and no more wait than there is room for; deciding goes on meanwhile.
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: world.api("GET", f"/v1/deployments/{name}/graph?metric=error_rate").status, range(24)))
    assert set(answers) <= {200, 503} and 200 in answers and 503 in answers, answers
    assert world.api("GET", "/healthz").status == 200

    for file in os.listdir(world.path("data", "series", "shop", "prod")):
        folder = world.path("data", "series", "shop", "prod", file)
        for series in os.listdir(folder):
            if series.startswith("lag"):
                os.remove(os.path.join(folder, series))
    gone = world.api("GET", f"/v1/deployments/{name}/graph?metric=lag")
    assert gone.status == 404 and "no values" in gone.json["detail"], gone.text


def test_a_good_version_drawn(world):
    """Its steps and the verdicts that passed are marked, each in its way."""
    start_all(world)
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    drawn = world.api("GET", f"/v1/deployments/{deployment(world)['id']}/graph?metric=error_rate")
    assert drawn.status == 200, drawn.text
    words = xml.etree.ElementTree.fromstring(drawn.text).find("{http://www.w3.org/2000/svg}desc").text
    for word in ("step 1: command deploy", "step 4: ", "verdict PASS for step 4", "verdict PASS for step 6", "traffic confirmed at 50 %"):
        assert word in words, words
    assert {"5c6770", "9aa5ad", "1e9e4a"} <= colours(drawn.text) and "stroke-dasharray" in drawn.text, colours(drawn.text)
    keep = os.environ.get("KEEP_PICTURES")
    if keep:
        world.verdict("graph", "shop/prod", "error_rate", "-o", os.path.join(keep, "good.png"))


def test_the_child_by_itself(world):
    """A request that makes no sense is an error, and nothing waits for ever."""
    program = world.program("verdictd")
    for request in ("", "{", '{"lines":[{"path":"/no/such.rrd"}],"start":1,"end":2}'):
        done = subprocess.run([program, "--draw"], input=request, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1 and done.stdout, done
