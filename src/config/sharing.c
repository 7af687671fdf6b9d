/* sharing.c - a hash table of what definitions have in common.
 * SPDX-License-Identifier: MIT */
#include "config/sharing.h"

#include "base/hash.h"
#include "config/block.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4096 };

/* Whoever has a definition of it holds it. */
struct definition_common {
    struct definition_common *next; /* of the same chain */
    struct definition_pool *pool;
    uint64_t hash;
    size_t references;
    enum plan_kind kind;
    struct definition *whole; /* the first one */
    size_t length;
    char text[]; /* the sealed text without the two names */
};

struct definition_pool {
    size_t bytes;
    struct definition_common *chains[CHAINS];
};

struct definition_pool *definition_pool_new(void)
{
    return block_new(sizeof(struct definition_pool));
}

void definition_pool_free(struct definition_pool *pool)
{
    free(pool);
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* The text without the lines of the head that name service and environment. Returns its length. */
static size_t strip(const char *sealed, char *to)
{
    size_t length = 0;
    bool is_head = false;

    while (*sealed != '\0') {
        size_t size = strcspn(sealed, "\n");
        size += sealed[size] == '\n' ? 1 : 0;
        if (sealed[0] != ' ')
            is_head = begins(sealed, "seal: ");
        if (!is_head || !(begins(sealed, "  service = ") || begins(sealed, "  environment = "))) {
            memcpy(to + length, sealed, size);
            length += size;
        }
        sealed += size;
    }
    return length;
}

static bool is_same(const struct definition_common *one, const struct definition_common *other)
{
    return one->hash == other->hash && one->kind == other->kind && one->length == other->length &&
           memcmp(one->text, other->text, one->length) == 0;
}

static size_t bytes_of(const struct definition_common *common)
{
    return sizeof(*common) + common->length + common->whole->bytes;
}

static struct definition_common *find(const struct definition_pool *pool,
                                      const struct definition_common *wanted)
{
    struct definition_common *common = pool->chains[wanted->hash % CHAINS];

    while (common != NULL && !is_same(common, wanted))
        common = common->next;
    return common;
}

static void add(struct definition_pool *pool, struct definition_common *common)
{
    struct definition_common **chain = &pool->chains[common->hash % CHAINS];

    common->next = *chain;
    *chain = common;
    pool->bytes += bytes_of(common);
}

static struct definition_common *new_common(struct definition_pool *pool, struct definition *definition,
                                            const char *sealed)
{
    struct definition_common *common = block_new(sizeof(*common) + strlen(sealed) + 1);

    common->pool = pool;
    common->kind = definition->plan->kind;
    common->whole = definition;
    common->length = strip(sealed, common->text);
    common->hash = hash_bytes(HASH_BEGIN, common->text, common->length);
    return block_shrink(common, sizeof(*common) + common->length);
}

/* A definition of its own names, and for the rest that of `common`. */
static struct definition *outline(struct definition_common *common, const char *service,
                                  const char *environment)
{
    size_t service_size = strlen(service) + 1;
    size_t environment_size = strlen(environment) + 1;
    size_t bytes = sizeof(struct definition) + service_size + environment_size;
    struct definition *definition = block_new(bytes);
    char *texts = (char *)(definition + 1);

    *definition = *common->whole;
    definition->bytes = bytes;
    definition->common = common;
    definition->service = memcpy(texts, service, service_size);
    definition->environment = memcpy(texts + service_size, environment, environment_size);
    return definition;
}

struct definition *definition_share(struct definition_pool *pool, struct definition *definition,
                                    const char *sealed)
{
    struct definition_common *own = new_common(pool, definition, sealed);
    struct definition_common *common = find(pool, own);

    assert(definition->common == NULL);
    if (common == NULL)
        add(pool, own);
    struct definition *shared =
        outline(common == NULL ? own : common, definition->service, definition->environment);
    shared->common->references++;
    if (common != NULL) {
        definition_free(definition);
        free(own);
    }
    return shared;
}

void definition_release(struct definition_common *common)
{
    struct definition_common **at = &common->pool->chains[common->hash % CHAINS];

    if (--common->references > 0)
        return;
    while (*at != common)
        at = &(*at)->next;
    *at = common->next;
    common->pool->bytes -= bytes_of(common);
    definition_free(common->whole);
    free(common);
}

size_t definition_pool_bytes(const struct definition_pool *pool)
{
    return pool->bytes;
}
