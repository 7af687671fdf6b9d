/* compare.c - the journal as it is read at a start, against the ledger: whole, and nothing besides (S1, S16).
 * SPDX-License-Identifier: MIT */
#include "store/journal_recovery.h"
#include "store/journal_run.h"
#include "tests/disk/mirror.h"
#include "tests/simulation/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct finding {
    struct world *world;
    struct journal *journal;
    char *text; /* the first difference */
    size_t size;
    uint32_t deployments, runs;
    bool has_target[SITES_TARGETS];
};

static bool differs(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);

static bool differs(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    if (finding->text[0] != '\0')
        return false;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, finding->size, format, arguments);
    va_end(arguments);
    return false;
}

static void see_target(void *data, const struct target_state *target)
{
    struct finding *finding = data;
    const struct ledger *ledger = &finding->world->ledger;
    struct target_state known = {.id = target->id};
    struct target_state expected;
    unsigned char bytes[2][SNAPSHOT_TARGET_MAX];

    if (target->id == 0 || target->id > SITES_TARGETS) {
        (void)differs(finding, "target %u is nobody's", target->id);
        return;
    }
    uint32_t at = target->id - 1;
    if (ledger->target_lengths[at] > 0 &&
        !snapshot_read_target(ledger->targets[at], ledger->target_lengths[at], &known))
        (void)differs(finding, "target %u of the ledger cannot be read", target->id);
    mirror_target(finding->journal, &known, &expected);
    finding->has_target[at] = true;
    size_t length = snapshot_write_target(target, bytes[0]);
    if (length != snapshot_write_target(&expected, bytes[1]) || memcmp(bytes[0], bytes[1], length) != 0)
        (void)differs(finding, "target %u is another one", target->id);
}

static void compare_rules(struct finding *finding, const struct journal_recovered *recovered,
                          const struct ledger_deployment *stored)
{
    unsigned char bytes[SNAPSHOT_RULE_MAX];

    for (int i = 0; i < PLAYBOOK_RULES_MAX; i++) {
        bool is_there = (recovered->rule_bits & (UINT32_C(1) << i)) != 0;
        if (is_there != (stored->rule_lengths[i] > 0)) {
            (void)differs(finding, "rule %d of deployment %llu is %s", i,
                          (unsigned long long)recovered->deployment.id, is_there ? "too many" : "missing");
            return;
        }
        size_t length = is_there ? snapshot_write_rule(&recovered->rules[i], bytes) : 0;
        if (length != stored->rule_lengths[i] || memcmp(bytes, stored->rules[i], length) != 0)
            (void)differs(finding, "rule %d of deployment %llu remembers something else", i,
                          (unsigned long long)recovered->deployment.id);
    }
}

static bool see_deployment(void *data, const struct journal_recovered *recovered, struct err *err)
{
    struct finding *finding = data;
    uint64_t id = recovered->deployment.id;
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];

    (void)err;
    finding->deployments++;
    if (id == 0 || id > LEDGER_DEPLOYMENTS_MAX || !ledger_find(finding->world, id)->exists) {
        (void)differs(finding, "deployment %llu should not be there", (unsigned long long)id);
        return true;
    }
    const struct ledger_deployment *stored = ledger_find(finding->world, id);
    size_t length = snapshot_write_deployment(&recovered->deployment.state, bytes);
    if (length != stored->length || memcmp(bytes, stored->bytes, length) != 0)
        (void)differs(finding, "deployment %llu is in another state", (unsigned long long)id);
    if (recovered->deployment.version_key != mirror_version(finding->journal, stored->version))
        (void)differs(finding, "deployment %llu is of another version", (unsigned long long)id);
    compare_rules(finding, recovered, stored);
    return true;
}

static bool see_run(void *data, const struct journal_run *run, const char *sealed,
                    const struct journal_output *outputs, size_t output_count, struct err *err)
{
    struct finding *finding = data;
    struct run_state expected;
    unsigned char bytes[2][SNAPSHOT_RUN_MAX];

    (void)sealed;
    (void)outputs;
    (void)output_count;
    (void)err;
    finding->runs++;
    const struct run_stored *stored =
        run->id > 0 && run->id <= RUNS_MAX ? runs_find_stored(finding->world, run->id) : NULL;
    if (stored == NULL || !stored->exists || !snapshot_read_run(stored->bytes, stored->length, &expected)) {
        (void)differs(finding, "run %llu should not be there", (unsigned long long)run->id);
        return true;
    }
    expected.version_key = mirror_version(finding->journal, expected.version_key);
    size_t length = snapshot_write_run(&run->state, bytes[0]);
    if (length != snapshot_write_run(&expected, bytes[1]) || memcmp(bytes[0], bytes[1], length) != 0)
        (void)differs(finding, "run %llu is in another state", (unsigned long long)run->id);
    return true;
}

static bool is_open(const struct deployment_state *state)
{
    bool has_care = state->care == CARE_DUE || state->care == CARE_ACTING;

    return !phase_is_terminal(state->phase) || (state->phase == PHASE_PROMOTED && has_care);
}

/* What the ledger has, and the journal should give. */
static void count_ledger(struct finding *finding)
{
    struct world *world = finding->world;
    uint32_t deployments = 0;
    uint32_t runs = 0;
    struct deployment_state state;
    struct run_state run;

    for (uint64_t id = 1; id < world->ledger.next_id; id++)
        deployments += ledger_state(world, id, &state) && is_open(&state);
    for (uint64_t id = 1; world->runs.is_used && id < world->runs.next_id; id++) {
        const struct run_stored *stored = runs_find_stored(world, id);
        runs += stored->exists && snapshot_read_run(stored->bytes, stored->length, &run) &&
                !run_phase_is_terminal(run.phase);
    }
    if (deployments != finding->deployments)
        (void)differs(finding, "%u deployments go on, not %u", finding->deployments, deployments);
    if (runs != finding->runs)
        (void)differs(finding, "%u runs go on, not %u", finding->runs, runs);
    for (int i = 0; i < SITES_TARGETS; i++)
        if (!finding->has_target[i])
            (void)differs(finding, "target %d is missing", i + 1);
}

void mirror_compare(struct world *world, struct journal *journal, char *ret_text, size_t size)
{
    struct finding finding = {.world = world, .journal = journal, .text = ret_text, .size = size};
    struct journal_recovery recovery = {.data = &finding, .target = see_target, .deployment = see_deployment};
    struct journal_run_recovery run_recovery = {.data = &finding, .run = see_run};
    struct err err = {0};
    uint64_t next = 0;
    uint64_t next_run = 0;

    ret_text[0] = '\0';
    if (!journal_recover(journal, &recovery, &next, &err) ||
        !journal_recover_runs(journal, &run_recovery, &next_run, &err)) {
        (void)differs(&finding, "%s", err.text);
        return;
    }
    count_ledger(&finding);
    if (next != world->ledger.next_id)
        (void)differs(&finding, "the next deployment is %llu, not %llu", (unsigned long long)next,
                      (unsigned long long)world->ledger.next_id);
}
