/* happenings.c - what an `at` line does to the stage: people, metrics, levers, the journal, the process.
 * SPDX-License-Identifier: MIT */
#include "scenarios/stage.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

typedef bool happening(struct stage *stage, const struct story_words *words, struct err *err);

enum { TOKENS_FROM = 1000 };

static uint64_t key_of(const char *version)
{
    return snapshot_hash(version, strlen(version));
}

static uint64_t ask(struct stage *stage, uint64_t token, const struct story_words *words)
{
    struct asked *asked = &stage->asked[stage->asked_count % STAGE_ASKED_MAX];
    struct text text;

    stage->asked_count += stage->asked_count < STAGE_ASKED_MAX;
    asked->token = token;
    text_init(&text, asked->text, sizeof(asked->text));
    for (int i = 0; i < words->count; i++)
        text_add(&text, i > 0 ? " %s" : "%s", words->at[i]);
    return token;
}

/* `at SERVICE`: its number; or its name, the first that is named is the second service; `fleet` is all of
 * them. */
static uint32_t target_of(struct stage *stage, const struct story_words *words)
{
    const char *name = story_option(words, "at");
    int64_t number = BENCH_TARGET;
    uint32_t target = BENCH_TARGET + 1;

    if (name == NULL || text_to_integer(name, 1, STAGE_SERVICES, &number))
        return (uint32_t)number;
    if (strcmp(name, "fleet") == 0)
        return STAGE_FLEET;
    while (target < STAGE_SERVICES && stage->services[target] != NULL &&
           strcmp(stage->services[target], name) != 0)
        target++;
    stage->services[target] = name;
    return target;
}

static bool has(const struct story_words *words, const char *word)
{
    for (int i = 1; i < words->count; i++)
        if (strcmp(words->at[i], word) == 0)
            return true;
    return false;
}

/* start VERSION [queues|replaces|emergency|bad_stable] [locked] [at SERVICE] */
static bool start(struct stage *stage, const struct story_words *words, struct err *err)
{
    struct bench_live *live = bench_prepare(&stage->bench, key_of(words->at[1]));

    *live->plan = stage->plan;
    live->start.target = target_of(stage, words);
    live->start.service_key = live->start.target;
    live->start.replaces = has(words, "replaces");
    live->start.is_stable_bad = has(words, "bad_stable");
    live->start.is_emergency = live->start.is_stable_bad || has(words, "emergency");
    live->start.queues = live->start.replaces || live->start.is_emergency || has(words, "queues");
    live->start.lock = has(words, "locked") ? STAGE_LOCK : 0;
    live->start.needs_stable = stage->plan.has_traffic || stage->plan.host_count > 0;
    (void)ask(stage, live->start.token, words);
    return engine_start(stage->bench.engine, &live->start) || err_set(err, ERR_LIMIT, "the queue is full");
}

/* retry VERSION of DEPLOYMENT, by a person who may take it out of quarantine; `only`: by one who may not */
static bool retry(struct stage *stage, const struct story_words *words, struct err *err)
{
    const char *which = story_option(words, "of");
    struct bench_live *live = bench_prepare(&stage->bench, key_of(words->at[1]));
    int64_t deployment = 0;

    if (which == NULL || !text_to_integer(which, 1, 99, &deployment))
        return err_set(err, ERR_INVALID, "write `retry VERSION of DEPLOYMENT`");
    *live->plan = stage->plan;
    live->start.retries = (uint64_t)deployment;
    live->start.takes_out = strcmp(words->at[words->count - 1], "only") != 0;
    (void)ask(stage, live->start.token, words);
    return engine_start(stage->bench.engine, &live->start) || err_set(err, ERR_LIMIT, "the queue is full");
}

/* VERB [RULE] [of DEPLOYMENT] */
static bool say(struct stage *stage, const struct story_words *words, enum verb verb, struct err *err)
{
    const char *which = story_option(words, "of");
    int rule = verb == VERB_MUTE && words->count > 1 ? story_rule(stage->story, words->at[1]) : 0;
    int64_t deployment = 1;

    if (rule < 0 || (which != NULL && !text_to_integer(which, 1, 99, &deployment)))
        return err_set(err, ERR_INVALID, "no such rule or deployment");
    uint64_t token = ask(stage, TOKENS_FROM + (uint64_t)stage->asked_count, words);
    return engine_verb(stage->bench.engine, token, (uint64_t)deployment, verb, (uint8_t)rule) ||
           err_set(err, ERR_LIMIT, "the queue is full");
}

static bool say_of_target(struct stage *stage, const struct story_words *words, enum target_verb_kind kind,
                          struct err *err)
{
    bool is_door = kind == TARGET_FREEZE || kind == TARGET_UNFREEZE;
    struct target_verb verb = {.kind = kind, .target = target_of(stage, words)};

    if (words->count > 1 && !is_door)
        verb.version_key = key_of(words->at[1]);
    if (words->count > 2 && !is_door)
        verb.slot = words->at[2][0] == '1';
    uint64_t token = ask(stage, TOKENS_FROM + (uint64_t)stage->asked_count, words);
    return engine_target_verb(stage->bench.engine, token, &verb) ||
           err_set(err, ERR_LIMIT, "the queue is full");
}

/* metric RULE good|bad|silent|flooded, of all services or `at SERVICE` */
static bool metric(struct stage *stage, const struct story_words *words, struct err *err)
{
    int rule = story_rule(stage->story, words->at[1]);

    if (rule < 0 || words->count < 3)
        return err_set(err, ERR_INVALID, "write `metric RULE good|bad|silent|flooded`");
    stage->is_flooded[rule] = strcmp(words->at[2], "flooded") == 0;
    stage->is_silent[rule] = strcmp(words->at[2], "silent") == 0;
    for (uint32_t target = 1; target <= STAGE_SERVICES; target++)
        if (story_option(words, "at") == NULL || target == target_of(stage, words))
            stage->values[target][rule] = strcmp(words->at[2], "bad") == 0 ? BENCH_BAD : BENCH_GOOD;
    return true;
}

static struct deed *deed_of(struct stage *stage, const char *name)
{
    int command = story_command(stage->story, name);

    for (int i = ACTION_REHEARSE; i <= ACTION_GATE; i++)
        if (strcmp(action_kind_name((enum action_kind)i), name) == 0)
            return &stage->actions[i];
    return command < 0 ? NULL : &stage->commands[command];
}

/* world ACTION done|again|failed|unknown|silent, or takes TIME */
static bool world(struct stage *stage, const struct story_words *words, struct err *err)
{
    static const char *const results[] = {"done", "again", "failed", "unknown"};
    struct deed *deed = deed_of(stage, words->at[1]);
    const char *how = words->count > 2 ? words->at[2] : "";

    if (deed == NULL)
        return err_set(err, ERR_INVALID, "no action or command `%s`", words->at[1]);
    if (strcmp(how, "takes") == 0 && words->count > 3)
        return story_time(words->at[3], &deed->takes_ms) || err_set(err, ERR_INVALID, "no time");
    deed->is_silent = strcmp(how, "silent") == 0;
    for (int i = 0; i <= RESULT_UNKNOWN; i++)
        if (strcmp(how, results[i]) == 0) {
            deed->result = (enum result)i;
            return true;
        }
    return deed->is_silent || err_set(err, ERR_INVALID, "`%s` is no end of an action", how);
}

/* proxy SHARE [anew]: somebody or something else sets it; or it began anew with it. */
static bool proxy(struct stage *stage, const struct story_words *words, struct err *err)
{
    stage->are_anew[BENCH_TARGET] = words->count > 2 && strcmp(words->at[2], "anew") == 0;
    return story_share(words->at[1], &stage->shares[BENCH_TARGET]) || err_set(err, ERR_INVALID, "no share");
}

/* journal fine|full|stuck, or takes TIME */
static bool journal(struct stage *stage, const struct story_words *words, struct err *err)
{
    const char *how = words->at[1];
    bool takes = strcmp(how, "takes") == 0 && words->count > 2;

    stage->journal_takes_ms = 0;
    stage->bench.journal = strcmp(how, "full") == 0             ? BENCH_REFUSES
                           : strcmp(how, "stuck") == 0 || takes ? BENCH_STUCK
                                                                : BENCH_WRITES;
    if (takes)
        return story_time(words->at[2], &stage->journal_takes_ms) || err_set(err, ERR_INVALID, "no time");
    return stage->bench.journal != BENCH_WRITES || strcmp(how, "fine") == 0 ||
           err_set(err, ERR_INVALID, "no such journal");
}

/* stall TIME: nothing turns so long; what ends meanwhile is heard after it. */
static bool stall(struct stage *stage, const struct story_words *words, struct err *err)
{
    int64_t away_ms = 0;

    if (!story_time(words->at[1], &away_ms))
        return err_set(err, ERR_INVALID, "no time");
    stage->bench.now_ms += away_ms;
    engine_gap(stage->bench.engine, away_ms);
    return true;
}

/* kill TIME: the process dies and comes back so much later. Commands are their runner's. */
static bool kill_for(struct stage *stage, const struct story_words *words, struct err *err)
{
    int64_t away_ms = 0;

    if (!story_time(words->at[1], &away_ms))
        return err_set(err, ERR_INVALID, "no time");
    for (int i = 0; i < STAGE_JOBS_MAX; i++) {
        struct job *job = &stage->jobs[i];
        job->is_told = true;
        if (job->action.kind != ACTION_COMMAND)
            job->deployment = 0;
    }
    bench_restart(&stage->bench, away_ms);
    engine_set_brakes(stage->bench.engine, &stage->brakes);
    return true;
}

struct verb_word {
    const char *word;
    enum verb verb;
};

static const struct verb_word verbs[] = {
    {"promote", VERB_PROMOTE}, {"promote_full", VERB_PROMOTE_FULL},
    {"hold", VERB_HOLD},       {"resume", VERB_RESUME},
    {"abort", VERB_ABORT},     {"rollback", VERB_ROLLBACK},
    {"approve", VERB_APPROVE}, {"rollback_past", VERB_ROLLBACK_PAST},
    {"reject", VERB_REJECT},   {"mute", VERB_MUTE},
};

struct target_word {
    const char *word;
    enum target_verb_kind kind;
};

static const struct target_word target_verbs[] = {
    {"adopt", TARGET_ADOPT},
    {"freeze", TARGET_FREEZE},
    {"unfreeze", TARGET_UNFREEZE},
    {"quarantine", TARGET_QUARANTINE_ADD},
    {"clear", TARGET_QUARANTINE_CLEAR},
};

struct other_word {
    const char *word;
    happening *happen;
};

static const struct other_word others[] = {
    {"start", start}, {"retry", retry}, {"metric", metric},   {"world", world},
    {"proxy", proxy}, {"stall", stall}, {"journal", journal}, {"kill", kill_for},
};

bool stage_happen(struct stage *stage, const struct story_words *words, struct err *err)
{
    const char *word = words->at[0];

    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (strcmp(word, verbs[i].word) == 0)
            return say(stage, words, verbs[i].verb, err);
    for (size_t i = 0; i < ARRAY_LENGTH(target_verbs); i++)
        if (strcmp(word, target_verbs[i].word) == 0)
            return say_of_target(stage, words, target_verbs[i].kind, err);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (strcmp(word, others[i].word) == 0 && words->count > 1)
            return others[i].happen(stage, words, err);
    return err_set(err, ERR_INVALID, "nothing is known that begins with `%s`", word);
}
