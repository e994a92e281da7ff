/* Any request as a push. The first byte is the source (its lowest bits) and whether the right
 * secret is shown (0x80), then lines: authorization, key, event, msg, nonce, signature; the rest is
 * the body. With 0x40 the body is wrapped as OneNET's `msg` and signed rightly. Nothing is kept
 * without a secret, and what is kept is what the answer says. */
#include "bowei/base/bytes.h"
#include "bowei/base/log.h"
#include "bowei/base/md5.h"
#include "bowei/push.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/field_fixture.h"

#define TEXT(text) ((char *)(uintptr_t)(text))
#define SECRET     "a-secret-of-the-source"
#define LINES      6
#define LINE_MAX_  300
#define NONCE      "abcdefgh"
#define SIGN_MAX   (LINE_MAX_ * 200)

static const struct device_row rows[] = {
    {"dev-1",            "native",     "native",       0, 2},
    {"dev-1x",           "onenet",     "native",       0, 1},
    {"dev-2",            "ctwing",     "wxhs_pmd",     0, 1},
    {"0101010101010101", "chirpstack", "bosch_tps110", 0, 1},
};

/* clang-format off */
static struct push_config pushes[] = {
    {TEXT("native"),     TEXT("native"),     TEXT("header"), TEXT(SECRET),            NULL        },
    {TEXT("onenet"),     TEXT("onenet"),     TEXT("onenet"), TEXT(SECRET),            NULL        },
    {TEXT("ctwing"),     TEXT("ctwing"),     TEXT("query"),  TEXT(SECRET),            NULL        },
    {TEXT("chirpstack"), TEXT("chirpstack"), TEXT("header"), TEXT("a-newer-secret-1"), TEXT(SECRET)},
};
/* clang-format on */

static struct fixture *f;
static struct push_port port;

static void start(void)
{
    struct push *push;

    log_set_level(LOG_ERROR);
    f = fixture_create(rows, sizeof rows / sizeof rows[0]);
    f->config.pushes = pushes;
    f->config.push_count = sizeof pushes / sizeof pushes[0];
    push = push_create(&f->params);
    claim(push != NULL);
    port = push_port_of(push);
}

/* The next line into out; returns where the one behind begins. */
static size_t line_take(const uint8_t *data, size_t size, size_t at, char out[LINE_MAX_])
{
    const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;
    size_t len = end == NULL ? size - at : (size_t)(end - data) - at;
    size_t kept = strnlen((const char *)data + at, len);

    kept = kept < LINE_MAX_ ? kept : LINE_MAX_ - 1;
    memcpy(out, data + at, kept);
    out[kept] = '\0';
    return end == NULL ? size : at + len + 1;
}

/* {"msg":BODY,"nonce":...,"msg_signature":...}, rightly signed when BODY is one JSON value. */
static size_t body_sign(const uint8_t *body, size_t len, char out[SIGN_MAX])
{
    uint8_t hash[MD5_BYTES];
    char signature[32];
    struct md5 md5;

    md5_init(&md5);
    md5_add(&md5, SECRET NONCE, strlen(SECRET NONCE));
    md5_add(&md5, body, len);
    md5_finish(&md5, hash);
    base64_encode(hash, sizeof hash, signature, sizeof signature);
    return (size_t)snprintf(out, SIGN_MAX,
                            "{\"msg\":%.*s,\"nonce\":\"" NONCE "\",\"msg_signature\":\"%s\"}",
                            (int)len, (const char *)body, signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char signed_body[SIGN_MAX];
    char lines[LINES][LINE_MAX_];
    struct push_request rq = {0};
    struct push_result result;
    const struct push_config *source;
    size_t at = 1;
    enum err err;
    bool right;

    if (f == NULL) {
        start();
    }
    if (size < 1) {
        return 0;
    }
    for (int i = 0; i < LINES; i++) {
        at = line_take(data, size, at, lines[i]);
    }
    right = (data[0] & 0x80) != 0;
    source = &pushes[data[0] % (sizeof pushes / sizeof pushes[0])];
    rq = (struct push_request){.source = source->name,
                               .authorization = right ? "Bearer " SECRET : lines[0],
                               .key = right ? SECRET : lines[1],
                               .event = lines[2][0] == '\0' ? NULL : lines[2],
                               .msg = lines[3],
                               .nonce = lines[4],
                               .signature = lines[5],
                               .body = (const char *)data + at,
                               .len = size - at};
    if ((data[0] & 0x40) != 0 && rq.len < SIGN_MAX - 200) {
        rq.len = body_sign(data + at, rq.len, signed_body);
        rq.body = signed_body;
    }
    fixture_forget(f);
    err = port.take(port.ctx, &rq, &result);
    claim(err == ERR_OK || err == ERR_UNAUTHENTICATED || err == ERR_BAD_JSON ||
          err == ERR_TOO_LARGE);
    claim(result.kept == fixture_heard(f) && (err == ERR_OK || result.kept == 0));
    claim(err != ERR_OK || result.kept + result.refused + result.unknown + result.ignored > 0);
    claim(!right || strcmp(source->auth, "onenet") == 0 || err != ERR_UNAUTHENTICATED);
    for (uint32_t i = 0; i < f->heard_count; i++) {
        claim(f->heard[i].value < VALUE_COUNT_ && f->heard[i].root != 0);
    }
    (void)port.greet(port.ctx, &rq);
    return 0;
}
