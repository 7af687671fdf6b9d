/* permissions.c - reads the runner's file, setting by setting from a table. SPDX-License-Identifier: MIT */
#include "runner/permissions.h"

#include "base/arena.h"
#include "io/runner_protocol.h"
#include "runner/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Texts can be no longer than the file; the pointers to them are bounded by the limits. */
enum { MEMORY_SIZE = 2 * PERMISSIONS_FILE_MAX + 1024 * 1024 };

struct reading {
    const char *path;
    struct arena arena;
    struct permissions permissions;
    struct err *err;
};

static bool refuse(struct reading *reading, const config_setting_t *setting, const char *what)
{
    return err_set(reading->err, ERR_INVALID, "%s:%u: %s", reading->path, config_setting_source_line(setting),
                   what);
}

static bool read_list(struct reading *reading, config_setting_t *setting, size_t max,
                      struct permissions_texts *ret_texts)
{
    if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
        return refuse(reading, setting, "a list of texts belongs here: [ \"...\", \"...\" ]");
    size_t count = (size_t)config_setting_length(setting);
    if (count > max)
        return refuse(reading, setting, "too many entries");
    const char **items = arena_take_array(&reading->arena, count + 1, sizeof(*items));
    if (items == NULL)
        return refuse(reading, setting, "the file says too much");
    for (size_t i = 0; i < count; i++) {
        const char *text = config_setting_get_string_elem(setting, (int)i);
        if (text == NULL)
            return refuse(reading, setting, "every entry is a text in quotes");
        items[i] = arena_copy_text(&reading->arena, text);
        if (items[i] == NULL)
            return refuse(reading, setting, "the file says too much");
    }
    *ret_texts = (struct permissions_texts){items, count};
    return true;
}

static bool read_allow(struct reading *reading, config_setting_t *setting)
{
    size_t count = config_setting_is_list(setting) ? (size_t)config_setting_length(setting) : 0;
    if (!config_setting_is_list(setting) || count > PERMISSIONS_PATTERNS_MAX)
        return refuse(reading, setting,
                      "allow = ( [ \"/path/of/program\", \"argument\" ], ... ), at most 512 of them");
    struct allow_pattern *patterns = arena_take_array(&reading->arena, count + 1, sizeof(*patterns));
    if (patterns == NULL)
        return refuse(reading, setting, "the file says too much");
    for (size_t i = 0; i < count; i++) {
        config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
        struct permissions_texts texts;
        if (!read_list(reading, item, RUNNER_ARGUMENTS_MAX, &texts))
            return false;
        patterns[i] = (struct allow_pattern){texts.items, texts.count};
        if (!allow_check(&patterns[i], reading->err))
            return err_wrap(reading->err, "%s:%u", reading->path, config_setting_source_line(item));
    }
    reading->permissions.allow = (struct allow_list){patterns, count};
    return true;
}

static bool read_paths(struct reading *reading, config_setting_t *setting,
                       struct permissions_texts *ret_texts)
{
    if (!read_list(reading, setting, PERMISSIONS_LIST_MAX, ret_texts))
        return false;
    for (size_t i = 0; i < ret_texts->count; i++)
        if (ret_texts->items[i][0] != '/' || strstr(ret_texts->items[i], "/../") != NULL)
            return refuse(reading, setting, "every entry is an absolute path");
    return true;
}

static bool read_write(struct reading *reading, config_setting_t *setting)
{
    return read_paths(reading, setting, &reading->permissions.write);
}

static bool read_directories(struct reading *reading, config_setting_t *setting)
{
    return read_paths(reading, setting, &reading->permissions.directories);
}

static bool read_environment(struct reading *reading, config_setting_t *setting)
{
    struct permissions_texts *texts = &reading->permissions.environment;
    if (!read_list(reading, setting, PERMISSIONS_LIST_MAX, texts))
        return false;
    for (size_t i = 0; i < texts->count; i++)
        if (strchr(texts->items[i], '=') == NULL || strncmp(texts->items[i], "VERDICT_", 8) == 0)
            return refuse(reading, setting, "every entry is NAME=value, and no NAME begins with VERDICT_");
    return true;
}

/* A variable that changes how programs are loaded or found must not be anybody's to set. */
static bool read_secrets(struct reading *reading, config_setting_t *setting)
{
    struct permissions_texts *texts = &reading->permissions.secrets;
    if (!read_list(reading, setting, PERMISSIONS_LIST_MAX, texts))
        return false;
    for (size_t i = 0; i < texts->count; i++) {
        const char *name = texts->items[i];
        size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (length == 0 || name[length] != '\0' || (name[0] >= '0' && name[0] <= '9') ||
            strncmp(name, "VERDICT_", 8) == 0 || strncmp(name, "LD_", 3) == 0)
            return refuse(reading, setting,
                          "every entry is the name of a variable, [A-Z_][A-Z0-9_]*, and none begins with "
                          "VERDICT_ or LD_");
    }
    return true;
}

static bool read_uids(struct reading *reading, config_setting_t *setting)
{
    int count = config_setting_is_array(setting) || config_setting_is_list(setting)
                    ? config_setting_length(setting)
                    : -1;
    if (count < 0 || count > PERMISSIONS_LIST_MAX)
        return refuse(reading, setting, "uids = [ 990, ... ], at most 64 of them");
    for (int i = 0; i < count; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
        if (config_setting_type(item) != CONFIG_TYPE_INT || config_setting_get_int(item) < 0)
            return refuse(reading, item, "every entry is the number of a user");
        reading->permissions.uids[i] = (uid_t)config_setting_get_int(item);
    }
    reading->permissions.uids_count = (size_t)count;
    return true;
}

/* Numbers of system users differ from machine to machine, their names do not. */
static bool read_users(struct reading *reading, config_setting_t *setting)
{
    struct permissions *permissions = &reading->permissions;
    struct permissions_texts texts = {NULL, 0};
    if (!read_list(reading, setting, PERMISSIONS_LIST_MAX, &texts))
        return false;
    for (size_t i = 0; i < texts.count; i++) {
        const struct passwd *user = getpwnam(texts.items[i]);
        if (user == NULL)
            return refuse(reading, setting, "every entry is the name of a user of this machine");
        permissions->users[i] = user->pw_uid;
    }
    permissions->users_count = texts.count;
    return true;
}

static bool read_commands_max(struct reading *reading, config_setting_t *setting)
{
    int number = config_setting_type(setting) == CONFIG_TYPE_INT ? config_setting_get_int(setting) : 0;
    if (number < 1 || number > PERMISSIONS_COMMANDS_MAX)
        return refuse(reading, setting, "commands_max is a whole number from 1 to 64");
    reading->permissions.commands_max = (size_t)number;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct reading *reading, config_setting_t *setting);
} SETTINGS[] = {
    {"allow", read_allow},
    {"write", read_write},
    {"directories", read_directories},
    {"environment", read_environment},
    {"secrets", read_secrets},
    {"uids", read_uids},
    {"users", read_users},
    {"commands_max", read_commands_max},
};

static bool read_setting(struct reading *reading, config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    for (size_t i = 0; i < ARRAY_LENGTH(SETTINGS); i++)
        if (strcmp(SETTINGS[i].name, name) == 0)
            return SETTINGS[i].read(reading, setting);
    return refuse(reading, setting,
                  "no such setting (allow, write, directories, environment, secrets, uids, users, "
                  "commands_max)");
}

static bool has_include(const char *text)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, " \t\r\n\f\v");
        if (strncmp(line, "@include", 8) == 0)
            return true;
    }
    return false;
}

static bool read_text(struct reading *reading, const char *text)
{
    /* The owner and mode of an included file would not be checked. */
    if (has_include(text))
        return err_set(reading->err, ERR_INVALID, "%s: @include is not read here", reading->path);
    config_t config;
    config_init(&config);
    bool is_good = config_read_string(&config, text) == CONFIG_TRUE;
    if (!is_good)
        err_set(reading->err, ERR_INVALID, "%s:%d: %s", reading->path, config_error_line(&config),
                config_error_text(&config));
    config_setting_t *root = config_root_setting(&config);
    for (int i = 0; is_good && i < config_setting_length(root); i++)
        is_good = read_setting(reading, config_setting_get_elem(root, (unsigned)i));
    config_destroy(&config);
    return is_good;
}

/* The whole file as a text; the checks are of the very file that is read. */
static bool read_open_file(int fd, const char *path, char *to, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return err_set(err, ERR_FORBIDDEN, "%s is no regular file", path);
    if (!guard_check(path, &status, err))
        return false;
    size_t length = 0;
    ssize_t count = 1;
    while (count > 0 && length <= PERMISSIONS_FILE_MAX) {
        count = read(fd, to + length, PERMISSIONS_FILE_MAX + 1 - length);
        length += count > 0 ? (size_t)count : 0;
    }
    if (count < 0)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (length > PERMISSIONS_FILE_MAX)
        return err_set(err, ERR_LIMIT, "%s is larger than %d bytes", path, PERMISSIONS_FILE_MAX);
    to[length] = '\0';
    return strlen(to) == length || err_set(err, ERR_INVALID, "%s: a NUL in the file", path);
}

static bool read_file(const char *path, char *to, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    bool is_good = read_open_file(fd, path, to, err);
    close(fd);
    return is_good;
}

void permissions_init(struct permissions *permissions)
{
    *permissions = (struct permissions){.commands_max = PERMISSIONS_COMMANDS_DEFAULT};
}

bool permissions_load(const char *path, struct permissions *ret_permissions, struct err *err)
{
    struct reading reading = {.path = path, .err = err};
    permissions_init(&reading.permissions);
    char *text = malloc(PERMISSIONS_FILE_MAX + 2);
    void *memory = malloc(MEMORY_SIZE);
    bool is_good = text != NULL && memory != NULL;
    if (!is_good)
        err_set(err, ERR_LIMIT, "%s: no memory", path);
    arena_init(&reading.arena, memory, memory != NULL ? MEMORY_SIZE : 0);
    is_good = is_good && read_file(path, text, err) && read_text(&reading, text);
    free(text);
    if (!is_good) {
        free(memory);
        return false;
    }
    reading.permissions.memory = memory;
    *ret_permissions = reading.permissions;
    return true;
}

void permissions_done(struct permissions *permissions)
{
    free(permissions->memory);
    permissions_init(permissions);
}

bool permissions_names(const struct permissions *permissions, uid_t uid)
{
    for (size_t i = 0; i < permissions->uids_count; i++)
        if (permissions->uids[i] == uid)
            return true;
    for (size_t i = 0; i < permissions->users_count; i++)
        if (permissions->users[i] == uid)
            return true;
    return false;
}

bool permissions_has(const struct permissions_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}
