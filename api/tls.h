#ifndef API_TLS_H
#define API_TLS_H

#include "bowei/base/err.h"
#include "bowei/tls.h"
#include <pthread.h>

/* Built-in TLS: what is served from the two files, exchanged without a restart. A connection keeps
 * the pair it began with; the last one that uses a former pair frees it. */

struct tls_pair;

struct tls {
    const char *certificate_file, *key_file; /**< borrowed; NULL: no TLS */
    pthread_mutex_t lock;                    /**< rank 24 */
    struct tls_pair *current;                /**< guarded by lock */
};

/** What libmicrohttpd may be offered: TLS 1.2 and 1.3, with GnuTLS's own choice of ciphers. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/** Reads the pair. ERR_CONFIG with why when it does not serve. Both files NULL: no TLS. */
enum err tls_init(struct tls *tls, const char *certificate_file, const char *key_file,
                  char why[TLS_FAULT_MAX]) MUST_CHECK;
void tls_finish(struct tls *tls);
/** Reads the files again; what is wrong leaves the former pair in force: false with why. *changed:
 * another pair is in force now. Any thread. */
bool tls_reload(struct tls *tls, char why[TLS_FAULT_MAX], bool *changed);
/** The pair's PEM texts, for the start. */
void tls_texts(const struct tls *tls, const char **certificate, const char **key);
/** Gives a session (gnutls_session_t), before its handshake, the pair in force; it is released by
 * tls_release. NULL: no TLS. HTTP thread. */
struct tls_pair *tls_take(struct tls *tls, void *session);
void tls_release(struct tls *tls, struct tls_pair *pair);

#endif
