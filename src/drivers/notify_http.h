/* notify_http.h - receivers that take notices as JSON over HTTP: each one is a table of options and a
 * function that writes the requests; how they are sent, and what the answers mean, is here.
 * SPDX-License-Identifier: MIT
 *
 * 2xx is delivered. 400, 410, 413 and 422 are refused for good: the same notice would be again, and those
 * behind it would wait. All else is tried again, not before Retry-After: what a person can mend (a key that
 * was revoked, a channel that is gone) may come right. Redirects are not followed. */
#ifndef DRIVERS_NOTIFY_HTTP_H
#define DRIVERS_NOTIFY_HTTP_H

#include "drivers/notice_facts.h"
#include "drivers/notifier.h"
#include "io/http_client.h"
#include "io/secret.h"

enum { NOTIFY_NONE = 255, NOTIFY_HEADERS_MAX = 4 };

/* Options that every one of them has. */
#define NOTIFY_OPTION_OF_TIMEOUT                                                                             \
    {                                                                                                        \
        .name = "timeout", .type = OPTION_DURATION, .min = 100, .max = 60000, .fallback = "15s",             \
        .help = "for one try"                                                                                \
    }
#define NOTIFY_OPTION_OF_CA                                                                                  \
    {                                                                                                        \
        .name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"                      \
    }

/* What a writer has at hand. */
struct notify_use {
    const char *name;                  /* of the instance */
    const struct option_value *values; /* of the kind's table; texts, durations, numbers and lists */
    const char *url;                   /* of the option, its secret read */
    const char *key;                   /* "" where the kind has none */
};

/* What a writer makes: `json` and all texts become the caller's. */
struct notify_request {
    struct cJSON *json;
    char *url;        /* NULL: notify_use's */
    const char *type; /* of the body; NULL: application/json. Constant */
    bool is_bearer;   /* the key goes as Authorization: Bearer */
    size_t header_count;
    struct http_header headers[NOTIFY_HEADERS_MAX]; /* beside Content-Type; constant texts */
};

struct notify_http_kind {
    size_t url, key, timeout, ca; /* which option of the type is it; key may be NOTIFY_NONE */
    /* Writes request `number` (0, 1, ...) about the notice; the next one is asked for when this one was
     * taken. False: there is no such request. A try that fails begins at 0 again, so that each of them must
     * bear to come twice. */
    bool (*write)(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                  struct notify_request *request);
};

/* For struct notifier_type, whose `http` says the rest. A URL that is no secret must be http or https, a
 * secret a reference. */
MUST_CHECK bool notify_http_open(const struct notifier_type *type, const struct notifier_env *env,
                                 const char *name, const struct option_value *values,
                                 struct notifier **ret_notifier, struct err *err);
void notify_http_close(struct notifier *notifier);
void notify_http_send(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                      void *data);

/* Of the option at that place in the type's table. */
const struct option_value *notify_http_value(const struct notifier *notifier, size_t option);

/* `base` without a slash at its end, and `path` behind it; free(). */
char *notify_url(const char *base, const char *path);

#endif
