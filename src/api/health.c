/* health.c - is it alive, is it ready, and its own numbers.
 * SPDX-License-Identifier: MIT */
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

/* The second number of "size resident shared ...". */
static int64_t resident_pages(void)
{
    char line[STATM_SIZE] = "";
    int64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL)
        return 0;
    if (fgets(line, sizeof(line), file) != NULL) {
        char *at = line + strcspn(line, " ");
        at += strspn(at, " ");
        at[strcspn(at, " ")] = '\0';
        if (!text_to_integer(at, 0, INT64_MAX, &pages))
            pages = 0;
    }
    (void)fclose(file);
    return pages;
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

static void add_process(struct text *text)
{
    struct rusage usage = {0};

    (void)getrusage(RUSAGE_SELF, &usage);
    double cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    text_add(text, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.3f\n", cpu_s);
    text_add(text, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %lld\n",
             (long long)resident_pages() * sysconf(_SC_PAGESIZE));
    text_add(text, "# TYPE process_open_fds gauge\nprocess_open_fds %zu\n", open_descriptors());
}

static void add_own(const struct api *api, struct text *text)
{
    const struct call *call = NULL;
    size_t waiting = 0;

    LIST_FOREACH(call, &api->calls, link)
    waiting += call->poll.is_on;
    text_add(text, "# TYPE verdict_build_info gauge\nverdict_build_info{version=\"%s\"} 1\n",
             VERDICT_VERSION);
    text_add(text, "# TYPE verdict_api_answers_total counter\n");
    for (unsigned i = 1; i < API_STATUS_CLASSES; i++)
        text_add(text, "verdict_api_answers_total{status=\"%uxx\"} %llu\n", i,
                 (unsigned long long)api->answered[i]);
    text_add(text,
             "# TYPE verdict_api_rate_limited_total counter\n"
             "verdict_api_rate_limited_total{source=\"token\"} %llu\n"
             "verdict_api_rate_limited_total{source=\"address\"} %llu\n",
             (unsigned long long)api->refused_tokens, (unsigned long long)api->refused_addresses);
    text_add(text, "# TYPE verdict_api_long_polls gauge\nverdict_api_long_polls %zu\n", waiting);
    text_add(text, "# TYPE verdict_api_listeners gauge\nverdict_api_listeners %zu\n", api->listeners.count);
    text_add(text, "# TYPE verdict_api_listeners_cut_total counter\nverdict_api_listeners_cut_total %llu\n",
             (unsigned long long)api->listeners.cut);
}

void health_metrics(struct call *call)
{
    static const char type[] = "text/plain; version=0.0.4; charset=utf-8";
    const struct api_env *env = &call->api->env;
    char *daemon = env->metrics(env->data);
    size_t size = strlen(daemon) + HEALTH_TEXT_MAX;
    char *memory = memory_take(size);
    struct text text;

    text_init(&text, memory, size);
    text_add_bytes(&text, daemon, strlen(daemon));
    add_own(call->api, &text);
    add_process(&text);
    call_answer(call, 200, type, NULL, 0, text.data, text.length);
    free(memory);
    free(daemon);
}
