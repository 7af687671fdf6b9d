/* test_config.c - what is said about broken rule files, and what stays when files change.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A service that loads, for texts that only add something to it. */
#define METRIC                                                                                               \
    "metrics: { up: { source = \"mqtt:plant\"; topic = \"t/{{slot}}\"; }; "                                  \
    "errors: { source = \"prometheus:main\"; kind = \"counter\"; events = \"e{v='{{version}}'}\"; "          \
    "total = \"t{v='{{version}}'}\"; }; "                                                                    \
    "slow: { source = \"prometheus:main\"; kind = \"histogram\"; unit = \"s\"; buckets = "                   \
    "\"b{v='{{version}}'}\"; }; "                                                                            \
    "flat: { source = \"prometheus:main\"; query = \"q\"; }; };\n"
#define SLOTS           "slots: { blue: { address = \"a:1\"; }; green: { address = \"b:1\"; }; };"
#define SERVICE(inside) "services: { shop: { environments: { prod: {\n" inside "\n}; }; }; };\n"

struct finding_case {
    const char *text;
    const char *expected; /* "" : none */
};

static struct config_report report; /* too large for the stack of some machines */

static struct config *read_text(const char *text, size_t length, char *found, size_t size)
{
    struct folder folder;
    char path[256];

    folder_make(&folder);
    folder_write_bytes(&folder, "x.rules", text, length);
    (void)folder_path(&folder, "x.rules", path);
    const char *const paths[] = {path};
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_files(paths, 1, &test_schemas, &report);
    (void)report_text(&report, found, size);
    folder_drop(&folder);
    return config;
}

static void assert_cases(const struct finding_case *cases, size_t count)
{
    char found[8192];

    for (size_t i = 0; i < count; i++) {
        config_free(read_text(cases[i].text, strlen(cases[i].text), found, sizeof(found)));
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu\n%s\n--- says\n%s\n--- not\n%s\n", i, cases[i].text, found, cases[i].expected);
    }
}

static void test_syntax(void **state)
{
    static const struct finding_case cases[] = {
        {"", ""},
        {"# a comment\n// another\n/* and\n * one */\n", ""},
        {"vars = { a = \"x\" \"y\"\n\"z\", b : 5; c = true }", ""},
        {"vars: { a = 0x10; b = 5000000000L; c = 1.5e3; d = -3; e = .5; };", ""},
        {"vars: { a = 5m; b = 5%; c = 10.0.0.1:80; };",
         "x.rules:1: 10.0.0.1:80 needs quotes: write \"10.0.0.1:80\"\n"
         "x.rules:1: 5% needs quotes: write \"5%\"\n"
         "x.rules:1: 5m needs quotes: write \"5m\""},
        {"vars: {\n a = word;\n};", "x.rules:2: the value word needs quotes: write \"word\""},
        {"services: { x = [ \"a\"\n  \"b\" ]; };",
         "x.rules:2: comma missing before line 2: put one between the elements of the list"},
        {"a = ( { x = 1; }\n{ y = 2; } );",
         "x.rules:2: comma missing before line 2: put one between the elements of the list"},
        {"a = [ 1, 2,\n ];", "x.rules:2: a comma stands before the closing ]; take it away"},
        {"a = ( \"x\", );", "x.rules:1: a comma stands before the closing ); take it away"},
        {"vars: { a = 5000000000;\n b = 0xFFFFFFFFFF; c = 99999999999999999999; d = 1e400; e = "
         "123456789012345678901"
         "2345678901234567890123456789012345678901234567890; };",
         "x.rules:1: 5000000000 would be cut to 32 bits; write it with an L behind: 5000000000L\n"
         "x.rules:2: 0xFFFFFFFFFF would be cut to 32 bits; write it with an L behind: 0xFFFFFFFFFFL\n"
         "x.rules:2: 1e400 is too large for a number\n"
         "x.rules:2: 99999999999999999999 is too large for a whole number\n"
         "x.rules:2: a number of 70 digits"},
        {"vars: { a = \"x;\n b = 5;\n};\n",
         "x.rules:1: the text that begins here has no closing quote; add the \""},
        {"vars: { a = \"x;\n b = \"y\";\n};\n",
         "x.rules:1: the text that begins here has no closing quote; add the \""},
        {"vars: { a = \"x;\n b = \"y; };\n",
         "x.rules:1: the text that begins here has no closing quote in its line; add the \""},
        {"\xef\xbb\xbfvars: { };", "x.rules:1: the file begins with a byte order mark; save it without one"},
        {"# \xff", "x.rules:1: a byte that is neither UTF-8 nor plain text (0xff); remove it"},
        {"#\n# \xc3(", "x.rules:2: a byte that is neither UTF-8 nor plain text (0xc3); remove it"},
        {"# \x01", "x.rules:1: a byte that is neither UTF-8 nor plain text (0x01); remove it"},
        {"# \xe2\x82\xac \xf0\x9f\x99\x82 \xc3\xa9", ""},
        {"@include \"other.rules\"\n",
         "x.rules:1: @include is not known; every *.rules file of the folder is read by itself"},
        {"/* no end", "x.rules:1: the comment that begins here has no end; add the */"},
        {"vars: {\n a = \"x\";\n", "x.rules:1: the { that is opened here is never closed"},
        {"vars: { };\n}", "x.rules:2: nothing is open here that could be closed, but there is '}'"},
        {"vars: { a = \"x\";; };",
         "x.rules:1: a name or the end of the group is missing here, but there is ';'"},
        {"vars: { a \"x\"; };",
         "x.rules:1: 'a' needs = (or : before a group) behind it, but there is '\"x\"'"},
        {"vars: { a = ; };", "x.rules:1: a value is missing here, but there is ';'"},
        {"vars: { a = 'x'; };", "x.rules:1: texts stand in double quotes, but there is '''"},
        {"vars: { 5xx = 3; };", "x.rules:1: a name begins with a letter, but there is '5xx'"},
        {"vars: { a = $; };", "x.rules:1: nothing begins like this, but there is '$'"},
        {"vars: { \"a\" = 1; };", "x.rules:1: a name is missing here, but there is '\"a\"'"},
        {"vars", "x.rules:1: a value is missing here, but the file ends"},
        {"a = [ 1; 2 ];", "x.rules:1: elements of a list are separated by commas, but there is ';'"},
        {"a = [ { } ];", "x.rules:1: [ ] holds plain values only; use ( ) here, but there is '{'"},
        {"a = ( 1 = 2 );", "x.rules:1: a comma or the end of the list is missing here, but there is '='"},
        {"vars: { a = 1; a = 2; };", "x.rules:1: this name stands twice in its group; rename or remove one"},
        {"a = [ 1, \"x\" ];", "x.rules:1: the elements of [ ] are of different kinds; use ( ) for that"},
        {"vars: { a = \"\\x41\"; b = \"\\\\x41\"; };",
         "x.rules:1: \\x is not known in texts; write the character itself (UTF-8)"},
        {"a=((((((((((((((((((((((((1))))))))))))))))))))))));",
         "x.rules:1: groups and lists stand too deep in one another, but there is '('"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_shape(void **state)
{
    static const struct finding_case cases[] = {
        {"trigers: { };", "x.rules:1: unknown group 'trigers'; did you mean 'triggers'?"},
        {"whatever: { };", "x.rules:1: unknown group 'whatever'"},
        {"windows: { };\ngroups: { };\npipelines: { };",
         "x.rules:1: 'windows' is not supported by this version\n"
         "x.rules:2: 'groups' is not supported by this version\n"
         "x.rules:3: 'pipelines' is not supported by this version"},
        {"metrics = 5;", "x.rules:1: 'metrics' takes a group { }, not a whole number"},
        {"vars = ( );", "x.rules:1: 'vars' takes a group { }, not a list"},
        {"metrics: { x = \"y\"; };", "x.rules:1: 'x' takes a group { }, not a text"},
        {"metrics: { A: { }; };", "x.rules:1: 'A' is no name of a metric: small letters, digits, _\n"
                                  "x.rules:1: source is missing (where its values come from, like "
                                  "\"prometheus:main\")"},
        {"vars: { version = \"1\"; service = \"x\"; A = 1; g: { }; };",
         "x.rules:1: 'A' is no name of a variable: small letters, digits, _\n"
         "x.rules:1: the variable g takes one value, not a group { }\n"
         "x.rules:1: {{service}} is known already and cannot be set\n"
         "x.rules:1: {{version}} is known already and cannot be set"},
        {"metrics: { rate: { source = \"push\"; }; };",
         "x.rules:1: no metric can be called 'rate': conditions use the word"},
        {"strategies: { canary: { kind = \"canary\"; }; };",
         "x.rules:1: 'canary' is the name of a kind; call your own recipe differently"},
        {"services: { Shop: { environments: { prod: { strategy = \"follow\"; }; }; }; };",
         "x.rules:1: 'Shop' is no name: small letters, digits, -, at most 63"},
        {"services: { shop: { }; };",
         "x.rules:1: 'shop' has no environments: environments: { prod: { ... }; }"},
        {"services: { shop: { environments: 5; }; };",
         "x.rules:1: 'shop' has no environments: environments: { prod: { ... }; }"},
        {"services: { shop: { environments: { prod = 5; }; }; };",
         "x.rules:1: 'prod' takes a group { }, not a whole number"},
        {"services: { shop: { notfy: { }; environments: { prod: { strategy = \"follow\"; }; }; }; };",
         "x.rules:1: unknown key 'notfy'; did you mean 'notify'?"},
        {SERVICE("strategy = \"follow\"; rules: { trigers = [ ]; };"),
         "x.rules:2: unknown key 'trigers'; did you mean 'triggers'?"},
        {SERVICE("strategy = \"follow\"; rules = 5;"),
         "x.rules:2: 'rules' takes a group { }, not a whole number"},
        {SERVICE("strategy = \"follow\"; vars: { address = \"x\"; };"),
         "x.rules:2: {{address}} is known already and cannot be set"},
        {"services: { shop: { environments: { Prod: { strategy = \"follow\"; }; }; }; };",
         "x.rules:1: 'Prod' is no name: small letters, digits, -"},
        {METRIC METRIC, "x.rules:2: this name stands twice in its group; rename or remove one"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_metrics(void **state)
{
    static const struct finding_case cases[] = {
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
        {"metrics: { x: { source = \"prometheuz:main\"; }; };",
         "x.rules:1: unknown kind of source 'prometheuz'; did you mean 'prometheus'?"},
        {"metrics: { x: { source = \"prometheus\"; }; };",
         "x.rules:1: source: 'prometheus' needs the name of an instance: \"prometheus:NAME\""},
        {"metrics: { x: { source = 5; }; };",
         "x.rules:1: source is missing (where its values come from, like \"prometheus:main\")"},
        {"metrics: { x: { source = \"mqtt:plant\"; }; };",
         "x.rules:1: topic is missing (where the values come)"},
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

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_rules(void **state)
{
    static const struct finding_case cases[] = {
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
        {METRIC "baselines: { b: { against = [ \"before\" ];\n score: { };\n compare: { errors: { test = "
                "\"mann_whitney\"; };\n slow: { }; nothing: { };\n up: { allow = \"50%\"; }; }; }; };",
         "x.rules:2: against 'before' is not known yet; known: stable (a trigger can compare with `before`)\n"
         "x.rules:3: 'score' is not supported by this version\n"
         "x.rules:4: test 'mann_whitney' is not known yet; known: sequential\n"
         "x.rules:5: test 'sequential' compares metrics of kind counter; 'slow' is a histogram\n"
         "x.rules:5: unknown metric 'nothing'\n"
         "x.rules:6: allow: '50%' is not like \"+50%\""},
        {METRIC "baselines: { b: { compare: { errors: { ignore_below = \"5ms\"; }; }; };\n"
                "c: { compare: { errors: { critical = false; confidence = 5; }; }; };\n"
                "d: { compare: { errors: { critical = false; }; }; }; };",
         "x.rules:2: ignore_below: '5ms' is not like \"0.1%\"\n"
         "x.rules:3: 'confidence' is not supported by this version\n"
         "x.rules:4: critical = false needs a score, which this version does not know; say then = \"hold\" "
         "or mode "
         "= \"record\" in a baseline of its own"},
        {METRIC
         "baselines: { b: { compare: { errors: { }; }; on_inconclusive: { other = \"wait\"; }; };\n"
         "c: { compare: { errors: { }; }; on_inconclusive: { source_error = \"hold 5m, then hold\"; }; };\n"
         "d: { compare: { errors: { }; }; on_inconclusive: { other = \"hold 5m, then hold\"; }; };\n"
         "e: { compare: { errors: { }; }; on_inconclusive: { other = \"hold 5m, then run\"; }; };\n"
         "f: { compare: { errors: { }; }; on_inconclusive: { other = 5; }; };\n"
         "g: { compare: { errors: { }; }; on_inconclusive = \"x\"; };\n"
         "h: { compare: { errors: { }; }; need = \"5 values\"; };\n"
         "i: { compare: { errors: { }; }; alpha = 0.9; }; };",
         "x.rules:2: other: 'wait' is not like \"extend 5m, then rollback\" (or hold)\n"
         "x.rules:3: 'source_error' is not supported by this version; `other` is for every reason\n"
         "x.rules:5: other: 'hold 5m, then run' is not like \"extend 5m, then rollback\" (or hold)\n"
         "x.rules:6: other: takes a text like \"extend 5m, then rollback\"\n"
         "x.rules:7: takes a group { other = \"extend 5m, then rollback\"; }\n"
         "x.rules:8: need: counters and histograms have requests; write \"5 requests\"\n"
         "x.rules:9: alpha: 0.9 is not from 1e-06 to 0.5"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_rules_in_use(void **state)
{
    static const struct finding_case cases[] = {
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
        {SERVICE(
             "strategy = \"follow\"; rules: { triggers = [ \"t\" ]; baselines = 5; smoke_tests = [ 5 ]; };"),
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
         "the same "
         "series\n"
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
        {METRIC "baselines: { b: { compare: { errors: { }; }; }; };\n" SERVICE(
             "strategy = \"recreate\"; rules: { baselines = [ \"b\" ]; };"),
         "x.rules:3: baseline 'b/errors' compares with stable, which never serves beside the candidate in "
         "strategy "
         "'recreate'; leave it out here: rules: { baselines = [ ]; }"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_smoke_tests(void **state)
{
    static const struct finding_case cases[] = {
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
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

#define STEPS(steps) "strategies: { own: { kind = \"canary\"; steps = ( " steps " ); }; };\n"
#define PROD         SERVICE("strategy = \"own\"; traffic = \"haproxy:edge\"; backend = \"b\";" SLOTS)

static void test_strategies(void **state)
{
    static const struct finding_case cases[] = {
        {STEPS("{ route = \"100%\"; watch = \"5m\"; }") PROD, ""},
        {"strategies: { own: { }; };", "x.rules:1: kind is missing (which recipe it varies)"},
        {"strategies: { own: { kind = \"rolling\"; }; };",
         "x.rules:1: kind = \"rolling\" is not supported by this version"},
        {"strategies: { own: { kind = \"canry\"; }; };",
         "x.rules:1: kind: 'canry' is not one of canary, follow, recreate, blue_green"},
        {"strategies: { own: { kind = \"canary\"; steps = \"x\"; }; };",
         "x.rules:1: steps: takes a list ( { route = \"5%\"; observe = \"5m\"; }, ... )"},
        {STEPS("{ route = \"5\"; },\n{ route = \"101%\"; },\n{ route = \"x%\"; },\n{ },\n{ route = \"5%\"; "
               "command = "
               "\"x\"; },\n{ command = \"x\"; watch = \"5m\"; },\n{ at_most = \"5m\"; route = \"5%\"; },\n{ "
               "timeout = "
               "\"5m\"; route = \"5%\"; },\n{ mirror = 5; route = \"5%\"; },\n5"),
         "x.rules:1: route: '5' is not like \"5%\", from 0.01% to 100%\n"
         "x.rules:2: route: '101%' is not like \"5%\", from 0.01% to 100%\n"
         "x.rules:3: route: 'x%' is not like \"5%\", from 0.01% to 100%\n"
         "x.rules:4: a step needs one of command, smoke, route, approve, observe, watch\n"
         "x.rules:5: a step is one of command, smoke, route and approve\n"
         "x.rules:6: observe and watch stand with a route, or in a step of their own\n"
         "x.rules:7: at_most goes with observe\n"
         "x.rules:8: timeout goes with approve\n"
         "x.rules:9: 'mirror' is not supported by this version\n"
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
        {SERVICE("strategy = \"shadow\";"), "x.rules:2: strategy 'shadow' is not supported by this version"},
        {SERVICE("strategy = \"canary\";"), "x.rules:1: strategy 'canary' for shop/prod, step 1: a step "
                                            "routes traffic, but the environment names no "
                                            "traffic driver; set `traffic`"},
        {SERVICE("strategy = \"canary\"; traffic = \"haproxy:edge\"; backend = \"b\";"),
         "x.rules:1: strategy 'canary' needs two slots, one for each version"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_targets(void **state)
{
    static const struct finding_case cases[] = {
        {SERVICE("strategy = \"follow\"; traffic = \"haproxy\";"),
         "x.rules:2: traffic: 'haproxy' is not like \"haproxy:edge\""},
        {SERVICE("strategy = \"follow\"; traffic = \"haprox:edge\";"),
         "x.rules:2: unknown traffic driver 'haprox'; did you mean 'haproxy'?"},
        {SERVICE("strategy = \"follow\"; traffic = 5;"),
         "x.rules:2: traffic: takes a text in quotes, not a whole number"},
        {SERVICE("strategy = \"follow\"; traffic = \"haproxy:edge\";"),
         "x.rules:1: backend is missing (the backend's name)"},
        {SERVICE("strategy = \"follow\"; backend = \"b\";"), "x.rules:2: unknown key 'backend'"},
        {SERVICE("strategy = \"follow\"; window = \"w\"; hosts = [ ]; concurrency = \"replace\";"),
         "x.rules:2: 'hosts' is not supported by this version\n"
         "x.rules:2: 'window' is not supported by this version\n"
         "x.rules:2: concurrency: 'replace' is not one of refuse, queue"},
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
         "x.rules:6: repeat = \"probe\" is not supported by this version\n"
         "x.rules:7: exec is missing (program and arguments; no shell)\n"
         "x.rules:8: command 'A' is no name: small letters, digits, -\n"
         "x.rules:9: timeout: 2d is not from 100ms to 1d\n"
         "x.rules:9: tries: 0 is not from 1 to 20"},
        {SERVICE("strategy = \"follow\"; approval: { need = 0; };"),
         "x.rules:2: from is missing (people or groups of people)\n"
         "x.rules:2: need: 0 is not from 1 to 32"},
        {SERVICE("strategy = \"follow\"; notify: { all = [ \"slak:x\", \"slack\" ]; };"),
         "x.rules:2: 'slack' is not like \"slack:deploys\"\n"
         "x.rules:2: unknown kind of notifier 'slak'; did you mean 'slack'?"},
    };

    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static void test_sizes(void **state)
{
    char found[1024];
    char *large = malloc(CONFIG_FILE_BYTES_MAX + 2);

    (void)state;
    assert_non_null(large);
    memset(large, '#', CONFIG_FILE_BYTES_MAX + 2);
    config_free(read_text(large, CONFIG_FILE_BYTES_MAX, found, sizeof(found)));
    assert_string_equal(found, "");
    config_free(read_text(large, CONFIG_FILE_BYTES_MAX + 1, found, sizeof(found)));
    assert_string_equal(found, "x.rules:0: larger than 1048576 bytes; split it");
    config_free(read_text("a\0b", 3, found, sizeof(found)));
    assert_string_equal(found, "x.rules:0: holds a NUL byte; it is no text");
    struct text text;
    text_init(&text, large, CONFIG_FILE_BYTES_MAX);
    text_add(&text, "vars: {\n");
    for (int i = 0; i < CONFIG_DEFINITIONS_MAX + 1; i++)
        text_add(&text, "a%d = 1;\n", i);
    text_add(&text, "};");
    config_free(read_text(large, strlen(large), found, sizeof(found)));
    assert_string_equal(found, "x.rules:2002: more than 2000 names in one group; split it");
    text_init(&text, large, CONFIG_FILE_BYTES_MAX);
    for (int i = 0; i < CONFIG_DEFINITIONS_MAX; i++)
        text_add(&text, "%sa%d: {};%s", i % 100 == 0 ? "g: {\n" : "", i, i % 100 == 99 ? "};\n" : "");
    config_free(read_text(large, strlen(large), found, sizeof(found)));
    assert_non_null(strstr(found, "more than 2000 definitions in one file; split it"));
    free(large);
}

static void test_no_file(void **state)
{
    static const char *const paths[] = {"/nowhere/x.rules", "/dev"};
    char found[1024];
    struct config *config = NULL;

    (void)state;
    memset(&report, 0, sizeof(report));
    config = config_read_files(paths, 2, &test_schemas, &report);
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "dev:0: not a regular file\nx.rules:0: cannot be opened: No such file or directory");
    config_free(config);
    memset(&report, 0, sizeof(report));
    config = config_read_folder("/nowhere", NULL, &test_schemas, &report);
    assert_int_equal(report.count, 1);
    config_free(config);
}

static void test_finding_shows_its_line(void **state)
{
    char found[1024];
    char shown[1024];

    (void)state;
    config_free(read_text("\n  \tvars: { a = 5m; };\r\n", 23, found, sizeof(found)));
    assert_string_equal(report.findings[0].source, "vars: { a = 5m; };");
    (void)config_finding_format(&report.findings[0], shown, sizeof(shown));
    assert_non_null(strstr(shown, "x.rules:2: 5m needs quotes: write \"5m\"\n    vars: { a = 5m; };"));
    config_free(read_text("a\0b", 3, found, sizeof(found)));
    (void)config_finding_format(&report.findings[0], shown, sizeof(shown));
    assert_non_null(strstr(shown, "x.rules: holds a NUL byte"));
}

static void test_findings_end(void **state)
{
    char text[16384];
    char found[64];
    struct text writer;

    (void)state;
    text_init(&writer, text, sizeof(text));
    text_add(&writer, "vars: {\n");
    for (int i = 0; i < CONFIG_FINDINGS_MAX + 20; i++)
        text_add(&writer, "a%d = %dm;\n", i, i);
    text_add(&writer, "};");
    config_free(read_text(text, strlen(text), found, sizeof(found)));
    assert_int_equal(report.count, CONFIG_FINDINGS_MAX + 20);
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
                        "example-full.rules:12: unknown kind of source 'cloudwatch'\n"
                        "example-full.rules:21: against 'before' is not known yet; known: stable (a trigger "
                        "can compare with `before`)\n"
                        "example-full.rules:23: test 'sequential' compares metrics of kind counter; "
                        "'latency' is a histogram\n"
                        "example-full.rules:24: 'score' is not supported by this version\n"
                        "example-full.rules:25: 'source_error' is not supported by this version; `other` is "
                        "for every reason\n"
                        "example-full.rules:41: kind = \"rolling\" is not supported by this version\n"
                        "example-full.rules:43: 'windows' is not supported by this version\n"
                        "example-full.rules:48: 'window' is not supported by this version\n"
                        "example-full.rules:56: 'hosts' is not supported by this version\n"
                        "example-full.rules:59: 'groups' is not supported by this version\n"
                        "example-full.rules:60: 'pipelines' is not supported by this version");
}

/* Names of all services and environments, in one text. */
static void note_service(void *data, const char *service, const char *environment)
{
    text_add(data, " %s/%s", service, environment);
}

static void assert_services(const struct config *config, const char *expected)
{
    char memory[256];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    config_each_service(config, note_service, &text);
    assert_string_equal(memory, expected);
}

#define FOLLOW(name, triggers)                                                                               \
    "services: { " name ": { rules: { triggers = [ " triggers " ]; }; environments: { prod: { strategy = "   \
    "\"follow\"; }; }; }; };"
#define TRIGGER(name, bound) "triggers: { " name ": { when = \"up > " bound "\"; }; };"

static struct config *reread(const struct folder *folder, struct config *previous, const char *expected)
{
    char found[4096];
    struct config *config = NULL;

    memset(&report, 0, sizeof(report));
    config = config_read_folder(folder->path, previous, &test_schemas, &report);
    assert_string_equal(report_text(&report, found, sizeof(found)), expected);
    config_free(previous);
    return config;
}

static void assert_trigger(const struct config *config, const char *service, const char *expected)
{
    struct err err = {0};
    struct definition *definition = config_resolve(config, service, "prod", NULL, false, &err);

    if (definition == NULL)
        fail_msg("%s", err.text);
    assert_string_equal(definition->rules[0].text, expected);
    definition_free(definition);
}

static void test_last_good_version_stays(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    folder_write(&folder, ".hidden.rules", "!");
    folder_write(&folder, "other.conf", "!");
    struct config *config = reread(&folder, NULL, "");
    assert_services(config, " shop/prod");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "2") "broken");
    config = reread(&folder, config, "a.rules:2: a value is missing here, but the file ends");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "up up"));
    config = reread(&folder, config, "a.rules:2: condition, column 9: 'up' is too much here");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "3"));
    config = reread(&folder, config, "");
    assert_trigger(config, "shop", "up > 3");
    config_free(config);
    folder_drop(&folder);
}

static void test_a_change_that_breaks_another_file(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    struct config *config = reread(&folder, NULL, "");
    folder_write(&folder, "a.rules", METRIC TRIGGER("u", "2"));
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    const char *expected =
        "b.rules:0: no longer fits the other files as they are now; all files keep their last good "
        "versions\nb.rules:1: unknown trigger 't'; did you mean 'u'?";
    config = reread(&folder, config, expected);
    assert_services(config, " shop/prod mail/prod");
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "a.rules");
    config =
        reread(&folder, config,
               "b.rules:0: no longer fits the other files as they are now; all files keep their last good "
               "versions\nb.rules:1: unknown trigger 't'");
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "b.rules");
    config = reread(&folder, config, "");
    assert_services(config, " mail/prod");
    config_free(config);
    folder_drop(&folder);
}

static void test_names_are_global(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "b.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "c.rules", FOLLOW("shop", "\"t\""));
    struct config *config = reread(&folder, NULL, "");
    folder_write(&folder, "d.rules", TRIGGER("t", "2"));
    char expected[512];
    (void)snprintf(
        expected, sizeof(expected),
        "d.rules:1: 't' stands in `triggers` of %s/b.rules:2 already; names are global, rename one",
        folder.path);
    config = reread(&folder, config, expected);
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "d.rules");
    folder_write(&folder, "a.rules", TRIGGER("t", "2"));
    memset(&report, 0, sizeof(report));
    struct config *next = config_read_folder(folder.path, config, &test_schemas, &report);
    assert_true(report.count > 0);
    assert_trigger(next, "shop", "up > 1");
    config_free(next);
    config_free(config);
    folder_drop(&folder);
}

static void test_a_broken_file_breaks_what_names_it(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1 1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    struct config *config = reread(&folder, NULL,
                                   "a.rules:2: condition, column 8: '1' is too much here\n"
                                   "b.rules:1: unknown trigger 't'");
    assert_services(config, " mail/prod");
    config_free(config);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "{{max}}"));
    config = reread(&folder, NULL,
                    "a.rules:2: {{max}} is not filled for shop/prod: set it in `vars` of the file, service, "
                    "environment or slot\n"
                    "b.rules:1: shop/prod cannot be used as long as what it names has findings");
    assert_services(config, " mail/prod");
    assert_non_null(config);
    config_free(config);
    folder_drop(&folder);
}

static void test_folder_disappears(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    struct config *config = reread(&folder, NULL, "");
    folder_drop(&folder);
    memset(&report, 0, sizeof(report));
    struct config *next = config_read_folder(folder.path, config, &test_schemas, &report);
    assert_int_equal(report.count, 1);
    assert_services(next, " mail/prod");
    config_free(next);
    config_free(config);
}

static void test_too_many_files(void **state)
{
    static const char *paths[CONFIG_FILES_MAX + 1];
    char found[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
        paths[i] = "/dev/null/none";
    memset(&report, 0, sizeof(report));
    config_free(config_read_files(paths, ARRAY_LENGTH(paths), &test_schemas, &report));
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "none:0: cannot be opened: Not a directory\n"
                        "none:0: more than 256 files; the rest is not read");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rules_in_use),
        cmocka_unit_test(test_smoke_tests),
        cmocka_unit_test(test_strategies),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_finding_shows_its_line),
        cmocka_unit_test(test_findings_end),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_last_good_version_stays),
        cmocka_unit_test(test_a_change_that_breaks_another_file),
        cmocka_unit_test(test_names_are_global),
        cmocka_unit_test(test_a_broken_file_breaks_what_names_it),
        cmocka_unit_test(test_folder_disappears),
        cmocka_unit_test(test_too_many_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
