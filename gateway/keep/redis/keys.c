/* Every Redis key in one file, so that docs/DATA_FORMAT.md and the ACL files have one thing to
 * agree with. Called by the writer, the loader and their tests; pure. */
#include "gateway/keep/redis/keys.h"
#include "bowei/case.h"
#include <string.h>

static const char *const district_keys[KEY_KIND_COUNT] = {
    [KEY_EPOCH] = "epoch",
    [KEY_META] = "meta",
    [KEY_FREE] = "free",
    [KEY_CHANGES] = "changes",
    [KEY_AUDIT] = "audit",
    [KEY_VEHICLES] = "vehicles",
    [KEY_ALERTS] = "alerts",
    [KEY_VEHICLES_NEXT] = "vehicles.next",
    [KEY_ALERTS_NEXT] = "alerts.next",
    [KEY_CASES] = "cases",
    [KEY_CASES_NEXT] = "cases.next",
    [KEY_EVENTS] = "events",
};

static void add(struct redis_key *key, const char *text, size_t len)
{
    memcpy(key->text + key->len, text, len);
    key->len += len;
}

/* "bowei:{150402}:" */
static void begin(struct redis_key *key, uint32_t adcode)
{
    char digits[6];

    key->len = 0;
    add(key, "bowei:{", 7);
    if (adcode == ADCODE_CITY) {
        add(key, "city", 4);
    } else {
        for (int i = 5; i >= 0; i--) {
            digits[i] = (char)('0' + adcode % 10);
            adcode /= 10;
        }
        add(key, digits, sizeof digits);
    }
    add(key, "}:", 2);
}

void redis_key_district(struct redis_key *out, uint32_t adcode, enum redis_key_kind kind)
{
    begin(out, adcode);
    add(out, district_keys[kind], strlen(district_keys[kind]));
}

static void place(struct redis_key *out, uint32_t adcode, const char *what, space_key key)
{
    begin(out, adcode);
    add(out, what, strlen(what));
    space_id_write(key, out->text + out->len);
    out->len += SPACE_ID_LEN;
}

void redis_key_space(struct redis_key *out, uint32_t adcode, space_key key)
{
    place(out, adcode, "space:", key);
}

void redis_key_lot(struct redis_key *out, uint32_t adcode, space_key key)
{
    place(out, adcode, "lot:", key);
}

void redis_key_override(struct redis_key *out, uint32_t adcode, space_key key)
{
    place(out, adcode, "override:", key);
}

void redis_key_suspect(struct redis_key *out, const char *device, size_t len)
{
    begin(out, ADCODE_CITY);
    add(out, "suspect:", 8);
    add(out, device, len < DEVICE_ID_MAX ? len : DEVICE_ID_MAX);
}

void redis_key_fence(struct redis_key *out, uint32_t adcode, space_key key)
{
    place(out, adcode, "fence:", key);
}

void redis_key_vehicle(struct redis_key *out, uint32_t adcode, const char *ref, size_t len)
{
    begin(out, adcode);
    add(out, "vehicle:", 8);
    add(out, ref, len < VEHICLE_REF_MAX ? len : VEHICLE_REF_MAX);
}

void redis_key_alert(struct redis_key *out, uint32_t adcode, uint64_t id)
{
    char text[ALERT_ID_LEN + 1];

    alert_id_format(id, text);
    begin(out, adcode);
    add(out, "alert:", 6);
    add(out, text, ALERT_ID_LEN);
}

void redis_key_log(struct redis_key *out, const char *operator_code)
{
    out->len = 0;
    add(out, "bowei:{op:", 10);
    add(out, operator_code, strnlen(operator_code, OPERATOR_CODE));
    add(out, "}:log", 5);
}

void redis_key_case(struct redis_key *out, uint32_t adcode, uint64_t id)
{
    char number[CASE_NUMBER_LEN + 1];

    case_id_format(id, number);
    begin(out, adcode);
    add(out, "case:", 5);
    add(out, number, CASE_NUMBER_LEN);
}

void redis_key_case_rows(struct redis_key *out, uint32_t adcode, uint64_t id)
{
    redis_key_case(out, adcode, id);
    add(out, ":rows", 5);
}

void redis_key_stay(struct redis_key *out, uint32_t adcode, space_key key)
{
    place(out, adcode, "stay:", key);
}

void redis_key_mute(struct redis_key *out, space_key fence)
{
    if (fence != 0) {
        place(out, ADCODE_CITY, "mute:", fence);
        return;
    }
    begin(out, ADCODE_CITY);
    add(out, "mute:city", 9);
}
