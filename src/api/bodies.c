/* bodies.c - which requests may bring more than the usual.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/clock.h"
#include "store/stack.h"

static const struct {
    void (*handle)(struct call *call);
    size_t max;
} large[] = {{otlp_take, API_OTLP_BODY_MAX}, {state_save, STACK_STATE_MAX_BYTES}};

/* Only for those who may post there: nobody else fills our memory. */
size_t api_body_max(void *data, const struct http_server_request *request)
{
    const struct api *api = data;
    struct route_match match;
    struct principal principal;
    const char *why = "";
    bool is_known = false;

    if (route_fits(route_of(hooks_take)->pattern, request->path, &match) && hooks_find(api, match.id) != NULL)
        return HOOK_BODY_MAX;
    const struct route *route =
        route_find(routes, route_count, request->method, request->path, &match, &is_known);
    for (size_t i = 0; i < ARRAY_LENGTH(large); i++)
        if (route != NULL && route->handle == large[i].handle)
            return auth_find(api->env.journal, request, clock_wall_ms(), &principal, &why) &&
                           auth_allows(&principal, route->right, match.service, match.environment)
                       ? large[i].max
                       : 0;
    return 0;
}
