/* The key file: one line a key, written whole under a lock and renamed into place. `bowei keys`
 * writes it, the API reads it again when it changes. Secrets never touch the disk: a row holds the
 * SHA-256 of the key's text. */
#include "bowei/keys.h"
#include "bowei/base/bytes.h"
#include "bowei/base/strbuf.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_LINE     "# bowei keys 1: prefix, name, role, operator, sha-256, created ms, revoked\n"
#define SCHEMA_PREFIX "# bowei keys "
#define SCHEMA        1
#define FIELDS        7
#define FILE_MAX      (4u << 20)
#define PREFIX_LEN    8
#define SECRET_BYTES  32
#define PATH_CAP      4096
/* "bw_" + prefix + "_" */
#define SECRET_AT (3 + PREFIX_LEN + 1)

struct key_set {
    struct key_row *rows;
    size_t count;
};

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_PUBLIC] = "public",
    [ROLE_OPERATOR] = "operator",
    [ROLE_STAFF] = "staff",
    [ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? role_names[role] : "public";
}

bool role_find(const char *name, enum role *out)
{
    for (unsigned r = 0; r < ROLE_COUNT; r++) {
        if (strcmp(role_names[r], name) == 0) {
            *out = (enum role)r;
            return true;
        }
    }
    return false;
}

/* A name or operator code must not break the line format. */
static bool plain_text(const char *text, size_t cap)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return len < cap && utf8_valid(text, len);
}

static bool field_copy(char *out, size_t cap, const char *text)
{
    if (!plain_text(text, cap)) {
        return false;
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool row_parse(char *line, struct key_row *row)
{
    char *field[FIELDS];
    char *rest = line;
    char *end;
    size_t n = 0;

    while (n < FIELDS && rest != NULL) {
        field[n++] = rest;
        rest = strchr(rest, '\t');
        if (rest != NULL) {
            *rest++ = '\0';
        }
    }
    if (n != FIELDS || rest != NULL || strlen(field[0]) != PREFIX_LEN ||
        !field_copy(row->prefix, sizeof row->prefix, field[0]) ||
        !field_copy(row->name, sizeof row->name, field[1]) || !role_find(field[2], &row->role) ||
        !field_copy(row->operator_code, sizeof row->operator_code, field[3]) ||
        hex_decode(field[4], strlen(field[4]), row->digest, sizeof row->digest) !=
            (int)sizeof row->digest) {
        return false;
    }
    errno = 0;
    row->created_ms = strtoll(field[5], &end, 10);
    row->revoked = strcmp(field[6], "1") == 0;
    return errno == 0 && end != field[5] && *end == '\0' &&
           (row->revoked || strcmp(field[6], "0") == 0);
}

static enum err rows_parse(char *text, struct key_set *set)
{
    size_t cap = 0;
    char *line = text;

    while (*line != '\0') {
        char *next = strchr(line, '\n');

        if (next == NULL) {
            return ERR_CONFIG; /* torn: a whole file ends with a newline */
        }
        *next = '\0';
        if (strncmp(line, SCHEMA_PREFIX, sizeof SCHEMA_PREFIX - 1) == 0 &&
            strtol(line + sizeof SCHEMA_PREFIX - 1, NULL, 10) > SCHEMA) {
            return ERR_NEWER_SCHEMA;
        }
        if (*line != '\0' && *line != '#') {
            if (set->count == cap) {
                struct key_row *grown;

                cap = cap == 0 ? 16 : cap * 2;
                grown = realloc(set->rows, cap * sizeof *grown);
                if (grown == NULL) {
                    return ERR_NO_MEMORY;
                }
                set->rows = grown;
            }
            if (!row_parse(line, &set->rows[set->count])) {
                return ERR_CONFIG;
            }
            set->count++;
        }
        line = next + 1;
    }
    return ERR_OK;
}

/* Whole file into a NUL-terminated text; *out NULL when there is none. */
static enum err file_read(const char *path, char **out)
{
    struct stat st;
    enum err result = ERR_IO;
    char *text = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = NULL;
    if (fd < 0) {
        return errno == ENOENT ? ERR_OK : ERR_IO;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX) {
        goto undo_open;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        result = ERR_CONFIG; /* digests of keys are nobody else's business */
        goto undo_open;
    }
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL) {
        result = ERR_NO_MEMORY;
        goto undo_open;
    }
    while (len < (size_t)st.st_size) {
        ssize_t got = read(fd, text + len, (size_t)st.st_size - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            free(text);
            goto undo_open;
        }
        len += (size_t)got;
    }
    text[len] = '\0';
    *out = text;
    result = strlen(text) == len ? ERR_OK : ERR_CONFIG;
undo_open:
    close(fd);
    return result;
}

enum err key_set_load(const char *path, struct key_set **out)
{
    struct key_set *set;
    char *text;
    enum err e = file_read(path, &text);

    *out = NULL;
    if (e != ERR_OK) {
        free(text);
        return e;
    }
    set = calloc(1, sizeof *set);
    if (set == NULL) {
        free(text);
        return ERR_NO_MEMORY;
    }
    if (text != NULL) {
        e = rows_parse(text, set);
        free(text);
    }
    if (e != ERR_OK) {
        key_set_destroy(set);
        return e;
    }
    *out = set;
    return ERR_OK;
}

void key_set_destroy(struct key_set *set)
{
    if (set != NULL) {
        free(set->rows);
        free(set);
    }
}

size_t key_set_rows(const struct key_set *set, const struct key_row **rows)
{
    *rows = set->rows;
    return set->count;
}

const struct key_row *key_set_check(const struct key_set *set, const char *text, size_t len)
{
    static const struct key_row nobody = {.prefix = ""};
    const struct key_row *row = &nobody;
    uint8_t digest[crypto_hash_sha256_BYTES];

    if (len >= KEY_TEXT_MAX || len <= SECRET_AT || memcmp(text, "bw_", 3) != 0 ||
        text[SECRET_AT - 1] != '_') {
        return NULL;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->rows[i].prefix, text + 3, PREFIX_LEN) == 0) {
            row = &set->rows[i];
        }
    }
    crypto_hash_sha256(digest, (const unsigned char *)text, len);
    if (sodium_memcmp(digest, row->digest, sizeof digest) != 0 || row == &nobody || row->revoked) {
        return NULL;
    }
    return row;
}

static void rows_write(const struct key_set *set, struct strbuf *out)
{
    strbuf_puts(out, HEAD_LINE);
    for (size_t i = 0; i < set->count; i++) {
        const struct key_row *row = &set->rows[i];
        char hex[2 * sizeof row->digest + 1];

        sodium_bin2hex(hex, sizeof hex, row->digest, sizeof row->digest);
        strbuf_printf(out, "%s\t%s\t%s\t%s\t%s\t%lld\t%d\n", row->prefix, row->name,
                      role_name(row->role), row->operator_code, hex, (long long)row->created_ms,
                      row->revoked ? 1 : 0);
    }
}

static enum err fd_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
        }
        data += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

/* The rename is durable only when the folder is. */
static void folder_sync(const char *path)
{
    char folder[PATH_CAP];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    int fd;

    memcpy(folder, slash == NULL ? "." : path, len);
    folder[len] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static enum err set_save(const char *path, const struct key_set *set)
{
    struct strbuf text = {0};
    char temporary[PATH_CAP];
    enum err e = ERR_IO;
    int fd;

    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    rows_write(set, &text);
    if (text.failed) {
        e = ERR_NO_MEMORY;
        goto undo_text;
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        goto undo_text;
    }
    e = fd_write(fd, text.data, text.len);
    close(fd);
    if (e == ERR_OK && rename(temporary, path) != 0) {
        e = ERR_IO;
    }
    if (e == ERR_OK) {
        folder_sync(path);
    } else {
        (void)unlink(temporary);
    }
undo_text:
    strbuf_finish(&text);
    return e;
}

/* One writer at a time: a lock file beside the key file, which itself is replaced. */
static int file_lock(const char *path)
{
    char lock[PATH_CAP];
    int fd;

    if (strlen(path) + sizeof ".lock" > sizeof lock) {
        return -1;
    }
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool prefix_taken(const struct key_set *set, const char *prefix)
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->rows[i].prefix, prefix, PREFIX_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/* Prefix out of 32 letters and digits that read alike nowhere; secret base64url of 32 random bytes.
 */
static void key_text_make(const struct key_set *set, char out[KEY_TEXT_MAX])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789x";
    uint8_t secret[SECRET_BYTES];

    memcpy(out, "bw_", 3);
    do {
        for (size_t i = 0; i < PREFIX_LEN; i++) {
            out[3 + i] = letters[randombytes_uniform(sizeof letters - 1)];
        }
    } while (prefix_taken(set, out + 3));
    out[SECRET_AT - 1] = '_';
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(out + SECRET_AT, KEY_TEXT_MAX - SECRET_AT, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

static enum err set_append(struct key_set *set, const struct key_row *row)
{
    struct key_row *grown = realloc(set->rows, (set->count + 1) * sizeof *grown);

    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    set->rows = grown;
    set->rows[set->count++] = *row;
    return ERR_OK;
}

enum err key_create(const char *path, const char *name, enum role role, const char *operator_code,
                    int64_t now_ms, char out[KEY_TEXT_MAX])
{
    struct key_row row = {.role = role, .created_ms = now_ms};
    struct key_set *set = NULL;
    enum err e;
    int lock;

    if (sodium_init() < 0) {
        return ERR_INTERNAL;
    }
    if (name[0] == '\0' || !field_copy(row.name, sizeof row.name, name) ||
        !field_copy(row.operator_code, sizeof row.operator_code,
                    operator_code == NULL ? "" : operator_code) ||
        (role == ROLE_OPERATOR) != (row.operator_code[0] != '\0') || role == ROLE_PUBLIC) {
        return ERR_BAD_PARAMETER;
    }
    lock = file_lock(path);
    if (lock < 0) {
        return ERR_IO;
    }
    e = key_set_load(path, &set);
    if (e == ERR_OK) {
        key_text_make(set, out);
        memcpy(row.prefix, out + 3, PREFIX_LEN);
        crypto_hash_sha256(row.digest, (const unsigned char *)out, strlen(out));
        e = set_append(set, &row);
    }
    if (e == ERR_OK) {
        e = set_save(path, set);
    }
    if (e != ERR_OK) {
        sodium_memzero(out, KEY_TEXT_MAX);
    }
    key_set_destroy(set);
    close(lock);
    return e;
}

enum err key_revoke(const char *path, const char *prefix)
{
    struct key_set *set = NULL;
    enum err e;
    int lock = file_lock(path);

    if (lock < 0) {
        return ERR_IO;
    }
    e = key_set_load(path, &set);
    if (e == ERR_OK) {
        e = ERR_NOT_FOUND;
        for (size_t i = 0; i < set->count; i++) {
            if (strcmp(set->rows[i].prefix, prefix) == 0) {
                set->rows[i].revoked = true;
                e = ERR_OK;
            }
        }
    }
    if (e == ERR_OK) {
        e = set_save(path, set);
    }
    key_set_destroy(set);
    close(lock);
    return e;
}
