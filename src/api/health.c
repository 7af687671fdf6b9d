/* health.c - is it alive, is it ready, and its own numbers.
 * SPDX-License-Identifier: MIT */
#include "api/metric_page.h"
#include "api/parts.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HEALTH_TEXT_MAX = 16 * 1024, STATM_SIZE = 128 };

static void answer_text(struct call *call, unsigned status, const char *text)
{
    call_answer(call, status, "text/plain; charset=utf-8", NULL, 0, text, strlen(text));
}

void health_live(struct call *call)
{
    answer_text(call, 200, "ok\n");
}

/* One line per check, as Kubernetes writes them. */
static void add_checks(struct text *text, const char *json)
{
    struct cJSON *checks = NULL;
    const cJSON *check = NULL;

    if (!json_parse(json, strlen(json), NULL, &checks, NULL))
        return;
    cJSON_ArrayForEach(check, checks)
    {
        bool is_good = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(check, "ok"));
        text_add(text, "[%c]%s%s%s\n", is_good ? '+' : '-', json_text_of(check, "name"),
                 is_good ? " ok" : ": ", is_good ? "" : json_text_of(check, "why"));
    }
    json_free(checks);
}

void health_ready(struct call *call)
{
    const struct api_env *env = &call->api->env;
    bool is_ready = false;
    char *json = env->ready(env->data, &is_ready);
    char *memory = memory_take(HEALTH_TEXT_MAX);
    struct text text;

    text_init(&text, memory, HEALTH_TEXT_MAX);
    if (http_server_query(call->request, "verbose") != NULL)
        add_checks(&text, json);
    text_add(&text, is_ready ? "ready\n" : "not ready\n");
    answer_text(call, is_ready ? 200 : 503, memory);
    free(memory);
    free(json);
}

/* "size resident shared ...", in pages. */
static void read_pages(int64_t *ret_size, int64_t *ret_resident)
{
    char line[STATM_SIZE] = "";
    int64_t *const numbers[] = {ret_size, ret_resident};
    char *rest = line;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL)
        return;
    if (fgets(line, sizeof(line), file) != NULL)
        for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
            char *word = rest;
            rest += strcspn(rest, " ");
            rest += *rest == ' ';
            word[strcspn(word, " ")] = '\0';
            if (!text_to_integer(word, 0, INT64_MAX, numbers[i]))
                *numbers[i] = 0;
        }
    (void)fclose(file);
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", "..", and the folder itself */
}

static void add_process(const struct api *api, struct text *text)
{
    struct rusage usage = {0};
    struct rlimit files = {0};
    int64_t size = 0;
    int64_t resident = 0;

    (void)getrusage(RUSAGE_SELF, &usage);
    (void)getrlimit(RLIMIT_NOFILE, &files);
    read_pages(&size, &resident);
    double cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    text_add(text, "process_cpu_seconds_total %.3f\n", cpu_s);
    text_add(text, "process_resident_memory_bytes %lld\n", (long long)resident * sysconf(_SC_PAGESIZE));
    text_add(text, "process_virtual_memory_bytes %lld\n", (long long)size * sysconf(_SC_PAGESIZE));
    text_add(text, "process_open_fds %zu\nprocess_max_fds %llu\n", open_descriptors(),
             (unsigned long long)files.rlim_cur);
    text_add(text, "process_start_time_seconds %.3f\n", (double)api->begun_wall_ms / 1000.0);
}

static void add_own(const struct api *api, struct text *text)
{
    const struct call *call = NULL;
    size_t waiting = 0;

    LIST_FOREACH(call, &api->calls, link)
    waiting += call->poll.is_on;
    text_add(text, "verdict_build_info{version=\"%s\"} 1\n", VERDICT_VERSION);
    for (unsigned i = 1; i < API_STATUS_CLASSES; i++)
        text_add(text, "verdict_api_answers_total{status=\"%uxx\"} %llu\n", i,
                 (unsigned long long)api->answered[i]);
    text_add(text,
             "verdict_api_rate_limited_total{source=\"token\"} %llu\n"
             "verdict_api_rate_limited_total{source=\"address\"} %llu\n",
             (unsigned long long)api->refused_tokens, (unsigned long long)api->refused_addresses);
    text_add(text, "verdict_api_long_polls %zu\n", waiting);
    text_add(text, "verdict_api_listeners %zu\n", api->listeners.count);
    text_add(text, "verdict_api_listeners_cut_total %llu\n", (unsigned long long)api->listeners.cut);
}

void health_metrics(struct call *call)
{
    const struct api_env *env = &call->api->env;
    bool is_open = metric_page_wants_open(http_server_header(call->request, "Accept"));
    char *daemon = env->metrics(env->data);
    size_t size = strlen(daemon) + HEALTH_TEXT_MAX;
    char *memory = memory_take(size);
    struct text text;

    text_init(&text, memory, size);
    text_add_bytes(&text, daemon, strlen(daemon));
    add_own(call->api, &text);
    add_process(call->api, &text);
    char *page = metric_page(memory, is_open);
    call_answer(call, 200, is_open ? METRIC_PAGE_OPEN : METRIC_PAGE_TEXT, NULL, 0, page, strlen(page));
    free(page);
    free(memory);
    free(daemon);
}
