/* Any list for spreadsheets: the JSON that its handler wrote, and the fields of its schema for the
 * heading, so that an empty list has one, too. Lists with columns of their own (alerts, cases, the
 * audit) write them by csv_text. */
#include "api/list_csv.h"
#include "api/schema.h"
#include "bowei/base/json_read.h"
#include "bowei/csv_text.h"
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64
#define NODES_MAX   700000u /* a page of 1000 fences with 200 corners each */

struct column {
    const char *name, *sub; /* sub NULL: the member itself */
};

/* Length of a type without its '?' and brackets. */
static size_t type_len(const char *type)
{
    const size_t len = strlen(type);

    return len > 0 && type[len - 1] == '?' ? len - 1 : len;
}

/* Is the field one of the members that were asked for? */
static bool is_wanted(const char *name, member_set members)
{
    enum member member;

    return members == 0 || member_find(name, strlen(name), members, &member);
}

static size_t columns_of(const char *schema, size_t len, member_set members,
                         struct column columns[COLUMNS_MAX])
{
    size_t count;
    const struct field_row *rows = schema_fields(schema, len, &count);
    size_t n = 0;

    for (size_t i = 0; i < count && n < COLUMNS_MAX; i++) {
        const bool named = rows[i].type[0] >= 'A' && rows[i].type[0] <= 'Z';
        size_t subs = 0;
        const struct field_row *sub =
            named ? schema_fields(rows[i].type, type_len(rows[i].type), &subs) : NULL;

        if (!is_wanted(rows[i].name, members)) {
            continue;
        }
        if (sub == NULL) {
            columns[n++] = (struct column){rows[i].name, NULL};
        }
        for (size_t k = 0; sub != NULL && k < subs && n < COLUMNS_MAX; k++) {
            columns[n++] = (struct column){rows[i].name, sub[k].name};
        }
    }
    return n;
}

static size_t columns_find(enum answer answer, member_set members,
                           struct column columns[COLUMNS_MAX])
{
    const char *schema = answer_schema(answer);
    size_t count = 0;
    const struct field_row *rows =
        schema == NULL ? NULL : schema_fields(schema, strlen(schema), &count);

    for (size_t i = 0; i < count; i++) {
        const char *type = rows[i].type;

        if (strcmp(rows[i].name, "items") == 0 && type[0] == '[') {
            return columns_of(type + 1, type_len(type) - 2, members, columns);
        }
    }
    return 0;
}

static void heading_write(const struct column *columns, size_t count, struct csv_text *csv,
                          struct strbuf *out)
{
    struct strbuf line = {0};

    for (size_t i = 0; i < count; i++) {
        strbuf_printf(&line, "%s%s%s%s", i == 0 ? "" : ",", columns[i].name,
                      columns[i].sub == NULL ? "" : ".",
                      columns[i].sub == NULL ? "" : columns[i].sub);
    }
    strbuf_putc(&line, '\0');
    csv_text_begin(csv, out, 0, line.failed ? "" : line.data);
    out->failed = out->failed || line.failed;
    strbuf_finish(&line);
}

/* A page under way: its JSON, and room for the longest cell, since none is longer than its JSON. */
struct csv_page {
    struct json_doc doc;
    struct csv_text csv;
    char *cell;
    size_t cap;
};

/* Words of a list, joined; false when one is no text. */
static bool words_join(struct csv_page *page, const struct json_node *list)
{
    const struct json_node *item = json_first(&page->doc, list);
    size_t n = 0;

    page->cell[0] = '\0';
    for (uint32_t i = 0; i < list->count; i++) {
        int len;

        if (i > 0) {
            page->cell[n++] = ';';
        }
        len = json_text(&page->doc, item, page->cell + n, page->cap - n);
        if (len < 0) {
            return false;
        }
        n += (size_t)len;
        item = json_after(&page->doc, item);
    }
    return true;
}

/* What is neither number, text nor list of texts stays JSON. */
static void cell_write(struct csv_page *page, const struct json_node *value)
{
    struct csv_text *csv = &page->csv;
    const char *raw = value == NULL ? NULL : page->doc.text + value->start;

    if (value == NULL || value->kind == JSON_NULL) {
        csv_text_empty(csv, 1);
    } else if (value->kind == JSON_NUMBER) {
        csv_text_number(csv, raw, value->len);
    } else if (json_text(&page->doc, value, page->cell, page->cap) >= 0 ||
               (value->kind == JSON_ARRAY && words_join(page, value))) {
        csv_text_str(csv, page->cell);
    } else {
        memcpy(page->cell, raw, value->len);
        page->cell[value->len] = '\0';
        csv_text_str(csv, page->cell);
    }
}

static void row_write(struct csv_page *page, const struct json_node *item,
                      const struct column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct json_node *value = json_member(&page->doc, item, columns[i].name);

        cell_write(page,
                   columns[i].sub == NULL ? value : json_member(&page->doc, value, columns[i].sub));
    }
    csv_text_row_end(&page->csv);
}

static bool rows_write(struct csv_page *page, const struct json_node *items,
                       const struct column *columns, size_t count)
{
    const struct json_node *item = json_first(&page->doc, items);

    page->cap = (size_t)items->len + 1;
    page->cell = malloc(page->cap);
    for (uint32_t i = 0; i < items->count && page->cell != NULL; i++) {
        row_write(page, item, columns, count);
        item = json_after(&page->doc, item);
    }
    free(page->cell);
    return page->cell != NULL;
}

enum err list_csv_write(enum answer answer, member_set members, const char *json, size_t len,
                        struct strbuf *out)
{
    struct column columns[COLUMNS_MAX];
    const size_t count = columns_find(answer, members, columns);
    const size_t room = len / 2 + 16 < NODES_MAX ? len / 2 + 16 : NODES_MAX;
    struct json_node *nodes = calloc(room, sizeof *nodes);
    const struct json_node *items = NULL;
    struct csv_page page;
    enum err e = ERR_INTERNAL;

    if (nodes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (count > 0 && json_parse(&page.doc, json, len, nodes, (uint32_t)room) == JSON_OK) {
        items = json_member(&page.doc, nodes, "items");
    }
    if (items != NULL && items->kind == JSON_ARRAY) {
        heading_write(columns, count, &page.csv, out);
        e = rows_write(&page, items, columns, count) ? ERR_OK : ERR_NO_MEMORY;
    }
    free(nodes);
    return e;
}
