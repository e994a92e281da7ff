/* What MQTT out tells next: no space's last state is left out however slow the broker is, changes
 * go before the rest, and every operator gets every change of its alerts at least once and no other
 * operator's. The connection itself: tests/e2e/test_mqtt_out.py. */
#include "bowei/fences.h"
#include "gateway/mqtt_out/out_alerts.h"
#include "gateway/mqtt_out/out_spaces.h"
#include "tests/unit/city_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SPACES 300u

static void change_put(struct change_ring *ring, uint32_t slot)
{
    struct change change = {.kind = CHANGE_SPACE, .index = slot};

    change_ring_put(ring, &change);
}

/* Changes come in bursts, the broker takes as it likes; now and then more come than the ring has.
 */
static void last_states_are_told(void **state)
{
    struct inventory inv = {.version = 1, .space_count = SPACES};
    struct change_ring *ring = change_ring_create(1);
    struct dice dice = {20261129};
    struct out_spaces spaces;
    uint32_t is[SPACES + 100] = {0};
    uint32_t told[SPACES + 100];

    (void)state;
    memset(told, 0xff, sizeof told);
    assert_non_null(ring);
    out_spaces_init(&spaces, ring);
    for (int turn = 0; turn < 2000; turn++) {
        const uint32_t burst =
            dice_below(&dice, 400) == 0 ? CHANGE_RING + 5 : dice_below(&dice, 40);

        for (uint32_t i = 0; i < burst; i++) {
            const uint32_t slot = dice_below(&dice, inv.space_count);

            is[slot]++;
            change_put(ring, slot);
        }
        if (turn == 1000) { /* a new inventory has more */
            inv.version = 2;
            inv.space_count += 100;
        }
        if (dice_below(&dice, 300) == 0) { /* a connect */
            out_spaces_all(&spaces, &inv);
        }
        assert_true(out_spaces_follow(&spaces, ring, &inv));
        for (uint32_t n = dice_below(&dice, 30); n > 0; n--) {
            const uint32_t slot = out_spaces_take(&spaces);

            if (slot == NO_SLOT) {
                break;
            }
            if (dice_below(&dice, 20) == 0) {
                out_spaces_give_back(&spaces, slot);
            } else {
                told[slot] = is[slot];
            }
        }
    }
    for (uint32_t slot = out_spaces_take(&spaces); slot != NO_SLOT;
         slot = out_spaces_take(&spaces)) {
        told[slot] = is[slot];
    }
    assert_memory_equal(told, is, sizeof is);
    assert_int_equal(spaces.changed_count, 0);
    assert_int_equal(spaces.rest_count, 0);
    out_spaces_finish(&spaces);
    change_ring_destroy(ring);
}

static void changes_go_first(void **state)
{
    const struct inventory inv = {.version = 1, .space_count = SPACES};
    struct change_ring *ring = change_ring_create(1);
    struct out_spaces spaces;
    uint32_t count = 0;

    (void)state;
    out_spaces_init(&spaces, ring);
    assert_true(out_spaces_follow(&spaces, ring, &inv));
    assert_int_not_equal(out_spaces_take(&spaces), NO_SLOT); /* the rest has begun */
    change_put(ring, 250);
    change_put(ring, 250);
    change_put(ring, 123456); /* of an inventory that is not here */
    assert_true(out_spaces_follow(&spaces, ring, &inv));
    assert_int_equal(out_spaces_take(&spaces), 250);
    while (out_spaces_take(&spaces) != NO_SLOT) {
        count++;
    }
    assert_int_equal(count, SPACES - 2); /* each once */
    out_spaces_finish(&spaces);
    change_ring_destroy(ring);
}

static struct inv_operator operators[3] = {{.code = "AAA"}, {.code = "BBB"}, {.code = "CCC"}};

static void alert_put(struct alert_ring *ring, const char *code)
{
    struct alert_image alert = {.kind = ALERT_OUT_OF_FENCE, .version = 1};

    memcpy(alert.operator_code, code, strlen(code) + 1);
    alert_ring_release(ring, alert_ring_put(ring, &alert));
}

/* The connection breaks at any moment; what was not confirmed comes again. */
static void operators_get_their_own(void **state)
{
    const struct inventory inv = {.version = 1, .operator_count = 3, .operators = operators};
    struct alert_ring *ring = alert_ring_create(1);
    struct dice dice = {7};
    struct out_alerts alerts;
    struct out_alert next;
    bool confirmed[3][ALERT_RING] = {{false}};
    bool due[3][ALERT_RING] = {{false}};

    struct {
        unsigned who;
        uint64_t number;
    } by_mid[65536] = {{0}};

    int mid = 0;
    int oldest = 1;

    (void)state;
    out_alerts_init(&alerts, ring);
    for (uint64_t n = 1; n < 600; n++) {
        const unsigned who = dice_below(&dice, 4); /* 3: nobody's */

        alert_put(ring, who < 3 ? operators[who].code : "");
        if (who < 3) {
            due[who][n] = true;
        }
        while (dice_below(&dice, 3) > 0 && out_alerts_next(&alerts, ring, &inv, &next)) {
            assert_string_equal(next.alert.operator_code, next.operator_code);
            by_mid[++mid].who = (unsigned)(next.operator_code[0] - 'A');
            by_mid[mid].number = next.number;
            out_alerts_sent(&alerts, &next, mid);
        }
        while (oldest <= mid && dice_below(&dice, 2) == 0) {
            confirmed[by_mid[oldest].who][by_mid[oldest].number] = true;
            out_alerts_confirmed(&alerts, oldest++);
        }
        if (dice_below(&dice, 20) == 0) {
            out_alerts_rewind(&alerts);
            oldest = mid + 1;
        }
    }
    out_alerts_rewind(&alerts);
    while (out_alerts_next(&alerts, ring, &inv, &next)) {
        confirmed[next.operator_code[0] - 'A'][next.number] = true;
        out_alerts_sent(&alerts, &next, ++mid);
        out_alerts_confirmed(&alerts, mid);
    }
    assert_memory_equal(confirmed, due, sizeof due);
    assert_int_equal(alerts.missed, 0);
    alert_ring_destroy(ring);
}

static void what_is_gone_is_counted(void **state)
{
    const struct inventory inv = {.version = 1, .operator_count = 3, .operators = operators};
    struct alert_ring *ring = alert_ring_create(1);
    struct out_alerts alerts;
    struct out_alert next;
    uint64_t got = 0;

    (void)state;
    out_alerts_init(&alerts, ring);
    for (int i = 0; i < ALERT_RING + 100; i++) {
        alert_put(ring, "BBB");
    }
    for (int mid = 1; out_alerts_next(&alerts, ring, &inv, &next); mid++) {
        out_alerts_sent(&alerts, &next, mid);
        out_alerts_confirmed(&alerts, mid);
        got++;
    }
    assert_int_equal(got + alerts.missed, ALERT_RING + 100);
    assert_int_equal(alerts.missed, 100);
    alert_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_states_are_told),
        cmocka_unit_test(changes_go_first),
        cmocka_unit_test(operators_get_their_own),
        cmocka_unit_test(what_is_gone_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
