/* An answer of the REST interface as a table for people: the columns a command names, a row an
 * item. */
#include "gateway/cli/rest_table.h"
#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 200000 /* 1 000 spaces of about 60 nodes, and some */
#define TEXT_MAX  256

/* The member that a column names, `due.next` that of a member; NULL for none. */
static const struct json_node *member_of(const struct json_doc *doc, const struct json_node *object,
                                         const char *column)
{
    const char *dot = strchr(column, '.');
    char outer[32];

    if (dot == NULL) {
        return json_member(doc, object, column);
    }
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - column), column);
    object = json_member(doc, object, outer);
    return object == NULL || object->kind != JSON_OBJECT ? NULL : json_member(doc, object, dot + 1);
}

/* A column's value as text; "-" for none. */
static void cell(const struct json_doc *doc, const struct json_node *object, const char *column,
                 char out[TEXT_MAX])
{
    const struct json_node *value = member_of(doc, object, column);

    if (value == NULL || value->kind == JSON_NULL) {
        snprintf(out, TEXT_MAX, "-");
    } else if (value->kind == JSON_OBJECT && json_member(doc, value, "zh-CN") != NULL) {
        (void)json_text(doc, json_member(doc, value, "zh-CN"), out, TEXT_MAX);
    } else if (json_text(doc, value, out, TEXT_MAX) < 0) {
        snprintf(out, TEXT_MAX, "%.*s",
                 (int)(value->len < TEXT_MAX - 1 ? value->len : TEXT_MAX - 1),
                 doc->text + value->start);
    }
    text_tidy(out); /* it goes to a terminal */
}

static void add_row(const struct json_doc *doc, const struct json_node *object,
                    const char *const *columns, struct table *table)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < table->columns && columns[i] != NULL; i++) {
        cell(doc, object, columns[i], text);
        table_cell(table, text);
    }
}

/* A row an entry; of groups (an entry with `items` of its own) a row an item. */
static void add_rows(const struct json_doc *doc, const struct json_node *list,
                     const char *const *columns, struct table *table)
{
    const struct json_node *entry = json_first(doc, list);

    for (uint32_t i = 0; i < list->count && entry != NULL; i++) {
        const struct json_node *items = json_member(doc, entry, "items");
        const struct json_node *item = items == NULL ? NULL : json_first(doc, items);

        if (items == NULL) {
            add_row(doc, entry, columns, table);
        }
        for (uint32_t k = 0; items != NULL && k < items->count && item != NULL; k++) {
            add_row(doc, item, columns, table);
            item = json_after(doc, item);
        }
        entry = json_after(doc, entry);
    }
}

int rest_table_print(const struct http_answer *answer, const char *list, const char *const *columns)
{
    struct json_node *nodes = calloc(NODES_MAX, sizeof *nodes);
    struct json_doc doc;
    struct strbuf out = {0};
    struct table table = {0};
    const struct json_node *items = NULL;

    if (nodes == NULL ||
        json_parse(&doc, answer->body.data, answer->body.len, nodes, NODES_MAX) != JSON_OK) {
        free(nodes);
        fprintf(stderr, "bowei: the answer cannot be read\n");
        return CLI_FAILURE;
    }
    while (table.columns < REST_COLUMNS_MAX && columns[table.columns] != NULL) {
        table.columns++;
    }
    for (size_t i = 0; i < table.columns; i++) {
        table_cell(&table, columns[i]);
    }
    items = json_member(&doc, nodes, list == NULL ? "items" : list);
    if (items == NULL) {
        add_row(&doc, nodes, columns, &table);
    } else {
        add_rows(&doc, items, columns, &table);
    }
    free(nodes);
    table_write(&table, &out);
    table_finish(&table);
    return commands_print(&out);
}
