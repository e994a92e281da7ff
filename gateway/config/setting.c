/* The tables of settings.def, and everything that is done to a row whatever it is called: defaults,
 * freeing, the wording of its range, the nearest name to a mistyped one. Reading a value:
 * setting_value.c. */
#include "gateway/config/setting.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRUCT_ROOT         struct config
#define STRUCT_LINE         struct line_config
#define STRUCT_UNIT         struct unit_config
#define STRUCT_LINK         struct link_config
#define STRUCT_PUSH         struct push_config
#define STRUCT_SUBSCRIPTION struct subscription_config
#define STRUCT_MAP          struct register_map
#define STRUCT_MAPPING      struct mapping
#define STRUCT_TEMPLATE     struct webhook_template

const struct section sections[SECTION_COUNT] = {
#define SECTION(id, type, place, text)                                                             \
    [SECTION_##id] = {.where = (place), .help = (text), .size = sizeof(type)},
#define SETTING(section, key, type, field, min, max, fallback, unit, help, reload)
#define LIST(section, key, item, field, count, max, help, reload)
#include "gateway/config/settings.def"
#undef SECTION
#undef SETTING
#undef LIST
};

static const struct setting rows[] = {
#define SECTION(id, type, where, help)
#define SETTING(where, name, kind, field, low, high, normal, measure, text, when)                  \
    {.section = SECTION_##where,                                                                   \
     .key = (name),                                                                                \
     .type = (kind),                                                                               \
     .offset = offsetof(STRUCT_##where, field),                                                    \
     .min = (low),                                                                                 \
     .max = (high),                                                                                \
     .fallback = (normal),                                                                         \
     .unit = (measure),                                                                            \
     .help = (text),                                                                               \
     .reload = RELOAD_##when},
#define LIST(where, name, of, field, number, high, text, when)                                     \
    {.section = SECTION_##where,                                                                   \
     .key = (name),                                                                                \
     .type = SETTING_LIST,                                                                         \
     .offset = offsetof(STRUCT_##where, field),                                                    \
     .max = (high),                                                                                \
     .fallback = "",                                                                               \
     .unit = "",                                                                                   \
     .help = (text),                                                                               \
     .item = SECTION_##of,                                                                         \
     .count_offset = offsetof(STRUCT_##where, number),                                             \
     .reload = RELOAD_##when},
#include "gateway/config/settings.def"
#undef SECTION
#undef SETTING
#undef LIST
};

const struct setting *setting_next(enum section_id section, const struct setting *row)
{
    for (size_t i = row == NULL ? 0 : (size_t)(row - rows) + 1; i < ARRAY_LEN(rows); i++) {
        if (rows[i].section == section) {
            return &rows[i];
        }
    }
    return NULL;
}

bool setting_default(const struct setting *row, void *item)
{
    char why[SETTING_WHY_MAX];

    if (row->fallback == NULL || row->fallback[0] == '\0') {
        return true;
    }
    return setting_put(row, item, row->fallback, why);
}

void setting_free_list(const struct setting *row, void *item)
{
    void **list = setting_field(row, item);
    uint32_t *count = (uint32_t *)(void *)((char *)item + row->count_offset);

    for (uint32_t i = 0; i < *count; i++) {
        setting_free(row->item, (char *)*list + i * sections[row->item].size);
    }
    free(*list);
    *list = NULL;
    *count = 0;
}

bool setting_is_text(enum setting_type type)
{
    switch (type) {
    case SETTING_TEXT:
    case SETTING_NAME:
    case SETTING_IP:
    case SETTING_HOST:
    case SETTING_TTY:
    case SETTING_TOPIC:
    case SETTING_CHOICE:
    case SETTING_SECRET:
    case SETTING_SECRET_FILE: return true;
    case SETTING_U32:
    case SETTING_I32:
    case SETTING_BOOL:
    case SETTING_BAUD:
    case SETTING_LEVEL:
    case SETTING_LIST:
    case SETTING_TYPE_COUNT: break;
    }
    return false;
}

void setting_free(enum section_id section, void *item)
{
    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         row = setting_next(section, row)) {
        if (row->type == SETTING_LIST) {
            setting_free_list(row, item);
        } else if (setting_is_text(row->type)) {
            char **text = setting_field(row, item);

            free(*text);
            *text = NULL; /* two rows may fill one field (password, password_file) */
        }
    }
}

/* "none|even|odd" -> "none, even or odd" */
static void write_choices(const char *choices, struct strbuf *out)
{
    const char *last = strrchr(choices, '|');

    for (const char *p = choices; *p != '\0'; p++) {
        if (*p != '|') {
            strbuf_putc(out, *p);
        } else {
            strbuf_puts(out, p == last ? " or " : ", ");
        }
    }
}

void setting_range(const struct setting *row, struct strbuf *out)
{
    switch (row->type) {
    case SETTING_U32:
    case SETTING_I32:
        strbuf_printf(out, "%" PRId64 "-%" PRId64 "%s%s", row->min, row->max,
                      row->unit[0] != '\0' ? " " : "", row->unit);
        break;
    case SETTING_BOOL: strbuf_puts(out, "true or false"); break;
    case SETTING_CHOICE:
    case SETTING_LEVEL: write_choices(row->unit, out); break;
    case SETTING_BAUD:
        strbuf_puts(out, "1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200 bit/s");
        break;
    case SETTING_NAME:
        strbuf_printf(out, "name, up to %" PRId64 " of letters, digits, _ . -", row->max);
        break;
    case SETTING_IP: strbuf_puts(out, "IP address"); break;
    case SETTING_HOST: strbuf_puts(out, "host name or IP address"); break;
    case SETTING_TTY: strbuf_puts(out, "absolute path"); break;
    case SETTING_TOPIC: strbuf_puts(out, "MQTT topic filter"); break;
    case SETTING_SECRET: strbuf_puts(out, "${NAME} of the environment"); break;
    case SETTING_SECRET_FILE: strbuf_puts(out, "path"); break;
    case SETTING_TEXT: strbuf_printf(out, "text, up to %" PRId64 " bytes", row->max); break;
    case SETTING_LIST: strbuf_printf(out, "list, up to %" PRId64, row->max); break;
    case SETTING_TYPE_COUNT: break;
    }
}
