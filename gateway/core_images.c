/* The core's images as the flush asks for them (bowei/redis_store.h): one function an image kind.
 * Core thread only. */
#include "gateway/core_images.h"

static const struct core *core_of(const void *ctx)
{
    return ((const struct core_images *)ctx)->core;
}

static void image_space(void *ctx, uint32_t slot, struct image *out)
{
    core_space_image(core_of(ctx), slot, out);
}

static void image_expect(void *ctx, const uint32_t *slots, size_t n)
{
    core_expect_images(core_of(ctx), slots, n);
}

static void image_lot(void *ctx, uint32_t lot, struct image *out)
{
    core_lot_image(core_of(ctx), lot, out);
}

static bool image_override(void *ctx, space_key key, struct image *out)
{
    return core_override_image(core_of(ctx), key, out);
}

static bool image_suspect(void *ctx, uint32_t device, struct image *out)
{
    return core_suspect_image(core_of(ctx), device, out);
}

static void image_fence(void *ctx, uint32_t fence, struct image *out)
{
    core_fence_image(core_of(ctx), fence, out);
}

static bool image_bike(void *ctx, uint32_t slot, struct image *out)
{
    return core_bike_image(core_of(ctx), slot, out);
}

static bool image_alert(void *ctx, uint32_t slot, struct image *out)
{
    return core_alert_image(core_of(ctx), slot, out);
}

static bool image_mute(void *ctx, uint32_t index, struct image *out)
{
    return core_mute_image(core_of(ctx), index, out);
}

static void image_slots(void *ctx, uint32_t *bikes, uint32_t *alerts, uint32_t *mutes)
{
    const struct core *core = core_of(ctx);
    *bikes = core_bike_slots(core);
    *alerts = core_alert_slots(core);
    *mutes = core_mutes(core);
}

static bool image_case(void *ctx, uint32_t slot, struct image *out)
{
    return core_case_image(core_of(ctx), slot, out);
}

static bool image_case_row(void *ctx, uint32_t slot, struct image *out)
{
    return core_case_row_image(core_of(ctx), slot, out);
}

static bool image_stay(void *ctx, uint32_t index, struct image *out)
{
    return core_stay_image(core_of(ctx), index, out);
}

static void image_case_slots(void *ctx, uint32_t *cases, uint32_t *rows, uint32_t *stays)
{
    const struct core *core = core_of(ctx);
    *cases = core_case_slots(core);
    *rows = core_case_row_slots(core);
    *stays = core_stay_slots(core);
}

static enum event_found image_event(void *ctx, bool first, struct image *out)
{
    return event_refill_next(((struct core_images *)ctx)->events, first, out);
}

static enum event_found image_row(void *ctx, bool first, struct image *out)
{
    return event_refill_next(((struct core_images *)ctx)->rows, first, out);
}

static struct event_place image_newest_event(void *ctx)
{
    return core_newest_event(core_of(ctx));
}

struct image_source core_images_source(struct core_images *images)
{
    return (struct image_source){.ctx = images,
                                 .space = image_space,
                                 .lot = image_lot,
                                 .override = image_override,
                                 .suspect = image_suspect,
                                 .fence = image_fence,
                                 .bike = image_bike,
                                 .alert = image_alert,
                                 .mute = image_mute,
                                 .slots = image_slots,
                                 .expect = image_expect,
                                 .event = image_event,
                                 .newest_event = image_newest_event,
                                 .row = image_row,
                                 .case_ = image_case,
                                 .case_row = image_case_row,
                                 .stay = image_stay,
                                 .case_slots = image_case_slots};
}
