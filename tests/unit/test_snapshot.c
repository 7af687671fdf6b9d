/* test_snapshot.c - states as bytes: nothing is forgotten, nothing foreign is taken.
 * SPDX-License-Identifier: MIT */
#include "engine/snapshot.h"

#include "judge/mann_whitney.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 500 };

/* xorshift: the same states in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void fill_random(uint64_t *seed, void *to, size_t size)
{
    unsigned char *at = to;

    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(next_random(seed) >> 32);
}

static void random_deployment(uint64_t *seed, struct deployment_state *state)
{
    fill_random(seed, state, sizeof(*state));
    state->phase = (enum deployment_phase)(next_random(seed) % PHASE_COUNT);
    state->step_state = (enum step_state)(next_random(seed) % (STEP_HELD + 1));
    state->resume_to = (enum step_state)(next_random(seed) % (STEP_HELD + 1));
    state->ending = (enum ending)(next_random(seed) % (ENDING_FELL + 1));
    state->hold = (enum hold_cause)(next_random(seed) % (HOLD_GATE + 1));
    state->part = (enum rollback_part)(next_random(seed) % (ROLLBACK_VERIFY + 1));
    state->care = (enum care_part)(next_random(seed) % (CARE_DONE + 1));
    state->gate = (enum gate_answer)(next_random(seed) % (GATE_OPEN + 1));
    state->is_escalated = next_random(seed) % 2;
    state->is_unverified = next_random(seed) % 2;
    state->is_stopped = next_random(seed) % 2;
    state->is_full = next_random(seed) % 2;
    state->is_emergency = next_random(seed) % 2;
    state->is_stable_bad = next_random(seed) % 2;
    state->past_no_return = next_random(seed) % 2;
    state->would_roll_back = next_random(seed) % 2;
    state->is_probing = next_random(seed) % 2;
    state->was_lost = next_random(seed) % 2;
    state->is_extended = next_random(seed) % 2;
    state->is_down = next_random(seed) % 2;
    state->step = (uint8_t)(next_random(seed) % PLAN_STEPS_MAX);
    state->undo_next = (uint8_t)(next_random(seed) % PLAN_STEPS_MAX);
    state->desired_share = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->confirmed_share = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->desired_mirror = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->confirmed_mirror = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->disaster = (enum disaster_part)(next_random(seed) % (DISASTER_OVER + 1));
    state->flight.kind = (enum action_kind)(next_random(seed) % (ACTION_GATE + 1));
    state->flight.share = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->flight.is_waiting = next_random(seed) % 2;
    state->is_single = next_random(seed) % 2;
    state->host_part = (enum replace_part)(next_random(seed) % REPLACE_PART_COUNT);
    state->host = (uint16_t)(next_random(seed) % PLAN_HOSTS_MAX);
    state->batch = (uint16_t)(next_random(seed) % (PLAN_HOSTS_MAX + 1));
}

static void random_rule(uint64_t *seed, struct rule_state *state)
{
    fill_random(seed, state, sizeof(*state));
    for (size_t i = 0; i < EXPRESSION_TIMERS_MAX; i++) {
        state->timers[i].is_running = next_random(seed) % 2;
        state->timers[i].is_paused = next_random(seed) % 2;
        state->timers[i].has_fired = next_random(seed) % 2;
        state->timers[i].seen = (uint8_t)(next_random(seed) % (EXPRESSION_CHECKS_MAX + 1));
    }
    state->bound = (uint32_t)(next_random(seed) % SERIES_BUCKETS_MAX);
    state->label = (uint32_t)(next_random(seed) % (CLASSIFICATION_ERROR + 2));
    state->last.verdict = (enum verdict)(next_random(seed) % (VERDICT_FAIL + 1));
    state->last.reason = (enum reason)(next_random(seed) % (REASON_DROPPED + 1));
    state->limits.spent = (enum reason)(next_random(seed) % (REASON_DROPPED + 1));
    state->against = (uint32_t)(next_random(seed) % (COMPARISON_AGAINST_MAX + 1));
    state->last.against = (uint16_t)(next_random(seed) % (COMPARISON_AGAINST_MAX + 1));
    state->last.dropped_share = (uint16_t)(next_random(seed) % (SHARE_WHOLE + 1));
    state->is_lost = next_random(seed) % 2;
    state->wager.is_poisson = next_random(seed) % 2;
    state->wager.is_trusted = next_random(seed) % 2;
}

static void random_target(uint64_t *seed, struct target_state *state)
{
    fill_random(seed, state, sizeof(*state));
    state->has_stable = next_random(seed) % 2;
    state->is_frozen = next_random(seed) % 2;
    state->is_braked = next_random(seed) % 2;
    state->fall_count = (uint8_t)(next_random(seed) % (TARGET_FALLS_MAX + 1));
    state->quarantined_count = (uint8_t)(next_random(seed) % (TARGET_QUARANTINE_MAX + 1));
}

static void random_run(uint64_t *seed, struct run_state *state)
{
    fill_random(seed, state, sizeof(*state));
    state->phase = (enum run_phase)(next_random(seed) % RUN_PHASE_COUNT);
    state->goal = (enum run_phase)(next_random(seed) % RUN_PHASE_COUNT);
    state->stage = (uint8_t)(next_random(seed) % RUN_STAGES_MAX);
    state->first_stage = (uint8_t)(next_random(seed) % RUN_STAGES_MAX);
    state->is_fixed = next_random(seed) % 2;
    state->is_escalated = next_random(seed) % 2;
    for (size_t i = 0; i < RUN_TASKS_MAX; i++) {
        state->tasks[i].phase = (enum run_task_phase)(next_random(seed) % TASK_PHASE_COUNT);
        state->tasks[i].cause = (uint8_t)(next_random(seed) % CAUSE_COUNT);
        state->tasks[i].is_escalated = next_random(seed) % 2;
    }
}

/* One codec behind plain bytes, so that each test is written once. */
struct codec {
    size_t size;
    size_t bytes_max;
    void (*random)(uint64_t *seed, void *state);
    size_t (*write)(const void *state, unsigned char *to);
    bool (*read)(const unsigned char *from, size_t length, void *ret);
    void (*mask)(unsigned char *bytes);
};

union any_state {
    struct deployment_state deployment;
    struct rule_state rule;
    struct target_state target;
    struct run_state run;
    unsigned char bytes[2048];
};

/* Leaves 0xff in the bytes that belong to a field. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define CAN_MASK 1
#endif
#endif
#ifdef CAN_MASK
#define DEFINE_MASK(name, type)                                                                              \
    static void name(unsigned char *bytes)                                                                   \
    {                                                                                                        \
        type state;                                                                                          \
        memset(&state, 0xff, sizeof(state));                                                                 \
        __builtin_clear_padding(&state);                                                                     \
        memcpy(bytes, &state, sizeof(state));                                                                \
    }
#else
#define DEFINE_MASK(name, type)                                                                              \
    static void name(unsigned char *bytes)                                                                   \
    {                                                                                                        \
        memset(bytes, 0, sizeof(type));                                                                      \
    }
#endif

#define DEFINE_CODEC(name, type)                                                                             \
    static void random_any_##name(uint64_t *seed, void *state)                                               \
    {                                                                                                        \
        random_##name(seed, state);                                                                          \
    }                                                                                                        \
    static size_t write_any_##name(const void *state, unsigned char *to)                                     \
    {                                                                                                        \
        return snapshot_write_##name(state, to);                                                             \
    }                                                                                                        \
    static bool read_any_##name(const unsigned char *from, size_t length, void *ret)                         \
    {                                                                                                        \
        return snapshot_read_##name(from, length, ret);                                                      \
    }                                                                                                        \
    DEFINE_MASK(mask_##name, type)

DEFINE_CODEC(deployment, struct deployment_state)
DEFINE_CODEC(rule, struct rule_state)
DEFINE_CODEC(target, struct target_state)
DEFINE_CODEC(run, struct run_state)

#define CODEC(name, type, max)                                                                               \
    {                                                                                                        \
        sizeof(type), max, random_any_##name, write_any_##name, read_any_##name, mask_##name                 \
    }

static const struct codec codecs[] = {
    CODEC(deployment, struct deployment_state, SNAPSHOT_DEPLOYMENT_MAX),
    CODEC(rule, struct rule_state, SNAPSHOT_RULE_MAX),
    CODEC(target, struct target_state, SNAPSHOT_TARGET_MAX),
    CODEC(run, struct run_state, SNAPSHOT_RUN_MAX),
};

enum { BYTES_MAX = SNAPSHOT_TARGET_MAX };

static void check_round_trip(const struct codec *codec, uint64_t *seed)
{
    union any_state before;
    union any_state after;
    unsigned char bytes[BYTES_MAX];
    unsigned char again[BYTES_MAX];

    codec->random(seed, &before);
    memset(&after, 0xa5, sizeof(after));
    size_t length = codec->write(&before, bytes);
    assert_true(length <= codec->bytes_max);
    assert_true(codec->read(bytes, length, &after));
    assert_int_equal(codec->write(&after, again), length);
    assert_memory_equal(bytes, again, length);
}

static void test_round_trips(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(codecs); i++)
        for (int round = 0; round < ROUNDS; round++)
            check_round_trip(&codecs[i], &seed);
}

/* Every byte of every field is in the bytes, and only those: a field without a row would be missed. */
static void check_each_byte(const struct codec *codec)
{
    union any_state one;
    unsigned char mask[sizeof(one)];
    unsigned char bytes[BYTES_MAX];
    unsigned char changed[BYTES_MAX];
    size_t seen = 0;

    memset(&one, 0, sizeof(one));
    codec->mask(mask);
    size_t length = codec->write(&one, bytes);
    for (size_t i = 0; i < codec->size; i++) {
        one.bytes[i] = 0xff;
        (void)codec->write(&one, changed);
        one.bytes[i] = 0;
        bool is_seen = memcmp(bytes, changed, length) != 0;
        seen += is_seen;
        if (mask[i] != 0 && !is_seen)
            fail_msg("byte %zu of a state of %zu bytes is in no field of the table", i, codec->size);
    }
    assert_int_equal(seen + 2, length);
}

static void test_every_byte_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(codecs); i++)
        check_each_byte(&codecs[i]);
}

static void check_refused(const struct codec *codec, const unsigned char *bytes, size_t length)
{
    union any_state kept;
    union any_state expected;

    memset(&kept, 0x5a, sizeof(kept));
    memset(&expected, 0x5a, sizeof(expected));
    assert_false(codec->read(bytes, length, &kept));
    assert_memory_equal(&kept, &expected, sizeof(kept));
}

static void test_foreign_bytes_are_refused(void **state)
{
    unsigned char bytes[BYTES_MAX + 1] = {0};
    union any_state one;
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(codecs); i++) {
        codecs[i].random(&seed, &one);
        size_t length = codecs[i].write(&one, bytes);
        for (size_t cut = 0; cut < length; cut++)
            check_refused(&codecs[i], bytes, cut);
        check_refused(&codecs[i], bytes, length + 1);
        check_refused(&codecs[(i + 1) % ARRAY_LENGTH(codecs)], bytes, length);
        bytes[0] = SNAPSHOT_SCHEMA + 1;
        check_refused(&codecs[i], bytes, length);
        bytes[0] = SNAPSHOT_SCHEMA;
        bytes[1] ^= 1;
        check_refused(&codecs[i], bytes, length);
    }
}

#define CHECK_LIMIT(name, type, member, first_bad)                                                           \
    do {                                                                                                     \
        unsigned char bytes_[BYTES_MAX];                                                                     \
        type state_ = {0};                                                                                   \
        type back_;                                                                                          \
        unsigned long long last_good_ = (unsigned long long)(first_bad)-1;                                   \
        unsigned long long bad_ = last_good_ + 1;                                                            \
        memcpy(&state_.member, &last_good_, sizeof(state_.member));                                          \
        assert_true(snapshot_read_##name(bytes_, snapshot_write_##name(&state_, bytes_), &back_));           \
        memcpy(&state_.member, &bad_, sizeof(state_.member));                                                \
        assert_false(snapshot_read_##name(bytes_, snapshot_write_##name(&state_, bytes_), &back_));          \
    } while (0)

#define CHECK_DEPLOYMENT(member, first_bad)                                                                  \
    CHECK_LIMIT(deployment, struct deployment_state, member, first_bad)

static void test_deployment_values_have_ranges(void **state)
{
    (void)state;
    CHECK_DEPLOYMENT(phase, PHASE_COUNT);
    CHECK_DEPLOYMENT(step_state, STEP_HELD + 1);
    CHECK_DEPLOYMENT(resume_to, STEP_HELD + 1);
    CHECK_DEPLOYMENT(ending, ENDING_FELL + 1);
    CHECK_DEPLOYMENT(hold, HOLD_GATE + 1);
    CHECK_DEPLOYMENT(part, ROLLBACK_VERIFY + 1);
    CHECK_DEPLOYMENT(care, CARE_DONE + 1);
    CHECK_DEPLOYMENT(gate, GATE_OPEN + 1);
    CHECK_DEPLOYMENT(is_escalated, 2);
    CHECK_DEPLOYMENT(is_unverified, 2);
    CHECK_DEPLOYMENT(is_stopped, 2);
    CHECK_DEPLOYMENT(is_full, 2);
    CHECK_DEPLOYMENT(is_emergency, 2);
    CHECK_DEPLOYMENT(is_stable_bad, 2);
    CHECK_DEPLOYMENT(past_no_return, 2);
    CHECK_DEPLOYMENT(would_roll_back, 2);
    CHECK_DEPLOYMENT(is_probing, 2);
    CHECK_DEPLOYMENT(was_lost, 2);
    CHECK_DEPLOYMENT(is_extended, 2);
    CHECK_DEPLOYMENT(is_down, 2);
    CHECK_DEPLOYMENT(step, PLAN_STEPS_MAX + 1);
    CHECK_DEPLOYMENT(undo_next, PLAN_STEPS_MAX + 1);
    CHECK_DEPLOYMENT(desired_share, SHARE_WHOLE + 1);
    CHECK_DEPLOYMENT(confirmed_share, SHARE_WHOLE + 1);
    CHECK_DEPLOYMENT(desired_mirror, SHARE_WHOLE + 1);
    CHECK_DEPLOYMENT(confirmed_mirror, SHARE_WHOLE + 1);
    CHECK_DEPLOYMENT(disaster, DISASTER_OVER + 1);
    CHECK_DEPLOYMENT(flight.kind, ACTION_GATE + 1);
    CHECK_DEPLOYMENT(flight.share, SHARE_WHOLE + 1);
    CHECK_DEPLOYMENT(flight.is_waiting, 2);
    CHECK_DEPLOYMENT(is_single, 2);
    CHECK_DEPLOYMENT(host_part, REPLACE_PART_COUNT);
    CHECK_DEPLOYMENT(host, PLAN_HOSTS_MAX);
    CHECK_DEPLOYMENT(batch, PLAN_HOSTS_MAX + 1);
}

/* Schema 1 had no hosts, 2 no copies, 3 no downtime, 4 neither emergencies nor disaster recovery nor what
 * stands or falls together, nor gates: what they wrote is read, and has none. */
static void test_older_snapshots_are_read(void **state)
{
    enum {
        HOSTS_BYTES = 1 + 4 + 3 * 2 + 3 * HOST_WORDS * 8,
        MIRROR_BYTES = 2 * 2,
        DOWN_BYTES = 1 + 2 * 8,
        LAST_BYTES = 2 + 4 + 8 + 4 + 1
    };
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];
    struct deployment_state one;
    struct deployment_state back;
    uint64_t seed = 11;

    (void)state;
    random_deployment(&seed, &one);
    size_t length =
        snapshot_write_deployment(&one, bytes) - HOSTS_BYTES - MIRROR_BYTES - DOWN_BYTES - LAST_BYTES;
    bytes[0] = 4;
    assert_true(snapshot_read_deployment(bytes, length + HOSTS_BYTES + MIRROR_BYTES + DOWN_BYTES, &back));
    assert_int_equal(back.down_ms, one.down_ms);
    assert_false(back.is_emergency || back.is_stable_bad);
    assert_int_equal(back.disaster, DISASTER_NONE);
    assert_int_equal(back.together, 0);
    assert_int_equal(back.gate, GATE_UNASKED);
    bytes[0] = 3;
    assert_true(snapshot_read_deployment(bytes, length + HOSTS_BYTES + MIRROR_BYTES, &back));
    assert_int_equal(back.confirmed_mirror, one.confirmed_mirror);
    assert_true(!back.is_down && back.down_from_ms == 0 && back.down_ms == 0);
    bytes[0] = 2;
    assert_true(snapshot_read_deployment(bytes, length + HOSTS_BYTES, &back));
    assert_int_equal(back.batch, one.batch);
    assert_true(back.desired_mirror == 0 && back.confirmed_mirror == 0);
    bytes[0] = 1;
    assert_true(snapshot_read_deployment(bytes, length, &back));
    assert_int_equal(back.id, one.id);
    assert_int_equal(back.care_at_ms, one.care_at_ms);
    assert_int_equal(back.batch, 0);
    assert_int_equal(back.host_part, REPLACE_DRAIN);
    for (int i = 0; i < HOST_WORDS; i++)
        assert_true(back.touched[i] == 0 && back.away[i] == 0 && back.stuck[i] == 0);
    assert_false(snapshot_read_deployment(bytes, length + HOSTS_BYTES, &back));
    bytes[0] = SNAPSHOT_SCHEMA;
    assert_false(snapshot_read_deployment(bytes, length, &back));
    bytes[0] = 0;
    assert_false(snapshot_read_deployment(bytes, length, &back));
}

/* Schema 5 knew no brakes, 4 no freeze that ends by itself. */
static void test_older_targets_are_read(void **state)
{
    unsigned char bytes[SNAPSHOT_TARGET_MAX];
    uint64_t seed = 13;
    struct target_state one, back;

    (void)state;
    random_target(&seed, &one);
    size_t length = snapshot_write_target(&one, bytes) - 2 - sizeof(int64_t) - sizeof(one.falls);
    bytes[0] = 5;
    assert_true(snapshot_read_target(bytes, length, &back) && back.thaws_ms == one.thaws_ms);
    assert_true(!back.is_braked && back.fall_count == 0 && back.opens_ms == 0 && back.falls[0].who == 0);
    bytes[0] = 4;
    assert_false(snapshot_read_target(bytes, length, &back));
    assert_true(snapshot_read_target(bytes, length - 2 * sizeof(int64_t), &back));
    assert_true(back.id == one.id && back.way_back == one.way_back && back.thaws_ms == 0 &&
                back.thaws_wall_ms == 0);
}

/* Schema 7: one person approves; 6: one form of a sequential test, no dispersion; 4: no task escalates. */
static void test_older_runs_and_rules_are_read(void **state)
{
    unsigned char bytes[SNAPSHOT_RUN_MAX];
    union any_state one, back;
    const struct wager none = {.is_poisson = 0};
    uint64_t seed = 12;

    (void)state;
    random_run(&seed, &one.run);
    size_t length = snapshot_write_run(&one.run, bytes) - RUN_TASKS_MAX;
    bytes[0] = 7;
    assert_true(snapshot_read_run(bytes, length, &back.run));
    assert_int_equal(back.run.tasks[3].is_escalated, one.run.tasks[3].is_escalated);
    assert_int_equal(back.run.approvals[3], 0);
    length -= RUN_TASKS_MAX;
    bytes[0] = 4;
    assert_true(snapshot_read_run(bytes, length, &back.run));
    assert_int_equal(back.run.tasks[3].cause, one.run.tasks[3].cause);
    for (int i = 0; i < RUN_TASKS_MAX; i++)
        assert_false(back.run.tasks[i].is_escalated);
    random_rule(&seed, &one.rule);
    length = snapshot_write_rule(&one.rule, bytes) - (RATE_RATIO_GRID + 8) * 8 - 2 * 4;
    bytes[0] = 6;
    assert_true(snapshot_read_rule(bytes, length, &back.rule));
    assert_int_equal(back.rule.last.against, one.rule.last.against);
    assert_memory_equal(&back.rule.wager, &none, sizeof(none));
}

static void test_other_values_have_ranges(void **state)
{
    (void)state;
    CHECK_LIMIT(rule, struct rule_state, timers[3].is_running, 2);
    CHECK_LIMIT(rule, struct rule_state, timers[1].is_paused, 2);
    CHECK_LIMIT(rule, struct rule_state, timers[2].has_fired, 2);
    CHECK_LIMIT(rule, struct rule_state, timers[0].seen, EXPRESSION_CHECKS_MAX + 1);
    CHECK_LIMIT(rule, struct rule_state, last.verdict, VERDICT_FAIL + 1);
    CHECK_LIMIT(rule, struct rule_state, last.dropped_share, SHARE_WHOLE + 1);
    CHECK_LIMIT(rule, struct rule_state, last.reason, REASON_DROPPED + 1);
    CHECK_LIMIT(rule, struct rule_state, limits.spent, REASON_DROPPED + 1);
    CHECK_LIMIT(rule, struct rule_state, wager.is_poisson, 2);
    CHECK_LIMIT(rule, struct rule_state, wager.is_trusted, 2);
    CHECK_LIMIT(target, struct target_state, has_stable, 2);
    CHECK_LIMIT(target, struct target_state, is_frozen, 2);
    CHECK_LIMIT(target, struct target_state, is_braked, 2);
    CHECK_LIMIT(target, struct target_state, fall_count, TARGET_FALLS_MAX + 1);
    CHECK_LIMIT(target, struct target_state, quarantined_count, TARGET_QUARANTINE_MAX + 1);
}

/* The format itself: bytes that an earlier build wrote. */
static void test_bytes_stay_as_they_are(void **state)
{
    unsigned char bytes[SNAPSHOT_TARGET_MAX];
    struct target_state target = {
        .id = 0x01020304, .has_stable = true, .stable_version_key = 0x1122334455667788};
    unsigned char expected[] = "?T\x04\x03\x02\x01\x01\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11";

    (void)state;
    assert_int_equal(snapshot_write_target(&target, bytes),
                     2 + 4 + 4 + 16 + TARGET_QUARANTINE_MAX * 16 + 9 + 16 + 10 + TARGET_FALLS_MAX * 16);
    expected[0] = SNAPSHOT_SCHEMA;
    assert_memory_equal(bytes, expected, sizeof(expected) - 1);
}

static void test_hash_is_fnv1a_and_never_zero(void **state)
{
    static const unsigned char hashes_to_zero[] = {0xd5, 0x6b, 0xb9, 0x53, 0x42, 0x87, 0x08, 0x36};

    (void)state;
    assert_true(snapshot_hash("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(snapshot_hash("foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(snapshot_hash(hashes_to_zero, sizeof(hashes_to_zero)) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_foreign_bytes_are_refused),
        cmocka_unit_test(test_deployment_values_have_ranges),
        cmocka_unit_test(test_older_snapshots_are_read),
        cmocka_unit_test(test_older_targets_are_read),
        cmocka_unit_test(test_older_runs_and_rules_are_read),
        cmocka_unit_test(test_other_values_have_ranges),
        cmocka_unit_test(test_bytes_stay_as_they_are),
        cmocka_unit_test(test_hash_is_fnv1a_and_never_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
