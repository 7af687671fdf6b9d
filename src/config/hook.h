/* hook.h - where messages of others come in: `hooks` of verdictd.conf, as it was read.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_HOOK_H
#define CONFIG_HOOK_H

#include <stddef.h>
#include <stdint.h>

enum hook_kind {
    HOOK_GITHUB,
    HOOK_GITLAB,
    HOOK_VERDICT, /* the body of POST /v1/deployments, or a CloudEvent; always of STANDARD */
    HOOK_JSON
};

/* How a message shows that its sender knows the secret. */
enum hook_proof {
    HOOK_SHA256,   /* HMAC-SHA256 of the body in a header: "sha256=<hex>", or the digits alone */
    HOOK_STANDARD, /* Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature */
    HOOK_TOKEN     /* the secret itself in a header, also behind "Bearer " */
};

/* What is looked for in a message. */
enum hook_field {
    HOOK_SERVICE,
    HOOK_ENVIRONMENT,
    HOOK_VERSION,
    HOOK_DIGEST,
    HOOK_STRATEGY,
    HOOK_COMMIT,
    HOOK_ACTOR,
    HOOK_RUN_URL,
    HOOK_TIME, /* when it was written */
    HOOK_FIELD_COUNT
};

struct hook_value {
    const char *path; /* ".deployment.sha"; NULL: `text` as it stands */
    const char *text;
    const char *behind; /* only what stands behind the last one of this text; or NULL */
    const char *before; /* only what stands before the first one; or NULL */
};

struct hook_values {
    const struct hook_value *values; /* the first that is there and fits */
    size_t count;
};

struct hook_condition {
    const char *path;
    const char *text; /* what must stand there; NULL: nothing may */
};

struct hook_texts {
    const char *const *texts;
    size_t count;
};

struct settings_hook {
    const char *name; /* of the path /v1/hooks/NAME */
    enum hook_kind kind;
    const char *secret; /* reference */
    enum hook_proof proof;
    const char *header;                          /* where the proof stands; not of STANDARD */
    int64_t max_age_ms;                          /* of a message that says when it was written */
    struct hook_values fields[HOOK_FIELD_COUNT]; /* none of VERDICT */
    const struct hook_condition *conditions;     /* all must hold, else the message concerns nothing here */
    size_t condition_count;
    struct hook_texts names;                  /* theirs and ours in turn: "Production", "prod" */
    struct hook_texts services, environments; /* that it is for; none: all */
};

#endif
