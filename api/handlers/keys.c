/* API keys for admins: listed, made, revoked. The core audits first (who, for whom), and only when
 * that is durable the key file is changed: no key without its row. The file is written on the HTTP
 * thread, some milliseconds that only an admin's rare request costs. */
#include "api/body_fields.h"
#include "api/handlers/asking.h"
#include "api/handlers/staff.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <string.h>

#define BODY_NODES 64u
#define TIME_MAX   40

/* A body under way into an order. */
struct ordered {
    struct key_order order;
    char name[KEY_NAME_MAX], role[16], operator_code[8], districts[KEY_DISTRICTS_TEXT];
};

static void row_write(struct json_writer *w, const struct key_row *row)
{
    key_row_json(w, row);
    json_kv_bool(w, "live", key_row_lives(row, host_wall_ms()));
}

void keys_list(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;
    const struct key_row *rows = NULL;
    const size_t count = rq->api->auth.keys == NULL ? 0 : key_set_rows(rq->api->auth.keys, &rows);

    json_writer_init(&w, &out);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_object(&w);
        row_write(&w, &rows[i]);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

/* A text member; "" when it is not there. */
static void text_read(struct request *rq, const struct json_doc *doc, const char *member, char *out,
                      size_t cap)
{
    const struct json_node *value = json_member(doc, &doc->nodes[0], member);
    char where[40];

    out[0] = '\0';
    if (value == NULL || value->kind == JSON_NULL) {
        return;
    }
    if (body_text(doc, value, out, cap) < 0) {
        (void)snprintf(where, sizeof where, "/%s", member);
        faults_add(&rq->faults, where,
                   "must be a text of at most %zu bytes without control characters", cap - 1);
        out[0] = '\0';
    }
}

/* A member that is given, though it may say nothing. */
static bool given(const struct json_doc *doc, const char *member)
{
    const struct json_node *value = json_member(doc, &doc->nodes[0], member);

    return value != NULL && value->kind != JSON_NULL;
}

/* The key file has one line a key. */
static void name_read(struct request *rq, const struct json_doc *doc, char out[KEY_NAME_MAX])
{
    const uint32_t before = rq->faults.count;

    text_read(rq, doc, "name", out, KEY_NAME_MAX);
    if (strchr(out, '\n') != NULL) {
        faults_add(&rq->faults, "/name", "must be one line");
    } else if (out[0] == '\0' && rq->faults.count == before) {
        faults_add(&rq->faults, "/name", "is required: the holder's name");
    }
}

/* "a,b", or a list of texts as the answer has it, into the former. */
static void codes_read(struct request *rq, const struct json_doc *doc, char *out, size_t cap)
{
    const struct json_node *list = json_member(doc, &doc->nodes[0], "districts");
    const struct json_node *n;
    size_t used = 0;

    if (list == NULL || list->kind != JSON_ARRAY) {
        text_read(rq, doc, "districts", out, cap);
        return;
    }
    out[0] = '\0';
    n = json_first(doc, list);
    for (uint32_t i = 0; i < list->count; i++, n = json_after(doc, n)) {
        char code[16];

        if (json_text(doc, n, code, sizeof code) < 1 || strchr(code, ',') != NULL ||
            used + strlen(code) + 2 > cap) {
            faults_add(&rq->faults, "/districts", "must be up to 8 codes of 6 digits");
            return;
        }
        used += (size_t)snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ",", code);
    }
}

static void districts_read(struct request *rq, const struct json_doc *doc, char *out, size_t cap)
{
    const uint32_t before = rq->faults.count;

    codes_read(rq, doc, out, cap);
    if (given(doc, "districts") && out[0] == '\0' && rq->faults.count == before) {
        faults_add(&rq->faults, "/districts",
                   "names none; left out: the key changes all districts");
    }
}

static void expiry_read(struct request *rq, const struct json_doc *doc, int64_t *out_ms)
{
    char text[TIME_MAX];

    *out_ms = 0;
    text_read(rq, doc, "expires_at", text, sizeof text);
    if (given(doc, "expires_at") &&
        (rfc3339_parse(text, (uint32_t)strlen(text), out_ms) != 0 || *out_ms <= host_wall_ms())) {
        faults_add(&rq->faults, "/expires_at", "must be an RFC 3339 time in the future");
    }
}

static void fit_check(struct request *rq, const struct ordered *o, bool role_known)
{
    struct key_row row;

    if (!role_known || o->order.role == ROLE_PUBLIC) {
        faults_add(&rq->faults, "/role", "must be operator, staff or admin");
        return;
    }
    if ((o->order.role == ROLE_OPERATOR) != (o->operator_code[0] != '\0')) {
        faults_add(&rq->faults, "/operator",
                   o->order.role == ROLE_OPERATOR
                       ? "is required: the code of the operator whose key it is"
                       : "only a key of role operator has one");
    } else if (o->operator_code[0] != '\0' && !key_operator_good(o->operator_code)) {
        faults_add(&rq->faults, "/operator", "must be 2 to 6 capital letters");
    }
    if (!key_districts_read(o->districts, &row) || !key_districts_good(&row) ||
        (row.district_count > 0 && o->order.role != ROLE_STAFF)) {
        faults_add(&rq->faults, "/districts", "up to 8 codes of 6 digits with commas, role staff");
    }
}

/* Answers itself and returns false when the body is no order. */
static bool order_read(struct request *rq, struct ordered *o)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    enum json_fault fault;
    bool role_known;

    rq->faults = (struct faults){.pointer = true};
    fault =
        json_parse(&doc, rq->body.len == 0 ? "" : rq->body.data, rq->body.len, nodes, BODY_NODES);
    if (fault != JSON_OK || nodes[0].kind != JSON_OBJECT) {
        respond_problem(rq, ERR_BAD_JSON,
                        fault == JSON_OK ? "the body must be an object" : json_fault_text(fault));
        return false;
    }
    body_known(rq, &doc);
    *o = (struct ordered){0};
    name_read(rq, &doc, o->name);
    text_read(rq, &doc, "role", o->role, sizeof o->role);
    text_read(rq, &doc, "operator", o->operator_code, sizeof o->operator_code);
    districts_read(rq, &doc, o->districts, sizeof o->districts);
    expiry_read(rq, &doc, &o->order.expires_ms);
    role_known = role_find(o->role, &o->order.role);
    o->order.name = o->name;
    o->order.operator_code = o->operator_code;
    o->order.districts = o->districts;
    fit_check(rq, o, role_known);
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return false;
    }
    return true;
}

/* The audit has it: now the key is made. */
static void key_made(struct request *rq)
{
    struct ordered o;
    struct key_row row;
    char text[KEY_TEXT_MAX];
    char location[sizeof "/v1/keys/" + sizeof row.prefix];
    struct strbuf out = {0};
    struct json_writer w;
    enum err e;

    if (!order_read(rq, &o)) {
        return;
    }
    e = key_issue(rq->api->auth.path, &o.order, host_wall_ms(), &row, text);
    if (e != ERR_OK) {
        respond_problem(rq, e,
                        e == ERR_CONFLICT ? "this holder has two live keys: revoke one" : NULL);
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "key", text);
    row_write(&w, &row);
    json_object_end(&w);
    (void)snprintf(location, sizeof location, "/v1/keys/%s", row.prefix);
    respond_text(rq, 201, type_json, &out);
    respond_header(rq, "Location", location);
}

static void key_gone(struct request *rq)
{
    const char *prefix = rq->match.argument;
    struct strbuf out = {0};
    struct json_writer w;
    const enum err e = key_revoke(rq->api->auth.path, prefix);

    if (e != ERR_OK) {
        respond_problem(rq, e, NULL);
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "prefix", prefix);
    json_kv_bool(&w, "revoked", true);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static bool file_is_there(struct request *rq)
{
    if (rq->api->auth.path == NULL) {
        respond_problem(rq, ERR_UNAVAILABLE, "this server has no key file");
        return false;
    }
    return true;
}

void key_post(struct request *rq)
{
    struct ordered o;
    struct command *command;

    if (!file_is_there(rq) || !order_read(rq, &o) || !asking_open(rq, COMMAND_KEY, 0, key_made)) {
        return;
    }
    command = &rq->pending->command;
    (void)snprintf(command->note, sizeof command->note, "make %s %s%s%s", o.role, o.name,
                   o.operator_code[0] == '\0' ? "" : " of ", o.operator_code);
    asking_submit(rq);
}

void key_delete(struct request *rq)
{
    const struct key_row *rows = NULL;
    size_t count;
    size_t i = 0;
    struct command *command;

    if (!file_is_there(rq)) {
        return;
    }
    count = key_set_rows(rq->api->auth.keys, &rows);
    while (i < count && strcmp(rows[i].prefix, rq->match.argument) != 0) {
        i++;
    }
    if (i == count) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no key with this prefix");
        return;
    }
    if (!asking_open(rq, COMMAND_KEY, 0, key_gone)) {
        return;
    }
    command = &rq->pending->command;
    (void)snprintf(command->note, sizeof command->note, "revoke %s %s", rows[i].prefix,
                   rows[i].name);
    asking_submit(rq);
}
