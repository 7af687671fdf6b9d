/* flag_document.c - targeting taken apart and put together.
 * SPDX-License-Identifier: MIT */
#include "drivers/flag_document.h"

#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { SHARE_MAX = 10000, PERCENT = 100, WEIGHT_MAX = 2147483647 };

static cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool find_flag(const cJSON *root, const struct flag_names *names, cJSON **ret_flag, struct err *err)
{
    cJSON *flag = member(member(root, "flags"), names->flag);
    const cJSON *variants = member(flag, "variants");

    if (!cJSON_IsObject(flag))
        return err_set(err, ERR_NOT_FOUND, "there is no flag \"%s\"", names->flag);
    if (member(variants, names->on) == NULL || member(variants, names->off) == NULL)
        return err_set(err, ERR_NOT_FOUND, "flag %s has no variant \"%s\"", names->flag,
                       member(variants, names->on) == NULL ? names->on : names->off);
    *ret_flag = flag;
    return true;
}

static bool is_enabled(const cJSON *flag)
{
    const cJSON *state = member(flag, "state");

    return cJSON_IsString(state) && strcmp(state->valuestring, "ENABLED") == 0;
}

static bool is_empty(const cJSON *targeting)
{
    return targeting == NULL || cJSON_IsNull(targeting) ||
           (cJSON_IsObject(targeting) && targeting->child == NULL);
}

/* The object that holds `fractional`, or NULL. */
static cJSON *find_split(cJSON *targeting)
{
    const cJSON *branches = member(targeting, "if");
    cJSON *place = targeting;

    if (cJSON_IsArray(branches) && cJSON_GetArraySize(branches) % 2 == 1)
        place = cJSON_GetArrayItem(branches, cJSON_GetArraySize(branches) - 1);
    return cJSON_IsArray(member(place, "fractional")) ? place : NULL;
}

static bool add_weight(const cJSON *part, const struct flag_names *names, double *on, double *off)
{
    const cJSON *name = cJSON_GetArrayItem(part, 0);
    const cJSON *weight = cJSON_GetArrayItem(part, 1);
    double number = weight == NULL ? 1 : cJSON_IsNumber(weight) ? weight->valuedouble : -1;

    if (!cJSON_IsString(name) || !(number >= 0) || number > WEIGHT_MAX || cJSON_GetArraySize(part) > 2)
        return false;
    if (strcmp(name->valuestring, names->on) == 0)
        *on += number;
    else if (strcmp(name->valuestring, names->off) == 0)
        *off += number;
    else
        return false;
    return true;
}

static bool read_split(const cJSON *parts, const struct flag_names *names, uint16_t *ret_share)
{
    double on = 0;
    double off = 0;

    for (const cJSON *part = parts->child; part != NULL; part = part->next) {
        bool is_bucket = part == parts->child && !cJSON_IsArray(part);
        if (!is_bucket && (!cJSON_IsArray(part) || !add_weight(part, names, &on, &off)))
            return false;
    }
    if (!(on + off > 0))
        return false;
    *ret_share = (uint16_t)lround(on * SHARE_MAX / (on + off));
    return true;
}

static bool read_default(const cJSON *flag, const struct flag_names *names, uint16_t *ret_share)
{
    const cJSON *variant = member(flag, "defaultVariant");

    if (!cJSON_IsString(variant))
        return false;
    bool is_on = strcmp(variant->valuestring, names->on) == 0;
    *ret_share = is_on ? SHARE_MAX : 0;
    return is_on || strcmp(variant->valuestring, names->off) == 0;
}

bool flag_document_read(const cJSON *root, const struct flag_names *names, uint16_t *ret_share,
                        struct err *err)
{
    cJSON *flag = NULL;
    uint16_t share = 0;

    if (!find_flag(root, names, &flag, err))
        return false;
    cJSON *targeting = member(flag, "targeting");
    const cJSON *split = find_split(targeting);
    bool is_read = is_empty(targeting)
                       ? read_default(flag, names, &share)
                       : split != NULL && read_split(member(split, "fractional"), names, &share);
    if (!is_read)
        return err_set(err, ERR_INVALID, "flag %s is targeted otherwise than by a split of %s and %s",
                       names->flag, names->on, names->off);
    *ret_share = is_enabled(flag) ? share : 0;
    return true;
}

static cJSON *text_of(const char *name, const char *text)
{
    cJSON *object = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(object, name, text);
    return object;
}

/* The flag's key counts too, so that the first users of one flag are not those of every flag. */
static cJSON *usual_bucket(void)
{
    cJSON *bucket = cJSON_CreateObject();
    cJSON *parts = cJSON_AddArrayToObject(bucket, "cat");

    (void)cJSON_AddItemToArray(parts, text_of("var", "$flagd.flagKey"));
    (void)cJSON_AddItemToArray(parts, text_of("var", "targetingKey"));
    return bucket;
}

static cJSON *part_of(const char *variant, int weight)
{
    cJSON *part = cJSON_CreateArray();

    (void)cJSON_AddItemToArray(part, cJSON_CreateString(variant));
    (void)cJSON_AddItemToArray(part, cJSON_CreateNumber(weight));
    return part;
}

/* Whole percents have weights that add up to 100, as old readers of such files want them. `on` comes first:
 * who has it keeps it while its share grows. */
static cJSON *make_split(cJSON *bucket, const struct flag_names *names, uint16_t share)
{
    int scale = share % PERCENT == 0 ? PERCENT : 1;
    cJSON *parts = cJSON_CreateArray();

    (void)cJSON_AddItemToArray(parts, bucket);
    (void)cJSON_AddItemToArray(parts, part_of(names->on, share / scale));
    (void)cJSON_AddItemToArray(parts, part_of(names->off, (SHARE_MAX - share) / scale));
    return parts;
}

static void put(cJSON *object, const char *name, cJSON *value)
{
    if (member(object, name) != NULL)
        (void)cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
    else
        (void)cJSON_AddItemToObject(object, name, value);
}

static void put_split(cJSON *flag, const struct flag_names *names, uint16_t share)
{
    cJSON *split = find_split(member(flag, "targeting"));
    cJSON *bucket = NULL;

    if (split == NULL) {
        split = cJSON_CreateObject();
        put(flag, "targeting", split);
    }
    const cJSON *before = member(split, "fractional");
    if (before != NULL && before->child != NULL && !cJSON_IsArray(before->child))
        bucket = cJSON_Duplicate(before->child, true);
    put(split, "fractional", make_split(bucket == NULL ? usual_bucket() : bucket, names, share));
}

bool flag_document_set(cJSON *root, const struct flag_names *names, uint16_t share, struct err *err)
{
    cJSON *flag = NULL;

    if (!find_flag(root, names, &flag, err))
        return false;
    if (share > 0 && !is_enabled(flag))
        return err_set(err, ERR_INVALID, "flag %s is not ENABLED", names->flag);
    put_split(flag, names, share);
    put(flag, "defaultVariant", cJSON_CreateString(share == SHARE_MAX ? names->on : names->off));
    return true;
}
