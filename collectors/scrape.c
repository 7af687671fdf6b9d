/* scrape.c - options of a source that reads expositions itself, and of its metrics.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape.h"

#include "base/text.h"
#include "collectors/combine.h"
#include "collectors/prometheus_query.h"
#include "collectors/scrape_round.h"
#include "collectors/selector.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

/* What we can read, what we like best first. */
static const char accepted[] =
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

enum instance_option { TIMEOUT, ACCESS, INSTANCE_OPTION_COUNT = ACCESS + ACCESS_OPTION_COUNT };

static const struct option instance_options[INSTANCE_OPTION_COUNT] = {
    [TIMEOUT] = {.name = "timeout",
                 .type = OPTION_DURATION,
                 .min = 100,
                 .max = 120000,
                 .fallback = "5s",
                 .help = "Longest time for one answer"},
    ACCESS_OPTIONS(ACCESS),
};

/* The first are prometheus_query's. */
enum metric_option { URL = QUERY_OPTION_COUNT, METRIC_OPTION_COUNT };

static const struct option metric_options[METRIC_OPTION_COUNT] = {
    [QUERY_VALUE] = {.name = "query",
                     .type = OPTION_TEXT,
                     .help = "Which value is the gauge: name{label='text'}; templates allowed"},
    [QUERY_EVENTS] = {.name = "events",
                      .type = OPTION_TEXT,
                      .help = "Raw counter of what is counted against the total, like "
                              "http_requests_total{code=~'5..'}; templates allowed"},
    [QUERY_TOTAL] = {.name = "total",
                     .type = OPTION_TEXT,
                     .help = "Raw counter of everything; templates allowed"},
    [QUERY_BUCKETS] = {.name = "buckets",
                       .type = OPTION_TEXT,
                       .help = "Raw cumulative buckets, with their le; templates allowed"},
    [QUERY_COMBINE] = {.name = "combine",
                       .type = OPTION_CHOICE,
                       .choices = combine_names,
                       .help = "One value of all that fit the query; share: of those that are not 0"},
    [URL] = {.name = "url",
             .type = OPTION_LIST,
             .is_required = true,
             .min = 1,
             .max = SCRAPE_TARGETS_MAX,
             .help = "Where the exposition is, like http://{{address}}/metrics; with {{address}}: at each "
                     "address of the slot"},
};

struct collector {
    struct scrape_source source;
};

struct collector_watch {
    struct scrape_reader *reader;
};

static bool check_url(const char *url, struct err *err)
{
    return text_is_web_url(url) || strncmp(url, "{{", 2) == 0 ||
           err_set(err, ERR_INVALID, "url: '%.80s' does not begin with http:// or https://", url);
}

static bool check_urls(const struct option_value *urls, struct err *err)
{
    if (urls->list_length > SCRAPE_TARGETS_MAX)
        return err_set(err, ERR_INVALID, "url: %zu addresses; at most %d", urls->list_length,
                       SCRAPE_TARGETS_MAX);
    for (size_t i = 0; i < urls->list_length; i++)
        if (!check_url(urls->list[i], err))
            return false;
    return true;
}

static bool check_metric(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                         const char **ret_option, struct err *err)
{
    (void)kind;
    (void)every_ms;
    for (size_t i = QUERY_VALUE; i <= QUERY_BUCKETS; i++) {
        *ret_option = metric_options[i].name;
        if (options[i].text != NULL && !selector_check(options[i].text, err))
            return err_wrap(err, "%s", metric_options[i].name);
    }
    *ret_option = metric_options[URL].name;
    return check_urls(&options[URL], err);
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    scrape_source_init(&collector->source, env, options[TIMEOUT].duration_ms);
    if (!access_open(&collector->source.access, env->secrets, &options[ACCESS], err)) {
        access_close(&collector->source.access);
        free(collector);
        return err_wrap(err, "scrape %s", name);
    }
    access_add_header(&collector->source.access, "Accept", accepted);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    access_close(&collector->source.access);
    free(collector);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    const struct option_value *urls = &series->options[URL];
    const struct scrape_wish wish = {.kind = series->kind, .options = series->options, .sink = series->sink};
    struct scrape_reader *reader = NULL;

    if (!check_urls(urls, err) || !scrape_reader_new(&collector->source, urls->list, urls->list_length,
                                                     series->every_ms, &wish, &reader, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->reader = reader;
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    scrape_reader_free(watch->reader);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return scrape_source_trouble(&collector->source);
}

const struct collector_type scrape_collector = {
    .name = "scrape",
    .is_cheap = true,
    .instance_options = instance_options,
    .instance_option_count = ARRAY_LENGTH(instance_options),
    .metric_options = metric_options,
    .metric_option_count = ARRAY_LENGTH(metric_options),
    .check_metric = check_metric,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
