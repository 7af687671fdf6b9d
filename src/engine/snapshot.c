/* snapshot.c - states as bytes: tables of fields, one writer, one reader.
 * SPDX-License-Identifier: MIT */
#include "engine/snapshot.h"

#include "base/hash.h"
#include "judge/mann_whitney.h"

#include <assert.h>
#include <string.h>

/* Who adds a field to a struct adds its row, at the end, with a new schema: the sizes below, and the test
 * that looks at every byte that is not padding, tell. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are copied as they lie in memory");
static_assert(sizeof(struct deployment_state) == 456, "deployment_state changed: see deployment_fields");
static_assert(sizeof(struct rule_state) == 672, "rule_state changed: see rule_fields");
static_assert(sizeof(struct target_state) == 1344, "target_state changed: see target_fields");
static_assert(sizeof(struct run_state) == 864, "run_state changed: see run_fields");

enum { HEAD_SIZE = 2 }; /* schema, kind */

struct field {
    uint16_t offset; /* of the first one */
    uint16_t size;
    uint16_t count;
    uint16_t stride;
    uint16_t limit; /* values are below it; 0: any */
    uint16_t since; /* schema; in an older snapshot it is missing, and 0 */
};

struct layout {
    unsigned char kind;
    size_t struct_size;
    size_t count;
    const struct field *fields;
};

#define MEMBER(type, member) (((type *)NULL)->member)
#define FIELD(type, member, limit, since)                                                                    \
    {                                                                                                        \
        offsetof(type, member), sizeof(MEMBER(type, member)), 1, 0, limit, since                             \
    }
#define D(member, limit)  FIELD(struct deployment_state, member, limit, 1)
#define D2(member, limit) FIELD(struct deployment_state, member, limit, 2)
#define D3(member, limit) FIELD(struct deployment_state, member, limit, 3)
#define D4(member, limit) FIELD(struct deployment_state, member, limit, 4)
#define D5(member, limit) FIELD(struct deployment_state, member, limit, 5)
#define D6(member, limit) FIELD(struct deployment_state, member, limit, 6)
#define R(member, limit)  FIELD(struct rule_state, member, limit, 1)
#define R5(member, limit) FIELD(struct rule_state, member, limit, 5)
#define R7(member, limit) FIELD(struct rule_state, member, limit, 7)
#define T5(member, limit) FIELD(struct target_state, member, limit, 5)
#define T(member, limit)  FIELD(struct target_state, member, limit, 1)
#define T6(member, limit) FIELD(struct target_state, member, limit, 6)
#define HOSTS(member)                                                                                        \
    {                                                                                                        \
        offsetof(struct deployment_state, member), sizeof(uint64_t), HOST_WORDS, sizeof(uint64_t), 0, 2      \
    }
#define N(member, limit) FIELD(struct run_state, member, limit, 1)
#define TASKS_SINCE(member, limit, since)                                                                    \
    {                                                                                                        \
        offsetof(struct run_state, tasks[0].member), sizeof(MEMBER(struct run_state, tasks[0].member)),      \
            RUN_TASKS_MAX, sizeof(struct run_task), limit, since                                             \
    }
#define TASKS(member, limit) TASKS_SINCE(member, limit, 1)
#define APPROVALS                                                                                            \
    {                                                                                                        \
        offsetof(struct run_state, approvals), sizeof(uint8_t), RUN_TASKS_MAX, sizeof(uint8_t), 0, 8         \
    }
#define TIMERS(member, limit)                                                                                \
    {                                                                                                        \
        offsetof(struct rule_state, timers[0].member), sizeof(MEMBER(struct rule_state, timers[0].member)),  \
            EXPRESSION_TIMERS_MAX, sizeof(struct expression_timer), limit, 1                                 \
    }
#define QUARANTINED(member)                                                                                  \
    {                                                                                                        \
        offsetof(struct target_state, quarantined[0].member),                                                \
            sizeof(MEMBER(struct target_state, quarantined[0].member)), TARGET_QUARANTINE_MAX,               \
            sizeof(struct quarantined), 0, 1                                                                 \
    }
#define FALLS(member)                                                                                        \
    {                                                                                                        \
        offsetof(struct target_state, falls[0].member),                                                      \
            sizeof(MEMBER(struct target_state, falls[0].member)), TARGET_FALLS_MAX, sizeof(struct fall), 0,  \
            6                                                                                                \
    }

static const struct field deployment_fields[] = {
    D(id, 0),
    D(phase, PHASE_COUNT),
    D(step_state, STEP_HELD + 1),
    D(resume_to, STEP_HELD + 1),
    D(ending, ENDING_FELL + 1),
    D(hold, HOLD_GATE + 1),
    D(part, ROLLBACK_VERIFY + 1),
    D(care, CARE_DONE + 1),
    D(is_escalated, 2),
    D(is_unverified, 2),
    D(is_full, 2),
    D(past_no_return, 2),
    D(would_roll_back, 2),
    D(is_probing, 2),
    D(was_lost, 2),
    D(rounds, 0),
    D(probe_tries, 0),
    D(is_extended, 2),
    D(slot, 0),
    D(stable_slot, 0),
    D(step, PLAN_STEPS_MAX + 1),
    D(undo_next, PLAN_STEPS_MAX + 1),
    D(failed_rule, 0),
    D(approvals, 0),
    D(desired_share, SHARE_WHOLE + 1),
    D(confirmed_share, SHARE_WHOLE + 1),
    D(attempt, 0),
    D(last_sequence, 0),
    D(settle_sequence, 0),
    D(settle_reference, 0),
    D(settle_tries, 0),
    D(intents, 0),
    D(passing, 0),
    D(muted, 0),
    D(recorded, 0),
    D(flight.kind, ACTION_GATE + 1),
    D(flight.sequence, 0),
    D(flight.reference, 0),
    D(flight.share, SHARE_WHOLE + 1),
    D(flight.tries, 0),
    D(flight.is_waiting, 2),
    D(flight.retry_ms, 0),
    D(flight.limit_ms, 0),
    D(flight.deadline_ms, 0),
    D(phase_entered_ms, 0),
    D(step_entered_ms, 0),
    D(last_seen_ms, 0),
    D(observed_ms, 0),
    D(limit_at_ms, 0),
    D(hold_limit_at_ms, 0),
    D(routed_ms, 0),
    D(confirmed_ms, 0),
    D(care_at_ms, 0),
    D2(is_single, 2),
    D2(host_part, REPLACE_PART_COUNT),
    D2(host, PLAN_HOSTS_MAX),
    D2(batch, PLAN_HOSTS_MAX + 1),
    D2(back_rounds, 0),
    HOSTS(touched),
    HOSTS(away),
    HOSTS(stuck),
    D3(desired_mirror, SHARE_WHOLE + 1),
    D3(confirmed_mirror, SHARE_WHOLE + 1),
    D4(is_down, 2),
    D4(down_from_ms, 0),
    D4(down_ms, 0),
    D5(is_emergency, 2),
    D5(is_stable_bad, 2),
    D5(disaster, DISASTER_OVER + 1),
    D5(together, 0),
    D6(gate, GATE_OPEN + 1),
    D6(is_stopped, 2),
};

static const struct field rule_fields[] = {
    TIMERS(is_running, 2),
    TIMERS(is_paused, 2),
    TIMERS(has_fired, 2),
    TIMERS(known_ms, 0),
    TIMERS(seen, EXPRESSION_CHECKS_MAX + 1),
    TIMERS(since_ms, 0),
    TIMERS(last_step, 0),
    TIMERS(bits, 0),
    {offsetof(struct rule_state, sequential.log_wealth), sizeof(double), SEQUENTIAL_BETS, sizeof(double), 0,
     1},
    R(sequential.log_e_max, 0),
    R(sequential.events, 0),
    R(sequential.total, 0),
    R(sequential.stable_events, 0),
    R(sequential.stable_total, 0),
    R(sequential.blocks, 0),
    R(sequential.event_blocks, 0),
    R(means.excess.count, 0),
    R(means.excess.mean, 0),
    R(means.excess.squares, 0),
    R(means.difference.count, 0),
    R(means.difference.mean, 0),
    R(means.difference.squares, 0),
    R(means.bound_max, 0),
    R(means.crossing, 0),
    R(bound, SERIES_BUCKETS_MAX),
    R(label, CLASSIFICATION_ERROR + 2),
    R(next_block, 0),
    R(limits.failures, 0),
    R(limits.failures_in_row, 0),
    R(limits.checks, 0),
    R(limits.successes, 0),
    R(limits.inconclusive, 0),
    R(limits.source_errors, 0),
    R(limits.spent, REASON_DROPPED + 1),
    R(limits.next_ms, 0),
    R(limits.confirmed_ms, 0),
    R(last.verdict, VERDICT_FAIL + 1),
    R(last.reason, REASON_DROPPED + 1),
    R(last.value, 0),
    R(last.bound, 0),
    R(last.estimate, 0),
    R(last.lower, 0),
    R(last.upper, 0),
    R(last.statistic, 0),
    R(last.limit, 0),
    R(last.count, 0),
    R(last.stable_count, 0),
    R(last.from_ms, 0),
    R(last.to_ms, 0),
    R5(began_ms, 0),
    R5(settled_ms, 0),
    R5(against, COMPARISON_AGAINST_MAX + 1),
    R5(is_lost, 2),
    R5(last.against, COMPARISON_AGAINST_MAX + 1), /* these three were one of 8 bytes: 0 where they stand */
    R5(last.dropped_share, SHARE_WHOLE + 1),
    R5(last.dropped, 0),
    {offsetof(struct rule_state, wager.independent.log_wealth), sizeof(double), RATE_RATIO_GRID,
     sizeof(double), 0, 7},
    R7(wager.other.events, 0),
    R7(wager.other.total, 0),
    R7(wager.other.squares, 0),
    R7(wager.other.last_events, 0),
    R7(wager.other.last_total, 0),
    R7(wager.other.scatter, 0),
    R7(wager.other.expected, 0),
    R7(wager.other.blocks, 0),
    R7(wager.is_poisson, 2),
    R7(wager.is_trusted, 2),
};

static const struct field target_fields[] = {
    T(id, 0),
    T(has_stable, 2),
    T(is_frozen, 2),
    T(stable_slot, 0),
    T(quarantined_count, TARGET_QUARANTINE_MAX + 1),
    T(stable_version_key, 0),
    T(stable_deployment, 0),
    QUARANTINED(version_key),
    QUARANTINED(deployment),
    T(way_back, 0),
    T(way_back_slot, 0),
    T5(thaws_ms, 0),
    T5(thaws_wall_ms, 0),
    T6(is_braked, 2),
    T6(fall_count, TARGET_FALLS_MAX + 1),
    T6(opens_ms, 0),
    FALLS(at_ms),
    FALLS(who),
};

static const struct field run_fields[] = {
    N(id, 0),
    N(phase, RUN_PHASE_COUNT),
    N(goal, RUN_PHASE_COUNT),
    N(stage, RUN_STAGES_MAX),
    N(first_stage, RUN_STAGES_MAX),
    N(failed_task, 0),
    N(exit_code, 0),
    N(is_fixed, 2),
    N(is_escalated, 2),
    N(version_key, 0),
    N(phase_entered_ms, 0),
    N(stage_entered_ms, 0),
    N(last_seen_ms, 0),
    N(stop_limit_ms, 0),
    TASKS(deployment, 0),
    TASKS(at_ms, 0),
    TASKS(phase, TASK_PHASE_COUNT),
    TASKS(tries, 0),
    TASKS(cause, CAUSE_COUNT),
    TASKS_SINCE(is_escalated, 2, 5),
    APPROVALS,
};

static const struct layout deployment_layout = {
    .kind = 'D',
    .struct_size = sizeof(struct deployment_state),
    .count = ARRAY_LENGTH(deployment_fields),
    .fields = deployment_fields,
};

static const struct layout rule_layout = {
    .kind = 'R',
    .struct_size = sizeof(struct rule_state),
    .count = ARRAY_LENGTH(rule_fields),
    .fields = rule_fields,
};

static const struct layout target_layout = {
    .kind = 'T',
    .struct_size = sizeof(struct target_state),
    .count = ARRAY_LENGTH(target_fields),
    .fields = target_fields,
};

static const struct layout run_layout = {
    .kind = 'N',
    .struct_size = sizeof(struct run_state),
    .count = ARRAY_LENGTH(run_fields),
    .fields = run_fields,
};

static_assert(HEAD_SIZE + sizeof(struct run_state) <= SNAPSHOT_RUN_MAX, "no room");
static_assert(HEAD_SIZE + sizeof(struct deployment_state) <= SNAPSHOT_DEPLOYMENT_MAX, "no room");
static_assert(HEAD_SIZE + sizeof(struct rule_state) <= SNAPSHOT_RULE_MAX, "no room");
static_assert(HEAD_SIZE + sizeof(struct target_state) <= SNAPSHOT_TARGET_MAX, "no room");

static size_t layout_length(const struct layout *layout, unsigned char schema)
{
    size_t length = HEAD_SIZE;

    for (size_t i = 0; i < layout->count; i++)
        if (layout->fields[i].since <= schema)
            length += (size_t)layout->fields[i].size * layout->fields[i].count;
    return length;
}

/* Each size by a name of its own becomes one instruction; a size that is known only when it runs, a call. */
static void copy_field(unsigned char *to, const unsigned char *from, size_t size)
{
    if (size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else if (size == sizeof(uint32_t))
        memcpy(to, from, sizeof(uint32_t));
    else if (size == sizeof(uint16_t))
        memcpy(to, from, sizeof(uint16_t));
    else
        *to = *from;
}

static size_t write_layout(const struct layout *layout, const void *state, unsigned char *to)
{
    const unsigned char *from = state;
    unsigned char *at = to;

    *at++ = SNAPSHOT_SCHEMA;
    *at++ = layout->kind;
    for (size_t i = 0; i < layout->count; i++) {
        const struct field *field = &layout->fields[i];
        for (size_t k = 0; k < field->count; k++, at += field->size)
            copy_field(at, from + field->offset + k * field->stride, field->size);
    }
    return (size_t)(at - to);
}

static bool field_is_sound(const struct field *field, const unsigned char *from)
{
    for (size_t k = 0; k < field->count && field->limit != 0; k++) {
        uint64_t value = 0;
        copy_field((unsigned char *)&value, from + k * field->size, field->size);
        if (value >= field->limit)
            return false;
    }
    return true;
}

static bool layout_is_sound(const struct layout *layout, const unsigned char *from, size_t length)
{
    unsigned char schema = length < HEAD_SIZE ? 0 : from[0];

    if (schema < 1 || schema > SNAPSHOT_SCHEMA || from[1] != layout->kind ||
        length != layout_length(layout, schema))
        return false;
    from += HEAD_SIZE;
    for (size_t i = 0; i < layout->count && layout->fields[i].since <= schema; i++) {
        if (!field_is_sound(&layout->fields[i], from))
            return false;
        from += (size_t)layout->fields[i].size * layout->fields[i].count;
    }
    return true;
}

static bool read_layout(const struct layout *layout, const unsigned char *from, size_t length, void *ret)
{
    unsigned char *to = ret;

    if (!layout_is_sound(layout, from, length))
        return false;
    unsigned char schema = from[0];
    memset(to, 0, layout->struct_size);
    from += HEAD_SIZE;
    /* What a schema adds stands behind what was there before. */
    for (size_t i = 0; i < layout->count && layout->fields[i].since <= schema; i++) {
        const struct field *field = &layout->fields[i];
        for (size_t k = 0; k < field->count; k++, from += field->size)
            copy_field(to + field->offset + k * field->stride, from, field->size);
    }
    return true;
}

size_t snapshot_write_deployment(const struct deployment_state *state, unsigned char *to)
{
    return write_layout(&deployment_layout, state, to);
}

size_t snapshot_write_rule(const struct rule_state *state, unsigned char *to)
{
    return write_layout(&rule_layout, state, to);
}

size_t snapshot_write_target(const struct target_state *state, unsigned char *to)
{
    return write_layout(&target_layout, state, to);
}

size_t snapshot_write_run(const struct run_state *state, unsigned char *to)
{
    return write_layout(&run_layout, state, to);
}

bool snapshot_read_deployment(const unsigned char *from, size_t length, struct deployment_state *ret)
{
    return read_layout(&deployment_layout, from, length, ret);
}

bool snapshot_read_rule(const unsigned char *from, size_t length, struct rule_state *ret)
{
    return read_layout(&rule_layout, from, length, ret);
}

bool snapshot_read_target(const unsigned char *from, size_t length, struct target_state *ret)
{
    return read_layout(&target_layout, from, length, ret);
}

bool snapshot_read_run(const unsigned char *from, size_t length, struct run_state *ret)
{
    return read_layout(&run_layout, from, length, ret);
}

uint64_t snapshot_hash(const void *bytes, size_t length)
{
    uint64_t hash = hash_bytes(HASH_BEGIN, bytes, length);

    return hash == 0 ? 1 : hash;
}
