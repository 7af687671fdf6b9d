/* world.c - the order of things in one seed.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/world.h"

#include "tests/simulation/store_hook.h"
#include "tests/simulation/verdicts.h"

#include <stdarg.h>
#include <string.h>

enum { CHAOS_MS = 60000, CHAOS_SAMPLES_MS = 400000, EVENTS_MAX = 400000, BRAKE_MS = 60000 };

static const char *const slip_names[SLIP_COUNT] = {
    [SLIP_NONE] = "none",
    [SLIP_NO_GAP] = "recovery forgets how long nobody watched",
    [SLIP_NO_TOMBSTONE] = "a route ahead of the journal leaves no sign",
    [SLIP_TORN] = "half of a transaction is taken for a whole one",
    [SLIP_NO_KEYS] = "idempotency keys are forgotten",
    [SLIP_LOST_COMMIT] = "a commit is acknowledged that is not on the disk",
    [SLIP_WALL_CLOCK] = "the engine's clock follows the wall's",
    [SLIP_TWICE] = "a command is driven again under another key",
    [SLIP_CONFIRM_BLIND] = "a route is confirmed without being read back",
};

const char *slip_name(enum slip slip)
{
    return slip_names[slip];
}

bool world_fault(struct world *world, enum fault fault)
{
    if (!dice_chance(&world->dice, world->rates.per_myriad[fault]))
        return false;
    if (world->cuts != NULL &&
        cuts_take(world->cuts, world->dice.state + fault, world->now_ms, fault_kinds[fault].name))
        return false;
    world->tally->faults[fault]++;
    return true;
}

void world_later(struct world *world, int64_t in_ms, const struct occurrence *occurrence)
{
    struct occurrence added = *occurrence;

    added.time_ms = world->now_ms + in_ms;
    agenda_add(&world->agenda, &added);
}

void world_say(struct world *world, uint64_t deployment, const char *format, ...)
{
    va_list arguments;

    if (world->trail == NULL || (deployment != 0 && world->only != 0 && deployment != world->only))
        return;
    (void)fprintf(world->trail, "%10.3f  ", (double)world->now_ms / 1000);
    if (deployment != 0)
        (void)fprintf(world->trail, "dep_%llu ", (unsigned long long)deployment);
    va_start(arguments, format);
    (void)vfprintf(world->trail, format, arguments);
    va_end(arguments);
    (void)fputc('\n', world->trail);
}

/* Faults that come by themselves: on average as often per second as their rate says. */
static void plan_fault(struct world *world, enum fault fault, struct occurrence occurrence)
{
    uint16_t rate = world->rates.per_myriad[fault];

    occurrence.target = fault;
    if (rate != 0)
        world_later(world, dice_between(&world->dice, 100, 20000000 / rate), &occurrence);
}

static void plan_faults(struct world *world)
{
    plan_fault(world, FAULT_KILL, (struct occurrence){.kind = OCCURS_KILL});
    plan_fault(world, FAULT_REBOOT, (struct occurrence){.kind = OCCURS_REBOOT});
    plan_fault(world, FAULT_STOP, (struct occurrence){.kind = OCCURS_STOP});
    plan_fault(world, FAULT_SUSPEND, (struct occurrence){.kind = OCCURS_SUSPEND});
    plan_fault(world, FAULT_WALL_STEP, (struct occurrence){.kind = OCCURS_WALL_STEP});
    plan_fault(world, FAULT_JOURNAL_FULL,
               (struct occurrence){.kind = OCCURS_JOURNAL_FAULT, .share = LEDGER_FULL});
    plan_fault(world, FAULT_JOURNAL_SLOW,
               (struct occurrence){.kind = OCCURS_JOURNAL_FAULT, .share = LEDGER_SLOW});
    plan_fault(world, FAULT_JOURNAL_BROKEN,
               (struct occurrence){.kind = OCCURS_JOURNAL_FAULT, .share = LEDGER_BREAKS});
    plan_fault(world, FAULT_PROXY_RELOAD, (struct occurrence){.kind = OCCURS_RELOAD});
    plan_fault(world, FAULT_HAND_MORE, (struct occurrence){.kind = OCCURS_HAND, .share = 1});
    plan_fault(world, FAULT_HAND_LESS, (struct occurrence){.kind = OCCURS_HAND, .share = 0});
}

/* Half of the worlds have them. */
static void draw_brakes(struct world *world)
{
    world->brakes = (struct engine_brakes){.fleet = SITES_ALL + 1};
    if (dice_chance(&world->dice, 5000))
        return;
    world->brakes.rollbacks = (uint8_t)dice_between(&world->dice, 0, 3);
    world->brakes.services =
        (uint8_t)(dice_chance(&world->dice, 7000) ? dice_between(&world->dice, 2, 3) : 0);
    world->brakes.rollbacks_ms = dice_between(&world->dice, 5000, BRAKE_MS);
    world->brakes.services_ms = dice_between(&world->dice, 2000, BRAKE_MS);
}

static void prepare(struct world *world, uint64_t seed)
{
    world->seed = seed;
    world->dice = (struct dice){.state = seed * UINT64_C(0x2545f4914f6cdd1d) + world->is_samples};
    world->origin = dice_throw(&(struct dice){.state = world->dice.state});
    world->now_ms = WORLD_START_MS;
    world->agenda.count = world->agenda.order = 0;
    fault_rates_draw(&world->rates, &world->dice, world->allowed);
    world->site_count = (uint8_t)dice_between(&world->dice, 1, SITES_MAX);
    draw_brakes(world);
    ledger_init(&world->ledger);
    shell_init(world);
    oracle_init(world);
    for (uint8_t i = 0; i < world->site_count; i++)
        site_init(world, &world->sites[i], (enum site_kind)dice_below(&world->dice, SITE_KIND_COUNT), i + 1u);
    people_init(world);
    runs_init(world);
    if (world->is_samples) {
        samples_init(world);
        world_later(world, 500, &(struct occurrence){.kind = OCCURS_SAMPLE});
    }
    plan_faults(world);
    world_later(world, world->is_samples ? CHAOS_SAMPLES_MS : CHAOS_MS,
                &(struct occurrence){.kind = OCCURS_QUIET});
    world->tally->seeds++;
}

/* Occurrences */

static void on_acknowledge(struct world *world, const struct occurrence *occurrence)
{
    if (world->shell.commit != NULL)
        shell_acknowledge(world, occurrence->share != 0);
}

static void on_result(struct world *world, const struct occurrence *occurrence)
{
    struct action action = {.kind = (enum action_kind)occurrence->rule,
                            .sequence = occurrence->sequence,
                            .tries = (uint16_t)occurrence->attempt};

    oracle_said(world, occurrence->deployment, &action, (enum result)occurrence->share);
    if (action.kind == ACTION_ROUTE)
        oracle_result(world, occurrence->deployment, &action);
    world_say(world, occurrence->deployment, "answer: %s %u is %u", action_kind_name(action.kind),
              occurrence->sequence, occurrence->share);
    (void)engine_result(world->shell.engine, occurrence->deployment, occurrence->sequence,
                        (uint16_t)occurrence->attempt, (enum result)occurrence->share);
    shell_turn(world);
}

static void on_read_back(struct world *world, const struct occurrence *occurrence)
{
    bool is_anew = occurrence->rule != 0;

    if (is_anew)
        oracle_read_anew(world, occurrence->deployment);
    (void)engine_read_back(world->shell.engine, occurrence->deployment, occurrence->share, is_anew);
    shell_turn(world);
}

static void again(struct world *world, enum fault fault, const struct occurrence *occurrence)
{
    plan_fault(world, fault, *occurrence);
}

static void on_kill(struct world *world, const struct occurrence *occurrence)
{
    bool is_planned = occurrence->sequence == 0;

    if (is_planned && world->rates.per_myriad[FAULT_KILL] == 0)
        return;
    if (is_planned)
        again(world, FAULT_KILL, occurrence);
    else if (occurrence->life != world->shell.life)
        return;
    if (world->shell.is_up && is_planned)
        world->tally->faults[FAULT_KILL]++;
    shell_die(world, SHELL_KILLED);
}

/* The machine starts anew: clock and runtime folder are empty, the runner's commands are gone with it. */
static void on_reboot(struct world *world, const struct occurrence *occurrence)
{
    struct shell *shell = &world->shell;

    if (world->rates.per_myriad[FAULT_REBOOT] == 0)
        return;
    again(world, FAULT_REBOOT, occurrence);
    if (!shell->is_up)
        return;
    world->tally->faults[FAULT_REBOOT]++;
    shell_die(world, SHELL_KILLED);
    shell->boot++;
    shell->booted_ms = world->now_ms;
    shell->stood_ms = 0;
    for (int i = 0; i < LEDGER_DEPLOYMENTS_MAX; i++)
        world->ledger.deployments[i].has_tombstone = false;
    oracle_rebooted(world);
}

static void on_boot(struct world *world, const struct occurrence *occurrence)
{
    if (!world->shell.is_up && occurrence->life == world->shell.life)
        shell_boot(world);
}

static void on_stop(struct world *world, const struct occurrence *occurrence)
{
    bool is_suspend = occurrence->kind == OCCURS_SUSPEND;
    enum fault fault = is_suspend ? FAULT_SUSPEND : FAULT_STOP;

    if (world->rates.per_myriad[fault] == 0)
        return;
    again(world, fault, occurrence);
    if (!world->shell.is_up || world->shell.is_stopped)
        return;
    world->tally->faults[fault]++;
    shell_stop(world, dice_between(&world->dice, 1000, 30000), is_suspend);
}

static void on_continue(struct world *world, const struct occurrence *occurrence)
{
    if (occurrence->life == world->shell.life)
        shell_continue(world);
}

static void on_wall_step(struct world *world, const struct occurrence *occurrence)
{
    static const int64_t steps_ms[] = {3600000, -3600000, INT64_C(315360000000), -INT64_C(50000000000), 1000};

    if (world->rates.per_myriad[FAULT_WALL_STEP] == 0)
        return;
    again(world, FAULT_WALL_STEP, occurrence);
    world->tally->faults[FAULT_WALL_STEP]++;
    world->shell.wall_ms += steps_ms[dice_below(&world->dice, ARRAY_LENGTH(steps_ms))];
}

static void on_journal_fault(struct world *world, const struct occurrence *occurrence)
{
    static const enum fault faults[] = {[LEDGER_SLOW] = FAULT_JOURNAL_SLOW,
                                        [LEDGER_FULL] = FAULT_JOURNAL_FULL,
                                        [LEDGER_BREAKS] = FAULT_JOURNAL_BROKEN};
    enum ledger_mode mode = (enum ledger_mode)occurrence->share;

    if (mode == LEDGER_FINE) {
        world->ledger.mode = LEDGER_FINE;
        return;
    }
    if (world->rates.per_myriad[faults[mode]] == 0)
        return;
    again(world, faults[mode], occurrence);
    if (world->ledger.mode != LEDGER_FINE)
        return;
    world->tally->faults[faults[mode]]++;
    world->ledger.mode = mode;
    world_say(world, 0, "the journal is %s",
              mode == LEDGER_SLOW   ? "slow"
              : mode == LEDGER_FULL ? "full"
                                    : "broken");
    world_later(world, dice_between(&world->dice, 300, 15000),
                &(struct occurrence){.kind = OCCURS_JOURNAL_FAULT, .share = LEDGER_FINE});
}

static void on_quiet(struct world *world, const struct occurrence *occurrence)
{
    (void)occurrence;
    memset(&world->rates, 0, sizeof(world->rates));
    world->ledger.mode = LEDGER_FINE;
    world->people.quiet_ms = world->now_ms;
    for (uint8_t i = 0; i < world->site_count; i++) {
        world->people.starts_left[i] = 0;
        world->sites[i].sick_until_ms = 0;
    }
    world_say(world, 0, "the faults are over");
    world_later(world, 1000, &(struct occurrence){.kind = OCCURS_CARETAKER});
}

static void on_sample(struct world *world, const struct occurrence *occurrence)
{
    (void)occurrence;
    samples_tick(world);
}

static void on_caretaker(struct world *world, const struct occurrence *occurrence)
{
    (void)occurrence;
    people_caretaker(world);
}

static void (*const handlers[OCCURRENCE_COUNT])(struct world *, const struct occurrence *) = {
    [OCCURS_ACKNOWLEDGE] = on_acknowledge,
    [OCCURS_RESULT] = on_result,
    [OCCURS_RUN_RESULT] = runs_result,
    [OCCURS_READ_BACK] = on_read_back,
    [OCCURS_JUDGEMENT] = verdicts_arrive,
    [OCCURS_START] = people_start,
    [OCCURS_VERB] = people_verb,
    [OCCURS_RUN_START] = runs_start,
    [OCCURS_RUN_SAY] = runs_say,
    [OCCURS_TARGET_VERB] = people_target_verb,
    [OCCURS_COMMIT] = shell_commit,
    [OCCURS_LEVER] = site_lever,
    [OCCURS_JOB] = site_job,
    [OCCURS_RUN_JOB] = runs_job_ends,
    [OCCURS_RUN_PERSON] = runs_person,
    [OCCURS_SAMPLE] = on_sample,
    [OCCURS_PIPELINE] = people_pipeline,
    [OCCURS_PERSON] = people_person,
    [OCCURS_CARETAKER] = on_caretaker,
    [OCCURS_HAND] = site_hand,
    [OCCURS_RELOAD] = site_reload,
    [OCCURS_KILL] = on_kill,
    [OCCURS_REBOOT] = on_reboot,
    [OCCURS_BOOT] = on_boot,
    [OCCURS_STOP] = on_stop,
    [OCCURS_SUSPEND] = on_stop,
    [OCCURS_CONTINUE] = on_continue,
    [OCCURS_JOURNAL_FAULT] = on_journal_fault,
    [OCCURS_WALL_STEP] = on_wall_step,
    [OCCURS_QUIET] = on_quiet,
};

/* What is for a process that is stopped waits until it goes on; for one that is dead it is lost. */
static bool is_for_nobody(struct world *world, const struct occurrence *occurrence)
{
    const struct shell *shell = &world->shell;

    if (occurrence->kind > OCCURS_TARGET_VERB)
        return false;
    if (occurrence->kind <= OCCURS_JUDGEMENT && (!shell->is_up || occurrence->life != shell->life))
        return true;
    if (!shell->is_stopped)
        return false;
    world_later(world, shell->continues_ms - world->now_ms, occurrence);
    return true;
}

/* Its dice come from the seed and from what happens when; not from numbers that depend on what was before. */
static void throw_for(struct world *world, const struct occurrence *occurrence)
{
    uint64_t what = occurrence->kind | (uint64_t)occurrence->rule << 8 | (uint64_t)occurrence->share << 16 |
                    (uint64_t)occurrence->target << 32;

    world->dice.state = world->origin + (uint64_t)world->now_ms * UINT64_C(0x9e6c63d0876a9a47) +
                        what * UINT64_C(0xd6e8feb86659fd93);
}

/* What a fault of the world or a client may be called, or NULL: it is nobody's will. */
static const char *label_of(const struct occurrence *occurrence)
{
    static const char *const labels[OCCURRENCE_COUNT] = {
        [OCCURS_START] = "a start",
        [OCCURS_TARGET_VERB] = "a verb of a site",
        [OCCURS_HAND] = "a hand",
        [OCCURS_RUN_SAY] = "somebody speaks to a run",
        [OCCURS_RELOAD] = "the proxy reloads",
        [OCCURS_KILL] = "kill",
        [OCCURS_REBOOT] = "reboot",
        [OCCURS_STOP] = "stop",
        [OCCURS_SUSPEND] = "suspend",
        [OCCURS_WALL_STEP] = "wall clock",
        [OCCURS_JOURNAL_FAULT] = "the journal",
    };

    if (occurrence->kind == OCCURS_VERB)
        return verb_name((enum verb)occurrence->share);
    if (occurrence->kind == OCCURS_JOURNAL_FAULT && occurrence->share == LEDGER_FINE)
        return NULL;
    return labels[occurrence->kind];
}

static bool is_left_out(struct world *world, const struct occurrence *occurrence)
{
    const char *label = world->cuts == NULL ? NULL : label_of(occurrence);

    if (label == NULL || !cuts_take(world->cuts, world->dice.state, world->now_ms, label))
        return false;
    if (occurrence->kind == OCCURS_START) /* nobody waits for what was never asked */
        world->people.requests[occurrence->sequence].is_answered = true;
    return true;
}

static void next(struct world *world)
{
    struct shell *shell = &world->shell;
    struct occurrence occurrence;

    world->tally->events++;
    if (shell->is_up && !shell->is_stopped && shell->timer_ms < world->agenda.heap[0].time_ms) {
        if (shell->timer_ms > world->now_ms)
            world->now_ms = shell->timer_ms;
        oracle_mix(world, (uint64_t)world->now_ms);
        throw_for(world, &(struct occurrence){.kind = OCCURRENCE_COUNT});
        shell_timer(world);
    } else {
        agenda_take(&world->agenda, &occurrence);
        world->now_ms = occurrence.time_ms;
        oracle_mix(world, (uint64_t)world->now_ms << 8 | occurrence.kind);
        throw_for(world, &occurrence);
        if (!is_for_nobody(world, &occurrence) && !is_left_out(world, &occurrence))
            handlers[occurrence.kind](world, &occurrence);
    }
    oracle_check(world);
}

bool world_run(struct world *world, uint64_t seed)
{
    uint32_t events = 0;

    prepare(world, seed);
    if (store_hook() != NULL)
        store_hook()->begin(world);
    shell_boot(world);
    while (!world->oracle.is_violated && !world->people.is_over && world->agenda.count > 0) {
        next(world);
        if (++events == EVENTS_MAX)
            oracle_violate(world, "L1", 0, "it does not come to an end");
    }
    return !world->oracle.is_violated;
}
