/* reload.c - rule files, at start and again at SIGHUP: what is broken keeps its last good version, what is
 * under way keeps its sealed one (S12).
 * SPDX-License-Identifier: MIT */
#include "daemon/drifting.h"
#include "daemon/recoveries.h"
#include "daemon/secrets.h"

#include <string.h>
#include <time.h>

enum { FINDING_SIZE = 1536 };

void daemon_reload(struct daemon *daemon)
{
    struct config *before = daemon->config;

    daemon_learn_secrets(daemon);
    memset(daemon->report, 0, sizeof(*daemon->report));
    daemon->config = config_read_folder(daemon->settings->rules, before, &daemon->schemas, daemon->report);
    config_free(before);
    daemon->is_config_good = daemon->report->count == 0;
    for (size_t i = 0; i < daemon->report->count && i < CONFIG_FINDINGS_MAX; i++) {
        struct config_finding finding = daemon->report->findings[i];
        char line[FINDING_SIZE];
        finding.source[0] = '\0'; /* one line */
        log_say(&daemon->log, LOG_LEVEL_ERROR, "%s", config_finding_format(&finding, line, sizeof(line)));
    }
    for (size_t i = 0; i < daemon->report->warning_count; i++) {
        const struct config_finding *warning = &daemon->report->warnings[i];
        log_say(&daemon->log, LOG_LEVEL_WARN, "%s:%u: %s", warning->file, warning->line, warning->text);
    }
    recoveries_update(daemon->recoveries);
    daemon_learn_secrets(daemon); /* what is new in them, too */
    if (daemon->is_config_good)
        daemon->config_wall_s = (int64_t)time(NULL);
    log_say(&daemon->log, LOG_LEVEL_INFO, "rules read from %s: %zu findings", daemon->settings->rules,
            daemon->report->count);
    drifting_declare(daemon);
}
