/* listed_ask.c - listed deployments against the rules, and their values from the sources' history.
 * SPDX-License-Identifier: MIT */
#include "cli/listed.h"

#include "collectors/collector.h"
#include "collectors/prometheus.h"
#include "collectors/prometheus_history.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAD_MAX_MS = 3600 * 1000 /* of what was before; longer spans are read in part */ };

/* ---- what it is judged by ---- */

/* The newest definition used: lines of one service mostly follow each other. */
struct recent {
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    struct definition *definition;
};

static const struct definition *rules_for(struct recent *recent, const struct config *config,
                                          const struct listed_row *row, struct err *err)
{
    bool is_known = recent->definition != NULL && strcmp(recent->service, row->service) == 0 &&
                    strcmp(recent->environment, row->environment) == 0;

    if (is_known)
        return recent->definition;
    definition_free(recent->definition);
    memcpy(recent->service, row->service, sizeof(recent->service));
    memcpy(recent->environment, row->environment, sizeof(recent->environment));
    recent->definition = config_resolve(config, row->service, row->environment, NULL, false, err);
    return recent->definition;
}

/* UINT8_MAX: none is said. False: the definition has none of that name. */
static bool find_slot(const struct definition *definition, const char *name, uint8_t *ret_slot,
                      struct err *err)
{
    *ret_slot = UINT8_MAX;
    for (size_t i = 0; i < definition->slot_count; i++)
        if (strcmp(definition->slots[i].name, name) == 0)
            *ret_slot = (uint8_t)i;
    return name[0] == '\0' || *ret_slot != UINT8_MAX ||
           err_set(err, ERR_INVALID, "%s/%s has no slot '%s'", definition->service, definition->environment,
                   name);
}

static bool find_sides(const struct definition *definition, const struct listed_row *row,
                       struct side sides[2], struct err *err)
{
    uint8_t slot = UINT8_MAX;
    uint8_t stable_slot = UINT8_MAX;

    if (!find_slot(definition, row->slot, &slot, err) ||
        !find_slot(definition, row->stable_slot, &stable_slot, err))
        return false;
    for (int side = SIDE_CANDIDATE; side <= SIDE_STABLE; side++)
        sides[side] = (struct side){.definition = definition,
                                    .is_candidate = side == SIDE_CANDIDATE,
                                    .version = side == SIDE_CANDIDATE ? row->version : row->previous,
                                    .previous = row->previous,
                                    .slot = side == SIDE_CANDIDATE ? slot : stable_slot,
                                    .shares_slot = slot == stable_slot};
    return true;
}

/* ---- questions ---- */

struct question {
    bool is_asked; /* this side has a series of the metric */
    struct option_value *values;
    char *texts;
    uint64_t hash;
};

static void question_done(struct question *question)
{
    free(question->values);
    free(question->texts);
}

static bool question_fill(const struct side *side, const struct metric_definition *metric,
                          const struct option_schema *schema, struct question *ret_question, struct err *err)
{
    char key[SIDE_KEY_MAX];
    struct question question = {.is_asked = side_key(side, metric, schema->use_count, key)};

    if (question.is_asked) {
        question.values = memory_take_array(schema->use_count + 1, sizeof(*question.values));
        question.texts = memory_take_array(schema->use_count + 1, SIDE_TEXT_MAX);
        if (!side_fill(side, metric, schema, question.values, question.texts, err)) {
            question_done(&question);
            return false;
        }
        question.hash = side_hash(question.values, schema->use_count);
    }
    *ret_question = question;
    return true;
}

static bool has_history(const struct metric_definition *metric)
{
    return collector_types[metric->collector] == &prometheus_collector;
}

/* ---- checking ---- */

static bool check_row(struct recent *recent, const struct listed_row *row,
                      const struct listed_request *request, struct err *err)
{
    const struct definition *definition = rules_for(recent, request->config, row, err);
    struct side sides[2];

    if (definition == NULL || !find_sides(definition, row, sides, err))
        return false;
    for (size_t m = 0; m < definition->metric_count; m++) {
        const struct metric_definition *metric = &definition->metrics[m];
        struct question question = {0};
        if (!has_history(metric))
            continue;
        if (!question_fill(&sides[SIDE_CANDIDATE], metric, &request->schemas->collectors[metric->collector],
                           &question, err))
            return false;
        question_done(&question);
    }
    return true;
}

void listed_check(struct listed *listed, const struct listed_request *request)
{
    struct recent recent = {0};

    for (size_t i = 0; i < listed->count; i++) {
        struct err err = {0};
        if (check_row(&recent, &listed->rows[i], request, &err))
            continue;
        if (listed->finding_count < LISTED_FINDINGS_MAX)
            (void)snprintf(listed->findings[listed->finding_count], LISTED_FINDING_SIZE, "%.120s:%u: %.180s",
                           request->path, listed->rows[i].line, err.text);
        listed->finding_count++;
    }
    definition_free(recent.definition);
}

/* ---- values ---- */

/* Where the values of one side go. */
struct filling {
    struct past *past;
    size_t metric;
    enum expression_side side;
    int64_t from_ms, to_ms;
    double *values; /* NULL: not taken yet */
};

static double *row_at(struct filling *filling, int64_t at_ms, size_t columns)
{
    struct rejudge_values *values = &filling->past->metrics[filling->metric].side[filling->side];
    int64_t step_ms = filling->past->definition->metrics[filling->metric].step_ms;

    if (filling->values == NULL && !past_take_values(filling->past, filling->metric, filling->side,
                                                     filling->from_ms, filling->to_ms, &filling->values))
        return NULL;
    int64_t step = at_ms / step_ms - values->first_step;
    return step < 0 || step >= (int64_t)values->count ? NULL : &filling->values[(size_t)step * columns];
}

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    double *row = row_at(data, at_ms, 1);

    if (row != NULL)
        *row = value;
    return SERIES_TAKEN;
}

static void add(double *to, double number)
{
    *to = isnan(*to) ? number : *to + number;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    double *row = row_at(data, at_ms, 2);

    if (row == NULL)
        return SERIES_TAKEN;
    add(&row[0], events);
    add(&row[1], total);
    return SERIES_TAKEN;
}

/* The first bounds stay: values of others would not add up. */
static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t bucket_count)
{
    struct filling *filling = data;
    struct rejudge_values *values = &filling->past->metrics[filling->metric].side[filling->side];

    if (values->bounds == NULL) {
        double *copy = memory_take_array(bucket_count, sizeof(*copy));
        memcpy(copy, bounds, bucket_count * sizeof(*copy));
        values->bounds = copy;
        values->bucket_count = bucket_count;
    }
    if (values->bucket_count != bucket_count ||
        memcmp(values->bounds, bounds, bucket_count * sizeof(*bounds)) != 0)
        return SERIES_TAKEN;
    double *row = row_at(filling, at_ms, bucket_count);
    for (size_t i = 0; row != NULL && i < bucket_count; i++)
        add(&row[i], counts[i]);
    return SERIES_TAKEN;
}

/* A gap is a gap. */
static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    (void)trouble;
    (void)why;
}

struct asking {
    const struct listed_request *request;
    struct prometheus_history *histories[SETTINGS_INSTANCES_MAX]; /* by the settings' sources */
    struct past *past;
    char *why;
};

static struct prometheus_history *history_of(struct asking *asking, const struct metric_definition *metric,
                                             struct err *err)
{
    const struct settings *settings = asking->request->settings;

    for (size_t i = 0; i < settings->source_count; i++) {
        const struct settings_instance *source = &settings->sources[i];
        if (source->kind != metric->collector || strcmp(source->name, metric->source) != 0)
            continue;
        if (asking->histories[i] == NULL &&
            !prometheus_history_open(source->name, source->options, &asking->histories[i], err))
            return NULL;
        return asking->histories[i];
    }
    (void)err_set(err, ERR_NOT_FOUND, "the settings have no source prometheus:%s", metric->source);
    return NULL;
}

static bool ask_side(struct asking *asking, size_t metric, const struct question *question,
                     enum expression_side side, int64_t from_ms, int64_t to_ms, struct err *err)
{
    const struct metric_definition *measured = &asking->past->definition->metrics[metric];
    struct filling filling = {
        .past = asking->past, .metric = metric, .side = side, .from_ms = from_ms, .to_ms = to_ms};
    struct collector_series series = {.metric = measured->name,
                                      .kind = measured->kind,
                                      .every_ms = measured->every_ms,
                                      .options = question->values,
                                      .sink = {.data = &filling,
                                               .gauge = put_gauge,
                                               .count = put_count,
                                               .histogram = put_histogram,
                                               .trouble = put_trouble}};
    struct prometheus_history *history = history_of(asking, measured, err);

    return history != NULL && prometheus_history_read(history, &series, from_ms, to_ms, err);
}

static bool ask_sides(struct asking *asking, size_t metric, const struct question questions[2],
                      struct err *err)
{
    struct past *past = asking->past;
    int64_t step_ms = past->definition->metrics[metric].step_ms;
    int64_t lead_ms = side_past_steps(past->definition, metric) * step_ms;
    int64_t from_ms = past->routed_ms - (lead_ms < LEAD_MAX_MS ? lead_ms : LEAD_MAX_MS);
    int64_t to_ms = past->until_ms + step_ms;
    const struct question *stable = &questions[SIDE_STABLE];

    if (!ask_side(asking, metric, &questions[SIDE_CANDIDATE], SIDE_CANDIDATE, from_ms, to_ms, err))
        return false;
    if (stable->is_asked && !ask_side(asking, metric, stable, SIDE_STABLE, from_ms, to_ms, err))
        return false;
    return !side_wants_before(past->definition, metric) ||
           ask_side(asking, metric, stable->is_asked ? stable : &questions[SIDE_CANDIDATE], SIDE_BEFORE,
                    from_ms, past->routed_ms, err);
}

/* A source that is not there ends it all; one that has no good answer to this leaves a gap. */
static bool ask_metric(struct asking *asking, size_t metric, const struct side sides[2], struct err *err)
{
    struct past *past = asking->past;
    const struct metric_definition *measured = &past->definition->metrics[metric];
    const struct option_schema *schema = &asking->request->schemas->collectors[measured->collector];
    struct question questions[2] = {0};
    struct err said = {0};

    past->gaps[metric] = PAST_SOURCE;
    if (!has_history(measured))
        return true;
    bool is_good = question_fill(&sides[SIDE_CANDIDATE], measured, schema, &questions[SIDE_CANDIDATE], &said);
    /* What stable's side cannot fill in, such as a version that is not said, it does not have. */
    struct err unsaid = {0};
    is_good =
        is_good && (question_fill(&sides[SIDE_STABLE], measured, schema, &questions[SIDE_STABLE], &unsaid) ||
                    unsaid.code != ERR_NONE);
    is_good = is_good && questions[SIDE_CANDIDATE].is_asked && ask_sides(asking, metric, questions, &said);
    if (is_good)
        past->gaps[metric] =
            past->metrics[metric].side[SIDE_CANDIDATE].count > 0 ? PAST_COMPLETE : PAST_NOTHING;
    past->metrics[metric].is_same_series =
        questions[SIDE_STABLE].is_asked && questions[0].hash == questions[1].hash;
    question_done(&questions[SIDE_CANDIDATE]);
    question_done(&questions[SIDE_STABLE]);
    if (!is_good && asking->why[0] == '\0')
        (void)snprintf(asking->why, ERR_TEXT_MAX, "%s", said.text);
    bool is_away =
        !is_good && (said.code == ERR_UNAVAILABLE || said.code == ERR_TIMEOUT || said.code == ERR_NOT_FOUND);
    return !is_away || err_set(err, said.code, "%s", said.text);
}

static bool ask_row(struct asking *asking, struct recent *recent, const struct listed_row *row,
                    struct err *err)
{
    const struct listed_request *request = asking->request;
    const struct definition *definition = rules_for(recent, request->config, row, err);
    struct past *past = asking->past;
    struct side sides[2];
    bool is_good = true;

    if (definition == NULL || !find_sides(definition, row, sides, err))
        return false;
    past_init(past, definition);
    (void)snprintf(past->id, sizeof(past->id), "line %u", row->line);
    memcpy(past->service, row->service, sizeof(past->service));
    memcpy(past->environment, row->environment, sizeof(past->environment));
    memcpy(past->version, row->version, sizeof(past->version));
    memcpy(past->previous, row->previous, sizeof(past->previous));
    (void)snprintf(past->outcome, sizeof(past->outcome), "%s", past_label_name(row->label));
    past->label = row->label;
    past->routed_ms = row->start_ms;
    past->until_ms = row->end_ms;
    for (size_t m = 0; m < definition->metric_count && is_good; m++)
        is_good = ask_metric(asking, m, sides, err);
    is_good = is_good && request->each(request->arg, past, err);
    past_done(past);
    return is_good;
}

bool listed_ask(const struct listed *listed, const struct listed_request *request, char ret_why[ERR_TEXT_MAX],
                struct err *err)
{
    struct asking asking = {.request = request, .past = memory_take(sizeof(struct past)), .why = ret_why};
    struct recent recent = {0};
    bool is_good = true;

    ret_why[0] = '\0';
    for (size_t i = 0; i < listed->count && is_good; i++) {
        const struct listed_row *row = &listed->rows[i];
        bool is_wanted =
            (request->service[0] == '\0' || strcmp(request->service, row->service) == 0) &&
            (request->environment[0] == '\0' || strcmp(request->environment, row->environment) == 0);
        if (is_wanted && !ask_row(&asking, &recent, row, err))
            is_good = err_wrap(err, "%s:%u", request->path, row->line);
    }
    for (size_t i = 0; i < SETTINGS_INSTANCES_MAX; i++)
        prometheus_history_close(asking.histories[i]);
    definition_free(recent.definition);
    free(asking.past);
    return is_good;
}
