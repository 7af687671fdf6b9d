/* book.c - all series: found by name, counted by reference, walked once a second.
 * SPDX-License-Identifier: MIT */
#include "base/hash.h"
#include "io/memory.h"
#include "judge/series_window.h"
#include "series/series.h"
#include "series/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS_FIRST = 256, CAPACITY_MIN = 2 };

/* With its NUL: "ab","c" is not "a","bc". */
static uint64_t hash_part(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}

static uint64_t hash_name(const struct series_name *name)
{
    uint64_t hash = hash_part(HASH_BEGIN, name->service);

    hash = hash_part(hash, name->environment);
    hash = hash_part(hash, name->key);
    return hash_part(hash, name->metric);
}

static bool is_name(const struct series *series, const struct series_name *name)
{
    const struct series_name *own = &series->name;

    return strcmp(own->metric, name->metric) == 0 && strcmp(own->key, name->key) == 0 &&
           strcmp(own->service, name->service) == 0 && strcmp(own->environment, name->environment) == 0;
}

static struct series **chain_of(const struct series_book *book, uint64_t hash)
{
    return &book->chains[hash & (book->chain_count - 1)];
}

static struct series *find(const struct series_book *book, const struct series_name *name, uint64_t hash)
{
    struct series *series = *chain_of(book, hash);

    while (series != NULL && !(series->hash == hash && is_name(series, name)))
        series = series->next_in_chain;
    return series;
}

static void add_to_chain(struct series_book *book, struct series *series)
{
    struct series **chain = chain_of(book, series->hash);

    series->next_in_chain = *chain;
    *chain = series;
}

static void remove_from_chain(struct series_book *book, const struct series *series)
{
    struct series **place = chain_of(book, series->hash);

    while (*place != series)
        place = &(*place)->next_in_chain;
    *place = series->next_in_chain;
}

static void set_chains(struct series_book *book, size_t count)
{
    free(book->chains);
    book->chains = memory_take_array(count, sizeof(struct series *));
    book->chain_count = count;
    for (size_t i = 0; i < book->counts.series; i++)
        add_to_chain(book, book->list[i]);
}

struct series_book *series_book_new(const struct series_events *events)
{
    struct series_book *book = memory_take(sizeof(*book));

    book->events = *events;
    set_chains(book, CHAINS_FIRST);
    return book;
}

static void free_series(struct series *series)
{
    free((char *)(uintptr_t)series->name.service);
    free(series->ring);
    free(series->buckets);
    free(series->bounds);
    free(series->readers);
    free(series);
}

void series_book_free(struct series_book *book)
{
    if (book == NULL)
        return;
    for (size_t i = 0; i < book->counts.series; i++)
        free_series(book->list[i]);
    free(book->list);
    free(book->chains);
    free(book);
}

static void add_to_list(struct series_book *book, struct series *series)
{
    if (book->counts.series == book->list_size) {
        book->list_size = book->list_size == 0 ? CHAINS_FIRST : 2 * book->list_size;
        book->list = memory_resize(book->list, book->list_size * sizeof(struct series *));
    }
    series->index = book->counts.series++;
    book->list[series->index] = series;
}

static void remove_from_list(struct series_book *book, const struct series *series)
{
    struct series *last = book->list[--book->counts.series];

    book->list[series->index] = last;
    last->index = series->index;
}

static const char *next_copy(char **memory, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*memory, text, size);

    *memory += size;
    return copy;
}

static void copy_name(struct series *series, const struct series_name *name)
{
    char *memory = memory_take(strlen(name->service) + strlen(name->environment) + strlen(name->key) +
                               strlen(name->metric) + 4);

    series->name.service = next_copy(&memory, name->service);
    series->name.environment = next_copy(&memory, name->environment);
    series->name.key = next_copy(&memory, name->key);
    series->name.metric = next_copy(&memory, name->metric);
}

void window_clear(struct series *series)
{
    series_ring_clear(&series->view, series->ring);
}

void window_grow(struct series *series, uint32_t capacity)
{
    struct series_view *view = &series->view;
    struct series_view former = *view;
    size_t row = view->bucket_count;

    view->capacity = capacity;
    if (view->losses == NULL)
        series->losses.steps = losses_span(capacity);
    else
        losses_stretch(&series->losses, losses_span(capacity));
    view->losses = &series->losses;
    series->ring = memory_take_array(capacity, sizeof(*series->ring));
    series->buckets = row == 0 ? NULL : memory_take_array(capacity * row, sizeof(float));
    view->ring = series->ring;
    view->buckets = series->buckets;
    series_ring_clear(view, series->ring);
    for (int64_t step = series_oldest_kept(&former); step <= former.newest_step; step++) {
        const struct series_step *held = series_view_at(&former, step);
        if (held == NULL)
            continue;
        struct series_step *slot = series_ring_slot(view, series->ring, step);
        *slot = *held;
        if (row > 0)
            memcpy(&series->buckets[(size_t)(slot - series->ring) * row],
                   &former.buckets[(size_t)(held - former.ring) * row], row * sizeof(float));
    }
    free((struct series_step *)(uintptr_t)former.ring);
    free((float *)(uintptr_t)former.buckets);
}

static struct series *make(struct series_book *book, const struct series_name *name,
                           const struct series_shape *shape, uint64_t hash)
{
    struct series *series = memory_take(sizeof(*series));

    series->book = book;
    series->hash = hash;
    series->held_until_ms = series->untold = SERIES_NEVER;
    series->view =
        (struct series_view){.kind = shape->kind, .step_ms = shape->step_ms, .newest_step = SERIES_NEVER};
    copy_name(series, name);
    add_to_list(book, series);
    if (book->counts.series > book->chain_count)
        set_chains(book, 2 * book->chain_count);
    else
        add_to_chain(book, series);
    return series;
}

static bool fits(const struct series *series, const struct series_shape *shape, struct err *err)
{
    if (series->view.kind == shape->kind && series->view.step_ms == shape->step_ms)
        return true;
    return err_set(err, ERR_CONFLICT, "the metric %s of %s in %s is watched already with another %s",
                   series->name.metric, series->name.service, series->name.environment,
                   series->view.kind == shape->kind ? "resolution" : "kind");
}

bool series_open(struct series_book *book, const struct series_name *name, const struct series_shape *shape,
                 struct series **ret_series, struct err *err)
{
    uint64_t hash = hash_name(name);
    struct series *series = find(book, name, hash);
    uint32_t capacity = shape->capacity < CAPACITY_MIN ? CAPACITY_MIN : shape->capacity;

    assert(shape->step_ms > 0);
    if (capacity > SERIES_CAPACITY_MAX)
        return err_set(err, ERR_LIMIT, "%s: a window of %u steps is longer than %d", name->metric,
                       (unsigned)capacity, SERIES_CAPACITY_MAX);
    if (series != NULL && !fits(series, shape, err))
        return false;
    if (series == NULL && book->counts.series == SERIES_COUNT_MAX) {
        book->counts.refused_series++;
        return err_set(err, ERR_LIMIT, "there are %d series already", SERIES_COUNT_MAX);
    }
    if (series == NULL)
        series = make(book, name, shape, hash);
    if (capacity > series->view.capacity)
        window_grow(series, capacity);
    if (shape->holds_ms > series->holds_ms)
        series->holds_ms = shape->holds_ms;
    series->references++;
    *ret_series = series;
    return true;
}

void series_close(struct series *series)
{
    if (--series->references > 0)
        return;
    window_close_all(series);
    remove_from_list(series->book, series);
    remove_from_chain(series->book, series);
    free_series(series);
}

static size_t find_reader(const struct series *series, uint64_t deployment, uint8_t rule)
{
    size_t i = 0;

    while (i < series->reader_count &&
           !(series->readers[i].deployment == deployment && series->readers[i].rule == rule))
        i++;
    return i;
}

bool series_read_by(struct series *series, uint64_t deployment, uint8_t rule, struct err *err)
{
    if (find_reader(series, deployment, rule) < series->reader_count)
        return true;
    if (series->reader_count == SERIES_READERS_MAX)
        return err_set(err, ERR_LIMIT, "%s is read by %d rules already", series->name.metric,
                       SERIES_READERS_MAX);
    series->readers = memory_resize(series->readers, (series->reader_count + 1) * sizeof(*series->readers));
    series->readers[series->reader_count++] = (struct series_reader){deployment, rule};
    return true;
}

void series_forget(struct series *series, uint64_t deployment)
{
    size_t kept = 0;

    for (size_t i = 0; i < series->reader_count; i++) {
        if (series->readers[i].deployment != deployment)
            series->readers[kept++] = series->readers[i];
    }
    series->reader_count = kept;
}

void series_book_close_steps(struct series_book *book, int64_t now_ms)
{
    for (size_t i = 0; i < book->counts.series; i++)
        window_pass_time(book->list[i], now_ms);
}

struct series_counts series_book_counts(const struct series_book *book)
{
    return book->counts;
}
