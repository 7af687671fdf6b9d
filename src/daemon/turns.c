/* turns.c - when the engine runs: at the end of each turn of the loop that brought something, and at its
 * deadlines.
 * SPDX-License-Identifier: MIT */
#include "daemon/mishaps.h"
#include "io/clock.h"

int64_t daemon_now_ms(void *data)
{
    const struct daemon *daemon = data;

    return daemon->journal == NULL ? daemon->alive_ms : journal_clock_ms(daemon->journal);
}

/* A loop that was away did not observe (S11): said before the engine's time goes on. While the machine
 * slept, the engine's clock stood still. */
static void look_at_clock(struct daemon *daemon)
{
    int64_t now_ms = daemon_now_ms(daemon);
    int64_t away_ms = now_ms - daemon->alive_ms - DAEMON_HEARTBEAT_MS;

    daemon->alive_ms = now_ms;
    if (away_ms <= DAEMON_STALL_MS)
        return;
    log_say(&daemon->log, LOG_LEVEL_WARN, "nobody watched for %lld ms", (long long)away_ms);
    engine_gap(daemon->engine, away_ms);
    daemon_wants_turn(daemon);
}

static void run_turn(void *data)
{
    struct daemon *daemon = data;

    if (daemon->is_stopping)
        return;
    look_at_clock(daemon);
    engine_turn(daemon->engine);
    commit_sweep(daemon->commit);
    int64_t at_ms = engine_deadline(daemon->engine);
    if (at_ms == DEPLOYMENT_NEVER) {
        loop_timer_pause(daemon->engine_timer);
        return;
    }
    int64_t wait_ms = at_ms - daemon_now_ms(daemon);
    loop_timer_move(daemon->engine_timer, wait_ms < 0 ? 0 : wait_ms);
}

/* Several values of one turn are one run of the engine. */
void daemon_wants_turn(struct daemon *daemon)
{
    if (daemon->is_turn_wanted)
        return;
    daemon->is_turn_wanted = true;
}

static void end_of_turn(void *data)
{
    struct daemon *daemon = data;

    if (!daemon->is_turn_wanted)
        return;
    daemon->is_turn_wanted = false;
    run_turn(daemon);
}

static void heartbeat(void *data)
{
    struct daemon *daemon = data;

    if (daemon->is_stopping)
        return;
    look_at_clock(daemon);
    daemon->wall_offset_ms = clock_wall_ms() - daemon_now_ms(daemon);
    mishaps_look(daemon);
    series_book_close_steps(daemon->book, daemon_now_ms(daemon));
}

void daemon_turns_start(struct daemon *daemon)
{
    daemon->alive_ms = daemon_now_ms(daemon);
    daemon->wall_offset_ms = clock_wall_ms() - daemon->alive_ms;
    daemon->engine_timer = loop_timer_start(daemon->loop, 0, 0, run_turn, daemon);
    (void)loop_timer_start(daemon->loop, DAEMON_HEARTBEAT_MS, DAEMON_HEARTBEAT_MS, heartbeat, daemon);
    loop_on_turn(daemon->loop, end_of_turn, daemon);
}
