/* http_json.h - asks any HTTP API that answers with JSON.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_HTTP_JSON_H
#define COLLECTORS_HTTP_JSON_H

#include "collectors/collector.h"

extern const struct collector_type http_json_collector;

#endif
