/* secrets_check.c - what Vault says to every reference of the settings and the rule files, as findings.
 * SPDX-License-Identifier: MIT */
#include "daemon/secrets.h"
#include "io/vault.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_MS = 15 * 1000, LOOK_MS = 20 };

struct checking {
    struct daemon *daemon;
    bool is_settled;
};

static const struct http_client_limits limits = {.in_flight_max = 8, .queue_max = 64};

static void look(void *data)
{
    struct checking *checking = data;

    checking->is_settled = vault_is_settled(checking->daemon->vault);
}

static void add_finding(struct config_report *report, const char *file, unsigned line, const char *text)
{
    size_t index = report->count++;

    report->said++;
    if (index >= CONFIG_FINDINGS_MAX)
        return;
    struct config_finding *finding = &report->findings[index];
    *finding = (struct config_finding){.line = line};
    (void)snprintf(finding->file, sizeof(finding->file), "%s", file);
    (void)snprintf(finding->text, sizeof(finding->text), "%s", text);
}

static void check_one(void *data, const char *reference, const char *file, unsigned line)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    struct daemon *daemon = data;
    struct err err = {0};

    if (reference_kind(reference) == REFERENCE_VAULT &&
        !secret_load(daemon_keeper(daemon), reference, &secret, &err))
        add_finding(daemon->report, file, line, err.text);
}

static void check_all(struct daemon *daemon)
{
    const struct references *references = &daemon->settings->references;

    for (size_t i = 0; i < references->count; i++)
        check_one(daemon, references->uses[i].text, daemon->settings_path, references->uses[i].line);
    config_each_secret(daemon->config, check_one, daemon);
}

static bool ask(struct daemon *daemon, struct err *err)
{
    struct checking checking = {.daemon = daemon};

    daemon->loop = loop_new();
    if (!http_client_new(daemon->loop, &limits, &daemon->http, err))
        return false;
    daemon_open_vault(daemon);
    daemon_learn_secrets(daemon);
    struct loop_timer *timer = loop_timer_start(daemon->loop, LOOK_MS, LOOK_MS, look, &checking);
    /* What is not answered by then is said below, each for itself. */
    (void)!loop_run_until(daemon->loop, &checking.is_settled, LIMIT_MS);
    loop_timer_stop(timer);
    return true;
}

void daemon_check_secrets(struct daemon *daemon)
{
    struct err err = {0};

    if (daemon->settings->vault.url == NULL || ask(daemon, &err))
        check_all(daemon);
    else
        add_finding(daemon->report, daemon->settings_path, 0, err.text);
    vault_free(daemon->vault);
    http_client_free(daemon->http);
    if (daemon->loop != NULL)
        loop_free(daemon->loop);
    daemon->vault = NULL;
    daemon->http = NULL;
    daemon->loop = NULL;
}
