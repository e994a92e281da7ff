#ifndef GATEWAY_CONFIG_SETTING_H
#define GATEWAY_CONFIG_SETTING_H

#include "bowei/config.h"
#include <stddef.h>

/* The rows of settings.def as tables, and how one value is read into its field. */

enum section_id {

#define SECTION(id, type, where, help) SECTION_##id,
#define SETTING(section, key, type, field, min, max, fallback, unit, help, reload)
#define LIST(section, key, item, field, count, max, help, reload)
#include "gateway/config/settings.def"
#undef SECTION
#undef SETTING
#undef LIST
    SECTION_COUNT
};

enum setting_type {
    SETTING_U32,
    SETTING_I32,
    SETTING_BOOL,
    SETTING_TEXT,
    SETTING_NAME, /* [A-Za-z0-9_.-]+ */
    SETTING_IP,   /* IPv4 or IPv6 literal */
    SETTING_HOST,
    SETTING_TTY, /* absolute path */
    SETTING_BAUD,
    SETTING_TOPIC,
    SETTING_CHOICE,      /* text, one of the choices */
    SETTING_LEVEL,       /* index of the choice */
    SETTING_SECRET,      /* text that may only come from the environment */
    SETTING_SECRET_FILE, /* path; the field gets the file's first line */
    SETTING_LIST,
    SETTING_TYPE_COUNT
};

/* What a reload of the configuration does with an edit of the row. */
enum setting_reload { RELOAD_LIVE, RELOAD_RESTART, RELOAD_COUNT };

struct setting {
    enum section_id section;
    const char *key;
    enum setting_type type;
    size_t offset; /**< of the field in the section's struct */
    int64_t min, max;
    const char *fallback; /**< default; NULL = must be given, "" = not set */
    const char *unit;     /**< or the choices, separated by | */
    const char *help;
    enum section_id item; /**< SETTING_LIST: what the items are */
    size_t count_offset;  /**< SETTING_LIST */
    enum setting_reload reload;
};

struct section {
    const char *where; /**< "lines[].units[]" */
    const char *help;
    size_t size; /**< of its struct */
};

extern const struct section sections[SECTION_COUNT];

/** The section's row behind `row` (NULL: its first), NULL at the end. */
const struct setting *setting_next(enum section_id section, const struct setting *row);

/** Room for the reason why a value is refused. */
#define SETTING_WHY_MAX 160

/** Reads text (NUL-terminated, its environment names not yet replaced) into the row's field of
 * `item`. False with the reason in `why` when it does not fit; the field is untouched then. Frees
 * the former text. */
bool setting_put(const struct setting *row, void *item, const char *text,
                 char why[SETTING_WHY_MAX]);
/** Sets the field to the row's default, if it has one. False on no memory. */
bool setting_default(const struct setting *row, void *item);
/** Frees all texts and lists below `item`. */
void setting_free(enum section_id section, void *item);
/** Have both items the same in the row's field; lists item by item, in order. */
bool setting_same(const struct setting *row, const void *a, const void *b);
/** setting_same of all rows of a section. */
bool setting_items_same(enum section_id section, const void *a, const void *b);
/** Puts a copy of from's field in place of to's. False on no memory: to's field is then empty. */
bool setting_copy(const struct setting *row, void *to, const void *from) MUST_CHECK;
/** Frees a list and its items; the field is an empty list then. */
void setting_free_list(const struct setting *row, void *item);
/** Is the field of such a row an owned text? */
bool setting_is_text(enum setting_type type);
/** "1-65535 ms", "none, even or odd", ... */
void setting_range(const struct setting *row, struct strbuf *out);

static inline void *setting_field(const struct setting *row, void *item)
{
    return (char *)item + row->offset;
}

static inline const void *setting_field_of(const struct setting *row, const void *item)
{
    return (const char *)item + row->offset;
}

#endif
