/* people.c - starts, verbs, and who answers whom.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/people.h"

#include "tests/simulation/farm.h"
#include "tests/simulation/shell_env.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <string.h>

enum { TRIES_MAX = 60 };

static uint64_t new_version(struct world *world)
{
    static const uint8_t healths[] = {HEALTH_GOOD,  HEALTH_GOOD, HEALTH_GOOD,     HEALTH_GOOD,
                                      HEALTH_GOOD,  HEALTH_BAD,  HEALTH_OVERLOAD, HEALTH_SMOKE_BAD,
                                      HEALTH_MURKY, HEALTH_BAD};
    uint64_t number = ++world->people.version_count;

    return number << 3 | healths[dice_below(&world->dice, sizeof(healths))];
}

void people_say_target(struct world *world, uint8_t site, enum target_verb_kind verb, uint64_t version,
                       uint8_t slot, int64_t in_ms)
{
    world_later(world, in_ms,
                &(struct occurrence){.kind = OCCURS_TARGET_VERB,
                                     .target = site,
                                     .share = (uint16_t)verb,
                                     .deployment = version,
                                     .rule = slot});
}

void people_say(struct world *world, uint64_t deployment, enum verb verb, int64_t in_ms)
{
    world_later(world, in_ms,
                &(struct occurrence){.kind = OCCURS_VERB,
                                     .deployment = deployment,
                                     .share = (uint16_t)verb,
                                     .rule = (uint8_t)dice_below(&world->dice, 4)});
}

void people_init(struct world *world)
{
    struct people *people = &world->people;

    memset(people, 0, offsetof(struct people, requests));
    people->quiet_ms = INT64_MAX;
    for (uint8_t i = 0; i < world->site_count; i++) {
        enum site_kind kind = world->sites[i].kind;
        bool has_traffic = kind != SITE_WIKI && kind != SITE_DEV;
        people->starts_left[i] = (uint16_t)dice_between(&world->dice, 3, 7);
        world->sites[i].versions[0] = people->last_version[i] = ++people->version_count << 3;
        farm_init(&world->sites[i], world->sites[i].versions[0]);
        if (has_traffic || dice_chance(&world->dice, 6000))
            people_say_target(world, i, TARGET_ADOPT, world->sites[i].versions[0], 0, 20);
        world_later(world, dice_between(&world->dice, 30, 3000),
                    &(struct occurrence){.kind = OCCURS_PIPELINE, .target = i});
    }
    world_later(world, dice_between(&world->dice, 500, 2 * (int64_t)PEOPLE_PERSON_MS),
                &(struct occurrence){.kind = OCCURS_PERSON});
}

/* Pipelines */

uint8_t people_play(struct world *world, uint8_t site)
{
    const struct play *plays = world->playbook->plays;

    for (;;) {
        uint32_t play = dice_below(&world->dice, PLAY_COUNT);
        if (plays[play].site == world->sites[site].kind && plays[play].is_brief != world->is_samples)
            return (uint8_t)play;
    }
}

void people_send_start(struct world *world, uint32_t request, int64_t in_ms)
{
    world_later(world, in_ms, &(struct occurrence){.kind = OCCURS_START, .sequence = request});
}

struct request *people_request(struct world *world, uint8_t site)
{
    struct people *people = &world->people;

    if (people->request_count == REQUESTS_MAX)
        return NULL;
    struct request *request = &people->requests[people->request_count++];
    *request = (struct request){.site = site, .made_up_ms = shell_up_ms(world)};
    return request;
}

static void want(struct world *world, uint8_t site)
{
    struct people *people = &world->people;
    struct request *request = people_request(world, site);

    if (request == NULL)
        return;
    request->play = people_play(world, site);
    (void)world_fault(world, FAULT_RULES_RELOADED);
    request->version = dice_chance(&world->dice, 1500) ? people->last_version[site] : new_version(world);
    people->last_version[site] = request->version;
    people_send_start(world, people->request_count - 1, 0);
    if (world_fault(world, FAULT_START_TWICE))
        people_send_start(world, people->request_count - 1, dice_between(&world->dice, 0, 40));
}

void people_pipeline(struct world *world, const struct occurrence *occurrence)
{
    struct people *people = &world->people;
    uint8_t site = (uint8_t)occurrence->target;

    if (people->starts_left[site] == 0)
        return;
    people->starts_left[site]--;
    want(world, site);
    if (world_fault(world, FAULT_START_AT_ONCE))
        want(world, site);
    world_later(
        world,
        dice_between(&world->dice, world->is_samples ? 20000 : 1000, world->is_samples ? 120000 : 22000),
        occurrence);
}

/* The door: a key that is known is answered at once, one that is being looked at waits. */
static bool is_known(struct world *world, struct request *request)
{
    if (request->is_answered || request->life == world->shell.life)
        return true;
    if (request->durable == 0 || world->slip == SLIP_NO_KEYS)
        return false;
    request->is_answered = true;
    request->promised = request->durable;
    return true;
}

static uint64_t stable_version(const struct world *world, uint8_t site)
{
    const struct target_state *target = engine_target(world->shell.engine, site + 1u);

    return target != NULL && target->has_stable ? target->stable_version_key : 0;
}

/* NULL: no room. */
static struct live *ask_for(struct world *world, uint32_t index, struct request *request)
{
    struct live *live = shell_live_new(world);

    if (live == NULL)
        return NULL;
    struct asked *asked = shell_ask(world, ASKED_START);
    if (!request->is_back)
        request->previous = stable_version(world, request->site);
    request->life = world->shell.life;
    asked->request = index;
    asked->site = request->site;
    asked->version = request->version;
    live->token = asked->token;
    live->play = request->play;
    live->site = request->site;
    live->is_back = request->is_back;
    live->request = index;
    live->version = request->version;
    live->previous = request->previous;
    return live;
}

static void start(struct world *world, uint32_t index, struct request *request)
{
    bool has_way_back = !request->is_back || shell_live(world, request->taken_back) != NULL;
    struct live *live = has_way_back ? ask_for(world, index, request) : NULL;

    if (live == NULL) {
        request->is_answered = true;
        return;
    }
    struct engine_start start = shell_start_of(world, live);
    world_say(world, 0, "request %u wants version %llu (%u) at site %u: %s%s%s", index,
              (unsigned long long)request->version, version_health(request->version), request->site + 1,
              world->playbook->plays[request->play].name, request->is_back ? ", back" : "",
              request->is_emergency ? ", emergency" : "");
    if (!engine_start(world->shell.engine, &start)) {
        shell_asked(world, live->token)->kind = ASKED_NOTHING;
        live->is_used = false;
        request->is_answered = true;
    }
    shell_turn(world);
}

uint64_t people_version_for_run(struct world *world)
{
    return new_version(world);
}

static struct request *request_of_run(struct world *world, uint64_t run, uint8_t task, uint8_t site)
{
    struct people *people = &world->people;

    for (uint32_t i = 0; i < people->request_count; i++)
        if (people->requests[i].is_of_run && people->requests[i].run == run &&
            people->requests[i].task == task && people->requests[i].site == site)
            return &people->requests[i];
    struct request *request = people_request(world, site);
    if (request == NULL)
        return NULL;
    request->is_of_run = request->is_answered = true;
    request->run = run;
    request->task = task;
    request->play = people_play(world, site);
    return request;
}

bool people_start_for_run(struct world *world, uint64_t run, uint8_t task, uint8_t site, uint64_t version,
                          struct engine_start *ret_start)
{
    struct request *request = request_of_run(world, run, task, site);

    if (request == NULL)
        return false;
    request->version = version;
    struct live *live = ask_for(world, (uint32_t)(request - world->people.requests), request);
    if (live == NULL)
        return false;
    *ret_start = shell_start_of(world, live);
    ret_start->version_key = 0; /* the run knows which */
    return true;
}

void people_start(struct world *world, const struct occurrence *occurrence)
{
    struct request *request = &world->people.requests[occurrence->sequence];

    if (request->is_answered || request->tries > TRIES_MAX) {
        request->is_answered = true;
        return;
    }
    if (!world->shell.is_up) {
        request->tries++;
        people_send_start(world, occurrence->sequence, dice_between(&world->dice, 200, 1500));
        return;
    }
    if (!is_known(world, request))
        start(world, occurrence->sequence, request);
}

/* Verbs */

static bool is_busy(const struct site *site)
{
    for (int i = 0; i < SITE_JOBS_MAX; i++)
        if (site->jobs[i].state == JOB_RUNNING)
            return true;
    return false;
}

void people_verb(struct world *world, const struct occurrence *occurrence)
{
    if (!world->shell.is_up)
        return;
    struct asked *asked = shell_ask(world, ASKED_VERB);
    asked->verb = (enum verb)occurrence->share;
    asked->deployment = occurrence->deployment;
    world->tally->verbs[asked->verb]++;
    world_say(world, occurrence->deployment, "somebody says %s", verb_name(asked->verb));
    if (!engine_verb(world->shell.engine, asked->token, occurrence->deployment, asked->verb,
                     occurrence->rule))
        asked->kind = ASKED_NOTHING;
    shell_turn(world);
}

void people_target_verb(struct world *world, const struct occurrence *occurrence)
{
    struct target_verb verb = {.kind = (enum target_verb_kind)occurrence->share,
                               .target = occurrence->target + 1,
                               .version_key = occurrence->deployment,
                               .slot = occurrence->rule};

    if (verb.kind == TARGET_FREEZE && verb.version_key != 0) /* it is how long */
        verb.thaws_ms = shell_now_ms(world) + (int64_t)verb.version_key;
    /* What is about to be done is not seen yet: who adopts waits for it. */
    bool is_about_to = verb.kind == TARGET_ADOPT && world->shell.commit != NULL;
    if (!world->shell.is_up || is_about_to) {
        struct occurrence again = *occurrence;
        world_later(world, is_about_to ? 50 : 500, &again);
        return;
    }
    /* Whoever had to wait looks again. */
    const struct site *site = &world->sites[occurrence->target];
    if (verb.kind == TARGET_ADOPT && (site->versions[verb.slot] != verb.version_key || is_busy(site)))
        return;
    struct asked *asked = shell_ask(world, ASKED_TARGET_VERB);
    asked->target_verb = verb.kind;
    asked->site = (uint8_t)occurrence->target;
    asked->version = verb.version_key;
    world_say(world, 0, "somebody says verb %d at site %u", verb.kind, verb.target);
    if (!engine_target_verb(world->shell.engine, asked->token, &verb))
        asked->kind = ASKED_NOTHING;
    shell_turn(world);
}

uint64_t people_active_at(const struct world *world, uint8_t site)
{
    for (uint64_t id = world->oracle.highest; id > 0; id--) {
        const struct oracle_history *history = &world->oracle.histories[id - 1];
        if (history->exists && world->ledger.deployments[id - 1].site == site &&
            phase_is_active(history->state.phase))
            return id;
    }
    return 0;
}

/* What serves now becomes stable: a person looks, sees to it that it is so, and that nothing runs there. */
void people_adopt(struct world *world, uint8_t index)
{
    struct site *site = &world->sites[index];
    uint8_t slot = site->lever.share[1] > site->lever.share[0] ? 1 : 0;

    if (site->versions[1 - slot] != 0 && people_active_at(world, index) == 0 &&
        dice_chance(&world->dice, 2000))
        slot = (uint8_t)(1 - slot);
    if (site->versions[slot] == 0 || is_busy(site))
        return;
    site->lever.share[slot] = site->lever.file[slot] = SHARE_WHOLE;
    site->lever.share[1 - slot] = site->lever.file[1 - slot] = 0;
    people_say_target(world, index, TARGET_ADOPT, site->versions[slot], slot, 0);
}

/* Answers */

void people_answered(struct world *world, const struct asked *asked, enum engine_answer answer,
                     uint64_t deployment)
{
    if (asked->kind != ASKED_START)
        return;
    struct request *request = &world->people.requests[asked->request];
    request->life = 0;
    if (request->is_of_run)
        return;
    if (answer == ENGINE_NOT_DURABLE && request->tries++ < TRIES_MAX) {
        people_send_start(world, asked->request, dice_between(&world->dice, 500, 2500));
        return;
    }
    request->is_answered = true;
    if (answer == ENGINE_DONE || answer == ENGINE_ALREADY)
        request->promised = deployment;
    world_say(world, deployment, "request %u is answered: %d", asked->request, answer);
}

void people_lost(struct world *world)
{
    struct people *people = &world->people;

    for (uint32_t i = 0; i < people->request_count; i++)
        if (!people->requests[i].is_answered && people->requests[i].life == world->shell.life) {
            people->requests[i].life = 0;
            people_send_start(world, i, dice_between(&world->dice, 100, 2500));
        }
}
