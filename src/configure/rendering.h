/* rendering.h - a template with the values of its job.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIGURE_RENDERING_H
#define CONFIGURE_RENDERING_H

#include "configure/job.h"
#include "configure/place.h"

/* The file as it shall be; its look: as the job says, else as of what is there, else ours, 0644, and with a
 * secret in it 0600. */
MUST_CHECK bool rendering_make(const struct job_file *file, size_t index, const struct place_content *there,
                               struct place_content *ret_content, struct err *err);

#endif
