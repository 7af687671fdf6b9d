/* vectors.c - reads them through the strict reader; what is not there fails the test.
 * SPDX-License-Identifier: MIT */
#include "support/vectors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_MAX = 1024 * 1024 };

static const struct json_limits limits = {.size_max = FILE_MAX, .depth_max = 8, .keys_max = 100000};

struct cJSON *vectors_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_MAX);
    struct cJSON *root = NULL;
    struct err err = {0};

    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    size_t length = fread(bytes, 1, FILE_MAX, file);
    (void)fclose(file);
    if (!json_parse(bytes, length, &limits, &root, &err))
        fail_msg("%s: %s", path, err.text);
    free(bytes);
    return root;
}

double vectors_number(const struct json_node *object, const char *name)
{
    double number = NAN;
    struct err err;

    if (!json_number(object, name, JSON_OPTIONAL, &number, &err))
        fail_msg("%s", err.text);
    return number;
}

const char *vectors_text(const struct json_node *object, const char *name)
{
    const char *text = NULL;
    struct err err;

    if (!json_text(object, name, JSON_REQUIRED, 1000, &text, &err))
        fail_msg("%s", err.text);
    return text;
}

bool vectors_flag(const struct json_node *object, const char *name)
{
    bool flag = false;
    struct err err;

    if (!json_bool(object, name, JSON_REQUIRED, &flag, &err))
        fail_msg("%s", err.text);
    return flag;
}

struct json_node vectors_array(const struct json_node *object, const char *name, size_t *ret_length)
{
    struct json_node array = {0};
    struct err err;

    if (!json_array(object, name, JSON_REQUIRED, 100000, &array, ret_length, &err))
        fail_msg("%s", err.text);
    return array;
}

size_t vectors_numbers(const struct json_node *object, const char *name, double *to, size_t max)
{
    size_t length = 0;
    struct json_node array = vectors_array(object, name, &length);
    struct err err;
    size_t at = 0;

    assert_true(length <= max);
    for (struct json_node child = json_first(&array); child.item != NULL;
         child = json_next(&array, &child), at++) {
        to[at] = NAN;
        if (!json_as_number(&child, &to[at], &err))
            to[at] = NAN; /* null: missing */
    }
    return length;
}

bool vectors_is_close(double left, double right, double relative)
{
    if (isnan(left) || isnan(right))
        return isnan(left) && isnan(right);
    return left == right || fabs(left - right) <= relative * fabs(right);
}
