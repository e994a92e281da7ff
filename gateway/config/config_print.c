/* Everything the settings table is printed as: the faults of a file, the commented template, the
 * effective configuration and the reference (docs/CONFIG.md). */
#include "bowei/config.h"
#include "gateway/config/register_maps.h"
#include "gateway/config/setting.h"
#include <inttypes.h>
#include <string.h>

void config_report_print(const struct config_report *report, struct strbuf *out)
{
    for (uint32_t i = 0; i < report->count; i++) {
        const struct config_fault *fault = &report->faults[i];

        if (fault->line == 0) {
            strbuf_printf(out, "%s: %s\n", report->file, fault->text);
            continue;
        }
        strbuf_printf(out, "%s:%u:%u: %s\n    %s\n    ", report->file, fault->line, fault->column,
                      fault->text, fault->source);
        for (uint32_t c = 0; c < fault->caret; c++) {
            strbuf_putc(out, ' ');
        }
        strbuf_puts(out, "^\n");
    }
    if (report->count == CONFIG_FAULTS_MAX) {
        strbuf_printf(out, "%s: there may be more faults than these %d\n", report->file,
                      CONFIG_FAULTS_MAX);
    }
}

/* Bytes of the key's mapping ("http." of http.port), 0 for none. */
static size_t group_len(const char *key)
{
    const char *dot = strchr(key, '.');

    return dot == NULL ? 0 : (size_t)(dot - key) + 1;
}

static void indent(struct strbuf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        strbuf_puts(out, "  ");
    }
}

/* Opens the row's mapping, `depth` deep, when the row before was not in it. Returns how much deeper
 * its rows stand. */
static unsigned open_group(const struct setting *before, const struct setting *row,
                           const char *prefix, unsigned depth, struct strbuf *out)
{
    const size_t len = group_len(row->key);

    if (len == 0) {
        return 0;
    }
    if (before == NULL || group_len(before->key) != len ||
        memcmp(before->key, row->key, len) != 0) {
        strbuf_puts(out, depth == 0 ? "\n" : "");
        strbuf_puts(out, prefix);
        indent(out, depth);
        strbuf_printf(out, "%.*s:\n", (int)len - 1, row->key);
    }
    return 1;
}

/* "name, up to ... - default x" behind the help */
static void write_about(const struct setting *row, struct strbuf *out)
{
    strbuf_printf(out, "%s (", row->help);
    setting_range(row, out);
    strbuf_puts(out, row->fallback == NULL ? "; required)" : ")");
}

static void template_rows(enum section_id section, unsigned depth, struct strbuf *out)
{
    const struct setting *before = NULL;
    bool first = true;

    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         before = row, row = setting_next(section, row)) {
        const bool nested = depth > 0;
        const bool shown = !nested && row->fallback != NULL && row->fallback[0] != '\0';
        const unsigned deeper = open_group(before, row, nested ? "#" : "", depth, out);

        if (!nested && row->type == SETTING_LIST) {
            strbuf_puts(out, "\n");
        }
        indent(out, nested ? 0 : deeper);
        strbuf_puts(out, "# ");
        write_about(row, out);
        strbuf_putc(out, '\n');
        if (!nested) {
            indent(out, deeper);
        }
        strbuf_puts(out, shown ? "" : "#");
        if (nested) {
            indent(out, depth - 1 + deeper);
            strbuf_puts(out, first ? "- " : "  ");
        }
        strbuf_printf(out, "%s:", row->key + group_len(row->key));
        if (row->fallback != NULL && row->fallback[0] != '\0') {
            strbuf_printf(out, " %s", row->fallback);
        }
        strbuf_putc(out, '\n');
        if (row->type == SETTING_LIST) {
            template_rows(row->item, depth + 1, out);
        }
        first = false;
    }
}

void config_template(struct strbuf *out)
{
    strbuf_puts(
        out,
        "# Configuration of bowei: every setting with its default. A setting that is left out has\n"
        "# its default. Check with: bowei check-config FILE\n\n");
    template_rows(SECTION_ROOT, 0, out);
}

/* Quotes what YAML would not take as it stands. */
static void show_text(const char *text, struct strbuf *out)
{
    strbuf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            strbuf_putc(out, '\\');
        }
        strbuf_putc(out, *text);
    }
    strbuf_putc(out, '"');
}

/* The n-th of "a|b|c". */
static void show_choice(const char *choices, uint32_t n, struct strbuf *out)
{
    while (n > 0 && strchr(choices, '|') != NULL) {
        choices = strchr(choices, '|') + 1;
        n--;
    }
    strbuf_add(out, choices, strcspn(choices, "|"));
}

static void show_value(const struct setting *row, const void *item, struct strbuf *out)
{
    const void *field = setting_field_of(row, item);

    switch (row->type) {
    case SETTING_U32:
    case SETTING_BAUD: strbuf_u64(out, *(const uint32_t *)field); break;
    case SETTING_I32: strbuf_i64(out, *(const int32_t *)field); break;
    case SETTING_BOOL: strbuf_puts(out, *(const bool *)field ? "true" : "false"); break;
    case SETTING_LEVEL: show_choice(row->unit, *(const uint32_t *)field, out); break;
    case SETTING_TEXT:
    case SETTING_NAME:
    case SETTING_IP:
    case SETTING_HOST:
    case SETTING_TTY:
    case SETTING_TOPIC:
    case SETTING_CHOICE: show_text(*(char *const *)field, out); break;
    case SETTING_SECRET:
    case SETTING_SECRET_FILE:
    case SETTING_LIST:
    case SETTING_TYPE_COUNT: break;
    }
}

static void show_rows(enum section_id section, const void *item, unsigned depth,
                      struct strbuf *out);

static void show_list(const struct setting *row, const void *item, unsigned depth,
                      struct strbuf *out)
{
    const char *list = *(void *const *)setting_field_of(row, item);
    const uint32_t count =
        *(const uint32_t *)(const void *)((const char *)item + row->count_offset);

    if (count == 0) {
        return;
    }
    indent(out, depth);
    strbuf_printf(out, "%s:\n", row->key);
    for (uint32_t i = 0; i < count; i++) {
        indent(out, depth);
        strbuf_puts(out, "-\n");
        show_rows(row->item, list + i * sections[row->item].size, depth + 1, out);
    }
}

static void show_rows(enum section_id section, const void *item, unsigned depth, struct strbuf *out)
{
    const struct setting *before = NULL;

    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         before = row, row = setting_next(section, row)) {
        const unsigned deeper = open_group(before, row, "", depth, out);

        if (row->type == SETTING_LIST) {
            show_list(row, item, depth, out);
            continue;
        }
        if (row->type == SETTING_SECRET_FILE ||
            (setting_is_text(row->type) && *(char *const *)setting_field_of(row, item) == NULL)) {
            continue;
        }
        indent(out, depth + deeper);
        if (row->type == SETTING_SECRET) {
            strbuf_printf(out, "# %s: set, not shown\n", row->key + group_len(row->key));
            continue;
        }
        strbuf_printf(out, "%s: ", row->key + group_len(row->key));
        show_value(row, item, out);
        strbuf_putc(out, '\n');
    }
}

void config_show(const struct config *config, struct strbuf *out)
{
    show_rows(SECTION_ROOT, config, 0, out);
}

/* | would end a table cell */
static void cell(const char *text, struct strbuf *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            strbuf_putc(out, '\\');
        }
        strbuf_putc(out, *text);
    }
}

static const char *const reload_words[RELOAD_COUNT] = {
    [RELOAD_LIVE] = "yes", [RELOAD_RESTART] = "restart"};

static void reference_section(enum section_id section, struct strbuf *out)
{
    strbuf_printf(out,
                  "\n## %s%s%s\n\n%s.\n\n| key | values | default | reload | meaning "
                  "|\n|---|---|---|---|---|\n",
                  section == SECTION_ROOT ? "The file" : "`",
                  section == SECTION_ROOT ? "" : sections[section].where,
                  section == SECTION_ROOT ? "" : "`",
                  section == SECTION_ROOT
                      ? "Keys with a dot stand in a mapping: `http.port` is `port` below `http`"
                      : sections[section].help);
    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         row = setting_next(section, row)) {
        struct strbuf range = {0};

        setting_range(row, &range);
        strbuf_putc(&range, '\0');
        strbuf_printf(out, "| `%s` | ", row->key);
        cell(range.data == NULL ? "" : range.data, out);
        strbuf_finish(&range);
        if (row->fallback == NULL) {
            strbuf_puts(out, " | required | ");
        } else if (row->fallback[0] == '\0') {
            strbuf_puts(out, " | | ");
        } else {
            strbuf_printf(out, " | `%s` | ", row->fallback);
        }
        strbuf_printf(out, "%s | ", reload_words[row->reload]);
        cell(row->help, out);
        strbuf_puts(out, " |\n");
    }
}

static void reference_maps(struct strbuf *out)
{
    size_t count = 0;
    const struct register_map *maps = register_maps(&count);

    strbuf_puts(out, "\n## Shipped register maps\n\n"
                     "| name | function | base | first | stride | channels | threshold/hysteresis "
                     "| status offset | "
                     "link code | recalibrate |\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct register_map *m = &maps[i];

        strbuf_printf(out, "| `%s` | %u | %u | %u | %u | %u | %u/%u | %d | 0x%02X | ", m->name,
                      m->function, m->base, m->first, m->stride, m->channels, m->threshold,
                      m->hysteresis, m->status_offset, m->status_link_code);
        if (m->recalibrate.function == 0) {
            strbuf_puts(out, "- |\n");
        } else {
            strbuf_printf(out, "%u: %u + %u a channel |\n", m->recalibrate.function,
                          m->recalibrate.address, m->recalibrate.stride);
        }
    }
}

static const char reference_head[] =
    "# Configuration\n\n"
    "<!-- printed by `bowei config reference`; a test compares the two -->\n\n"
    "One YAML file says how the gateway behaves. What the city has (lots, spaces, devices) is data "
    "and is\n"
    "imported: [DATA_FORMAT.md](DATA_FORMAT.md).\n\n"
    "- `bowei config template` prints a commented file with all defaults, `bowei config show` the "
    "effective\n"
    "  one, `bowei check-config FILE` all faults at once with line, column and a caret (exit 3).\n"
    "- An unknown key or a key that stands twice is a fault. A key without a value has its "
    "default.\n"
    "- `--set key=value` on the command line overrides a key of the file (not inside lists).\n"
    "- `${NAME}` in a value is replaced by that variable of the environment. Passwords never stand "
    "in the\n"
    "  file: give `password: ${NAME}` or `password_file`, a file that others may not read.\n"
    "- Numbers are decimal, or hexadecimal behind `0x`. They are in the unit of their key and may "
    "say\n"
    "  another: `period_ms: 2s`, `idle_s: 1m`, `limit_mib: 1GiB`.\n"
    "- `bowei reload`, or SIGHUP, takes an edited file over, all of it or nothing: a file with a "
    "fault changes\n"
    "  nothing. `reload` in the tables below says what an edit does: `yes`, it is in force at "
    "once, "
    "and of lines\n"
    "  and links only those whose own settings (or maps, or mappings) were edited are stopped and "
    "started anew;\n"
    "  `restart`, the reload names it as `needs a restart`, applies the rest, and it waits for the "
    "next start.\n"
    "- `bowei plan` says beforehand what the lines will do with their time and which spaces an "
    "edit "
    "affects.\n\n"
    "How a register is read: the address on the wire is `first - base + (channel - first_channel) "
    "*\n"
    "stride`. The value is masked first. Equal to `empty_value`: no sensor is there. With "
    "`threshold` 0 it\n"
    "is a state: occupied when equal to `occupied_value` (-1: any but 0). With a threshold it is "
    "raw:\n"
    "occupied at or above `threshold + hysteresis / 2`, free below `threshold - hysteresis / 2`, "
    "between\n"
    "the two as it was. `invert` swaps the result. The status register decides before the value: "
    "its\n"
    "high byte equal to `status_link_code` means that the link to the sensor is lost, a bit of\n"
    "`status_fault_mask` that it is broken. A 32-bit value takes two registers and its status "
    "stands\n"
    "`status_offset` after the first; an `f32` that is not a number is a fault.\n\n"
    "A map with an `identity` register has it read before the first value of a connection, after a "
    "failure\n"
    "and once a minute. While another device answers there, nothing it says is believed: its "
    "points "
    "are faults,\n"
    "`bowei_modbus_identity_mismatches` counts it, and the log says so once.\n\n"
    "`recalibrate` is the write by which a magnetometer learns that its space is empty. Staff ask "
    "for it (`POST\n"
    "/v1/devices/{id}/recalibrate`, `bowei devices recalibrate`); no poll ever does, and it is not "
    "repeated.\n";

void config_reference(struct strbuf *out)
{
    strbuf_puts(out, reference_head);
    for (int section = 0; section < SECTION_COUNT; section++) {
        reference_section((enum section_id)section, out);
    }
    reference_maps(out);
}
