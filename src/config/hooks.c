/* hooks.c - what may come in by whose hook, and where in it what stands.
 * SPDX-License-Identifier: MIT
 *
 * A value is a path such as ".deployment.sha", with " behind TEXT" or " before TEXT" for a part of what
 * stands there; anything else is meant as it stands. A condition is "PATH = TEXT", or "no PATH". What a kind
 * knows of its sender is said in the same language. */
#include "config/hooks.h"

#include "base/text.h"

#include <string.h>

enum {
    OPTION_KIND = HOOK_FIELD_COUNT, /* the fields have the first places */
    OPTION_OF_SECRET,
    OPTION_PROOF,
    OPTION_HEADER,
    OPTION_MAX_AGE,
    OPTION_REPLAY,
    OPTION_WHEN,
    OPTION_NAMES,
    OPTION_SERVICES,
    OPTION_ENVIRONMENTS,
    HOOK_OPTION_COUNT
};
enum { VALUES_MAX = 8, NAMES_MAX = 64, KIND_VALUES_MAX = 4 };

static const char *const kinds[] = {"github", "gitlab", "verdict", "json", NULL};
static const char *const replays[] = {"refused", "accepted", NULL};
static const char *const proofs[] = {"sha256", "standard", "token", NULL};

#define FIELD(field, key, what)                                                                              \
    [field] = {.name = (key), .type = OPTION_LIST, .min = 1, .max = VALUES_MAX, .help = (what)}

static const struct option options[HOOK_OPTION_COUNT] = {
    FIELD(HOOK_SERVICE, "service", "where the service stands, like \".repository.name\""),
    FIELD(HOOK_ENVIRONMENT, "environment", "where the environment stands, or its name"),
    FIELD(HOOK_VERSION, "version", "where the version stands"),
    FIELD(HOOK_DIGEST, "digest", "where its digest stands"),
    FIELD(HOOK_STRATEGY, "strategy", "where the strategy stands, or its name"),
    FIELD(HOOK_COMMIT, "commit", "where the commit stands"),
    FIELD(HOOK_ACTOR, "actor", "where it stands who caused it"),
    FIELD(HOOK_RUN_URL, "run_url", "where the page of the run stands"),
    FIELD(HOOK_TIME, "time", "where it stands when the message was written"),
    [OPTION_KIND] =
        {.name = "kind",
         .type = OPTION_CHOICE,
         .choices = kinds,
         .help = "whose messages these are: verdict is our own; else what the hook is called, or json"},
    [OPTION_OF_SECRET] = {.name = "secret",
                          .type = OPTION_SECRET,
                          .is_required = true,
                          .help = "what the sender signs with, or shows"},
    [OPTION_PROOF] = {.name = "proof",
                      .type = OPTION_CHOICE,
                      .choices = proofs,
                      .help = "sha256 and standard sign the message; token shows the secret"},
    [OPTION_HEADER] = {.name = "header", .type = OPTION_TEXT, .help = "where the signature or token stands"},
    [OPTION_MAX_AGE] = {.name = "max_age",
                        .type = OPTION_DURATION,
                        .min = 10 * 1000,
                        .max = 23.0 * 3600 * 1000,
                        .help = "older messages are refused; 23h, and 5m of standard"},
    [OPTION_REPLAY] = {.name = "replay",
                       .type = OPTION_CHOICE,
                       .choices = replays,
                       .fallback = "refused",
                       .help = "accepted: signed messages that do not say their time, and so begin anew "
                               "after a day"},
    [OPTION_WHEN] = {.name = "when",
                     .type = OPTION_LIST,
                     .max = VALUES_MAX,
                     .help = "what a message must say, like \".status = running\" or \"no .error\""},
    [OPTION_NAMES] = {.name = "names",
                      .type = OPTION_MAP,
                      .max = NAMES_MAX,
                      .help = "what we call their services and environments: { Production = \"prod\"; }"},
    [OPTION_SERVICES] = {.name = "services",
                         .type = OPTION_LIST,
                         .max = SETTINGS_HOOK_BOUNDS_MAX,
                         .help = "the only services that it is for"},
    [OPTION_ENVIRONMENTS] = {.name = "environments",
                             .type = OPTION_LIST,
                             .max = SETTINGS_HOOK_BOUNDS_MAX,
                             .help = "the only environments that it is for"},
};

/* What a kind's own messages look like: the conditions, and where what stands. */
static const struct kind_default {
    enum hook_proof proof;
    const char *header;
    const char *conditions[KIND_VALUES_MAX];
    const char *fields[HOOK_FIELD_COUNT][KIND_VALUES_MAX];
} kind_defaults[] = {
    [HOOK_GITHUB] = {.proof = HOOK_SHA256,
                     .header = "X-Hub-Signature-256",
                     .conditions = {".action = created", ".deployment.task = deploy",
                                    "no .deployment_status"},
                     .fields = {[HOOK_SERVICE] = {".repository.name"},
                                [HOOK_ENVIRONMENT] = {".deployment.environment"},
                                [HOOK_VERSION] = {".deployment.payload.version", ".deployment.sha"},
                                [HOOK_DIGEST] = {".deployment.payload.digest"},
                                [HOOK_STRATEGY] = {".deployment.payload.strategy"},
                                [HOOK_COMMIT] = {".deployment.sha"},
                                [HOOK_ACTOR] = {".deployment.creator.login"},
                                [HOOK_RUN_URL] = {".deployment.url", ".workflow_run.html_url"},
                                [HOOK_TIME] = {".deployment.created_at"}}},
    [HOOK_GITLAB] = {.proof = HOOK_TOKEN,
                     .header = "X-Gitlab-Token",
                     .conditions = {".object_kind = deployment", ".status = running"},
                     .fields = {[HOOK_SERVICE] = {".project.path_with_namespace behind /", ".project.name"},
                                [HOOK_ENVIRONMENT] = {".environment"},
                                [HOOK_VERSION] = {".short_sha"},
                                [HOOK_COMMIT] = {".commit_url behind /", ".short_sha"},
                                [HOOK_ACTOR] = {".user.username"},
                                [HOOK_RUN_URL] = {".deployable_url"},
                                [HOOK_TIME] = {".status_changed_at"}}},
    [HOOK_VERDICT] = {.proof = HOOK_STANDARD, .header = ""},
    [HOOK_JSON] = {.proof = HOOK_SHA256, .header = "X-Hub-Signature-256"},
};

struct reading {
    const struct build *build;
    const struct node *node; /* the hook */
};

static bool knows_path(const struct reading *reading, const char *path)
{
    bool (*knows)(const char *) = reading->build->schemas->knows_path;

    return path[0] == '.' && (knows == NULL || knows(path));
}

/* Cuts `word` and what follows it off *text: that is returned, or NULL without the word. */
static const char *cut(const struct reading *reading, const char **text, const char *word)
{
    const char *found = strstr(*text, word);
    char path[128];
    struct text copy;

    if (found == NULL || found[strlen(word)] == '\0')
        return NULL;
    text_init(&copy, path, sizeof(path));
    text_add_bytes(&copy, *text, (size_t)(found - *text));
    if (copy.is_cut)
        return NULL;
    *text = options_keep(reading->build, reading->node, path);
    return found + strlen(word);
}

static bool read_value(const struct reading *reading, const char *key, const char *text,
                       struct hook_value *to)
{
    *to = (struct hook_value){.text = text};
    if (text[0] != '.')
        return text[0] != '\0' ||
               report_node(reading->build->report, reading->node, "%s: an empty text says nothing", key);
    to->path = text;
    to->behind = cut(reading, &to->path, " behind ");
    if (to->behind == NULL && to->path != NULL)
        to->before = cut(reading, &to->path, " before ");
    if (to->path == NULL)
        return false; /* said: out of memory */
    return knows_path(reading, to->path) ||
           report_node(reading->build->report, reading->node,
                       "%s: '%s' is no path; write it like \".metadata.revision\" or \".image behind :\"",
                       key, text);
}

static bool read_values(const struct reading *reading, const char *key, const char *const *texts,
                        size_t count, struct hook_values *to)
{
    struct hook_value *values = options_array(reading->build, reading->node, count + 1, sizeof(*values));
    bool is_good = values != NULL;

    for (size_t i = 0; i < count && values != NULL; i++)
        is_good = read_value(reading, key, texts[i], &values[i]) && is_good;
    *to = (struct hook_values){.values = values, .count = count};
    return is_good;
}

static bool read_condition(const struct reading *reading, const char *text, struct hook_condition *to)
{
    static const char no[] = "no ";

    if (strncmp(text, no, strlen(no)) == 0) {
        to->path = text + strlen(no);
    } else {
        to->path = text;
        to->text = cut(reading, &to->path, " = ");
    }
    if (to->path == NULL)
        return false;
    return (knows_path(reading, to->path) && (to->text != NULL || to->path != text)) ||
           report_node(reading->build->report, reading->node,
                       "when: '%s' is not like \".status = running\" or \"no .error\"", text);
}

static bool read_conditions(const struct reading *reading, const char *const *texts, size_t count,
                            struct settings_hook *hook)
{
    struct hook_condition *conditions =
        options_array(reading->build, reading->node, count + 1, sizeof(*conditions));
    bool is_good = conditions != NULL;

    for (size_t i = 0; i < count && conditions != NULL; i++)
        is_good = read_condition(reading, texts[i], &conditions[i]) && is_good;
    hook->conditions = conditions;
    hook->condition_count = count;
    return is_good;
}

static size_t count_of(const char *const *texts)
{
    size_t count = 0;

    while (count < KIND_VALUES_MAX && texts[count] != NULL)
        count++;
    return count;
}

static bool read_fields(const struct reading *reading, const struct option_value *values,
                        struct settings_hook *hook)
{
    const struct kind_default *own = &kind_defaults[hook->kind];
    bool is_good = true;

    for (size_t i = 0; i < HOOK_FIELD_COUNT; i++) {
        bool is_set = values[i].is_set;
        is_good = read_values(reading, options[i].name, is_set ? values[i].list : own->fields[i],
                              is_set ? values[i].list_length : count_of(own->fields[i]), &hook->fields[i]) &&
                  is_good;
    }
    const struct option_value *when = &values[OPTION_WHEN];
    return read_conditions(reading, when->is_set ? when->list : own->conditions,
                           when->is_set ? when->list_length : count_of(own->conditions), hook) &&
           is_good;
}

/* Where no start can come of it, it is for nothing. */
static bool check(const struct reading *reading, const struct settings_hook *hook)
{
    static const enum hook_field needed[] = {HOOK_SERVICE, HOOK_ENVIRONMENT, HOOK_VERSION};
    bool is_good = true;

    if (hook->kind == HOOK_VERDICT)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if (hook->fields[needed[i]].count == 0)
            is_good = report_node(reading->build->report, reading->node,
                                  "%s: say where it stands in a message", options[needed[i]].name);
    return is_good;
}

/* Whoever recorded a signed message could send it again when its key is forgotten. A token shown needs no
 * recording: whoever read it along writes messages of his own. */
static bool check_time(const struct reading *reading, const struct option_value *values,
                       const struct settings_hook *hook)
{
    if (hook->proof != HOOK_SHA256 || hook->fields[HOOK_TIME].count > 0 ||
        strcmp(replays[values[OPTION_REPLAY].choice], "accepted") == 0)
        return true;
    return report_node(
        reading->build->report, reading->node,
        "time: say where it stands when a message was written; without it a recorded one starts "
        "a deployment again after 24h, unless replay = \"accepted\"");
}

/* A message of our own says what it is and when it was signed, and is believed for both. */
static bool check_own(const struct reading *reading, const struct option_value *values,
                      const struct settings_hook *hook)
{
    static const size_t others[] = {OPTION_HEADER, OPTION_WHEN, OPTION_NAMES};
    bool is_good = true;

    if (hook->kind != HOOK_VERDICT)
        return true;
    if (hook->proof != HOOK_STANDARD)
        is_good = report_node(reading->build->report, reading->node,
                              "proof: messages of kind \"verdict\" are signed as Standard Webhooks are");
    for (size_t i = 0; i < HOOK_FIELD_COUNT + ARRAY_LENGTH(others); i++) {
        size_t option = i < HOOK_FIELD_COUNT ? i : others[i - HOOK_FIELD_COUNT];
        if (values[option].is_set)
            is_good = report_node(reading->build->report, reading->node,
                                  "%s: messages of kind \"verdict\" need none", options[option].name);
    }
    return is_good;
}

static enum hook_kind kind_of(const char *name, const struct option_value *value)
{
    if (value->is_set)
        return (enum hook_kind)value->choice;
    for (size_t i = 0; i < HOOK_JSON; i++)
        if (strcmp(kinds[i], name) == 0)
            return (enum hook_kind)i;
    return HOOK_JSON;
}

static int64_t max_age_of(const struct option_value *value, enum hook_proof proof)
{
    const int64_t standard_ms = INT64_C(5) * 60 * 1000;
    const int64_t others_ms = INT64_C(23) * 3600 * 1000; /* what came before that is known by its key */

    if (value->is_set)
        return value->duration_ms;
    return proof == HOOK_STANDARD ? standard_ms : others_ms;
}

static struct hook_texts texts_of(const struct option_value *value)
{
    return (struct hook_texts){.texts = value->list, .count = value->list_length};
}

static bool read_hook(const struct build *build, const struct node *node, struct settings_hook *hook)
{
    static const struct shape shape = {.options = options, .count = HOOK_OPTION_COUNT};
    const struct reading reading = {.build = build, .node = node};
    struct option_value values[HOOK_OPTION_COUNT] = {{0}};

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    hook->name = options_keep(build, node, node->name);
    if (hook->name == NULL)
        return false;
    if (!text_is_name(node->name))
        return report_node(build->report, node, "'%s' is no name: small letters, digits and -", node->name);
    if (strcmp(node->name, "alertmanager") == 0)
        return report_node(build->report, node,
                           "'alertmanager' needs no hook: its webhook comes with a token of ours");
    hook->kind = kind_of(node->name, &values[OPTION_KIND]);
    const struct kind_default *own = &kind_defaults[hook->kind];
    bool has_proof = values[OPTION_PROOF].is_set;
    hook->secret = values[OPTION_OF_SECRET].text;
    hook->proof = has_proof ? (enum hook_proof)values[OPTION_PROOF].choice : own->proof;
    hook->header = hook->proof == own->proof   ? own->header
                   : hook->proof == HOOK_TOKEN ? "Authorization"
                                               : "X-Hub-Signature-256";
    if (values[OPTION_HEADER].is_set)
        hook->header = values[OPTION_HEADER].text;
    hook->max_age_ms = max_age_of(&values[OPTION_MAX_AGE], hook->proof);
    hook->names = texts_of(&values[OPTION_NAMES]);
    hook->services = texts_of(&values[OPTION_SERVICES]);
    hook->environments = texts_of(&values[OPTION_ENVIRONMENTS]);
    return check_own(&reading, values, hook) && read_fields(&reading, values, hook) &&
           check(&reading, hook) && check_time(&reading, values, hook);
}

bool hooks_read(const struct build *build, const struct node *root, struct settings *settings)
{
    const struct node *group = tree_find(root, "hooks");
    bool is_good = true;

    if (group == NULL)
        return true;
    if (group->kind != NODE_GROUP)
        return report_node(build->report, group, "hooks: takes a group { NAME: { ... }; }");
    if (group->count > SETTINGS_HOOKS_MAX)
        return report_node(build->report, group, "more than %d hooks", SETTINGS_HOOKS_MAX);
    for (size_t i = 0; i < group->count; i++)
        is_good = read_hook(build, &group->children[i], &settings->hooks[i]) && is_good;
    settings->hook_count = group->count;
    return is_good;
}

struct settings_table hooks_table(void)
{
    return (struct settings_table){"hooks", "hooks: { NAME: { ... }; };", options, HOOK_OPTION_COUNT};
}
