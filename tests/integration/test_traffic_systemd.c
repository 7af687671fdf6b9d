/* test_traffic_systemd.c - which of two units serves, through a real verdict-runner.
 * SPDX-License-Identifier: MIT
 *
 * systemd itself is not asked: only what systemd started as the first process can be, and tests run where it
 * did not. In its place stands a systemctl that keeps units in files, takes no argument but those that the
 * manual has in this form, and answers `show` with the properties that were asked for, in systemd's order. */
#include "io/loop.h"
#include "support/lever_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEASURED = 4, CONFIG_MAX = 2048 };

/* UNIT.active, UNIT.file and UNIT.load are the unit's states. `mode` is "VERB UNIT WHAT": how that verb of
 * that unit goes wrong. Like the real one it goes on with a job when its caller is gone. */
static const char SYSTEMCTL[] =
    "#!/bin/sh\n"
    "cd \"$FOLDER\" || exit 9\n"
    "echo \"$*\" >> asked\n"
    "mode=$(cat mode)\n"
    "wrong() { echo \"Unknown: $*\" >&2; exit 1; }\n"
    "put() { echo \"$2\" > \"$1.$$\" && mv \"$1.$$\" \"$1\"; }\n"
    "unit() { case \"$1\" in shop@blue.service|shop@green.service) ;; *) wrong \"$1\";; esac; }\n"
    "verb=$1; shift\n"
    "if [ \"$verb\" = show ]; then\n"
    "    [ $# = 3 ] && [ \"$1\" = --property=LoadState,ActiveState,UnitFileState ] || wrong \"$@\"\n"
    "    unit \"$2\"; unit \"$3\"\n"
    "    case \"$mode\" in 'show down') echo 'Failed to connect to bus: Connection refused' >&2; exit 1;;\n"
    "    'show answer') cat answer; exit 0;; esac\n"
    "    for name in \"$2\" \"$3\"; do\n"
    "        printf 'LoadState=%s\\nActiveState=%s\\nUnitFileState=%s\\n' \"$(cat $name.load)\" "
    "\"$(cat $name.active)\" \"$(cat $name.file)\"\n"
    "        [ \"$name\" = \"$3\" ] || echo\n"
    "    done\n"
    "    exit 0\n"
    "fi\n"
    "[ $# = 1 ] || wrong \"$@\"\n"
    "unit \"$1\"\n"
    "case \"$mode\" in\n"
    "\"$verb $1 fails\") echo \"Job for $1 failed.\" >&2; put $1.active failed; exit 1;;\n"
    "\"$verb $1 refused\") echo 'Failed: Read-only file system' >&2; exit 1;;\n"
    "\"$verb $1 dies\") put $1.active activating; exit 0;;\n"
    "\"$verb $1 stays\") put $1.active deactivating; exit 0;;\n"
    "\"$verb $1 hangs\") echo run >> runs; exec sleep 300;;\n"
    "esac\n"
    "case \"$verb\" in\n"
    "start) put $1.active active;;\n"
    "stop) put $1.active inactive;;\n"
    "enable) put $1.file enabled; echo \"Created symlink $1.\" >&2;;\n"
    "disable) put $1.file disabled;;\n"
    "*) wrong \"$verb\";;\n"
    "esac\n";

static const struct lever_bench_option use[] = {{"unit", "shop"}, {NULL, NULL}};

static void open_lever(struct lever_bench *bench, const char *name, const char *timeout)
{
    char path[BENCH_PATH_MAX];
    const struct lever_bench_option options[] = {
        {"systemctl", bench_path(bench->runner, name, path)}, {"timeout", timeout}, {NULL, NULL}};

    lever_bench_close(bench);
    lever_bench_open(bench, "systemd", options);
}

static void put(struct lever_bench *bench, const char *slot, const char *what, const char *value)
{
    char name[64];
    char line[64];

    (void)snprintf(name, sizeof(name), "shop@%s.service.%s", slot, what);
    (void)snprintf(line, sizeof(line), "%s\n", value);
    bench_write(bench->runner, name, line, 0600);
}

/* Blue runs and starts with a boot, green is there. `verbs`: what the runner allows. */
static struct lever_bench *start(const char *const *verbs)
{
    static const char *const none[] = {"unused", NULL};
    struct lever_bench *bench = lever_bench_new(traffic_types);
    char allow[CONFIG_MAX];
    char path[BENCH_PATH_MAX];
    int length = 0;

    bench_write(bench->runner, "systemctl", SYSTEMCTL, 0700);
    bench_write(bench->runner, "mode", "", 0600);
    for (int i = 0; i < 2; i++) {
        put(bench, i == 0 ? "blue" : "green", "load", "loaded");
        put(bench, i == 0 ? "blue" : "green", "active", i == 0 ? "active" : "inactive");
        put(bench, i == 0 ? "blue" : "green", "file", i == 0 ? "enabled" : "disabled");
    }
    (void)bench_path(bench->runner, "systemctl", path);
    for (size_t i = 0; verbs[i] != NULL; i++)
        length += snprintf(
            allow + length, sizeof(allow) - (size_t)length,
            "[ \"%s\", \"%s\", \"shop@blue.service\" ], [ \"%s\", \"%s\", \"shop@green.service\" ], ", path,
            verbs[i], path, verbs[i]);
    (void)snprintf(allow + length, sizeof(allow) - (size_t)length,
                   "[ \"%s\", \"show\", \"--property=LoadState,ActiveState,UnitFileState\", "
                   "\"shop@blue.service\", \"shop@green.service\" ]",
                   path);
    lever_bench_start_runner(bench, allow, none);
    open_lever(bench, "systemctl", "10s");
    return bench;
}

static int set_up(void **state)
{
    static const char *const verbs[] = {"start", "stop", "enable", "disable", NULL};

    *state = start(verbs);
    return 0;
}

static int tear_down(void **state)
{
    lever_bench_free(*state);
    return 0;
}

static void set_mode(struct lever_bench *bench, const char *mode)
{
    bench_write(bench->runner, "mode", mode, 0600);
}

static void expect_unit(const struct lever_bench *bench, const char *slot, const char *what,
                        const char *value)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "shop@%s.service.%s", slot, what);
    char *text = bench_read(bench->runner, name);
    text[strcspn(text, "\n")] = '\0';
    assert_string_equal(text, value);
    free(text);
}

/* Who serves, and who would after a boot. */
static void expect_serving(const struct lever_bench *bench, const char *slot)
{
    const char *other = strcmp(slot, "blue") == 0 ? "green" : "blue";

    expect_unit(bench, slot, "active", "active");
    expect_unit(bench, slot, "file", "enabled");
    expect_unit(bench, other, "active", "inactive");
    expect_unit(bench, other, "file", "disabled");
}

static void expect_asked(struct lever_bench *bench, const char *wanted)
{
    char *asked = bench_read(bench->runner, "asked");

    assert_string_equal(asked, wanted);
    free(asked);
    bench_write(bench->runner, "asked", "", 0600);
}

#define SHOW "show --property=LoadState,ActiveState,UnitFileState shop@blue.service shop@green.service\n"

static void sets_and_reads_back(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_rehearse(bench, &split);

    lever_bench_expect_done(&told, 0);
    expect_asked(bench, SHOW); /* and nothing was changed */
    told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 0);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    expect_asked(bench, SHOW);
    told = lever_bench_set_now(bench, &split, 1, 10000);
    lever_bench_expect_done(&told, 10000);
    expect_serving(bench, "green");
    assert_true(bench->type->has_persisted(bench->traffic, &split));
    /* Somebody serves at any time: the one is started, and seen, before the other is stopped. */
    expect_asked(bench, "start shop@green.service\n" SHOW "stop shop@blue.service\n" SHOW
                        "enable shop@green.service\ndisable shop@blue.service\n" SHOW);
    told = lever_bench_set_now(bench, &split, 1, 10000); /* again: nothing else becomes of it */
    lever_bench_expect_done(&told, 10000);
    expect_serving(bench, "green");
    told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 10000);
    told = lever_bench_set_now(bench, &split, 2, 0);
    lever_bench_expect_done(&told, 0);
    expect_serving(bench, "blue");
    split = lever_bench_split(bench, 0, use); /* blue is the candidate now */
    told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 10000);
    told = lever_bench_set_now(bench, &split, 3, 0);
    lever_bench_expect_done(&told, 0);
    expect_serving(bench, "green");
}

static void shares_between_are_refused(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_set_now(bench, &split, 1, 2500);

    lever_bench_expect_failed(&told, true, "a unit serves all users or none: 25.00 % cannot be");
    expect_asked(bench, "");
}

static void expect_failed(struct lever_bench *bench, const char *mode, uint16_t share, const char *part)
{
    static uint64_t number = 1;
    struct traffic_split split = lever_bench_split(bench, 1, use);

    set_mode(bench, mode);
    struct lever_told told = lever_bench_set_now(bench, &split, number++, share);
    lever_bench_expect_failed(&told, false, part);
    set_mode(bench, "");
}

/* Who does not come up takes nobody's place. */
static void every_failure_is_named(void **state)
{
    struct lever_bench *bench = *state;

    expect_failed(
        bench, "start shop@green.service fails", 10000,
        "systemctl start shop@green.service ended with status 1: Job for shop@green.service failed.");
    expect_unit(bench, "blue", "active", "active");
    expect_failed(bench, "start shop@green.service dies", 10000,
                  "shop@green.service was started and is activating");
    expect_unit(bench, "blue", "active", "active");
    expect_failed(bench, "stop shop@blue.service stays", 10000,
                  "shop@blue.service was stopped and is deactivating");
    expect_failed(bench, "show down", 0, "Failed to connect to bus");
    expect_failed(bench, "start shop@blue.service fails", 0, "systemctl start shop@blue.service ended");
    expect_unit(bench, "green", "active", "active"); /* rather the candidate than nobody */
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_set_now(bench, &split, 100, 0);
    lever_bench_expect_done(&told, 0);
    expect_serving(bench, "blue");
    open_lever(bench, "systemctl", "300ms");
    expect_failed(bench, "start shop@green.service hangs", 10000, "ran past its deadline");
}

/* The way back waits for no link; only the after-care of a promoted version does. */
static void links_hold_up_nothing(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);

    set_mode(bench, "enable shop@green.service refused");
    struct lever_told told = lever_bench_set_now(bench, &split, 1, 10000);
    lever_bench_expect_done(&told, 10000);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    char *log = bench_read(bench->runner, "lever.log");
    assert_non_null(strstr(log, "a boot would not start shop@green.service: systemctl enable"));
    free(log);
    set_mode(bench, "");
    told = lever_bench_set_now(bench, &split, 1, 10000); /* as before the old slot is retired */
    lever_bench_expect_done(&told, 10000);
    assert_true(bench->type->has_persisted(bench->traffic, &split));
}

static void expect_read(struct lever_bench *bench, const char *blue, const char *green, uint16_t share)
{
    struct traffic_split split = lever_bench_split(bench, 1, use);

    put(bench, "blue", "active", blue);
    put(bench, "green", "active", green);
    struct lever_told told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, share);
}

static void a_hand_is_seen(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);

    expect_read(bench, "active", "failed", 0);
    expect_read(bench, "inactive", "activating", 10000);
    expect_read(bench, "reloading", "active", 5000); /* users reach either */
    expect_read(bench, "active", "deactivating", 5000);
    put(bench, "blue", "active", "failed");
    put(bench, "green", "active", "inactive");
    struct lever_told told = lever_bench_read(bench, &split);
    lever_bench_expect_failed(&told, false,
                              "neither unit runs: the candidate's is inactive, stable's is failed");
}

static void expect_rehearsal(struct lever_bench *bench, bool is_final, const char *part)
{
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_rehearse(bench, &split);

    lever_bench_expect_failed(&told, is_final, part);
}

static void rehearsal_tells_what_is_wrong(void **state)
{
    struct lever_bench *bench = *state;

    put(bench, "green", "load", "not-found");
    expect_rehearsal(bench, true, "systemd has not loaded shop@green.service: not-found");
    put(bench, "green", "load", "loaded");
    put(bench, "green", "file", "static");
    expect_rehearsal(bench, true, "shop@green.service cannot be enabled (\"static\")");
    put(bench, "green", "file", "disabled");
    put(bench, "blue", "active", "failed");
    expect_rehearsal(bench, false, "there is no way back: shop@blue.service is failed");
    put(bench, "blue", "active", "active");
    set_mode(bench, "show down");
    expect_rehearsal(bench, false, "Failed to connect to bus");
    static const char *const wrong[] = {
        "", "LoadState=loaded\nActiveState=active\n", "LoadState=loaded\n\nActiveState=active\n",
        "LoadState=loaded\nActiveState=active\n\n\nLoadState=loaded\nActiveState=active\n"};
    set_mode(bench, "show answer");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        bench_write(bench->runner, "answer", wrong[i], 0600);
        expect_rehearsal(bench, false, "systemctl");
    }
    bench_write(bench->runner, "answer",
                "Id=a\nActiveState=active\nLoadState=loaded\nUnitFileState=enabled\n\n"
                "UnitFileState=disabled\nLoadState=loaded\nActiveState=inactive\nX=\n",
                0600);
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_rehearse(bench, &split);
    lever_bench_expect_done(&told, 0);
    static const struct lever_bench_option bad[] = {{"unit", "--now shop"}, {NULL, NULL}};
    split = lever_bench_split(bench, 1, bad);
    told = lever_bench_rehearse(bench, &split);
    lever_bench_expect_failed(&told, true, "unit: \"--now shop\" is no template's name");
}

/* What the runner does not allow is found before anything is under way. */
static void the_runner_is_asked(void **state)
{
    static const char *const verbs[] = {"start", "stop", "enable", NULL};
    struct lever_bench *bench = start(verbs);

    *state = bench;
    expect_rehearsal(bench, true, "disable shop@blue.service: ");
    expect_asked(bench, "");
}

/* What systemd was told before is undone by what it is told last. */
static void newest_order_wins(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told first;
    struct lever_told second;

    set_mode(bench, "start shop@green.service hangs");
    lever_bench_set(bench, &split, 1, 10000, &first);
    int64_t until_ms = bench_now_ms() + LEVER_BENCH_WAIT_MS;
    while (bench_count_lines(bench->runner, "runs") == 0)
        lever_bench_turn(bench, until_ms);
    put(bench, "green", "active", "active"); /* the job goes on */
    set_mode(bench, "");
    lever_bench_set(bench, &split, 2, 0, &second);
    lever_bench_await(bench, &first);
    lever_bench_expect_failed(&first, false, "overtaken");
    lever_bench_await(bench, &second);
    lever_bench_expect_done(&second, 0);
    expect_serving(bench, "blue");
    for (uint64_t i = 0; i < MEASURED; i++) {
        lever_bench_set(bench, &split, 10 + 2 * i, 10000, &first);
        for (uint64_t turn = 0; turn < 6 * i; turn++)
            lever_bench_turn(bench, until_ms + LEVER_BENCH_WAIT_MS);
        lever_bench_set(bench, &split, 11 + 2 * i, 0, &second);
        lever_bench_await(bench, &second);
        lever_bench_expect_done(&second, 0);
        expect_serving(bench, "blue");
        assert_int_equal(first.count, 1);
    }
}

static void end_comes_with_the_close(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told;

    for (int turns = 0; turns < MEASURED; turns++) {
        lever_bench_set(bench, &split, 1, 10000, &told);
        for (int i = 0; i < 3 * turns && !told.is_there; i++)
            lever_bench_turn(bench, bench_now_ms() + LEVER_BENCH_WAIT_MS);
        int before = told.count;
        lever_bench_close(bench);
        assert_int_equal(told.count, before);
        open_lever(bench, "systemctl", "10s");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shares_between_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failure_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_hold_up_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hand_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rehearsal_tells_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_teardown(the_runner_is_asked, tear_down),
        cmocka_unit_test_setup_teardown(newest_order_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_comes_with_the_close, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("traffic_systemd", tests, NULL, NULL);
}
