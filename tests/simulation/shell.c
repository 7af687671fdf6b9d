/* shell.c - the process: its start out of the journal, its end at any instant, its stops, its clocks.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/shell_env.h"
#include "tests/simulation/store_hook.h"
#include "tests/simulation/verdicts.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS_MAX = 20, TORN_ROWS = 2, STORE_TROUBLES_PER_MYRIAD = 150 };

void shell_new(struct shell *shell)
{
    shell->engine = calloc(1, engine_size(SHELL_SLOTS, SITES_TARGETS));
    shell->runs = calloc(1, engine_runs_size(RUNS_IN_MEMORY_MAX));
    assert(shell->engine != NULL && shell->runs != NULL);
}

void shell_free(struct shell *shell)
{
    free(shell->engine);
    free(shell->runs);
}

void shell_init(struct world *world)
{
    struct shell *shell = &world->shell;
    struct engine *engine = shell->engine;
    void *runs = shell->runs;

    memset(shell, 0, sizeof(*shell));
    shell->engine = engine;
    shell->runs = runs;
    shell->booted_ms = world->now_ms - 5000;
    shell->next_token = 1;
    shell->timer_ms = INT64_MAX;
    shell->boot = 1;
    world->ledger.offset_ms = 1000000;
    world->ledger.boot = 1;
}

static int64_t monotonic_ms(const struct world *world)
{
    const struct shell *shell = &world->shell;
    int64_t now_ms = shell->is_suspended ? shell->stopped_ms : world->now_ms;

    return now_ms - shell->booted_ms - shell->stood_ms;
}

int64_t shell_now_ms(const struct world *world)
{
    int64_t wall_ms = world->slip == SLIP_WALL_CLOCK ? world->shell.wall_ms : 0;

    return monotonic_ms(world) + world->shell.offset_ms + wall_ms;
}

int64_t shell_of_period_ms(const struct world *world)
{
    int64_t wall_ms = (world->now_ms + world->shell.wall_ms) % SHELL_PERIOD_MS;

    return wall_ms < 0 ? wall_ms + SHELL_PERIOD_MS : wall_ms;
}

int64_t shell_up_ms(const struct world *world)
{
    const struct shell *shell = &world->shell;
    bool is_watching = shell->is_up && !shell->is_stopped;

    return shell->up_ms + (is_watching ? world->now_ms - shell->up_since_ms : 0);
}

static void rest(struct world *world)
{
    world->shell.up_ms = shell_up_ms(world);
}

struct live *shell_live(struct world *world, uint64_t deployment)
{
    for (int i = 0; i < SHELL_LIVES_MAX; i++)
        if (world->shell.lives[i].is_used && world->shell.lives[i].id == deployment)
            return &world->shell.lives[i];
    return NULL;
}

struct live *shell_live_new(struct world *world)
{
    for (int i = 0; i < SHELL_LIVES_MAX; i++) {
        struct live *live = &world->shell.lives[i];
        if (live->is_used)
            continue;
        memset(live, 0, sizeof(*live));
        live->is_used = true;
        return live;
    }
    return NULL;
}

struct asked *shell_ask(struct world *world, enum asked_kind kind)
{
    struct shell *shell = &world->shell;
    struct asked *asked = &shell->asked[shell->next_token % SHELL_ASKED_MAX];

    *asked = (struct asked){.token = shell->next_token++, .kind = kind, .batches = shell->batches};
    return asked;
}

struct asked *shell_asked(struct world *world, uint64_t token)
{
    struct asked *asked = &world->shell.asked[token % SHELL_ASKED_MAX];

    return asked->kind != ASKED_NOTHING && asked->token == token ? asked : NULL;
}

/* Starting */

/* In the same boot the clock went on without us; after another one it goes on where it stood. */
static void start_clock(struct world *world)
{
    struct shell *shell = &world->shell;
    struct ledger *ledger = &world->ledger;

    if (ledger->boot != shell->boot) {
        ledger->offset_ms = ledger->engine_ms - monotonic_ms(world);
        ledger->boot = shell->boot;
    }
    shell->offset_ms = ledger->offset_ms;
}

static void recover_deployment(struct world *world, uint64_t id)
{
    const struct ledger_deployment *stored = ledger_find(world, id);
    struct deployment_state state;

    if (!ledger_state(world, id, &state))
        return;
    bool has_care = state.care == CARE_DUE || state.care == CARE_ACTING;
    if (phase_is_terminal(state.phase) && !(state.phase == PHASE_PROMOTED && has_care))
        return;
    struct live *live = shell_live_new(world);
    assert(live != NULL);
    live->id = id;
    live->play = stored->play;
    live->site = stored->site;
    live->is_back = stored->is_back;
    live->request = stored->request;
    live->version = stored->version;
    live->previous = stored->previous;
    for (int i = 0; i < PLAYBOOK_RULES_MAX; i++)
        if (stored->rule_lengths[i] > 0 &&
            !snapshot_read_rule(stored->rules[i], stored->rule_lengths[i], &live->rule_states[i]))
            oracle_violate(world, "S16", id, "the state of rule %d cannot be read back", i);
    int64_t gap_ms = shell_now_ms(world) - state.last_seen_ms;
    struct engine_start start = shell_start_of(world, live);
    if (world->slip == SLIP_NO_GAP)
        gap_ms = 0;
    if (!engine_recover(world->shell.engine, &start, &state, gap_ms < 0 ? 0 : gap_ms, stored->has_tombstone))
        oracle_violate(world, "L4", id, "the engine does not take it back");
    if (!world->is_samples)
        verdicts_expected(world, id, &state);
    if (world->trail != NULL)
        world_say(world, id, "recovered as %s step %u attempt %u%s", phase_name(state.phase), state.step,
                  state.attempt, stored->has_tombstone ? ", with a tombstone" : "");
}

static void recover(struct world *world)
{
    struct ledger *ledger = &world->ledger;

    for (uint32_t i = 0; i < SITES_TARGETS; i++) {
        struct target_state target;
        if (ledger->target_lengths[i] == 0)
            continue;
        if (snapshot_read_target(ledger->targets[i], ledger->target_lengths[i], &target))
            engine_recover_target(world->shell.engine, &target);
        else
            oracle_violate(world, "S16", 0, "target %u cannot be read back", i);
    }
    for (uint64_t id = 1; id < ledger->next_id; id++)
        if (ledger_find(world, id)->exists)
            recover_deployment(world, id);
    engine_recover_ids(world->shell.engine, ledger->next_id);
    runs_recover(world);
}

void shell_boot(struct world *world)
{
    struct shell *shell = &world->shell;
    struct engine_env env = shell_env(world);

    shell->is_up = true;
    shell->is_dying = shell->is_refused = false;
    shell->life++;
    shell->up_since_ms = world->now_ms;
    shell->commit = NULL;
    shell->commit_serial++;
    start_clock(world);
    memset(shell->lives, 0, sizeof(shell->lives));
    memset(shell->engine, 0, engine_size(SHELL_SLOTS, SITES_TARGETS));
    engine_init(shell->engine, SHELL_SLOTS, SITES_TARGETS, SHELL_RECONCILE_MS, &env);
    engine_set_brakes(shell->engine, &world->brakes);
    runs_attach(world, shell->runs);
    if (world->is_samples)
        samples_forget(world);
    for (uint8_t i = 0; i < world->site_count; i++)
        world->sites[i].lever.number = 0; /* the driver's own memory */
    recover(world);
    oracle_restarted(world);
    if (shell->life > 1 && world_fault(world, FAULT_KILL_IN_RECOVERY))
        world_later(world, dice_between(&world->dice, 0, 6),
                    &(struct occurrence){.kind = OCCURS_KILL, .life = shell->life, .sequence = 1});
    shell_turn(world);
}

/* Ending */

/* What a real journal has of it is found there, and tells the ledger. */
static void drop_commit_of(struct world *world, const struct store_hook *hook, const struct batch *batch,
                           enum shell_end how)
{
    bool is_given = how == SHELL_BROKEN;
    bool is_begun = is_given || how == SHELL_KILLED || how == SHELL_KILLED_TORN;

    if (world->shell.is_written || !is_begun || (world->ledger.mode == LEDGER_FULL && !is_given))
        batch = NULL;
    (void)hook->died(world, batch, is_given, how == SHELL_KILLED_TORN);
}

static void drop_commit(struct world *world, enum shell_end how)
{
    struct shell *shell = &world->shell;
    const struct batch *batch = shell->commit;
    bool is_written = how == SHELL_KILLED_AFTER || (how == SHELL_KILLED && dice_chance(&world->dice, 5000));

    shell->commit = NULL;
    shell->commit_serial++;
    if (store_hook() != NULL) {
        drop_commit_of(world, store_hook(), batch, how);
        return;
    }
    if (batch == NULL || shell->is_written || world->ledger.mode == LEDGER_FULL)
        return;
    if (how == SHELL_KILLED_TORN && world->slip == SLIP_TORN)
        ledger_apply(world, batch, batch->count / TORN_ROWS);
    else if (is_written)
        ledger_apply(world, batch, batch->count);
}

void shell_die(struct world *world, enum shell_end how)
{
    struct shell *shell = &world->shell;

    if (!shell->is_up)
        return;
    world_say(world, 0, "killed");
    rest(world);
    shell->is_dying = true;
    drop_commit(world, how);
    shell->is_up = false;
    shell->is_stopped = shell->is_suspended = false;
    shell->timer_ms = INT64_MAX;
    memset(shell->asked, 0, sizeof(shell->asked));
    oracle_died(world);
    people_lost(world);
    runs_lost(world);
    world_later(world, dice_between(&world->dice, 150, 1500),
                &(struct occurrence){.kind = OCCURS_BOOT, .life = shell->life});
}

void shell_stop(struct world *world, int64_t for_ms, bool is_suspend)
{
    struct shell *shell = &world->shell;

    if (!shell->is_up || shell->is_stopped)
        return;
    world_say(world, 0, "%s for %lld ms", is_suspend ? "suspended" : "stopped", (long long)for_ms);
    rest(world);
    shell->is_stopped = true;
    shell->is_suspended = is_suspend;
    shell->stopped_ms = world->now_ms;
    shell->continues_ms = world->now_ms + for_ms;
    world_later(world, for_ms, &(struct occurrence){.kind = OCCURS_CONTINUE, .life = shell->life});
}

/* It says how long it was away before anything else is decided, though not always before other inputs. */
void shell_continue(struct world *world)
{
    struct shell *shell = &world->shell;
    int64_t away_ms = world->now_ms - shell->stopped_ms;

    if (!shell->is_up || !shell->is_stopped)
        return;
    if (shell->is_suspended) {
        shell->stood_ms += away_ms;
        shell->lost_ms += away_ms;
    }
    shell->is_stopped = shell->is_suspended = false;
    shell->up_since_ms = world->now_ms;
    world_say(world, 0, "goes on");
    if (dice_chance(&world->dice, 5000))
        for (int i = 0; i < SHELL_LIVES_MAX; i++)
            if (shell->lives[i].is_used && shell->lives[i].id != 0)
                (void)engine_read_back(shell->engine, shell->lives[i].id,
                                       world->sites[shell->lives[i].site].lever.share[1], false);
    engine_gap(shell->engine, away_ms);
    shell_turn(world);
}

/* The loop */

void shell_turn(struct world *world)
{
    struct shell *shell = &world->shell;

    if (!shell->is_up || shell->is_stopped)
        return;
    engine_turn(shell->engine);
    if (shell->is_dying) {
        shell_die(world, SHELL_KILLED);
        return;
    }
    int64_t at_ms = engine_deadline(shell->engine);
    int64_t now_ms = shell_now_ms(world);
    if (at_ms == DEPLOYMENT_NEVER)
        shell->timer_ms = INT64_MAX;
    else
        shell->timer_ms = at_ms <= now_ms ? world->now_ms : world->now_ms + at_ms - now_ms;
}

/* It asked for a turn at this time: so something must come of it. */
void shell_timer(struct world *world)
{
    struct shell *shell = &world->shell;

    if (shell->turned_ms != world->now_ms)
        shell->turns = 0;
    shell->turned_ms = world->now_ms;
    if (++shell->turns > SPINS_MAX)
        oracle_violate(world, "spin", 0, "the engine wants a turn again and again");
    shell_turn(world);
}

void shell_acknowledge(struct world *world, bool is_durable)
{
    struct shell *shell = &world->shell;

    shell->commit = NULL;
    shell->commit_serial++;
    shell->is_refused = !is_durable;
    if (!is_durable || shell_up_ms(world) - shell->commit_up_ms > ENGINE_AHEAD_MS)
        shell->trouble_up_ms = shell_up_ms(world);
    engine_committed(shell->engine, is_durable);
    if (shell->is_dying)
        shell_die(world, SHELL_KILLED);
    else
        shell_turn(world);
}

static void acknowledge_later(struct world *world, bool is_durable)
{
    struct shell *shell = &world->shell;

    if (!shell->is_stopped) {
        shell_acknowledge(world, is_durable);
        return;
    }
    shell->is_written = is_durable;
    world_later(world, 0,
                &(struct occurrence){.kind = OCCURS_ACKNOWLEDGE, .life = shell->life, .share = is_durable});
}

/* Where a real journal stands beside: what became of it there. */
static enum store_answer write_to(struct world *world, enum store_trouble trouble)
{
    const struct batch *batch = world->shell.commit;
    enum store_answer answer = store_hook()->write(world, batch, trouble);

    if (answer == STORE_WRITTEN)
        ledger_apply(world, batch, batch->count);
    return answer;
}

/* On a disk in trouble a commit may still be lucky. */
static void write_in_trouble(struct world *world, enum store_trouble trouble)
{
    switch (write_to(world, trouble)) {
    case STORE_WRITTEN:
        acknowledge_later(world, true);
        return;
    case STORE_REFUSED:
        acknowledge_later(world, false);
        return;
    case STORE_BROKEN:
        world->ledger.mode = LEDGER_FINE;
        shell_die(world, SHELL_BROKEN);
        return;
    }
}

/* A real journal is cut off, and fails, more often than the simulated one: that is what it is there for. */
static bool is_in_trouble(struct world *world)
{
    return store_hook() != NULL && world->people.quiet_ms == INT64_MAX &&
           dice_chance(&world->dice, STORE_TROUBLES_PER_MYRIAD);
}

static void write_commit(struct world *world)
{
    if (world_fault(world, FAULT_KILL_BEFORE_COMMIT)) {
        shell_die(world, SHELL_KILLED_BEFORE);
        return;
    }
    if (world_fault(world, FAULT_TORN_COMMIT) || is_in_trouble(world)) {
        shell_die(world, SHELL_KILLED_TORN);
        return;
    }
    if (store_hook() != NULL && write_to(world, STORE_FINE) != STORE_WRITTEN) {
        shell_die(world, SHELL_BROKEN); /* a checkpoint had failed since */
        return;
    }
    bool is_lost = world->slip == SLIP_LOST_COMMIT && dice_chance(&world->dice, 300);
    if (store_hook() == NULL && !is_lost)
        ledger_apply(world, world->shell.commit, world->shell.commit->count);
    if (world_fault(world, FAULT_KILL_AFTER_COMMIT)) {
        world->shell.commit = NULL;
        shell_die(world, SHELL_KILLED_AFTER);
        return;
    }
    acknowledge_later(world, true);
}

void shell_commit(struct world *world, const struct occurrence *occurrence)
{
    struct shell *shell = &world->shell;

    if (!shell->is_up || shell->commit == NULL || occurrence->sequence != shell->commit_serial)
        return;
    switch (world->ledger.mode) {
    case LEDGER_FINE:
    case LEDGER_SLOW:
        if (is_in_trouble(world))
            write_in_trouble(world, STORE_BREAKS);
        else
            write_commit(world);
        return;
    case LEDGER_FULL:
        if (store_hook() != NULL)
            write_in_trouble(world, STORE_FULL);
        else
            acknowledge_later(world, false);
        return;
    case LEDGER_BREAKS:
        if (store_hook() != NULL) {
            write_in_trouble(world, STORE_BREAKS);
            return;
        }
        world->ledger.mode = LEDGER_FINE;
        shell_die(world, SHELL_KILLED_BEFORE);
        return;
    }
}
