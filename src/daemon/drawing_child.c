/* drawing_child.c - `verdictd --draw`: one request, one picture, and the end.
 * SPDX-License-Identifier: MIT */
#include "daemon/drawing.h"

#include "api/html.h"
#include "io/child.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/rrd_graph.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SECONDS_MAX = 20, MEMORY_MAX = 1024 * 1024 * 1024 };

static int64_t seconds_of(const cJSON *object, const char *name)
{
    double number = json_number_of(object, name);

    return isfinite(number) && number > 0 && number < 1e11 ? (int64_t)number : 0;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static enum rrd_graph_mark_kind kind_of(const cJSON *mark)
{
    for (size_t i = 0; i < RRD_GRAPH_MARK_KINDS; i++)
        if (strcmp(json_text_of(mark, "kind"), rrd_graph_mark_names[i]) == 0)
            return (enum rrd_graph_mark_kind)i;
    return RRD_GRAPH_EVENT;
}

static void fill(const cJSON *request, struct rrd_graph *graph)
{
    const cJSON *item = NULL;

    *graph = (struct rrd_graph){.is_png = is_true(request, "png"),
                                .title = json_text_of(request, "title"),
                                .unit = json_text_of(request, "unit"),
                                .start_s = seconds_of(request, "start"),
                                .end_s = seconds_of(request, "end")};
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(request, "lines"))
    {
        if (graph->line_count < RRD_GRAPH_LINES_MAX)
            graph->lines[graph->line_count++] = (struct rrd_graph_line){
                json_text_of(item, "path"), is_true(item, "count"), json_text_of(item, "name")};
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(request, "marks"))
    {
        if (graph->mark_count < RRD_GRAPH_MARKS_MAX)
            graph->marks[graph->mark_count++] =
                (struct rrd_graph_mark){seconds_of(item, "time"), json_text_of(item, "name"), kind_of(item)};
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(request, "bounds"))
    {
        if (graph->bound_count < RRD_GRAPH_BOUNDS_MAX && isfinite(json_number_of(item, "value")))
            graph->bounds[graph->bound_count++] =
                (struct rrd_graph_bound){json_number_of(item, "value"), json_text_of(item, "name")};
    }
}

/* Whatever the library does, it ends; and where memory is short, it goes before the daemon. */
static void limit(void)
{
    const struct rlimit none = {0, 0};
    FILE *rank = fopen("/proc/self/oom_score_adj", "we");
    const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
    const struct rlimit seconds = {SECONDS_MAX, SECONDS_MAX};

    if (rank != NULL) {
        (void)fputs("500", rank);
        (void)fclose(rank);
    }
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)setrlimit(RLIMIT_AS, &memory);
    (void)setrlimit(RLIMIT_CPU, &seconds);
    (void)alarm(SECONDS_MAX);
}

static void put_line(const char *text)
{
    html_text(stdout, text);
    (void)fputs("\n", stdout);
}

/* The library writes letters as shapes: what the picture says is told once more for who cannot see it. */
static void put_words(const struct rrd_graph *graph)
{
    (void)fputs("\n<title>", stdout);
    html_text(stdout, graph->title);
    (void)fputs("</title>\n<desc>", stdout);
    for (size_t i = 0; i < graph->line_count; i++)
        put_line(graph->lines[i].name);
    for (size_t i = 0; i < graph->bound_count; i++)
        put_line(graph->bounds[i].name);
    for (size_t i = 0; i < graph->mark_count; i++)
        put_line(graph->marks[i].name);
    (void)fputs("</desc>", stdout);
}

/* Bytes up to the end of the tag that opens the picture. */
static size_t head_of(const unsigned char *picture, size_t length)
{
    static const char tag[] = "<svg ";
    const unsigned char *open = memmem(picture, length, tag, sizeof(tag) - 1);
    const unsigned char *end = open == NULL ? NULL : memchr(open, '>', length - (size_t)(open - picture));

    return end == NULL ? 0 : (size_t)(end - picture) + 1;
}

static void put_picture(const struct rrd_graph *graph, const unsigned char *picture, size_t length)
{
    size_t head = graph->is_png ? 0 : head_of(picture, length);

    (void)fwrite(picture, 1, head, stdout);
    if (head > 0)
        put_words(graph);
    (void)fwrite(picture + head, 1, length - head, stdout);
}

static bool draw(const char *text, size_t length, struct err *err)
{
    struct rrd_graph graph;
    unsigned char *picture = NULL;
    size_t picture_length = 0;
    cJSON *request = NULL;

    if (!json_parse(text, length, NULL, &request, err))
        return err_wrap(err, "the request");
    fill(request, &graph);
    bool is_drawn = rrd_graph_draw(&graph, &picture, &picture_length, err);
    if (is_drawn)
        put_picture(&graph, picture, picture_length);
    free(picture);
    cJSON_Delete(request);
    return is_drawn;
}

int drawing_main(void)
{
    char *text = memory_take(CHILD_INPUT_MAX + 1);
    struct err err = {0};

    limit();
    (void)setenv("TZ", "UTC", 1);
    size_t taken = fread(text, 1, CHILD_INPUT_MAX, stdin);
    bool is_drawn = draw(text, taken, &err);
    if (!is_drawn)
        (void)fputs(err.text, stdout);
    free(text);
    return is_drawn && fflush(stdout) == 0 && ferror(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
