/* The keys as rows of a text, one line each: read, checked, written. key_order.c changes them,
 * key_file.c has the file; `bowei keys` and the API write, the API reads again when it changes.
 * Secrets never touch the disk: a row holds the SHA-256 of the key's text. Anything that is not
 * exactly a row refuses the whole file, so that no half-read row lets anybody in. */
#include "bowei/keys.h"
#include "bowei/base/bytes.h"
#include "bowei/base/json_write.h"
#include "gateway/base/key_file.h"
#include "gateway/base/key_order.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA_PREFIX "# bowei keys "
#define HEAD_LINE                                                                                  \
    "# bowei keys 2: prefix, name, role, operator, sha-256, created ms, revoked, expires ms "      \
    "(0 = never), districts\n"
#define SCHEMA     2
#define FIELDS_MAX 9
#define SECRET_AT  KEY_SECRET_AT

/* Fields of a row by schema: 2 added expiry and districts. */
static const size_t fields_of[SCHEMA + 1] = {7, 7, FIELDS_MAX};

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

bool key_text_copy(char *out, size_t cap, const char *text)
{
    if (!plain_text(text, cap)) {
        return false;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core*): callers give the room */
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* Digits of a time, ms. */
static bool time_read(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= 0;
}

bool key_districts_read(const char *text, struct key_row *row)
{
    row->district_count = 0;
    while (*text != '\0') {
        const size_t len = strspn(text, "0123456789");

        if (len != KEY_DISTRICT_LEN || row->district_count == KEY_DISTRICTS_MAX ||
            (text[len] != '\0' && (text[len] != ',' || text[len + 1] == '\0'))) {
            return false;
        }
        memcpy(row->districts[row->district_count], text, len);
        row->districts[row->district_count++][len] = '\0';
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return true;
}

bool key_districts_good(const struct key_row *row)
{
    for (uint32_t i = 0; i < row->district_count; i++) {
        if (row->districts[i][0] < '1' || row->districts[i][0] > '8') {
            return false;
        }
    }
    return true;
}

bool key_operator_good(const char *code)
{
    const size_t len = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return len >= 2 && len <= 6 && code[len] == '\0';
}

void key_districts_write(const struct key_row *row, char out[KEY_DISTRICTS_TEXT])
{
    size_t n = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < row->district_count; i++) {
        if (i > 0) {
            out[n++] = ',';
        }
        memcpy(out + n, row->districts[i], KEY_DISTRICT_LEN + 1);
        n += KEY_DISTRICT_LEN;
    }
}

/* Cuts a line at its tabs; false when there are not `fields` of them. */
static bool line_cut(char *line, char *field[FIELDS_MAX], size_t fields)
{
    size_t n = 0;

    while (n < fields && line != NULL) {
        field[n++] = line;
        line = strchr(line, '\t');
        if (line != NULL) {
            *line++ = '\0';
        }
    }
    return n == fields && line == NULL;
}

static bool row_parse(char *line, long schema, struct key_row *row)
{
    char *field[FIELDS_MAX] = {NULL};

    *row = (struct key_row){.prefix = ""};
    if (!line_cut(line, field, fields_of[schema]) || strlen(field[0]) != KEY_PREFIX_LEN ||
        !key_text_copy(row->prefix, sizeof row->prefix, field[0]) ||
        !key_text_copy(row->name, sizeof row->name, field[1]) || !role_find(field[2], &row->role) ||
        !key_text_copy(row->operator_code, sizeof row->operator_code, field[3]) ||
        hex_decode(field[4], strlen(field[4]), row->digest, sizeof row->digest) !=
            (int)sizeof row->digest ||
        !time_read(field[5], &row->created_ms)) {
        return false;
    }
    row->revoked = strcmp(field[6], "1") == 0;
    if (!row->revoked && strcmp(field[6], "0") != 0) {
        return false;
    }
    return schema < 2 ||
           (time_read(field[7], &row->expires_ms) && key_districts_read(field[8], row));
}

bool key_set_append(struct key_set *set, const struct key_row *row)
{
    struct key_row *grown = realloc(set->rows, (set->count + 1) * sizeof *grown);

    if (grown == NULL) {
        return false;
    }
    set->rows = grown;
    set->rows[set->count++] = *row;
    return true;
}

/* A row, a remark, or the line that says the schema. */
static enum err line_take(char *line, long *schema, struct key_set *set)
{
    struct key_row row;

    if (strncmp(line, SCHEMA_PREFIX, sizeof SCHEMA_PREFIX - 1) == 0) {
        *schema = strtol(line + sizeof SCHEMA_PREFIX - 1, NULL, 10);
        return *schema > SCHEMA ? ERR_NEWER_SCHEMA : *schema < 1 ? ERR_CONFIG : ERR_OK;
    }
    if (*line == '\0' || *line == '#') {
        return ERR_OK;
    }
    if (!row_parse(line, *schema, &row)) {
        return ERR_CONFIG;
    }
    return key_set_append(set, &row) ? ERR_OK : ERR_NO_MEMORY;
}

/* On a fault *line is the number of the line it is in, and *schema what was read so far. */
static enum err rows_parse(char *text, struct key_set *set, unsigned *line, long *schema)
{
    *schema = 1;
    for (*line = 1; *text != '\0'; ++*line) {
        char *next = strchr(text, '\n');
        enum err e;

        if (next == NULL) {
            return ERR_CONFIG; /* torn: a whole file ends with a newline */
        }
        *next = '\0';
        e = line_take(text, schema, set);
        if (e != ERR_OK) {
            return e;
        }
        text = next + 1;
    }
    return ERR_OK;
}

void key_set_write(const struct key_set *set, struct strbuf *out)
{
    strbuf_puts(out, HEAD_LINE);
    for (size_t i = 0; i < set->count; i++) {
        const struct key_row *row = &set->rows[i];
        char hex[2 * sizeof row->digest + 1];
        char districts[KEY_DISTRICTS_TEXT];

        sodium_bin2hex(hex, sizeof hex, row->digest, sizeof row->digest);
        key_districts_write(row, districts);
        strbuf_printf(out, "%s\t%s\t%s\t%s\t%s\t%lld\t%d\t%lld\t%s\n", row->prefix, row->name,
                      role_name(row->role), row->operator_code, hex, (long long)row->created_ms,
                      row->revoked ? 1 : 0, (long long)row->expires_ms, districts);
    }
}

enum err key_set_load(const char *path, struct key_set **out)
{
    struct key_set *set;
    char *text;
    enum err e = key_file_read(path, &text);

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
        unsigned line;
        long schema;

        e = rows_parse(text, set, &line, &schema);
        free(text);
    }
    if (e != ERR_OK) {
        key_set_destroy(set);
        return e;
    }
    *out = set;
    return ERR_OK;
}

void key_set_explain(const char *path, enum err e, char *out, size_t cap)
{
    struct key_set set = {0};
    struct stat st;
    unsigned line = 0;
    long schema = 0;
    char *text = NULL;

    (void)snprintf(out, cap, "%s", err_text(e, 0));
    if (e == ERR_IO && access(path, R_OK | W_OK) != 0) {
        /* ENOENT: of the folder, a file is made */
        (void)snprintf(out, cap, "%s",
                       errno == ENOENT ? "its folder is not there" : strerror(errno));
    } else if (e == ERR_CONFIG && stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)snprintf(out, cap, "others may read it: chmod 600");
    } else if ((e == ERR_CONFIG || e == ERR_NEWER_SCHEMA) && key_file_read(path, &text) == ERR_OK &&
               text != NULL && rows_parse(text, &set, &line, &schema) == e) {
        if (e == ERR_NEWER_SCHEMA) {
            (void)snprintf(out, cap, "it has schema %ld, this program reads up to %d", schema,
                           SCHEMA);
        } else {
            (void)snprintf(out, cap, "line %u is no row of a key", line);
        }
    }
    free(text);
    free(set.rows);
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

void key_row_json(struct json_writer *w, const struct key_row *row)
{
    json_kv_str(w, "prefix", row->prefix);
    json_kv_str(w, "name", row->name);
    json_kv_str(w, "role", role_name(row->role));
    if (row->operator_code[0] != '\0') {
        json_kv_str(w, "operator", row->operator_code);
    }
    if (row->district_count > 0) {
        json_key(w, "districts");
        json_array(w);
        for (uint32_t i = 0; i < row->district_count; i++) {
            json_str(w, row->districts[i]);
        }
        json_array_end(w);
    }
    json_kv_time(w, "created_at", row->created_ms);
    if (row->expires_ms != 0) {
        json_kv_time(w, "expires_at", row->expires_ms);
    }
    json_kv_bool(w, "revoked", row->revoked);
}

bool key_row_lives(const struct key_row *row, int64_t wall_ms)
{
    return !row->revoked && (row->expires_ms == 0 || wall_ms < row->expires_ms);
}

bool key_row_covers(const struct key_row *row, const char *district)
{
    for (uint32_t i = 0; i < row->district_count; i++) {
        if (strncmp(row->districts[i], district, KEY_DISTRICT_LEN) == 0) {
            return true;
        }
    }
    return row->district_count == 0;
}

const struct key_row *key_set_check(const struct key_set *set, const char *text, size_t len,
                                    int64_t wall_ms)
{
    static const struct key_row nobody = {.prefix = ""};
    const struct key_row *row = &nobody;
    uint8_t digest[crypto_hash_sha256_BYTES];

    if (len >= KEY_TEXT_MAX || len <= SECRET_AT || memcmp(text, "bw_", 3) != 0 ||
        text[SECRET_AT - 1] != '_') {
        return NULL;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->rows[i].prefix, text + 3, KEY_PREFIX_LEN) == 0) {
            row = &set->rows[i];
        }
    }
    crypto_hash_sha256(digest, (const unsigned char *)text, len);
    if (sodium_memcmp(digest, row->digest, sizeof digest) != 0 || row == &nobody ||
        !key_row_lives(row, wall_ms)) {
        return NULL;
    }
    return row;
}
