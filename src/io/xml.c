/* xml.c - one pass over a copy of the document, whose texts are decoded where they stand.
 * SPDX-License-Identifier: MIT */
#include "io/xml.h"

#include "io/memory.h"
#include "io/utf8.h"

#include <stdlib.h>
#include <string.h>

struct xml {
    char *bytes;
    size_t length;
    struct xml_element *elements;
    size_t count, count_max;
    struct xml_element *root;
};

struct reader {
    struct xml *xml;
    char *at, *end;
    struct xml_element *open; /* the innermost that has not ended */
    size_t depth;
    struct err *err;
};

enum { DIGITS_MAX = 7 };

static const char blanks[] = " \t\r\n";

static bool fail(const struct reader *reader, const char *what)
{
    return err_set(reader->err, ERR_INVALID, "offset %td: %s", reader->at - reader->xml->bytes, what);
}

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, blanks);
}

static bool take_byte(struct reader *reader, char byte)
{
    if (*reader->at != byte)
        return fail(reader, "this is not how XML goes on");
    reader->at++;
    return true;
}

static size_t name_length(const char *at)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.:-";

    return strspn(at, letters) == 0 ? 0 : strspn(at, more);
}

static size_t encode_point(unsigned long point, char to[4])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (size_t i = count - 1; i > 0; i--, point >>= 6)
        to[i] = (char)(0x80 | (point & 0x3f));
    to[0] = (char)(lead[count] | point);
    return count;
}

/* "#65" or "#x41" between "&" and ";". */
static size_t decode_number(const char *name, size_t length, char to[4])
{
    bool is_hex = length > 2 && name[1] == 'x';
    const char *digits = name + (is_hex ? 2 : 1);
    size_t digit_count = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");

    if (digit_count == 0 || digit_count > DIGITS_MAX || digits + digit_count != name + length)
        return 0;
    unsigned long point = strtoul(digits, NULL, is_hex ? 16 : 10);
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    return encode_point(point, to);
}

/* What stands behind an "&", as bytes of UTF-8; the count of them, 0: no such entity. */
static size_t decode_entity(const char *name, size_t length, char to[4])
{
    static const struct {
        const char *name;
        char byte;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0) {
            to[0] = known[i].byte;
            return 1;
        }
    return length > 1 && name[0] == '#' ? decode_number(name, length, to) : 0;
}

/* The text from `text` to where the reader stands, decoded in its place: it never grows. */
static bool decode(struct reader *reader, char *text)
{
    char *to = text;
    char *stop = reader->at;

    for (char *from = text; from < stop;) {
        if (*from != '&') {
            *to++ = *from++;
            continue;
        }
        char bytes[4];
        size_t length = strcspn(from + 1, ";<");
        size_t count = from[1 + length] == ';' ? decode_entity(from + 1, length, bytes) : 0;
        reader->at = from;
        if (count == 0)
            return fail(reader, "an entity that is not known here");
        memcpy(to, bytes, count);
        to += count;
        from += length + 2;
    }
    reader->at = stop;
    *to = '\0';
    return true;
}

static bool skip_attribute(struct reader *reader)
{
    size_t length = name_length(reader->at);

    if (length == 0)
        return fail(reader, "the tag does not end");
    reader->at += length;
    if (!take_byte(reader, '='))
        return false;
    char quote = *reader->at;
    if (quote != '"' && quote != '\'')
        return fail(reader, "an attribute without quotes");
    size_t value = strcspn(reader->at + 1, quote == '"' ? "\"<" : "'<");
    reader->at += 1 + value;
    return take_byte(reader, quote);
}

/* NULL: there is no room. */
static struct xml_element *add_element(struct reader *reader)
{
    struct xml *xml = reader->xml;
    struct xml_element *parent = reader->open;

    if (xml->count == xml->count_max || reader->depth == XML_DEPTH_MAX) {
        (void)err_set(reader->err, ERR_LIMIT, "offset %td: more elements than are read here",
                      reader->at - xml->bytes);
        return NULL;
    }
    struct xml_element *element = &xml->elements[xml->count++];
    element->parent = parent;
    element->text = "";
    if (parent == NULL)
        xml->root = element;
    else if (parent->last == NULL)
        parent->first = element;
    else
        parent->last->next = element;
    if (parent != NULL)
        parent->last = element;
    return element;
}

/* Behind the "<" of a start; the name's end becomes its NUL when all of the tag is read. */
static bool read_start(struct reader *reader)
{
    char *name = reader->at;
    size_t length = name_length(name);

    if (length == 0)
        return fail(reader, "this is no tag that is read here");
    struct xml_element *element = add_element(reader);
    if (element == NULL)
        return false;
    reader->at += length;
    for (skip_blanks(reader); *reader->at != '>' && *reader->at != '/'; skip_blanks(reader))
        if (!skip_attribute(reader))
            return false;
    bool is_empty = *reader->at == '/';
    reader->at += is_empty ? 1 : 0;
    if (!take_byte(reader, '>'))
        return false;
    name[length] = '\0';
    element->name = name;
    if (is_empty)
        return true;
    element->text = reader->at; /* until it ends: where its text begins */
    reader->open = element;
    reader->depth++;
    return true;
}

/* Behind the "</": what is open ends; `text` is where the bytes before the tag begin. */
static bool read_end(struct reader *reader, char *text)
{
    struct xml_element *element = reader->open;
    char *tag = reader->at - 2;
    size_t length = name_length(reader->at);

    if (element == NULL || strlen(element->name) != length || memcmp(element->name, reader->at, length) != 0)
        return fail(reader, "the end of another element than the open one");
    char *behind = reader->at + length;
    reader->at = tag;
    if (element->first != NULL)
        element->text = "";
    else if (!decode(reader, text))
        return false;
    else
        element->text = text;
    reader->at = behind;
    skip_blanks(reader);
    reader->open = element->parent;
    reader->depth--;
    return take_byte(reader, '>');
}

/* Up to the next tag and through it. */
static bool read_tag(struct reader *reader)
{
    char *text = reader->at;

    reader->at += strcspn(reader->at, "<");
    bool is_text = strspn(text, blanks) < (size_t)(reader->at - text);
    if (*reader->at == '\0')
        return fail(reader, "it ends too early");
    bool is_end = reader->at[1] == '/';
    if (is_text && (!is_end || reader->open == NULL || reader->open->first != NULL))
        return fail(reader, "text beside elements");
    reader->at += is_end ? 2 : 1;
    return is_end ? read_end(reader, text) : read_start(reader);
}

static bool read_document(struct reader *reader)
{
    static const char declaration[] = "<?xml ";

    if (strncmp(reader->at, declaration, sizeof(declaration) - 1) == 0) {
        char *end = strstr(reader->at, "?>");
        if (end == NULL)
            return fail(reader, "the declaration does not end");
        reader->at = end + 2;
    }
    do {
        if (!read_tag(reader))
            return false;
    } while (reader->open != NULL);
    skip_blanks(reader);
    return reader->at == reader->end || fail(reader, "bytes behind the document");
}

static size_t count_tags(const char *bytes, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '<';
    return count < XML_ELEMENTS_MAX ? count : XML_ELEMENTS_MAX;
}

bool xml_parse(const char *bytes, size_t length, struct xml **ret_xml, struct err *err)
{
    if (length > XML_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "longer than %d bytes", XML_SIZE_MAX);
    if (memchr(bytes, '\0', length) != NULL || !utf8_is_valid(bytes, length))
        return err_set(err, ERR_INVALID, "it is not UTF-8");
    struct xml *xml = memory_take(sizeof(*xml));
    xml->bytes = memory_copy_bytes(bytes, length);
    xml->length = length;
    xml->count_max = count_tags(bytes, length);
    xml->elements = memory_take_array(xml->count_max + 1, sizeof(*xml->elements));
    struct reader reader = {.xml = xml, .at = xml->bytes, .end = xml->bytes + length, .err = err};
    if (!read_document(&reader)) {
        xml_free(xml);
        return false;
    }
    *ret_xml = xml;
    return true;
}

/* It may have held credentials. */
void xml_free(struct xml *xml)
{
    if (xml == NULL)
        return;
    explicit_bzero(xml->bytes, xml->length);
    free(xml->elements);
    free(xml->bytes);
    free(xml);
}

void xml_free_at(struct xml **xml)
{
    xml_free(*xml);
}

const struct xml_element *xml_root(const struct xml *xml)
{
    return xml->root;
}

static const struct xml_element *find_child(const struct xml_element *from, const char *name, size_t length)
{
    const struct xml_element *child = from->first;

    while (child != NULL && (strlen(child->name) != length || memcmp(child->name, name, length) != 0))
        child = child->next;
    return child;
}

const struct xml_element *xml_find(const struct xml_element *from, const char *path)
{
    while (from != NULL && *path != '\0') {
        size_t length = strcspn(path, "/");
        from = find_child(from, path, length);
        path += length + (path[length] == '/');
    }
    return from;
}

const char *xml_text(const struct xml_element *from, const char *path)
{
    const struct xml_element *element = xml_find(from, path);

    return element == NULL ? NULL : element->text;
}
