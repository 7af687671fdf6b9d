/* haproxy_split.c - commands made and answers judged for one split.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_split.h"

#include "drivers/haproxy_text.h"

#include <string.h>

enum { SENTENCE_MAX = 200, MISS_MAX = 20, KEY_SIZE = HAPROXY_NAME_SIZE + 16 };
enum { MISSING_SHARE = 1, MISSING_TESTERS = 2 };

bool haproxy_is_word(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || strchr(";\\\"'", *at) != NULL)
            return false;
    return *text != '\0';
}

static bool copy_name(char to[HAPROXY_NAME_SIZE], const char *name, struct err *err)
{
    if (!haproxy_is_word(name))
        return err_set(err, ERR_INVALID, "\"%s\" is no name of HAProxy's", name);
    return text_copy(to, HAPROXY_NAME_SIZE, name) ||
           err_set(err, ERR_INVALID, "\"%s\" is longer than %d bytes", name, HAPROXY_NAME_SIZE - 1);
}

static bool name_backend(char to[HAPROXY_NAME_SIZE], const char *key, const char *slot, struct err *err)
{
    char name[2 * HAPROXY_NAME_SIZE];
    struct text text;

    text_init(&text, name, sizeof(name));
    text_add(&text, "%s_%s", key, slot);
    return copy_name(to, name, err);
}

static bool take_servers(struct haproxy_side *side, const struct traffic_split *from, uint8_t slot,
                         struct err *err)
{
    size_t count = from->slot_server_counts[slot];

    if (count == 0 || count > HAPROXY_SERVERS_MAX)
        return err_set(err, ERR_INVALID, "slot %s needs 1 to %d servers", from->slot_names[slot],
                       HAPROXY_SERVERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!copy_name(side->servers[i], from->slot_servers[slot][i], err))
            return false;
    side->server_count = count;
    return true;
}

bool haproxy_split_init(struct haproxy_split *split, const char *map, const char *backend,
                        const struct traffic_split *from, struct err *err)
{
    *split = (struct haproxy_split){.map = map,
                                    .is_single = from->slot_count < 2 || from->candidate == from->stable,
                                    .is_first_slot = from->candidate == 0};
    if (!copy_name(split->key, backend, err))
        return false;
    if (split->is_single)
        return true;
    if (from->slot_count > 2)
        return err_set(err, ERR_INVALID, "HAProxy splits between two slots, here are %zu", from->slot_count);
    if (map != NULL)
        return name_backend(split->candidate.backend, backend, from->slot_names[from->candidate], err) &&
               name_backend(split->stable.backend, backend, from->slot_names[from->stable], err);
    memcpy(split->candidate.backend, split->key, HAPROXY_NAME_SIZE);
    memcpy(split->stable.backend, split->key, HAPROXY_NAME_SIZE);
    return take_servers(&split->candidate, from, from->candidate, err) &&
           take_servers(&split->stable, from, from->stable, err);
}

bool haproxy_split_drain(struct haproxy_split *split, const struct traffic_split *from, int64_t drain_ms,
                         struct err *err)
{
    if (split->is_single || drain_ms == 0)
        return true;
    if (split->map != NULL && !take_servers(&split->candidate, from, from->candidate, err)) {
        split->candidate.server_count = 0;
        return err_wrap(err, "drain_for");
    }
    split->drain_ms = drain_ms;
    return true;
}

void haproxy_split_testers(struct haproxy_split *split, const struct traffic_split *from, bool has_testers)
{
    split->has_testers = has_testers && split->map != NULL && !split->is_single;
    split->lets_testers = split->has_testers && from->lets_testers;
}

static void ask_dump(const struct haproxy_split *split, const char *end, struct text *command)
{
    if (split->map != NULL)
        text_add(command, "show map %s%s", split->map, end);
    else
        text_add(command, "show servers state %s%s", split->key, end);
}

void haproxy_split_ask_share(const struct haproxy_split *split, struct text *command)
{
    ask_dump(split, "\n", command);
}

void haproxy_split_ask_reading(const struct haproxy_split *split, struct text *command)
{
    ask_dump(split, ";show info\n", command);
}

/* All proxies, as a frontend may have the backend's name. */
static void ask_algorithm(const struct haproxy_split *split, struct text *command)
{
    text_add(command, "show servers state %s;show stat -1 2 -1\n", split->key);
}

static void add_state(const struct haproxy_split *split, const char *state, struct text *command)
{
    const struct haproxy_side *side = &split->candidate;

    for (size_t i = 0; i < side->server_count; i++)
        text_add(command, "set server %s/%s state %s;", side->backend, side->servers[i], state);
}

void haproxy_split_shut(const struct haproxy_split *split, struct text *command)
{
    const struct haproxy_side *side = &split->candidate;

    add_state(split, "maint", command);
    for (size_t i = 0; i < side->server_count; i++)
        text_add(command, "shutdown sessions server %s/%s%s", side->backend, side->servers[i],
                 i + 1 < side->server_count ? ";" : "\n");
}

/* All proxies, as a frontend may have the backend's name. */
void haproxy_split_ask_requests(const struct haproxy_split *split, struct text *command)
{
    text_add(command, "show stat -1 %d -1\n", split->map != NULL ? 2 : 4);
}

/* Servers that were shut when the one before went back are let in again. */
void haproxy_split_ask_forward(const struct haproxy_split *split, struct text *command)
{
    if (split->drain_ms > 0)
        add_state(split, "ready", command);
    if (split->map != NULL)
        text_add(command, "show servers state %s\n", split->candidate.backend);
    else
        ask_algorithm(split, command);
}

void haproxy_split_ask_rehearsal(const struct haproxy_split *split, struct text *command)
{
    text_add(command, "show cli level;");
    if (split->map != NULL)
        text_add(command, "show servers state %s;show servers state %s;show map %s\n", split->stable.backend,
                 split->candidate.backend, split->map);
    else
        ask_algorithm(split, command);
}

static void add_weights(const struct haproxy_split *split, const struct haproxy_side *side, unsigned weight,
                        struct text *command)
{
    for (size_t i = 0; i < side->server_count; i++)
        text_add(command, "set weight %s/%s %u;", split->key, side->servers[i], weight);
}

static uint16_t to_map(const struct haproxy_split *split, uint16_t share)
{
    return (uint16_t)(split->is_first_slot ? HAPROXY_SHARE_MAX - share : share);
}

static uint16_t testers_value(const struct haproxy_split *split)
{
    return to_map(split, split->lets_testers ? HAPROXY_SHARE_MAX : 0);
}

static void add_keys(const struct haproxy_split *split, uint16_t share, unsigned missing,
                     struct text *command)
{
    text_add(command, "%s map %s %s %u;", (missing & MISSING_SHARE) != 0 ? "add" : "set", split->map,
             split->key, to_map(split, share));
    if (split->has_testers)
        text_add(command, "%s map %s %s.testers %u;", (missing & MISSING_TESTERS) != 0 ? "add" : "set",
                 split->map, split->key, testers_value(split));
}

void haproxy_split_order(const struct haproxy_split *split, uint16_t share, unsigned missing,
                         struct text *command)
{
    unsigned candidate = 0;
    unsigned stable = 0;

    if (split->map != NULL) {
        add_keys(split, share, missing, command);
    } else {
        haproxy_weights(share, split->candidate.server_count, split->stable.server_count, &candidate,
                        &stable);
        if (candidate > stable)
            add_weights(split, &split->candidate, candidate, command);
        add_weights(split, &split->stable, stable, command);
        if (candidate <= stable)
            add_weights(split, &split->candidate, candidate, command);
    }
    if (share > 0)
        haproxy_split_ask_reading(split, command);
    else
        haproxy_split_ask_share(split, command);
}

static bool check_complete(const char *answer, struct err *err)
{
    return haproxy_is_complete(answer) || err_set(err, ERR_UNAVAILABLE, "HAProxy's answer has no end");
}

static bool check_known(const struct haproxy_split *split, const struct haproxy_side *side,
                        const char *answer, bool *ret_is_up, struct err *err)
{
    struct haproxy_server server;
    size_t count = 0;
    size_t up = 0;

    if (split->map != NULL)
        haproxy_servers_up(answer, side->backend, &count, &up);
    if (split->map != NULL && count == 0)
        return err_set(err, ERR_NOT_FOUND, "HAProxy has no backend %s with servers", side->backend);
    for (size_t i = 0; i < side->server_count; i++) {
        if (!haproxy_server(answer, side->backend, side->servers[i], &server))
            return err_set(err, ERR_NOT_FOUND, "HAProxy has no server %s/%s", side->backend,
                           side->servers[i]);
        up += server.is_up;
    }
    *ret_is_up = up > 0;
    return true;
}

static bool check_up(const struct haproxy_split *split, const struct haproxy_side *side, const char *answer,
                     struct err *err)
{
    bool is_up = false;

    if (!check_known(split, side, answer, &is_up, err))
        return false;
    if (is_up)
        return true;
    if (split->map != NULL)
        return err_set(err, ERR_UNAVAILABLE, "no server of %s is up", side->backend);
    return err_set(err, ERR_UNAVAILABLE, "neither %s/%s nor another server of its slot is up", side->backend,
                   side->servers[0]);
}

static bool check_algorithm(const struct haproxy_split *split, const char *answer, struct err *err)
{
    char algorithm[HAPROXY_NAME_SIZE];

    if (split->map != NULL)
        return true;
    haproxy_algorithm(answer, split->key, algorithm, sizeof(algorithm));
    return strcmp(algorithm, "roundrobin") == 0 ||
           err_set(err, ERR_INVALID,
                   "backend %s balances by \"%s\": weights split exactly under roundrobin only", split->key,
                   algorithm);
}

bool haproxy_split_check_forward(const struct haproxy_split *split, const char *answer, struct err *err)
{
    return check_complete(answer, err) && check_up(split, &split->candidate, answer, err) &&
           check_algorithm(split, answer, err);
}

static bool check_map(const struct haproxy_split *split, const char *answer, struct err *err)
{
    if (split->map == NULL || strstr(answer, "Unknown map identifier") == NULL)
        return true;
    return err_set(err, ERR_NOT_FOUND, "HAProxy knows no map %s", split->map);
}

bool haproxy_split_check_rehearsal(const struct haproxy_split *split, const char *answer, struct err *err)
{
    char level[SENTENCE_MAX];
    bool is_up = false;

    if (!check_complete(answer, err))
        return false;
    haproxy_complaint(answer, level, sizeof(level));
    if (strcmp(level, "admin") != 0)
        return err_set(err, ERR_FORBIDDEN, "the runtime socket has level %s and needs level admin", level);
    /* The candidate need not be up before its deploy command ran. */
    return check_map(split, answer, err) && check_up(split, &split->stable, answer, err) &&
           check_known(split, &split->candidate, answer, &is_up, err) && check_algorithm(split, answer, err);
}

/* HAProxy's own words where something is wrong with a command. */
static bool explain(const char *answer, struct err *err)
{
    char complaint[SENTENCE_MAX];
    enum err_code code = ERR_UNAVAILABLE;

    haproxy_complaint(answer, complaint, sizeof(complaint));
    if (complaint[0] == '\0')
        return true;
    if (strcmp(complaint, "Permission denied") == 0)
        code = ERR_FORBIDDEN;
    else if (strstr(complaint, "static LB algorithm") != NULL)
        code = ERR_INVALID;
    else if (strstr(complaint, "No such") != NULL || strstr(complaint, "Can't find") != NULL ||
             strstr(complaint, "Unknown map") != NULL)
        code = ERR_NOT_FOUND;
    return err_set(err, code, "HAProxy says: %s", complaint);
}

/* Weight of the servers of a side: of each where they are alike, else the sum (then *ret_count is 1). */
static bool read_side(const struct haproxy_side *side, const char *answer, unsigned *ret_weight,
                      size_t *ret_count, struct err *err)
{
    struct haproxy_server server = {0};
    unsigned sum = 0;
    bool is_uniform = true;

    if (strstr(answer, "# be_id") == NULL && !explain(answer, err))
        return false;
    for (size_t i = 0; i < side->server_count; i++) {
        unsigned before = i == 0 ? 0 : server.weight;
        if (!haproxy_server(answer, side->backend, side->servers[i], &server))
            return err_set(err, ERR_NOT_FOUND, "HAProxy has no server %s/%s", side->backend,
                           side->servers[i]);
        is_uniform = is_uniform && (i == 0 || server.weight == before);
        sum += server.weight;
    }
    *ret_weight = is_uniform ? server.weight : sum;
    *ret_count = is_uniform ? side->server_count : 1;
    return true;
}

struct weights {
    unsigned candidate, stable;
    size_t candidate_count, stable_count;
};

static bool read_weights(const struct haproxy_split *split, const char *answer, struct weights *ret_weights,
                         struct err *err)
{
    struct weights weights = {0};

    if (!read_side(&split->candidate, answer, &weights.candidate, &weights.candidate_count, err) ||
        !read_side(&split->stable, answer, &weights.stable, &weights.stable_count, err))
        return false;
    if (weights.candidate == 0 && weights.stable == 0)
        return err_set(err, ERR_UNAVAILABLE, "all servers of %s have weight 0", split->key);
    *ret_weights = weights;
    return true;
}

/* Every server has the very weight that the share gives it. */
static bool are_of(const struct weights *weights, const struct haproxy_split *split, uint16_t share)
{
    unsigned candidate = 0;
    unsigned stable = 0;

    haproxy_weights(share, split->candidate.server_count, split->stable.server_count, &candidate, &stable);
    return weights->candidate_count == split->candidate.server_count &&
           weights->stable_count == split->stable.server_count && weights->candidate == candidate &&
           weights->stable == stable;
}

static bool read_by_weights(const struct haproxy_split *split, const char *answer, uint16_t expected,
                            uint16_t *ret_share, struct err *err)
{
    struct weights weights = {0};

    if (!read_weights(split, answer, &weights, err))
        return false;
    if (expected != HAPROXY_SHARE_NONE && are_of(&weights, split, expected))
        *ret_share = expected;
    else
        *ret_share =
            haproxy_share(weights.candidate, weights.candidate_count, weights.stable, weights.stable_count);
    return true;
}

bool haproxy_split_read(const struct haproxy_split *split, const char *answer, uint16_t expected,
                        uint16_t *ret_share, struct err *err)
{
    uint16_t value = 0;

    if (!check_complete(answer, err))
        return false;
    if (split->map == NULL)
        return read_by_weights(split, answer, expected, ret_share, err);
    /* A key that is missing counts as the map's default, 0: everything to the first slot. */
    if (!haproxy_map_value(answer, split->key, &value) && !explain(answer, err))
        return false;
    *ret_share = to_map(split, value);
    return true;
}

bool haproxy_split_requests(const struct haproxy_split *split, const char *answer, uint64_t *ret_count,
                            struct err *err)
{
    const struct haproxy_side *side = &split->candidate;
    uint64_t sum = 0;
    uint64_t count = 0;

    if (!check_complete(answer, err))
        return false;
    if (split->map != NULL && !haproxy_requests(answer, side->backend, NULL, &sum))
        return err_set(err, ERR_NOT_FOUND, "HAProxy does not count backend %s", side->backend);
    for (size_t i = 0; split->map == NULL && i < side->server_count; i++, sum += count)
        if (!haproxy_requests(answer, side->backend, side->servers[i], &count))
            return err_set(err, ERR_NOT_FOUND, "HAProxy does not count server %s/%s", side->backend,
                           side->servers[i]);
    *ret_count = sum;
    return true;
}

/* What the map says of testers; without their key, its default. */
static bool read_testers(const struct haproxy_split *split, const char *answer, uint16_t *ret_value)
{
    char memory[KEY_SIZE];
    struct text key;

    text_init(&key, memory, sizeof(memory));
    text_add(&key, "%s.testers", split->key);
    *ret_value = 0;
    return haproxy_map_value(answer, memory, ret_value);
}

unsigned haproxy_split_missing(const struct haproxy_split *split, const char *answer)
{
    char complaint[SENTENCE_MAX];
    uint16_t value = 0;
    unsigned missing = 0;

    haproxy_complaint(answer, complaint, sizeof(complaint));
    if (split->map == NULL || strncmp(complaint, "entry not found", 15) != 0)
        return 0;
    if (!haproxy_map_value(answer, split->key, &value))
        missing |= MISSING_SHARE;
    if (split->has_testers && !read_testers(split, answer, &value))
        missing |= MISSING_TESTERS;
    return missing;
}

bool haproxy_split_testers_fit(const struct haproxy_split *split, const char *answer)
{
    uint16_t value = 0;

    return !split->has_testers || (read_testers(split, answer, &value) && value == testers_value(split));
}

bool haproxy_split_check_share(const struct haproxy_split *split, uint16_t share, struct err *err)
{
    unsigned candidate = 0;
    unsigned stable = 0;

    if (split->map != NULL)
        return true;
    haproxy_weights(share, split->candidate.server_count, split->stable.server_count, &candidate, &stable);
    double mine = (double)candidate * (double)split->candidate.server_count;
    double all = mine + (double)stable * (double)split->stable.server_count;
    double miss = mine * HAPROXY_SHARE_MAX / all - share;
    if (miss >= -MISS_MAX && miss <= MISS_MAX)
        return true;
    return err_set(err, ERR_INVALID, "no weights of %zu and %zu servers come near to %.2f %%",
                   split->candidate.server_count, split->stable.server_count, share / 100.0);
}

/* Stricter than reading: a map without the key, or a server with another weight, is not as ordered. */
static bool is_as_ordered(const struct haproxy_split *split, uint16_t share, const char *answer)
{
    uint16_t value = 0;
    struct weights weights = {0};
    struct err err;

    if (split->map != NULL)
        return haproxy_map_value(answer, split->key, &value) && value == to_map(split, share) &&
               haproxy_split_testers_fit(split, answer);
    return read_weights(split, answer, &weights, &err) && are_of(&weights, split, share);
}

bool haproxy_split_check_order(const struct haproxy_split *split, uint16_t share, const char *answer,
                               struct err *err)
{
    uint16_t read = 0;

    if (!haproxy_split_read(split, answer, HAPROXY_SHARE_NONE, &read, err))
        return false;
    if (is_as_ordered(split, share, answer))
        return true;
    if (!explain(answer, err))
        return false;
    if (!haproxy_split_testers_fit(split, answer))
        return err_set(err, ERR_UNAVAILABLE, "%s.testers in the map is not as it was asked for", split->key);
    return err_set(err, ERR_UNAVAILABLE, "asked for %.2f %%, read back %.2f %%", share / 100.0, read / 100.0);
}
