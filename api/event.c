/* A change as the text of a server-sent event. Made of the change and the inventory alone: no
 * clock, no view, so that a resumed stream repeats the same bytes. Times are city time. */
#include "api/stream.h"
#include "bowei/fleet_text.h"
#include "bowei/space_text.h"

#define TIMING_AT 23 /* of space_live.bits: bowei/view.h */

static void lot_write(struct json_writer *w, const struct inventory *inv, uint32_t lot,
                      const struct lot_view *view, int64_t at_ms)
{
    json_object(w);
    json_kv_place(w, "id", inv->lots[lot].key);
    json_kv_bool(w, "closed", view->closed);
    json_kv_u64(w, "capacity", view->capacity);
    json_kv_u64(w, "free", view->counts.free);
    json_kv_u64(w, "occupied", view->counts.occupied);
    json_kv_u64(w, "unknown", view->counts.unknown);
    json_kv_u64(w, "out_of_service", view->counts.out_of_service);
    json_kv_str(w, "reason", reason_code(view->reason));
    fleet_time(0, w, "as_of", at_ms);
    json_object_end(w);
}

void event_space(struct strbuf *out, const struct inventory *inv, uint32_t slot,
                 const struct space_view *view, int64_t at_ms)
{
    struct json_writer w;

    strbuf_puts(out, "event: space\ndata: ");
    json_writer_init(&w, out);
    space_text_write(&w, inv, slot, view, at_ms);
    strbuf_puts(out, "\n\n");
}

void event_lot(struct strbuf *out, const struct inventory *inv, uint32_t lot,
               const struct lot_view *view, int64_t at_ms)
{
    struct json_writer w;

    strbuf_puts(out, "event: lot\ndata: ");
    json_writer_init(&w, out);
    lot_write(&w, inv, lot, view, at_ms);
    strbuf_puts(out, "\n\n");
}

bool event_write(struct strbuf *out, const struct inventory *inv, uint64_t epoch,
                 const struct change *change)
{
    /* a class of another inventory than the reader's: long past */
    static const struct sensor_timing unheard = {0};
    struct space_view view;
    unsigned timing;
    uint32_t all = change->kind == CHANGE_SPACE ? inv->space_count : inv->lot_count;

    if (change->kind == CHANGE_FENCE) {
        if (change->index >= inv->fence_count) {
            return false;
        }
        strbuf_printf(out, "id: %llu-%llu\n", (unsigned long long)epoch,
                      (unsigned long long)change->number);
        fence_event_write(out, inv, change->index, &change->fence, change->at_ms);
        return true;
    }
    if (change->index >= all) {
        return false;
    }
    strbuf_printf(out, "id: %llu-%llu\n", (unsigned long long)epoch,
                  (unsigned long long)change->number);
    if (change->kind == CHANGE_LOT) {
        event_lot(out, inv, change->index, &change->lot, change->at_ms);
        return true;
    }
    timing = change->space.bits >> TIMING_AT;
    space_live_judge(&change->space, timing < inv->timing_count ? &inv->timings[timing] : &unheard,
                     change->at_ms, &view);
    event_space(out, inv, change->index, &view, change->at_ms);
    return true;
}
