/* notice_facts.c - a notice's body as facts, and these as lines.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_facts.h"

#include "drivers/notice_text.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>
#include <time.h>

static const cJSON *data_of(const cJSON *tree)
{
    return cJSON_GetObjectItemCaseSensitive(tree, "data");
}

static void read_texts(const cJSON *data, struct notice_facts *facts)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"event", &facts->event},         {"deployment", &facts->deployment},
        {"service", &facts->service},     {"environment", &facts->environment},
        {"version", &facts->version},     {"run", &facts->run},
        {"pipeline", &facts->pipeline},   {"stack", &facts->stack},
        {"incident", &facts->incident},   {"plan", &facts->plan},
        {"approvers", &facts->approvers}, {"answer", &facts->answer},
        {"previous", &facts->previous},   {"summary", &facts->summary},
        {"evidence", &facts->evidence},   {"link", &facts->link},
        {"rule", &facts->rule},           {"condition", &facts->condition},
        {"metric", &facts->metric},       {"actor", &facts->actor},
        {"reason", &facts->reason},       {"why", &facts->why},
        {"commit", &facts->commit},       {"author", &facts->author},
        {"run_url", &facts->run_url},     {"action", &facts->action},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        *texts[i].text = json_text_of(data, texts[i].name);
    facts->about = facts->deployment[0] != '\0' ? facts->deployment : facts->run;
    if (facts->incident[0] == '\0')
        facts->incident = facts->about;
    if (facts->service[0] == '\0')
        facts->service = facts->stack;
}

static int64_t seconds_of(const char *time)
{
    struct tm parts = {0};
    const char *end = strptime(time, "%Y-%m-%dT%H:%M:%SZ", &parts);

    return end == NULL || *end != '\0' ? 0 : (int64_t)timegm(&parts);
}

static unsigned read_ends(const cJSON *data)
{
    const cJSON *name = NULL;
    unsigned ends = 0;

    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(data, "ends"))
    {
        for (unsigned i = 0; i < NOTICE_ALERT_COUNT; i++)
            if (cJSON_IsString(name) && strcmp(name->valuestring, notice_alert_name(i)) == 0)
                ends |= 1U << i;
    }
    return ends;
}

bool notice_facts_read(const char *body, struct notice_facts *ret_facts, struct err *err)
{
    struct notice_facts facts = {0};

    if (!json_parse(body, strlen(body), NULL, &facts.tree, err))
        return err_wrap(err, "the notice");
    const cJSON *data = data_of(facts.tree);
    read_texts(data, &facts);
    facts.id = json_text_of(facts.tree, "id");
    facts.source = json_text_of(facts.tree, "source");
    facts.time = json_text_of(facts.tree, "time");
    facts.traceparent = json_text_of(facts.tree, "traceparent");
    facts.tracestate = json_text_of(facts.tree, "tracestate");
    facts.time_s = seconds_of(facts.time);
    facts.value = json_number_of(data, "value");
    facts.bound = json_number_of(data, "bound");
    facts.count = json_number_of(data, "count");
    facts.share = json_number_of(data, "share");
    facts.ends = read_ends(data);
    facts.kind = notice_kind_find(facts.event);
    if (facts.action[0] == '\0') /* written by an older program */
        facts.action = facts.kind->action;
    *ret_facts = facts;
    return true;
}

void notice_facts_done(struct notice_facts *facts)
{
    json_free(facts->tree);
    facts->tree = NULL;
}

struct fields {
    struct notice_field *array;
    size_t count;
};

static void add(struct fields *fields, const char *name, bool is_short, const char *text)
{
    struct notice_field *field = &fields->array[fields->count];

    if (text[0] == '\0')
        return;
    field->name = name;
    field->is_short = is_short;
    (void)notice_text(text, NOTICE_PLAIN, field->text, sizeof(field->text));
    fields->count++;
}

static void add_number(struct text *text, const char *before, double number)
{
    if (isfinite(number))
        text_add(text, "%s%.4g", before, number);
}

static void add_version(struct fields *fields, const struct notice_facts *facts)
{
    char memory[NOTICE_FIELD_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    if (facts->version[0] == '\0')
        return;
    text_add(&text, "%s", facts->version);
    if (facts->previous[0] != '\0')
        text_add(&text, " in place of %s", facts->previous);
    add(fields, "Version", true, memory);
}

static void add_rule(struct fields *fields, const struct notice_facts *facts)
{
    char memory[NOTICE_FIELD_SIZE];
    struct text text;

    if (facts->rule[0] == '\0')
        return;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%s: ", facts->rule);
    notice_text_add(&text, facts->condition, NOTICE_PLAIN);
    add(fields, "Rule", false, memory);
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%s", facts->metric);
    add_number(&text, " ", facts->value);
    add_number(&text, ", bound ", facts->bound);
    add_number(&text, ", from ", facts->count);
    if (isfinite(facts->count))
        text_add(&text, " values");
    add(fields, "Measured", false, memory);
}

size_t notice_fields(const struct notice_facts *facts, struct notice_field array[NOTICE_FIELDS_MAX])
{
    struct fields fields = {.array = array};
    char memory[32];
    struct text share;

    bool is_of_stack = facts->stack[0] != '\0' && facts->stack == facts->service;

    add(&fields, is_of_stack ? "Stack" : "Service", true, facts->service);
    add(&fields, "Environment", true, facts->environment);
    add(&fields, "Pipeline", true, facts->pipeline);
    if (is_of_stack)
        add(&fields, "Verb", true, facts->version);
    else
        add_version(&fields, facts);
    text_init(&share, memory, sizeof(memory));
    add_number(&share, "", facts->share);
    if (isfinite(facts->share))
        text_add(&share, " %%");
    add(&fields, "Traffic", true, memory);
    add_rule(&fields, facts);
    add(&fields, "Action", false, facts->action);
    add(&fields, "Plan", false, facts->plan);
    add(&fields, "Asked", true, facts->approvers);
    add(&fields, "Answer", false, facts->answer);
    add(&fields, "Who", true, facts->actor);
    if (strcmp(facts->author, facts->actor) != 0)
        add(&fields, "Started by", true, facts->author);
    add(&fields, "Reason", false, facts->reason);
    add(&fields, "Why", false, facts->why);
    add(&fields, "Evidence", true, facts->evidence);
    return fields.count;
}
