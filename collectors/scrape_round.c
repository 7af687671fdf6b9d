/* scrape_round.c - when to ask which addresses, and whose values are in the answers.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_round.h"

#include "collectors/pace.h"
#include "collectors/prometheus_query.h"
#include "collectors/scrape.h"
#include "collectors/scrape_page.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 2, HOST_MAX = 120, REPORTER_MAX = 16 };

struct target {
    struct scrape_round *round;
    char *url;
    char reporter[REPORTER_MAX]; /* what its series are told apart by */
    struct http_call *call;
    struct scrape_page *page; /* it has answered, and is not read to the end */
};

/* A round: its addresses are asked; each page is read when it has come; then all readers are told. */
struct scrape_round {
    struct scrape_source *source;
    struct scrape_round *next;
    struct scrape_reader *readers;
    int64_t every_ms, phase_ms;
    uint64_t number; /* of the round under way, or of the last one */
    int64_t at_ms;   /* the moment that is asked for */
    struct loop_timer *timer;
    bool is_under_way;
    size_t asked;                 /* targets that have not answered yet */
    struct selector_index *index; /* of those whose round it is; NULL: to be made */
    bool has_newcomers;           /* the index does not know them */
    bool is_working;              /* it stands in the source's queue: there is a slice to do */
    TAILQ_ENTRY(scrape_round) work;
    bool is_telling;
    struct scrape_reader *telling; /* whom next */
    struct err why;                /* of the first that answered badly */
    char trouble[ERR_TEXT_MAX];
    size_t target_count;
    struct target targets[SCRAPE_TARGETS_MAX];
};

struct scrape_reader {
    struct scrape_round *round;
    struct scrape_reader *next;
    uint64_t first_round; /* it was there when this one began */
    struct collector_sink sink;
    struct prometheus_query *query;
    size_t part_count; /* a count's first is its total */
    struct scrape_part parts[PARTS_MAX];
    struct err why; /* what was selected is none */
};

static int64_t engine_now_ms(const struct scrape_round *round)
{
    return round->source->env.now_ms(round->source->env.data);
}

static bool is_of_round(const struct scrape_reader *reader)
{
    return reader->first_round <= reader->round->number;
}

/* ---- the end of a round ---- */

static void put(struct scrape_reader *reader, int64_t at_ms)
{
    struct prometheus_vector vector;

    prometheus_query_begin(reader->query);
    for (size_t i = 0; i < reader->part_count && prometheus_query_text(reader->query) != NULL; i++) {
        selection_show(&reader->parts[i].selection, &vector);
        prometheus_query_lend(reader->query, &vector);
    }
    prometheus_query_end(reader->query, at_ms, &reader->sink);
}

/* How many values there were to look at. */
static size_t tell(struct scrape_reader *reader, const struct err *why, int64_t at_ms)
{
    const struct err *wrong = why->code != ERR_NONE ? why : &reader->why;
    size_t count = 1;

    for (size_t i = 0; i < reader->part_count; i++)
        count += reader->parts[i].selection.count;
    if (wrong->code != ERR_NONE)
        reader->sink.trouble(reader->sink.data, SERIES_ERROR, wrong->text);
    else
        put(reader, at_ms);
    for (size_t i = 0; i < reader->part_count; i++)
        selection_reset(&reader->parts[i].selection);
    reader->why.code = ERR_NONE;
    return count;
}

static void begin_telling(struct scrape_round *round)
{
    bool was_good = round->trouble[0] == '\0';

    (void)snprintf(round->trouble, sizeof(round->trouble), "%s",
                   round->why.code != ERR_NONE ? round->why.text : "");
    if (was_good && round->trouble[0] != '\0')
        log_say(round->source->env.log, LOG_LEVEL_WARN, "scrape %s", round->trouble);
    round->is_telling = true;
    round->telling = round->readers;
}

static void tell_slice(struct scrape_round *round)
{
    size_t told = 0;

    if (!round->is_telling)
        begin_telling(round);
    while (round->telling != NULL && told < SCRAPE_SLICE_TOLD) {
        struct scrape_reader *reader = round->telling;
        round->telling = reader->next;
        if (is_of_round(reader))
            told += tell(reader, &round->why, round->at_ms);
    }
    round->is_telling = round->telling != NULL;
    round->is_under_way = round->is_telling;
}

/* ---- an answer ---- */

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

/* `err` NULL: its page was read to the end, and all was well. */
static void end_target(const struct target *target, const struct err *err)
{
    struct scrape_round *round = target->round;

    source_tally_ask(round->source->env.tally, err == NULL);
    if (err != NULL && round->why.code == ERR_NONE)
        round->why = *err;
}

static void make_index(struct scrape_round *round)
{
    struct scrape_reader *reader = NULL;
    size_t count = 0;

    for (reader = round->readers; reader != NULL; reader = reader->next)
        count += reader->part_count;
    round->index = selector_index_new(count);
    for (reader = round->readers; reader != NULL; reader = reader->next)
        for (size_t i = 0; is_of_round(reader) && i < reader->part_count; i++)
            selector_index_add(round->index, &reader->parts[i].entry, reader->parts[i].selector,
                               &reader->parts[i]);
}

static void drop_index(struct scrape_round *round)
{
    selector_index_free(round->index);
    round->index = NULL;
}

static void read_slice(struct target *target)
{
    struct scrape_round *round = target->round;
    struct err err = {0};
    char host[HOST_MAX];

    if (round->index == NULL)
        make_index(round);
    enum labelled_step step = scrape_page_read(target->page, round->index, target->reporter, &err);
    if (step == LABELLED_VALUE)
        return;
    if (step == LABELLED_WRONG)
        (void)err_wrap(&err, "%s", host_of(target->url, host));
    end_target(target, step == LABELLED_WRONG ? &err : NULL);
    scrape_page_free(target->page);
    target->page = NULL;
}

static struct target *unread_target(struct scrape_round *round)
{
    for (size_t i = 0; i < round->target_count; i++)
        if (round->targets[i].page != NULL)
            return &round->targets[i];
    return NULL;
}

/* ---- slices: one of a source in each turn of the loop, its rounds in turn ---- */

static void work(void *data)
{
    struct scrape_source *source = data;
    struct scrape_round *round = TAILQ_FIRST(&source->working);
    struct target *target = unread_target(round);

    if (target != NULL)
        read_slice(target);
    else
        tell_slice(round);
    TAILQ_REMOVE(&source->working, round, work);
    round->is_working = unread_target(round) != NULL || (round->is_under_way && round->asked == 0);
    if (round->is_working)
        TAILQ_INSERT_TAIL(&source->working, round, work);
    if (!TAILQ_EMPTY(&source->working))
        loop_defer(source->env.loop, work, source);
}

static void begin_work(struct scrape_round *round)
{
    struct scrape_source *source = round->source;

    if (round->is_working)
        return;
    if (TAILQ_EMPTY(&source->working))
        loop_defer(source->env.loop, work, source);
    round->is_working = true;
    TAILQ_INSERT_TAIL(&source->working, round, work);
}

static void end_work(struct scrape_round *round)
{
    struct scrape_source *source = round->source;

    if (!round->is_working)
        return;
    TAILQ_REMOVE(&source->working, round, work);
    if (TAILQ_EMPTY(&source->working))
        loop_defer_cancel(source->env.loop, work, source);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct target *target = data;
    struct scrape_round *round = target->round;
    struct err err = {0};
    char host[HOST_MAX];

    target->call = NULL;
    round->asked--;
    if (!scrape_page_new(answer, &target->page, &err)) {
        if (answer->status != 0) /* else it names itself */
            (void)err_wrap(&err, "%s", host_of(target->url, host));
        end_target(target, &err);
    }
    if (target->page != NULL || round->asked == 0)
        begin_work(round);
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

/* A round that is still under way (asked, read or told) leaves out this one; so does a stalled loop, without
 * catching up. */
static void round_due(void *data)
{
    struct scrape_round *round = data;

    loop_timer_move(round->timer,
                    pace_until_next_ms(engine_now_ms(round), 0, round->phase_ms, round->every_ms));
    if (round->is_under_way || instant_of(round) == round->at_ms)
        return;
    round->at_ms = instant_of(round);
    round->number++;
    round->is_under_way = true;
    round->why = (struct err){0};
    if (round->has_newcomers)
        drop_index(round);
    round->has_newcomers = false;
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
    end_work(round);
    drop_index(round);
    for (size_t i = 0; i < round->target_count; i++) {
        http_request_cancel(round->targets[i].call);
        scrape_page_free(round->targets[i].page);
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
    struct scrape_part *part = &reader->parts[reader->part_count];

    if (!selector_new(option->text, &part->selector, err))
        return false;
    part->why = &reader->why;
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
    reader->first_round = reader->round->number + 1;
    reader->round->has_newcomers = true;
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
    if (round->telling == reader)
        round->telling = reader->next;
    drop_index(round);
    free_reader(reader);
    if (round->readers == NULL)
        free_round(round);
}

void scrape_source_init(struct scrape_source *source, const struct collector_env *env, int64_t timeout_ms)
{
    source->env = *env;
    source->timeout_ms = timeout_ms;
    TAILQ_INIT(&source->working);
}

const char *scrape_source_trouble(const struct scrape_source *source)
{
    for (const struct scrape_round *round = source->rounds; round != NULL; round = round->next)
        if (round->trouble[0] != '\0')
            return round->trouble;
    return NULL;
}
