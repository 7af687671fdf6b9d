/* backtest.c - what judging a deployment of the past again costs: 20 series of 600 values each, read already.
 * Prints figures, asserts none; run by tests/bench/statistics.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "cli/past.h"
#include "cli/schemas.h"
#include "io/memory.h"
#include "simulation/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { METRICS = 10, VALUES = 600, DEPLOYMENTS = 20, ROUNDS = 10, RULES_SIZE = 64 * 1024 };

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Each metric has a trigger or a sequential comparison; one of them also Mann-Whitney. */
static void write_rules(struct text *text, bool has_mann_whitney)
{
    text_add(text, "metrics: {\n");
    for (int m = 0; m < METRICS; m++)
        text_add(text,
                 "m%d: { source = \"prometheus:main\"; kind = \"counter\"; every = \"1s\"; "
                 "events = \"e%d{slot='{{slot}}'}\"; total = \"t%d{slot='{{slot}}'}\"; };\n",
                 m, m, m);
    text_add(text, "};\nbaselines: { b: { against = [ \"stable\" ]; compare: {");
    for (int m = METRICS / 2; m < METRICS; m++)
        text_add(text, "m%d: { test = \"sequential\"; allow = \"+50%%\"; }; ", m);
    text_add(text, "}; }; w: { against = [ \"stable\" ]; block = \"10s\"; compare: { "
                   "m0: { test = \"mann_whitney\"; }; }; }; };\ntriggers: {\n");
    for (int m = 0; m < METRICS / 2; m++)
        text_add(text,
                 "t%d: { when = \"m%d > 20%% for 10s\"; need = \"50 requests\"; then = \"rollback\"; };\n", m,
                 m);
    text_add(
        text,
        "};\nstrategies: { s: { kind = \"canary\"; steps = ( { route = \"100%%\"; watch = \"9m\"; } ); }; "
        "};\nservices: { shop: { rules: { triggers = [ ");
    for (int m = 0; m < METRICS / 2; m++)
        text_add(text, "%s\"t%d\"", m == 0 ? "" : ", ", m);
    text_add(
        text,
        " ]; baselines = [ \"b\"%s ]; }; environments: { prod: { strategy = \"s\"; traffic = "
        "\"haproxy:edge\"; backend = \"shop\"; slots: { blue: { servers = [ \"b\" ]; }; green: { servers = "
        "[ \"g\" ]; }; }; }; }; }; };\n",
        has_mann_whitney ? ", \"w\"" : "");
}

static struct config *read_rules(const struct option_schemas *schemas, bool has_mann_whitney)
{
    char path[] = "/tmp/verdict-bench-XXXXXX";
    char *memory = memory_take(RULES_SIZE);
    struct config_report *report = memory_take(sizeof(*report));
    struct text text;
    int file = mkstemp(path);

    text_init(&text, memory, RULES_SIZE);
    write_rules(&text, has_mann_whitney);
    const char *files[] = {path};
    if (file < 0 || write(file, memory, text.length) != (ssize_t)text.length)
        return NULL;
    struct config *config = config_read_files(files, 1, schemas, report);
    for (size_t i = 0; i < report->count; i++)
        (void)fprintf(stderr, "line %u: %s\n", report->findings[i].line, report->findings[i].text);
    (void)close(file);
    (void)unlink(path);
    free(memory);
    free(report);
    return config;
}

static void fill(struct past *past, const struct definition *definition, struct dice *dice)
{
    double *values = NULL;

    past_init(past, definition);
    past->routed_ms = 1000000 + 10000;
    past->until_ms = 1000000 + VALUES * 1000;
    for (size_t m = 0; m < definition->metric_count; m++) {
        past->gaps[m] = PAST_COMPLETE;
        for (int side = SIDE_CANDIDATE; side <= SIDE_STABLE; side++) {
            if (!past_take_values(past, m, (enum expression_side)side, 1000000, past->until_ms, &values))
                abort();
            for (int i = 0; i < VALUES; i++) {
                values[2 * i] = (double)dice_count(dice, 1);
                values[2 * i + 1] = (double)dice_count(dice, 100);
            }
        }
    }
}

static void run(struct dice *dice, bool has_mann_whitney)
{
    struct option_schemas *schemas = schemas_new();
    struct config *config = read_rules(schemas, has_mann_whitney);
    struct past *pasts = memory_take_array(DEPLOYMENTS, sizeof(*pasts));
    struct rejudged rules[PLAN_RULES_MAX];
    struct err err = {0};
    uint32_t judged = 0;
    size_t failed = 0;
    struct definition *definition =
        config == NULL ? NULL : config_resolve(config, "shop", "prod", NULL, false, &err);

    if (definition == NULL) {
        (void)fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    for (int i = 0; i < DEPLOYMENTS; i++)
        fill(&pasts[i], definition, dice);
    double from = seconds();
    for (int i = 0; i < DEPLOYMENTS * ROUNDS; i++) {
        if (!past_judge(&pasts[i % DEPLOYMENTS], rules, &judged, &err))
            exit(1);
        for (size_t r = 0; r < definition->rule_count; r++)
            failed += rules[r].judgement.verdict == VERDICT_FAIL;
    }
    double spent = (seconds() - from) / (DEPLOYMENTS * ROUNDS);
    printf("backtest, %d series of %d values, %d triggers and %d sequential%s: %.0f deployments a second "
           "(%.2f ms, %zu rules failed)\n",
           2 * METRICS, VALUES, METRICS / 2, METRICS / 2, has_mann_whitney ? " and one Mann-Whitney" : "",
           1 / spent, 1e3 * spent, failed);
    for (int i = 0; i < DEPLOYMENTS; i++)
        past_done(&pasts[i]);
    free(pasts);
    definition_free(definition);
    config_free(config);
    free(schemas);
}

int main(void)
{
    struct dice dice = {.state = 42};

    run(&dice, false);
    run(&dice, true);
    return 0;
}
