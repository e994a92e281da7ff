/* Packed images: every image comes back as it was, every cut or changed length is refused, and two
 * sensors always fit the 64 bytes that Redis may hold in one field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/journal.h"
#include "tests/unit/random_image.h"

/* What schema 3 brought stands at the end: the number of an episode's change, a bike's silence,
 * empty battery and move without a ride. */
static void comes_back_from_schema_2(const struct image *image, const uint8_t *bytes, size_t len)
{
    struct image older = *image;
    struct image back;

    if (image->kind == IMAGE_ALERT) {
        older.alert.event = 0;
        len -= sizeof image->alert.event;
    } else {
        older.bike.unheard_min = 0;
        older.bike.flat_s = 0;
        older.bike.dragged_s = 0;
        len -= 10u + (image->bike.marks != 0 ? sizeof image->bike.marks : 0);
        older.bike.marks = 0;
    }
    assert_true(image_unpack(image->kind, bytes, len, &back));
    assert_memory_equal(&back, &older, sizeof older);
}

static void every_image_comes_back(void **state)
{
    struct dice dice = {.state = 1};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint8_t bytes[IMAGE_PACK_MAX];
        struct image image;
        struct image back;
        size_t len;

        random_image(&dice, &image);
        len = image_pack(&image, bytes, sizeof bytes);
        assert_true(len > 0);
        assert_true(image_unpack(image.kind, bytes, len, &back));
        assert_memory_equal(&back, &image, sizeof image);
        assert_int_equal(image_pack(&image, bytes, len - 1), 0);
        assert_int_equal(image_pack(&image, bytes, len), len);
        assert_false(image_unpack(image.kind, bytes, len - 1, &back));
        const size_t cut = dice_below(&dice, (uint32_t)len);
        const size_t marks = image.kind == IMAGE_BIKE && image.bike.marks != 0 ? 2 : 0;
        const bool older =
            (image.kind == IMAGE_ALERT && cut == len - sizeof image.alert.event) ||
            (image.kind == IMAGE_BIKE &&
             (cut == len - marks - 10 || (marks != 0 && cut == len - marks))) ||
            (image.kind == IMAGE_AUDIT && image.audit.case_id != 0 && cut == len - 8);
        assert_int_equal(image_unpack(image.kind, bytes, cut, &back), older);
        if (image.kind == IMAGE_ALERT || image.kind == IMAGE_BIKE) {
            comes_back_from_schema_2(&image, bytes, len);
        }
    }
}

/* Every text at its longest: still fits. */
static void the_longest_row_and_case_fit(void **state)
{
    uint8_t bytes[IMAGE_PACK_MAX];
    struct image row = {
        .kind = IMAGE_CASE_ROW, .case_row = {.id = 1, .number = 1}
    };
    struct image one = {
        .kind = IMAGE_CASE, .case_ = {.id = 1, .assist_count = CASE_ASSISTS_MAX}
    };

    (void)state;
    memset(row.case_row.actor, 'a', sizeof row.case_row.actor - 1);
    memset(row.case_row.unit, 'a', sizeof row.case_row.unit - 1);
    memset(row.case_row.note, 'a', sizeof row.case_row.note - 1);
    memset(row.case_row.document, 'a', sizeof row.case_row.document - 1);
    memset(row.case_row.channel, 'a', sizeof row.case_row.channel - 1);
    memset(row.case_row.uri, 'a', sizeof row.case_row.uri - 1);
    memset(row.case_row.device, 'a', sizeof row.case_row.device - 1);
    assert_true(image_pack(&row, bytes, sizeof bytes) > 0);
    memset(one.case_.vehicle, 'a', sizeof one.case_.vehicle - 1);
    memset(one.case_.unit, 'a', sizeof one.case_.unit - 1);
    memset(one.case_.person, 'a', sizeof one.case_.person - 1);
    memset(one.case_.duty, 'a', sizeof one.case_.duty - 1);
    memset(one.case_.confirmer, 'a', sizeof one.case_.confirmer - 1);
    memset(one.case_.handler, 'a', sizeof one.case_.handler - 1);
    for (unsigned i = 0; i < CASE_ASSISTS_MAX; i++) {
        memset(one.case_.assists[i].unit, 'a', sizeof one.case_.assists[i].unit - 1);
    }
    assert_true(image_pack(&one, bytes, sizeof bytes) > 0);
}

static void garbled_images_are_refused_or_bounded(void **state)
{
    struct dice dice = {.state = 2};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[128];
        struct image back;
        size_t len = dice_below(&dice, sizeof bytes);

        for (size_t b = 0; b < len; b++) {
            bytes[b] =
                (uint8_t)(dice_below(&dice, 3) == 0 ? dice_u64(&dice) : dice_below(&dice, 6));
        }
        if (image_unpack((enum image_kind)dice_below(&dice, IMAGE_KIND_COUNT), bytes, len, &back)) {
            assert_true(back.kind != IMAGE_SPACE ||
                        back.space.sensor_count <= SENSORS_PER_SPACE_MAX);
            assert_true(back.kind != IMAGE_LOT || back.lot.gate_count <= GATES_PER_LOT_MAX);
            assert_true(back.kind != IMAGE_SUSPECT || back.suspect.device_len <= DEVICE_ID_MAX);
        }
    }
    assert_false(image_unpack(IMAGE_KIND_COUNT, NULL, 0, &(struct image){0}));
}

/* A sensor as they are: stamps near each other, few changes. */
static void plain_sensor(struct dice *d, struct sensor_image *s)
{
    const int64_t now_ms = 1789000000000 + dice_below(d, 1000000000);

    *s = (struct sensor_image){.tag = (uint32_t)dice_u64(d),
                               .value = (uint8_t)dice_below(d, VALUE_COUNT_ + 1),
                               .flags = (uint8_t)dice_u64(d),
                               .join = (uint8_t)dice_u64(d),
                               .pending = VALUE_COUNT_,
                               .counter = dice_below(d, 1u << 24),
                               .heard_ms = now_ms,
                               .battery_mv = (uint16_t)dice_below(d, 4000),
                               .rssi_dbm = (int16_t) - (int)dice_below(d, 130)};
    if (dice_below(d, 2) == 0) {
        s->pending = VALUE_FREE;
        s->debounce = 1;
        s->pending_ms = now_ms - dice_below(d, 15000);
    }
    if (dice_below(d, 3) == 0) {
        s->changes = (uint64_t)(now_ms / 60000 % (1 << 24)) << 40 | (dice_u64(d) >> 24);
    }
}

static void plain_sensors_come_back_exactly(void **state)
{
    struct dice dice = {.state = 3};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct space_image space = {.sensor_count = 4};
        struct space_image back = {.sensor_count = 4};
        uint8_t bytes[SENSORS_PACK_MAX];

        for (unsigned s = 0; s < 4; s++) {
            plain_sensor(&dice, &space.sensors[s]);
        }
        for (unsigned first = 0; first < 4; first++) {
            size_t len = image_pack_sensors(&space, first, 1, bytes);

            assert_in_range(len, 8, 48); /* 64 characters of base64, as Redis keeps it */
            assert_int_equal(image_unpack_sensors(bytes, len, first, &back), 1);
        }
        assert_memory_equal(&back, &space, sizeof space);
    }
}

/* Whatever the fields hold, two fit; what may be left out is left out whole. */
static void any_two_sensors_fit(void **state)
{
    struct dice dice = {.state = 4};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct space_image space = {.sensor_count = 2};
        struct space_image back = {0};
        uint8_t bytes[SENSORS_PACK_MAX];
        size_t len;

        random_sensor(&dice, &space.sensors[0]);
        random_sensor(&dice, &space.sensors[1]);
        len = image_pack_sensors(&space, 0, 2, bytes);
        assert_in_range(len, 16, SENSORS_PACK_MAX);
        assert_int_equal(image_unpack_sensors(bytes, len, 0, &back), 2);
        for (int s = 0; s < 2; s++) {
            const struct sensor_image *was = &space.sensors[s];
            const struct sensor_image *is = &back.sensors[s];

            assert_int_equal(is->tag, was->tag);
            assert_int_equal(is->value, was->value);
            assert_int_equal(is->flags, was->flags);
            assert_int_equal(is->join, was->join);
            assert_int_equal(is->counter, was->counter);
            assert_true(is->heard_ms == was->heard_ms);
            assert_true(is->quiet_ms == was->quiet_ms);
            assert_true(is->pending == was->pending || is->pending == VALUE_COUNT_);
            assert_true(is->changes == was->changes || is->changes == 0);
        }
    }
}

static void garbled_sensors_are_refused(void **state)
{
    struct dice dice = {.state = 5};
    struct space_image space = {0};
    uint8_t bytes[SENSORS_PACK_MAX];
    size_t len;

    (void)state;
    plain_sensor(&dice, &space.sensors[0]);
    len = image_pack_sensors(&space, 0, 1, bytes);
    for (size_t cut = 1; cut < len; cut++) {
        assert_int_equal(image_unpack_sensors(bytes, cut, 0, &space), -1);
    }
    assert_int_equal(image_unpack_sensors(bytes, 0, 0, &space), 0);
    assert_int_equal(image_unpack_sensors(bytes, len, SENSORS_PER_SPACE_MAX, &space), -1);
    assert_int_equal(image_pack_sensors(&space, 3, 2, bytes), 0);
    assert_int_equal(image_pack_sensors(&space, 0, 0, bytes), 0);
    for (int i = 0; i < 20000; i++) {
        len = dice_below(&dice, SENSORS_PACK_MAX + 1);
        for (size_t b = 0; b < len; b++) {
            bytes[b] = (uint8_t)dice_u64(&dice);
        }
        assert_in_range(image_unpack_sensors(bytes, len, dice_below(&dice, 4), &space) + 1, 0, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_image_comes_back),
        cmocka_unit_test(the_longest_row_and_case_fit),
        cmocka_unit_test(garbled_images_are_refused_or_bounded),
        cmocka_unit_test(plain_sensors_come_back_exactly),
        cmocka_unit_test(any_two_sensors_fit),
        cmocka_unit_test(garbled_sensors_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
