/* From the alert ring, which holds only what is on the disk, to mqtt_out.c. */
#include "gateway/mqtt_out/out_alerts.h"
#include "bowei/fences.h"

void out_alerts_init(struct out_alerts *alerts, const struct alert_ring *ring)
{
    *alerts = (struct out_alerts){.next = alert_ring_newest(ring) + 1};
}

bool out_alerts_next(struct out_alerts *alerts, const struct alert_ring *ring,
                     const struct inventory *inv, struct out_alert *out)
{
    if (alerts->under_way_count == OUT_ALERTS_UNDER_WAY) {
        return false;
    }
    if (alerts->inventory != inv->version) { /* an index means another operator now */
        alerts->inventory = inv->version;
        alerts->operator_index = 0;
    }
    for (;; alerts->next++, alerts->operator_index = 0) {
        switch (alert_ring_get(ring, alerts->next, &out->alert)) {
        case CHANGE_NONE_YET: return false;
        case CHANGE_OVERRUN: alerts->missed++; continue;
        case CHANGE_READ: break;
        }
        for (; alerts->operator_index < inv->operator_count; alerts->operator_index++) {
            const char *code = inv->operators[alerts->operator_index].code;

            if (alert_visible(&out->alert, code)) {
                out->number = alerts->next;
                out->operator_code = code;
                return true;
            }
        }
    }
}

void out_alerts_sent(struct out_alerts *alerts, const struct out_alert *sent, int mid)
{
    alerts->operator_index++;
    for (unsigned i = 0; i < OUT_ALERTS_UNDER_WAY; i++) {
        if (alerts->under_way[i].mid == 0) {
            alerts->under_way[i].mid = mid;
            alerts->under_way[i].number = sent->number;
            alerts->under_way_count++;
            return;
        }
    }
}

void out_alerts_confirmed(struct out_alerts *alerts, int mid)
{
    for (unsigned i = 0; i < OUT_ALERTS_UNDER_WAY; i++) {
        if (alerts->under_way[i].mid == mid) {
            alerts->under_way[i].mid = 0;
            alerts->under_way_count--;
            return;
        }
    }
}

void out_alerts_rewind(struct out_alerts *alerts)
{
    for (unsigned i = 0; i < OUT_ALERTS_UNDER_WAY; i++) {
        if (alerts->under_way[i].mid != 0 && alerts->under_way[i].number < alerts->next) {
            alerts->next = alerts->under_way[i].number;
        }
        alerts->under_way[i].mid = 0;
    }
    alerts->operator_index = 0;
    alerts->under_way_count = 0;
}
