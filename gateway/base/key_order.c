/* Changes of the key file: a key is ordered, rotated or revoked. Each reads the file under its
 * lock, changes the rows and writes the whole file again, so that a crash leaves the former one. */
#include "gateway/base/key_order.h"
#include "gateway/base/key_file.h"
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES 32

/* A file under change. */
struct change {
    const char *path;
    struct key_set *set;
    int lock;
};

static enum err change_begin(const char *path, struct change *change)
{
    enum err e;

    *change = (struct change){.path = path, .lock = -1};
    if (sodium_init() < 0) {
        return ERR_INTERNAL;
    }
    change->lock = key_file_lock(path);
    if (change->lock < 0) {
        return ERR_IO;
    }
    e = key_set_load(path, &change->set);
    if (e != ERR_OK) {
        close(change->lock);
    }
    return e;
}

/* Writes the rows when e is ERR_OK; ends the change either way. */
static enum err change_end(struct change *change, enum err e)
{
    struct strbuf text = {0};

    if (e == ERR_OK) {
        key_set_write(change->set, &text);
        e = text.failed ? ERR_NO_MEMORY : key_file_write(change->path, text.data, text.len);
        strbuf_finish(&text);
    }
    key_set_destroy(change->set);
    close(change->lock);
    return e;
}

static struct key_row *row_find(const struct key_set *set, const char *prefix)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strncmp(set->rows[i].prefix, prefix, KEY_PREFIX_LEN) == 0) {
            return &set->rows[i];
        }
    }
    return NULL;
}

/* Prefix out of 31 letters and digits that read alike nowhere; secret base64url of 32 random bytes.
 */
static void key_text_make(const struct key_set *set, char out[KEY_TEXT_MAX])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789x";
    uint8_t secret[SECRET_BYTES];

    memcpy(out, "bw_", 3);
    do {
        for (size_t i = 0; i < KEY_PREFIX_LEN; i++) {
            out[3 + i] = letters[randombytes_uniform(sizeof letters - 1)];
        }
    } while (row_find(set, out + 3) != NULL);
    out[KEY_SECRET_AT - 1] = '_';
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(out + KEY_SECRET_AT, KEY_TEXT_MAX - KEY_SECRET_AT, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

static bool same_holder(const struct key_row *a, const struct key_row *b)
{
    return a->role == b->role && strcmp(a->name, b->name) == 0 &&
           strcmp(a->operator_code, b->operator_code) == 0;
}

static unsigned live_keys(const struct key_set *set, const struct key_row *holder, int64_t now_ms)
{
    unsigned live = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (same_holder(&set->rows[i], holder) && key_row_lives(&set->rows[i], now_ms)) {
            live++;
        }
    }
    return live;
}

/* Gives the row prefix and digest, and puts it into the set. */
static enum err row_issue(struct key_set *set, struct key_row *row, char out[KEY_TEXT_MAX])
{
    if (live_keys(set, row, row->created_ms) >= KEY_LIVE_MAX) {
        return ERR_CONFLICT;
    }
    key_text_make(set, out);
    memcpy(row->prefix, out + 3, KEY_PREFIX_LEN);
    row->prefix[KEY_PREFIX_LEN] = '\0';
    crypto_hash_sha256(row->digest, (const unsigned char *)out, strlen(out));
    return key_set_append(set, row) ? ERR_OK : ERR_NO_MEMORY;
}

static bool order_read(const struct key_order *order, int64_t now_ms, struct key_row *row)
{
    *row = (struct key_row){
        .role = order->role, .created_ms = now_ms, .expires_ms = order->expires_ms};
    return order->name[0] != '\0' && key_text_copy(row->name, sizeof row->name, order->name) &&
           key_text_copy(row->operator_code, sizeof row->operator_code,
                         order->operator_code == NULL ? "" : order->operator_code) &&
           key_districts_read(order->districts == NULL ? "" : order->districts, row) &&
           (order->role == ROLE_OPERATOR ? key_operator_good(row->operator_code)
                                         : row->operator_code[0] == '\0') &&
           key_districts_good(row) && (order->role == ROLE_STAFF || row->district_count == 0) &&
           order->role != ROLE_PUBLIC && (order->expires_ms == 0 || order->expires_ms > now_ms);
}

enum err key_issue(const char *path, const struct key_order *order, int64_t now_ms,
                   struct key_row *row, char out[KEY_TEXT_MAX])
{
    struct change change;
    enum err e;

    if (!order_read(order, now_ms, row)) {
        return ERR_BAD_PARAMETER;
    }
    e = change_begin(path, &change);
    if (e != ERR_OK) {
        return e;
    }
    e = change_end(&change, row_issue(change.set, row, out));
    if (e != ERR_OK) {
        sodium_memzero(out, KEY_TEXT_MAX);
    }
    return e;
}

enum err key_create(const char *path, const char *name, enum role role, const char *operator_code,
                    int64_t now_ms, char out[KEY_TEXT_MAX])
{
    const struct key_order order = {.name = name, .role = role, .operator_code = operator_code};
    struct key_row row;

    return key_issue(path, &order, now_ms, &row, out);
}

/* The holder's only live key; ERR_CONFLICT when there are two, or the name has two holders. */
static enum err rotated_find(const struct key_set *set, const char *name, int64_t now_ms,
                             struct key_row **out)
{
    *out = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->rows[i].name, name) == 0 && key_row_lives(&set->rows[i], now_ms)) {
            if (*out != NULL) {
                return ERR_CONFLICT;
            }
            *out = &set->rows[i];
        }
    }
    return *out == NULL ? ERR_NOT_FOUND : ERR_OK;
}

enum err key_rotate(const char *path, const struct key_rotation *rotation, int64_t now_ms,
                    struct key_row *row, char out[KEY_TEXT_MAX])
{
    struct change change;
    struct key_row *former = NULL;
    enum err e = change_begin(path, &change);

    if (e != ERR_OK) {
        return e;
    }
    e = rotated_find(change.set, rotation->name, now_ms, &former);
    if (e == ERR_OK && ((former->expires_ms != 0 && rotation->expires_ms == 0) ||
                        (rotation->expires_ms != 0 && rotation->expires_ms <= now_ms))) {
        e = ERR_BAD_PARAMETER;
    }
    if (e == ERR_OK) {
        const int64_t end_ms = now_ms + rotation->overlap_ms;

        *row = *former;
        row->created_ms = now_ms;
        row->expires_ms = rotation->expires_ms;
        former->expires_ms =
            former->expires_ms == 0 || end_ms < former->expires_ms ? end_ms : former->expires_ms;
        e = row_issue(change.set, row, out);
    }
    e = change_end(&change, e);
    if (e != ERR_OK) {
        sodium_memzero(out, KEY_TEXT_MAX);
    }
    return e;
}

enum err key_revoke(const char *path, const char *prefix)
{
    struct change change;
    struct key_row *row;
    enum err e;

    if (strlen(prefix) != KEY_PREFIX_LEN) {
        return ERR_NOT_FOUND;
    }
    e = change_begin(path, &change);
    if (e != ERR_OK) {
        return e;
    }
    row = row_find(change.set, prefix);
    if (row != NULL) {
        row->revoked = true;
    }
    return change_end(&change, row == NULL ? ERR_NOT_FOUND : ERR_OK);
}
