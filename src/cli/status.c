/* status.c - verdict status: every service, what serves, what is under way, and the figures of a span.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/figures.h"
#include "cli/infrastructure.h"
#include "cli/plain.h"
#include "cli/status_recovery.h"
#include "cli/verb.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 160, PATH_SIZE = 192 };

static bool is_same(const cJSON *a, const cJSON *b, const char *name)
{
    return strcmp(field_text(a, name), field_text(b, name)) == 0;
}

static void print_until(const cJSON *object, const char *name)
{
    if (field_text(object, name)[0] != '\0')
        (void)printf(" until %s", field_text(object, name));
}

/* Only where nothing begins anywhere. */
static void print_fleet(const cJSON *fleet)
{
    if (field_flag(fleet, "frozen")) {
        (void)printf("everything is frozen");
        print_until(fleet, "frozen_until");
        (void)printf("\n");
    }
    if (field_flag(fleet, "braked")) {
        (void)printf("the brake of the fleet is closed");
        print_until(fleet, "braked_until");
        (void)printf("; `verdict unfreeze` opens it\n");
    }
}

static void print_service(const cJSON *service, const cJSON *deployments)
{
    const cJSON *stable = field_part(service, "stable");
    const cJSON *row = NULL;
    char name[NAME_SIZE];
    double quarantined = field_number(service, "quarantined");

    (void)snprintf(name, sizeof(name), "%s/%s", field_text(service, "service"),
                   field_text(service, "environment"));
    (void)printf("%-24s %s%s", name,
                 stable == NULL ? "nothing is known to serve" : field_text(stable, "version"),
                 field_flag(service, "frozen") ? ", frozen" : "");
    print_until(service, "frozen_until");
    if (field_flag(service, "braked"))
        (void)printf(", its brake is closed");
    print_until(service, "braked_until");
    if (quarantined > 0.0)
        (void)printf(", %g in quarantine", quarantined);
    (void)printf("\n");
    cJSON_ArrayForEach(row, deployments)
    {
        if (is_same(row, service, "service") && is_same(row, service, "environment"))
            (void)printf("  %-8s %s\n", field_text(row, "id"), field_text(row, "summary"));
    }
}

/* False: said. */
static bool path_of(const struct cli *cli, char path[PATH_SIZE])
{
    const char *environment = verb_text(cli, "environment");
    const struct option_value *span = verb_value(cli, "span");

    if (environment[0] != '\0' && !text_is_name(environment)) {
        verb_complain(cli, "'%s' is no name of an environment", environment);
        return false;
    }
    (void)snprintf(path, PATH_SIZE, "/v1/status?since=%llds%s%s", (long long)(span->duration_ms / 1000),
                   environment[0] == '\0' ? "" : "&environment=", environment);
    return true;
}

static void print(const struct cli *cli, const cJSON *status)
{
    const cJSON *services = field_part(status, "services");
    const cJSON *service = NULL;

    if (cli->is_plain) {
        plain_print_status(status);
        return;
    }
    print_fleet(field_part(status, "fleet"));
    cJSON_ArrayForEach(service, services) print_service(service, field_part(status, "deployments"));
    if (cJSON_GetArraySize(services) == 0)
        verb_say(cli, "nothing was deployed yet; tell what serves with `verdict adopt`");
    infrastructure_print(status);
    if (cJSON_GetArraySize(services) > 0)
        figures_print(&cli->terminal, status);
    status_recovery_print(field_part(status, "recovery"));
}

int status_run(struct cli *cli)
{
    char path[PATH_SIZE];
    struct client_answer answer;
    int code = VERB_DONE;

    if (!path_of(cli, path))
        return VERB_REFUSED;
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        struct cJSON *status = field_parse(answer.body, answer.length);
        print(cli, status);
        json_free(status);
    }
    client_answer_done(&answer);
    return code;
}
