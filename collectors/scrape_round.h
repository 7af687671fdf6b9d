/* scrape_round.h - all addresses of some series, asked at once; each answer is read once for all watches of
 * them.
 * SPDX-License-Identifier: MIT
 *
 * A round has values only where every address has answered well: what one of several instances counts is a
 * part. Pages are read and readers told slice by slice, one of a source in a turn of the loop; all values
 * have the round's moment. Readers may be freed at any time but inside a sink. */
#ifndef COLLECTORS_SCRAPE_ROUND_H
#define COLLECTORS_SCRAPE_ROUND_H

#include "collectors/access.h"
#include "collectors/collector.h"

#include <sys/queue.h>

/* A slice ends with the reader that reaches it: values that readers look at. */
enum { SCRAPE_SLICE_TOLD = 256 };

struct scrape_round; /* lives while a reader does */
struct scrape_reader;

/* What all rounds of a source share. */
struct scrape_source {
    struct collector_env env;
    struct access access;
    int64_t timeout_ms;
    uint64_t rounds_made;
    struct scrape_round *rounds;
    TAILQ_HEAD(scrape_rounds, scrape_round) working; /* those that have a slice to do */
};

/* Zeroed; `access` is the caller's. */
void scrape_source_init(struct scrape_source *source, const struct collector_env *env, int64_t timeout_ms);

/* What a reader wants of each answer of a round. */
struct scrape_wish {
    enum series_kind kind;
    const struct option_value *options; /* as prometheus_query_new takes them, their texts selectors */
    struct collector_sink sink;
};

/* Joins the round of these addresses and this interval, or makes it. ERR_INVALID: what is wished for. */
MUST_CHECK bool scrape_reader_new(struct scrape_source *source, const char *const *urls, size_t url_count,
                                  int64_t every_ms, const struct scrape_wish *wish,
                                  struct scrape_reader **ret_reader, struct err *err);
void scrape_reader_free(struct scrape_reader *reader);

/* Why some round's last time came to nothing; NULL: none did. */
const char *scrape_source_trouble(const struct scrape_source *source);

#endif
