/* From the text of a value to its field: one reader per type of setting. Called for every scalar of
 * the file, for overrides and for defaults. */
#include "gateway/config/setting.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FILE_MAX 4096
#define SHOWN_MAX       60 /* bytes of a refused value that are repeated in the fault */

static bool refuse(char why[SETTING_WHY_MAX], const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(char why[SETTING_WHY_MAX], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, SETTING_WHY_MAX, fmt, args);
    va_end(args);
    return false;
}

/* "eighty" is not ... (range of the row) */
static bool refuse_value(const struct setting *row, const char *text, const char *what,
                         char why[SETTING_WHY_MAX])
{
    struct strbuf range = {0};

    setting_range(row, &range);
    refuse(why, "\"%.*s\" is %s (%.*s)", SHOWN_MAX, text, what, (int)range.len,
           range.data == NULL ? "" : range.data);
    strbuf_finish(&range);
    return false;
}

struct suffix {
    const char *name;
    const char *unit; /* of the setting */
    int64_t factor;
};

/* a number may say its unit when that is a whole multiple of the setting's */
static const struct suffix suffixes[] = {
    {"ms",  "ms",  1      },
    {"s",   "ms",  1000   },
    {"m",   "ms",  60000  },
    {"h",   "ms",  3600000},
    {"s",   "s",   1      },
    {"m",   "s",   60     },
    {"h",   "s",   3600   },
    {"m",   "min", 1      },
    {"h",   "min", 60     },
    {"MiB", "MiB", 1      },
    {"GiB", "MiB", 1024   },
};

static bool suffix_factor(const struct setting *row, const char *suffix, int64_t *factor)
{
    if (suffix[0] == '\0') {
        *factor = 1;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (strcmp(suffixes[i].name, suffix) == 0 && strcmp(suffixes[i].unit, row->unit) == 0) {
            *factor = suffixes[i].factor;
            return true;
        }
    }
    return false;
}

/* decimal, or hexadecimal behind 0x */
static bool put_number(const struct setting *row, const char *text, int64_t *out,
                       char why[SETTING_WHY_MAX])
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    const bool hex = digits[0] == '0' && digits[1] == 'x';
    int64_t factor = 0;
    int64_t value = 0;
    char *end = NULL;

    if (!isdigit((unsigned char)digits[0])) {
        return refuse_value(row, text, "not a number", why);
    }
    errno = 0;
    value = strtoll(text, &end, hex ? 16 : 10);
    if (!suffix_factor(row, end, &factor)) {
        return refuse_value(row, text, "not a number", why);
    }
    if (errno == ERANGE || __builtin_mul_overflow(value, factor, &value) || value < row->min ||
        value > row->max) {
        return refuse_value(row, text, "out of range", why);
    }
    *out = value;
    return true;
}

/* Index of text among "a|b|c", -1 when it is none. */
static int choice_index(const char *choices, const char *text)
{
    const size_t len = strlen(text);
    int index = 0;

    for (const char *p = choices;; index++) {
        const size_t part = strcspn(p, "|");

        if (part == len && memcmp(p, text, len) == 0) {
            return index;
        }
        if (p[part] == '\0') {
            return -1;
        }
        p += part + 1;
    }
}

static bool is_name(const char *text)
{
    return text[strspn(
               text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

static bool is_ip(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool is_host(const char *text)
{
    return is_ip(text) || (is_name(text) && text[0] != '-' && text[0] != '.');
}

/* # only as the last level, + only as a whole level; "$share/" wants a group and a filter. */
static bool is_topic(const char *text)
{
    static const char share[] = "$share/";
    const char *group =
        strncmp(text, share, sizeof share - 1) == 0 ? text + sizeof share - 1 : NULL;
    const size_t group_len = group == NULL ? 0 : strcspn(group, "/+#");

    if (group != NULL &&
        (group_len == 0 || group[group_len] != '/' || group[group_len + 1] == '\0')) {
        return false;
    }
    for (const char *p = text; *p != '\0'; p++) {
        const bool starts = p == text || p[-1] == '/';

        if ((*p == '#' && (!starts || p[1] != '\0')) ||
            (*p == '+' && (!starts || (p[1] != '\0' && p[1] != '/')))) {
            return false;
        }
    }
    return true;
}

static bool is_tty(const char *text)
{
    return text[0] == '/';
}

static bool keep_text(char **field, const char *text, char why[SETTING_WHY_MAX])
{
    char *copy = strdup(text);

    if (copy == NULL) {
        return refuse(why, "out of memory");
    }
    free(*field);
    *field = copy;
    return true;
}

static bool put_text(const struct setting *row, char **field, const char *text,
                     char why[SETTING_WHY_MAX])
{
    const int64_t len = (int64_t)strlen(text);
    bool good = true;

    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return refuse(why, "the text has a control character");
        }
    }
    if (row->type == SETTING_IP) {
        good = is_ip(text);
    } else if (row->type == SETTING_HOST) {
        good = is_host(text);
    } else if (row->type == SETTING_NAME) {
        good = is_name(text);
    } else if (row->type == SETTING_TTY) {
        good = is_tty(text);
    } else if (row->type == SETTING_TOPIC) {
        good = is_topic(text);
    } else if (row->type == SETTING_CHOICE) {
        good = choice_index(row->unit, text) >= 0;
    }
    if (row->type == SETTING_CHOICE && good) {
        return keep_text(field, text, why);
    }
    if (len < row->min) {
        return len == 0
                   ? refuse(why, "the text is empty")
                   : refuse(why, "the text has %" PRId64 " bytes, at least %" PRId64 " are needed",
                            len, row->min);
    }
    if (!good) {
        return refuse_value(row, text, "not allowed here", why);
    }
    if (len > row->max) {
        return refuse(why, "the text has %" PRId64 " bytes, %" PRId64 " are allowed", len,
                      row->max);
    }
    return keep_text(field, text, why);
}

/* Replaces each ${NAME} by the environment's value. */
static bool expand(const char *text, struct strbuf *out, char why[SETTING_WHY_MAX])
{
    char name[64];

    while (*text != '\0') {
        const char *open = strstr(text, "${");
        const char *close = open == NULL ? NULL : strchr(open, '}');
        const char *value = NULL;

        if (open == NULL) {
            strbuf_puts(out, text);
            break;
        }
        if (close == NULL || close - open - 2 <= 0 || close - open - 2 >= (long)sizeof name) {
            return refuse(why, "${ without a name and } behind it");
        }
        snprintf(name, sizeof name, "%.*s", (int)(close - open - 2), open + 2);
        value = getenv(name);
        if (value == NULL) {
            return refuse(why, "the environment has no %s", name);
        }
        strbuf_add(out, text, (size_t)(open - text));
        strbuf_puts(out, value);
        text = close + 1;
    }
    strbuf_putc(out, '\0');
    return !out->failed || refuse(why, "out of memory");
}

/* The first line of a file that others may not read. */
static bool read_secret(const char *path, char **field, char why[SETTING_WHY_MAX])
{
    char text[SECRET_FILE_MAX + 1];
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;

    if (fd < 0) {
        return refuse(why, "cannot open \"%.*s\": %s", SHOWN_MAX, path, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return refuse(why, "\"%.*s\" is not a file", SHOWN_MAX, path);
    }
    if ((info.st_mode & S_IRWXO) != 0) {
        close(fd);
        return refuse(why, "\"%.*s\" may be read by everybody: chmod 600", SHOWN_MAX, path);
    }
    got = read(fd, text, SECRET_FILE_MAX);
    close(fd);
    if (got < 0) {
        return refuse(why, "cannot read \"%.*s\"", SHOWN_MAX, path);
    }
    text[got] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0') {
        return refuse(why, "\"%.*s\" is empty", SHOWN_MAX, path);
    }
    return keep_text(field, text, why);
}

static bool is_whole_name(const char *text)
{
    const size_t len = strlen(text);

    return len > 3 && strncmp(text, "${", 2) == 0 && strchr(text, '}') == text + len - 1;
}

static bool put_baud(const struct setting *row, const char *text, uint32_t *field,
                     char why[SETTING_WHY_MAX])
{
    static const int64_t speeds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    int64_t value = 0;

    if (!put_number(row, text, &value, why)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++) {
        if (speeds[i] == value) {
            *field = (uint32_t)value;
            return true;
        }
    }
    return refuse_value(row, text, "out of range", why);
}

static bool put_bool(const struct setting *row, const char *text, bool *field,
                     char why[SETTING_WHY_MAX])
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return refuse_value(row, text, "neither", why);
    }
    *field = text[0] == 't';
    return true;
}

/* text has its environment names replaced */
static bool put_expanded(const struct setting *row, void *field, const char *text,
                         char why[SETTING_WHY_MAX])
{
    int64_t number = 0;

    switch (row->type) {
    case SETTING_U32:
        if (!put_number(row, text, &number, why)) {
            return false;
        }
        *(uint32_t *)field = (uint32_t)number;
        return true;
    case SETTING_I32:
        if (!put_number(row, text, &number, why)) {
            return false;
        }
        *(int32_t *)field = (int32_t)number;
        return true;
    case SETTING_BOOL: return put_bool(row, text, field, why);
    case SETTING_BAUD: return put_baud(row, text, field, why);
    case SETTING_LEVEL:
        if (choice_index(row->unit, text) < 0) {
            return refuse_value(row, text, "not allowed here", why);
        }
        *(uint32_t *)field = (uint32_t)choice_index(row->unit, text);
        return true;
    case SETTING_SECRET_FILE: return read_secret(text, field, why);
    case SETTING_TEXT:
    case SETTING_NAME:
    case SETTING_IP:
    case SETTING_HOST:
    case SETTING_TTY:
    case SETTING_TOPIC:
    case SETTING_CHOICE:
    case SETTING_SECRET: return put_text(row, field, text, why);
    case SETTING_LIST:
    case SETTING_TYPE_COUNT: break;
    }
    return refuse(why, "a list is set in the file only");
}

bool setting_put(const struct setting *row, void *item, const char *text, char why[SETTING_WHY_MAX])
{
    struct strbuf expanded = {0};
    bool good = false;

    if (row->type == SETTING_SECRET && !is_whole_name(text)) {
        /* the value is not repeated: it may be the secret itself */
        return refuse(why, "a secret does not stand in the file: use ${NAME} or %s_file", row->key);
    }
    good = expand(text, &expanded, why) && expanded.data != NULL &&
           put_expanded(row, setting_field(row, item), expanded.data, why);
    strbuf_finish(&expanded);
    return good;
}
