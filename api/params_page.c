/* Query parameters of lists and streams whatever they hold: how much, from where on, in which form.
 */
#include "api/params_value.h"
#include <string.h>

void parse_limit(const struct value *v)
{
    value_whole(v, &v->query->limit);
}

void parse_cursor(const struct value *v)
{
    if (!cursor_read(v->text, v->len, &v->query->cursor)) {
        faults_add(v->faults, v->row->name, "is not a cursor that was given out");
    }
}

void parse_format(const struct value *v)
{
    if (strcmp(v->text, "csv") == 0) {
        v->query->csv = true;
    } else if (strcmp(v->text, "json") != 0) {
        faults_add(v->faults, v->row->name, "must be json or csv");
    }
}

static bool topic_set(struct query *query, const char *word, size_t len)
{
    if (len == 6 && memcmp(word, "spaces", 6) == 0) {
        query->topics |= TOPIC_SPACES;
        return true;
    }
    if (len == 4 && memcmp(word, "lots", 4) == 0) {
        query->topics |= TOPIC_LOTS;
        return true;
    }
    if (len == 6 && memcmp(word, "fences", 6) == 0) {
        query->topics |= TOPIC_FENCES;
        return true;
    }
    return false;
}

void parse_topics(const struct value *v)
{
    value_words(v, topic_set, "spaces, lots, fences");
}

void parse_snapshot(const struct value *v)
{
    uint32_t number = 0;

    value_whole(v, &number);
    v->query->snapshot = number == 1;
}

void parse_last_event_id(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->last_event_id);
}
