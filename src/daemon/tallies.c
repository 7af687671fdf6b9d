/* tallies.c - deployments, ways back and judgements, counted.
 * SPDX-License-Identifier: MIT */
#include "daemon/tallies.h"

#include "io/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENDINGS = ENDING_FELL + 1, BOUNDS_MAX = 12, ENVIRONMENTS_MAX = 256 };

/* What an end rests on. */
enum finding { FINDING_PASS, FINDING_FAIL, FINDING_INCONCLUSIVE, FINDING_NONE, FINDING_COUNT };

static const char *const finding_names[FINDING_COUNT] = {[FINDING_PASS] = "pass",
                                                         [FINDING_FAIL] = "fail",
                                                         [FINDING_INCONCLUSIVE] = "inconclusive",
                                                         [FINDING_NONE] = "none"};

/* Endings that a way back begins with. */
static const enum ending causes[] = {ENDING_PASSED,       ENDING_FAILED,        ENDING_ABORTED,
                                     ENDING_TAKEN_BACK,   ENDING_NO_EVIDENCE,   ENDING_ACTION_FAILED,
                                     ENDING_NOT_APPROVED, ENDING_HELD_TOO_LONG, ENDING_REPLACED,
                                     ENDING_GATE_SHUT,    ENDING_FELL};

/* Of one service in one environment. */
struct tally {
    uint64_t ended[FINDING_COUNT];
    uint64_t back[ENDINGS];
};

/* Upper bounds in seconds, rising; what is longer is counted behind the last. */
struct times {
    const char *name;
    size_t bound_count;
    double bounds_s[BOUNDS_MAX];
    uint64_t counts[BOUNDS_MAX + 1];
    double sum_s;
};

struct tallies {
    uint64_t entered[PHASE_COUNT];
    struct tally *of_target[DAEMON_TARGETS_MAX + 1]; /* by its id; NULL: nothing happened there */
    struct times deployments, rollbacks;
};

struct tallies *tallies_new(void)
{
    struct tallies *tallies = memory_take(sizeof(*tallies));

    tallies->deployments =
        (struct times){.name = "verdict_deployment_duration_seconds",
                       .bound_count = 11,
                       .bounds_s = {10, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 259200}};
    tallies->rollbacks = (struct times){.name = "verdict_rollback_duration_seconds",
                                        .bound_count = 10,
                                        .bounds_s = {0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}};
    return tallies;
}

void tallies_free(struct tallies *tallies)
{
    if (tallies == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(tallies->of_target); i++)
        free(tallies->of_target[i]);
    free(tallies);
}

static struct tally *tally_of(struct tallies *tallies, uint32_t target)
{
    if (target > DAEMON_TARGETS_MAX)
        target = 0; /* which is nobody's and not shown */
    if (tallies->of_target[target] == NULL)
        tallies->of_target[target] = memory_take(sizeof(**tallies->of_target));
    return tallies->of_target[target];
}

static void note_time(struct times *times, int64_t from_ms, int64_t to_ms)
{
    double seconds = to_ms > from_ms ? (double)(to_ms - from_ms) / 1000.0 : 0.0;
    size_t at = 0;

    while (at < times->bound_count && seconds > times->bounds_s[at])
        at++;
    times->counts[at]++;
    times->sum_s += seconds;
}

static enum finding finding_of(enum deployment_phase phase, enum ending ending)
{
    if (ending == ENDING_FAILED)
        return FINDING_FAIL;
    if (ending == ENDING_NO_EVIDENCE)
        return FINDING_INCONCLUSIVE;
    return ending == ENDING_PASSED && phase == PHASE_PROMOTED ? FINDING_PASS : FINDING_NONE;
}

/* A deployment that takes another one back is a way back from its first step to its end. */
void tallies_enter(struct live *live, enum deployment_phase phase, enum ending ending)
{
    struct tallies *tallies = live->daemon->tallies;
    struct tally *tally = tally_of(tallies, live->target);
    bool is_back = live->definition->plan->kind == PLAN_ROLLBACK;
    int64_t now_ms = daemon_now_ms(live->daemon);

    tallies->entered[phase]++;
    if (live->begun_ms == 0)
        live->begun_ms = now_ms;
    if (phase == PHASE_ROLLING_BACK || (is_back && phase == PHASE_RUNNING)) {
        live->back_ms = now_ms;
        tally->back[is_back ? ENDING_TAKEN_BACK : ending]++;
    }
    if (!phase_is_terminal(phase))
        return;
    if (!is_back)
        tally->ended[finding_of(phase, ending)]++;
    if (!is_back && (phase == PHASE_PROMOTED || phase == PHASE_ROLLED_BACK))
        note_time(&tallies->deployments, live->begun_ms, now_ms);
    if (live->back_ms != 0 && phase == (is_back ? PHASE_PROMOTED : PHASE_ROLLED_BACK))
        note_time(&tallies->rollbacks, live->back_ms, now_ms);
}

/* ---- told ---- */

static void add_times(const struct times *times, FILE *to)
{
    uint64_t count = 0;

    for (size_t i = 0; i < times->bound_count; i++) {
        count += times->counts[i];
        (void)fprintf(to, "%s_bucket{le=\"%.1f\"} %" PRIu64 "\n", times->name, times->bounds_s[i], count);
    }
    count += times->counts[times->bound_count];
    (void)fprintf(to, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.3f\n%s_count %" PRIu64 "\n", times->name,
                  count, times->name, times->sum_s, times->name, count);
}

static void add_tally(const struct tally *tally, const char *service, const char *environment, FILE *to)
{
    for (size_t i = 0; i < FINDING_COUNT; i++)
        (void)fprintf(
            to, "verdict_deployments_total{service=\"%s\",environment=\"%s\",verdict=\"%s\"} %" PRIu64 "\n",
            service, environment, finding_names[i], tally->ended[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++)
        (void)fprintf(to,
                      "verdict_rollbacks_total{service=\"%s\",environment=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
                      service, environment, ending_name(causes[i]), tally->back[causes[i]]);
}

/* Who is under way, by environment. Those beyond the bound are counted together. */
struct active {
    size_t count;
    struct {
        const char *environment;
        unsigned phases[PHASE_COUNT];
    } rows[ENVIRONMENTS_MAX + 1];
};

static size_t find_environment(struct active *active, const char *environment)
{
    size_t at = 0;

    while (at < active->count && strcmp(active->rows[at].environment, environment) != 0)
        at++;
    if (at == active->count && at <= ENVIRONMENTS_MAX) {
        active->rows[at].environment = at < ENVIRONMENTS_MAX ? environment : "";
        active->count++;
    }
    return at <= ENVIRONMENTS_MAX ? at : ENVIRONMENTS_MAX;
}

static void add_active(const struct active *active, FILE *to)
{
    for (size_t i = 0; i < active->count; i++)
        for (size_t phase = 0; phase < PHASE_COUNT; phase++)
            if (!phase_is_terminal((enum deployment_phase)phase))
                (void)fprintf(to, "verdict_deployments_active{environment=\"%s\",phase=\"%s\"} %u\n",
                              active->rows[i].environment, phase_name((enum deployment_phase)phase),
                              active->rows[i].phases[phase]);
}

static void add_targets(struct daemon *daemon, FILE *to)
{
    struct tallies *tallies = daemon->tallies;
    struct active *active = memory_take(sizeof(*active));
    const char *service = "";
    const char *environment = "";

    for (const struct live *live = daemon->lives; live != NULL; live = live->next) {
        const struct deployment_state *state = live->id == 0 ? NULL : engine_state(daemon->engine, live->id);
        if (state == NULL && !live->is_standing)
            continue;
        (void)tally_of(tallies, live->target);
        size_t at = find_environment(active, live->definition->environment);
        if (state != NULL && !phase_is_terminal(state->phase))
            active->rows[at].phases[state->phase]++;
    }
    for (uint32_t target = 1; target < ARRAY_LENGTH(tallies->of_target); target++) {
        if (tallies->of_target[target] == NULL ||
            !journal_target_names(daemon->journal, target, &service, &environment))
            continue;
        add_tally(tallies->of_target[target], service, environment, to);
        (void)find_environment(active, environment);
    }
    add_active(active, to);
    free(active);
}

void tallies_add_metrics(struct daemon *daemon, FILE *to)
{
    const struct tallies *tallies = daemon->tallies;

    for (size_t i = 0; i < PHASE_COUNT; i++)
        (void)fprintf(to, "verdict_deployments_entered_total{state=\"%s\"} %" PRIu64 "\n",
                      phase_name((enum deployment_phase)i), tallies->entered[i]);
    for (int verdict = VERDICT_INCONCLUSIVE; verdict <= VERDICT_FAIL; verdict++)
        (void)fprintf(to, "verdict_rule_evaluations_total{result=\"%s\"} %" PRIu64 "\n",
                      verdict_name((enum verdict)verdict),
                      engine_judgements(daemon->engine, (enum verdict)verdict));
    add_targets(daemon, to);
    add_times(&tallies->deployments, to);
    add_times(&tallies->rollbacks, to);
}
