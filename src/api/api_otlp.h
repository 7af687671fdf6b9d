/* api_otlp.h - a posted OTLP request on its way to the daemon, and what became of it.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_OTLP_H
#define API_API_OTLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { API_OTLP_BODY_MAX = 1024 * 1024, API_OTLP_WHY_MAX = 256 };

struct api_otlp {
    const char *bytes;
    size_t length;
    /* Whose values its sender may tell. */
    void *data;
    bool (*allows)(void *data, const char *service, const char *environment);
};

struct api_otlp_answer {
    uint64_t rejected; /* points that are wanted and cannot be used */
    char why[API_OTLP_WHY_MAX];
};

#endif
