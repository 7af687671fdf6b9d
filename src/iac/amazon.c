/* amazon.c - a loop that turns until there is an answer.
 * SPDX-License-Identifier: MIT */
#include "iac/amazon.h"

#include "io/aws_client.h"
#include "io/digest.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORM_SIZE = 256 * 1024,
    ANSWER_TIMEOUT_MS = 30 * 1000,
    SLICE_MS = 100,
    WAIT_FIRST_MS = 200,
    WAIT_MAX_MS = 5 * 1000,
    REFUSALS_MAX = 3 /* of keys: expired ones are fetched again */
};

struct amazon {
    struct job *job;
    struct loop *loop;
    struct http_client *http;
    struct aws_client *client;
    bool sees_through;
    int64_t patience_ms;
    /* the latest answer */
    bool is_answered;
    struct err err;
    struct aws_error error;
    bool has_keys;
    int64_t retry_after_ms;
    struct xml *xml;
};

static const char *variable(const char *name, const char *otherwise)
{
    const char *text = getenv(name);

    if ((text == NULL || text[0] == '\0') && otherwise != NULL)
        text = getenv(otherwise);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static void take_settings(const struct job *job, struct option_value values[AWS_OPTION_COUNT])
{
    values[AWS_REGION].text = job->settings.region;
    values[AWS_ENDPOINT].text = variable("AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL");
    values[AWS_PROFILE].text = job->settings.profile;
    values[AWS_STS].text = variable("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL");
    values[AWS_METADATA].text = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    values[AWS_CA].text = variable("AWS_CA_BUNDLE", NULL);
    values[AWS_TIMEOUT].duration_ms = ANSWER_TIMEOUT_MS;
}

bool amazon_open(struct job *job, struct amazon **ret_amazon, struct err *err)
{
    static const struct http_client_limits limits = {.in_flight_max = 2, .queue_max = 2};
    struct option_value values[AWS_OPTION_COUNT] = {{0}};
    struct amazon *amazon = memory_take(sizeof(*amazon));

    take_settings(job, values);
    amazon->job = job;
    amazon->patience_ms = AMAZON_PATIENCE_MS;
    amazon->loop = loop_new();
    if (http_client_new(amazon->loop, &limits, &amazon->http, err) &&
        aws_client_new(amazon->loop, amazon->http, "cloudformation", values, &amazon->client, err)) {
        *ret_amazon = amazon;
        return true;
    }
    amazon_close(amazon);
    return false;
}

void amazon_close(struct amazon *amazon)
{
    if (amazon == NULL)
        return;
    aws_client_free(amazon->client);
    http_client_free(amazon->http);
    loop_free(amazon->loop);
    xml_free(amazon->xml);
    free(amazon);
}

void amazon_close_at(struct amazon **amazon)
{
    amazon_close(*amazon);
}

void amazon_see_through(struct amazon *amazon, int64_t patience_ms)
{
    amazon->sees_through = true;
    amazon->patience_ms = patience_ms;
}

/* ---- forms ---- */

void amazon_form_init(struct amazon_form *form, const char *action)
{
    form->memory = memory_take(FORM_SIZE);
    text_init(&form->text, form->memory, FORM_SIZE);
    text_add(&form->text, "Action=%s&Version=2010-05-15", action);
}

void amazon_form_add(struct amazon_form *form, const char *name, const char *value)
{
    text_add(&form->text, "&%s=", name);
    aws_form_add(&form->text, value);
}

void amazon_form_add_member(struct amazon_form *form, const char *list, size_t index, const char *part,
                            const char *value)
{
    text_add(&form->text, "&%s.member.%zu%s%s=", list, index + 1, part == NULL ? "" : ".",
             part == NULL ? "" : part);
    aws_form_add(&form->text, value);
}

/* It may hold what is secret. */
void amazon_form_done(struct amazon_form *form)
{
    if (form->memory != NULL)
        explicit_bzero(form->memory, FORM_SIZE);
    free(form->memory);
    form->memory = NULL;
}

/* ---- one question ---- */

static void answered(void *data, const struct aws_answer *answer)
{
    struct amazon *amazon = data;

    amazon->is_answered = true;
    amazon->err = answer->err;
    amazon->error = answer->error;
    amazon->has_keys = answer->http != NULL;
    amazon->retry_after_ms = answer->retry_after_ms;
    xml_free(amazon->xml);
    amazon->xml = NULL;
    if (answer->http != NULL && answer->err.code == ERR_NONE &&
        !xml_parse(answer->http->body, answer->http->length, &amazon->xml, &amazon->err)) {
        amazon->err.code = ERR_PROTOCOL;
        (void)err_wrap(&amazon->err, "its answer is no XML that is read here");
    }
}

/* False: interrupted. */
static bool ask_once(struct amazon *amazon, const char *form)
{
    amazon->is_answered = false;
    struct aws_call *call = aws_call_start(amazon->client, NULL, form, XML_SIZE_MAX, answered, amazon);
    while (!loop_run_until(amazon->loop, &amazon->is_answered, SLICE_MS)) {
        if (!invocation_is_interrupted(&amazon->job->signals) || amazon->sees_through)
            continue;
        aws_call_cancel(call);
        return false;
    }
    return true;
}

static bool is_worth_another(const struct amazon *amazon, unsigned *refusals)
{
    bool is_refusal = amazon->error.is_refused || !amazon->has_keys;

    *refusals += is_refusal;
    return (amazon->err.code == ERR_UNAVAILABLE || amazon->err.code == ERR_TIMEOUT) &&
           (!is_refusal || *refusals < REFUSALS_MAX || amazon->sees_through);
}

static bool wait_for(struct amazon *amazon, int64_t wait_ms)
{
    int64_t until_ms = loop_now_ms() + wait_ms;

    while (loop_now_ms() < until_ms)
        if (!invocation_pause(&amazon->job->signals) && !amazon->sees_through)
            return false;
    return true;
}

bool amazon_pause(struct amazon *amazon, struct amazon_pace *pace)
{
    int64_t wait_ms = pace->wait_ms < WAIT_FIRST_MS ? WAIT_FIRST_MS : pace->wait_ms;

    pace->wait_ms = wait_ms * 3 / 2 < WAIT_MAX_MS ? wait_ms * 3 / 2 : WAIT_MAX_MS;
    return wait_for(amazon, wait_ms);
}

/* Not all at once who were throttled together: between half of it and all. */
static int64_t spread(int64_t wait_ms)
{
    uint16_t chance = 0;

    digest_random(&chance, sizeof(chance));
    return wait_ms / 2 + wait_ms / 2 * chance / UINT16_MAX;
}

/* Asks until there is an answer or a reason to stop, which is in amazon->err. False: interrupted. */
static bool ask_until(struct amazon *amazon, const char *form)
{
    int64_t until_ms = loop_now_ms() + amazon->patience_ms;
    int64_t wait_ms = WAIT_FIRST_MS;
    unsigned refusals = 0;

    for (;;) {
        if (!ask_once(amazon, form))
            return false;
        int64_t pause_ms = amazon->retry_after_ms > 0 ? amazon->retry_after_ms : spread(wait_ms);
        wait_ms = wait_ms * 2 < WAIT_MAX_MS ? wait_ms * 2 : WAIT_MAX_MS;
        if (!is_worth_another(amazon, &refusals) || loop_now_ms() + pause_ms > until_ms)
            return true;
        if (!wait_for(amazon, pause_ms))
            return false;
    }
}

bool amazon_ask(struct amazon *amazon, const struct amazon_form *form, struct xml **ret_answer,
                struct err *err)
{
    if (form->text.is_cut)
        return err_set(err, ERR_LIMIT, "CloudFormation: more than is asked at once");
    if (!ask_until(amazon, form->text.data))
        return err_set(err, ERR_UNAVAILABLE, "interrupted");
    if (amazon->err.code != ERR_NONE) {
        if (err != NULL)
            *err = amazon->err;
        return err_wrap(err, "CloudFormation");
    }
    *ret_answer = amazon->xml;
    amazon->xml = NULL;
    return true;
}

bool amazon_refused_with(const struct amazon *amazon, const char *code, const char *part)
{
    return strcmp(amazon->error.code, code) == 0 && strstr(amazon->error.text, part) != NULL;
}
