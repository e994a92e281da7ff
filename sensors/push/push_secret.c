/* The secrets of push sources. Every platform has its own way to show one: a header (webhooks of
 * LoRaWAN network servers), a part of the URL where only that can be configured (CTWing), or an MD5
 * signature (OneNET). Two secrets may hold at a time, so that one can be changed without a gap.
 * OneNET, "HTTP push", development guide: signature = base64(MD5(token + nonce + msg)). */
#include "sensors/push/push_secret.h"
#include "bowei/base/bytes.h"
#include "bowei/base/md5.h"
#include <sodium.h>
#include <string.h>
#include <strings.h>

#define SIGNATURE_TEXT 24 /* 16 bytes in base64 */
#define NONCE_MAX      64
#define SECRETS        2

/* Compared by their hashes: neither content nor length shows in the time. */
static bool same(const char *secret, const char *shown)
{
    uint8_t a[crypto_generichash_BYTES];
    uint8_t b[crypto_generichash_BYTES];

    (void)crypto_generichash(a, sizeof a, (const uint8_t *)(secret != NULL ? secret : ""),
                             secret != NULL ? strlen(secret) : 0, NULL, 0);
    (void)crypto_generichash(b, sizeof b, (const uint8_t *)(shown != NULL ? shown : ""),
                             shown != NULL ? strlen(shown) : 0, NULL, 0);
    return sodium_memcmp(a, b, sizeof a) == 0 && secret != NULL && shown != NULL;
}

static const char *secret_at(const struct push_config *config, unsigned i)
{
    if (config == NULL) {
        return NULL;
    }
    return i == 0 ? config->secret : config->former_secret;
}

static bool auth_is(const struct push_config *config, const char *how)
{
    return config != NULL && strcmp(config->auth, how) == 0;
}

bool push_secret_in_body(const struct push_config *config)
{
    return auth_is(config, "onenet");
}

bool push_secret_fits(const struct push_config *config, const struct push_request *rq)
{
    static const char scheme[] = "Bearer ";
    const char *shown = auth_is(config, "query") ? rq->key : rq->authorization;
    bool fits = false;

    if (push_secret_in_body(config)) {
        return true;
    }
    if (shown != NULL && shown == rq->authorization &&
        strncasecmp(shown, scheme, sizeof scheme - 1) == 0) {
        shown +=
            sizeof scheme - 1; /* LORIOT sends the configured text as it is, without a scheme */
    }
    for (unsigned i = 0; i < SECRETS; i++) {
        fits |= same(secret_at(config, i), shown);
    }
    return fits;
}

/* base64(MD5(token nonce msg)); a plus that a URL made a space of is a plus. */
static bool signature_fits(const char *token, const char *nonce, const char *msg, size_t msg_len,
                           const char *signature)
{
    char text[SIGNATURE_TEXT];
    uint8_t shown[MD5_BYTES];
    uint8_t right[MD5_BYTES];
    struct md5 md5;

    if (token == NULL || strlen(signature) != sizeof text) {
        return false;
    }
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = signature[i] == ' ' ? '+' : signature[i];
    }
    if (base64_decode(text, sizeof text, shown, sizeof shown) != MD5_BYTES) {
        return false;
    }
    md5_init(&md5);
    md5_add(&md5, token, strlen(token));
    md5_add(&md5, nonce, strlen(nonce));
    md5_add(&md5, msg, msg_len);
    md5_finish(&md5, right);
    return sodium_memcmp(shown, right, sizeof right) == 0;
}

bool push_secret_greets(const struct push_config *config, const struct push_request *rq)
{
    bool fits = false;

    if (!push_secret_in_body(config) || rq->msg == NULL || rq->nonce == NULL ||
        rq->signature == NULL) {
        return false;
    }
    for (unsigned i = 0; i < SECRETS; i++) {
        fits |= signature_fits(secret_at(config, i), rq->nonce, rq->msg, strlen(rq->msg),
                               rq->signature);
    }
    return fits;
}

bool push_secret_signs(const struct push_config *config, const struct json_doc *doc)
{
    const struct json_node *msg = json_member(doc, doc->nodes, "msg");
    const struct json_node *nonce = json_member(doc, doc->nodes, "nonce");
    const struct json_node *signature = json_member(doc, doc->nodes, "msg_signature");
    char nonce_text[NONCE_MAX + 1];
    char signature_text[SIGNATURE_TEXT + 1];
    bool fits = false;

    signature = signature != NULL ? signature : json_member(doc, doc->nodes, "signature");
    if (msg == NULL || (msg->kind != JSON_OBJECT && msg->kind != JSON_ARRAY) || nonce == NULL ||
        signature == NULL || json_text(doc, nonce, nonce_text, sizeof nonce_text) < 0 ||
        json_text(doc, signature, signature_text, sizeof signature_text) < 0) {
        return false;
    }
    for (unsigned i = 0; i < SECRETS; i++) {
        fits |= signature_fits(secret_at(config, i), nonce_text, doc->text + msg->start, msg->len,
                               signature_text);
    }
    return fits;
}
