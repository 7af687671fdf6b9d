# test_chain.py - a line of commands to HAProxy of which one fails: the others apply, what was read back counts, and it converges.
# SPDX-License-Identifier: MIT
import world_config

from support import wait_until
from support.swift import begin, begun, publishing, show
from world_config import verdictd_text

# The candidate's slot has a second server; both are the one shop.
TWIN = "    server twin 127.0.0.1:{green} weight 0\n"


def weight(world, server):
    """"0 (initial 100)"; None: HAProxy has no such server."""
    said = world.haproxy(f"get weight shop/{server}").split(" ")
    return int(said[0]) if said[0].isdigit() else None


def test_second_of_three_commands_fails_on_the_way_back(world, monkeypatch):
    monkeypatch.setattr(world_config, "HAPROXY_WEIGHTS", world_config.HAPROXY_WEIGHTS + TWIN)
    begin(world, haproxy="weights", daemon=verdictd_text(world, kind="weights"), observe="1h", at_most="2h",
          edit=lambda text: text.replace('servers = [ "green" ]', 'servers = [ "green", "twin" ]'))
    name = begun(world, "2.0.0")
    with publishing(world) as said:
        wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has its share")
        assert weight(world, "green") == weight(world, "twin") > 0
        world.haproxy("set server shop/twin state maint; experimental-mode on; del server shop/twin")
        assert weight(world, "twin") is None
        said[0] = '{"lag": 100}'
        wait_until(lambda: weight(world, "green") == 0, 10, "who can be moved is moved")
        wait_until(lambda: show(world, name)["exit_code"] == 4, 10, "and a person is called, as not all is as it was asked for")
        shown = show(world, name)
        assert shown["state"] == "rolling_back" and "twin" in shown["summary"] + (shown["why"] or ""), shown
        world.haproxy(f"experimental-mode on; add server shop/twin 127.0.0.1:{world.slots['green']} weight 100")
        assert weight(world, "twin") == 100
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 20, "what it lacked is there again: the way back ends")
    assert weight(world, "twin") == 0
