/* plan_lines.c - the lines of a scenario that make its recipe.
 * SPDX-License-Identifier: MIT */
#include "scenarios/story.h"

#include "base/text.h"

#include <string.h>

enum { COMMAND_LIMIT_MS = 20000, SMOKE_LIMIT_MS = 10000, HELD_LIMIT_MS = 3600000, BACK_LIMIT_MS = 60000 };

typedef bool line_reader(struct story *story, const struct story_words *words, struct err *err);

void story_start_plan(struct story *story)
{
    struct recipe *recipe = &story->recipe;

    recipe->strategy = STRATEGY_CANARY;
    recipe->has_traffic = true;
    recipe->commands = story->commands;
    recipe->deploy = recipe->retire = recipe->rollback = recipe->smoke = PLAN_NONE;
    recipe->drain = recipe->restore = recipe->prepare = recipe->warm_up = PLAN_NONE;
    recipe->smoke_limit_ms = SMOKE_LIMIT_MS;
    recipe->held_limit_ms = HELD_LIMIT_MS;
    recipe->rollback_limit_ms = BACK_LIMIT_MS;
}

static bool has(const struct story_words *words, const char *word)
{
    for (int i = 1; i < words->count; i++)
        if (strcmp(words->at[i], word) == 0)
            return true;
    return false;
}

/* Time after `name`, where it stands. */
static bool read_time(const struct story_words *words, const char *name, int64_t *time_ms, struct err *err)
{
    const char *word = story_option(words, name);

    return word == NULL || story_time(word, time_ms) || err_set(err, ERR_INVALID, "`%s` is no time", word);
}

static enum step_outcome outcome_of(const struct story_words *words)
{
    const char *word = story_option(words, "or");

    return word != NULL && strcmp(word, "hold") == 0 ? OUTCOME_HOLD : OUTCOME_ROLLBACK;
}

static bool read_strategy(struct story *story, const struct story_words *words, struct err *err)
{
    static const char *const names[STRATEGY_KIND_COUNT] = {
        [STRATEGY_CANARY] = "canary",     [STRATEGY_FOLLOW] = "follow",
        [STRATEGY_RECREATE] = "recreate", [STRATEGY_BLUE_GREEN] = "blue_green",
        [STRATEGY_ROLLING] = "rolling",   [STRATEGY_FEATURE_FLAG] = "feature_flag",
        [STRATEGY_SHADOW] = "shadow",
    };

    for (int i = 0; i < STRATEGY_KIND_COUNT; i++)
        if (strcmp(words->at[1], names[i]) == 0) {
            story->recipe.strategy = (enum strategy_kind)i;
            story->recipe.has_traffic = !has(words, "untouched") && i != STRATEGY_ROLLING;
            story->recipe.is_record = has(words, "record");
            story->recipe.then = has(words, "canary_then")   ? SHADOW_CANARY
                                 : has(words, "switch_then") ? SHADOW_BLUE_GREEN
                                                             : SHADOW_STOP;
            return read_time(words, "watch", &story->recipe.watch_ms, err);
        }
    return err_set(err, ERR_INVALID, "no strategy `%s`", words->at[1]);
}

static bool read_stable(struct story *story, const struct story_words *words, struct err *err)
{
    (void)err;
    story->stable = words->at[1];
    return true;
}

static bool read_command(struct story *story, const struct story_words *words, struct err *err)
{
    uint16_t index = story->recipe.command_count;
    const char *undo = story_option(words, "undo");
    const char *probe = story_option(words, "probe");

    if (index == STORY_COMMANDS_MAX || (undo != NULL && story_command(story, undo) < 0) ||
        (probe != NULL && story_command(story, probe) < 0))
        return err_set(err, ERR_INVALID,
                       "one command too many, or its undo or probe does not stand above it");
    struct recipe_command *command = &story->commands[index];
    *command = (struct recipe_command){
        .exists = true,
        .is_undone_first = has(words, "first"),
        .repeat = probe != NULL          ? REPEAT_PROBE
                  : has(words, "unsafe") ? REPEAT_UNSAFE
                                         : REPEAT_IDEMPOTENT,
        .on_rollback = has(words, "keep")   ? ON_ROLLBACK_KEEP
                       : has(words, "hold") ? ON_ROLLBACK_HOLD
                                            : ON_ROLLBACK_UNDO,
        .undo = undo == NULL ? (uint16_t)PLAN_NONE : (uint16_t)story_command(story, undo),
        .probe = probe == NULL ? (uint16_t)PLAN_NONE : (uint16_t)story_command(story, probe),
        .limit_ms = COMMAND_LIMIT_MS,
        .tries_max = 3,
    };
    story->command_names[index] = words->at[1];
    story->recipe.command_count++;
    if (strcmp(words->at[1], "deploy") == 0)
        story->recipe.deploy = index;
    if (strcmp(words->at[1], "retire") == 0)
        story->recipe.retire = index;
    if (strcmp(words->at[1], "back") == 0)
        story->recipe.rollback = index;
    if (strcmp(words->at[1], "drain") == 0)
        story->recipe.drain = index;
    if (strcmp(words->at[1], "disaster") == 0) {
        story->recipe.has_disaster = true;
        story->recipe.disaster = index;
    }
    if (strcmp(words->at[1], "restore") == 0)
        story->recipe.restore = index;
    if (strcmp(words->at[1], "configure") == 0) {
        story->recipe.has_configure = true;
        story->recipe.configure = index;
    }
    if (has(words, "own") && story->recipe.own_count < RECIPE_OWN_MAX)
        story->recipe.own[story->recipe.own_count++] = index;
    return read_time(words, "timeout", &command->limit_ms, err) &&
           read_time(words, "after", &story->recipe.retire_delay_ms, err);
}

static bool read_smoke(struct story *story, const struct story_words *words, struct err *err)
{
    (void)err;
    (void)words;
    story->recipe.smoke = 0;
    return true;
}

static bool read_rule(struct story *story, const struct story_words *words, struct err *err)
{
    static const char *const parts[] = {"rollback", "hold", "ask", "record"};
    uint8_t index = story->recipe.rule_count;

    for (uint8_t i = 0; words->count > 2 && index < STORY_RULES_MAX && i < ARRAY_LENGTH(parts); i++)
        if (strcmp(words->at[2], parts[i]) == 0) {
            story->rule_names[index] = words->at[1];
            story->recipe.rules[index] = i;
            if (has(words, "beside"))
                story->recipe.beside_stable |= UINT32_C(1) << index;
            story->recipe.rule_count++;
            return true;
        }
    return err_set(err, ERR_INVALID, "write `rule NAME rollback|hold|ask|record`");
}

static bool fill_step(struct story *story, const struct story_words *words, struct recipe_step *step)
{
    const char *kind = words->at[1];
    const char *what = words->count > 2 ? words->at[2] : "";
    int64_t count = 0;

    if (strcmp(kind, "command") == 0) {
        step->command = (uint16_t)story_command(story, what);
        return story_command(story, what) >= 0;
    }
    if (strcmp(kind, "smoke") == 0) {
        step->smoke = 0;
        return true;
    }
    if (strcmp(kind, "route") == 0) {
        step->has_route = true;
        return story_share(what, &step->share);
    }
    if (strcmp(kind, "mirror") == 0) {
        step->has_mirror = true;
        return story_share(what, &step->share);
    }
    if (strcmp(kind, "replace") == 0) {
        step->has_replace = true;
        if (text_to_integer(what, 1, PLAN_HOSTS_MAX, &count))
            step->hosts = (uint16_t)count;
        return step->hosts > 0 || story_share(what, &step->share);
    }
    if (strcmp(kind, "approve") == 0 && text_to_integer(what, 1, 9, &count)) {
        step->approvals = (uint16_t)count;
        return true;
    }
    if (strcmp(kind, "gate") == 0) {
        step->has_gate = true;
        return true;
    }
    return strcmp(kind, "watch") == 0;
}

/* `word` may be NULL: it was not said. */
static bool read_count(const char *word, uint16_t *count, struct err *err)
{
    int64_t number = 0;

    if (word == NULL)
        return true;
    if (!text_to_integer(word, 1, PLAN_HOSTS_MAX, &number))
        return err_set(err, ERR_INVALID, "`%s` is no count of hosts", word);
    *count = (uint16_t)number;
    return true;
}

/* step command NAME | smoke | route SHARE | mirror SHARE | replace COUNT or SHARE | approve COUNT | gate |
 * watch; batch, observe, watch, at_most, within, every, or */
static bool read_step(struct story *story, const struct story_words *words, struct err *err)
{
    struct recipe *recipe = &story->recipe;
    struct recipe_step *step = &recipe->steps[recipe->step_count];

    if (recipe->step_count == PLAN_STEPS_MAX)
        return err_set(err, ERR_LIMIT, "too many steps");
    *step = (struct recipe_step){.command = PLAN_NONE, .smoke = PLAN_NONE, .on_limit = outcome_of(words)};
    if (!fill_step(story, words, step))
        return err_set(err, ERR_INVALID, "no such step");
    recipe->step_count++;
    return read_count(story_option(words, "batch"), &step->batch, err) &&
           read_time(words, "observe", &step->observe_ms, err) &&
           read_time(words, "watch", &step->watch_ms, err) &&
           read_time(words, "at_most", &step->limit_ms, err) &&
           read_time(words, "every", &step->every_ms, err) &&
           read_time(words, "within", &step->limit_ms, err);
}

static bool read_held(struct story *story, const struct story_words *words, struct err *err)
{
    story->recipe.on_held_limit = outcome_of(words);
    return read_time(words, "at_most", &story->recipe.held_limit_ms, err);
}

/* hosts COUNT [away COUNT] */
static bool read_hosts(struct story *story, const struct story_words *words, struct err *err)
{
    return read_count(words->at[1], &story->recipe.host_count, err) &&
           read_count(story_option(words, "away"), &story->recipe.max_unavailable, err);
}

static bool read_back(struct story *story, const struct story_words *words, struct err *err)
{
    return read_time(words, "within", &story->recipe.rollback_limit_ms, err);
}

/* brake service 2 within 6h, brake fleet 4 within 5m */
static bool read_brake(struct story *story, const struct story_words *words, struct err *err)
{
    struct engine_brakes *brakes = &story->brakes;
    bool is_fleet = strcmp(words->at[1], "fleet") == 0;
    int64_t count = 0;

    if (words->count < 3 || !text_to_integer(words->at[2], 1, TARGET_FALLS_MAX, &count))
        return err_set(err, ERR_INVALID, "write `brake service|fleet COUNT within TIME`");
    *(is_fleet ? &brakes->services : &brakes->rollbacks) = (uint8_t)count;
    return read_time(words, "within", is_fleet ? &brakes->services_ms : &brakes->rollbacks_ms, err);
}

bool story_plan_line(struct story *story, const struct story_words *words, struct err *err)
{
    static const struct {
        const char *word;
        line_reader *read;
    } lines[] = {
        {"strategy", read_strategy}, {"stable", read_stable}, {"command", read_command},
        {"smoke", read_smoke},       {"rule", read_rule},     {"step", read_step},
        {"held", read_held},         {"way_back", read_back}, {"hosts", read_hosts},
        {"brake", read_brake},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        if (strcmp(words->at[0], lines[i].word) == 0) {
            if (words->count < 2 && lines[i].read != read_smoke)
                return err_set(err, ERR_INVALID, "`%s` says too little", words->at[0]);
            return lines[i].read(story, words, err);
        }
    return err_set(err, ERR_INVALID, "no line begins with `%s`", words->at[0]);
}
