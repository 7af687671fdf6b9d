/* nginx_split.c - the file of one split, and its marker read.
 * SPDX-License-Identifier: MIT */
#include "drivers/nginx_split.h"

#include <inttypes.h>
#include <string.h>

static bool is_key(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((*at < 'a' || *at > 'z') && (*at < 'A' || *at > 'Z') && (*at < '0' || *at > '9') && *at != '_' &&
            *at != '-')
            return false;
    return *text != '\0';
}

static bool copy_name(char to[NGINX_NAME_SIZE], const char *name, struct err *err)
{
    if (!is_key(name))
        return err_set(err, ERR_INVALID, "\"%s\" is no name for nginx: letters, digits, - and _", name);
    return text_copy(to, NGINX_NAME_SIZE, name) ||
           err_set(err, ERR_INVALID, "\"%s\" is longer than %d bytes", name, NGINX_NAME_SIZE - 1);
}

bool nginx_split_init(struct nginx_split *split, const char *backend, const struct option_value *sticky,
                      const struct traffic_split *from, struct err *err)
{
    const char *cookie = NULL;

    *split = (struct nginx_split){.is_single = from->slot_count < 2 || from->candidate == from->stable};
    if (!copy_name(split->key, backend, err) || !lever_cookie(sticky, &cookie, err) ||
        (cookie != NULL && !copy_name(split->cookie, cookie, err)))
        return false;
    memcpy(split->variable, split->key, sizeof(split->variable));
    for (char *at = split->variable; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at;
    if (split->is_single)
        return true;
    if (from->slot_count > 2)
        return err_set(err, ERR_INVALID, "nginx splits between two slots, here are %zu", from->slot_count);
    return copy_name(split->candidate, from->slot_names[from->candidate], err) &&
           copy_name(split->stable, from->slot_names[from->stable], err);
}

void nginx_split_marker(const struct nginx_split *split, const struct nginx_marker *marker, struct text *to)
{
    text_add(to, "%s %u %u %" PRIu64, split->candidate, marker->share, marker->mirror, marker->number);
}

/* A part of 0 % is refused by nginx, and one of 100 % leaves nothing to the rest. `rest` may be "". */
static void add_parts(const struct nginx_split *split, const char *draw, const char *name, uint16_t share,
                      const char *rest, struct text *to)
{
    text_add(to, "split_clients \"$%s\" $%s_%s {\n", draw, split->variable, name);
    if (share > 0 && share < LEVER_SHARE_MAX)
        text_add(to, "    %u.%02u%% %s_%s;\n", share / 100, share % 100, split->key, split->candidate);
    if (share == LEVER_SHARE_MAX)
        text_add(to, "    * %s_%s;\n}\n", split->key, split->candidate);
    else
        text_add(to, "    * \"%s%s%s\";\n}\n", rest[0] == '\0' ? "" : split->key, rest[0] == '\0' ? "" : "_",
                 rest);
}

void nginx_split_file(const struct nginx_split *split, const struct nginx_marker *marker, struct text *to)
{
    char draw[2 * NGINX_NAME_SIZE] = "request_id";
    struct text name;

    text_add(to, "# %s: written by verdictd; what is changed here by hand is lost.\n", split->key);
    if (split->cookie[0] != '\0') {
        text_init(&name, draw, sizeof(draw));
        text_add(&name, "%s_draw", split->variable);
        text_add(to, "map $cookie_%s $%s {\n    \"\" $request_id;\n    default $cookie_%s;\n}\n",
                 split->cookie, draw, split->cookie);
    }
    add_parts(split, draw, "upstream", marker->share, split->stable, to);
    add_parts(split, "request_id", "mirror", marker->mirror, "", to);
    text_add(to, "map \"\" $%s_split {\n    default \"", split->variable);
    nginx_split_marker(split, marker, to);
    text_add(to, "\";\n}\n");
}

/* The next word of *at into `to`; moves on, over one space where more comes. */
static bool take_word(const char **at, char *to, size_t size)
{
    size_t length = strcspn(*at, " ");
    struct text word;

    text_init(&word, to, size);
    text_add_bytes(&word, *at, length);
    *at += length;
    if ((*at)[0] == ' ' && (*at)[1] != '\0')
        (*at)++;
    return length > 0 && !word.is_cut;
}

static bool take_number(const char **at, int64_t max, int64_t *ret_number)
{
    char word[NGINX_NAME_SIZE];

    return take_word(at, word, sizeof(word)) && text_to_integer(word, 0, max, ret_number);
}

static bool read_marker(const struct nginx_split *split, const char *text, struct nginx_marker *ret_marker)
{
    char slot[NGINX_NAME_SIZE];
    int64_t share = 0;
    int64_t mirror = 0;
    int64_t number = 0;

    if (!take_word(&text, slot, sizeof(slot)) || !take_number(&text, LEVER_SHARE_MAX, &share) ||
        !take_number(&text, LEVER_SHARE_MAX, &mirror) || !take_number(&text, INT64_MAX, &number) ||
        *text != '\0')
        return false;
    bool is_candidate = strcmp(slot, split->candidate) == 0;
    if (!is_candidate && strcmp(slot, split->stable) != 0)
        return false;
    *ret_marker = (struct nginx_marker){
        .share = (uint16_t)(is_candidate ? share : LEVER_SHARE_MAX - share),
        .mirror = (uint16_t)(is_candidate ? mirror : 0), /* copies to stable are no part of this trial */
        .number = (uint64_t)number};
    return true;
}

bool nginx_split_parse(const struct nginx_split *split, const char *text, struct nginx_marker *ret_marker,
                       struct err *err)
{
    return read_marker(split, text, ret_marker) ||
           err_set(err, ERR_PROTOCOL, "nginx answers \"%.60s\", which tells no share of %s or %s", text,
                   split->candidate, split->stable);
}
