/* fuzz_levers.c - libFuzzer: any bytes as what is read back from a lever: dumps of HAProxy, the marker of
 * nginx, states of units, documents of flags and weights.
 * SPDX-License-Identifier: MIT */
#include "drivers/flag_document.h"
#include "drivers/haproxy_text.h"
#include "drivers/nginx_split.h"
#include "drivers/unit_states.h"
#include "drivers/weight_document.h"
#include "io/json.h"
#include "io/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE = 64 * 1024, WORD_SIZE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* What is kept of a dump is no longer than the dump, and whole where it is said to be. */
static void read_haproxy(const char *dump)
{
    static char file[FILE_SIZE];
    struct haproxy_server server = {0};
    char word[WORD_SIZE];
    struct text text;
    uint16_t share = 0;
    uint64_t count = 0;
    size_t servers = 0;
    size_t up = 0;

    must(!haproxy_map_value(dump, "shop", &share) || share <= HAPROXY_SHARE_MAX);
    text_init(&text, file, sizeof(file));
    must(!haproxy_map_file(dump, &text) || strlen(file) == text.length);
    text_init(&text, file, sizeof(file));
    must(!haproxy_state_file(dump, &text) || text.is_cut || text.length <= strlen(dump) + 2);
    must(!haproxy_server(dump, "shop_blue", "b1", &server) || server.weight <= HAPROXY_WEIGHT_MAX);
    haproxy_servers_up(dump, "shop_green", &servers, &up);
    must(up <= servers);
    haproxy_algorithm(dump, "shop_blue", word, sizeof(word));
    must(strlen(word) < sizeof(word));
    if (haproxy_requests(dump, "shop_blue", "b1", &count))
        must(haproxy_requests(dump, "shop_blue", "b1", &count));
    (void)!haproxy_requests(dump, "shop_blue", NULL, &count);
    (void)haproxy_process(dump);
    (void)haproxy_is_complete(dump);
    haproxy_complaint(dump, word, sizeof(word));
    must(strlen(word) < sizeof(word));
}

/* A marker that is taken is written as it stands. */
static void read_nginx(const char *answer)
{
    static const char *const names[] = {"blue", "green"};
    static const struct option_value loose = {0};
    const struct traffic_split from = {.slot_count = 2, .slot_names = names, .candidate = 1};
    struct nginx_split split;
    struct nginx_marker marker;
    struct nginx_marker again;
    char written[NGINX_MARKER_MAX];
    struct text text;
    struct err err = {0};

    must(nginx_split_init(&split, "shop", &loose, &from, NULL));
    if (!nginx_split_parse(&split, answer, &marker, &err)) {
        must(err.text[0] != '\0');
        return;
    }
    text_init(&text, written, sizeof(written));
    nginx_split_marker(&split, &marker, &text);
    must(!text.is_cut && nginx_split_parse(&split, written, &again, &err));
    must(marker.share <= 10000 && marker.mirror <= 10000 && marker.share == again.share &&
         marker.mirror == again.mirror && marker.number == again.number);
}

static void read_units(const char *answer)
{
    struct unit_state units[UNIT_COUNT];
    struct err err = {0};
    uint16_t share = 0;

    if (!unit_states_parse(answer, units, &err)) {
        must(err.text[0] != '\0');
        return;
    }
    if (unit_states_share(&units[0], &units[1], &share, &err))
        must(share == 0 || share == 5000 || share == 10000);
    else
        must(err.text[0] != '\0');
    (void)!unit_check(&units[0], "a", &err);
}

/* What is set is what is read then. */
static void set_flag(struct cJSON *root, uint16_t share)
{
    static const struct flag_names names = {.flag = "cart", .on = "on", .off = "off"};
    struct err err = {0};
    uint16_t read = 0;

    must(flag_document_read(root, &names, &read, &err) ? read <= 10000 : err.text[0] != '\0');
    if (flag_document_set(root, &names, share, &err))
        must(flag_document_read(root, &names, &read, &err) && read == share);
}

static void set_weight(struct cJSON *root, const struct weight_places *places, uint16_t share)
{
    struct err err = {0};
    uint16_t read = 0;

    must(weight_document_read(root, places, &read, &err) ? read <= 10000 : err.text[0] != '\0');
    if (weight_document_set(root, places, share, &err))
        must(weight_document_read(root, places, &read, &err) && read == share);
}

static void read_documents(const char *text, size_t size)
{
    static const struct weight_places one = {.pointers = {"/w"}, .count = 1, .scale = 100};
    static const struct weight_places two = {.pointers = {"/r/0/w", "/r/1/w"}, .count = 2, .scale = 10000};
    static const uint16_t shares[] = {0, 1, 500, 3333, 10000};
    struct cJSON *root = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(shares) && json_parse(text, size, NULL, &root, NULL); i++) {
        set_flag(root, shares[i]);
        set_weight(root, &one, shares[i]);
        set_weight(root, &two, shares[i]);
        json_free(root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);

    read_haproxy(text);
    read_nginx(text);
    read_units(text);
    read_documents(text, size);
    free(text);
    return 0;
}
