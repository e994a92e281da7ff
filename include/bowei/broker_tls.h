#ifndef BOWEI_BROKER_TLS_H
#define BOWEI_BROKER_TLS_H

#include "bowei/base/err.h"
#include <stdbool.h>

struct mosquitto;

/* TLS 1.2 and later towards an MQTT broker, for the links and for MQTT out. The context is ours and
 * not libmosquitto's: only its verification can say why a certificate was refused, and one piece of
 * code judges the files for check-config, reload and the connection. */

#define BROKER_TLS_WHY_MAX 300

enum broker_tls_file { BROKER_TLS_CA, BROKER_TLS_CERT, BROKER_TLS_KEY, BROKER_TLS_FILE_COUNT };

/** What the configuration says; all borrowed. */
struct broker_tls_files {
    const char *host;    /**< name or address that the broker's certificate must bear */
    const char *ca_file; /**< NULL = the certificates that the system trusts */
    const char *cert_file, *key_file; /**< NULL = we show none */
};

/** The TLS of one client; plain data, zeroed is valid. It must outlive the client. */
struct broker_tls {
    const char *host; /**< as in the files; what the broker is asked for (SNI) when it is a name */
    char why[BROKER_TLS_WHY_MAX]; /**< why this connection failed; "" = TLS did not */
};

/** Could a connection be tried with these files? False with a sentence in why and in *at_fault the
 * file it is about. A key that others may read is refused. Pure but for the files; any thread. */
bool broker_tls_check(const struct broker_tls_files *files, char why[BROKER_TLS_WHY_MAX],
                      enum broker_tls_file *at_fault);
/** Reads the files and has the client speak TLS by them, before it connects. False with the reason
 * in tls->why. Its user data may be anything. */
bool broker_tls_set(struct broker_tls *tls, const struct broker_tls_files *files,
                    struct mosquitto *client);
/** Waits until the handshake can go on, at most wait_ms; 0, or the errno of a connection that is no
 * more. To be called before mosquitto_loop as long as the broker has not said yes: 2.0.11 takes a
 * connection that was refused or reset within the handshake for one that is not ready yet, and its
 * loop turns without a pause. */
int broker_tls_wait(struct mosquitto *client, int wait_ms);
/** To be called with what libmosquitto's log callback gets: keeps why TLS failed. */
void broker_tls_hear(struct broker_tls *tls, const char *text);

#endif
