/* An answer of the REST interface as a table for people: the columns a command names, a row an
 * item, widths that suit an ID. */
#include "gateway/cli/rest_table.h"
#include "bowei/base/json_read.h"
#include "gateway/cli/commands.h"
#include <stdio.h>
#include <stdlib.h>

#define NODES_MAX 200000 /* 1 000 spaces of about 60 nodes, and some */
#define TEXT_MAX  256

/* A member's value as text; "-" for none. */
static void cell(const struct json_doc *doc, const struct json_node *object, const char *name,
                 char out[TEXT_MAX])
{
    const struct json_node *value = json_member(doc, object, name);

    if (value == NULL || value->kind == JSON_NULL) {
        snprintf(out, TEXT_MAX, "-");
    } else if (value->kind == JSON_OBJECT && json_member(doc, value, "zh-CN") != NULL) {
        (void)json_text(doc, json_member(doc, value, "zh-CN"), out, TEXT_MAX);
    } else if (json_text(doc, value, out, TEXT_MAX) < 0) {
        snprintf(out, TEXT_MAX, "%.*s",
                 (int)(value->len < TEXT_MAX - 1 ? value->len : TEXT_MAX - 1),
                 doc->text + value->start);
    }
}

static void print_row(const struct json_doc *doc, const struct json_node *object,
                      const char *const *columns, struct strbuf *out)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < REST_COLUMNS_MAX && columns[i] != NULL; i++) {
        cell(doc, object, columns[i], text);
        strbuf_printf(out, "%-20s ", text);
    }
    strbuf_putc(out, '\n');
}

/* A row an entry; of groups (an entry with `items` of its own) a row an item. */
static void print_rows(const struct json_doc *doc, const struct json_node *list,
                       const char *const *columns, struct strbuf *out)
{
    const struct json_node *entry = json_first(doc, list);

    for (uint32_t i = 0; i < list->count && entry != NULL; i++) {
        const struct json_node *items = json_member(doc, entry, "items");
        const struct json_node *item = items == NULL ? NULL : json_first(doc, items);

        if (items == NULL) {
            print_row(doc, entry, columns, out);
        }
        for (uint32_t k = 0; items != NULL && k < items->count && item != NULL; k++) {
            print_row(doc, item, columns, out);
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
    const struct json_node *items = NULL;

    if (nodes == NULL ||
        json_parse(&doc, answer->body.data, answer->body.len, nodes, NODES_MAX) != JSON_OK) {
        free(nodes);
        fprintf(stderr, "bowei: the answer cannot be read\n");
        return CLI_FAILURE;
    }
    for (size_t i = 0; i < REST_COLUMNS_MAX && columns[i] != NULL; i++) {
        strbuf_printf(&out, "%-20s ", columns[i]);
    }
    strbuf_putc(&out, '\n');
    items = json_member(&doc, nodes, list == NULL ? "items" : list);
    if (items == NULL) {
        print_row(&doc, nodes, columns, &out);
    } else {
        print_rows(&doc, items, columns, &out);
    }
    free(nodes);
    return commands_print(&out);
}
