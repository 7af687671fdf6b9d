/* printed_state.h - a state among what terraform says: its last resort where it can save one nowhere. Pure.
 * SPDX-License-Identifier: MIT
 *
 * It prints the whole state then, with all that is secret, as JSON whose first line is "{" and whose last one
 * is "}". Nobody is shown that, and it is not lost either. */
#ifndef IAC_PRINTED_STATE_H
#define IAC_PRINTED_STATE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed before the first piece. */
struct printed_state_veil {
    size_t column;   /* bytes of the line that began */
    bool is_braced;  /* it began with a brace */
    bool is_inside;  /* between the first line of a state and its last one */
    bool has_hidden; /* something, ever */
};

/* Takes out of a piece of text whatever is part of a state, however it was cut; how much is left of it. */
size_t printed_state_hide(struct printed_state_veil *veil, char *piece, size_t length);

/* The last whole state in a text; false: there is none. */
MUST_CHECK bool printed_state_find(const char *text, size_t length, const char **ret_state,
                                   size_t *ret_length);

#endif
