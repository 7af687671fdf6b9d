/* amazon.h - CloudFormation's Query API: one signed question after the other, asked again while it is
 * throttled or away.
 * SPDX-License-Identifier: MIT
 *
 * Keys come from the chain of io/aws_chain.h; where services are, from the variables that Amazon's own tools
 * read: AWS_ENDPOINT_URL_CLOUDFORMATION or AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS,
 * AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_CA_BUNDLE. Every question may be asked twice: those that change
 * something carry a token. Nothing here is asked of a state that changes while it is waited for. */
#ifndef IAC_AMAZON_H
#define IAC_AMAZON_H

#include "base/text.h"
#include "iac/tool.h"
#include "io/aws_error.h"
#include "io/xml.h"

enum {
    AMAZON_TEMPLATE_MAX = 51200,          /* bytes; a longer one Amazon takes from S3 alone */
    AMAZON_PATIENCE_MS = 60 * 1000,       /* of a question, with all its repetitions */
    AMAZON_LONG_PATIENCE_MS = 600 * 1000, /* the same, once something is under way */
    AMAZON_ARN_SIZE = 512,
    AMAZON_PAGES_MAX = 200
};

struct amazon;

/* In the region and with the profile of the job. ERR_INVALID. */
MUST_CHECK bool amazon_open(struct job *job, struct amazon **ret_amazon, struct err *err);
void amazon_close(struct amazon *amazon); /* NULL is fine */
void amazon_close_at(struct amazon **amazon);

/* From now on an interrupt ends no question, and each has this patience: what was begun is seen through. */
void amazon_see_through(struct amazon *amazon, int64_t patience_ms);

/* A question under construction. */
struct amazon_form {
    char *memory;
    struct text text;
};

void amazon_form_init(struct amazon_form *form, const char *action);
void amazon_form_add(struct amazon_form *form, const char *name, const char *value);
/* "LIST.member.N.PART=value"; `part` NULL: "LIST.member.N". */
void amazon_form_add_member(struct amazon_form *form, const char *list, size_t index, const char *part,
                            const char *value);
void amazon_form_done(struct amazon_form *form); /* for CLEANUP */

/* Asks until there is an answer, which is `<ACTIONResult>`'s parent. What it refuses is ERR_INVALID,
 * ERR_FORBIDDEN or ERR_NOT_FOUND; ERR_UNAVAILABLE: interrupted, or the patience has ended. */
MUST_CHECK bool amazon_ask(struct amazon *amazon, const struct amazon_form *form, struct xml **ret_answer,
                           struct err *err);

/* Of the latest question that was refused: with this code, and a sentence with this part in it? */
bool amazon_refused_with(const struct amazon *amazon, const char *code, const char *part);

/* Waits a moment that grows from 200 ms to 5 s; false: interrupted, and nothing is to be seen through. */
struct amazon_pace {
    int64_t wait_ms;
};
MUST_CHECK bool amazon_pause(struct amazon *amazon, struct amazon_pace *pace);

#endif
