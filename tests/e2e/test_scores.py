# test_scores.py - a baseline with a score: its comparisons decide together, and the report shows each one's part.
# SPDX-License-Identifier: MIT
from support import wait_until
from support.rules import deployment, start, start_all

SCORED = """
baselines: {
  scored: { warmup = "500ms";  every = "1s";  block = "2s";  need = "20 requests";
    score: { pass = 90;  marginal = 60;  groups: { users = 80; }; };
    compare: { error_rate: { allow = "+50%";  ignore_below = "0.5%";  groups = [ "users" ]; };
               lb_errors:  { allow = "+50%";  ignore_below = "0.5%"; }; }; };
};
strategies: {
  longer: { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "10%";  observe = "40s";  at_most = "50s"; },
              { route = "100%"; watch = "2s";     at_most = "20s"; } ); };
};
"""

RULES = 'baselines = [ "scored" ];'


def rules(world):
    return {rule["name"]: rule for rule in deployment(world)["rules"]}


def test_a_good_score_promotes(world):
    start_all(world, more_rules=SCORED, rules=RULES)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("promoted", 0), end["summary"]
    said = world.verdict("explain", end["id"]).stdout
    assert "pass  scored/score  100 against 90" in said, said


def test_a_bad_score_takes_it_back(world):
    start_all(world, strategy="longer", more_rules=SCORED, rules=RULES)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 10, 20, "the candidate has traffic")
    world.set_faults("green", share=0.5)
    wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end["summary"]
    assert rules(world)["scored/score"]["decided"]
    assert rules(world)["scored/error_rate"]["verdict"] == "fail"
    assert "scored/score failed" in end["summary"]
    said = world.verdict("explain", end["id"]).stdout
    verdicts = said.split("\nVerdicts\n")[1]
    assert "scored/error_rate" in verdicts and "scored/lb_errors" in verdicts, "what the score is made of is written"
    assert "would have taken it back" not in said
    assert world.split() == 0
