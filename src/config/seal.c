/* seal.c - trees written.
 * SPDX-License-Identifier: MIT */
#include "config/seal.h"

#include "base/text.h"
#include "config/block.h"

#include <stdint.h>
#include <string.h>

/* A text that grows; size 0: only its length is counted. */
struct output {
    char *data;
    size_t size;
    size_t length;
};

static void put(struct output *output, const char *bytes, size_t length)
{
    if (output->length + length < output->size)
        memcpy(output->data + output->length, bytes, length);
    output->length += length;
}

static void put_text(struct output *output, const char *text)
{
    put(output, text, strlen(text));
}

static void put_quoted(struct output *output, const char *text)
{
    static const char plain[] = "\"\\\n\r\t\f";
    static const char names[] = "\"\\nrtf";

    put_text(output, "\"");
    for (; *text != '\0'; text++) {
        const char *special = strchr(plain, *text);
        if (special == NULL) {
            put(output, text, 1);
        } else {
            put_text(output, "\\");
            put(output, &names[special - plain], 1);
        }
    }
    put_text(output, "\"");
}

static void indent(struct output *output, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        put_text(output, "  ");
}

/* A number that libconfig would cut, or that is no plain one, stands in quotes: options read it all the same.
 */
static void put_scalar(struct output *output, const struct node *node)
{
    int64_t integer = 0;

    if (node->kind == NODE_BOOL ||
        (node->kind == NODE_INTEGER && text_to_integer(node->text, INT32_MIN, INT32_MAX, &integer)))
        put_text(output, node->text);
    else
        put_quoted(output, node->text);
}

static void put_node(struct output *output, const struct node *node, unsigned depth);

static void put_children(struct output *output, const struct node *node, unsigned depth)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[i];
        indent(output, depth);
        if (child->name != NULL) {
            put_text(output, child->name);
            put_text(output, child->kind == NODE_GROUP ? ": " : " = ");
        }
        put_node(output, child, depth);
        if (node->kind == NODE_GROUP)
            put_text(output, ";");
        else if (i + 1 < node->count)
            put_text(output, ",");
        put_text(output, "\n");
    }
}

static void put_node(struct output *output, const struct node *node, unsigned depth)
{
    bool is_group = node->kind == NODE_GROUP;

    if (!is_group && node->kind != NODE_LIST) {
        put_scalar(output, node);
        return;
    }
    put_text(output, is_group ? "{\n" : "(\n");
    put_children(output, node, depth + 1);
    indent(output, depth);
    put_text(output, is_group ? "}" : ")");
}

char *seal_write(const struct node *root)
{
    struct output output = {0};

    put_children(&output, root, 0);
    size_t size = output.length + 1;
    output = (struct output){.data = block_new(size), .size = size};
    put_children(&output, root, 0);
    return output.data;
}
