/* sentence.c - audit rows, and what they say in plain words.
 * SPDX-License-Identifier: MIT */
#include "api/shape.h"

#include "api/run_sentence.h"
#include "orchestrator/deployment.h"
#include "store/audit_words.h"

#include <cjson/cJSON.h>
#include <string.h>

struct sentence {
    enum trace_kind kind;
    const char *fixed; /* or */
    void (*add)(const struct definition *definition, const struct journal_audit *row, struct text *text);
};

static const char *rule_name(const struct definition *definition, uint32_t rule)
{
    return definition != NULL && rule < definition->rule_count ? definition->rules[rule].name : "?";
}

static void add_phase(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    (void)definition;
    text_add(text, "%s", row->a < PHASE_COUNT ? phase_name((enum deployment_phase)row->a) : "?");
    if (row->b != ENDING_NONE && row->b <= ENDING_FELL)
        text_add(text, " (%s)", ending_name((enum ending)row->b));
}

static void add_step(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    text_add(text, "step %u: ", row->a + 1);
    if (definition != NULL && row->a < definition->plan->count)
        record_step_text(definition, &definition->plan->steps[row->a], text);
}

static void add_action(const struct definition *definition, const struct journal_audit *row,
                       struct text *text)
{
    (void)definition;
    text_add(text, "action %u: %s", row->a,
             row->b <= ACTION_GATE ? action_kind_name((enum action_kind)row->b) : "?");
}

static void add_result(const struct definition *definition, const struct journal_audit *row,
                       struct text *text)
{
    static const char *const words[] = {"done", "failed, will be tried again", "failed", "fate unknown"};

    (void)definition;
    text_add(text, "action %u: %s", row->a, row->b < ARRAY_LENGTH(words) ? words[row->b] : "?");
}

static void add_confirmed(const struct definition *definition, const struct journal_audit *row,
                          struct text *text)
{
    (void)definition;
    text_add(text, "traffic confirmed at %g %%", row->a / 100.0);
}

static void add_pass(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    (void)definition;
    text_add(text, "verdict PASS for step %u", row->a + 1);
}

static void add_override(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "a person went on from step %u without a verdict", row->a + 1);
}

static void add_fail(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    if (row->a == FAIL_SMOKE)
        text_add(text, "verdict FAIL: a smoke test");
    else if (row->a == FAIL_LOST)
        text_add(text, "verdict FAIL: traffic went back at once, and the journal lost why");
    else
        text_add(text, "verdict FAIL: rule %s", rule_name(definition, row->a));
}

static void add_would_fail(const struct definition *definition, const struct journal_audit *row,
                           struct text *text)
{
    text_add(text, "rule %s would have taken it back", rule_name(definition, row->a));
}

static void add_held(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    text_add(text, "held: %s", row->a <= HOLD_GATE ? hold_cause_name((enum hold_cause)row->a) : "?");
    if (row->b != UINT8_MAX)
        text_add(text, " %s", rule_name(definition, row->b));
}

static void add_wanted(const struct definition *definition, const struct journal_audit *row,
                       struct text *text)
{
    (void)definition;
    text_add(text, "approval wanted: %u", row->b);
}

static void add_reminded(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "approval wanted: %u, asked once more at half of its time", row->b);
}

static void add_approved(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "approved: %u so far", row->a);
}

static void add_drift(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    (void)definition;
    text_add(text, "traffic read as %g %% instead of %g %%", row->a / 100.0, row->b / 100.0);
}

static void add_mirrored(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "copies of %g %% of the requests are confirmed", row->a / 100.0);
}

static void add_muted(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    text_add(text, "rule %s only records from here on", rule_name(definition, row->a));
}

static void add_taken(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    (void)definition;
    text_add(text, "host %u of the list is taken out of service", row->a + 1);
    if (row->b > 1)
        text_add(text, ", with the %u behind it", row->b - 1);
}

static void add_ready(const struct definition *definition, const struct journal_audit *row, struct text *text)
{
    (void)definition;
    text_add(text, "host %u of the list serves again", row->a + 1);
    if (row->b > 1)
        text_add(text, ", with the %u behind it", row->b - 1);
}

static void add_downtime(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "it serves again: nothing did for ");
    record_value(row->a / 1000.0, "s", text);
}

static void add_emergency(const struct definition *definition, const struct journal_audit *row,
                          struct text *text)
{
    (void)definition;
    text_add(text, "an emergency: past queue, window, lock, freeze, brakes, approvals and gates%s",
             row->a != 0 ? "; stable is said to be bad, and is in quarantine" : "");
}

static void add_retried(const struct definition *definition, const struct journal_audit *row,
                        struct text *text)
{
    (void)definition;
    text_add(text, "dep_%u is wanted once more", row->a);
    if (row->b != 0)
        text_add(text, ", and its version left the quarantine");
}

static void add_disaster(const struct definition *definition, const struct journal_audit *row,
                         struct text *text)
{
    (void)definition;
    text_add(text, "disaster recovery begins, as action %u", row->a);
}

static void add_disaster_over(const struct definition *definition, const struct journal_audit *row,
                              struct text *text)
{
    (void)definition;
    text_add(text, "disaster recovery ended %s", row->a != 0 ? "well" : "badly");
}

static void add_braked(const struct definition *definition, const struct journal_audit *row,
                       struct text *text)
{
    (void)definition;
    if (row->a != 0)
        text_add(text, "the brake of the fleet closes: %u services failed", row->b);
    else
        text_add(text, "the brake of the service closes: %u deployments failed", row->b);
}

static const struct sentence sentences[] = {
    {TRACE_PHASE, NULL, add_phase},
    {TRACE_STEP, NULL, add_step},
    {TRACE_ACTION, NULL, add_action},
    {TRACE_RESULT, NULL, add_result},
    {TRACE_CONFIRMED, NULL, add_confirmed},
    {TRACE_STEP_PASS, NULL, add_pass},
    {TRACE_OVERRIDE, NULL, add_override},
    {TRACE_FAIL, NULL, add_fail},
    {TRACE_WOULD_FAIL, NULL, add_would_fail},
    {TRACE_HELD, NULL, add_held},
    {TRACE_RESUMED, "resumed", NULL},
    {TRACE_APPROVAL_WANTED, NULL, add_wanted},
    {TRACE_APPROVED, NULL, add_approved},
    {TRACE_REJECTED, "rejected", NULL},
    {TRACE_ESCALATED, "escalated: it needs a person", NULL},
    {TRACE_DRIFT, NULL, add_drift},
    {TRACE_MUTED, NULL, add_muted},
    {TRACE_QUARANTINE, "the version is in quarantine", NULL},
    {TRACE_ADOPTED, "a person said what serves", NULL},
    {TRACE_RETIRED, "the old slot is retired", NULL},
    {TRACE_FORGOTTEN, "the quarantine was full: its oldest version left it", NULL},
    {TRACE_HOSTS_TAKEN, NULL, add_taken},
    {TRACE_HOSTS_READY, NULL, add_ready},
    {TRACE_MIRRORED, NULL, add_mirrored},
    {TRACE_DOWNTIME, NULL, add_downtime},
    {TRACE_EMERGENCY, NULL, add_emergency},
    {TRACE_RETRIED, NULL, add_retried},
    {TRACE_DISASTER, NULL, add_disaster},
    {TRACE_DISASTER_OVER, NULL, add_disaster_over},
    {TRACE_BRAKED, NULL, add_braked},
    {TRACE_REMINDED, NULL, add_reminded},
};

/* What is no trace of a deployment. */
static const struct {
    const char *what;
    const char *text;
} others[] = {
    {"accepted", "accepted"},
    {"frozen", "frozen: nothing begins there"},
    {"unfrozen", "the freeze is lifted"},
    {"quarantine_added", "a version goes into quarantine"},
    {"quarantine_cleared", "a version leaves the quarantine"},
    {"brake_opened", "the brake is opened"},
    {"token_created", "a token is made"},
    {"token_revoked", "a token is revoked"},
};

/* Where the reason does not say it: rows of an older verdictd. */
static void add_target(const struct journal_audit *row, struct text *text)
{
    text_add(text, "what stands there changed");
    if ((row->a & AUDIT_TARGET_TOLD) != 0)
        return;
    text_add(text, ", %s", (row->a & 1U) != 0 ? "something serves" : "nothing is known to serve");
    text_add(text, "%s, %u in quarantine", (row->a & 2U) != 0 ? ", frozen" : "", row->b);
}

static void add_other(const struct journal_audit *row, struct text *text)
{
    if (strcmp(row->what, "target") == 0)
        add_target(row, text);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (strcmp(others[i].what, row->what) == 0)
            text_add(text, "%s", others[i].text);
    run_sentence_add(NULL, row, text);
    if (text->length == 0)
        text_add(text, "%s", row->what);
}

static void add_sentence(const struct sentence *sentence, const struct definition *definition,
                         const struct journal_audit *row, struct text *text)
{
    if (sentence->fixed != NULL)
        text_add(text, "%s", sentence->fixed);
    else
        sentence->add(definition, row, text);
}

static void add_origin(const struct journal_audit *row, struct text *text)
{
    if (row->actor[0] != '\0')
        text_add(text, ", by %s", row->actor);
    if (row->reason[0] != '\0')
        text_add(text, ": %s", row->reason);
}

void shape_audit_sentence(const struct definition *definition, const struct journal_audit *row, char *to,
                          size_t size)
{
    struct text text;

    text_init(&text, to, size);
    for (size_t i = 0; i < ARRAY_LENGTH(sentences); i++)
        if (strcmp(trace_kind_name(sentences[i].kind), row->what) == 0)
            add_sentence(&sentences[i], definition, row, &text);
    if (text.length == 0)
        add_other(row, &text);
    add_origin(row, &text);
}

void shape_audit_run_sentence(const struct run_definition *definition, const struct journal_audit *row,
                              char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    run_sentence_add(definition, row, &text);
    add_origin(row, &text);
}

cJSON *shape_audit_told(const struct journal_audit *row, const char *text)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "event", (double)row->event);
    shape_time(object, "time", row->wall_ms);
    cJSON_AddStringToObject(object, "what", row->what);
    cJSON_AddNumberToObject(object, "a", row->a);
    cJSON_AddNumberToObject(object, "b", row->b);
    cJSON_AddNumberToObject(object, "step", row->step);
    cJSON_AddNumberToObject(object, "attempt", row->attempt);
    cJSON_AddStringToObject(object, "actor", row->actor);
    cJSON_AddStringToObject(object, "reason", row->reason);
    cJSON_AddStringToObject(object, "text", text);
    return object;
}

cJSON *shape_audit(const struct definition *definition, const struct journal_audit *row)
{
    char sentence[SHAPE_SENTENCE_SIZE];

    shape_audit_sentence(definition, row, sentence, sizeof(sentence));
    return shape_audit_told(row, sentence);
}
