/* run_start.c - runs at the door: of a pipeline, of a group of services that go out together, or of a stack.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

enum { URL_SIZE = 1024, COMMIT_SIZE = 129 };

struct texts {
    char pipeline[NAME_MAX_LENGTH + 1], group[NAME_MAX_LENGTH + 1];
    char stack[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1], verb[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1], digest[DIGEST_MAX_LENGTH + 1];
    char run_url[URL_SIZE], commit[COMMIT_SIZE], actor[NAME_MAX_LENGTH + 1];
    size_t member_count;
    struct run_member members[RUN_TOGETHER_MAX]; /* their texts are the body's */
};

static bool read_words(struct call *call, struct texts *texts)
{
    static const char *const names[] = {"pipeline", "version", "digest",      "group", "versions",
                                        "digests",  "stack",   "environment", "verb",  "confirm",
                                        "run_url",  "commit",  "actor",       "reason"};

    return call_read_body(call, names, ARRAY_LENGTH(names), false) &&
           call_body_line(call, "group", sizeof(texts->group), texts->group) &&
           call_body_line(call, "stack", sizeof(texts->stack), texts->stack) &&
           call_body_line(call, "run_url", sizeof(texts->run_url), texts->run_url) &&
           call_body_line(call, "commit", sizeof(texts->commit), texts->commit) &&
           call_body_actor(call, sizeof(texts->actor), texts->actor) &&
           call_body_line(call, "reason", sizeof(call->reason), call->reason);
}

/* A word that belongs to the other kind of run. */
static bool refuse_beside(struct call *call, const char *name, const char *kind)
{
    struct json_node root = json_root(call->body);

    if (json_member(&root, name).item == NULL)
        return true;
    problem_answer(call, 400, "invalid", "#/%s: makes no sense beside \"%s\"", name, kind);
    return false;
}

/* What takes everything away is named twice. */
static bool is_confirmed(struct call *call, const struct texts *texts)
{
    char wanted[2 * (NAME_MAX_LENGTH + 1)];
    char confirm[sizeof(wanted)];

    if (!call_body_line(call, "confirm", sizeof(confirm), confirm))
        return false;
    (void)snprintf(wanted, sizeof(wanted), "%s/%s", texts->stack, texts->environment);
    if (strcmp(texts->verb, "destroy") != 0 || strcmp(confirm, wanted) == 0)
        return true;
    problem_answer(call, 422, "invalid", "#/confirm: destroy takes everything away; repeat what: \"%s\"",
                   wanted);
    return false;
}

static bool read_stack(struct call *call, struct texts *texts)
{
    static const char *const others[] = {"pipeline", "group", "version", "digest", "versions", "digests"};

    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (!refuse_beside(call, others[i], "stack"))
            return false;
    return call_body_name(call, "stack", text_is_name, "a name", sizeof(texts->stack), texts->stack) &&
           call_body_name(call, "environment", text_is_name, "a name", sizeof(texts->environment),
                          texts->environment) &&
           call_body_name(call, "verb", text_is_name, "plan, apply, verify, drift or destroy",
                          sizeof(texts->verb), texts->verb) &&
           is_confirmed(call, texts);
}

static bool refuse_words_of_stacks(struct call *call, const char *kind)
{
    return refuse_beside(call, "environment", kind) && refuse_beside(call, "verb", kind) &&
           refuse_beside(call, "confirm", kind);
}

static bool read_pipeline(struct call *call, struct texts *texts)
{
    if (!call_body_name(call, "pipeline", text_is_name, "a name", sizeof(texts->pipeline), texts->pipeline) ||
        !call_body_name(call, "version", text_is_version, "a version", sizeof(texts->version),
                        texts->version) ||
        !call_body_line(call, "digest", sizeof(texts->digest), texts->digest) ||
        !refuse_words_of_stacks(call, "pipeline") || !refuse_beside(call, "versions", "pipeline") ||
        !refuse_beside(call, "digests", "pipeline"))
        return false;
    if (texts->digest[0] == '\0' || text_is_digest(texts->digest))
        return true;
    problem_answer_member(call, "#/digest", "must be a digest such as sha256:...");
    return false;
}

static bool add_version(const struct json_node *one, struct texts *texts, struct err *err)
{
    struct run_member member = {.service = json_name(one), .digest = ""};

    if (texts->member_count == RUN_TOGETHER_MAX)
        return err_set(err, ERR_INVALID, "#/versions: more than %d", RUN_TOGETHER_MAX);
    if (!json_as_text(one, VERSION_MAX_LENGTH, &member.version, err))
        return false;
    if (!text_is_name(member.service) || !text_is_version(member.version))
        return err_set(err, ERR_INVALID, "#/versions/%.64s: must be the name of a service, and a version",
                       member.service);
    texts->members[texts->member_count++] = member;
    return true;
}

static bool add_digest(const struct json_node *one, struct texts *texts, struct err *err)
{
    for (size_t i = 0; i < texts->member_count; i++) {
        struct run_member *member = &texts->members[i];
        if (strcmp(member->service, json_name(one)) != 0)
            continue;
        return json_as_text(one, DIGEST_MAX_LENGTH, &member->digest, err) &&
               (text_is_digest(member->digest) ||
                err_set(err, ERR_INVALID, "#/digests/%s: must be a digest such as sha256:...",
                        member->service));
    }
    return err_set(err, ERR_INVALID, "#/digests/%.64s: has no version", json_name(one));
}

/* Each member of an object. */
static bool read_each(const struct json_node *root, const char *name, enum json_need need,
                      bool (*add)(const struct json_node *one, struct texts *texts, struct err *err),
                      struct texts *texts, struct err *err)
{
    struct json_node object = {0};

    if (!json_object(root, name, need, &object, err))
        return false;
    if (object.item == NULL)
        return true;
    for (struct json_node one = json_first(&object); one.item != NULL; one = json_next(&object, &one))
        if (!add(&one, texts, err))
            return false;
    return true;
}

static bool read_group(struct call *call, struct texts *texts)
{
    struct json_node root = json_root(call->body);
    struct err err = {0};

    if (!refuse_words_of_stacks(call, "group") || !refuse_beside(call, "pipeline", "group") ||
        !refuse_beside(call, "version", "group") || !refuse_beside(call, "digest", "group"))
        return false;
    if (!text_is_name(texts->group)) {
        problem_answer_member(call, "#/group", "must be a name");
        return false;
    }
    if (read_each(&root, "versions", JSON_REQUIRED, add_version, texts, &err) &&
        read_each(&root, "digests", JSON_OPTIONAL, add_digest, texts, &err))
        return true;
    problem_answer(call, 400, "invalid", "%s", err.text);
    return false;
}

bool runs_may_start(struct call *call, const struct api_run_start *start)
{
    const struct api_env *env = &call->api->env;
    struct err err = {0};
    struct run_definition *definition = env->run_definition(env->data, start, &err);

    if (definition == NULL) {
        problem_answer_err(call, &err);
        return false;
    }
    bool is_good = runs_allowed(call, TOKEN_DEPLOY, definition->service, definition);
    run_definition_free(definition);
    return is_good;
}

void runs_start(struct call *call)
{
    const struct api_env *env = &call->api->env;
    struct texts texts = {.member_count = 0};

    if (!read_words(call, &texts))
        return;
    bool is_group = texts.group[0] != '\0';
    bool is_stack = texts.stack[0] != '\0';
    if (is_stack   ? !read_stack(call, &texts)
        : is_group ? !read_group(call, &texts)
                   : !read_pipeline(call, &texts))
        return;
    const struct api_run_start start = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .pipeline = is_group || is_stack ? NULL : texts.pipeline,
        .version = is_group || is_stack ? NULL : texts.version,
        .stack = is_stack ? texts.stack : NULL,
        .environment = is_stack ? texts.environment : NULL,
        .verb = is_stack ? texts.verb : NULL,
        .group = is_group ? texts.group : NULL,
        .member_count = texts.member_count,
        .members = texts.members,
        .digest = texts.digest,
        .run_url = texts.run_url,
        .commit = texts.commit,
        .reason = call->reason,
        .actor = texts.actor,
        .trace = call_trace(call)};
    if (!runs_may_start(call, &start))
        return;
    call->env_holds++;
    env->run_start(env->data, &start, runs_done, call);
}
