/* rendering.c - template read, blanks filled, owner and mode decided.
 * SPDX-License-Identifier: MIT */
#include "configure/rendering.h"

#include "io/memory.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODE_USUAL = 0644, MODE_SECRET = 0600 };

static bool read_template(const struct job_file *file, struct place_content *ret_content, struct err *err)
{
    struct place_content content = {.hash = PLACE_ABSENT};
    struct place place;

    if (!place_open(file->template, &place, err))
        return err_wrap(err, "%s", file->template);
    bool is_good = place_read(&place, &content, err);
    place_close(&place);
    if (is_good && !content.is_there)
        is_good = err_set(err, ERR_NOT_FOUND, "there is no such template");
    if (is_good && strlen(content.bytes) != content.length)
        is_good = err_set(err, ERR_INVALID, "holds a NUL byte; it is no text");
    if (is_good && file->hash != NULL && strcmp(file->hash, content.hash) != 0)
        is_good =
            err_set(err, ERR_INVALID,
                    "the template changed since the rule files were read; reload them, and start again");
    if (is_good)
        *ret_content = content;
    else
        place_drop(&content);
    return is_good || err_wrap(err, "%s", file->template);
}

static bool fill(const struct form *form, size_t index, struct place_content *content, struct err *err)
{
    const char *values[FORM_BLANKS_MAX];
    struct text text;

    for (size_t i = 0; i < form->count; i++)
        values[i] = job_value(index, &form->blanks[i]);
    content->bytes = memory_take(FORM_FILLED_MAX);
    text_init(&text, content->bytes, FORM_FILLED_MAX);
    bool is_good = form_fill(form, values, &text, err);
    content->length = text.length;
    digest_sha256_hex(content->bytes, content->length, content->hash);
    return is_good;
}

static bool render(const struct job_file *file, size_t index, const char *text, bool *ret_has_secret,
                   struct place_content *content, struct err *err)
{
    struct form form;
    struct form_place place;

    if (!form_parse(text, file->kind, &form, &place, err))
        return err_wrap(err, "%s:%u:%u", file->template, place.line, place.column);
    for (size_t i = 0; i < form.count; i++)
        *ret_has_secret = *ret_has_secret || form.blanks[i].type == FORM_SECRET;
    return fill(&form, index, content, err) || err_wrap(err, "%s", file->template);
}

static bool take_owner(const struct job_file *file, struct replace_look *look, struct err *err)
{
    const struct passwd *user = file->owner == NULL ? NULL : getpwnam(file->owner);
    const struct group *group = file->group == NULL ? NULL : getgrnam(file->group);

    if (file->owner != NULL && user == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no user '%s' here", file->owner);
    if (file->group != NULL && group == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no group '%s' here", file->group);
    look->uid = user == NULL ? look->uid : user->pw_uid;
    look->gid = group == NULL ? look->gid : group->gr_gid;
    return true;
}

static bool take_look(const struct job_file *file, const struct place_content *there, bool has_secret,
                      struct place_content *content, struct err *err)
{
    mode_t usual = there->is_there ? there->look.mode : MODE_USUAL;

    content->is_there = true;
    content->look = there->is_there ? there->look : (struct replace_look){0, geteuid(), getegid()};
    content->look.mode = file->has_mode ? file->mode : has_secret ? MODE_SECRET : usual;
    return take_owner(file, &content->look, err);
}

bool rendering_make(const struct job_file *file, size_t index, const struct place_content *there,
                    struct place_content *ret_content, struct err *err)
{
    struct place_content template = {.is_there = false}, content = {.is_there = false};
    bool has_secret = false;

    if (!read_template(file, &template, err))
        return false;
    bool is_good = render(file, index, template.bytes, &has_secret, &content, err) &&
                   take_look(file, there, has_secret, &content, err);
    place_drop(&template);
    if (is_good)
        *ret_content = content;
    else
        place_drop(&content);
    return is_good;
}
