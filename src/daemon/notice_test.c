/* notice_test.c - a notice that a person sends to a receiver, past the outbox: what came of it is the answer.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "daemon/exporting.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTICE_TESTS_MAX = 8, RANDOM_SIZE = 12, NAMES_SIZE = 384 };

static const char *const fates[] = {
    [NOTICE_DELIVERED] = "delivered", [NOTICE_RETRY] = "retry", [NOTICE_REFUSED] = "refused"};

struct notice_test {
    struct notice_test *next;
    struct daemon *daemon;
    char receiver[96];
    char id[JOURNAL_NOTICE_ID_SIZE];
    char *body;
    api_told *done;
    void *done_data;
};

static void free_one(struct notice_test *test)
{
    struct notice_test **at = &test->daemon->notice_tests;

    while (*at != test)
        at = &(*at)->next;
    *at = test->next;
    free(test->body);
    free(test);
}

void notice_tests_drop(struct daemon *daemon)
{
    while (daemon->notice_tests != NULL)
        free_one(daemon->notice_tests);
}

static void ended(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct notice_test *test = data;
    cJSON *answer = cJSON_CreateObject();
    char text[ERR_TEXT_MAX];

    (void)retry_after_ms;
    (void)snprintf(text, sizeof(text), "%s", why);
    redaction_apply(test->daemon->log.redaction, text);
    cJSON_AddStringToObject(answer, "notifier", test->receiver);
    cJSON_AddBoolToObject(answer, "ok", fate == NOTICE_DELIVERED);
    cJSON_AddStringToObject(answer, "fate", fates[fate]);
    cJSON_AddStringToObject(answer, "why", text);
    char *json = json_print(answer);
    cJSON_Delete(answer);
    test->done(test->done_data, json, NULL);
    free(json);
    free_one(test);
}

static cJSON *data_of(const struct daemon *daemon, const struct api_notice_test *asked)
{
    cJSON *data = cJSON_CreateObject();
    char text[512];

    cJSON_AddStringToObject(data, "deployment", "test");
    cJSON_AddStringToObject(data, "event", "test");
    cJSON_AddStringToObject(data, "service", "verdictd");
    cJSON_AddStringToObject(data, "environment", daemon->settings->instance);
    cJSON_AddStringToObject(data, "version", VERDICT_VERSION);
    cJSON_AddStringToObject(data, "actor", asked->person);
    (void)snprintf(text, sizeof(text), "verdictd on %.128s: a test of %s, nothing has happened",
                   daemon->settings->instance, asked->receiver);
    cJSON_AddStringToObject(data, "summary", text);
    (void)snprintf(text, sizeof(text), "verdict notify test %s", asked->receiver);
    cJSON_AddStringToObject(data, "evidence", text);
    if (daemon->settings->public_url[0] != '\0')
        cJSON_AddStringToObject(data, "link", daemon->settings->public_url);
    return data;
}

static const struct daemon_receiver *find(const struct daemon *daemon, const char *name, struct err *err)
{
    char names[NAMES_SIZE];
    char full[96];
    struct text text;

    text_init(&text, names, sizeof(names));
    for (size_t i = 0; i < daemon->receiver_count; i++) {
        const struct daemon_receiver *receiver = &daemon->receivers[i];
        (void)snprintf(full, sizeof(full), "%s:%s", receiver->type->name, receiver->name);
        if (receiver->notifier != NULL && strcmp(full, name) == 0)
            return receiver;
        text_add(&text, "%s%s", i == 0 ? "" : ", ", full);
    }
    (void)err_set(err, ERR_NOT_FOUND, "'%s' is no receiver of verdictd.conf; these are: %s", name,
                  names[0] == '\0' ? "none" : names);
    return NULL;
}

static bool has_room(const struct daemon *daemon, struct err *err)
{
    size_t count = 0;

    for (const struct notice_test *one = daemon->notice_tests; one != NULL; one = one->next)
        count++;
    return count < NOTICE_TESTS_MAX || err_set(err, ERR_LIMIT, "%zu tests are under way already", count);
}

void notice_test_start(void *data, const struct api_notice_test *asked, api_told *done, void *done_data)
{
    struct daemon *daemon = data;
    struct err err = {0};
    unsigned char random[RANDOM_SIZE];
    char hex[2 * RANDOM_SIZE + 1];
    const struct daemon_receiver *receiver = find(daemon, asked->receiver, &err);

    if (receiver == NULL || !has_room(daemon, &err)) {
        done(done_data, NULL, &err);
        return;
    }
    struct notice_test *test = memory_take(sizeof(*test));
    *test = (struct notice_test){
        .next = daemon->notice_tests, .daemon = daemon, .done = done, .done_data = done_data};
    daemon->notice_tests = test;
    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), hex);
    (void)snprintf(test->id, sizeof(test->id), "msg_%s", hex);
    (void)snprintf(test->receiver, sizeof(test->receiver), "%s", asked->receiver);
    test->body = receiver->type->takes_traces
                     ? exporting_test(daemon, asked->person)
                     : notice_envelope(daemon, test->id, "notifier.test", asked->receiver,
                                       &(struct trace_given){.traceparent = NULL}, data_of(daemon, asked));
    const struct notice notice = {.id = test->id, .body = test->body};
    receiver->type->send(receiver->notifier, &notice, ended, test);
}
