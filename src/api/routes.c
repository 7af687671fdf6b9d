/* routes.c - every path that we answer.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

const struct route routes[] = {
    {"POST", "/v1/deployments", TOKEN_DEPLOY, deployments_start, 0, "Starts a deployment, or attaches to it"},
    {"GET", "/v1/deployments", TOKEN_READ, deployments_list, 0, "Lists deployments, newest first"},
    {"GET", "/v1/deployments/{deployment}", TOKEN_READ, deployments_show, 0,
     "Shows one; ?wait=60s waits for its end, or for a change from If-None-Match"},
    {"POST", "/v1/deployments/{deployment}/promote", TOKEN_DEPLOY, verbs_act, VERB_PROMOTE,
     "Goes on where the step has its pass verdict; \"full\" overrides"},
    {"POST", "/v1/deployments/{deployment}/hold", TOKEN_DEPLOY, verbs_act, VERB_HOLD, "Stops it where it is"},
    {"POST", "/v1/deployments/{deployment}/resume", TOKEN_DEPLOY, verbs_act, VERB_RESUME,
     "Goes on after a hold"},
    {"POST", "/v1/deployments/{deployment}/abort", TOKEN_ROLLBACK, verbs_act, VERB_ABORT,
     "Stops and goes back"},
    {"POST", "/v1/deployments/{deployment}/rollback", TOKEN_ROLLBACK, verbs_act, VERB_ROLLBACK,
     "Goes back; a promoted one by a new deployment"},
    {"POST", "/v1/deployments/{deployment}/mute", TOKEN_OVERRIDE, verbs_act, VERB_MUTE,
     "A rule only records from here on"},
    {"POST", "/v1/deployments/{deployment}/retry", TOKEN_DEPLOY, retry_answer, 0,
     "A new deployment of what ended without being promoted, its version out of quarantine (override)"},
    {"POST", "/v1/deployments/{deployment}/approvals", TOKEN_APPROVE, approvals_answer, 0,
     "A person's answer"},
    {"POST", "/v1/deployments/{deployment}/marks", TOKEN_DEPLOY, verbs_mark, 0,
     "What the pipeline of a follow deployment routes"},
    {"GET", "/v1/deployments/{deployment}/report", TOKEN_READ, report_show, 0,
     "Evidence of every verdict; ?format=text or html for people"},
    {"GET", "/v1/deployments/{deployment}/logs", TOKEN_READ, logs_show, 0,
     "What its actions came to and its commands printed; ?step=N (the first is 0), ?after=NEXT"},
    {"GET", "/v1/deployments/{deployment}/events", TOKEN_READ, listen_deployment, 0,
     "Its events as Server-Sent Events, from its first one or from Last-Event-ID on"},
    {"GET", "/v1/deployments/{deployment}/graph", TOKEN_READ, graph_show, 0,
     "Draws a metric of it; ?metric=NAME, &format=svg or png"},
    {"POST", "/v1/services/{service}/{environment}/adopt", TOKEN_OVERRIDE, targets_act, TARGET_ADOPT,
     "Records what serves now as stable"},
    {"POST", "/v1/services/{service}/{environment}/freeze", TOKEN_DEPLOY, targets_act, TARGET_FREEZE,
     "No deployment begins, and no step forward, until its end or until it is lifted"},
    {"POST", "/v1/freeze", TOKEN_DEPLOY, fleet_act, TARGET_FREEZE, "The same everywhere"},
    {"POST", "/v1/unfreeze", TOKEN_OVERRIDE, fleet_act, TARGET_UNFREEZE, "The same of the fleet"},
    {"POST", "/v1/services/{service}/{environment}/unfreeze", TOKEN_OVERRIDE, targets_act, TARGET_UNFREEZE,
     "Lifts a freeze, and opens a brake"},
    {"POST", "/v1/services/{service}/{environment}/rehearse", TOKEN_DEPLOY, rehearsal_ask, 0,
     "What would be asked at admission: levers, and every command on every host; starts nothing"},
    {"GET", "/v1/quarantine", TOKEN_READ, quarantine_list, 0, "Versions that must not come back"},
    {"POST", "/v1/quarantine", TOKEN_ROLLBACK, quarantine_add, 0, "Puts a version in quarantine"},
    {"DELETE", "/v1/quarantine/{id}", TOKEN_OVERRIDE, quarantine_clear, 0,
     "Takes a version out of quarantine"},
    {"GET", "/v1/status", TOKEN_READ, status_show, 0,
     "What serves, what is under way, and the figures of a span; ?since=30d, ?environment="},
    {"GET", "/v1/rules", TOKEN_READ, rules_list, 0, "The kinds that rule files may use"},
    {"POST", "/v1/rules/check", TOKEN_READ, rules_check, 0, "Checks the text of a rule file"},
    {"POST", "/v1/notifiers/{id}/test", TOKEN_ADMIN, notifiers_test, 0,
     "Sends a notice to a receiver such as slack:deploys, and says whether it arrived"},
    {"GET", "/v1/tokens", TOKEN_ADMIN, tokens_list, 0, "Tokens that are valid"},
    {"GET", "/v1/tokens/self", TOKEN_READ, tokens_self, 0, "Who asks, and what they may do"},
    {"POST", "/v1/tokens", TOKEN_ADMIN, tokens_create, 0, "Makes a token; its text is shown once"},
    {"DELETE", "/v1/tokens/{id}", TOKEN_ADMIN, tokens_revoke, 0, "Revokes a token"},
    {"GET", "/v1/audit", TOKEN_READ, audit_list, 0,
     "What changed and who asked, each row with the hash of the one before; newest first, or ?after=N on"},
    {"POST", "/v1/runs", TOKEN_DEPLOY, runs_start, RUNS_STARTS,
     "Starts a run of a pipeline, of a group (group, versions) that stands or falls together, or of a stack "
     "(stack, "
     "environment, verb); attaches to the same one that is under way"},
    {"GET", "/v1/runs", TOKEN_READ, runs_list, 0, "Lists runs, newest first; ?pipeline="},
    {"GET", "/v1/runs/{run}", TOKEN_READ, runs_show, 0,
     "Shows one with its stages and tasks; ?wait=60s as for deployments"},
    {"POST", "/v1/runs/{run}/abort", TOKEN_ROLLBACK, runs_act, RUNS_ACTS,
     "Stops its commands and takes its running deployments back"},
    {"POST", "/v1/runs/{run}/retry", TOKEN_DEPLOY, runs_act, RUNS_STARTS,
     "A new run from the stage that failed on, with the same artifact"},
    {"POST", "/v1/runs/{run}/tasks/{stage}/{task}", TOKEN_READ, runs_answer, RUNS_ACTS,
     "The answer that a task awaits, or what the failure of one means (deploy); of a plan's review a "
     "person's, which "
     "names its hash (approve)"},
    {"POST", "/v1/samples", TOKEN_DEPLOY, samples_take, 0,
     "Takes values of metrics whose source is push, and signals"},
    {"POST", "/v1/hooks/alertmanager", TOKEN_DEPLOY, alerts_take, 0,
     "Takes what Alertmanager's webhook tells as signals; ?service= and ?environment= of alerts that do not "
     "say it"},
    {"POST", "/v1/metrics", TOKEN_DEPLOY, otlp_take, 0,
     "Takes metrics from exporters of OpenTelemetry: OTLP/HTTP as JSON, uncompressed, at most 1 MiB"},
    {"POST", "/v1/events", TOKEN_DEPLOY, events_take, 0,
     "Takes CloudEvents: starts what CDEvents ask for, and answers tasks that await an outcome"},
    {"POST", "/v1/hooks/{id}", 0, hooks_take, 0,
     "Takes the webhooks of github, gitlab or whatever `hooks` in verdictd.conf names, by its own signature"},
    {"OPTIONS", "/v1/events", 0, events_allow, 0, "Tells senders of CloudEvents that they may"},
    {"GET", "/v1/events", TOKEN_READ, listen_all, 0,
     "What is journaled as Server-Sent Events, from now or from Last-Event-ID on"},
    {"GET", "/metrics", TOKEN_READ, health_metrics, 0, "Prometheus text"},
    {"GET", "/healthz", 0, health_live, 0, "The loop answers"},
    {"GET", "/readyz", 0, health_ready, 0, "The journal is writable; ?verbose lists every check"},
    {"GET", "/-/healthy", 0, health_live, 0, "As /healthz"},
    {"GET", "/-/ready", 0, health_ready, 0, "As /readyz"},
    {"GET", "/openapi.json", 0, openapi_show, 0, "This description"},
    {"GET", "/", 0, console_show, 0, "The console"},
    {"GET", "/console/{id}", 0, console_show, 0, "Its files"},
};

const size_t route_count = ARRAY_LENGTH(routes);

const struct route *route_of(void (*handle)(struct call *call))
{
    const struct route *route = routes;

    while (route->handle != handle)
        route++;
    return route;
}
