/* A refusal of the REST interface in one line for people: what is wrong, which field with which
 * value, what it may be, where. The answer says what a parameter was; of a body, which may name
 * people's matters, it repeats nothing, so its values are taken from what was sent. */
#include "gateway/cli/rest_problem.h"
#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 512 /* a problem has about 40, a body of the command line as many */
#define TEXT_MAX  512
#define VALUE_MAX 60

void rest_problem_plain(struct strbuf *out, const char *text, size_t max)
{
    char shown[TEXT_MAX + 1];

    (void)snprintf(shown, sizeof shown, "%.*s", (int)max, text);
    text_tidy(shown);
    strbuf_puts(out, shown);
    strbuf_puts(out, strlen(text) > max ? "..." : "");
}

/* A member's text; "" when it has none. */
static const char *member_text(const struct json_doc *doc, const struct json_node *object,
                               const char *name, char out[TEXT_MAX])
{
    const struct json_node *member = json_member(doc, object, name);

    if (member == NULL || json_text(doc, member, out, TEXT_MAX) < 0) {
        out[0] = '\0';
    }
    return out;
}

/* The value that a JSON pointer names in the body that was sent; NULL when there is none. */
static const struct json_node *pointed(const struct json_doc *doc, const char *pointer)
{
    const struct json_node *node = doc->nodes;

    while (node != NULL && *pointer == '/') {
        const size_t len = strcspn(pointer + 1, "/");
        const struct json_node *item = node->kind == JSON_ARRAY ? json_first(doc, node) : NULL;
        unsigned long index = strtoul(pointer + 1, NULL, 10);
        char name[64];

        (void)snprintf(name, sizeof name, "%.*s", (int)len, pointer + 1);
        if (node->kind != JSON_ARRAY) {
            node = json_member(doc, node, name);
        } else {
            for (node = index < node->count ? item : NULL; node != NULL && index > 0; index--) {
                node = json_after(doc, node);
            }
        }
        pointer += 1 + len;
    }
    return node;
}

static void pointer_write(struct strbuf *out, const char *body, const char *pointer)
{
    struct json_node nodes[NODES_MAX];
    const struct json_node *node = NULL;
    struct json_doc doc;
    char value[TEXT_MAX];

    if (body != NULL && json_parse(&doc, body, strlen(body), nodes, NODES_MAX) == JSON_OK) {
        node = pointed(&doc, pointer);
    }
    if (node != NULL && node->kind != JSON_OBJECT && node->kind != JSON_ARRAY) {
        (void)snprintf(value, sizeof value, "=%.*s",
                       (int)(node->len < VALUE_MAX * 2 ? node->len : VALUE_MAX * 2),
                       body + node->start);
        rest_problem_plain(out, value, VALUE_MAX);
    }
}

/* ": FIELD=VALUE: DETAIL; FIELD..." */
static void errors_write(const struct json_doc *doc, const struct json_node *errors,
                         const char *body, struct strbuf *out)
{
    const struct json_node *row = json_first(doc, errors);

    for (uint32_t i = 0; i < errors->count && row != NULL; i++) {
        char field[TEXT_MAX];
        char detail[TEXT_MAX];

        strbuf_puts(out, i == 0 ? ": " : "; ");
        if (member_text(doc, row, "parameter", field)[0] != '\0') {
            rest_problem_plain(out, field, VALUE_MAX);
        } else if (member_text(doc, row, "pointer", field)[0] != '\0') {
            rest_problem_plain(out, field, VALUE_MAX);
            pointer_write(out, body, field);
        }
        strbuf_puts(out, ": ");
        rest_problem_plain(out, member_text(doc, row, "detail", detail), TEXT_MAX);
        row = json_after(doc, row);
    }
}

bool rest_problem_write(const char *body, const char *text, size_t len, struct strbuf *out)
{
    struct json_node nodes[NODES_MAX];
    struct json_doc doc;
    char title[TEXT_MAX];
    char more[TEXT_MAX];
    const struct json_node *errors;
    int64_t status;

    if (json_parse(&doc, text, len, nodes, NODES_MAX) != JSON_OK ||
        member_text(&doc, nodes, "title", title)[0] == '\0' ||
        json_member(&doc, nodes, "status") == NULL ||
        !json_int(&doc, json_member(&doc, nodes, "status"), &status)) {
        return false;
    }
    rest_problem_plain(out, title, TEXT_MAX);
    errors = json_member(&doc, nodes, "errors");
    if (errors != NULL && errors->kind == JSON_ARRAY && errors->count > 0) {
        errors_write(&doc, errors, body, out);
    } else if (member_text(&doc, nodes, "detail", more)[0] != '\0' && strcmp(more, title) != 0) {
        strbuf_puts(out, ": ");
        rest_problem_plain(out, more, TEXT_MAX);
    }
    if (member_text(&doc, nodes, "replaced_by", more)[0] != '\0') {
        strbuf_puts(out, ", replaced by ");
        rest_problem_plain(out, more, VALUE_MAX);
    }
    strbuf_puts(out, " (");
    if (member_text(&doc, nodes, "instance", more)[0] != '\0') {
        rest_problem_plain(out, more, TEXT_MAX);
        strbuf_puts(out, ": ");
    }
    strbuf_i64(out, status);
    strbuf_putc(out, ')');
    return true;
}
