/* hosts_from.c - hosts that a command names.
 * SPDX-License-Identifier: MIT */
#include "config/hosts_from.h"

#include "config/block.h"
#include "config/hosts.h"
#include "config/reader.h"
#include "config/seal.h"
#include "config/template.h"

#include <stdlib.h>
#include <string.h>

enum { FROM_EXEC, FROM_TIMEOUT, FROM_OPTION_COUNT };
enum { TIMEOUT_MAX_MS = 20 * 1000 /* who starts a deployment waits for the answer */ };

static const struct option options[FROM_OPTION_COUNT] = {
    [FROM_EXEC] = {.name = "exec",
                   .type = OPTION_LIST,
                   .is_required = true,
                   .min = 1,
                   .max = DEFINITION_ARGUMENTS_MAX,
                   .help = "program and arguments; no shell"},
    [FROM_TIMEOUT] = {.name = "timeout",
                      .type = OPTION_DURATION,
                      .min = 100,
                      .max = TIMEOUT_MAX_MS,
                      .fallback = "10s",
                      .help = "how long it may take"},
};

/* Of hosts and slots nothing is known yet. */
static bool check_arguments(const struct build *build, const struct node *node,
                            const struct hosts_source *source)
{
    static const char *const names[] = {"slot", "address", "host"};

    for (size_t i = 0; i < source->argument_count; i++)
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
            if (template_has(source->arguments[i], names[n]))
                return report_node(build->report, tree_find(node, "exec"),
                                   "exec: {{%s}} is not known before the hosts are", names[n]);
    return true;
}

bool hosts_from_build(const struct build *build, const struct node *hosts_from, struct definition *definition)
{
    static const struct shape shape = {.options = options, .count = FROM_OPTION_COUNT};
    struct option_value values[FROM_OPTION_COUNT] = {{0}};

    if (hosts_from == NULL)
        return true;
    if (definition->driver != SIZE_MAX || definition->slot_count > 0 || definition->host_count > 0)
        return report_node(build->report, hosts_from,
                           "an environment has hosts_from, or hosts, or slots and traffic");
    if (!options_read(build, hosts_from, &shape, values, NULL))
        return false;
    struct hosts_source *source = options_array(build, hosts_from, 1, sizeof(*source));
    if (source == NULL)
        return false;
    *source = (struct hosts_source){.arguments = values[FROM_EXEC].list,
                                    .argument_count = values[FROM_EXEC].list_length,
                                    .timeout_ms = values[FROM_TIMEOUT].duration_ms};
    definition->hosts_from = source;
    return check_arguments(build, hosts_from, source);
}

bool hosts_from_is_open(const struct definition *definition)
{
    return definition->hosts_from != NULL && !definition->plan->is_record;
}

static size_t name_length(const char *host)
{
    return strcspn(host, "=:");
}

static bool is_twice(const struct node *hosts, size_t count, const char *host)
{
    size_t length = name_length(host);

    for (size_t i = 0; i < count; i++)
        if (name_length(hosts[i].text) == length && strncmp(hosts[i].text, host, length) == 0)
            return true;
    return false;
}

/* One line, without the end of it. */
static bool take_line(char *line, unsigned number, struct node *hosts, size_t *count, struct err *err)
{
    static const struct source source = {.path = "hosts_from", .text = ""};
    size_t length = strlen(line);

    if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    if (length == 0)
        return true;
    if (length > HOSTS_FROM_LINE_MAX || !hosts_is_host(line))
        return err_set(err, ERR_INVALID,
                       "hosts_from, line %u: '%.60s' is not like \"m1.prod\", \"m1.prod:8080\" or "
                       "\"m1=10.0.0.1:8080\"",
                       number, line);
    if (is_twice(hosts, *count, line))
        return err_set(err, ERR_INVALID, "hosts_from, line %u: a second host is called '%.*s'", number,
                       (int)name_length(line), line);
    if (*count == PLAN_HOSTS_MAX)
        return err_set(err, ERR_INVALID, "hosts_from: more than %d hosts", PLAN_HOSTS_MAX);
    hosts[(*count)++] = (struct node){.kind = NODE_TEXT, .text = line, .source = &source, .line = number};
    return true;
}

/* Takes `printed` apart; the hosts are texts in it. */
static bool read_hosts(char *printed, struct node *hosts, size_t *count, struct err *err)
{
    unsigned number = 0;
    char *line = printed;

    while (line != NULL) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (!take_line(line, ++number, hosts, count, err))
            return false;
        line = end == NULL ? NULL : end + 1;
    }
    return *count > 0 || err_set(err, ERR_INVALID, "hosts_from: the command named no host");
}

/* A copy of a group whose child `name` is `with`; for free() with its children's array behind it. */
static struct node *replaced(const struct node *group, const char *name, const struct node *with)
{
    struct node *copy = block_new((group->count + 1) * sizeof(*copy));

    *copy = *group;
    for (size_t i = 0; i < group->count; i++)
        copy[i + 1] = strcmp(group->children[i].name, name) == 0 ? *with : group->children[i];
    copy->children = copy + 1;
    return copy;
}

static char *write_with(const struct node *root, const struct node *hosts, size_t count)
{
    const struct node *target = tree_find(root, "target");
    const struct node list = {.kind = NODE_LIST,
                              .name = "hosts",
                              .source = target->source,
                              .line = target->line,
                              .count = count,
                              .children = hosts};
    struct node *new_target = replaced(target, "hosts_from", &list);
    struct node *new_root = replaced(root, "target", new_target);
    char *text = seal_write(new_root);

    free(new_root);
    free(new_target);
    return text;
}

char *hosts_from_seal(const char *sealed, const char *printed, struct err *err)
{
    struct source source = {.path = "sealed", .text = sealed};
    struct config_report *report = block_new(sizeof(*report));
    struct node *hosts = block_new(PLAN_HOSTS_MAX * sizeof(*hosts));
    char *lines = block_new(strlen(printed) + 1);
    struct tree tree = {0};
    size_t count = 0;
    char *text = NULL;

    memcpy(lines, printed, strlen(printed) + 1);
    if (read_hosts(lines, hosts, &count, err)) {
        if (reader_read(&source, &tree, report) && tree_find(tree.root, "target") != NULL)
            text = write_with(tree.root, hosts, count);
        else
            (void)err_set(err, ERR_INTERNAL, "the sealed text could not be read again");
    }
    free(tree.memory);
    free(lines);
    free(hosts);
    free(report);
    return text;
}
