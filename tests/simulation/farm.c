/* farm.c - the hosts of a site, as they are in truth, and an action on some of them as one.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/farm.h"

#include "tests/simulation/world.h"

static uint16_t count_away(const struct site *site)
{
    uint16_t sum = 0;

    for (int i = 0; i < SITE_HOSTS; i++)
        sum += site->hosts[i].is_away;
    return sum;
}

void farm_init(struct site *site, uint64_t version)
{
    for (int i = 0; i < SITE_HOSTS; i++)
        site->hosts[i] = (struct host){.version = version};
}

void farm_begin(struct world *world, struct site *site, const struct job *job, enum craft craft)
{
    const struct plan *plan = oracle_plan(world, job->deployment);

    if (craft == CRAFT_DRAIN || craft == CRAFT_DEPLOY)
        site->hosts[job->asked.host].is_away = true;
    if (count_away(site) > plan->max_unavailable)
        oracle_violate(world, "S6", job->deployment, "%u hosts are out of service, and %u may be",
                       count_away(site), plan->max_unavailable);
}

void farm_take_effect(struct world *world, struct site *site, const struct job *job, enum craft craft)
{
    struct host *host = &site->hosts[job->asked.host];

    if (oracle_history(world, job->deployment)->was_adopted)
        return;
    if (craft == CRAFT_DEPLOY)
        host->version = job->asked.is_previous ? job->previous : job->version;
    if (craft == CRAFT_RESTORE)
        host->is_away = false;
    site->versions[0] = site->hosts[0].version;
}

bool farm_runs(const struct site *site, const struct action *action, uint64_t version)
{
    for (uint16_t i = 0; i < action->batch; i++)
        if (site->hosts[action->host + i].version != version)
            return false;
    return true;
}

uint16_t farm_share(const struct site *site, uint64_t version)
{
    uint32_t sum = 0;

    for (int i = 0; i < SITE_HOSTS; i++)
        sum += site->hosts[i].version == version && !site->hosts[i].is_away;
    return (uint16_t)(sum * SHARE_WHOLE / SITE_HOSTS);
}

void farm_taken(struct world *world, uint64_t deployment, const struct trace *trace)
{
    struct oracle_history *history = oracle_history(world, deployment);

    if (trace->a + trace->b > SITE_HOSTS) {
        oracle_violate(world, "S6", deployment, "hosts %u to %u are taken; there are %d", trace->a,
                       trace->a + trace->b, SITE_HOSTS);
        return;
    }
    for (uint32_t i = trace->a; i < trace->a + trace->b; i++)
        history->is_touched[i] = true;
}

void farm_ready(struct world *world, uint64_t deployment, const struct trace *trace)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct site *site = &world->sites[ledger_find(world, deployment)->site];

    if (!history->has_gone_back)
        history->hosts_ready = (uint16_t)(history->hosts_ready + trace->b);
    for (uint32_t i = trace->a; i < trace->a + trace->b && i < SITE_HOSTS; i++)
        if (site->hosts[i].is_away)
            oracle_violate(world, "S6", deployment, "host %u is said to serve, and is out of service", i);
}

void farm_came_back(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct ledger_deployment *stored = ledger_find(world, deployment);
    const struct site *site = &world->sites[stored->site];

    for (int i = 0; i < SITE_HOSTS; i++)
        if (history->is_touched[i] && (site->hosts[i].version != stored->previous || site->hosts[i].is_away))
            oracle_violate(world, "S6", deployment, "rolled back, and host %u has %llu instead of %llu%s", i,
                           (unsigned long long)site->hosts[i].version, (unsigned long long)stored->previous,
                           site->hosts[i].is_away ? ", out of service" : "");
}

void farm_adopted(struct world *world, uint64_t deployment)
{
    struct site *site = &world->sites[ledger_find(world, deployment)->site];

    if (site->kind == SITE_FARM)
        farm_init(site, site->versions[0]);
}
