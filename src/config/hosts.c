/* hosts.c - `hosts = [ ... ]`: the hosts of a rolling group.
 * SPDX-License-Identifier: MIT */
#include "config/hosts.h"

#include "base/text.h"
#include "config/template.h"

#include <string.h>

enum { HOSTS_CHECKS_MAX = DEFINITION_ADDRESSES_MAX * DEFINITION_CHECKS_MAX };

static const struct option hosts_option = {.name = "hosts",
                                           .type = OPTION_LIST,
                                           .min = 1,
                                           .max = PLAN_HOSTS_MAX,
                                           .help = "hosts of a rolling group"};

static bool is_host_name(const char *name, size_t length)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    return length > 0 && length <= NAME_MAX_LENGTH && strspn(name, known) >= length;
}

bool hosts_is_host(const char *text)
{
    size_t length = strcspn(text, "=:");

    return is_host_name(text, length) && (text[length] == '\0' || text[length + 1] != '\0') &&
           strpbrk(text, " \t\"\\{}") == NULL;
}

/* "m1.prod", "m1.prod:8080" or "m1=10.0.0.1:8080" */
static bool take_host(const struct build *build, const struct node *node, const char *text,
                      struct host_definition *host)
{
    char name[NAME_MAX_LENGTH + 1] = "";
    size_t length = strcspn(text, "=:");

    if (!is_host_name(text, length) || (text[length] != '\0' && text[length + 1] == '\0'))
        return report_node(build->report, node,
                           "hosts: '%s' is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\"",
                           text);
    memcpy(name, text, length);
    host->name = options_keep(build, node, name);
    host->address = options_keep(build, node, text[length] == '=' ? text + length + 1 : text);
    return host->name != NULL && host->address != NULL;
}

static bool check_unique(const struct build *build, const struct node *node,
                         const struct host_definition *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(hosts[i].name, hosts[j].name) == 0)
                return report_node(build->report, node, "two hosts are called '%s'; name them like \"m1=%s\"",
                                   hosts[i].name, hosts[i].address);
    return true;
}

bool hosts_build(const struct build *build, const struct node *hosts, struct definition *definition)
{
    struct option_value value = {0};
    bool is_good = true;

    if (hosts == NULL)
        return true;
    if (definition->driver != SIZE_MAX || definition->slot_count > 0)
        return report_node(build->report, hosts,
                           "an environment has hosts, or slots and traffic; this one has both");
    if (!options_value(build, hosts, &hosts_option, &value))
        return false;
    struct host_definition *array = options_array(build, hosts, value.list_length + 1, sizeof(*array));
    if (array == NULL)
        return false;
    for (size_t i = 0; i < value.list_length; i++)
        is_good = take_host(build, hosts, value.list[i], &array[i]) && is_good;
    definition->hosts = array;
    definition->host_count = value.list_length;
    return is_good && check_unique(build, hosts, array, value.list_length);
}

static bool has_argument(const struct command_definition *command, const char *name)
{
    for (size_t i = 0; i < command->argument_count; i++)
        if (template_has(command->arguments[i], name))
            return true;
    return false;
}

/* Of a command that is not run host by host. */
static bool check_command(const struct build *build, const struct node *at,
                          const struct definition *definition, uint16_t reference)
{
    if (reference == PLAN_NONE)
        return true;
    const struct command_definition *command = &definition->commands[reference];
    if (has_argument(command, "host"))
        return report_node(build->report, at,
                           "command '%s' is about one host, and runs for none: {{host}} is known to the "
                           "commands drain, deploy and restore of a `replace`",
                           command->name);
    return true;
}

/* Hosts have no slot. */
static bool check_part(const struct build *build, const struct node *at, const struct definition *definition,
                       uint16_t reference)
{
    if (reference == PLAN_NONE)
        return true;
    if (definition->commands[reference].is_once)
        return report_node(build->report, at, "command '%s' runs on every host, and cannot run once",
                           definition->commands[reference].name);
    if (!has_argument(&definition->commands[reference], "slot"))
        return true;
    return report_node(build->report, at, "command '%s' has {{slot}}, but it runs for hosts: {{host}}",
                       definition->commands[reference].name);
}

/* What is measured of hosts is told apart by version. */
static bool check_metrics(const struct build *build, const struct node *at,
                          const struct definition *definition)
{
    static const char *const names[] = {"slot", "address", "host"};
    bool is_good = true;

    for (size_t i = 0; i < definition->metric_count; i++) {
        const struct metric_definition *metric = &definition->metrics[i];
        for (size_t k = 0; k < build->schemas->collectors[metric->collector].use_count; k++)
            for (size_t n = 0; n < ARRAY_LENGTH(names); n++)
                if (metric->options[k].text != NULL && template_has(metric->options[k].text, names[n]))
                    is_good = report_node(build->report, at,
                                          "metric '%s' has {{%s}}, but hosts are told apart by {{version}}",
                                          metric->name, names[n]);
    }
    return is_good;
}

/* One smoke test asks all hosts of a batch. */
static bool check_batch(const struct build *build, const struct node *at, const struct definition *definition)
{
    const struct plan_part *part = &definition->plan->parts[REPLACE_SMOKE];

    if (part->reference == PLAN_NONE ||
        definition->smokes[part->reference].check_count * definition->plan->max_unavailable <=
            HOSTS_CHECKS_MAX)
        return true;
    return report_node(
        build->report, at, "%u hosts at a time with %zu checks each; the product is at most %d",
        definition->plan->max_unavailable, definition->smokes[part->reference].check_count, HOSTS_CHECKS_MAX);
}

bool hosts_check(const struct build *build, const struct node *at, const struct definition *definition)
{
    const struct plan *plan = definition->plan;
    bool is_good = true;

    for (uint8_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_COMMAND)
            is_good = check_command(build, at, definition, plan->steps[i].reference) &&
                      check_command(build, at, definition, plan->steps[i].undo) && is_good;
    is_good = check_command(build, at, definition, plan->retire) && is_good;
    is_good = check_command(build, at, definition, plan->rollback_command) && is_good;
    if (plan->has_disaster)
        is_good = check_command(build, at, definition, plan->disaster.reference) && is_good;
    if (plan->host_count == 0)
        return is_good;
    is_good = check_metrics(build, at, definition) && is_good;
    is_good = check_batch(build, at, definition) && is_good;
    for (int i = 0; i < REPLACE_PART_COUNT; i++)
        if (i != REPLACE_SMOKE)
            is_good = check_part(build, at, definition, plan->parts[i].reference) &&
                      check_part(build, at, definition, plan->parts[i].undo) && is_good;
    return is_good;
}
