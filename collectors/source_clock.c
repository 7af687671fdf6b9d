/* source_clock.c - a Date, an Age, and what they make of our time.
 * SPDX-License-Identifier: MIT */
#include "collectors/source_clock.h"

#include "base/text.h"
#include "io/clock.h"
#include "io/log.h"

#include <stdio.h>

enum { MS_PER_S = 1000, AGE_MAX_S = 7 * 24 * 3600 };

void source_clocks_open(struct source_clocks *clocks, const struct collector_env *env, const char *kind,
                        const char *name)
{
    clocks->env = env;
    (void)snprintf(clocks->whose, sizeof(clocks->whose), "%s %.100s", kind, name);
}

/* How long the answer lay in a cache. */
static int64_t age_s(const struct http_answer *answer)
{
    char value[32];
    int64_t age = 0;

    if (!http_answer_header(answer, "Age", value, sizeof(value)) ||
        !text_to_integer(value, 0, AGE_MAX_S, &age))
        return 0;
    return age;
}

static void correct(struct source_clock *clock, int64_t correction_ms)
{
    struct source_clocks *all = clock->all;
    int64_t size_ms = correction_ms < 0 ? -correction_ms : correction_ms;
    size_t others = all->corrected - (clock->correction_ms != 0);
    size_t corrected = others + (correction_ms != 0);

    if (all->corrected == 0 && corrected > 0)
        log_say(all->env->log, LOG_LEVEL_WARN, "%s: its clock is %.1f s %s ours: it is asked by its own",
                all->whose, (double)size_ms / MS_PER_S, correction_ms < 0 ? "behind" : "ahead of");
    if (all->corrected > 0 && corrected == 0)
        log_say(all->env->log, LOG_LEVEL_INFO, "%s: its clock is not corrected any more", all->whose);
    all->corrected = corrected;
    clock->correction_ms = correction_ms;
}

void source_clock_note(struct source_clock *clock, const struct http_answer *answer)
{
    int64_t date_s = 0;

    if (!http_answer_date(answer, &date_s))
        return;
    int64_t doubt_ms = (int64_t)answer->time_total_ms / 2;
    int64_t skew_ms = (date_s + age_s(answer)) * MS_PER_S + MS_PER_S / 2 + doubt_ms - clock_wall_ms();
    int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    bool is_tolerated = size_ms < SOURCE_CLOCK_TOLERATED_MS + doubt_ms;
    source_tally_skew(clock->all->env->tally, skew_ms);
    correct(clock, is_tolerated ? 0 : skew_ms);
}

void source_clock_end(struct source_clock *clock)
{
    correct(clock, 0);
}

int64_t source_clock_wall_ms(const struct source_clock *clock)
{
    return clock_wall_ms() + clock->correction_ms;
}
