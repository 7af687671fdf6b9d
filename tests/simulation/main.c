/* main.c - simulate: many worlds, each from its seed; the first violation ends them all.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/shrink.h"
#include "tests/simulation/store_hook.h"
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 16, AGAIN_EVERY = 64 };

struct settings {
    uint64_t seed, runs, allowed;
    uint32_t jobs;
    bool is_samples, is_loud, is_partial, is_shrinking;
    uint64_t only; /* trail of this deployment; 0: of all */
    enum slip slip;
    const char *plans;
};

/* What a process says about its part, also where it crashes. */
struct share {
    uint64_t seed; /* under way */
    bool is_violated;
    uint64_t deployment;
    double seconds;
    char text[ORACLE_TEXT_MAX + 32];
    struct tally tally;
};

static const char help[] =
    "usage: simulate [OPTION...]\n"
    "  --seed N              first seed (1)\n"
    "  --runs M              how many seeds (1000)\n"
    "  --world verdict|sample\n"
    "                        judgements are drawn, or made of samples that are drawn (verdict)\n"
    "  --faults LIST         only these, by their names; none: \"none\"\n"
    "  --mutant K            a mistake in the model around the engine, 1 ..; the oracle must see it\n"
    "  --jobs N              processes (1)\n"
    "  --plans FOLDER        rule files (tests/simulation/plans)\n"
    "  --partial             do not ask that everything that can happen did\n"
    "  --shrink              the first seed only, reduced to the events that its violation needs\n"
    "  --verbose             the trail of every seed\n"
    "Exit status: 0 nothing violated; 1 violated, or something never happened; 2 usage.\n";

/* Running */

static double processor_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void prepare(struct world *world, const struct settings *settings, const struct playbook *playbook,
                    struct tally *tally)
{
    world->playbook = playbook;
    world->tally = tally;
    world->allowed = settings->allowed;
    world->is_samples = settings->is_samples;
    world->slip = settings->slip;
    world->only = settings->only;
    world->trail = settings->is_loud ? stdout : NULL;
    shell_new(&world->shell);
}

/* The same seed makes the same trace. */
static bool run_again(struct world *world, uint64_t seed)
{
    static struct tally waste;
    struct tally *tally = world->tally;
    uint64_t hash = world->oracle.hash;

    world->tally = &waste;
    (void)world_run(world, seed);
    world->tally = tally;
    if (world->oracle.hash != hash)
        oracle_violate(world, "S16", 0, "the same seed made another trace");
    return !world->oracle.is_violated;
}

static void run_share(struct share *share, const struct settings *settings, const struct playbook *playbook,
                      uint64_t first)
{
    struct world *world = calloc(1, sizeof(*world));
    double begin = processor_seconds();

    if (world == NULL)
        abort();
    prepare(world, settings, playbook, &share->tally);
    for (uint64_t seed = first; seed < settings->seed + settings->runs && !share->is_violated;
         seed += settings->jobs) {
        share->seed = seed;
        bool is_good = world_run(world, seed);
        /* A real journal has a thread and a clock of its own. */
        if (is_good && seed % AGAIN_EVERY == 0 && store_hook() == NULL)
            is_good = run_again(world, seed);
        if (!is_good) {
            share->is_violated = true;
            share->deployment = world->oracle.deployment;
            (void)snprintf(share->text, sizeof(share->text), "%s: %s", world->oracle.name,
                           world->oracle.text);
        }
    }
    share->seconds = processor_seconds() - begin;
    if (store_hook() != NULL) {
        if (!share->is_violated)
            store_hook()->print(stdout);
        store_hook()->end();
    }
    shell_free(&world->shell);
    free(world);
}

static pid_t start(struct share *share, const struct settings *settings, const struct playbook *playbook,
                   uint64_t first)
{
    (void)fflush(NULL);
    pid_t child = fork();

    if (child == 0) {
        run_share(share, settings, playbook, first);
        (void)fflush(NULL);
        _exit(0);
    }
    return child;
}

/* The last seed once more, aloud. */
static void print_trail(struct share *share, const struct settings *settings, const struct playbook *playbook)
{
    struct settings one = *settings;
    int status = 0;

    share->is_violated = false;
    one.seed = share->seed;
    one.runs = 1;
    one.jobs = 1;
    one.is_loud = true;
    one.only = share->deployment;
    (void)waitpid(start(share, &one, playbook, one.seed), &status, 0);
}

static bool look_after(struct share *share, const struct settings *settings, const struct playbook *playbook,
                       int status)
{
    bool has_crashed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

    if (!has_crashed && !share->is_violated)
        return true;
    uint64_t seed = share->seed;
    if (!settings->is_loud)
        print_trail(share, settings, playbook);
    if (has_crashed && !share->is_violated)
        (void)printf("seed %llu: an assertion failed, or it crashed (above)\n", (unsigned long long)seed);
    else
        (void)printf("seed %llu, deployment %llu: violated %s\n", (unsigned long long)seed,
                     (unsigned long long)share->deployment, share->text);
    return false;
}

static int run(const struct settings *settings, const struct playbook *playbook)
{
    size_t size = JOBS_MAX * sizeof(struct share);
    struct share *shares = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[JOBS_MAX];
    struct tally tally = {0};
    double seconds = 0;
    bool is_good = true;

    if (shares == MAP_FAILED)
        return 1;
    for (uint32_t i = 0; i < settings->jobs; i++)
        children[i] = start(&shares[i], settings, playbook, settings->seed + i);
    for (uint32_t i = 0; i < settings->jobs; i++) {
        int status = 0;
        (void)waitpid(children[i], &status, 0);
        is_good = is_good && look_after(&shares[i], settings, playbook, status);
        tally_add(&tally, &shares[i].tally);
        seconds += shares[i].seconds;
    }
    if (is_good) {
        tally_print(&tally, stdout, settings->is_samples, seconds);
        is_good =
            settings->is_partial || tally_is_full(&tally, stdout, settings->is_samples, settings->allowed);
    }
    (void)munmap(shares, size);
    return is_good ? 0 : 1;
}

/* 1: it fails, and was reduced. */
static int shrink(const struct settings *settings, const struct playbook *playbook)
{
    static struct tally tally;
    struct world *world = calloc(1, sizeof(*world));

    if (world == NULL)
        abort();
    prepare(world, settings, playbook, &tally);
    world->trail = NULL;
    bool has_failed = shrink_seed(world, settings->seed, stdout);
    if (!has_failed)
        (void)printf("seed %llu violates nothing\n", (unsigned long long)settings->seed);
    shell_free(&world->shell);
    free(world);
    return has_failed ? 1 : 0;
}

/* Options */

enum flag {
    FLAG_HELP,
    FLAG_VERBOSE,
    FLAG_SHRINK,
    FLAG_PARTIAL, /* those below take a value */
    FLAG_SEED,
    FLAG_RUNS,
    FLAG_WORLD,
    FLAG_FAULTS,
    FLAG_MUTANT,
    FLAG_JOBS,
    FLAG_PLANS,
    FLAG_COUNT
};

static const char *const flags[FLAG_COUNT] = {
    [FLAG_HELP] = "--help",     [FLAG_VERBOSE] = "--verbose", [FLAG_PARTIAL] = "--partial",
    [FLAG_SHRINK] = "--shrink", [FLAG_SEED] = "--seed",       [FLAG_RUNS] = "--runs",
    [FLAG_WORLD] = "--world",   [FLAG_FAULTS] = "--faults",   [FLAG_MUTANT] = "--mutant",
    [FLAG_JOBS] = "--jobs",     [FLAG_PLANS] = "--plans",
};

static bool take_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
    char *end = NULL;
    uint64_t number = strtoull(text, &end, 10);

    if (end == text || *end != '\0' || number < least || number > most)
        return false;
    *ret_number = number;
    return true;
}

static bool take_flag(enum flag flag, const char *text, struct settings *settings)
{
    uint64_t number = 0;

    switch (flag) {
    case FLAG_SEED:
        return take_number(text, 0, UINT64_MAX / 2, &settings->seed);
    case FLAG_RUNS:
        return take_number(text, 1, UINT64_MAX / 2, &settings->runs);
    case FLAG_WORLD:
        settings->is_samples = strcmp(text, "sample") == 0;
        return settings->is_samples || strcmp(text, "verdict") == 0;
    case FLAG_FAULTS:
        settings->is_partial = true;
        settings->allowed = 0;
        return strcmp(text, "none") == 0 || faults_parse(text, &settings->allowed);
    case FLAG_MUTANT:
        if (!take_number(text, 1, SLIP_COUNT - 1, &number))
            return false;
        settings->slip = (enum slip)number;
        return true;
    case FLAG_JOBS:
        if (!take_number(text, 1, JOBS_MAX, &number))
            return false;
        settings->jobs = (uint32_t)number;
        return true;
    case FLAG_PLANS:
        settings->plans = text;
        return true;
    case FLAG_VERBOSE:
        settings->is_loud = true;
        return true;
    case FLAG_SHRINK:
        settings->is_shrinking = true;
        return true;
    case FLAG_PARTIAL:
        settings->is_partial = true;
        return true;
    case FLAG_HELP:
    case FLAG_COUNT:
        break;
    }
    return false;
}

static enum flag find_flag(const char *text)
{
    int flag = 0;

    while (flag < FLAG_COUNT && strcmp(flags[flag], text) != 0)
        flag++;
    return (enum flag)flag;
}

/* 0: go on; else the exit status + 1. */
static int take_arguments(int argc, char **argv, struct settings *settings)
{
    for (int i = 1; i < argc; i++) {
        enum flag flag = find_flag(argv[i]);
        bool has_value = flag >= FLAG_SEED;
        if (flag == FLAG_HELP) {
            (void)fputs(help, stdout);
            return 1;
        }
        if (flag == FLAG_COUNT || (has_value && i + 1 == argc) ||
            !take_flag(flag, has_value ? argv[++i] : NULL, settings)) {
            (void)fputs(help, stderr);
            return 3;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .seed = 1, .runs = 1000, .allowed = UINT64_MAX, .jobs = 1, .plans = "tests/simulation/plans"};
    static struct playbook playbook;
    struct err err = {0};
    int end = take_arguments(argc, argv, &settings);

    if (end != 0)
        return end - 1;
    if (!playbook_read(settings.plans, &playbook, &err)) {
        (void)fprintf(stderr, "simulate: %s\n", err.text);
        return 2;
    }
    int status = settings.is_shrinking ? shrink(&settings, &playbook) : run(&settings, &playbook);
    playbook_free(&playbook);
    return status;
}
