/* scrape_round.c - when to ask which addresses, and whose values are in the answers.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_round.h"

#include "collectors/answer_status.h"
#include "collectors/exposition.h"
#include "collectors/pace.h"
#include "collectors/prometheus_query.h"
#include "collectors/scrape.h"
#include "collectors/selector.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARTS_MAX = 2, CHAINS_MIN = 16, HOST_MAX = 120, TYPE_MAX = 160, REPORTER_MAX = 16 };

struct target {
    struct scrape_round *round;
    char *url;
    char reporter[REPORTER_MAX]; /* what its series are told apart by */
    struct http_call *call;
};

struct scrape_round {
    struct scrape_source *source;
    struct scrape_round *next;
    struct scrape_reader *readers;
    int64_t every_ms, phase_ms;
    int64_t at_ms; /* the moment that is asked for */
    struct loop_timer *timer;
    size_t asked;   /* targets that have not answered yet */
    struct err why; /* of the first that answered badly */
    char trouble[ERR_TEXT_MAX];
    size_t target_count;
    struct target targets[SCRAPE_TARGETS_MAX];
};

/* One of the things that a reader chooses. */
struct part {
    struct scrape_reader *reader;
    struct part *next; /* of the same chain, while an answer is read */
    uint64_t key;
    struct selector *selector;
    struct selection selection; /* of the round under way */
};

struct scrape_reader {
    struct scrape_round *round;
    struct scrape_reader *next;
    struct collector_sink sink;
    struct prometheus_query *query;
    size_t part_count; /* a count's first is its total */
    struct part parts[PARTS_MAX];
    bool is_asking; /* it was there when the round began */
    struct err why; /* what was selected is none */
};

/* Parts by their keys: thousands may read one answer of thousands of values. */
struct chains {
    size_t count; /* a power of two */
    struct part **first;
};

static int64_t engine_now_ms(const struct scrape_round *round)
{
    return round->source->env.now_ms(round->source->env.data);
}

/* ---- the end of a round ---- */

static void put(struct scrape_reader *reader, int64_t at_ms)
{
    struct prometheus_vector vector;

    prometheus_query_begin(reader->query);
    for (size_t i = 0; i < reader->part_count && prometheus_query_text(reader->query) != NULL; i++) {
        selection_take(&reader->parts[i].selection, &vector);
        prometheus_query_give(reader->query, &vector);
    }
    prometheus_query_end(reader->query, at_ms, &reader->sink);
}

static void end_reader(struct scrape_reader *reader, const struct err *why, int64_t at_ms)
{
    const struct err *wrong = why->code != ERR_NONE ? why : &reader->why;

    if (!reader->is_asking)
        return;
    reader->is_asking = false;
    if (wrong->code != ERR_NONE)
        reader->sink.trouble(reader->sink.data, SERIES_ERROR, wrong->text);
    else
        put(reader, at_ms);
    for (size_t i = 0; i < PARTS_MAX; i++)
        selection_done(&reader->parts[i].selection);
}

static void end_round(struct scrape_round *round)
{
    bool was_good = round->trouble[0] == '\0';

    (void)snprintf(round->trouble, sizeof(round->trouble), "%s",
                   round->why.code != ERR_NONE ? round->why.text : "");
    if (was_good && round->trouble[0] != '\0')
        log_say(round->source->env.log, LOG_LEVEL_WARN, "scrape %s", round->trouble);
    for (struct scrape_reader *reader = round->readers; reader != NULL; reader = reader->next)
        end_reader(reader, &round->why, round->at_ms);
}

/* ---- an answer ---- */

static struct part **chain_of(const struct chains *chains, uint64_t key)
{
    return &chains->first[key & (chains->count - 1)];
}

static struct chains link_parts(const struct scrape_round *round)
{
    struct chains chains = {.count = CHAINS_MIN};
    struct scrape_reader *reader = NULL;
    size_t readers = 0;

    for (reader = round->readers; reader != NULL; reader = reader->next)
        readers++;
    while (chains.count < readers * PARTS_MAX)
        chains.count *= 2;
    chains.first = memory_take_array(chains.count, sizeof(struct part *));
    for (reader = round->readers; reader != NULL; reader = reader->next)
        for (size_t i = 0; reader->is_asking && i < reader->part_count; i++) {
            struct part **first = chain_of(&chains, reader->parts[i].key);
            reader->parts[i].next = *first;
            *first = &reader->parts[i];
        }
    return chains;
}

static void select_values(const struct chains *chains, const struct target *target,
                          const struct labelled *value, int64_t now_ms)
{
    for (size_t number = 0; number <= value->label_count; number++) {
        uint64_t key = selector_key_of(value, number);
        for (struct part *part = *chain_of(chains, key); part != NULL; part = part->next)
            if (part->key == key && part->reader->why.code == ERR_NONE)
                (void)!selection_add(&part->selection, part->selector, target->reporter, value, now_ms,
                                     &part->reader->why);
    }
}

static bool is_open_metrics(const struct http_answer *answer)
{
    static const char type[] = "application/openmetrics-text";
    char said[TYPE_MAX];

    return http_answer_header(answer, "Content-Type", said, sizeof(said)) &&
           strncasecmp(said, type, sizeof(type) - 1) == 0;
}

static bool read_answer(const struct target *target, const struct http_answer *answer, struct err *err)
{
    struct exposition reading;
    struct labelled value;
    int64_t now_ms = clock_wall_ms();
    enum labelled_step step = LABELLED_END;

    if (!answer_status_check(answer, err) ||
        !exposition_begin(&reading, answer->body, answer->length, is_open_metrics(answer), err))
        return false;
    struct chains chains = link_parts(target->round);
    while ((step = exposition_next(&reading, &value, err)) == LABELLED_VALUE)
        select_values(&chains, target, &value, now_ms);
    free(chains.first);
    return step == LABELLED_END;
}

/* Paths and queries may hold secrets. */
static const char *host_of(const char *url, char host[HOST_MAX])
{
    const char *from = strstr(url, "://");

    from = from != NULL ? from + 3 : url;
    size_t length = strcspn(from, "/?#");
    const char *at = memchr(from, '@', length);
    if (at != NULL) {
        length -= (size_t)(at + 1 - from);
        from = at + 1;
    }
    (void)snprintf(host, HOST_MAX, "%.*s", (int)length, from);
    return host;
}

static void answered(void *data, const struct http_answer *answer)
{
    struct target *target = data;
    struct scrape_round *round = target->round;
    struct err err = {0};
    char host[HOST_MAX];

    target->call = NULL;
    round->asked--;
    bool is_good = read_answer(target, answer, &err);
    source_tally_ask(round->source->env.tally, is_good);
    if (!is_good && round->why.code == ERR_NONE) {
        if (answer->status != 0) /* else it names itself */
            (void)err_wrap(&err, "%s", host_of(target->url, host));
        round->why = err;
    }
    if (round->asked == 0)
        end_round(round);
}

/* ---- asking ---- */

static void ask(struct target *target)
{
    struct scrape_source *source = target->round->source;
    struct http_request request = {
        .url = target->url, .timeout_ms = source->timeout_ms, .answer_max = SCRAPE_ANSWER_MAX};

    access_apply(&source->access, &request);
    target->round->asked++;
    target->call = http_request_start(source->env.http, &request, answered, target);
}

static int64_t instant_of(const struct scrape_round *round)
{
    return pace_moment_ms(engine_now_ms(round), 0, round->every_ms);
}

/* A round that is still under way leaves out this one; so does a stalled loop, without catching up. */
static void round_due(void *data)
{
    struct scrape_round *round = data;

    loop_timer_move(round->timer,
                    pace_until_next_ms(engine_now_ms(round), 0, round->phase_ms, round->every_ms));
    if (round->asked > 0 || instant_of(round) == round->at_ms)
        return;
    round->at_ms = instant_of(round);
    round->why = (struct err){0};
    for (struct scrape_reader *reader = round->readers; reader != NULL; reader = reader->next) {
        reader->is_asking = true;
        reader->why = (struct err){0};
    }
    for (size_t i = 0; i < round->target_count; i++)
        ask(&round->targets[i]);
}

/* ---- rounds come and go with their readers ---- */

static bool is_of(const struct scrape_round *round, const char *const *urls, size_t url_count,
                  int64_t every_ms)
{
    if (round->every_ms != every_ms || round->target_count != url_count)
        return false;
    for (size_t i = 0; i < url_count; i++)
        if (strcmp(round->targets[i].url, urls[i]) != 0)
            return false;
    return true;
}

static struct scrape_round *find_round(struct scrape_source *source, const char *const *urls,
                                       size_t url_count, int64_t every_ms)
{
    struct scrape_round *round = source->rounds;

    while (round != NULL && !is_of(round, urls, url_count, every_ms))
        round = round->next;
    if (round != NULL)
        return round;
    round = memory_take(sizeof(*round));
    round->source = source;
    round->every_ms = every_ms;
    round->phase_ms = pace_phase_ms(source->rounds_made++, every_ms);
    round->at_ms = SERIES_NEVER;
    for (; round->target_count < url_count; round->target_count++) {
        struct target *target = &round->targets[round->target_count];
        target->round = round;
        target->url = memory_copy_text(urls[round->target_count]);
        (void)snprintf(target->reporter, sizeof(target->reporter), "address %zu", round->target_count + 1);
    }
    round->timer = loop_timer_start(source->env.loop, 1 + round->phase_ms, 0, round_due, round);
    round->next = source->rounds;
    source->rounds = round;
    return round;
}

static void free_round(struct scrape_round *round)
{
    struct scrape_round **place = &round->source->rounds;

    while (*place != round)
        place = &(*place)->next;
    *place = round->next;
    loop_timer_stop(round->timer);
    for (size_t i = 0; i < round->target_count; i++) {
        http_request_cancel(round->targets[i].call);
        free(round->targets[i].url);
    }
    free(round);
}

static void free_reader(struct scrape_reader *reader)
{
    for (size_t i = 0; i < PARTS_MAX; i++) {
        selector_free(reader->parts[i].selector);
        selection_done(&reader->parts[i].selection);
    }
    if (reader->query != NULL)
        prometheus_query_free(reader->query);
    free(reader);
}

static bool add_part(struct scrape_reader *reader, const struct option_value *option, struct err *err)
{
    struct part *part = &reader->parts[reader->part_count];

    if (!selector_new(option->text, &part->selector, err))
        return false;
    part->reader = reader;
    part->key = selector_key(part->selector);
    reader->part_count++;
    return true;
}

/* In the order in which the query asks. */
static bool add_parts(struct scrape_reader *reader, const struct scrape_wish *wish, struct err *err)
{
    switch (wish->kind) {
    case SERIES_GAUGE:
        return add_part(reader, &wish->options[QUERY_VALUE], err);
    case SERIES_COUNT:
        return add_part(reader, &wish->options[QUERY_TOTAL], err) &&
               add_part(reader, &wish->options[QUERY_EVENTS], err);
    case SERIES_HISTOGRAM:
        return add_part(reader, &wish->options[QUERY_BUCKETS], err);
    }
    return false;
}

bool scrape_reader_new(struct scrape_source *source, const char *const *urls, size_t url_count,
                       int64_t every_ms, const struct scrape_wish *wish, struct scrape_reader **ret_reader,
                       struct err *err)
{
    struct scrape_reader *reader = memory_take(sizeof(*reader));

    if (!prometheus_query_new(wish->kind, wish->options, &reader->query, err) ||
        !add_parts(reader, wish, err)) {
        free_reader(reader);
        return false;
    }
    reader->sink = wish->sink;
    reader->round = find_round(source, urls, url_count, every_ms > 0 ? every_ms : 1);
    reader->next = reader->round->readers;
    reader->round->readers = reader;
    *ret_reader = reader;
    return true;
}

void scrape_reader_free(struct scrape_reader *reader)
{
    struct scrape_round *round = reader->round;
    struct scrape_reader **place = &round->readers;

    while (*place != reader)
        place = &(*place)->next;
    *place = reader->next;
    free_reader(reader);
    if (round->readers == NULL)
        free_round(round);
}

const char *scrape_source_trouble(const struct scrape_source *source)
{
    for (const struct scrape_round *round = source->rounds; round != NULL; round = round->next)
        if (round->trouble[0] != '\0')
            return round->trouble;
    return NULL;
}
