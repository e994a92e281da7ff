/* From the core to its readers: the one place where its state is copied out. */
#include "gateway/publish.h"

void publish_expect(const struct publish *p, const struct input *inputs, size_t n)
{
    const struct inventory *inv = core_inventory(p->core);

    for (size_t i = 0; i < n; i++) {
        const uint32_t sensor =
            inputs[i].kind == INPUT_READING && inputs[i].inventory_version == inv->version
                ? inputs[i].reading.sensor
                : NO_SENSOR;

        if (sensor < inv->sensor_count && !inv->sensors[sensor].gate) {
            view_expect_space(p->view, inv->sensors[sensor].target);
        }
    }
}

void publish_space(struct publish *p, uint32_t slot, bool shown)
{
    struct change change = {.kind = CHANGE_SPACE, .index = slot, .at_ms = p->at_ms};

    core_space_live(p->core, slot, &change.space);
    view_put_space(p->view, slot, &change.space);
    if (shown) {
        change_ring_put(p->changes, &change);
        count_add(p->counters, COUNT_CHANGES, 1);
    }
}

void publish_lot(struct publish *p, uint32_t lot, bool shown)
{
    struct change change = {.kind = CHANGE_LOT, .index = lot, .at_ms = p->at_ms};

    core_lot_view(p->core, lot, &change.lot);
    view_put_lot(p->view, lot, &change.lot);
    if (shown) {
        change_ring_put(p->changes, &change);
    }
}

void publish_fence(struct publish *p, uint32_t fence, bool shown)
{
    struct change change = {.kind = CHANGE_FENCE, .index = fence, .at_ms = p->at_ms};
    struct fence_view view;

    core_fence_view(p->core, fence, &view);
    view_put_fence(p->view, fence, &view);
    if (shown) {
        change.fence = view.brief;
        change_ring_put(p->changes, &change);
    }
}

void publish_effects(struct publish *p, const struct effects *effects)
{
    for (size_t i = 0; i < effects->touched_count; i++) {
        const struct touched *t = &effects->touched[i];

        switch (t->kind) {
        case CHANGE_SPACE:
            publish_space(p, t->index, t->shown);
            flush_mark(p->flush, DIRTY_SPACE, t->index);
            break;
        case CHANGE_LOT:
            publish_lot(p, t->index, t->shown);
            flush_mark(p->flush, DIRTY_LOT, t->index);
            break;
        case CHANGE_FENCE:
            publish_fence(p, t->index, t->shown);
            flush_mark(p->flush, DIRTY_FENCE, t->index);
            break;
        case CHANGE_BIKE: flush_mark(p->flush, DIRTY_BIKE, t->index); break;
        case CHANGE_ALERT: flush_mark(p->flush, DIRTY_ALERT, t->index); break;
        case CHANGE_CASE: flush_mark(p->flush, DIRTY_CASE, t->index); break;
        case CHANGE_CASE_ROW: flush_mark(p->flush, DIRTY_CASE_ROW, t->index); break;
        case CHANGE_STAY: flush_mark(p->flush, DIRTY_STAY, t->index); break;
        case CHANGE_MUTE: flush_mark(p->flush, DIRTY_MUTE, t->index); break;
        case CHANGE_KIND_COUNT: break;
        }
    }
    p->city_dirty = p->city_dirty || effects->touched_count > 0;
}

uint32_t publish_root_count(const struct publish *p)
{
    const struct inventory *inv = core_inventory(p->core);

    return inv->space_count + inv->lot_count + inv->fence_count + core_bike_slots(p->core);
}

void publish_root(struct publish *p, uint32_t root, bool shown)
{
    const struct inventory *inv = core_inventory(p->core);

    if (root < inv->space_count) {
        publish_space(p, root, shown);
        flush_mark(p->flush, DIRTY_SPACE, root);
        return;
    }
    root -= inv->space_count;
    if (root < inv->lot_count) {
        publish_lot(p, root, shown);
        flush_mark(p->flush, DIRTY_LOT, root);
        return;
    }
    root -= inv->lot_count;
    if (root < inv->fence_count) {
        publish_fence(p, root, shown);
        flush_mark(p->flush, DIRTY_FENCE, root);
        return;
    }
    flush_mark(p->flush, DIRTY_BIKE, root - inv->fence_count);
}
