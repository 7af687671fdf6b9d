/* json_pointer.c - where a node stands, looked for in its tree when somebody asks: errors do, readers do not.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "io/json.h"
#include "io/json_pick.h"

#include <cjson/cJSON.h>
#include <string.h>

/* From the root down to one value; a value of depth d has d - 1 places. */
struct way {
    struct {
        const cJSON *item;
        size_t index;
    } places[JSON_DEPTH_MAX];
    size_t depth;
};

static bool find_way(struct way *way, const cJSON *from, const cJSON *to)
{
    size_t index = 0;

    if (from == to)
        return true;
    if (way->depth == JSON_DEPTH_MAX)
        return false;
    size_t depth = way->depth++;
    for (const cJSON *child = from->child; child != NULL; child = child->next) {
        way->places[depth].item = child;
        way->places[depth].index = index++;
        if (find_way(way, child, to))
            return true;
    }
    way->depth--;
    return false;
}

/* RFC 6901: "~" and "/" in a name are written "~0" and "~1". */
static void add_name(struct text *pointer, const char *name)
{
    size_t plain = strcspn(name, "~/");

    text_add_text(pointer, "/");
    text_add_bytes(pointer, name, plain);
    for (; name[plain] != '\0'; plain = strcspn(name, "~/")) {
        text_add_text(pointer, name[plain] == '~' ? "~0" : "~1");
        name += plain + 1;
        text_add_bytes(pointer, name, strcspn(name, "~/"));
    }
}

static void add_place(struct text *pointer, const char *name, size_t index)
{
    if (name != NULL) {
        add_name(pointer, name);
        return;
    }
    text_add_text(pointer, "/");
    text_add_whole(pointer, index);
}

const char *json_pointer(const struct json_node *node, char to[JSON_POINTER_MAX])
{
    struct way way = {.depth = 0};
    struct text pointer;

    text_init(&pointer, to, JSON_POINTER_MAX);
    text_add_text(&pointer, "#");
    if (node->of != NULL) {
        add_place(&pointer, node->of->name, 0);
        add_place(&pointer, NULL, node->of->index);
    }
    if (node->parent == NULL && node->name == NULL)
        return to;
    if (node->parent != NULL)
        (void)find_way(&way, node->root, node->parent);
    for (size_t i = 0; i < way.depth; i++)
        add_place(&pointer, way.places[i].item->string, way.places[i].index);
    add_place(&pointer, node->name, node->index);
    return to;
}
