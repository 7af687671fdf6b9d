/* fuzz_controller.c - libFuzzer: any bytes as the answer of an upstream controller, and of a web gate.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/controller_answer.h"
#include "drivers/gate_answer.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* No segment is empty, "." or "..", and none has what is more than a name. */
static void check_path(const char *path)
{
    if (strncmp(path, "/v1/", 4) != 0 || strlen(path) >= CONTROLLER_PATH_SIZE - 1)
        abort();
    for (const char *at = path; *at == '/'; at += 1 + strcspn(at + 1, "/")) {
        size_t length = strcspn(at + 1, "/");

        if (length == 0 || strspn(at + 1, ".") >= length)
            abort();
    }
    for (const char *at = path; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~' || strchr("?#%\\", *at) != NULL)
            abort();
}

/* A path that leads where it is meant to, and a body that our own door can read. */
static void check(const struct controller_order *order)
{
    struct cJSON *body = NULL;

    if (order->id[0] == '\0' || order->verb == NULL || order->method == NULL || order->body == NULL)
        abort();
    check_path(order->path);
    if (!json_parse(order->body, strlen(order->body), NULL, &body, NULL))
        abort();
    json_free(body);
}

static void read_orders(const char *text, size_t size)
{
    struct controller_orders orders = {.count = SIZE_MAX};
    struct controller_orders again = {0};
    struct err err = {0};

    if (!controller_answer_read(text, size, &orders, &err)) {
        if (err.text[0] == '\0' || orders.count != SIZE_MAX)
            abort();
        return;
    }
    if (orders.count > CONTROLLER_ORDERS_MAX || !controller_answer_read(text, size, &again, &err) ||
        again.count != orders.count)
        abort();
    for (size_t i = 0; i < orders.count; i++) {
        check(&orders.of[i]);
        if (strcmp(orders.of[i].path, again.of[i].path) != 0 ||
            strcmp(orders.of[i].body, again.of[i].body) != 0)
            abort();
    }
    controller_orders_free(&orders);
    controller_orders_free(&again);
}

/* One line of whole characters; open is said by a success alone. */
static void read_gate(const char *text, size_t size)
{
    static const int statuses[] = {200, 302, 500};
    char why[GATE_WHY_MAX + 1];

    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        enum gate_word word = gate_answer_read(statuses[i], text, size, why);

        if (strlen(why) > GATE_WHY_MAX || !utf8_is_valid(why, strlen(why)) ||
            (statuses[i] != 200 && word != GATE_WORD_SILENT) || (word == GATE_WORD_SILENT && why[0] == '\0'))
            abort();
        for (const char *at = why; *at != '\0'; at++)
            if ((unsigned char)*at < ' ' || *at == '\x7f')
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);

    read_orders(text, size);
    read_gate(text, size);
    free(text);
    return 0;
}
