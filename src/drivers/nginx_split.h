/* nginx_split.h - one split as nginx knows it: its names, the file that makes it, the marker that tells which
 * file is live. Pure.
 * SPDX-License-Identifier: MIT
 *
 * The marker is what the file's variable KEY_split holds: "SLOT SHARE MIRROR NUMBER", the share of that
 * slot's users and the share of requests that it gets copies of, in hundredths of a percent, and the number
 * of the order. */
#ifndef DRIVERS_NGINX_SPLIT_H
#define DRIVERS_NGINX_SPLIT_H

#include "base/text.h"
#include "drivers/lever.h"

enum { NGINX_NAME_SIZE = 64, NGINX_FILE_MAX = 2048, NGINX_MARKER_MAX = 128 };

struct nginx_split {
    char key[NGINX_NAME_SIZE];                                /* the backend; upstreams are KEY_SLOT */
    char variable[NGINX_NAME_SIZE];                           /* the key as variables have it: - is _ */
    char candidate[NGINX_NAME_SIZE], stable[NGINX_NAME_SIZE]; /* slots */
    char cookie[NGINX_NAME_SIZE];                             /* keeps a user on one side; "": none */
    bool is_single;
};

struct nginx_marker {
    uint16_t share, mirror; /* the candidate's */
    uint64_t number;
};

/* ERR_INVALID: names that nginx cannot have, more than two slots. Then the split is not to be used. */
MUST_CHECK bool nginx_split_init(struct nginx_split *split, const char *backend,
                                 const struct option_value *sticky, const struct traffic_split *from,
                                 struct err *err);

/* The whole file. */
void nginx_split_file(const struct nginx_split *split, const struct nginx_marker *marker, struct text *to);

void nginx_split_marker(const struct nginx_split *split, const struct nginx_marker *marker, struct text *to);

/* ERR_PROTOCOL: the text is no marker of this split. */
MUST_CHECK bool nginx_split_parse(const struct nginx_split *split, const char *text,
                                  struct nginx_marker *ret_marker, struct err *err);

#endif
