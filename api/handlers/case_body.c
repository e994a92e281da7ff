/* Bodies of cases: what staff, a camera or a resident says, into a finding or a move. Unknown
 * members are refused at every depth; every fault names its member, its value's rule and stays
 * until all are found. */
#include "api/body_fields.h"
#include "api/handlers/desk.h"
#include "api/handlers/staff.h"
#include "bowei/base/city_clock.h"
#include <sodium.h>
#include <string.h>

#define TIME_MAX    48
#define DAY_MS      86400000
#define SCORE_SPARE 4     /* digits looked at behind the two that are kept */
#define SCORE_FINER 10000 /* 10^SCORE_SPARE */

bool case_body_open(struct request *rq, struct json_doc *doc, struct json_node *nodes, uint32_t cap)
{
    uint64_t required;
    const uint64_t known = body_fields_of(rq->match.route->name, &required);

    if (!body_open(rq, doc, nodes, cap)) {
        return false;
    }
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        const struct json_node *n =
            (known & required) >> f & 1 ? json_member(doc, nodes, body_field_rows[f].name) : nodes;

        if (n == NULL || n->kind == JSON_NULL) {
            char where[40] = "/";

            (void)strncat(where, body_field_rows[f].name, sizeof where - 2);
            faults_add(&rq->faults, where, "is required: %s", body_field_rows[f].doc);
        }
    }
    return true;
}

bool case_body_good(struct request *rq)
{
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return false;
    }
    return true;
}

/* A member that says something: neither absent nor null. */
static const struct json_node *said(const struct json_doc *doc, const struct json_node *object,
                                    const char *name)
{
    const struct json_node *n = json_member(doc, object, name);

    return n == NULL || n->kind == JSON_NULL ? NULL : n;
}

/* Free text. */
static void text_read(struct request *rq, const struct json_doc *doc, const char *name, char *out,
                      size_t cap)
{
    const struct json_node *n = said(doc, &doc->nodes[0], name);
    char where[40] = "/";
    int len;

    if (n == NULL) {
        return;
    }
    len = body_text(doc, n, out, cap);
    if (len < 1) {
        out[0] = '\0';
        (void)strncat(where, name, sizeof where - 2);
        faults_add(&rq->faults, where,
                   "must be a text of 1 to %zu bytes without control characters", cap - 1);
    }
}

/* A code of a unit or person. */
static void code_read(struct request *rq, const struct json_doc *doc, const char *name, char *out,
                      size_t cap)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    const struct json_node *n = said(doc, &doc->nodes[0], name);
    char where[40] = "/";
    int len;

    if (n == NULL) {
        return;
    }
    len = json_text(doc, n, out, cap);
    if (len < 1 || strspn(out, allowed) != (size_t)len) {
        out[0] = '\0';
        (void)strncat(where, name, sizeof where - 2);
        faults_add(&rq->faults, where, "must be a code of 1 to %zu letters, digits and hyphens",
                   cap - 1);
    }
}

/* Wall clock; 0 when it is none. */
static int64_t wall_read(const struct json_doc *doc, const struct json_node *n)
{
    char text[TIME_MAX];
    int64_t wall_ms = 0;
    const int len = json_text(doc, n, text, sizeof text);

    return len < 0 || rfc3339_parse(text, (uint32_t)len, &wall_ms) != 0 ? 0 : wall_ms;
}

static void until_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "until");
    int64_t wall_ms;

    if (n == NULL) {
        return;
    }
    wall_ms = wall_read(doc, n);
    if (wall_ms == 0) {
        faults_add(&rq->faults, "/until", "must be an RFC 3339 time");
    } else if (wall_ms - rq->now.shift_ms <= rq->now.at_ms) {
        faults_add(&rq->faults, "/until", "must be in the future");
    } else {
        move->until_ms = wall_ms - rq->now.shift_ms;
    }
}

/* {"crs","lat","lon"}; crs of the member, else of the request. False: noted. */
static void location_read(struct request *rq, const struct json_doc *doc,
                          const struct json_node *object, const char *where,
                          struct position_e7 *out)
{
    const struct json_node *n = said(doc, object, "location");
    const struct json_node *crs_node = said(doc, n, "crs");
    const struct json_node *lat = said(doc, n, "lat");
    const struct json_node *lon = said(doc, n, "lon");
    enum crs crs = rq->query.crs;
    struct position_deg at;
    char word[8] = "";

    if (n == NULL) {
        return;
    }
    if (crs_node != NULL && (json_text(doc, crs_node, word, sizeof word) < 0 ||
                             !crs_parse(word, (uint32_t)strlen(word), &crs))) {
        faults_add(&rq->faults, where, "crs must be wgs84, gcj02 or bd09");
        return;
    }
    if (n->kind != JSON_OBJECT || n->count != 2u + (crs_node != NULL ? 1u : 0u) || lat == NULL ||
        lon == NULL || !json_double(doc, lat, &at.lat) || !json_double(doc, lon, &at.lon) ||
        !(at.lat >= -90 && at.lat <= 90 && at.lon >= -180 && at.lon <= 180) ||
        (at.lat == 0 && at.lon == 0)) {
        faults_add(
            &rq->faults, where,
            "must have lat from -90 to 90, lon from -180 to 180, not 0, 0; and may have crs");
        return;
    }
    *out = position_round(crs_to_wgs84(crs, at));
}

/* --- evidence: where a picture lies, and its digest --- */

/* "user:password@" before the path: everybody who reads the case would have it. */
static bool uri_has_login(const char *uri)
{
    const char *host = strstr(uri, "://") + 3;

    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static bool uri_good(const char *uri)
{
    static const char *const schemes[] = {"https://", "http://", "s3://",  "oss://",
                                          "cos://",   "obs://",  "file://"};
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        known = known || (strncmp(uri, schemes[i], strlen(schemes[i])) == 0 &&
                          uri[strlen(schemes[i])] != '\0');
    }
    for (const char *p = uri; *p != '\0'; p++) {
        known = known && *p > 0x20 && *p < 0x7f && strchr("\"<>\\^`{|}", *p) == NULL;
    }
    return known && !uri_has_login(uri);
}

static bool evidence_members_known(const struct json_doc *doc, const struct json_node *n)
{
    static const char *const known[] = {"uri", "sha256", "taken_at", "device", "location"};
    const struct json_node *key = json_first(doc, n);

    for (uint32_t i = 0; i < n->count; i++) {
        size_t k = 0;

        while (k < ARRAY_LEN(known) && !json_is_text(doc, key, known[k])) {
            k++;
        }
        if (k == ARRAY_LEN(known)) {
            return false;
        }
        key = json_after(doc, json_after(doc, key));
    }
    return true;
}

static void digest_read(struct request *rq, const struct json_doc *doc, const struct json_node *n,
                        struct case_move *move)
{
    const struct json_node *digest = said(doc, n, "sha256");
    char hex[2 * sizeof move->sha256 + 1];
    size_t bytes = 0;

    if (digest == NULL || json_text(doc, digest, hex, sizeof hex) != sizeof hex - 1 ||
        sodium_hex2bin(move->sha256, sizeof move->sha256, hex, sizeof hex - 1, NULL, &bytes,
                       NULL) != 0 ||
        bytes != sizeof move->sha256) {
        faults_add(&rq->faults, "/evidence/sha256", "%s 64 hex digits", FAULT_MUST_BE(digest));
    }
}

/* What took it. A resident's phone has no name that anybody should know. */
static void device_read(struct request *rq, const struct json_doc *doc, const struct json_node *n,
                        struct case_move *move)
{
    const struct json_node *device = said(doc, n, "device");

    if (device == NULL && rq->match.route->role == ROLE_PUBLIC) {
        (void)strncpy(move->device, "app", sizeof move->device - 1);
    } else if (device == NULL || body_text(doc, device, move->device, sizeof move->device) < 1 ||
               strchr(move->device, '\n') != NULL) {
        move->device[0] = '\0';
        faults_add(&rq->faults, "/evidence/device", "%s a text of 1 to %zu bytes",
                   FAULT_MUST_BE(device), sizeof move->device - 1);
    }
}

static void evidence_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "evidence");
    const struct json_node *taken;
    const struct json_node *uri;

    if (n == NULL) {
        return;
    }
    if (n->kind != JSON_OBJECT || !evidence_members_known(doc, n)) {
        faults_add(&rq->faults, "/evidence",
                   "must be an object of uri, sha256, taken_at, device and location");
        return;
    }
    uri = said(doc, n, "uri");
    if (uri == NULL || json_text(doc, uri, move->uri, sizeof move->uri) < 1 ||
        !uri_good(move->uri)) {
        move->uri[0] = '\0';
        faults_add(
            &rq->faults, "/evidence/uri",
            "%s https, http, s3, oss, cos, obs or file, at most %d bytes of ASCII without a login",
            FAULT_MUST_BE(uri), CASE_URI_MAX);
    }
    digest_read(rq, doc, n, move);
    taken = said(doc, n, "taken_at");
    move->taken_ms = taken == NULL ? 0 : wall_read(doc, taken);
    if (move->taken_ms <= 0 || move->taken_ms > rq->now.at_ms + rq->now.shift_ms + DAY_MS) {
        faults_add(&rq->faults, "/evidence/taken_at",
                   "%s an RFC 3339 time, not later than tomorrow", FAULT_MUST_BE(taken));
    }
    device_read(rq, doc, n, move);
    location_read(rq, doc, n, "/evidence/location", &move->taken_at);
}

/* --- the rest of a move --- */

static void version_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "version");
    int64_t version = 0;

    if (n != NULL && (!json_int(doc, n, &version) || version < 1 || version > UINT32_MAX)) {
        faults_add(&rq->faults, "/version", "must be the version that was read, 1 or more");
    }
    move->version = (uint32_t)version;
}

static void features_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "features");
    const struct json_node *item;
    bool good = n != NULL && n->kind == JSON_ARRAY && n->count > 0;

    if (n == NULL) {
        return;
    }
    item = good ? json_first(doc, n) : NULL;
    for (uint32_t i = 0; good && i < n->count; i++) {
        enum case_feature feature;
        char word[24];
        const int len = json_text(doc, item, word, sizeof word);

        good = len > 0 && case_feature_find(word, (size_t)len, &feature);
        if (good) {
            move->features |= (uint8_t)(1u << feature);
            item = json_after(doc, item);
        }
    }
    if (!good) {
        faults_add(&rq->faults, "/features",
                   "must be a list of dust, flat_tyre, no_plate, damaged, rubbish, covered");
    }
}

static void channel_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    static const char *const words[] = {"sticker", "call", "operator", "web"};
    const struct json_node *n = said(doc, &doc->nodes[0], "channel");

    for (size_t i = 0; n != NULL && i < ARRAY_LEN(words); i++) {
        if (json_is_text(doc, n, words[i])) {
            memcpy(move->channel, words[i], strlen(words[i]) + 1);
            return;
        }
    }
    if (n != NULL) {
        faults_add(&rq->faults, "/channel", "must be sticker, call, operator or web");
    }
}

static void numbers_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *score = said(doc, &doc->nodes[0], "score");
    const struct json_node *rating = said(doc, &doc->nodes[0], "rating");
    const struct json_node *emergency = said(doc, &doc->nodes[0], "emergency");
    int64_t v = 0;

    if (score != NULL) {
        move->has_score = true;
        if (!json_scaled(doc, score, 2 + SCORE_SPARE, &v) || v % SCORE_FINER != 0 ||
            v < -10000 * SCORE_FINER || v > 10000 * SCORE_FINER) {
            faults_add(&rq->faults, "/score",
                       "must be points from -100 to 100, two decimals at most");
        }
        move->score_hundredths = (int16_t)(v / SCORE_FINER);
    }
    if (rating != NULL) {
        if (!json_int(doc, rating, &v) || v < 1 || v > 5) {
            faults_add(&rq->faults, "/rating", "must be a whole number from 1 to 5");
        }
        move->rating = (uint8_t)v;
    }
    if (emergency != NULL) {
        if (emergency->kind != JSON_TRUE && emergency->kind != JSON_FALSE) {
            faults_add(&rq->faults, "/emergency", "must be true or false");
        }
        move->emergency = emergency->kind == JSON_TRUE;
    }
}

static void into_read(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "into");
    char text[CASE_NUMBER_LEN + 2];
    int len;

    if (n == NULL) {
        return;
    }
    len = json_text(doc, n, text, sizeof text);
    if (len < 1 || !case_id_parse(text, (size_t)len, &move->other)) {
        faults_add(&rq->faults, "/into", "must be the number of a case");
    }
}

void case_body_move(struct request *rq, const struct json_doc *doc, struct case_move *move)
{
    version_read(rq, doc, move);
    text_read(rq, doc, "note", move->note, sizeof move->note);
    code_read(rq, doc, "unit", move->unit, sizeof move->unit);
    code_read(rq, doc, "person", move->person, sizeof move->person);
    text_read(rq, doc, "duty", move->duty, sizeof move->duty);
    text_read(rq, doc, "document", move->document, sizeof move->document);
    if (strchr(move->document, '\n') != NULL) { /* a number on a sheet, not a text */
        faults_add(&rq->faults, "/document", "must be one line");
    }
    channel_read(rq, doc, move);
    until_read(rq, doc, move);
    features_read(rq, doc, move);
    numbers_read(rq, doc, move);
    into_read(rq, doc, move);
    evidence_read(rq, doc, move);
}

/* --- a finding --- */

static void kind_read(struct request *rq, const struct json_doc *doc, struct case_request *request)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "kind");
    char word[32];
    const int len = n == NULL ? -1 : json_text(doc, n, word, sizeof word);

    if (n != NULL && (len < 1 || !case_kind_find(word, (size_t)len, &request->kind))) {
        faults_add(&rq->faults, "/kind",
                   "must be zombie_car, zombie_bike_private, zombie_bike_shared, out_of_fence, "
                   "no_parking, pile_up, facility or order");
    }
}

/* What people may say it comes from: not the machine's own sources, nor the app's. */
static void source_read(struct request *rq, const struct json_doc *doc,
                        struct case_request *request)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "source");
    char word[24];
    const int len = n == NULL ? -1 : json_text(doc, n, word, sizeof word);

    if (n != NULL && (len < 1 || !case_source_find(word, (size_t)len, &request->source) ||
                      request->source == SOURCE_SENSOR || request->source == SOURCE_APP)) {
        faults_add(&rq->faults, "/source",
                   "must be patrol, hotline, letter_box, video or superior");
    }
}

static void place_read(struct request *rq, const struct json_doc *doc, struct case_request *request)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "place");
    char text[SPACE_ID_LEN + 8];
    int len;

    if (n == NULL) {
        return;
    }
    len = json_text(doc, n, text, sizeof text);
    if (len < 1 || space_id_parse(text, (size_t)len, &request->place) != ID_OK) {
        faults_add(&rq->faults, "/place", "must be the ID of a space, lot or fence");
    }
}

static void vehicle_read(struct request *rq, const struct json_doc *doc,
                         struct case_request *request)
{
    const struct json_node *n = said(doc, &doc->nodes[0], "vehicle");
    int len;

    if (n == NULL) {
        return;
    }
    len = json_text(doc, n, request->vehicle, sizeof request->vehicle);
    if (len < 1 || !vehicle_ref_valid(request->vehicle, (size_t)len)) {
        request->vehicle[0] = '\0';
        faults_add(&rq->faults, "/vehicle",
                   "must be OP-NUMBER of a shared bike: 2 to 6 letters, 4 to 20 of [0-9A-Z]");
    }
}

/* Cars and private bikes have plates, some of which look like a reference. */
static void vehicle_check(struct request *rq, const struct case_request *request)
{
    const bool plated =
        request->kind == CASE_ZOMBIE_CAR || request->kind == CASE_ZOMBIE_PRIVATE_BIKE;

    if (rq->faults.count == 0 && plated && request->vehicle[0] != '\0') {
        faults_add(&rq->faults, "/vehicle", "is of a shared bike; this kind has none, nor a plate");
    }
}

void case_body_finding(struct request *rq, const struct json_doc *doc, struct case_request *request)
{
    kind_read(rq, doc, request);
    source_read(rq, doc, request);
    place_read(rq, doc, request);
    vehicle_read(rq, doc, request);
    location_read(rq, doc, &doc->nodes[0], "/location", &request->at);
    text_read(rq, doc, "text", request->move.note, sizeof request->move.note);
    vehicle_check(rq, request);
    if (said(doc, &doc->nodes[0], "place") == NULL &&
        said(doc, &doc->nodes[0], "location") == NULL) {
        faults_add(&rq->faults, "/place", "say where: place, or location");
    }
}
