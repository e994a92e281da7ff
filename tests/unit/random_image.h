#ifndef TESTS_UNIT_RANDOM_IMAGE_H
#define TESTS_UNIT_RANDOM_IMAGE_H

#include "bowei/image.h"
#include <string.h>

/* Seeded images and readings with any values that the fields can hold. */

struct dice {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t dice_u64(struct dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint32_t dice_below(struct dice *d, uint32_t n)
{
    return (uint32_t)(dice_u64(d) % n);
}

/* 0 now and then, else an epoch ms up to the year 2100. */
static inline int64_t dice_time(struct dice *d)
{
    return dice_below(d, 5) == 0 ? 0 : (int64_t)(dice_u64(d) % 4102444800000u);
}

static inline void dice_text(struct dice *d, char *out, size_t cap)
{
    size_t len = dice_below(d, (uint32_t)cap);

    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(1 + dice_below(d, 255));
    }
    out[len] = '\0';
}

static inline void random_sensor(struct dice *d, struct sensor_image *s)
{
    s->tag = (uint32_t)dice_u64(d);
    s->value = (uint8_t)dice_below(d, VALUE_COUNT_ + 1);
    s->flags = (uint8_t)dice_u64(d);
    s->join = (uint8_t)dice_u64(d);
    s->debounce = (uint8_t)dice_below(d, 4);
    s->pending = (uint8_t)dice_below(d, VALUE_COUNT_ + 1);
    s->counter = (uint32_t)dice_u64(d);
    s->heard_ms = dice_time(d);
    s->pending_ms = dice_time(d);
    s->changes = dice_u64(d);
    s->quiet_ms = dice_time(d);
    s->battery_mv = (uint16_t)dice_u64(d);
    s->rssi_dbm = (int16_t)dice_u64(d);
}

static inline void random_space(struct dice *d, struct space_image *s)
{
    s->key = dice_u64(d);
    s->state = (uint8_t)dice_below(d, 4);
    s->known_state = (uint8_t)dice_below(d, 4);
    s->reason = (uint8_t)dice_u64(d);
    s->sensor_count = (uint8_t)dice_below(d, SENSORS_PER_SPACE_MAX + 1);
    s->since_ms = dice_time(d);
    s->known_since_ms = dice_time(d);
    s->seen_ms = dice_time(d);
    s->held_ms = dice_time(d);
    s->gap_s = (uint32_t)dice_u64(d);
    s->confidence = (uint8_t)dice_below(d, 101);
    s->limit_ms = (uint32_t)dice_u64(d);
    s->source = (uint32_t)dice_u64(d);
    s->shown_state = (uint8_t)dice_below(d, 4);
    s->shown_reason = (uint8_t)dice_u64(d);
    s->shown_since_ms = dice_time(d);
    for (unsigned i = 0; i < s->sensor_count; i++) {
        random_sensor(d, &s->sensors[i]);
    }
}

static inline void random_lot(struct dice *d, struct lot_image *l)
{
    l->key = dice_u64(d);
    l->closed = dice_below(d, 2) != 0;
    l->counting = (uint8_t)dice_below(d, 2);
    l->gate_count = (uint8_t)dice_below(d, GATES_PER_LOT_MAX + 1);
    l->count_raw = (int32_t)(uint32_t)dice_u64(d);
    l->since_ms = dice_time(d);
    l->turned_ms = dice_time(d);
    l->seen_ms = dice_time(d);
    l->reason = (uint8_t)dice_u64(d);
    l->capacity = (uint32_t)dice_u64(d);
    l->free = (uint32_t)dice_u64(d);
    l->occupied = (uint32_t)dice_u64(d);
    l->unknown = (uint32_t)dice_u64(d);
    l->out_of_service = (uint32_t)dice_u64(d);
    for (unsigned i = 0; i < l->gate_count; i++) {
        struct gate_image *g = &l->gates[i];

        g->tag = (uint32_t)dice_u64(d);
        g->in = (uint32_t)dice_u64(d);
        g->out = (uint32_t)dice_u64(d);
        g->heard_ms = dice_time(d);
        g->counter = (uint32_t)dice_u64(d);
        g->flags = (uint8_t)dice_u64(d);
        g->join = (uint8_t)dice_u64(d);
    }
}

static inline void random_device(struct dice *d, char *device, uint8_t *len)
{
    *len = (uint8_t)dice_below(d, DEVICE_ID_MAX + 1);
    for (unsigned i = 0; i < *len; i++) {
        device[i] = (char)('0' + dice_below(d, 10));
    }
}

/* Padding is zero, so that equal images are equal bytes. */
static inline void random_image(struct dice *d, struct image *image)
{
    memset(image, 0, sizeof *image);
    image->kind = (enum image_kind)dice_below(d, IMAGE_KIND_COUNT);
    image->at = (struct position){dice_u64(d), dice_u64(d)};
    switch (image->kind) {
    case IMAGE_SPACE: random_space(d, &image->space); break;
    case IMAGE_LOT: random_lot(d, &image->lot); break;
    case IMAGE_OVERRIDE:
        image->override.key = dice_u64(d);
        image->override.set = dice_below(d, 2) != 0;
        image->override.reason = (enum out_reason)dice_below(d, OUT_REASON_COUNT);
        image->override.since_ms = dice_time(d);
        image->override.until_ms = dice_time(d);
        dice_text(d, image->override.actor, sizeof image->override.actor);
        dice_text(d, image->override.note, sizeof image->override.note);
        break;
    case IMAGE_SUSPECT:
        random_device(d, image->suspect.device, &image->suspect.device_len);
        image->suspect.set = dice_below(d, 2) != 0;
        image->suspect.since_ms = dice_time(d);
        dice_text(d, image->suspect.actor, sizeof image->suspect.actor);
        break;
    case IMAGE_AUDIT:
        image->audit.command = (uint8_t)dice_below(d, COMMAND_KIND_COUNT);
        image->audit.at_ms = dice_time(d);
        image->audit.key = dice_u64(d);
        random_device(d, image->audit.device, &image->audit.device_len);
        dice_text(d, image->audit.actor, sizeof image->audit.actor);
        dice_text(d, image->audit.note, sizeof image->audit.note);
        break;
    case IMAGE_KIND_COUNT: break;
    }
}

static inline void random_reading(struct dice *d, struct reading *r)
{
    memset(r, 0, sizeof *r);
    r->sensor = (uint32_t)dice_u64(d);
    r->channel = (uint16_t)dice_u64(d);
    r->value = (uint8_t)dice_below(d, VALUE_COUNT_);
    r->type = (uint8_t)dice_below(d, TYPE_COUNT_);
    r->has = (uint8_t)dice_below(d, 64);
    r->battery_low = dice_below(d, 2) != 0;
    r->counter = (uint32_t)dice_u64(d);
    r->battery_mv = (uint16_t)dice_u64(d);
    r->temperature_dc = (int16_t)dice_u64(d);
    r->rssi_dbm = (int16_t)dice_u64(d);
    r->net_time_ms = dice_time(d);
    r->gate_in = (uint32_t)dice_u64(d);
    r->gate_out = (uint32_t)dice_u64(d);
    r->root = dice_u64(d);
    random_device(d, r->device, &r->device_len);
}

#endif
