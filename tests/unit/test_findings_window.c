/* test_findings_window.c - what is said about windows that are wrong, and what is read from those that are
 * not.
 * SPDX-License-Identifier: MIT */
#include "support/config_cases.h"

#define PROD(window)                                                                                         \
    "services: { shop: { environments: { prod: { strategy = \"recreate\"; " window                           \
    " commands: { deploy: { exec = [ \"/d\" ]; repeat = \"idempotent\"; }; }; }; }; }; };\n"

static const struct finding_case cases[] = {
    {"windows: { office: { allow = \"mon-thu 09:00-16:00 Europe/Berlin\"; freeze = [ "
     "\"2026-12-18/2027-01-04\", "
     "\"2026-12-25\" ]; }; night: { allow = [ \"22:00-02:00 UTC\", \"sat,sun 00:00-24:00 UTC\" ]; }; "
     "};\n" PROD("window = \"office\";"),
     ""},
    {"windows: { a: { allow = \"monday 09:00-16:00 UTC\"; };\n b: { allow = \"mon 9:00-16:00 UTC\"; };\n"
     " c: { allow = \"mon 09:00-16:00\"; };\n d: { allow = \"mon 09:60-16:00 UTC\"; };\n"
     " e: { allow = \"mon 09:00-24:01 UTC\"; };\n f: { allow = \"mon- 09:00-16:00 UTC\"; };\n"
     " g: { allow = \"mon 09:00 16:00 UTC\"; };\n h: { allow = \"mon 09:00-16:00 U TC\"; }; };",
     "x.rules:1: allow: 'monday 09:00-16:00 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:2: allow: 'mon 9:00-16:00 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:3: allow: 'mon 09:00-16:00' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:4: allow: 'mon 09:60-16:00 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:5: allow: 'mon 09:00-24:01 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:6: allow: 'mon- 09:00-16:00 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:7: allow: 'mon 09:00 16:00 UTC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"\n"
     "x.rules:8: allow: 'mon 09:00-16:00 U TC' is not like \"mon-thu 09:00-16:00 Europe/Berlin\""},
    {"windows: { a: { allow = \"mon 09:00-09:00 UTC\"; };\n b: { allow = \"mon 09:00-10:00 Europe/Berlni\"; "
     "};\n"
     " c: { allow = [ \"mon 09:00-10:00 UTC\",\n \"tue 09:00-10:00 Europe/Berlin\" ]; };\n d: { };\n"
     " e: { allow = \"mon 09:00-10:00 UTC\"; close = 1; }; };",
     "x.rules:1: allow: 'mon 09:00-09:00 UTC' never opens: it ends when it begins\n"
     "x.rules:2: no time zone 'Europe/Berlni' in the system's tz database, like \"Europe/Berlin\"\n"
     "x.rules:3: allow: a window has one time zone, and this one has UTC and Europe/Berlin\n"
     "x.rules:5: allow is missing (when deployments begin, like \"mon-thu 09:00-16:00 Europe/Berlin\")\n"
     "x.rules:6: unknown key 'close'"},
    {"windows: { a: { allow = \"mon 09:00-10:00 UTC\"; freeze = \"2026-02-29\"; };\n"
     " b: { allow = \"mon 09:00-10:00 UTC\"; freeze = \"2026-02-28/2026-02-27\"; };\n"
     " c: { allow = \"mon 09:00-10:00 UTC\"; freeze = \"2026-13-01\"; }; };",
     "x.rules:1: freeze: '2026-02-29' is not like \"2026-12-18/2027-01-04\"\n"
     "x.rules:2: freeze: '2026-02-28/2026-02-27' is not like \"2026-12-18/2027-01-04\"\n"
     "x.rules:3: freeze: '2026-13-01' is not like \"2026-12-18/2027-01-04\""},
    {"windows: { office: { allow = \"mon 09:00-10:00 UTC\"; }; };\n" PROD("window = \"ofice\";"),
     "x.rules:2: unknown window 'ofice'; did you mean 'office'?"},
    {PROD("window: { allow = \"mon 09:00-10:00 Mars\"; };"),
     "x.rules:1: no time zone 'Mars' in the system's tz database, like \"Europe/Berlin\""},
    {PROD("lock = \"orders-db\";"), ""},
    {PROD("lock = \"Orders DB\";"), "x.rules:1: lock: 'Orders DB' is no name: small letters, digits, -"},
    /* What takes longer than the window is ever open would wait for ever. */
    {"windows: { office: { allow = \"mon 09:00-09:10 UTC\"; };\n night: { allow = [ \"mon 09:00-09:10 UTC\", "
     "\"mon "
     "09:10-10:00 UTC\" ]; }; };\nstrategies: { slow: { kind = \"recreate\"; watch = \"11m\"; }; "
     "};\nservices: { "
     "shop: { environments: {\n prod: { strategy = \"slow\";\n window = \"office\";\n commands: { deploy: { "
     "exec = [ "
     "\"/d\" ]; repeat = \"idempotent\"; }; }; };\n dev: { strategy = \"slow\"; window = \"night\"; "
     "commands: { deploy: "
     "{ exec = [ \"/d\" ]; repeat = \"idempotent\"; }; }; }; }; }; };",
     "x.rules:6: strategy 'slow' observes for 11m, and this window is never open for longer than 10m"},
};

static void test_windows(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static const char good[] =
    "windows: { office: { allow = [ \"fri-mon,wed 22:00-02:00 UTC\", \"09:00-24:00 UTC\" ]; "
    "freeze = [ \"1970-01-02/1970-01-11\" ]; }; };\n" PROD("window = \"office\"; lock = \"orders-db\";");

static void assert_good(const struct definition *definition)
{
    assert_non_null(definition);
    const struct window *window = definition->window;
    assert_non_null(window);
    assert_string_equal(window->zone, "UTC");
    assert_int_equal(window->span_count, 2);
    assert_int_equal(window->spans[0].days, 0x75); /* mon, wed, fri, sat, sun */
    assert_int_equal(window->spans[0].from_minute, 22 * 60);
    assert_int_equal(window->spans[0].to_minute, 26 * 60);
    assert_int_equal(window->spans[1].days, 0x7f);
    assert_int_equal(window->spans[1].to_minute, 24 * 60);
    assert_int_equal(window->freeze_count, 1);
    assert_int_equal(window->freezes[0].first_day, 1);
    assert_int_equal(window->freezes[0].last_day, 10);
    assert_string_equal(definition->lock, "orders-db");
}

/* A sealed window needs no database of zones: what is under way comes back without it. */
static void test_a_window_is_sealed(void **state)
{
    char found[8192];
    struct err err = {0};
    struct config *config = read_text(good, sizeof(good) - 1, found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    assert_good(definition);
    definition_free(definition);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
    assert_non_null(sealed);
    struct option_schemas elsewhere = test_schemas;
    elsewhere.knows_zone = NULL;
    definition = config_unseal(sealed, &elsewhere, &err);
    assert_good(definition);
    definition_free(definition);
    free(sealed);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_a_window_is_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
