# test_scrape.py - a canary judged by what its programs expose themselves, without a Prometheus.
# SPDX-License-Identifier: MIT
import world_config
from support import swift, wait_until
from support.swift import begin, begun, ended, show

ERRORS = ('errors: { source = "scrape:app";  kind = "counter";  every = "1s";  better = "lower";  url = "http://{{address}}/metrics"; '
          """ events = "http_requests_total{code=~'5..'}";  total = "http_requests_total"; };""")
FAILING = 'failing: { when = "errors > 5%";  need = "5 requests";  then = "rollback"; };'


def test_errors_that_a_program_counts_take_it_back(world, monkeypatch):
    rules = swift.RULES.replace("metrics: {", "metrics: { " + ERRORS, 1).replace("triggers: {", "triggers: { " + FAILING, 1)
    monkeypatch.setattr(swift, "RULES", rules)
    settings = world_config.verdictd_text(world).replace("sources: {", 'sources: { scrape: { app: { timeout = "2s"; }; };', 1)
    begin(world, broker=False, daemon=settings, trigger="failing", observe="4s", at_most="30s")
    world.start_load()
    good = begun(world, "2.0.0")
    end = ended(world, good, 60)
    assert end["state"] == "promoted", end
    bad = begun(world, "2.0.1")
    wait_until(lambda: show(world, bad)["share"] > 0, 20, "the candidate has traffic")
    world.set_faults("blue", share=0.5)
    end = ended(world, bad, 40)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    failing = next(rule for rule in end["rules"] if rule["name"] == "failing")
    assert failing["verdict"] == "fail" and failing["value"] > 0.05, failing
