# test_restart_windows.py - what was observed before a restart stays evidence: windows are read again from the series files.
# SPDX-License-Identifier: MIT
import test_past
from support import wait_until
from support.swift import begun, ended, show
from test_days import answering

RULES = """
metrics: { answers: { source = "otlp";  kind = "histogram";  scope = "service";  every = "1s";  max_age = "3s";  unit = "s";  buckets = "answers"; }; };
triggers: { slow: { when = "quantile(answers, 90%, 1m) > 250ms";  need = "500 requests";  then = "rollback"; }; };
strategies: { watched: { kind = "follow";  steps = ( { watch = "10s";  at_most = "14s"; } ); }; };
services: { shop: { rules: { triggers = [ "slow" ]; };  environments: { prod: { strategy = "watched"; }; }; }; };
"""


def test_what_was_observed_before_a_restart_counts(world):
    """250 answers a second before it and five behind it: without those before it there would be too few for a verdict."""
    test_past.begin(world, RULES)
    with answering(world, [44, 5, 1]) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: (test_past.rule_of(world, name)["count"] or 0) > 700, 9, "it is observed")
        world.programs["verdictd"].stop()
        said[0] = [1, 0, 0]
        world.programs["verdictd"].start()
        assert show(world, name)["state"] == "watching"
        end = ended(world, name, 60)
        assert end["state"] == "promoted", end
    assert test_past.rule_of(world, name)["count"] > 500  # what the step had that was open when it stopped is in no file
