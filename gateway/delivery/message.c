/* Bodies of webhooks; see message.h. */
#include "gateway/delivery/message.h"
#include "bowei/alert_text.h"
#include "bowei/base/city_clock.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TYPE_HEAD "cn.bowei"
#define TYPE_MAX  80
#define VALUE_MAX 128

/* "cn.bowei.alert.out_of_fence.open.v1": receivers route by kind and state without reading data. */
static void event_type(const struct message *m, char out[TYPE_MAX])
{
    if (m->alert == NULL) {
        (void)snprintf(out, TYPE_MAX, TYPE_HEAD ".webhook.test.v1");
        return;
    }
    (void)snprintf(out, TYPE_MAX, TYPE_HEAD ".alert.%s.%s.v1",
                   alert_kind_code((enum alert_kind)m->alert->kind),
                   alert_state_code((enum alert_state)m->alert->state));
}

static void cloud_event_write(const struct message *m, const struct subscription *sub,
                              struct strbuf *out)
{
    const struct alert_reader reader = {sub->operator_code, sub->order.crs, m->shift_ms};
    struct json_writer w;
    char type[TYPE_MAX];
    char source[48];
    char id[WEBHOOK_ID_LEN + 1];

    event_type(m, type);
    (void)snprintf(source, sizeof source, "/bowei/%.32s", m->instance);
    webhook_id_format(sub->id, id);
    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "specversion", "1.0");
    json_kv_str(&w, "id", m->event);
    json_kv_str(&w, "source", source);
    json_kv_str(&w, "type", type);
    if (m->alert != NULL) {
        alert_id_format(m->alert->id, id);
    }
    json_kv_str(&w, "subject", id);
    json_kv_time(&w, "time", m->at_ms);
    json_kv_str(&w, "datacontenttype", "application/json");
    json_key(&w, "data");
    if (m->alert != NULL) {
        alert_write(&reader, &w, m->alert);
    } else {
        json_object(&w);
        json_kv_str(&w, "webhook", id);
        json_kv_bool(&w, "test", true);
        json_object_end(&w);
    }
    json_object_end(&w);
}

/* --- templates --- */

/* clang-format off: a table is included */
static const struct {
    const char *en, *zh;
} kind_texts[ALERT_KIND_COUNT] = {

#define ALERT_KIND(name, code, subject, severity, ack_s, onsite_s, clear_s, en, zh)                \
    [ALERT_##name] = {en, zh},
#include "bowei/alert_kinds.def"
#undef ALERT_KIND
};
/* clang-format on */

static const char *const state_zh[ALERT_STATE_COUNT] = {"待处理", "已确认", "已派单",
                                                        "申诉中", "已消除", "已超时"};

static void put_type(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    char type[TYPE_MAX];

    (void)sub;
    event_type(m, type);
    (void)snprintf(out, VALUE_MAX, "%s", type);
}

static void put_event(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s", m->event);
}

static void put_time(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    rfc3339_format(m->at_ms, out);
}

static void put_alert(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    if (m->alert == NULL) {
        webhook_id_format(sub->id, out);
    } else {
        alert_id_format(m->alert->id, out);
    }
}

static void put_kind(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s",
                   m->alert == NULL ? "test" : alert_kind_code((enum alert_kind)m->alert->kind));
}

static void put_kind_en(const struct message *m, const struct subscription *sub,
                        char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s",
                   m->alert == NULL ? "a test of this webhook" : kind_texts[m->alert->kind].en);
}

static void put_kind_zh(const struct message *m, const struct subscription *sub,
                        char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s",
                   m->alert == NULL ? "测试消息" : kind_texts[m->alert->kind].zh);
}

static void put_state(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s",
                   m->alert == NULL ? "open" : alert_state_code((enum alert_state)m->alert->state));
}

static void put_state_zh(const struct message *m, const struct subscription *sub,
                         char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s", state_zh[m->alert == NULL ? ALERT_OPEN : m->alert->state]);
}

static void put_severity(const struct message *m, const struct subscription *sub,
                         char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%u", m->alert == NULL ? 1U : m->alert->severity);
}

static void put_operator(const struct message *m, const struct subscription *sub,
                         char out[VALUE_MAX])
{
    (void)snprintf(out, VALUE_MAX, "%s",
                   m->alert == NULL ? sub->operator_code : m->alert->operator_code);
}

static void put_vehicle(const struct message *m, const struct subscription *sub,
                        char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%s", m->alert == NULL ? "" : m->alert->vehicle);
}

static void put_fence(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    out[0] = '\0';
    if (m->alert != NULL && m->alert->fence != 0) {
        space_id_format(m->alert->fence, out);
    }
}

/* Where to go: the position; what concerns a whole operator has none. */
static void put_place(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    out[0] = '\0';
    if (m->alert != NULL &&
        alert_kind_subject((enum alert_kind)m->alert->kind) != SUBJECT_OPERATOR) {
        const struct position_e7 at = fleet_position(sub->order.crs, m->alert->at);

        (void)snprintf(out, VALUE_MAX, "%.6f,%.6f", at.lat / 1e7, at.lon / 1e7);
    }
}

static void put_bikes(const struct message *m, const struct subscription *sub, char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%u", m->alert == NULL ? 0U : m->alert->bikes);
}

static void put_capacity(const struct message *m, const struct subscription *sub,
                         char out[VALUE_MAX])
{
    (void)sub;
    (void)snprintf(out, VALUE_MAX, "%u", m->alert == NULL ? 0U : m->alert->capacity);
}

static const struct {
    const char *name;
    void (*put)(const struct message *m, const struct subscription *sub, char out[VALUE_MAX]);
} placeholders[] = {
    {"event.id",   put_event   },
    {"event.type", put_type    },
    {"event.time", put_time    },
    {"alert.id",   put_alert   },
    {"kind",       put_kind    },
    {"kind.en",    put_kind_en },
    {"kind.zh",    put_kind_zh },
    {"state",      put_state   },
    {"state.zh",   put_state_zh},
    {"severity",   put_severity},
    {"operator",   put_operator},
    {"vehicle",    put_vehicle },
    {"fence",      put_fence   },
    {"place",      put_place   },
    {"bikes",      put_bikes   },
    {"capacity",   put_capacity},
};

/* Bytes of a placeholder's name when `text` stands at one ("{kind.zh}"), else 0. */
static size_t placeholder_len(const char *text)
{
    size_t n = 1;

    if (text[0] != '{' || !islower((unsigned char)text[1])) {
        return 0;
    }
    while (islower((unsigned char)text[n]) || text[n] == '.') {
        n++;
    }
    return text[n] == '}' ? n - 1 : 0;
}

static int placeholder_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(placeholders); i++) {
        if (strlen(placeholders[i].name) == len && memcmp(placeholders[i].name, name, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *message_unknown_placeholder(const char *body, char out[32])
{
    for (; *body != '\0'; body++) {
        const size_t len = placeholder_len(body);

        if (len > 0 && placeholder_find(body + 1, len) < 0) {
            (void)snprintf(out, 32, "%.*s", (int)(len < 31 ? len : 31), body + 1);
            return out;
        }
    }
    return NULL;
}

/* Escaped as inside a JSON text, without its quotes: bodies put them themselves. */
static void value_put(struct strbuf *out, const char *value)
{
    struct strbuf quoted = {0};
    struct json_writer w;

    json_writer_init(&w, &quoted);
    json_str(&w, value);
    out->failed |= quoted.failed;
    if (!quoted.failed) {
        strbuf_add(out, quoted.data + 1, quoted.len - 2);
    }
    strbuf_finish(&quoted);
}

static void template_write(const struct message *m, const struct subscription *sub,
                           const char *body, struct strbuf *out)
{
    while (*body != '\0') {
        const size_t len = placeholder_len(body);
        const int at = len == 0 ? -1 : placeholder_find(body + 1, len);
        char value[VALUE_MAX];

        if (at < 0) {
            strbuf_putc(out, *body++);
            continue;
        }
        placeholders[at].put(m, sub, value);
        value_put(out, value);
        body += len + 2;
    }
}

bool message_write(const struct message *message, const struct subscription *sub,
                   const struct webhook_template *form, struct strbuf *out)
{
    out->limit = MESSAGE_MAX;
    if (form != NULL) {
        template_write(message, sub, form->body, out);
    } else {
        cloud_event_write(message, sub, out);
    }
    return !out->failed && out->len > 0;
}

const char *message_type(const struct webhook_template *form)
{
    return form == NULL ? "application/cloudevents+json" : form->content_type;
}
