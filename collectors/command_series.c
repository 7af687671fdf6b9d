/* command_series.c - options of a metric whose values a command prints, and values out of its output.
 * SPDX-License-Identifier: MIT */
#include "collectors/command_series.h"

#include "collectors/combine.h"
#include "collectors/decode.h"
#include "collectors/selector.h"
#include "io/memory.h"
#include "io/runner_protocol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 2 };

static const char *const decoder_names[] = {"number", "json", "influx", "openmetrics", NULL};
static const enum decoder decoders[] = {DECODER_NUMBER, DECODER_JSON, DECODER_INFLUX, DECODER_OPENMETRICS};

const struct option command_options[COMMAND_OPTION_COUNT] = {
    [QUERY_VALUE] = {.name = "value",
                     .type = OPTION_TEXT,
                     .help = "Place of a gauge in the output: \".depth\" in JSON, \"up{job='x'}\" of "
                             "openmetrics, \"disk.free{path='/'}\" of influx"},
    [QUERY_EVENTS] = {.name = "events",
                      .type = OPTION_TEXT,
                      .help = "Place of a raw counter: what is counted against the total"},
    [QUERY_TOTAL] = {.name = "total", .type = OPTION_TEXT, .help = "Place of the raw counter of everything"},
    [QUERY_BUCKETS] = {.name = "buckets",
                       .type = OPTION_TEXT,
                       .help = "Raw cumulative buckets with their le, of openmetrics"},
    [QUERY_COMBINE] = {.name = "combine",
                       .type = OPTION_CHOICE,
                       .choices = combine_names,
                       .help = "One value of all that fit the place; share: of those that are not 0"},
    [COMMAND_EXEC] = {.name = "exec",
                      .type = OPTION_LIST,
                      .is_required = true,
                      .min = 1,
                      .max = RUNNER_ARGUMENTS_MAX,
                      .help = "The program (its whole path) and its arguments, started by verdict-runner "
                              "without a shell; one that names {{address}} stands for each of the slot's"},
    [COMMAND_TIMEOUT] = {.name = "timeout",
                         .type = OPTION_DURATION,
                         .min = 100,
                         .max = 60000,
                         .fallback = "5s",
                         .help = "A command that runs longer is stopped"},
    [COMMAND_DECODER] = {.name = "decoder",
                         .type = OPTION_CHOICE,
                         .choices = decoder_names,
                         .help = "What is printed; default: json where a place is given, else a number"},
};

struct part {
    char *place;
    struct selector *selector; /* of decoders that have many values */
};

struct command_series {
    struct collector_sink sink;
    enum decoder decoder;
    struct prometheus_query *query;
    size_t part_count;
    struct part parts[PARTS_MAX]; /* a count's first is its total */
};

/* ---- values ---- */

static bool read_part(const struct command_series *series, const struct part *part,
                      struct decode_message *message, struct prometheus_vector *ret_vector, struct err *err)
{
    double number = 0;

    if (part->selector != NULL)
        return decode_selected(message, series->decoder, part->selector, ret_vector, err);
    if (!decode_number(message, series->decoder, part->place, &number, err))
        return false;
    *ret_vector =
        (struct prometheus_vector){.count = 1, .samples = memory_take(sizeof(*ret_vector->samples))};
    ret_vector->samples[0] = (struct prometheus_sample){.labels = "", .bound = NAN, .value = number};
    return true;
}

static bool read_parts(struct command_series *series, struct decode_message *message, struct err *err)
{
    struct prometheus_vector vector;

    prometheus_query_begin(series->query);
    for (size_t i = 0; i < series->part_count && prometheus_query_text(series->query) != NULL; i++) {
        if (!read_part(series, &series->parts[i], message, &vector, err))
            return false;
        prometheus_query_give(series->query, &vector);
    }
    return true;
}

void command_series_take(struct command_series *series, const char *output, size_t length, int64_t now_ms,
                         int64_t wall_ms)
{
    struct decode_message message;
    struct err err = {0};

    if (length > DECODE_PAYLOAD_MAX) {
        command_series_trouble(series, "the command printed more than 64 KiB");
        return;
    }
    decode_init(&message, output, length, wall_ms);
    if (read_parts(series, &message, &err))
        prometheus_query_end(series->query, now_ms, &series->sink);
    else
        command_series_trouble(series, err.text);
    decode_done(&message);
}

void command_series_trouble(struct command_series *series, const char *why)
{
    series->sink.trouble(series->sink.data, SERIES_ERROR, why);
}

/* ---- options ---- */

static enum decoder decoder_of(const struct option_value *options)
{
    if (options[COMMAND_DECODER].is_set)
        return decoders[options[COMMAND_DECODER].choice];
    bool has_place = options[QUERY_VALUE].text != NULL || options[QUERY_EVENTS].text != NULL ||
                     options[QUERY_TOTAL].text != NULL;
    return has_place ? DECODER_JSON : DECODER_NUMBER;
}

static bool check_program(const struct option_value *exec, struct err *err)
{
    const char *program = exec->list_length > 0 ? exec->list[0] : "";

    return program[0] == '/' || strncmp(program, "{{", 2) == 0 ||
           err_set(err, ERR_INVALID, "exec: '%.80s' is no whole path of a program", program);
}

static bool check_decoder(enum series_kind kind, enum decoder decoder, const struct option_value *options,
                          struct err *err)
{
    if (decoder == DECODER_NUMBER && (options[QUERY_VALUE].text != NULL || kind == SERIES_COUNT))
        return err_set(err, ERR_INVALID, "the decoder number has no places; use json");
    if (kind == SERIES_HISTOGRAM && decoder != DECODER_OPENMETRICS)
        return err_set(err, ERR_INVALID, "buckets come with the decoder openmetrics");
    return kind != SERIES_GAUGE || !decode_has_many(decoder) || options[QUERY_VALUE].text != NULL ||
           err_set(err, ERR_INVALID, "value is missing: what this decoder reads has many");
}

bool command_series_check(enum series_kind kind, const struct option_value *options, const char **ret_option,
                          struct err *err)
{
    enum decoder decoder = decoder_of(options);

    *ret_option = command_options[COMMAND_EXEC].name;
    if (!check_program(&options[COMMAND_EXEC], err))
        return false;
    *ret_option = command_options[COMMAND_DECODER].name;
    if (!check_decoder(kind, decoder, options, err))
        return false;
    for (size_t i = QUERY_VALUE; i <= QUERY_BUCKETS; i++) {
        const char *text = options[i].text;
        *ret_option = command_options[i].name;
        if (text != NULL && strstr(text, "{{") == NULL && !decode_check_place(decoder, text, err))
            return err_wrap(err, "%s", command_options[i].name);
    }
    return true;
}

static bool add_part(struct command_series *series, const char *place, struct err *err)
{
    struct part *part = &series->parts[series->part_count++];

    part->place = memory_copy_text(place);
    return !decode_has_many(series->decoder) || selector_new(place, &part->selector, err);
}

static bool add_parts(struct command_series *series, enum series_kind kind,
                      const struct option_value *options, struct err *err)
{
    switch (kind) {
    case SERIES_GAUGE:
        return add_part(series, options[QUERY_VALUE].text, err);
    case SERIES_COUNT:
        return add_part(series, options[QUERY_TOTAL].text, err) &&
               add_part(series, options[QUERY_EVENTS].text, err);
    case SERIES_HISTOGRAM:
        return add_part(series, options[QUERY_BUCKETS].text, err);
    }
    return false;
}

bool command_series_new(const struct collector_series *what, struct command_series **ret_series,
                        struct err *err)
{
    struct option_value options[COMMAND_OPTION_COUNT];
    struct prometheus_query *query = NULL;
    const char *option = "";

    if (!command_series_check(what->kind, what->options, &option, err))
        return false;
    memcpy(options, what->options, sizeof(options));
    if (options[QUERY_VALUE].text == NULL)
        options[QUERY_VALUE].text = "."; /* all of a JSON text, or of a number */
    if (!prometheus_query_new(what->kind, options, &query, err))
        return false;
    struct command_series *series = memory_take(sizeof(*series));
    series->sink = what->sink;
    series->decoder = decoder_of(what->options);
    series->query = query;
    if (!add_parts(series, what->kind, options, err)) {
        command_series_free(series);
        return false;
    }
    *ret_series = series;
    return true;
}

void command_series_free(struct command_series *series)
{
    for (size_t i = 0; i < series->part_count; i++) {
        free(series->parts[i].place);
        selector_free(series->parts[i].selector);
    }
    prometheus_query_free(series->query);
    free(series);
}
