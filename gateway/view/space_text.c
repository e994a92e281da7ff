/* A space as streams and MQTT show it: what changes of it, without what the inventory says. */
#include "bowei/space_text.h"

static void id_member(struct json_writer *w, const char *key, space_key place)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(place, id);
    json_kv_str(w, key, id);
}

static void time_member(struct json_writer *w, const char *key, int64_t city_ms)
{
    if (city_ms > 0) {
        json_kv_time(w, key, city_ms);
    } else {
        json_kv_null(w, key);
    }
}

void space_text_write(struct json_writer *w, const struct inventory *inv, uint32_t slot,
                      const struct space_view *view, int64_t at_ms)
{
    json_object(w);
    id_member(w, "id", inv->spaces[slot].key);
    id_member(w, "lot", inv->lots[inv->spaces[slot].lot].key);
    json_kv_str(w, "state", space_state_name(view->state));
    time_member(w, "since", view->since_ms);
    time_member(w, "seen", view->seen_ms);
    json_key(w, "known");
    if (view->known_state == SPACE_UNKNOWN) {
        json_null(w);
    } else {
        json_object(w);
        json_kv_str(w, "state", space_state_name(view->known_state));
        time_member(w, "since", view->known_since_ms);
        json_object_end(w);
    }
    json_kv_u64(w, "confidence", view->confidence);
    json_kv_str(w, "reason", reason_code(view->reason));
    time_member(w, "as_of", at_ms);
    json_object_end(w);
}
