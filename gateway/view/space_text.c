/* A space as streams and MQTT show it: what changes of it, without what the inventory says. */
#include "bowei/space_text.h"
#include "bowei/fleet_text.h"

void space_text_write(struct json_writer *w, const struct inventory *inv, uint32_t slot,
                      const struct space_view *view, int64_t at_ms)
{
    json_object(w);
    json_kv_place(w, "id", inv->spaces[slot].key);
    json_kv_place(w, "lot", inv->lots[inv->spaces[slot].lot].key);
    json_kv_str(w, "state", space_state_name(view->state));
    fleet_time(0, w, "since", view->since_ms);
    fleet_time(0, w, "seen", view->seen_ms);
    json_key(w, "known");
    if (view->known_state == SPACE_UNKNOWN) {
        json_null(w);
    } else {
        json_object(w);
        json_kv_str(w, "state", space_state_name(view->known_state));
        fleet_time(0, w, "since", view->known_since_ms);
        json_object_end(w);
    }
    json_kv_u64(w, "confidence", view->confidence);
    json_kv_str(w, "reason", reason_code(view->reason));
    fleet_time(0, w, "as_of", at_ms);
    json_object_end(w);
}
