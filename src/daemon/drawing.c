/* drawing.c - the queue of pictures, each drawn by a child.
 * SPDX-License-Identifier: MIT
 *
 * librrd's graph code leaks and knows no threads: the child draws one picture and ends. */
#include "daemon/drawing.h"

#include "io/child.h"
#include "io/json.h"
#include "io/memory.h"
#include "series/archive.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAITING_MAX = 8, DEADLINE_MS = 15 * 1000, PICTURE_MAX = 4 * 1024 * 1024 };

struct drawing {
    struct drawing *next; /* that waits behind it */
    struct daemon *daemon;
    cJSON *request;
    char *input; /* the request as the child reads it */
    unsigned char *picture;
    size_t length;
    struct err err;
    api_drawn *done; /* NULL: nobody waits for it any more */
    void *done_data;
};

static void free_one(struct drawing *drawing)
{
    cJSON_Delete(drawing->request);
    free(drawing->input);
    free(drawing->picture);
    free(drawing);
}

/* Leaves the lines whose files are there. */
static bool keep_lines(const struct drawing *drawing, const char *folder)
{
    cJSON *lines = cJSON_GetObjectItemCaseSensitive(drawing->request, "lines");

    for (int i = cJSON_GetArraySize(lines) - 1; i >= 0; i--) {
        cJSON *line = cJSON_GetArrayItem(lines, i);
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "path"));
        char path[2 * DAEMON_PATH_MAX];
        (void)snprintf(path, sizeof(path), "%.500s/%.500s", folder, name == NULL ? "" : name);
        if (access(path, R_OK) != 0)
            cJSON_DeleteItemFromArray(lines, i);
        else
            cJSON_ReplaceItemInObjectCaseSensitive(line, "path", cJSON_CreateString(path));
    }
    return cJSON_GetArraySize(lines) > 0;
}

/* On a worker. */
static void draw(void *data)
{
    static const char *const argv[] = {"/proc/self/exe", "--draw", NULL};
    struct drawing *drawing = data;
    char folder[DAEMON_PATH_MAX + sizeof("/series")];

    (void)snprintf(folder, sizeof(folder), "%s/series", drawing->daemon->settings->data);
    if (!keep_lines(drawing, folder)) {
        (void)err_set(&drawing->err, ERR_NOT_FOUND,
                      "no values of it are kept: its source gave none, or it was pruned");
        return;
    }
    drawing->input = json_print(drawing->request);
    const struct child child = {
        .argv = argv, .input = drawing->input, .deadline_ms = DEADLINE_MS, .output_max = PICTURE_MAX};
    if (strlen(drawing->input) > CHILD_INPUT_MAX)
        (void)err_set(&drawing->err, ERR_LIMIT, "there is too much to draw");
    else if (!child_run(&child, &drawing->picture, &drawing->length, &drawing->err))
        (void)err_wrap(&drawing->err, "drawing");
}

static void begin(struct drawing *drawing);

static void end(struct drawing *drawing)
{
    struct daemon *daemon = drawing->daemon;

    daemon->drawings = drawing->next;
    if (drawing->done != NULL)
        drawing->done(drawing->done_data, drawing->picture, drawing->length, &drawing->err);
    free_one(drawing);
    if (daemon->drawings != NULL)
        begin(daemon->drawings);
}

static void drawn(void *data)
{
    end(data);
}

/* That of the environment: what is drawn is of one. */
static void folder_of(const struct drawing *drawing, char *to, size_t size)
{
    cJSON *lines = cJSON_GetObjectItemCaseSensitive(drawing->request, "lines");
    const cJSON *first = cJSON_GetArrayItem(lines, 0);
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "path"));

    /* shop/prod/KEY/METRIC.rrd */
    (void)snprintf(to, size, "%s", path == NULL ? "" : path);
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(to, '/');
        to[slash == NULL ? 0 : slash - to] = '\0';
    }
    size_t length = strlen(to);
    if (length > 0 && length + 1 < size)
        memcpy(to + length, "/", sizeof("/"));
}

/* What is measured until now is on disk first. */
static void flushed(void *data)
{
    struct drawing *drawing = data;

    if (drawing->done == NULL || !loop_work(drawing->daemon->loop, draw, drawn, drawing, &drawing->err))
        end(drawing);
}

static void begin(struct drawing *drawing)
{
    char folder[RRD_FILE_PATH_MAX];

    folder_of(drawing, folder, sizeof(folder));
    archive_sync(drawing->daemon->archive, folder, flushed, drawing);
}

void drawing_start(void *data, const char *request, api_drawn *done, void *done_data)
{
    struct daemon *daemon = data;
    struct drawing **at = &daemon->drawings;
    struct err err = {0};
    size_t count = 0;

    for (; *at != NULL; at = &(*at)->next)
        count++;
    if (count >= WAITING_MAX || daemon->archive == NULL) {
        (void)err_set(&err, ERR_LIMIT, "%zu pictures wait to be drawn already: ask again", count);
        done(done_data, NULL, 0, &err);
        return;
    }
    struct drawing *drawing = memory_take(sizeof(*drawing));
    *drawing = (struct drawing){.daemon = daemon, .done = done, .done_data = done_data};
    if (!json_parse(request, strlen(request), NULL, &drawing->request, &drawing->err)) {
        done(done_data, NULL, 0, &drawing->err);
        free_one(drawing);
        return;
    }
    *at = drawing;
    if (count == 0)
        begin(drawing);
}

void drawing_drop(struct daemon *daemon)
{
    if (daemon->drawings == NULL)
        return;
    daemon->drawings->done = NULL;
    for (struct drawing *waiting = daemon->drawings->next, *next; waiting != NULL; waiting = next) {
        next = waiting->next;
        free_one(waiting);
    }
    daemon->drawings->next = NULL;
}
