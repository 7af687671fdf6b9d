/* metric_programs.c - one question for each metric that is a program, of the side that it is judged on.
 * SPDX-License-Identifier: MIT */
#include "daemon/metric_programs.h"

#include "base/text.h"
#include "collectors/command.h"
#include "collectors/command_series.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

struct asked {
    struct metric_programs *programs;
    char metric[METRIC_MAX_LENGTH + 1];
    bool is_refused; /* before the runner was asked */
    struct err why;
};

struct metric_programs {
    struct metric_programs_ear ear;
    size_t open_count; /* answers that are still to come, and the start itself */
    size_t count;
    struct asked asked[DEFINITION_METRICS_MAX];
};

static void end_one(struct metric_programs *programs)
{
    struct metric_programs_ear ear = programs->ear;

    if (--programs->open_count > 0)
        return;
    free(programs);
    ear.over(ear.data);
}

static void checked(void *data, const struct err *failure)
{
    struct asked *asked = data;

    asked->programs->ear.told(asked->programs->ear.data, asked->metric, failure);
    end_one(asked->programs);
}

/* What could not be asked is told now that the caller has the handle. */
static void begun(void *data)
{
    struct metric_programs *programs = data;

    for (size_t i = 0; i < programs->count; i++)
        if (programs->asked[i].is_refused)
            programs->ear.told(programs->ear.data, programs->asked[i].metric, &programs->asked[i].why);
    end_one(programs);
}

/* The candidate's; stable's where the metric is of that side alone. */
static bool find_side(struct live *live, const struct deployment_state *state,
                      const struct metric_definition *metric, struct side *ret_side)
{
    char key[SIDE_KEY_MAX];

    *ret_side = live_side(live, state, true);
    if (side_key(ret_side, metric, COMMAND_OPTION_COUNT, key))
        return true;
    *ret_side = live_side(live, state, false);
    return side_key(ret_side, metric, COMMAND_OPTION_COUNT, key);
}

static bool ask(struct live *live, const struct side *side, const struct metric_definition *metric,
                int64_t within_ms, struct asked *asked, struct err *err)
{
    const struct option_schema schema = {
        .name = command_collector.name, .use = command_options, .use_count = COMMAND_OPTION_COUNT};
    struct option_value values[COMMAND_OPTION_COUNT] = {0};
    char *texts = memory_take_array(COMMAND_OPTION_COUNT, SIDE_TEXT_MAX);
    bool is_asked = side_fill(side, metric, &schema, values, texts, err);

    if (is_asked) {
        const struct option_value *exec = &values[COMMAND_EXEC];
        const char **argv = memory_take_array(exec->list_length + 1, sizeof(*argv));
        for (size_t i = 0; i < exec->list_length; i++)
            argv[i] = exec->list[i];
        is_asked = runner_check(live->daemon->runner, argv, NULL, NULL, within_ms, checked, asked, err);
        free((void *)argv);
    }
    free(texts);
    return is_asked;
}

struct metric_programs *metric_programs_start(struct live *live, const struct deployment_state *state,
                                              int64_t within_ms, const struct metric_programs_ear *ear)
{
    struct metric_programs *programs = memory_take(sizeof(*programs));
    const struct definition *definition = live->definition;
    struct side side;

    programs->ear = *ear;
    programs->open_count = 1;
    for (size_t m = 0; m < definition->metric_count; m++) {
        const struct metric_definition *metric = &definition->metrics[m];
        struct asked *asked = &programs->asked[programs->count];
        if (collector_types[metric->collector] != &command_collector ||
            !find_side(live, state, metric, &side))
            continue;
        programs->count++;
        asked->programs = programs;
        (void)!text_copy(asked->metric, sizeof(asked->metric), metric->name);
        asked->is_refused = !ask(live, &side, metric, within_ms, asked, &asked->why);
        programs->open_count += !asked->is_refused;
    }
    if (programs->count == 0) {
        free(programs);
        return NULL;
    }
    loop_defer(live->daemon->loop, begun, programs);
    return programs;
}

void metric_programs_drop(struct metric_programs *programs)
{
    free(programs);
}
