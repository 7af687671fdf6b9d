/* audit_texts.h - what rows of the audit say, with the names of the rules and steps that they count.
 * SPDX-License-Identifier: MIT */
#ifndef API_AUDIT_TEXTS_H
#define API_AUDIT_TEXTS_H

#include "config/config.h"
#include "store/journal_view.h"

/* A deployment's definition as it was sealed, with the plan that it follows; NULL: this build cannot read it.
 * In a worker; free with definition_free(). */
struct definition *audit_texts_definition(struct journal_view *view, const struct journal_deployment *row,
                                          const struct option_schemas *schemas);

/* `ret_texts` gets one text for each row, in the arena; NULL where shape_audit(NULL, row) says as much. In a
 * worker. False: no room. */
MUST_CHECK bool audit_texts_read(struct journal_view *view, const struct option_schemas *schemas,
                                 const struct journal_audit *rows, size_t count, struct arena *arena,
                                 const char *const **ret_texts);

#endif
