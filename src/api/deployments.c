/* deployments.c - starting, listing and showing deployments.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "api/shape.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/traceparent.h"
#include "orchestrator/deployment.h"
#include "store/journal_key.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 20, LOCATION_SIZE = 64, URL_SIZE = 1024, COMMIT_SIZE = 129, STATE_SIZE = 24 };

/* ---- one ---- */

static void answer_record(struct call *call, const struct record *record, const char *etag)
{
    char location[LOCATION_SIZE];
    const struct http_server_header headers[] = {{"ETag", etag}, {"Location", location}};
    cJSON *json = shape_deployment(record, true);
    char *text = json_print(json);

    (void)snprintf(location, sizeof(location), "/v1/deployments/dep_%" PRIu64, record->row->id);
    call_answer(call, call->status, "application/json", headers, call->status == 201 ? 2 : 1, text,
                strlen(text));
    free(text);
    cJSON_Delete(json);
}

static void answer_unchanged(struct call *call, const char *etag)
{
    const struct http_server_header header = {"ETag", etag};

    call_answer(call, 304, "application/json", &header, 1, "", 0);
}

static void tell(struct call *call, const struct record *record, const char *etag)
{
    if (etag_is_listed(call->poll.known, etag, ETAG_WEAK))
        answer_unchanged(call, etag);
    else
        answer_record(call, record, etag);
}

static void keep(struct call *call)
{
    struct reading *reading = call->reading;

    if (reading->deployment == 0 || reading->is_outdated)
        return;
    call->reading = NULL;
    kept_put(&call->api->kept, reading);
}

static void show(struct call *call)
{
    char etag[RECORD_ETAG_SIZE];

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return;
    record_etag(&record, etag);
    if (poll_sleeps(call, &record, etag))
        return;
    tell(call, &record, etag);
    keep(call);
}

/* Without a wait, and nothing became durable about it since it was read. */
static bool show_kept(struct call *call)
{
    const struct reading *reading =
        call->poll.is_on ? NULL : kept_find(&call->api->kept, call->match.deployment);
    char etag[RECORD_ETAG_SIZE];

    if (reading == NULL)
        return false;
    struct record record = reading_record_in(call->api, reading, 0);
    if (!record.is_live && reading->is_light)
        return false;
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return true;
    record_etag(&record, etag);
    tell(call, &record, etag);
    return true;
}

void deployments_show(struct call *call)
{
    call->status = 200;
    call->poll.done = show;
    call->poll.deployment = call->match.deployment;
    if (!poll_begin(call) || show_kept(call))
        return;
    if (call->match.deployment != 0)
        reading_deployment(call, READING_DEPLOYMENT, call->match.deployment, show);
    else
        reading_last(call, READING_DEPLOYMENT, show);
}

/* It happened, whether or not it can be read right now. */
static void answer_id(struct call *call)
{
    char location[LOCATION_SIZE];
    const struct http_server_header header = {"Location", location};
    char text[LOCATION_SIZE];

    (void)snprintf(location, sizeof(location), "/v1/deployments/dep_%" PRIu64, call->deployment);
    (void)snprintf(text, sizeof(text), "{\"id\":\"dep_%" PRIu64 "\"}", call->deployment);
    call_answer(call, call->status, "application/json", &header, 1, text, strlen(text));
}

static void show_outcome(struct call *call)
{
    char etag[RECORD_ETAG_SIZE];

    if (call->reading->err.code != ERR_NONE) {
        answer_id(call);
        return;
    }
    struct record record = reading_record(call, 0);
    record_etag(&record, etag);
    answer_record(call, &record, etag);
}

void deployments_answer(struct call *call, uint64_t deployment, unsigned status)
{
    call->status = status;
    call->deployment = deployment;
    reading_deployment(call, READING_DEPLOYMENT, deployment, show_outcome);
}

/* ---- start ---- */

struct start_texts {
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1], digest[DIGEST_MAX_LENGTH + 1];
    char strategy[NAME_MAX_LENGTH + 1], run_url[URL_SIZE], commit[COMMIT_SIZE], actor[NAME_MAX_LENGTH + 1];
    char traceparent[TRACEPARENT_MAX + 1], tracestate[TRACE_STATE_MAX + 1], baggage[TRACE_BAGGAGE_MAX + 1];
    bool is_emergency, is_stable_bad;
};

static bool is_digest_or_none(const char *text)
{
    return text[0] == '\0' || text_is_digest(text);
}

/* Nobody is asked then, so it says why, and who called it so is known. */
static bool is_sound_emergency(struct call *call, const struct start_texts *texts)
{
    if (texts->is_stable_bad && !texts->is_emergency) {
        problem_answer_member(call, "#/stable_is_bad", "is said of an emergency alone");
        return false;
    }
    if (!texts->is_emergency || call->reason[0] != '\0')
        return true;
    problem_answer_member(call, "#/reason",
                          "is missing: an emergency is an override, and those are recorded with a reason");
    return false;
}

static bool read_start(struct call *call, struct start_texts *texts)
{
    static const char *const names[] = {"service",       "environment", "version",    "digest", "strategy",
                                        "run_url",       "commit",      "actor",      "reason", "emergency",
                                        "stable_is_bad", "traceparent", "tracestate", "baggage"};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_name(call, "service", text_is_name, "a name ([a-z][a-z0-9-]*, at most 63)",
                        sizeof(texts->service), texts->service) ||
        !call_body_name(call, "environment", text_is_name, "a name ([a-z][a-z0-9-]*, at most 63)",
                        sizeof(texts->environment), texts->environment) ||
        !call_body_name(call, "version", text_is_version,
                        "a version ([A-Za-z0-9][A-Za-z0-9._+~-]*, at most 128)", sizeof(texts->version),
                        texts->version) ||
        !call_body_line(call, "digest", sizeof(texts->digest), texts->digest) ||
        !call_body_line(call, "strategy", sizeof(texts->strategy), texts->strategy) ||
        !call_body_line(call, "run_url", sizeof(texts->run_url), texts->run_url) ||
        !call_body_line(call, "commit", sizeof(texts->commit), texts->commit) ||
        !call_body_actor(call, sizeof(texts->actor), texts->actor) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason) ||
        !call_body_line(call, "traceparent", sizeof(texts->traceparent), texts->traceparent) ||
        !call_body_line(call, "tracestate", sizeof(texts->tracestate), texts->tracestate) ||
        !call_body_line(call, "baggage", sizeof(texts->baggage), texts->baggage) ||
        !call_body_flag(call, "emergency", &texts->is_emergency) ||
        !call_body_flag(call, "stable_is_bad", &texts->is_stable_bad))
        return false;
    if (!is_digest_or_none(texts->digest)) {
        problem_answer_member(call, "#/digest", "is not a digest (sha256:... in hexadecimal)");
        return false;
    }
    return is_sound_emergency(call, texts);
}

/* What is in the body may be signed, headers never are. */
static struct trace_given trace_of(const struct call *call, const struct start_texts *texts)
{
    struct trace_given trace = call_trace(call);

    if (texts->traceparent[0] != '\0')
        trace = (struct trace_given){texts->traceparent, texts->tracestate, trace.baggage};
    if (texts->baggage[0] != '\0')
        trace.baggage = texts->baggage;
    return trace;
}

/* A structured-field string ("..." with \" and \\), or the bare text. "": none. */
static bool read_key(struct call *call)
{
    const char *header = http_server_header(call->request, "Idempotency-Key");
    size_t length = 0;

    if (header == NULL || call->parent != NULL || call->key[0] != '\0') /* an event has its own */
        return true;
    bool is_quoted = header[0] == '"';
    for (header += is_quoted; *header != '\0' && length + 1 < sizeof(call->key); header++) {
        if (is_quoted && *header == '"')
            break;
        if (is_quoted && *header == '\\' && header[1] != '\0')
            header++;
        if (*header < ' ' || *header > '~')
            break;
        call->key[length++] = *header;
    }
    call->key[length] = '\0';
    bool is_whole = is_quoted ? strcmp(header, "\"") == 0 : *header == '\0';
    if (is_whole && length > 0)
        return true;
    problem_answer(call, 400, "invalid",
                   "Idempotency-Key: must be 1 to 255 printable characters, in quotes or bare");
    return false;
}

static void replay(struct call *call, uint64_t deployment)
{
    deployments_answer(call, deployment, 201);
}

/* True: start it. */
static bool reserve(struct call *call, const unsigned char hash[JOURNAL_HASH_SIZE])
{
    uint64_t deployment = 0;

    if (call->key[0] == '\0')
        return true;
    switch (journal_key_reserve(call->api->env.journal, call->principal.name, call->key, hash, &deployment)) {
    case JOURNAL_KEY_NEW:
        return true;
    case JOURNAL_KEY_PENDING:
        problem_answer(call, 409, "still-running",
                       "the first request with this Idempotency-Key is under way");
        return false;
    case JOURNAL_KEY_KNOWN:
        replay(call, deployment);
        return false;
    case JOURNAL_KEY_OTHER:
        problem_answer(call, 422, "idempotency-key-reused",
                       "this Idempotency-Key came with another body before; keys are kept for 24 hours");
        return false;
    }
    return false;
}

void deployments_started(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err)
{
    struct call *call = data;

    if (!is_done && call->key[0] != '\0')
        journal_key_drop(call->api->env.journal, call->principal.name, call->key);
    if (call->request != NULL) {
        if (is_done)
            deployments_answer(call, deployment, is_new ? 201 : 200);
        else
            problem_answer_err(call, err);
    }
    call->env_holds--;
    call_settle(call);
}

void deployments_start(struct call *call)
{
    struct start_texts texts = {.is_emergency = false};
    const struct api_env *env = &call->api->env;

    if (!read_start(call, &texts) || !read_key(call) ||
        !call_allowed(call, TOKEN_DEPLOY, texts.service, texts.environment) ||
        (texts.is_emergency && !call_allowed(call, TOKEN_OVERRIDE, texts.service, texts.environment)))
        return;
    struct api_start start = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .service = texts.service,
        .environment = texts.environment,
        .version = texts.version,
        .digest = texts.digest,
        .strategy = texts.strategy,
        .run_url = texts.run_url,
        .commit = texts.commit,
        .reason = call->reason,
        .actor = texts.actor,
        .is_emergency = texts.is_emergency,
        .is_stable_bad = texts.is_stable_bad,
        .idempotency_key = call->key[0] == '\0' ? NULL : call->key,
        .trace = trace_of(call, &texts)};
    digest_sha256(call->text, call->text_length, start.body_hash);
    if (!reserve(call, start.body_hash))
        return;
    call->env_holds++;
    env->start(env->data, &start, deployments_started, call);
}

/* ---- list ---- */

static bool read_phases(struct call *call, uint32_t *ret_phases)
{
    const char *at = http_server_query(call->request, "state");

    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ",");
        uint32_t before = *ret_phases;
        for (unsigned i = 0; i < PHASE_COUNT; i++) {
            const char *name = phase_name((enum deployment_phase)i);
            bool is_this = strlen(name) == length && strncmp(name, at, length) == 0;
            bool is_any = length == 6 && strncmp("active", at, length) == 0;
            if (is_this || (is_any && !phase_is_terminal((enum deployment_phase)i)))
                *ret_phases |= UINT32_C(1) << i;
        }
        if (*ret_phases == before) {
            problem_answer(call, 400, "invalid", "state: \"%.24s\" is none; \"active\" is what is not over",
                           at);
            return false;
        }
        at += length + (at[length] == ',');
    }
    return true;
}

static bool read_filter(struct call *call, struct journal_filter *filter)
{
    const char *cursor = http_server_query(call->request, "cursor");
    int64_t number = LIST_DEFAULT;

    filter->service = http_server_query(call->request, "service");
    filter->environment = http_server_query(call->request, "environment");
    if (!call_query_number(call, "limit", 1, VIEW_ROWS_MAX, &number))
        return false;
    filter->limit = (uint32_t)number;
    if (cursor != NULL && !route_parse_deployment(cursor, &filter->before)) {
        problem_answer(call, 400, "invalid", "cursor: take it from the page before");
        return false;
    }
    if ((filter->service != NULL && !text_is_name(filter->service)) ||
        (filter->environment != NULL && !text_is_name(filter->environment))) {
        problem_answer(call, 400, "invalid", "service, environment: must be names");
        return false;
    }
    return read_phases(call, &filter->phases);
}

static void show_list(struct call *call)
{
    if (reading_failed(call))
        return;
    const struct reading *reading = call->reading;
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "deployments");
    for (size_t i = 0; i < reading->row_count; i++) {
        struct record record = reading_record(call, i);
        if (auth_allows(&call->principal, TOKEN_READ, record.row->service, record.row->environment))
            cJSON_AddItemToArray(array, shape_deployment(&record, false));
    }
    if (reading->row_count == reading->filter.limit) {
        char cursor[RECORD_ID_SIZE];
        (void)snprintf(cursor, sizeof(cursor), "dep_%" PRIu64, reading->rows[reading->row_count - 1].id);
        cJSON_AddStringToObject(page, "cursor", cursor);
    } else {
        cJSON_AddNullToObject(page, "cursor");
    }
    call_answer_json(call, 200, page);
}

void deployments_list(struct call *call)
{
    struct journal_filter filter = {0};

    if (read_filter(call, &filter))
        reading_list(call, &filter, show_list);
}
