/* fuzz_requests.c - libFuzzer: any bytes as a request of the API that changes something: a line "METHOD
 * PATH", headers, an empty line, a body. A real journal below, and a daemon that takes what is well formed.
 * SPDX-License-Identifier: MIT */
#include "api/api.h"
#include "api/parts.h"
#include "api/route.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/traceparent.h"
#include "io/utf8.h"
#include "orchestrator/deployment.h"
#include "orchestrator/run.h"
#include "store/journal_run.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEADERS_MAX = 8,
    WAITING_MAX = 32,
    PAGES_MAX = 4096,
    DEADLINE_MS = 10000,
    PATH_SIZE = 512,
    SYSTEM_UID = 100
};

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What the daemon was asked and has still to answer: never from inside the call. */
struct waiting {
    api_done *done;
    api_told *told;
    void *data;
    bool is_good;
};

static struct {
    struct loop *loop;
    struct journal *journal;
    struct api *api;
    struct waiting waiting[WAITING_MAX];
    size_t waiting_count;
    char folder[PATH_SIZE], path[PATH_SIZE + 16];
} world;

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* ---- the daemon ---- */

static void answer_all(void *data)
{
    const struct err refusal = {.code = ERR_CONFLICT, .text = "not now"};

    (void)data;
    while (world.waiting_count > 0) {
        struct waiting one = world.waiting[--world.waiting_count];
        const struct err *err = one.is_good ? NULL : &refusal;
        if (one.told != NULL)
            one.told(one.data, one.is_good ? "{\"ok\":true}" : NULL, err);
        else
            one.done(one.data, one.is_good, one.is_good, one.is_good ? 1 : 0, err);
    }
}

static void wait_for(struct waiting one)
{
    must(world.waiting_count < WAITING_MAX);
    world.waiting[world.waiting_count++] = one;
    if (world.waiting_count == 1)
        loop_defer(world.loop, answer_all, NULL);
}

static void check_line(const char *text)
{
    must(text != NULL && utf8_is_valid(text, strlen(text)));
    for (; *text != '\0'; text++)
        must((unsigned char)*text >= ' ' && *text != '\x7f');
}

static void check_trace(const struct trace_given *trace)
{
    struct trace_lists lists;
    char kept[TRACEPARENT_SIZE];
    struct traceparent read;
    bool is_in_trace = traceparent_take(trace->traceparent, kept);

    must(traceparent_read(kept, &read) && strlen(read.trace) == TRACEPARENT_TRACE_SIZE - 1);
    trace_lists_take(trace, is_in_trace, &lists);
    must(lists.tracestate == NULL || (is_in_trace && strlen(lists.tracestate) <= TRACE_STATE_MAX));
    must(lists.baggage == NULL || strlen(lists.baggage) <= TRACE_BAGGAGE_MAX);
    trace_lists_done(&lists);
}

static void start(void *data, const struct api_start *start, api_done *done, void *done_data)
{
    (void)data;
    must(text_is_name(start->service) && text_is_name(start->environment) && text_is_version(start->version));
    must(start->digest[0] == '\0' || text_is_digest(start->digest));
    check_line(start->strategy);
    check_line(start->run_url);
    check_line(start->commit);
    check_line(start->reason);
    check_line(start->actor);
    check_trace(&start->trace);
    wait_for((struct waiting){.done = done, .data = done_data, .is_good = start->version[0] != '9'});
}

static void verb(void *data, const struct api_verb *verb, api_done *done, void *done_data)
{
    (void)data;
    must(verb->deployment == 1 && verb->row != NULL);
    check_line(verb->rule);
    check_line(verb->reason);
    check_trace(&verb->trace);
    wait_for((struct waiting){.done = done, .data = done_data, .is_good = verb->reason[0] != '9'});
}

static void mark(void *data, uint64_t deployment, double weight_percent)
{
    (void)data;
    must(deployment == 1 && weight_percent >= 0 && weight_percent <= 100);
}

static void run_abort(void *data, const struct api_run_verb *asked, api_done *done, void *done_data)
{
    (void)data;
    must(asked->run == 1);
    check_line(asked->reason);
    wait_for((struct waiting){.done = done, .data = done_data, .is_good = asked->reason[0] != '9'});
}

static void run_retry(void *data, const struct api_run_retry *asked, api_done *done, void *done_data)
{
    (void)data;
    must(asked->row != NULL && asked->row->id == 1);
    check_line(asked->reason);
    wait_for((struct waiting){.done = done, .data = done_data, .is_good = asked->reason[0] != '9'});
}

static void target_verb(void *data, const struct api_target_verb *verb, api_done *done, void *done_data)
{
    (void)data;
    must(strcmp(verb->service, JOURNAL_FLEET) == 0 ||
         (text_is_name(verb->service) && text_is_name(verb->environment)));
    must(verb->version[0] == '\0' || text_is_version(verb->version));
    must(verb->digest[0] == '\0' || text_is_digest(verb->digest));
    must(verb->until_wall_ms >= 0);
    check_line(verb->slot);
    check_line(verb->reason);
    wait_for((struct waiting){.done = done, .data = done_data, .is_good = verb->reason[0] != '9'});
}

static void rehearse(void *data, const struct api_rehearsal *asked, api_told *done, void *done_data)
{
    (void)data;
    must(text_is_name(asked->service) && text_is_name(asked->environment));
    check_line(asked->strategy);
    check_line(asked->version);
    wait_for((struct waiting){.told = done, .data = done_data, .is_good = asked->asks_sources});
}

static void test_notifier(void *data, const struct api_notice_test *asked, api_told *done, void *done_data)
{
    (void)data;
    wait_for((struct waiting){.told = done, .data = done_data, .is_good = asked->receiver[0] == 's'});
}

static struct run_definition *run_definition(void *data, const struct api_run_start *asked, struct err *err)
{
    (void)data;
    must((asked->pipeline != NULL) + (asked->group != NULL) + (asked->stack != NULL) +
             (asked->rehearses != NULL) ==
         1);
    must(asked->member_count <= (asked->group == NULL ? 0 : RUN_TOGETHER_MAX));
    for (size_t i = 0; i < asked->member_count; i++)
        must(text_is_name(asked->members[i].service) && text_is_version(asked->members[i].version));
    must(asked->stack == NULL || (text_is_name(asked->stack) && text_is_name(asked->environment)));
    check_line(asked->reason);
    check_trace(&asked->trace);
    (void)!err_set(err, ERR_NOT_FOUND, "no rule file declares it");
    return NULL;
}

static enum api_sample_answer find(void *data, struct api_sample *sample)
{
    (void)data;
    must(text_is_name(sample->service) && text_is_name(sample->environment));
    sample->watch = sample->metric[0] == 'u' ? NULL : &world;
    return sample->watch == NULL ? API_SAMPLE_UNWATCHED : API_SAMPLE_TAKEN;
}

static void take_samples(void *data, struct api_sample *samples, size_t count)
{
    (void)data;
    for (size_t i = 0; i < count; i++)
        samples[i].answer = samples[i].watch == &world ? API_SAMPLE_TAKEN : API_SAMPLE_UNWATCHED;
}

static bool take_otlp(void *data, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                      struct err *err)
{
    (void)data;
    ret_answer->rejected = posted->length % 2;
    return posted->length % 3 != 0 || err_set(err, ERR_INVALID, "no request");
}

static bool live(void *data, uint64_t deployment, struct api_live *ret_live)
{
    (void)data;
    (void)deployment;
    (void)ret_live;
    return false;
}

static const struct target_state *target(void *data, uint32_t id)
{
    (void)data;
    (void)id;
    return NULL;
}

static int64_t now_ms(void *data)
{
    (void)data;
    return 1000;
}

static bool is_member(void *data, const char *name, const char *person)
{
    (void)data;
    return strcmp(name, person) == 0;
}

static char *check_rules(void *data, const char *text)
{
    (void)data;
    (void)text;
    return memory_copy_text("[]");
}

static size_t recoveries(void *data, const struct api_recovery **ret_rows)
{
    (void)data;
    *ret_rows = NULL;
    return 0;
}

static uint64_t stack_run(void *data, const char *stack, const char *environment)
{
    (void)data;
    return strcmp(stack, environment) == 0 ? 7 : 0;
}

/* ---- its life ---- */

static const struct hook_value fields[] = {{.path = ".a"}, {.text = "prod"}, {.path = ".v", .behind = ":"}};
static const struct settings_hook hooks[] = {
    {.name = "open",
     .kind = HOOK_JSON,
     .secret = "env:FUZZ_TOKEN",
     .proof = HOOK_TOKEN,
     .header = "X-Token",
     .max_age_ms = 1000,
     .fields = {[HOOK_SERVICE] = {&fields[0], 1},
                [HOOK_ENVIRONMENT] = {&fields[1], 1},
                [HOOK_VERSION] = {&fields[2], 1}}},
    {.name = "signed", .kind = HOOK_GITHUB, .secret = "env:FUZZ_TOKEN", .header = "X-Hub-Signature-256"},
    {.name = "standard",
     .kind = HOOK_VERDICT,
     .secret = "env:FUZZ_SECRET",
     .proof = HOOK_STANDARD,
     .header = "",
     .max_age_ms = 1000},
};

static void kept(void *data, const struct journal_result *result)
{
    must(result->fault == JOURNAL_FINE);
    *(bool *)data = true;
}

/* A deployment and a run, each the first of its kind. */
static void begin_both(void)
{
    static struct deployment_state deployment;
    static struct run_state run;
    struct batch *batch = memory_take(sizeof(*batch));
    uint64_t version = journal_version_key(world.journal, "2.0.0", "");
    const struct journal_start start = {.target = journal_target(world.journal, "shop", "prod"),
                                        .version_key = version,
                                        .previous_key = journal_version_key(world.journal, "1.0.0", ""),
                                        .plan_hash = 1,
                                        .strategy = "careful",
                                        .sealed = "nothing that can be read"};
    const struct journal_run_start run_start = {
        .pipeline = "shop", .service = "shop", .version_key = version, .sealed = "pipeline = \"shop\";"};
    const struct journal_request requests[] = {
        {.token = 1, .actor = "ann", .reason = "x", .start = &start},
        {.token = 2, .actor = "ann", .reason = "x", .run = &run_start}};
    const struct journal_texts texts = {.request_count = ARRAY_LENGTH(requests), .requests = requests};
    bool is_kept = false;

    deployment_init(1, 1, &deployment);
    run_init(1, 1000, 0, version, false, &run);
    batch->rows[0] = (struct batch_row){
        .kind = ROW_DEPLOYMENT, .deployment = 1, .state = &deployment, .is_new = true, .token = 1};
    batch->rows[1] = (struct batch_row){.kind = ROW_RUN, .run = &run, .is_new = true, .token = 2};
    batch->count = 2;
    batch->now_ms = journal_clock_ms(world.journal);
    journal_commit(world.journal, batch, &texts, kept, &is_kept);
    must(loop_run_until(world.loop, &is_kept, DEADLINE_MS));
    free(batch);
}

static void remove_all(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char path[PATH_SIZE + 32];

    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", world.path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(world.folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const struct option_schemas schemas = {0};
    const char *folder = getenv("TMPDIR");
    struct err err = {0};

    (void)count;
    (void)arguments;
    (void)setenv("FUZZ_TOKEN", "token", 1);
    (void)setenv("FUZZ_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
    (void)snprintf(world.folder, sizeof(world.folder), "%s/requests-XXXXXX",
                   folder == NULL ? "/tmp" : folder);
    must(mkdtemp(world.folder) != NULL);
    (void)snprintf(world.path, sizeof(world.path), "%s/journal.db", world.folder);
    (void)atexit(remove_all);
    world.loop = loop_new();
    const struct journal_settings settings = {.path = world.path,
                                              .loop = world.loop,
                                              .boot_id = "one",
                                              .ballast_bytes = -1,
                                              .pages_max = PAGES_MAX};
    must(journal_open(&settings, &world.journal, &err));
    begin_both();
    const struct api_env env = {.loop = world.loop,
                                .journal = world.journal,
                                .journal_path = world.path,
                                .data_folder = world.folder,
                                .schemas = &schemas,
                                .instance = "test",
                                .doors = {.hooks = hooks, .hook_count = ARRAY_LENGTH(hooks)},
                                .start = start,
                                .verb = verb,
                                .mark = mark,
                                .run_abort = run_abort,
                                .run_retry = run_retry,
                                .target_verb = target_verb,
                                .rehearse = rehearse,
                                .test_notifier = test_notifier,
                                .run_definition = run_definition,
                                .sample_find = find,
                                .samples = take_samples,
                                .otlp = take_otlp,
                                .live = live,
                                .target = target,
                                .now_ms = now_ms,
                                .is_member = is_member,
                                .check_rules = check_rules,
                                .reload = check_rules,
                                .recoveries = recoveries,
                                .stack_run = stack_run};
    world.api = api_new(&env);
    return 0;
}

/* ---- one request ---- */

struct asking {
    struct http_server_header headers[HEADERS_MAX];
    struct http_server_given given;
    struct http_server_request request;
    size_t answers;
    bool is_answered;
};

static void check_answer_header(const char *text)
{
    for (; *text != '\0'; text++)
        must((unsigned char)*text >= ' ' && *text != '\x7f');
}

/* What is answered is never a mistake of ours, and JSON or nothing. */
static void answered(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                     const void *body, size_t length)
{
    static const struct json_limits limits = {
        .size_max = 16 * 1024 * 1024, .depth_max = JSON_DEPTH_MAX, .keys_max = 1000 * 1000};
    struct asking *asking = data;
    struct cJSON *json = NULL;
    bool is_json = false;
    bool is_problem = false;

    must(++asking->answers == 1 && status >= 200 && status != 500 && status < 600);
    asking->is_answered = true;
    for (size_t i = 0; i < count; i++) {
        check_answer_header(headers[i].value);
        bool is_type = strcmp(headers[i].name, "Content-Type") == 0;
        is_json |= is_type && strstr(headers[i].value, "json") != NULL;
        is_problem |= is_type && strcmp(headers[i].value, "application/problem+json") == 0;
    }
    must(!is_json || length == 0 || json_parse(body, length, &limits, &json, NULL));
    must(is_problem ? status >= 400 && json_text_of(json, "title")[0] != '\0'
                    : status < 400 || status == 423 || status == 409);
    json_free(json);
}

/* Up to the newline, which becomes a NUL; what is left begins behind it. */
static char *next_line(char **text)
{
    char *line = *text;
    size_t length = strcspn(line, "\n");

    *text = line + length + (line[length] == '\n');
    line[length] = '\0';
    return line;
}

static void read_headers(struct asking *asking, char **text)
{
    while (**text != '\0') {
        char *line = next_line(text);
        char *colon = strstr(line, ": ");
        if (line[0] == '\0' || colon == NULL || asking->given.header_count == HEADERS_MAX)
            return;
        *colon = '\0';
        asking->headers[asking->given.header_count++] = (struct http_server_header){line, colon + 2};
    }
}

/* What is only read needs a connection to stream to, and so does a whole state. */
static bool is_asked(const char *method, const char *path)
{
    struct route_match match;
    bool is_known = false;
    const struct route *route = route_find(routes, route_count, method, path, &match, &is_known);

    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           (route == NULL || route->handle != state_save);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct asking asking = {.answers = 0};
    char *text = memory_copy_bytes(bytes, size);
    char *rest = text;
    char *line = next_line(&rest);
    char *path = strchr(line, ' ');

    if (path != NULL && path[1] == '/') {
        *path++ = '\0';
        read_headers(&asking, &rest);
        asking.given.headers = asking.headers;
        asking.given.answer = answered;
        asking.given.data = &asking;
        asking.request =
            (struct http_server_request){.method = line,
                                         .path = path,
                                         .body = rest,
                                         .body_length = size - (size_t)(rest - text),
                                         .peer = {.is_unix = true, .uid = size % 2 == 0 ? 0 : SYSTEM_UID},
                                         .given = &asking.given};
        if (asking.request.body_length <= HTTP_SERVER_BODY_MAX_BYTES && is_asked(line, path)) {
            api_handle(world.api, &asking.request);
            must(asking.is_answered || loop_run_until(world.loop, &asking.is_answered, DEADLINE_MS));
        }
    }
    free(text);
    return 0;
}
