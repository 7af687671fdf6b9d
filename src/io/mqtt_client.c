/* mqtt_client.c - keeps one connection to a broker: connects in a worker, polls on the loop, comes again.
 * SPDX-License-Identifier: MIT */
#include "io/mqtt_client.h"

#include "base/text.h"
#include "io/linger.h"
#include "io/memory.h"
#include "io/mqtt_settings.h"
#include "io/mqtt_state.h"
#include "io/reach.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    TICK_MS = 500,
    BACKOFF_DOUBLINGS_MAX = 16,
    REACH_MS = MQTT_CLIENT_CONNECT_MS / 2,
    STEADY_MS = 10 * 1000 /* a connection that held so long begins the backoff anew */
};

static const char system_authorities[] = "/etc/ssl/certs";

static void attempt_free(struct mqtt_attempt *attempt)
{
    mosquitto_destroy(attempt->library);
    free(attempt->host);
    free(attempt);
}

static bool library_failed(struct err *err, const char *what, int code)
{
    enum err_code kind = code == MOSQ_ERR_ERRNO ? ERR_IO : ERR_INVALID;

    return err_set(err, kind, "%s: %s", what,
                   code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
}

static bool set_identity(struct mosquitto *library, const struct mqtt_client_settings *settings,
                         struct err *err)
{
    int version = settings->is_v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    int code = mosquitto_int_option(library, MOSQ_OPT_PROTOCOL_VERSION, version);

    (void)mosquitto_int_option(library, MOSQ_OPT_TCP_NODELAY, 1);
    if (code == MOSQ_ERR_SUCCESS && settings->username != NULL)
        code = mosquitto_username_pw_set(library, settings->username, settings->password);
    if (code != MOSQ_ERR_SUCCESS)
        return library_failed(err, "username", code);
    if (settings->will_topic == NULL)
        return true;
    const char *payload = settings->will_payload != NULL ? settings->will_payload : "";
    code = mosquitto_will_set(library, settings->will_topic, (int)strlen(payload), payload, 1,
                              settings->will_is_retained);
    return code == MOSQ_ERR_SUCCESS || library_failed(err, "will", code);
}

static bool set_tls(struct mosquitto *library, const struct mqtt_client_settings *settings, struct err *err)
{
    const char *folder = settings->ca_file == NULL ? system_authorities : NULL;

    errno = 0;
    int code = mosquitto_tls_set(library, settings->ca_file, folder, settings->certificate_file,
                                 settings->key_file, NULL);
    if (code == MOSQ_ERR_INVAL && errno != 0)
        code = MOSQ_ERR_ERRNO; /* a file that it could not open */
    return code == MOSQ_ERR_SUCCESS || library_failed(err, "certificates", code);
}

static struct mqtt_attempt *attempt_new(struct mqtt_client *client, struct err *err)
{
    struct mqtt_attempt *attempt = memory_take(sizeof(*attempt));

    attempt->client = client;
    attempt->host = memory_copy_text(client->url.host);
    attempt->port = client->url.port;
    attempt->keepalive_s = client->settings.keepalive_s;
    attempt->session_s = client->settings.is_v5 && client->settings.keeps_session ? MQTT_CLIENT_SESSION_S : 0;
    attempt->library = mosquitto_new(client->settings.client_id, !client->settings.keeps_session, attempt);
    if (attempt->library == NULL)
        (void)library_failed(err, "client_id", errno == ENOMEM ? MOSQ_ERR_NOMEM : MOSQ_ERR_INVAL);
    if (attempt->library == NULL || !set_identity(attempt->library, &client->settings, err) ||
        (client->url.is_tls && !set_tls(attempt->library, &client->settings, err))) {
        attempt_free(attempt);
        return NULL;
    }
    return attempt;
}

/* Uniform in the upper half: clients of one broker do not come back in step. */
static int64_t backoff_ms(const struct mqtt_client *client)
{
    const struct mqtt_client_settings *settings = &client->settings;
    unsigned doublings = client->failures < BACKOFF_DOUBLINGS_MAX ? client->failures : BACKOFF_DOUBLINGS_MAX;
    int64_t longest_ms = settings->backoff_min_ms << doublings;
    uint32_t random = 0;

    if (longest_ms > settings->backoff_max_ms)
        longest_ms = settings->backoff_max_ms;
    (void)!getrandom(&random, sizeof(random), 0);
    return longest_ms / 2 + (int64_t)random % (longest_ms / 2 + 1);
}

static void stop_polling(struct mqtt_client *client)
{
    loop_poll_stop(client->poll);
    client->poll = NULL;
    client->is_gathering = false;
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
}

/* Never inside a library callback: the handle goes. */
static void go_down(struct mqtt_client *client, const char *reason)
{
    char text[MQTT_REASON_MAX];
    struct mqtt_attempt *attempt = client->attempt;
    bool was_steady = client->state == MQTT_UP && loop_now_ms() - client->since_ms >= STEADY_MS;

    (void)!text_copy(text, sizeof(text), attempt->reason[0] != '\0' ? attempt->reason : reason);
    stop_polling(client);
    client->attempt = NULL;
    client->state = MQTT_RESTING;
    attempt_free(attempt);
    client->failures = was_steady ? 0 : client->failures;
    loop_timer_move(client->retry, backoff_ms(client));
    client->failures++;
    mqtt_traffic_tell_done(client, true);
    if (!client->is_freed && client->callbacks.on_down != NULL)
        client->callbacks.on_down(client->data, text);
}

static void note_connected(struct mosquitto *library, void *data, int code)
{
    struct mqtt_attempt *attempt = data;
    struct mqtt_client *client = attempt->client;

    (void)library;
    if (client == NULL || client->is_freed)
        return;
    if (code != 0) {
        const char *why =
            client->settings.is_v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code);
        (void)!text_copy(attempt->reason, sizeof(attempt->reason), why);
        return;
    }
    client->state = MQTT_UP;
    client->since_ms = loop_now_ms();
    client->counts.connections++;
    mqtt_traffic_subscribe_all(client);
    if (client->callbacks.on_up != NULL)
        client->callbacks.on_up(client->data);
}

/* The first reason is the cause; the library closes the socket when this returns. */
static void note_disconnected(struct mosquitto *library, void *data, int code)
{
    struct mqtt_attempt *attempt = data;
    const char *why = code == MOSQ_ERR_SUCCESS ? "the broker closed the connection"
                      : code == MOSQ_ERR_ERRNO ? strerror(errno)
                                               : mosquitto_strerror(code);

    (void)library;
    if (attempt->reason[0] == '\0')
        (void)!text_copy(attempt->reason, sizeof(attempt->reason), why);
}

/* After every library call: is the socket still there, is there something to write? */
static void settle(struct mqtt_client *client, int code)
{
    if (client->is_freed || client->attempt == NULL || client->state == MQTT_CONNECTING)
        return;
    if (mosquitto_socket(client->attempt->library) < 0) {
        go_down(client, code != MOSQ_ERR_SUCCESS ? mosquitto_strerror(code) : "the connection is lost");
        return;
    }
    bool is_reading = !client->is_deaf && !client->is_gathering;
    bool wants_write = mosquitto_want_write(client->attempt->library);
    unsigned events = (is_reading ? LOOP_READABLE : 0) | (wants_write ? LOOP_WRITABLE : 0);
    if (events != client->watched)
        loop_poll_change(client->poll, events);
    client->watched = events;
}

static void settle_now(void *data)
{
    struct mqtt_client *client = data;

    client->is_settling = false;
    settle(client, MOSQ_ERR_SUCCESS);
    mqtt_traffic_tell_done(client, false);
}

void mqtt_client_settle_soon(struct mqtt_client *client)
{
    if (!client->is_settling && !client->is_freed)
        loop_defer(client->loop, settle_now, client);
    client->is_settling = true;
}

static void take_gathered(void *data)
{
    struct mqtt_client *client = data;

    if (!client->is_gathering)
        return;
    client->is_gathering = false;
    settle(client, client->is_deaf ? MOSQ_ERR_SUCCESS : mqtt_traffic_read(client));
}

static void work_on_socket(void *data, unsigned events)
{
    struct mqtt_client *client = data;
    int code = MOSQ_ERR_SUCCESS;

    if ((events & LOOP_WRITABLE) != 0)
        code = mosquitto_loop_write(client->attempt->library, 1);
    if (code == MOSQ_ERR_SUCCESS && !client->is_deaf && (events & (LOOP_READABLE | LOOP_FAILED)) != 0)
        code = mqtt_traffic_read(client);
    if ((events & LOOP_FAILED) != 0 && !client->is_freed && mosquitto_socket(client->attempt->library) >= 0)
        go_down(client, "the connection failed");
    settle(client, code);
}

/* Only the library's blocking call says for how long a broker of version 5 keeps the session. */
static int connect_for_session(struct mqtt_attempt *attempt)
{
    mosquitto_property *properties = NULL;
    int code =
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, attempt->session_s);

    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_connect_bind_v5(attempt->library, attempt->host, attempt->port, attempt->keepalive_s,
                                         NULL, properties);
    mosquitto_property_free_all(&properties);
    return code;
}

/* The worker's part: looking up the name blocks; connecting itself does not, or to where something was found
 * to listen just now. */
static void connect_in_worker(void *data)
{
    struct mqtt_attempt *attempt = data;

    attempt->code = attempt->session_s > 0 ? connect_for_session(attempt)
                                           : mosquitto_connect_async(attempt->library, attempt->host,
                                                                     attempt->port, attempt->keepalive_s);
    if (attempt->code == MOSQ_ERR_ERRNO)
        (void)!text_copy(attempt->reason, sizeof(attempt->reason), strerror(errno));
}

static bool start_polling(struct mqtt_client *client, struct err *err)
{
    int fd = mosquitto_socket(client->attempt->library);

    client->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (client->fd < 0)
        return err_set(err, ERR_IO, "no socket");
    client->watched = LOOP_READABLE | LOOP_WRITABLE;
    return loop_poll_start(client->loop, client->fd, client->watched, work_on_socket, client, &client->poll,
                           err);
}

static void note_attempted(void *data)
{
    struct mqtt_attempt *attempt = data;
    struct mqtt_client *client = attempt->client;
    struct err err = {0};

    if (client == NULL) {
        attempt_free(attempt);
        return;
    }
    client->state = MQTT_GREETING;
    if (attempt->code != MOSQ_ERR_SUCCESS)
        go_down(client, mosquitto_strerror(attempt->code));
    else if (!start_polling(client, &err))
        go_down(client, err.text);
}

static void hand_to_worker(struct mqtt_client *client)
{
    struct err err = {0};

    if (!loop_work(client->loop, connect_in_worker, note_attempted, client->attempt, &err))
        go_down(client, err.text);
}

static void note_reached(void *data, const struct reach_answer *answer)
{
    struct mqtt_client *client = data;

    client->reach = NULL;
    if (answer->is_reached)
        hand_to_worker(client);
    else
        go_down(client, answer->err.text);
}

/* So that no worker waits for a host that never answers. */
static void look_before(struct mqtt_client *client)
{
    const char *form = strchr(client->url.host, ':') != NULL ? "[%s]:%d" : "%s:%d";
    char place[REACH_HOST_MAX + REACH_PORT_MAX];

    (void)snprintf(place, sizeof(place), form, client->url.host, client->url.port);
    client->reach = reach_start(client->loop, place, false, REACH_MS, note_reached, client);
}

static void attempt_start(void *data)
{
    struct mqtt_client *client = data;
    struct err err = {0};

    if (client->settings.waits_for_password)
        return;
    client->counts.attempts++;
    client->since_ms = loop_now_ms();
    client->attempt = attempt_new(client, &err);
    if (client->attempt != NULL) {
        struct mosquitto *library = client->attempt->library;
        mosquitto_connect_callback_set(library, note_connected);
        mosquitto_disconnect_callback_set(library, note_disconnected);
        mqtt_traffic_attach(library);
        client->state = MQTT_CONNECTING;
        if (client->attempt->session_s > 0)
            look_before(client);
        else
            hand_to_worker(client);
        return;
    }
    /* The certificate files changed since they were checked. */
    loop_timer_move(client->retry, backoff_ms(client));
    client->failures++;
    if (client->callbacks.on_down != NULL)
        client->callbacks.on_down(client->data, err.text);
}

static void look_around(void *data)
{
    struct mqtt_client *client = data;

    if (client->attempt == NULL || client->state == MQTT_CONNECTING)
        return;
    if (client->state == MQTT_GREETING && loop_now_ms() - client->since_ms > MQTT_CLIENT_CONNECT_MS) {
        go_down(client, "the broker does not answer");
        return;
    }
    settle(client, mosquitto_loop_misc(client->attempt->library));
}

static void destroy(void *data)
{
    struct mqtt_client *client = data;

    if (client->attempt != NULL) {
        /* Never inside a callback: the library would queue its good-bye, and close before it is sent. */
        if (client->state == MQTT_UP)
            (void)mosquitto_disconnect(client->attempt->library);
        attempt_free(client->attempt);
    }
    /* Messages may still come: a reset would let the broker publish the Will. */
    if (client->fd >= 0)
        linger_close(client->loop, client->fd);
    mqtt_traffic_free(client);
    mqtt_settings_free(&client->settings);
    free(client);
}

bool mqtt_client_new(struct loop *loop, const struct mqtt_client_settings *settings,
                     const struct mqtt_client_callbacks *callbacks, void *data,
                     struct mqtt_client **ret_client, struct err *err)
{
    struct mqtt_client *client = memory_take(sizeof(*client));

    /* Never cleaned up: that would unload OpenSSL's modules while libcurl uses them. */
    (void)mosquitto_lib_init();
    client->loop = loop;
    client->callbacks = *callbacks;
    client->data = data;
    client->fd = -1;
    mqtt_settings_copy(&client->settings, settings);
    bool is_good = mqtt_settings_check(settings, err) && mqtt_url_parse(settings->url, &client->url, err);
    /* An attempt that is thrown away shows whether the library takes the settings. */
    struct mqtt_attempt *trial = is_good ? attempt_new(client, err) : NULL;
    if (trial == NULL) {
        destroy(client);
        return false;
    }
    attempt_free(trial);
    client->retry = loop_timer_start(loop, 0, 0, attempt_start, client);
    client->tick = loop_timer_start(loop, TICK_MS, TICK_MS, look_around, client);
    client->gather = loop_timer_start(loop, 0, 0, take_gathered, client);
    *ret_client = client;
    return true;
}

void mqtt_client_set_password(struct mqtt_client *client, const char *password)
{
    struct mqtt_client_settings *settings = &client->settings;

    mqtt_settings_wipe_password(settings);
    free((char *)(uintptr_t)settings->password);
    settings->password = memory_copy_text(password);
    if (settings->waits_for_password)
        loop_timer_move(client->retry, 0);
    settings->waits_for_password = false;
}

void mqtt_client_free(struct mqtt_client *client)
{
    assert(!client->is_freed);
    client->is_freed = true;
    loop_timer_stop(client->retry);
    loop_timer_stop(client->tick);
    loop_timer_stop(client->gather);
    loop_defer_cancel(client->loop, settle_now, client);
    mqtt_traffic_tell_done(client, true);
    loop_poll_stop(client->poll);
    if (client->reach != NULL) {
        reach_cancel(client->reach);
        client->reach = NULL;
    } else if (client->state == MQTT_CONNECTING) {
        client->attempt->client = NULL; /* the worker still has it */
        client->attempt = NULL;
    }
    /* In a turn this may be a callback of the library, which must have returned before the handle goes. After
     * the last one nothing that is deferred would come to pass, our good-bye neither. */
    if (loop_is_turning(client->loop))
        loop_defer(client->loop, destroy, client);
    else
        destroy(client);
}

void mqtt_client_stop_reading(struct mqtt_client *client)
{
    client->is_deaf = true;
    mqtt_client_settle_soon(client);
}

bool mqtt_client_is_up(const struct mqtt_client *client)
{
    return client->state == MQTT_UP;
}

struct mqtt_client_counts mqtt_client_counts(const struct mqtt_client *client)
{
    return client->counts;
}
