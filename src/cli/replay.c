/* replay.c - recordings through series windows and the judge.
 * SPDX-License-Identifier: MIT */
#include "cli/replay.h"

#include "io/memory.h"
#include "series/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The recording's 0 on the engine's clock: whole steps of any resolution. */
static const int64_t zero_ms = INT64_C(100) * 24 * 3600 * 1000;

struct track {
    const struct recorded_series *recorded;
    struct series *series;
    size_t sample;
    uint32_t taken; /* of the sample's times */
    int64_t due_ms; /* end of the next step, on the engine's clock; INT64_MAX: no more */
};

struct replay {
    const struct recording *recording;
    const struct rule *rule;
    struct series_book *book;
    struct track tracks[RECORDING_SERIES_MAX];
    size_t track_count;
    struct metric_views views[RULE_METRICS_MAX];
    struct rule_state state;
    struct rule_clock clock;
};

static bool open_track(struct replay *replay, const struct recorded_series *recorded,
                       const struct metric_definition *metric, uint8_t index, struct err *err)
{
    static const char *const kinds[] = {"gauge", "counter", "histogram"};
    static const char *const keys[] = {"candidate", "stable", "before"};
    int64_t steps = replay->recording->until_ms / metric->step_ms + 2;
    struct series_shape shape = {.kind = metric->kind,
                                 .step_ms = (uint32_t)metric->step_ms,
                                 .capacity =
                                     steps > SERIES_CAPACITY_MAX ? SERIES_CAPACITY_MAX : (uint32_t)steps,
                                 .holds_ms = metric->holds_ms};
    struct series_name name = {"recording", "recording", keys[recorded->side], metric->name};
    struct track *track = &replay->tracks[replay->track_count];

    if (recorded->kind != metric->kind)
        return err_set(err, ERR_INVALID, "series of '%s': the samples are of a %s, the metric is a %s",
                       metric->name, kinds[recorded->kind], kinds[metric->kind]);
    if (replay->views[index].side[recorded->side] != NULL)
        return err_set(err, ERR_INVALID, "'%s' is recorded twice for %s", metric->name, keys[recorded->side]);
    if (!series_open(replay->book, &name, &shape, &track->series, err))
        return false;
    replay->track_count++;
    track->recorded = recorded;
    track->due_ms =
        recorded->sample_count == 0 ? INT64_MAX : zero_ms + recorded->from_ms + recorded->every_ms;
    replay->views[index].side[recorded->side] = series_view_of(track->series);
    return true;
}

static bool open_tracks(struct replay *replay, const struct definition *definition,
                        const struct rule_definition *rule, struct err *err)
{
    for (uint8_t i = 0; i < rule->rule.metric_count; i++) {
        const struct metric_definition *metric = &definition->metrics[rule->metrics[i]];
        for (size_t k = 0; k < replay->recording->series_count; k++) {
            const struct recorded_series *recorded = &replay->recording->series[k];
            if (strcmp(recorded->metric, metric->name) == 0 && !open_track(replay, recorded, metric, i, err))
                return false;
        }
    }
    return true;
}

/* What is of a step is put at its last millisecond, when the step is over. */
static void put(const struct replay *replay, const struct track *track, const struct recorded_sample *sample)
{
    const struct recorded_series *recorded = track->recorded;
    int64_t at_ms = track->due_ms - 1;

    if (sample->is_gap)
        return;
    if (sample->trouble != SERIES_FINE)
        series_set_trouble(track->series, sample->trouble);
    else if (recorded->kind == SERIES_GAUGE)
        series_put_gauge(track->series, at_ms, track->due_ms, sample->value);
    else if (recorded->kind == SERIES_COUNT)
        series_put_count(track->series, at_ms, track->due_ms, sample->value, sample->total);
    else
        series_put_histogram(track->series, at_ms, track->due_ms, recorded->bounds,
                             &replay->recording->counts[sample->counts], recorded->bound_count);
}

static void advance(const struct replay *replay, struct track *track)
{
    const struct recorded_sample *sample = &track->recorded->samples[track->sample];

    put(replay, track, sample);
    if (++track->taken == sample->times) {
        track->taken = 0;
        track->sample++;
    }
    if (track->sample == track->recorded->sample_count)
        track->due_ms = INT64_MAX;
    else
        track->due_ms += track->recorded->every_ms;
}

static int64_t next_sample(const struct replay *replay)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < replay->track_count; i++)
        if (replay->tracks[i].due_ms < next_ms)
            next_ms = replay->tracks[i].due_ms;
    return next_ms;
}

/* Every sample and every deadline in its time, until the rule fails or the recording is over. */
static void run(struct replay *replay, struct replayed *ret_replayed)
{
    int64_t end_ms = zero_ms + replay->recording->until_ms;
    int64_t now_ms = zero_ms;

    do {
        int64_t due_ms = rule_deadline(replay->rule, replay->views, &replay->clock, &replay->state);
        int64_t sample_ms = next_sample(replay);
        now_ms = due_ms < sample_ms ? due_ms : sample_ms;
        now_ms = now_ms < end_ms ? now_ms : end_ms;
        replay->clock.now_ms = now_ms;
        for (size_t i = 0; i < replay->track_count; i++)
            while (replay->tracks[i].due_ms <= now_ms)
                advance(replay, &replay->tracks[i]);
        series_book_close_steps(replay->book, now_ms);
        rule_judge(replay->rule, replay->views, &replay->clock, &replay->state, &replay->state,
                   &ret_replayed->judgement);
    } while (now_ms < end_ms && ret_replayed->judgement.verdict != VERDICT_FAIL);
    ret_replayed->at_ms = now_ms - zero_ms;
}

static bool replay_alone(const struct recording *recording, const struct definition *definition, size_t rule,
                         struct replayed *ret_replayed, struct err *err)
{
    static const struct series_events events = {0};
    struct replay *replay = memory_take(sizeof(*replay));
    int64_t routed_ms = zero_ms + recording->routed_ms;

    replay->recording = recording;
    replay->rule = &definition->rules[rule].rule;
    replay->book = series_book_new(&events);
    replay->clock = (struct rule_clock){.now_ms = zero_ms, .routed_ms = routed_ms, .confirmed_ms = routed_ms};
    replay->state.began_ms = routed_ms;
    bool is_good = open_tracks(replay, definition, &definition->rules[rule], err);
    if (is_good)
        run(replay, ret_replayed);
    for (size_t i = 0; i < replay->track_count; i++)
        series_close(replay->tracks[i].series);
    series_book_free(replay->book);
    free(replay);
    return is_good;
}

/* What its members were at the end, or when they failed. */
static bool replay_score(const struct recording *recording, const struct definition *definition, size_t rule,
                         struct replayed *ret_replayed, struct err *err)
{
    const struct score *score = &definition->rules[rule].rule.score;
    struct rule_state *states = memory_take_array(definition->rule_count, sizeof(*states));
    struct replayed replayed = {.at_ms = 0};
    bool is_good = true;

    for (uint8_t i = 0; i < score->member_count && is_good; i++) {
        struct replayed member = {.at_ms = 0};
        is_good = replay_alone(recording, definition, score->members[i], &member, err);
        states[score->members[i]].last = member.judgement;
        replayed.at_ms = member.at_ms > replayed.at_ms ? member.at_ms : replayed.at_ms;
    }
    if (is_good) {
        score_judge(score, states, 0, &replayed.judgement);
        *ret_replayed = replayed;
    }
    free(states);
    return is_good;
}

bool replay_rule(const struct recording *recording, const struct definition *definition, size_t rule,
                 struct replayed *ret_replayed, struct err *err)
{
    return definition->rules[rule].rule.kind == RULE_SCORE
               ? replay_score(recording, definition, rule, ret_replayed, err)
               : replay_alone(recording, definition, rule, ret_replayed, err);
}
