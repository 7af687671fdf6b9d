/* secrets.c - what must never be shown: every value that the settings refer to, known to the log and to
 * whatever is stored or told.
 * SPDX-License-Identifier: MIT */
#include "daemon/secrets.h"

#include "io/redaction.h"
#include "io/secret.h"

static void learn(struct daemon *daemon, const char *reference)
{
    CLEANUP(secret_drop) struct secret secret = {0};

    /* Whoever needs one that cannot be read says so. */
    if (reference != NULL && secret_is_reference(reference) && secret_load(reference, &secret, NULL))
        redaction_add(daemon->log.redaction, secret.bytes, secret.length);
}

static void learn_options(struct daemon *daemon, const struct option *options, size_t count,
                          const struct option_value *values)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i].type == OPTION_SECRET)
            learn(daemon, values[i].text);
        for (size_t k = 1; options[i].type == OPTION_SECRET_MAP && k < values[i].list_length; k += 2)
            learn(daemon, values[i].list[k]);
    }
}

static void learn_instances(struct daemon *daemon, const struct option_schema *schemas,
                            const struct settings_instance *instances, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_schema *schema = &schemas[instances[i].kind];
        learn_options(daemon, schema->instance, schema->instance_count, instances[i].options);
    }
}

void daemon_learn_secrets(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    const struct option_schemas *schemas = &daemon->schemas;

    if (daemon->log.redaction == NULL)
        daemon->log.redaction = redaction_new();
    learn_instances(daemon, schemas->collectors, settings->sources, settings->source_count);
    learn_instances(daemon, schemas->drivers, settings->drivers, settings->driver_count);
    learn_instances(daemon, schemas->notifiers, settings->notifiers, settings->notifier_count);
    learn_instances(daemon, schemas->gates, settings->gates, settings->gate_count);
    for (size_t i = 0; i < settings->hook_count; i++)
        learn(daemon, settings->hooks[i].secret);
    for (size_t i = 0; i < settings->listener_count; i++)
        learn(daemon, settings->listeners[i].key);
    learn(daemon, settings->controller.secret);
    learn(daemon, settings->controller.token);
}

void daemon_forget_secrets(struct daemon *daemon)
{
    redaction_free(daemon->log.redaction);
    daemon->log.redaction = NULL;
}
