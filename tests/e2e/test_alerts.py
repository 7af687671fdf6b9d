# test_alerts.py - alerts and board of contrib: promtool takes them, each alert comes when it should, and every name in them is one that we tell.
# SPDX-License-Identifier: MIT
import json
import pathlib
import re
import subprocess

from support.swift import begin, post
import world_config
from world import find

CONTRIB = pathlib.Path(__file__).parents[2] / "contrib"
ALERTS = CONTRIB / "prometheus" / "verdictd.rules.yml"
KEY = "whsec_" + 32 * "QUFB"


def promtool(*arguments):
    done = subprocess.run([find("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_come_when_they_should():
    promtool("check", "rules", ALERTS)
    promtool("test", "rules", ALERTS.parent / "verdictd.test.yml")


def board_expressions():
    board = json.loads((CONTRIB / "grafana" / "verdictd.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_expressions_of_the_board_are_sound(world):
    filled = [text.replace("$instance", ".*") for text in board_expressions()]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(filled)]
    promtool("check", "rules", world.write("board.yml", json.dumps({"groups": [{"name": "board", "rules": rules}]})))


def test_every_name_is_told(world):
    begin(world, edit=lambda text: text.replace("commands: {", 'recovery: { steps = ( { command = "deploy"; } ); };  commands: {', 1))
    more = f'hooks: {{ ci: {{ kind = "verdict";  secret = "file:{world.write("ci.key", KEY)}"; }}; }};\nevents: {{ broker = "mqtt:plant";  hooks = [ "ci" ]; }};\n'
    more += f'controller: {{ url = "http://127.0.0.1:9/";  secret = "file:{world.write("controller.key", KEY)}";  token = "file:{world.write("controller.token", "none")}"; }};\n'
    more += f'vault: {{ url = "http://127.0.0.1:9";  token = "file:{world.write("vault.token", "none")}"; }};\n'
    world.programs["verdictd"].stop()
    world.start_daemon(text=world_config.verdictd_text(world) + more)
    assert post(world, "2.0.0").status == 201
    told = set(re.findall(r"^(verdict_\w+)", world.api("GET", "/metrics").text, re.M))
    assert "verdict_build_info" in told
    for text in (ALERTS.read_text(encoding="utf-8"), "\n".join(board_expressions())):
        named = set(re.findall(r"\bverdict_\w+", text))
        assert len(named) > 5 and named <= told, named - told
