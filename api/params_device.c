/* Query parameters of devices, and of the platforms that push their messages. */
#include "api/params_value.h"
#include "bowei/suspicion.h"
#include <string.h>

void parse_silent(const struct value *v)
{
    if (strcmp(v->text, "true") == 0 || strcmp(v->text, "false") == 0) {
        v->query->silent = v->text[0] == 't';
        return;
    }
    v->query->silent_for = true;
    value_whole(v, &v->query->silent_s);
}

void parse_battery_below(const struct value *v)
{
    value_whole(v, &v->query->battery_below_mv);
}

/* "150402001", or "150402-001" as IDs are shown. */
void parse_street(const struct value *v)
{
    const size_t hyphen = v->len == 10 && v->text[6] == '-';

    if (v->len - hyphen != 9 || strspn(v->text, "0123456789") != (hyphen ? 6u : 9u) ||
        strspn(v->text + 6 + hyphen, "0123456789") != 3) {
        faults_add(v->faults, v->row->name, "must be 9 digits: county and street");
        return;
    }
    memcpy(v->query->street, v->text, 6);
    memcpy(v->query->street + 6, v->text + 6 + hyphen, 4);
}

void parse_model(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->model);
}

void parse_source(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->source_name);
}

void parse_suspicion(const struct value *v)
{
    if (!suspicion_find(v->text, &v->query->suspicions)) {
        faults_add(v->faults, v->row->name,
                   "must be stuck, flapping, inverted, out_of_step or any");
    }
}

void parse_key(const struct value *v)
{
    value_text(v, 256, &v->query->key); /* settings.def: the longest secret */
}

void parse_event(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->event);
}

void parse_msg(const struct value *v)
{
    value_text(v, 256, &v->query->msg);
}

void parse_nonce(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->nonce);
}

void parse_signature(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->signature);
}
