/* test_settings.c - verdictd.conf: what is read, what is taken where nothing is said, what is refused.
 * SPDX-License-Identifier: MIT */
#include "config/settings.h"
#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct config_report report;

static struct settings *read_settings(const char *text, char *found, size_t size)
{
    struct folder folder;
    char path[256];

    folder_make(&folder);
    folder_write(&folder, "v.conf", text);
    memset(&report, 0, sizeof(report));
    struct settings *settings = settings_read(folder_path(&folder, "v.conf", path), &test_schemas, &report);
    (void)report_text(&report, found, size);
    folder_drop(&folder);
    return settings;
}

static void test_whole_file(void **state)
{
    (void)state;
    memset(&report, 0, sizeof(report));
    struct settings *settings = settings_read("tests/unit/data/verdictd.conf", &test_schemas, &report);
    if (settings == NULL)
        fail_msg("line %u: %s", report.findings[0].line, report.findings[0].text);
    assert_true(settings->is_record);
    assert_false(settings->has_console);
    assert_string_equal(settings->data, "/var/lib/verdictd");
    assert_string_equal(settings->rules, "/etc/verdictd/rules.d");
    assert_string_equal(settings->instance, "plant-1");
    assert_string_equal(settings->public_url, "https://verdictd.example");
    assert_string_equal(settings->status_broker, "plant");
    assert_string_equal(settings->runner_socket, "/run/r.sock");
    assert_string_equal(settings->runner_program, "/usr/bin/verdict-runner");
    assert_string_equal(settings->runner_config, "/etc/verdictd/runner.conf");
    assert_int_equal(settings->reconcile_ms, 2000);
    assert_int_equal(settings->listener_count, 3);
    assert_string_equal(settings->listeners[0].unix_path, "/run/verdictd/verdictd.sock");
    assert_string_equal(settings->listeners[1].tcp, "127.0.0.1:8321");
    assert_null(settings->listeners[1].tls);
    assert_string_equal(settings->listeners[2].tls, "0.0.0.0:8443");
    assert_string_equal(settings->listeners[2].certificate, "file:/etc/verdictd/tls.crt");
    assert_string_equal(settings->listeners[2].key, "cred:tls_key");
    assert_int_equal(settings->source_count, 2);
    assert_int_equal(settings->sources[0].kind, 0);
    assert_string_equal(settings->sources[0].name, "main");
    assert_string_equal(settings->sources[0].options[0].text, "http://prometheus:9090");
    assert_int_equal(settings->sources[0].options[1].duration_ms, 3000);
    assert_int_equal(settings->sources[0].options[2].duration_ms, 5000);
    assert_int_equal(settings->sources[1].kind, 1);
    assert_string_equal(settings->sources[1].options[2].text, "cred:mqtt");
    assert_int_equal(settings->driver_count, 1);
    assert_string_equal(settings->drivers[0].options[0].list[0], "/run/haproxy/admin.sock");
    assert_int_equal(settings->notifier_count, 2);
    assert_string_equal(settings->notifiers[1].name, "shop");
    assert_int_equal(settings->group_count, 2);
    assert_string_equal(settings->groups[0].name, "sre");
    assert_string_equal(settings->groups[0].people[1], "bob");
    assert_true(settings_is_member(settings, "sre", "bob"));
    assert_true(settings_is_member(settings, "boss", "carol"));
    assert_true(settings_is_member(settings, "dave", "dave"));
    assert_false(settings_is_member(settings, "sre", "carol"));
    assert_false(settings_is_member(settings, "nobody", "carol"));
    assert_int_equal(settings->sources[0].series_max, 300);
    assert_int_equal(settings->sources[1].series_max, SETTINGS_SERIES_MAX);
    settings_free(settings);
}

static void test_room_of_sources_that_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"sources: { mqtt: { plant: { url = \"mqtt://b\";  series_max = 0; }; }; };",
         "v.conf:1: series_max: 0 is not from 1 to 50000"},
        {"sources: { mqtt: { plant: { url = \"mqtt://b\";  serie_max = 9; }; }; };",
         "v.conf:1: unknown key 'serie_max'; did you mean 'series_max'?"},
        {"notifiers: { slack: { deploys: { url = \"cred:slack\";  series_max = 9; }; }; };",
         "v.conf:1: unknown key 'series_max'"},
    };
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_settings(cases[i][0], found, sizeof(found)));
        assert_string_equal(found, cases[i][1]);
    }
}

static void test_empty_file(void **state)
{
    char found[1024];

    (void)state;
    struct settings *settings = read_settings("", found, sizeof(found));
    assert_non_null(settings);
    assert_string_equal(found, "");
    assert_string_equal(settings->data, "/var/lib/verdictd");
    assert_string_equal(settings->rules, "/etc/verdictd/rules.d");
    assert_false(settings->is_record);
    assert_true(settings->has_console);
    assert_true(strlen(settings->instance) > 0);
    assert_string_equal(settings->public_url, "");
    assert_null(settings->status_broker);
    assert_string_equal(settings->runner_socket, "/run/verdict-runner/runner.sock");
    assert_null(settings->runner_program);
    assert_int_equal(settings->listener_count, 0);
    assert_int_equal(settings->reconcile_ms, 5000);
    assert_true(settings->service_brake.count == 0 && settings->fleet_brake.count == 0);
    settings_free(settings);
    settings_free(NULL);
}

static void test_controller(void **state)
{
    char found[1024];
    struct settings *settings = read_settings(
        "controller: { url = \"https://up.example\";  secret = \"file:/key\";  token = \"cred:token\"; };",
        found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    assert_string_equal(settings->controller.url, "https://up.example");
    assert_string_equal(settings->controller.token, "cred:token");
    assert_false(settings->controller.has_mqtt);
    assert_int_equal(settings->controller.every_ms, 30000);
    settings_free(settings);
    settings = read_settings("", found, sizeof(found));
    assert_int_equal(settings->controller.every_ms, 0);
    settings_free(settings);
}

static void test_controllers_that_are_refused(void **state)
{
    static const struct {
        const char *text, *finding;
    } cases[] = {
        {"controller: { };", "v.conf:1: controller: takes a url, or mqtt = true, or both"},
        {"controller: { url = \"http://up.example\";  secret = \"file:/key\";  token = \"cred:t\"; };",
         "v.conf:1: controller: who may send commands is reached by https://, or on this machine"},
        {"controller: { url = \"up.example\";  secret = \"file:/key\"; };",
         "v.conf:1: controller: url starts with http:// or https://"},
        {"controller: { url = \"https://up.example\"; };",
         "v.conf:1: controller: a url needs a secret that signs what is put there"},
        {"controller: { mqtt = true; };",
         "v.conf:1: controller: mqtt needs a broker: status = \"mqtt:NAME\" names one of `sources`"},
        {"controller: { mqtt = true;  token = \"file:/t\"; };",
         "v.conf:1: controller: a token is for commands, which come from a url"},
        {"listen = ( { tls = \"0.0.0.0:8443\";  cert = \"file:/c\";  key = \"file:/k\"; } );\n"
         "controller: { url = \"https://up.example\";  secret = \"file:/key\";  token = \"file:/t\"; };",
         "v.conf:2: controller: its commands need a Unix socket or a tcp address in `listen`"},
    };
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_settings(cases[i].text, found, sizeof(found)));
        assert_string_equal(found, cases[i].finding);
    }
}

static void test_brakes(void **state)
{
    char found[1024];

    (void)state;
    struct settings *settings =
        read_settings("brakes: { service = \"2 rollbacks per 6h\";  fleet = \"4 services per 5m\"; };", found,
                      sizeof(found));
    assert_non_null(settings);
    assert_true(settings->service_brake.count == 2 && settings->service_brake.span_ms == 6 * 3600000);
    assert_true(settings->fleet_brake.count == 4 && settings->fleet_brake.span_ms == 300000);
    settings_free(settings);
    settings = read_settings("brakes: { service = \"1 rollback per 1d\"; };", found, sizeof(found));
    assert_non_null(settings);
    assert_true(settings->service_brake.count == 1 && settings->fleet_brake.count == 0);
    settings_free(settings);
}

#define BROKER "sources: { mqtt: { plant: { url = \"mqtt://broker\"; }; }; };"
#define SIGNERS                                                                                              \
    "hooks: { ci: { kind = \"verdict\"; secret = \"cred:ci\"; }; gitlab: { secret = \"cred:g\"; }; };"

static void test_events(void **state)
{
    char found[1024];

    (void)state;
    struct settings *settings = read_settings(
        BROKER SIGNERS "events: { broker = \"mqtt:plant\"; hooks = [ \"ci\" ]; };", found, sizeof(found));
    assert_non_null(settings);
    assert_string_equal(settings->events.broker, "plant");
    assert_true(settings->events.is_v5 && settings->events.client_id == NULL);
    assert_int_equal(settings->events.hooks.count, 1);
    assert_string_equal(settings->events.hooks.texts[0], "ci");
    settings_free(settings);
    settings = read_settings(
        BROKER SIGNERS
        "events: { broker = \"mqtt:plant\"; hooks = \"ci\"; version = \"3.1.1\"; client_id = \"door\"; };",
        found, sizeof(found));
    assert_non_null(settings);
    assert_false(settings->events.is_v5);
    assert_string_equal(settings->events.client_id, "door");
    settings_free(settings);
    settings = read_settings(BROKER SIGNERS, found, sizeof(found));
    assert_null(settings->events.broker);
    settings_free(settings);
}

static void test_events_that_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"events: { hooks = \"ci\"; };",
         "v.conf:1: broker is missing (which of `sources` it is, like \"mqtt:plant\")"},
        {"events: { broker = \"mqtt:plant\"; };", "v.conf:1: hooks is missing (whose messages are taken: "
                                                  "names of `hooks`, all with proof = \"standard\")"},
        {"events: {\nbroker = \"mqtt:pla\"; hooks = \"ci\"; };",
         "v.conf:2: broker: no source 'mqtt:pla' stands in `sources`"},
        {"events: { broker = \"plant\"; hooks = \"ci\"; };",
         "v.conf:1: broker: 'plant' is not like \"mqtt:plant\""},
        {"events: { broker = \"mqtt:plant\"; hooks = [ \"ci\", \"cd\", \"gitlab\" ]; };",
         "v.conf:1: events: hook 'gitlab' needs proof = \"standard\": over MQTT a message is known by what "
         "is "
         "signed with it, its id and its time\nv.conf:1: events: no hook 'cd' stands in `hooks`"},
        {"events: { broker = \"mqtt:plant\"; hooks = \"ci\"; version = \"4\"; };",
         "v.conf:1: version: '4' is not one of 5, 3.1.1; did you mean '5'?"},
    };
    char found[1024];
    char text[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        (void)snprintf(text, sizeof(text), "%s%s", BROKER SIGNERS, cases[i][0]);
        assert_null(read_settings(text, found, sizeof(found)));
        assert_string_equal(found, cases[i][1]);
    }
}

static void test_rates(void **state)
{
    char found[1024];

    (void)state;
    struct settings *settings = read_settings("mode = \"act\";", found, sizeof(found));
    assert_non_null(settings);
    assert_true(settings->token_rate.count == 2000 && settings->token_rate.span_ms == 10000);
    assert_true(settings->address_rate.count == 600 && settings->address_rate.span_ms == 10000);
    assert_int_equal(settings->address_connections, 128);
    settings_free(settings);
    settings =
        read_settings("rates: { token = \"none\"; address = \"30 requests per 1m\"; connections = 20; };",
                      found, sizeof(found));
    assert_non_null(settings);
    assert_int_equal(settings->token_rate.count, 0);
    assert_true(settings->address_rate.count == 30 && settings->address_rate.span_ms == 60000);
    assert_int_equal(settings->address_connections, 20);
    settings_free(settings);
}

static void test_archives(void **state)
{
    char found[1024];

    (void)state;
    struct settings *settings = read_settings("mode = \"act\";", found, sizeof(found));
    assert_non_null(settings);
    assert_int_equal(settings->archive_count, 3);
    assert_true(settings->archives[0].row_s == 0 && settings->archives[0].span_s == 2 * 86400);
    assert_true(settings->archives[2].row_s == 3600 && settings->archives[2].span_s == 730 * 86400);
    settings_free(settings);
    settings = read_settings("archives = [ \"exact for 31d\", \"1h for 5y\" ];", found, sizeof(found));
    assert_non_null(settings);
    assert_int_equal(settings->archive_count, 2);
    assert_true(settings->archives[0].row_s == 0 && settings->archives[0].span_s == 31 * 86400);
    assert_true(settings->archives[1].row_s == 3600 && settings->archives[1].span_s == 5 * 365 * 86400);
    settings_free(settings);
    settings = read_settings("archives = ( \"exact for 1h30m\" );", found, sizeof(found));
    assert_non_null(settings);
    assert_true(settings->archive_count == 1 && settings->archives[0].span_s == 5400);
    settings_free(settings);
}

static void test_archives_that_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"archives = \"exact for 2d\";",
         "v.conf:1: archives: takes a list [ \"exact for 2d\", \"1m for 30d\", \"1h for 2y\" ]"},
        {"archives = [ ];", "v.conf:1: archives: 1 to 4 of them"},
        {"archives = [ \"exact for 2d\", \"1m for 3d\", \"2m for 4d\", \"3m for 5d\", \"4m for 6d\" ];",
         "v.conf:1: archives: 1 to 4 of them"},
        {"archives = [\n\"1s for 2d\" ];", "v.conf:2: archives: 1s for 2d is not like \"exact for 2d\""},
        {"archives = [ 5 ];", "v.conf:1: archives: a whole number is not like \"exact for 2d\""},
        {"archives = [ \"exact for ever\" ];",
         "v.conf:1: archives: exact for ever is not like \"exact for 2d\""},
        {"archives = [ \"exact for 2d or so\" ];",
         "v.conf:1: archives: exact for 2d or so is not like \"exact for 2d\""},
        {"archives = [ \"exact for 30m\" ];",
         "v.conf:1: archives: 'exact for 30m': exact values are kept for 1h to 31d"},
        {"archives = [ \"exact for 32d\" ];",
         "v.conf:1: archives: 'exact for 32d': exact values are kept for 1h to 31d"},
        {"archives = [ \"exact for 2d\",\n\"minutes for 30d\" ];",
         "v.conf:2: archives: minutes for 30d is not like \"1m for 30d\""},
        {"archives = [ \"exact for 2d\",\n\"1500ms for 30d\" ];",
         "v.conf:2: archives: 1500ms for 30d is not like \"1m for 30d\""},
        {"archives = [ \"exact for 2d\", \"1m for 30d\",\n\"1m for 2y\" ];",
         "v.conf:2: archives: '1m for 2y': its rows must be longer than those before, and a day at most"},
        {"archives = [ \"exact for 2d\", \"2d for 30d\" ];",
         "v.conf:1: archives: '2d for 30d': its rows must be longer than those before, and a day at most"},
        {"archives = [ \"exact for 2d\",\n\"1m for 2d\" ];",
         "v.conf:2: archives: '1m for 2d': it must reach back further than the one before, and 5y at most"},
        {"archives = [ \"exact for 2d\",\n\"1m for 6y\" ];",
         "v.conf:2: archives: 1m for 6y is not like \"1m for 30d\""},
        {"archives = [ \"exact for 2d\",\n\"1s for 1y\" ];",
         "v.conf:2: archives: '1s for 1y': more than 2700000 rows"},
    };
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_settings(cases[i][0], found, sizeof(found)));
        assert_string_equal(found, cases[i][1]);
    }
}

static void test_what_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"mode = \"off\";", "v.conf:1: mode: 'off' is not one of act, record"},
        {"dta = \"x\";", "v.conf:1: unknown key 'dta'; did you mean 'data'?"},
        {"brakes: { servce = \"2 rollbacks per 6h\"; };",
         "v.conf:1: unknown key 'servce'; did you mean 'service'?"},
        {"brakes: { service = \"2 services per 6h\";\nfleet = \"4 per 5m\"; };",
         "v.conf:1: service: '2 services per 6h' is not like \"2 rollbacks per 6h\"\n"
         "v.conf:2: fleet: '4 per 5m' is not like \"4 services per 5m\""},
        {"brakes: { service = \"0 rollbacks per 6h\";\nfleet = \"1 service per 5m\"; };",
         "v.conf:1: service: rollbacks are 1 to 16\nv.conf:2: fleet: services are 2 to 16"},
        {"brakes: { service = \"17 rollbacks per 6h\";\nfleet = \"2 services per 8d\"; };",
         "v.conf:1: service: rollbacks are 1 to 16\nv.conf:2: fleet: 8d is not from 1s to 7d"},
        {"brakes: { service = \"2 rollbacks per 6h or so\";\nfleet = \"2 services per 5ms\"; };",
         "v.conf:1: service: '2 rollbacks per 6h or so' is not like \"2 rollbacks per 6h\"\n"
         "v.conf:2: fleet: 5ms is not from 1s to 7d"},
        {"brakes: { service = \"two rollbacks per 6h\";\nfleet = \"2 services per day\"; };",
         "v.conf:1: service: 'two rollbacks per 6h' is not like \"2 rollbacks per 6h\"\n"
         "v.conf:2: fleet: '2 services per day' is not like \"4 services per 5m\""},
        {"rates: { token = \"2000 per 10s\";\naddress = \"9 requests per 10s\"; };",
         "v.conf:1: token: '2000 per 10s' is not like \"2000 requests per 10s\"\n"
         "v.conf:2: address: requests are 10 to 1000000, or \"none\""},
        {"rates: { token = \"20 requests per 10ms\";\naddres = \"none\"; };",
         "v.conf:2: unknown key 'addres'; did you mean 'address'?"},
        {"rates: { token = \"20 requests per 2h\"; };", "v.conf:1: token: 2h is not from 1s to 1h"},
        {"rates: { connections = 1; };", "v.conf:1: connections: 1 is not from 2 to 1024"},
        {"iac: { };", "v.conf:1: 'iac' is not supported by this version"},
        {"reconcile = \"1ms\";", "v.conf:1: reconcile: 1ms is not from 500ms to 1m"},
        {"instance = \"a/b\";", "v.conf:1: instance: 'a/b' cannot stand in MQTT topics (no /, + or #)"},
        {"listen = 5;", "v.conf:1: listen: takes a list ( { unix = \"/path\"; }, ... )"},
        {"listen = ( { }, { unix = \"/x\"; tcp = \"127.0.0.1:1\"; },\n{ unix = \"x\"; },\n{ tcp = "
         "\"0.0.0.0:80\"; },\n{ "
         "tcp = \"localhost\"; },\n{ tls = \"0.0.0.0:80\"; },\n{ tcp = \"[::1]:80\"; cert = \"file:/x\"; "
         "},\n{ tls = "
         "\"0.0.0.0:99999\"; } );",
         "v.conf:1: a listener has one of unix, tcp and tls\n"
         "v.conf:2: unix: 'x' is no absolute path\n"
         "v.conf:3: tcp: '0.0.0.0:80' can be reached from outside; use tls there\n"
         "v.conf:4: 'localhost' is not like \"127.0.0.1:8321\"\n"
         "v.conf:5: tls needs cert and key\n"
         "v.conf:6: cert, key and client_ca belong to tls\n"
         "v.conf:7: '0.0.0.0:99999' is not like \"127.0.0.1:8321\""},
        {"sources = 5; traffic: { x = 5; };\nnotifiers: { slack = 5; };",
         "v.conf:1: sources: takes a group { KIND: { NAME: { ... }; }; }\n"
         "v.conf:1: unknown traffic driver 'x'\n"
         "v.conf:2: slack: takes a group { NAME: { ... }; }"},
        {"sources: { prometheus: { main: { };\n A: { url = \"x\"; }; }; };",
         "v.conf:1: url is missing (where it answers)\n"
         "v.conf:2: 'A' is no name: small letters, digits, - and _"},
        {"status = \"mqtt:plant\";", "v.conf:1: status: no source 'mqtt:plant' stands in `sources`"},
        {"status = \"plant\";", "v.conf:1: status: 'plant' is not like \"mqtt:plant\""},
        {"people: { a = 5; };", "v.conf:1: people: takes a list of texts, like [ \"a\", \"b\" ]"},
        {"people = 5;", "v.conf:1: people: takes a group { NAME = [ \"alice\", \"bob\" ]; }"},
        {"runner = 5;", "v.conf:1: takes a group { }, not a whole number"},
        {"runner: { sock = \"x\"; };", "v.conf:1: unknown key 'sock'; did you mean 'socket'?"},
        {"data = ", "v.conf:1: a value is missing here, but the file ends"},
        {"listen = ({},{},{},{},{},{},{},{},{});", "v.conf:1: more than 8 listeners"},
    };
    char found[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_settings(cases[i][0], found, sizeof(found)));
        assert_string_equal(found, cases[i][1]);
    }
}

static void test_secrets_are_never_shown(void **state)
{
    char found[4096];

    (void)state;
    assert_null(read_settings("sources: { mqtt: { plant: { url = \"x\"; password = \"hunter2\"; }; }; };",
                              found, sizeof(found)));
    assert_string_equal(found,
                        "v.conf:1: password: a secret is a reference, cred:NAME, file:/PATH, env:NAME or "
                        "vault:MOUNT/PATH#KEY in quotes, never the secret itself");
    assert_string_equal(report.findings[0].source, "");
    assert_null(read_settings("notifiers: { slack: { x: { url = 5; }; }; };", found, sizeof(found)));
    assert_null(read_settings("notifiers: { slack: { x: { url = \"cred:\"; }; }; };", found, sizeof(found)));
}

/* The blanks of a receiver's sentence are looked at when it is read. */
static void test_a_sentence_with_blanks(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{{service}} {{ version }} fails", ""},
        {"{{service}} {{metrc}}", "v.conf:2: unknown blank 'metrc'; did you mean 'metric'?"},
        {"{{service}} {{slot", "v.conf:2: text: {{ needs a name and }} behind it"},
    };
    char text[256];
    char found[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        (void)snprintf(text, sizeof(text),
                       "notifiers: { slack: { x: { url = \"cred:x\";\n text = \"%s\"; }; }; };",
                       cases[i].text);
        settings_free(read_settings(text, found, sizeof(found)));
        assert_string_equal(found, cases[i].expected);
    }
}

static void test_limits(void **state)
{
    char text[8192];
    char found[1024];
    struct text writer;

    (void)state;
    text_init(&writer, text, sizeof(text));
    text_add(&writer, "notifiers: { slack: {");
    for (int i = 0; i < SETTINGS_INSTANCES_MAX + 1; i++)
        text_add(&writer, "n%d: { url = \"cred:x\"; };\n", i);
    text_add(&writer, "}; };\n");
    assert_null(read_settings(text, found, sizeof(found)));
    assert_string_equal(found, "v.conf:65: more than 64 notifiers");
    text_init(&writer, text, sizeof(text));
    text_add(&writer, "people: {");
    for (int i = 0; i < SETTINGS_PEOPLE_MAX + 1; i++)
        text_add(&writer, "n%d = \"x\";\n", i);
    text_add(&writer, "};\n");
    assert_null(read_settings(text, found, sizeof(found)));
    assert_string_equal(found, "v.conf:1: more than 64 groups of people");
}

static void test_no_file(void **state)
{
    char found[256];

    (void)state;
    memset(&report, 0, sizeof(report));
    assert_null(settings_read("/nowhere/v.conf", &test_schemas, &report));
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "v.conf:0: cannot be opened: No such file or directory");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file),
        cmocka_unit_test(test_room_of_sources_that_is_refused),
        cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_controller),
        cmocka_unit_test(test_controllers_that_are_refused),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_events_that_are_refused),
        cmocka_unit_test(test_brakes),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_archives),
        cmocka_unit_test(test_archives_that_are_refused),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_secrets_are_never_shown),
        cmocka_unit_test(test_a_sentence_with_blanks),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
