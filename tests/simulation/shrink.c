/* shrink.c - parts are left out, large ones first, as long as the seed fails in the same way.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/shrink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIALS_MAX = 4000 };

/* What a trial's process leaves behind, also where it crashes. */
struct trial {
    struct cuts cuts;
    bool is_violated, has_ended;
    const char *format; /* names the rule that was violated; the same address in every child */
    uint64_t deployment;
    char text[ORACLE_TEXT_MAX + 32];
};

struct shrinking {
    struct world *world;
    uint64_t seed;
    struct trial *trial;
    struct trial best;
    uint32_t trials;
};

bool cuts_take(struct cuts *cuts, uint64_t identity, int64_t time_ms, const char *label)
{
    for (uint32_t i = 0; i < cuts->out_count; i++)
        if (cuts->out[i] == identity)
            return true;
    if (cuts->count == CUTS_MAX)
        return false;
    struct cut *cut = &cuts->seen[cuts->count++];
    cut->identity = identity;
    cut->time_ms = time_ms;
    (void)snprintf(cut->label, sizeof(cut->label), "%s", label);
    return false;
}

static void run(struct world *world, uint64_t seed, struct trial *trial)
{
    const struct oracle *oracle = &world->oracle;

    world->cuts = &trial->cuts;
    trial->is_violated = !world_run(world, seed);
    trial->format = oracle->format;
    trial->deployment = oracle->deployment;
    (void)snprintf(trial->text, sizeof(trial->text), "%s: %s", oracle->name, oracle->text);
    trial->has_ended = true;
}

/* In a process of its own: it may crash. `trail`: where it tells its story, or NULL. */
static void try_one(struct shrinking *shrinking, FILE *trail)
{
    struct trial *trial = shrinking->trial;

    trial->cuts.count = 0;
    trial->is_violated = trial->has_ended = false;
    trial->format = NULL;
    trial->deployment = 0;
    (void)snprintf(trial->text, sizeof(trial->text), "an assertion failed, or it crashed");
    shrinking->trials++;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        shrinking->world->trail = trail;
        shrinking->world->only = shrinking->best.deployment;
        if (trail == NULL && freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        run(shrinking->world, shrinking->seed, trial);
        (void)fflush(NULL);
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (!trial->has_ended)
        trial->is_violated = true;
}

/* Once more without `count` of what the best trial still had, from `first` on. */
static bool leave_out(struct shrinking *shrinking, uint32_t first, uint32_t count)
{
    struct cuts *cuts = &shrinking->trial->cuts;
    const struct cuts *best = &shrinking->best.cuts;

    cuts->out_count = best->out_count;
    memcpy(cuts->out, best->out, best->out_count * sizeof(best->out[0]));
    for (uint32_t i = first; i < first + count && i < best->count && cuts->out_count < CUTS_MAX; i++)
        cuts->out[cuts->out_count++] = best->seen[i].identity;
    try_one(shrinking, NULL);
    if (!shrinking->trial->is_violated || shrinking->trial->format != shrinking->best.format ||
        cuts->count >= best->count)
        return false;
    shrinking->best = *shrinking->trial;
    return true;
}

/* One pass over what is left, `size` at a time, from the end: what was said last is needed least. */
static bool pass_over(struct shrinking *shrinking, uint32_t size)
{
    bool has_less = false;

    for (uint32_t end = shrinking->best.cuts.count; end > 0 && shrinking->trials < TRIALS_MAX;) {
        uint32_t first = end > size ? end - size : 0;
        has_less = leave_out(shrinking, first, end - first) || has_less;
        end = first < shrinking->best.cuts.count ? first : shrinking->best.cuts.count;
    }
    return has_less;
}

static void reduce(struct shrinking *shrinking)
{
    for (uint32_t size = shrinking->best.cuts.count; size > 0 && shrinking->trials < TRIALS_MAX; size /= 2)
        while (pass_over(shrinking, size))
            continue;
}

static void tell(struct shrinking *shrinking, uint32_t before, FILE *to)
{
    const struct cuts *best = &shrinking->best.cuts;

    shrinking->trial->cuts.out_count = best->out_count;
    memcpy(shrinking->trial->cuts.out, best->out, best->out_count * sizeof(best->out[0]));
    try_one(shrinking, to);
    (void)fprintf(to, "seed %llu needs %u of %u events (%u trials):\n", (unsigned long long)shrinking->seed,
                  best->count, before, shrinking->trials);
    for (uint32_t i = 0; i < best->count; i++)
        (void)fprintf(to, "%10.3f  %s\n", (double)best->seen[i].time_ms / 1000, best->seen[i].label);
    (void)fprintf(to, "seed %llu, deployment %llu: violated %s\n", (unsigned long long)shrinking->seed,
                  (unsigned long long)shrinking->best.deployment, shrinking->best.text);
}

bool shrink_seed(struct world *world, uint64_t seed, FILE *to)
{
    struct shrinking *shrinking = calloc(1, sizeof(*shrinking));
    struct trial *trial =
        mmap(NULL, sizeof(*trial), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shrinking == NULL || trial == MAP_FAILED)
        abort();
    shrinking->world = world;
    shrinking->seed = seed;
    shrinking->trial = trial;
    try_one(shrinking, NULL);
    shrinking->best = *trial;
    bool has_failed = trial->is_violated;
    if (has_failed) {
        uint32_t before = trial->cuts.count;
        reduce(shrinking);
        tell(shrinking, before, to);
    }
    (void)munmap(trial, sizeof(*trial));
    free(shrinking);
    return has_failed;
}
