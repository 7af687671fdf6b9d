/* pulumi_preview.h - what `--json` says of a preview of pulumi's: counted, and as a text that is compared.
 * SPDX-License-Identifier: MIT
 *
 * Pulumi applies no preview: it works everything out anew. So a preview becomes a text, with one line for
 * each resource that changes, sorted; two previews with the same text want the same. What is in it:
 * operation, name, provider, the state as it is, which properties differ, which ones replace, and what it
 * shall be. Left out are outputs, secrets (pulumi shows none), and of what is made anew each text that begins
 * with the resource's own name: pulumi ends such ones with other letters in each preview.
 *
 * Strict as plan.h: an operation that is not known is an error with its place. Both the steps and the summary
 * are counted, and the larger number counts. */
#ifndef IAC_PULUMI_PREVIEW_H
#define IAC_PULUMI_PREVIEW_H

#include "iac/pulumi_op.h"

enum { PULUMI_URN_MAX = 2048 /* bytes */ };

struct pulumi_step {
    enum pulumi_op op;
    char *urn;
};

struct pulumi_preview {
    struct plan_counts counts; /* drifts: what a preview of a refresh would change */
    struct pulumi_step *steps; /* what changes something */
    size_t step_count;
    char *text;
};

enum pulumi_values {
    PULUMI_VALUES_COMPARED, /* what is made shall have the same values */
    PULUMI_VALUES_SAVED     /* a saved plan holds pulumi to them: they are not in the text */
};

/* `reader` NULL: nobody is told. On success the preview is the caller's: pulumi_preview_done(). ERR_INVALID,
 * ERR_LIMIT. */
MUST_CHECK bool pulumi_preview_read(const char *json, size_t length, enum pulumi_values values,
                                    const struct plan_reader *reader, struct pulumi_preview *ret_preview,
                                    struct err *err);
void pulumi_preview_done(struct pulumi_preview *preview);

/* Is doing this to that resource a part of what the preview shows, or less? */
bool pulumi_preview_allows(const struct pulumi_preview *preview, enum pulumi_op op, const char *urn);

/* What the preview complains of, each warning and error; nothing where it is no preview. */
void pulumi_preview_complaints(const char *json, size_t length, void (*say)(void *data, const char *message),
                               void *data);

/* `stack export`: how many resources are left. */
MUST_CHECK bool pulumi_export_count(const char *json, size_t length, size_t *ret_count, struct err *err);

#endif
