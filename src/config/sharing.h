/* sharing.h - definitions that differ in nothing but whose they are take the memory of one.
 * SPDX-License-Identifier: MIT
 *
 * A definition follows from its sealed text. Where two texts are the same but for the names of service and
 * environment in their heads, so is all that the definitions point to; where a {{service}} was filled in, the
 * texts differ elsewhere too. */
#ifndef CONFIG_SHARING_H
#define CONFIG_SHARING_H

#include "config/config.h"

struct definition_pool;

struct definition_pool *definition_pool_new(void);
void definition_pool_free(struct definition_pool *pool); /* after its definitions; NULL is fine */

/* Takes over `definition`, which follows from `sealed` (or, of kind rollback, from its way back), and returns
 * one that says the same, with what is another's already. It must not be changed any more; definition_free()
 * ends it as any other. */
struct definition *definition_share(struct definition_pool *pool, struct definition *definition,
                                    const char *sealed);

/* Of definition_free(): one definition less has these parts. */
void definition_release(struct definition_common *common);

/* What the shared parts take, each counted once. */
size_t definition_pool_bytes(const struct definition_pool *pool);

#endif
