/* descriptors.c - the limit of the process, shared out once at the start.
 * SPDX-License-Identifier: MIT */
#include "daemon/descriptors.h"

#include "io/http_server.h"

#include <sys/resource.h>

enum { LIMIT_WANTED = 65536, CONNECTIONS_MIN = 16 };

static rlim_t raise_limit(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max < LIMIT_WANTED ? limit.rlim_max : LIMIT_WANTED;
    return before < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

unsigned descriptors_share_out(size_t listener_count, unsigned long *ret_limit)
{
    rlim_t limit = raise_limit();
    rlim_t each = limit > DESCRIPTORS_KEPT ? (limit - DESCRIPTORS_KEPT) / listener_count : 0;

    *ret_limit = limit;
    if (each < CONNECTIONS_MIN)
        return CONNECTIONS_MIN;
    return each < HTTP_SERVER_CONNECTIONS_MAX ? (unsigned)each : HTTP_SERVER_CONNECTIONS_MAX;
}
