/* test_findings.c - what is said about wrong metrics, rules, smoke tests, strategies, environments.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct finding_case metrics_cases[] = {
    {METRIC, ""},
    {"metrics: { x: { source = \"push\"; }; };", ""},
    {"metrics: { x: { source = \"prometheus:main\"; kind = \"counter\";\n events = \"rate(x[1m])\";\n"
     "total = \"increase(x[1m])\"; }; };",
     "x.rules:2: events: counters are read raw, without rate(...); the increases are taken here\n"
     "x.rules:3: total: counters are read raw, without increase(...); the increases are taken here"},
    {"metrics: { x: { source = \"prometheus:main\"; query = \"rate(x[1m])\"; }; };", ""},
    {"metrics: { x: { source = \"prometheus:main\"; kind = \"counter\"; query = \"q\"; }; };",
     "x.rules:1: events is missing: kind = \"counter\" needs it (PromQL of the counter of bad events)\n"
     "x.rules:1: query belongs to kind = \"gauge\", this metric's kind is \"counter\"\n"
     "x.rules:1: total is missing: kind = \"counter\" needs it (PromQL of the counter of all events)"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = \"t\"; kind = \"histogram\"; }; };",
     "x.rules:1: a source of kind 'mqtt' has no histograms"},
    {"metrics: { x: { source = \"prometheuz:main\"; }; };",
     "x.rules:1: unknown kind of source 'prometheuz'; did you mean 'prometheus'?"},
    {"metrics: { x: { source = \"prometheus\"; }; };",
     "x.rules:1: source: 'prometheus' needs the name of an instance: \"prometheus:NAME\""},
    {"metrics: { x: { source = 5; }; };",
     "x.rules:1: source is missing (where its values come from, like \"prometheus:main\")"},
    {"metrics: { x: { source = \"mqtt:plant\"; }; };", "x.rules:1: topic is missing (where the values come)"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = \"t\"; qury = \"q\"; decoder = \"xml\";\n every = "
     "5;\n"
     " max_age = \"1ms\";\n labels: { a = 1; }; }; };",
     "x.rules:1: decoder: 'xml' is not one of number, json\n"
     "x.rules:1: unknown key 'qury'\n"
     "x.rules:2: every: '5' is not a duration; write it like \"5s\", \"10m\" or \"1h30m\"\n"
     "x.rules:3: max_age: 1ms is not from 100ms to 1d\n"
     "x.rules:4: labels.a: takes a text in quotes"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = 5; unit: { }; labels = \"x\"; }; };",
     "x.rules:1: labels: takes a group { name = \"text\"; }\n"
     "x.rules:1: topic: takes a text in quotes, not a whole number\n"
     "x.rules:1: unit: takes a text in quotes, not a group { }"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = \"t/{{slot}}\"; scope = \"service\"; }; };\n"
     "triggers: { t: { when = \"x > 1\"; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { triggers = [ \"t\" ]; };"),
     "x.rules:1: scope = \"service\" is one series for all sides, but its texts name a side"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = \"t/{{slot\"; }; };",
     "x.rules:1: {{ needs a name and }} behind it"},
    {"metrics: { x: { source = \"mqtt:plant\"; topic = \"t/{{open}}\"; every = \"{{span}}\"; }; };", ""},
};

static void test_metrics(void **state)
{
    (void)state;
    assert_cases(metrics_cases, ARRAY_LENGTH(metrics_cases));
}

static const struct finding_case rules_cases[] = {
    {METRIC "triggers: { t: { when = \"up > 5%\"; }; };", ""},
    {METRIC "triggers: { t: { when = \"up > {{later}}\"; }; };", ""},
    {METRIC "triggers: { t: { }; };",
     "x.rules:2: when is missing (the condition, like \"error_rate > 5% for 10s\")"},
    {METRIC "triggers: { t: { when = \"upp > 5%\"; }; };",
     "x.rules:2: condition, column 1: unknown metric 'upp'; did you mean 'up'?"},
    {METRIC "triggers: { t: { when = \"up > 5%\"; then = \"explode\"; mode = \"\"; need = \"5\"; }; };",
     "x.rules:2: mode: '' is not one of act, ask, record\n"
     "x.rules:2: then: 'explode' is not one of rollback, hold"},
    {METRIC "triggers: { t: { when = \"up > 5%\"; need = \"5\"; };\n"
            "u: { when = \"up > 5%\"; need = \"5 requests\"; };\n"
            "v: { when = \"errors > 5%\"; need = \"5 values\"; };\n"
            "w: { when = \"errors > 5% or up < 1\"; need = \"1 value\"; };\n"
            "x: { when = \"errors > 5% or up < 1\"; need = \"0 values\"; }; };",
     "x.rules:2: need: '5' is not like \"50 requests\" or \"3 values\"\n"
     "x.rules:3: need: gauges have values, not requests; write \"5 values\"\n"
     "x.rules:4: need: counters and histograms have requests; write \"5 requests\"\n"
     "x.rules:6: need: '0 values' is not like \"50 requests\" or \"3 values\""},
    {METRIC "triggers: { t: { when = \"up > {{slot}}\"; }; };",
     "x.rules:2: {{slot}} differs by side and cannot stand here"},
    {METRIC "baselines: { b: { compare: { errors: { }; }; }; };", ""},
    {METRIC "baselines: { b: { }; };",
     "x.rules:2: compare is missing: compare: { METRIC: { allow = \"+50%\"; }; }"},
    {METRIC "baselines: { b: { against = [ \"befor\" ];\n score: { };\n compare: { errors: { test = "
            "\"welch\"; };\n slow: { }; nothing: { };\n up: { test = \"mean_difference\"; allow = \"50%\"; "
            "}; }; }; };",
     "x.rules:2: against 'befor' is not known; known: stable, before, and whole days like 7d (1d to 28d)\n"
     "x.rules:4: test 'welch' is not known; known: sequential, latency_tail, mean_difference, mann_whitney\n"
     "x.rules:5: unknown metric 'nothing'\n"
     "x.rules:6: allow: '50%' is not like \"+50%\""},
    {METRIC
     "baselines: { b: { compare: {\n errors: { test = \"latency_tail\"; };\n up: { };\n slow: { test = "
     "\"mann_whitney\"; above = \"300ms\"; };\n }; };\n c: { compare: {\n slow: { test = "
     "\"mean_difference\"; };\n "
     "up: { test = \"latency_tail\"; }; }; }; };",
     "x.rules:3: test 'latency_tail' compares metrics of kind histogram; 'errors' is a counter\n"
     "x.rules:4: test 'sequential' compares metrics of kind counter or histogram; 'up' is a gauge\n"
     "x.rules:5: above: only histograms have requests above a bound\n"
     "x.rules:8: test 'mean_difference' compares metrics of kind gauge or counter; 'slow' is a histogram\n"
     "x.rules:9: test 'latency_tail' compares metrics of kind histogram; 'up' is a gauge"},
    {METRIC "baselines: { b: { compare: {\n slow: { above = \"fast\"; };\n up: { test = \"mean_difference\"; "
            "confidence = 0.9; };\n errors: { tolerance = 0.1; }; }; };\n c: { compare: {\n slow: { above = "
            "\"5%\"; };\n "
            "up: { test = \"mann_whitney\"; confidence = 2.0; }; }; }; };",
     "x.rules:3: above: 'fast' is not like \"300ms\"\n"
     "x.rules:4: confidence is of test 'mann_whitney' alone\n"
     "x.rules:5: tolerance is of test 'mann_whitney' alone\n"
     "x.rules:7: above: '5%' is not like \"300ms\"\n"
     "x.rules:8: confidence: 2 is not from 0.5 to 0.999999"},
    {METRIC "baselines: { b: { compare: {\n errors: { form = \"poison\"; };\n up: { test = "
            "\"mean_difference\"; form = \"robust\"; };\n slow: { form = \"auto\"; }; }; }; };",
     "x.rules:3: form: 'poison' is not one of robust, poisson, auto; did you mean 'poisson'?\n"
     "x.rules:4: form: only the tests 'sequential' and 'latency_tail' have forms"},
    {METRIC
     "baselines: { b: { need = \"20 values\"; compare: { up: { test = \"mann_whitney\"; allow = \"+10%\"; "
     "ignore_below = \"40\"; }; }; };\n c: { need = \"200 requests\"; compare: { slow: { above = \"300ms\"; "
     "}; "
     "errors: { test = \"mann_whitney\"; tolerance = 0.5; confidence = 0.99; }; }; }; };",
     ""},
    {METRIC "baselines: { b: { compare: { errors: { ignore_below = \"5ms\"; }; }; };\n"
            "c: { compare: { errors: { critical = false; weight = 5; }; }; };\n"
            "d: { compare: { errors: { critical = false; }; }; }; };",
     "x.rules:2: ignore_below: '5ms' is not like \"0.1%\"\n"
     "x.rules:3: critical = false needs a score: say score: { } in this baseline, or then = \"hold\" or mode "
     "= \"record\" in one of its own\n"
     "x.rules:4: critical = false needs a score: say score: { } in this baseline, or then = \"hold\" or mode "
     "= \"record\" in one of its own"},
    {METRIC "baselines: { a: { score: { }; compare: { errors: { }; }; };\n"
            "b: { score: { pass = 90;  marginal = 60;  groups: { bad = 70;  slow = 30; }; };\n"
            "compare: { errors: { critical = true;  groups = [ \"bad\" ]; };  slow: { }; }; }; };",
     ""},
    {METRIC "baselines: { b: { score: { groups: { errors = 70;  none = 30; }; }; compare: { errors: { };  "
            "slow: { }; }; }; };",
     "x.rules:2: no metric of this baseline is in group 'none'"},
    {METRIC "baselines: { b: { score: { pass = 90;  marginal = 60;  groups: { bad = 70; }; };\n"
            "compare: { errors: { critical = true;  groups = [ \"bad\" ]; };  slow: { weight = 30; }; }; };\n"
            "c: { score: { pass = 60; }; compare: { errors: { }; }; };\n"
            "d: { score: { groups: { bad = 100; }; }; compare: { errors: { groups = [ \"bad\" ]; }; slow: { "
            "}; }; };\n"
            "e: { score: { }; compare: { errors: { weight = 40; }; slow: { weight = 50; }; }; };\n"
            "f: { score: { }; compare: { errors: { weight = 40; groups = [ \"x\" ]; }; }; };\n"
            "g: { score = 95; compare: { errors: { }; }; };\n"
            "h: { score: { groups = 5; }; compare: { errors: { }; }; };\n"
            "i: { score: { pas = 5; }; compare: { errors: { }; }; };\n"
            "j: { compare: { errors: { weight = 5; }; slow: { groups = [ \"x\" ]; }; }; };\n"
            "k: { score: { groups: { x = 200; }; }; compare: { errors: { groups = [ \"x\" ]; }; }; }; };",
     "x.rules:4: marginal, 75, is more than pass, 60\n"
     "x.rules:5: the weights add up to 100 and leave nothing of 100 for the others\n"
     "x.rules:6: the weights add up to 90, not to 100\n"
     "x.rules:7: weight: a metric in groups weighs as they do; give the groups weights\n"
     "x.rules:8: score: takes a group like { pass = 95;  marginal = 75; }\n"
     "x.rules:9: groups: takes a group like { errors = 60;  latency = 40; }\n"
     "x.rules:10: unknown key 'pas'; did you mean 'pass'?\n"
     "x.rules:11: groups needs a score: { } in this baseline\n"
     "x.rules:11: weight needs a score: { } in this baseline\n"
     "x.rules:12: x: 200 is not from 0 to 100"},
    {"metrics: { score: { source = \"prometheus:main\"; kind = \"counter\"; events = \"e{v='{{version}}'}\"; "
     "total = \"t{v='{{version}}'}\"; }; };\n"
     "baselines: { b: { score: { }; compare: { score: { }; }; }; };",
     "x.rules:2: a metric of a scored baseline is not called 'score'"},
    {METRIC "baselines: { b: { compare: { errors: { }; }; on_inconclusive: { other = \"wait\"; }; };\n"
            "c: { compare: { errors: { }; }; on_inconclusive: { source_eror = \"hold 5m, then hold\"; }; };\n"
            "d: { compare: { errors: { }; }; on_inconclusive: { other = \"hold 5m, then hold\"; }; };\n"
            "e: { compare: { errors: { }; }; on_inconclusive: { other = \"hold 5m, then run\"; }; };\n"
            "f: { compare: { errors: { }; }; on_inconclusive: { other = 5; }; };\n"
            "g: { compare: { errors: { }; }; on_inconclusive = \"x\"; };\n"
            "h: { compare: { errors: { }; }; need = \"5 values\"; };\n"
            "i: { compare: { errors: { }; }; alpha = 0.9; }; };",
     "x.rules:2: other: 'wait' is not like \"extend 5m, then rollback\" (or hold)\n"
     "x.rules:3: unknown reason 'source_eror'; did you mean 'source_error'?\n"
     "x.rules:5: other: 'hold 5m, then run' is not like \"extend 5m, then rollback\" (or hold)\n"
     "x.rules:6: other: takes a text like \"extend 5m, then rollback\"\n"
     "x.rules:7: takes a group { other = \"extend 5m, then rollback\"; }\n"
     "x.rules:8: need: counters and histograms have requests; write \"5 requests\"\n"
     "x.rules:9: alpha: 0.9 is not from 1e-06 to 0.5"},
};

static void test_rules(void **state)
{
    (void)state;
    assert_cases(rules_cases, ARRAY_LENGTH(rules_cases));
}

static const struct finding_case rules_in_use_cases[] = {
    {METRIC "triggers: { t: { when = \"up > {{max}}\"; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { triggers = [ \"t\" ]; };"),
     "x.rules:2: {{max}} is not filled for shop/prod: set it in `vars` of the file, service, environment "
     "or slot"},
    {METRIC "triggers: { t: { when = \"up > {{max}}\"; }; };\n" SERVICE(
         "strategy = \"follow\"; vars: { max = 5; }; rules: { triggers = \"t\"; };"),
     ""},
    {METRIC "triggers: { t: { when = \"flat > stable\"; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { triggers = [ \"t\" ]; };"),
     "x.rules:2: condition, column 8: 'flat' has no series of its own for stable; compare with before"},
    {SERVICE("strategy = \"follow\"; rules: { triggers = [ \"t\" ]; baselines = 5; smoke_tests = [ 5 ]; };"),
     "x.rules:2: baselines: takes a list of names in quotes\n"
     "x.rules:2: smoke_tests: takes a list of names in quotes\n"
     "x.rules:2: unknown trigger 't'"},
    {METRIC "triggers: { t: { when = \"flat > 5\"; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { triggers = [ \"tt\" ]; };"),
     "x.rules:4: unknown trigger 'tt'; did you mean 't'?"},
    {"vars: { a = \"{{b}}\"; b = \"{{a}}\"; };\n" METRIC "triggers: { t: { when = \"up > {{a}}\"; }; };",
     "x.rules:1: the variables go round in a circle at {{a}}"},
    {METRIC "triggers: { t: { when = \"up > {{tg}}\"; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { triggers = [ \"t\" ]; };\nslots: { a: { vars: { tg = \"1\"; }; "
         "}; "
         "b: { vars: { tg = \"2\"; }; }; };"),
     "x.rules:2: {{tg}} is set per slot and cannot stand here"},
    {SERVICE("strategy = \"follow\"; slots: { a: { vars: { tg = \"1\"; }; };\n b: { }; };"),
     "x.rules:3: slot 'b': {{tg}} is set in another slot; set it here or outside of the slots"},
    {SERVICE("strategy = \"follow\"; vars: { tg = 7; }; slots: { a: { vars: { tg = \"1\"; }; };\n b: { "
             "}; };"),
     ""},
    {"metrics: { e: { source = \"prometheus:main\"; kind = \"counter\"; events = \"a\"; total = \"b\"; "
     "}; "
     "h: { source = \"prometheus:main\"; kind = \"counter\"; better = \"higher\"; events = "
     "\"a{{slot}}\"; total = "
     "\"b\"; }; };\nbaselines: { b: {\n compare: { e: { };\n h: { }; }; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { baselines = [ \"b\" ]; };"),
     "x.rules:3: 'e' names no side ({{version}}, {{slot}} or {{address}}): candidate and stable would be "
     "the same series; against = \"before\" compares it with its past\n"
     "x.rules:4: test 'sequential' compares bad events; 'h' says better = \"higher\""},
    {"metrics: { e: { source = \"prometheus:main\"; kind = \"counter\"; every = \"7s\"; events = "
     "\"a{{slot}}\"; "
     "total = \"b\"; }; };\nbaselines: { b: { block = \"30s\"; compare: { e: { }; }; };\n"
     "c: { compare: { e: { }; }; }; };\n" SERVICE(
         "strategy = \"follow\"; rules: { baselines = [ \"b\", \"c\" ]; };"),
     "x.rules:2: block: not a multiple of the resolution of 'e' (7s)"},
    {METRIC "baselines: { b: { compare: { errors: { }; }; on_inconclusive: { other = \"extend 5m, then "
            "hold\"; }; "
            "};\nc: { compare: { errors: { }; }; on_inconclusive: { other = \"extend 6m, then hold\"; }; "
            "}; };\n" SERVICE("strategy = \"follow\"; rules: { baselines = [ \"b\", \"c\" ]; };"),
     "x.rules:3: another baseline of the same service says something else (line 2); they share the "
     "observation"},
};

static void test_rules_in_use(void **state)
{
    (void)state;
    assert_cases(rules_in_use_cases, ARRAY_LENGTH(rules_in_use_cases));
}

static const struct finding_case smoke_tests_cases[] = {
    {"smoke_tests: { s: { base_url = \"http://{{address}}\"; checks: { a: { post = \"/x\"; expect = "
     "\"status == "
     "200\"; }; }; }; };",
     ""},
    {"smoke_tests: { s: { checks: { }; }; };",
     "x.rules:1: base_url is missing (what stands before every path, like \"http://{{address}}\")"},
    {"smoke_tests: { s: { base_url = \"ftp://x\"; checks: { }; }; };",
     "x.rules:1: base_url: 'ftp://x' begins with neither http:// nor https://"},
    {"smoke_tests: { s: { base_url = \"http://x\"; checks: { }; }; };",
     "x.rules:1: checks is missing: checks: { NAME: { get = \"/\"; expect = \"status == 200\"; }; }"},
    {"smoke_tests: { s: { base_url = \"http://x\"; attempts = 0;\n timeout = \"2h\"; checks: { }; }; };",
     "x.rules:1: attempts: 0 is not from 1 to 100\nx.rules:2: timeout: 2h is not from 10ms to 1m"},
    {"smoke_tests: { s: { base_url = \"http://x\"; checks: { a: { expect = \"status == 200\"; };\n"
     "b: { get = \"/\"; head = \"/\"; expect = \"status == 200\"; };\n"
     "c: { get = \"x\"; expect = \"status == 200\"; };\n"
     "d: { get = \"/\"; expect = \"statu == 200\"; };\n"
     "E: { get = \"/\"; expect = \"status == 200\"; }; }; }; };",
     "x.rules:1: a path is missing: get = \"/healthz\"\n"
     "x.rules:2: one of get, head and post is enough\n"
     "x.rules:3: the path 'x' does not begin with /\n"
     "x.rules:4: expect, column 1: unknown word 'statu'; known are status, time, json(), header(), body\n"
     "x.rules:5: 'E' is no name: small letters, digits, - and _"},
    {"smoke_tests: { s: { checks: { a: { tcp = \"{{address}}\"; }; b: { tls = \"db.prod:5432\"; name = "
     "\"db.prod\"; trust = \"/etc/ca.pem\"; expect = \"days_left > 14\"; }; }; }; };",
     ""},
    {"smoke_tests: { s: { checks: { a: { tcp = \"{{address}}\"; }; b: { get = \"/\"; expect = \"status == "
     "200\"; }; }; }; };",
     "x.rules:1: base_url is missing (what stands before every path, like \"http://{{address}}\")"},
    {"smoke_tests: { s: { base_url = \"http://x\"; checks: { a: { tcp = \"db.prod\"; };\n"
     "b: { tls = \"db:443\"; tcp = \"db:443\"; };\n"
     "c: { tcp = \"db:22\"; headers: { A = \"b\"; }; body = \"x\"; name = \"n\"; };\n"
     "d: { get = \"/\"; trust = \"/x\"; expect = \"status == 200\"; };\n"
     "e: { get = \"/\"; };\n"
     "f: { tcp = \"db:22\"; expect = \"days_left > 1\"; }; }; }; };",
     "x.rules:1: tcp: 'db.prod' is not like \"{{address}}\" or \"db.prod:5432\"\n"
     "x.rules:2: one check asks one thing: get, head, post, tcp, tls or exec\n"
     "x.rules:3: body is of post alone\n"
     "x.rules:3: headers is of get, head and post alone\n"
     "x.rules:3: name is of tls alone\n"
     "x.rules:4: trust is of tls alone\n"
     "x.rules:5: expect is missing (what must hold of the answer, like \"status == 200\")\n"
     "x.rules:6: expect, column 1: unknown word 'days_left'; known are time, banner"},
    {"smoke_tests: { s: { checks: { a: { exec = [ \"/usr/local/bin/check\", \"{{address}}\" ]; }; b: { exec "
     "= "
     "[ \"/bin/true\" ]; expect = \"exit == 0 and time < 2s and json('.version') == version\"; }; }; }; };",
     ""},
    {"smoke_tests: { s: { checks: { a: { exec = [ ]; };\n"
     "b: { exec = [ \"/bin/df -h\" ]; };\n"
     "c: { exec = [ \"\" ]; };\n"
     "d: { exec = [ \"/bin/true\" ]; expect = \"status == 200\"; };\n"
     "e: { exec = [ \"/bin/true\" ]; expect = \"output == 'ok'\"; };\n"
     "f: { exec = [ \"/bin/true\" ]; expect = \"output > 5\"; };\n"
     "g: { exec = [ \"/bin/true\" ]; body = \"x\"; };\n"
     "h: { exec = [ \"/bin/true\" ]; tcp = \"db:22\"; };\n"
     "i: { exec = [ \"/bin/true\" ]; };\n"
     "j: { exec = [ \"/bin/true\" ]; expect = \"exit =~ '0'\"; }; }; }; };",
     "x.rules:1: exec: 0 elements; 1 to 64 are allowed\n"
     "x.rules:2: exec: no shell takes '/bin/df -h' apart; write each word by itself, like [ "
     "\"/usr/bin/env\", \"true\" ]\n"
     "x.rules:3: exec: the name of the program is empty\n"
     "x.rules:4: expect, column 1: unknown word 'status'; known are exit, time, output, json()\n"
     "x.rules:5: expect, column 8: == cannot compare this with a text\n"
     "x.rules:6: expect, column 1: output is compared with =~ or !~ and a pattern in single quotes\n"
     "x.rules:7: body is of post alone\n"
     "x.rules:8: one check asks one thing: get, head, post, tcp, tls or exec\n"
     "x.rules:10: expect, column 6: =~ cannot compare this with a text"},
};

static void test_smoke_tests(void **state)
{
    (void)state;
    assert_cases(smoke_tests_cases, ARRAY_LENGTH(smoke_tests_cases));
}

#define STEPS(steps) "strategies: { own: { kind = \"canary\"; steps = ( " steps " ); }; };\n"
#define PROD         SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS)

static const struct finding_case strategies_cases[] = {
    {STEPS("{ route = \"100%\"; watch = \"5m\"; }") PROD, ""},
    {"strategies: { own: { }; };", "x.rules:1: kind is missing (which recipe it varies)"},
    {"strategies: { own: { kind = \"shadow\"; then = \"canary\"; }; };", ""},
    {"strategies: { own: { kind = \"canary\"; then = \"stop\"; };\n"
     "two: { kind = \"shadow\"; then = \"stop\"; steps = ( { mirror = \"5%\"; observe = \"5m\"; } ); }; };",
     "x.rules:1: then belongs to kind = \"shadow\"\n"
     "x.rules:2: then goes without steps: those that route go on by themselves"},
    {"strategies: { own: { kind = \"canry\"; }; };", "x.rules:1: kind: 'canry' is not one of canary, follow, "
                                                     "recreate, blue_green, rolling, feature_flag, shadow; "
                                                     "did you mean 'canary'?"},
    {"strategies: { own: { kind = \"canary\"; steps = \"x\"; }; };",
     "x.rules:1: steps: takes a list ( { route = \"5%\"; observe = \"5m\"; }, ... )"},
    {STEPS("{ route = \"5\"; },\n{ route = \"101%\"; },\n{ route = \"x%\"; },\n{ },\n{ route = \"5%\"; "
           "command = "
           "\"x\"; },\n{ command = \"x\"; watch = \"5m\"; },\n{ at_most = \"5m\"; route = \"5%\"; },\n{ "
           "timeout = "
           "\"5m\"; route = \"5%\"; },\n{ mirror = \"5\"; },\n5"),
     "x.rules:1: route: '5' is not like \"5%\", from 0.01% to 100% in steps of 0.01%\n"
     "x.rules:2: route: '101%' is not like \"5%\", from 0.01% to 100% in steps of 0.01%\n"
     "x.rules:3: route: 'x%' is not like \"5%\", from 0.01% to 100% in steps of 0.01%\n"
     "x.rules:4: a step needs one of command, smoke, route, mirror, replace, approve, gate, observe, watch\n"
     "x.rules:5: a step is one of command, smoke, route, mirror, replace, approve and gate\n"
     "x.rules:6: observe and watch stand with a route, mirror or replace, or in a step of their own\n"
     "x.rules:7: at_most goes with observe\n"
     "x.rules:8: timeout goes with approve\n"
     "x.rules:9: mirror: '5' is not like \"5%\", from 0.01% to 100% in steps of 0.01%\n"
     "x.rules:10: takes a group { }, not a whole number"},
    {STEPS("{ route = \"5%\"; },\n{ route = \"100%\"; watch = \"5m\"; }") PROD,
     "x.rules:2: strategy 'own' for shop/prod, step 2: the share is raised before the share before it "
     "was "
     "observed; give that step `observe`"},
    {STEPS("{ route = \"100%\"; watch = \"5m\"; at_most = \"1m\"; }") PROD,
     "x.rules:1: strategy 'own' for shop/prod, step 1: `at_most` is shorter than the observation"},
    {STEPS("{ command = \"deploi\"; }, { smoke = \"s\"; }, { route = \"100%\"; watch = \"5m\"; }")
         SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS
                 "commands: { deploy: { exec = [ \"x\" ]; }; };"),
     "x.rules:1: unknown smoke test 's'"},
    {STEPS("{ command = \"deploi\"; }, { route = \"100%\"; watch = \"5m\"; }")
         SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS
                 "commands: { deploy: { exec = [ \"x\" ]; }; };"),
     "x.rules:1: unknown command 'deploi'; did you mean 'deploy'?"},
    {STEPS("{ approve = \"a\"; },\n{ approve = [ \"a\", \"b\" ]; }, { watch = \"5m\"; }"),
     "x.rules:2: this version knows one list of approvers per deployment"},
    {STEPS("{ approve = \"a\"; need = 2; }, { route = \"100%\"; watch = \"5m\"; }")
         SERVICE("strategy = \"own\"; approval: { from = \"b\"; }; traffic = \"haproxy:edge\"; backend = "
                 "\"b\";" SLOTS),
     "x.rules:2: the steps of 'own' ask others than the environment's approval; this version knows one "
     "list"},
    {"strategies: { own: { kind = \"canary\"; after: { retire = \"old\"; }; };\n"
     "two: { kind = \"blue_green\"; after: { retire = \"stable\"; }; }; };\n" SERVICE(
         "strategy = \"two\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS),
     "x.rules:1: retire: 'old' is not known; known: stable\n"
     "x.rules:2: the environment has no command `retire`"},
    {SERVICE(""), "x.rules:1: strategy is missing (\"canary\", \"recreate\", ... or one of your own)"},
    {SERVICE("strategy = \"canry\";"), "x.rules:2: unknown strategy 'canry'; did you mean 'canary'?"},
    {SERVICE("strategy = \"shadow\"; traffic = \"nginx:edge\"; backend = \"b\";" SLOTS), ""},
    {SERVICE("strategy = \"shadow\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS),
     "x.rules:1: strategy 'shadow' copies requests (mirror), and traffic 'haproxy' cannot; nginx can"},
    {SERVICE("strategy = \"canary\";"), "x.rules:1: strategy 'canary' for shop/prod, step 1: a step "
                                        "routes traffic, but the environment names no "
                                        "traffic driver; set `traffic`"},
    {SERVICE("strategy = \"feature_flag\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS), ""},
    {SERVICE("strategy = \"feature_flag\";"),
     "x.rules:1: strategy 'feature_flag' for shop/prod, step 1: a step routes traffic, but the environment "
     "names no traffic driver; set `traffic`"},
    {SERVICE("strategy = \"canary\"; traffic = \"haproxy:edge\"; backend = \"b\";"),
     "x.rules:1: strategy 'canary' needs two slots, one for each version"},
};

static void test_strategies(void **state)
{
    (void)state;
    assert_cases(strategies_cases, ARRAY_LENGTH(strategies_cases));
}

static const struct finding_case targets_cases[] = {
    {SERVICE("strategy = \"follow\"; traffic = \"haproxy\";"),
     "x.rules:2: traffic: 'haproxy' is not like \"haproxy:edge\""},
    {SERVICE("strategy = \"follow\"; traffic = \"haprox:edge\";"),
     "x.rules:2: unknown traffic driver 'haprox'; did you mean 'haproxy'?"},
    {SERVICE("strategy = \"follow\"; traffic = 5;"),
     "x.rules:2: traffic: takes a text in quotes, not a whole number"},
    {SERVICE("strategy = \"follow\"; traffic = \"haproxy:edge\";"),
     "x.rules:1: backend is missing (the backend's name)"},
    {SERVICE("strategy = \"follow\"; backend = \"b\";"), "x.rules:2: unknown key 'backend'"},
    {SERVICE("strategy = \"follow\"; pipeline = 1; concurrency = \"cancel\";"),
     "x.rules:2: 'pipeline' is not supported by this version\n"
     "x.rules:2: concurrency: 'cancel' is not one of refuse, queue, replace"},
    {SERVICE("strategy = \"follow\"; slots = 5;"),
     "x.rules:2: slots: takes a group { NAME: { address = \"host:port\"; }; }"},
    {SERVICE("strategy = \"follow\"; slots: { A: { };\n b: { address = \"x\"; };\n c = 5;\n d: { server "
             "= \"x\"; };\n"
             " e: { servers = 5; }; };"),
     "x.rules:2: slot 'A' is no name: small letters, digits, -\n"
     "x.rules:3: address: 'x' is not like \"host:port\"\n"
     "x.rules:4: takes a group { }, not a whole number\n"
     "x.rules:5: unknown key 'server'; did you mean 'servers'?\n"
     "x.rules:6: servers: takes a list of texts, like [ \"a\", \"b\" ]"},
    {SERVICE("strategy = \"follow\"; slots: { a: {};b: {};c: {};d: {};e: {};f: {};g: {};h: {};i: {}; };"),
     "x.rules:2: more than 8 slots"},
    {SERVICE("strategy = \"follow\"; commands = 5;"),
     "x.rules:2: commands: takes a group { NAME: { exec = [ \"...\" ]; }; }"},
    {SERVICE("strategy = \"follow\"; commands: { a: { };\n b: { exec = [ ]; };\n c: { exec = [ \"\" ]; "
             "};\n d: { exec = [ "
             "5 ]; };\n e: { exec = \"x\"; repeat = \"probe\"; };\n f: { exec = \"x\"; undo: { }; };\n "
             "A: { exec = "
             "\"x\"; };\n g: { exec = \"x\"; timeout = \"2d\"; tries = 0; }; };"),
     "x.rules:2: exec is missing (program and arguments; no shell)\n"
     "x.rules:3: exec: 0 elements; 1 to 64 are allowed\n"
     "x.rules:4: exec: the name of the program is empty\n"
     "x.rules:5: exec: takes a list of texts in quotes\n"
     "x.rules:6: repeat = \"probe\" needs what to ask: probe: { exec = [ \"...\" ]; };\n"
     "x.rules:7: exec is missing (program and arguments; no shell)\n"
     "x.rules:8: command 'A' is no name: small letters, digits, -\n"
     "x.rules:9: timeout: 2d is not from 100ms to 1d\n"
     "x.rules:9: tries: 0 is not from 1 to 20"},
    {SERVICE("strategy = \"follow\"; commands: { a: { exec = [ \"x\" ]; once = true; repeat = "
             "\"idempotent\"; };\n retire: { exec = [ \"x\" ]; once = true; };\n b: { exec = [ \"x\" ]; "
             "undo: { exec = [ \"x\" ]; once = true; }; };\n c: { exec = [ \"x\" ]; once = true; probe: { "
             "exec = [ \"x\" ]; }; undo: { exec = [ \"x\" ]; }; }; };"),
     "x.rules:2: once: what runs once is never repeated: repeat = \"unsafe\", or a probe\n"
     "x.rules:3: once: only a step's command runs once\n"
     "x.rules:4: once: of an undo or a probe it makes no sense; it is the command's own"},
    {SERVICE(
         "strategy = \"follow\"; commands: { a: { exec = [ \"x\" ]; repeat = \"unsafe\"; probe: { exec = [ "
         "\"x\" ]; }; };\n b: { exec = [ \"x\" ]; timeout = \"5s\"; probe: { exec = [ \"x\" ]; timeout = "
         "\"6s\"; }; };\n c: { exec = [ \"x\" ]; undo: { exec = [ \"x\" ]; repeat = \"probe\"; }; };\n "
         "retire: { exec = [ \"x\" ]; probe: { exec = [ \"x\" ]; }; }; };"),
     "x.rules:2: repeat: with a probe it is \"probe\", or left out\n"
     "x.rules:3: timeout: a probe may not take longer than its command (5000 ms)\n"
     "x.rules:4: repeat: only a step's command has a probe\n"
     "x.rules:5: probe: only a step's command has one"},
    {SERVICE("strategy = \"follow\"; commands: { disaster: { exec = [ \"x\" ]; once = true; }; };"),
     "x.rules:2: once: only a step's command runs once"},
    {SERVICE("strategy = \"follow\"; commands: { disaster: { exec = [ \"x\" ]; undo: { exec = [ \"x\" ]; }; "
             "}; };"),
     "x.rules:2: undo: what is run for the worst has none"},
    {SERVICE("strategy = \"follow\"; approval: { need = 0; };"),
     "x.rules:2: from is missing (people or groups of people)\n"
     "x.rules:2: need: 0 is not from 1 to 32"},
    {SERVICE("strategy = \"follow\"; notify: { all = [ \"slak:x\", \"slack\", \"otlp:main\" ]; };"),
     "x.rules:2: 'otlp:main' gets the traces of all deployments and runs by itself, and no notices\n"
     "x.rules:2: 'slack' is not like \"slack:deploys\"\n"
     "x.rules:2: unknown kind of notifier 'slak'; did you mean 'slack'?"},
};

static void test_targets(void **state)
{
    (void)state;
    assert_cases(targets_cases, ARRAY_LENGTH(targets_cases));
}

static void test_examples(void **state)
{
    static const char *const good[] = {"tests/unit/data/example.rules"};
    static const char *const full[] = {"tests/unit/data/example-full.rules"};
    char found[8192];

    (void)state;
    memset(&report, 0, sizeof(report));
    config_free(config_read_files(good, 1, &test_schemas, &report));
    assert_string_equal(report_text(&report, found, sizeof(found)), "");
    memset(&report, 0, sizeof(report));
    config_free(config_read_files(full, 1, &test_schemas, &report));
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "example-full.rules:12: unknown kind of source 'cloudwatch'");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics),      cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rules_in_use), cmocka_unit_test(test_smoke_tests),
        cmocka_unit_test(test_strategies),   cmocka_unit_test(test_targets),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
