/* api_sample.h - values that somebody else measured, as the api hands them to the daemon.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_SAMPLE_H
#define API_API_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

enum api_sample_answer {
    API_SAMPLE_TAKEN,
    API_SAMPLE_UNWATCHED, /* no deployment under way reads it: it goes nowhere */
    API_SAMPLE_LATE,      /* for its step */
    API_SAMPLE_FUTURE,    /* too far ahead of our clock */
    API_SAMPLE_WRONG_KIND,
    API_SAMPLE_ANSWERS
};

/* A posted value: of a gauge, or events (as value) and total of the time since the post before. */
struct api_sample {
    const char *service, *environment, *key; /* "slot.blue", "version.2.4.1", "service" */
    const char *metric;                      /* only while it is looked for */
    int64_t wall_ms;
    bool is_count;
    double value, total;
    const void *watch;             /* who waits for it, once it was looked for; or NULL */
    enum api_sample_answer answer; /* once it was put */
};

#endif
