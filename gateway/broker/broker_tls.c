/* TLS towards a broker: the context of OpenSSL that libmosquitto is handed, and why it failed. Part
 * of every client that sensors/mqtt and gateway/mqtt_out make; the command line judges the files
 * with it. */
#include "bowei/broker_tls.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBJECT_MAX 120

static bool refuse(char why[BROKER_TLS_WHY_MAX], const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(char why[BROKER_TLS_WHY_MAX], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, BROKER_TLS_WHY_MAX, fmt, args);
    va_end(args);
    return false;
}

/* The newest error of OpenSSL in words; empties its queue. */
static bool refuse_openssl(char why[BROKER_TLS_WHY_MAX])
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    (void)refuse(why, "%s", reason == NULL ? "OpenSSL says nothing" : reason);
    ERR_clear_error();
    return false;
}

/* --- the files --- */

/* OpenSSL's own words for a missing file are not for people. */
static bool file_check(const char *path, bool secret, char why[BROKER_TLS_WHY_MAX])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    struct stat st;
    bool good = true;

    if (fd < 0) {
        return refuse(why, "%s", strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        good = refuse(why, "is not a file");
    } else if (secret && (st.st_mode & S_IRWXO) != 0) {
        good = refuse(why, "others may read it (chmod o= it)");
    }
    close(fd);
    return good;
}

static bool ca_load(SSL_CTX *ctx, const struct broker_tls_files *files,
                    char why[BROKER_TLS_WHY_MAX])
{
    if (files->ca_file == NULL) {
        return SSL_CTX_set_default_verify_paths(ctx) == 1 || refuse_openssl(why);
    }
    if (!file_check(files->ca_file, false, why)) {
        return false;
    }
    if (SSL_CTX_load_verify_file(ctx, files->ca_file) != 1) {
        ERR_clear_error();
        return refuse(why, "holds no certificate (PEM)");
    }
    return true;
}

static bool cert_load(SSL_CTX *ctx, const struct broker_tls_files *files,
                      char why[BROKER_TLS_WHY_MAX])
{
    if (files->cert_file == NULL) {
        return true;
    }
    if (!file_check(files->cert_file, false, why)) {
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, files->cert_file) != 1) {
        ERR_clear_error();
        return refuse(why, "holds no certificate (PEM)");
    }
    return true;
}

/* A locked key would have OpenSSL ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(bool *)ctx = true;
    return -1;
}

static bool key_load(SSL_CTX *ctx, const struct broker_tls_files *files,
                     char why[BROKER_TLS_WHY_MAX])
{
    bool locked = false;

    if (files->key_file == NULL) {
        return true;
    }
    if (!file_check(files->key_file, true, why)) {
        return false;
    }
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &locked);
    if (SSL_CTX_use_PrivateKey_file(ctx, files->key_file, SSL_FILETYPE_PEM) != 1) {
        const bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                           ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;

        ERR_clear_error();
        return refuse(why, locked  ? "is locked by a pass phrase"
                           : other ? "does not belong to cert_file"
                                   : "holds no key (PEM)");
    }
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    return true;
}

/* --- why a broker is refused --- */

static void subject_put(X509 *cert, char subject[SUBJECT_MAX])
{
    BIO *out = BIO_new(BIO_s_mem());
    int len = 0;

    if (out != NULL && cert != NULL &&
        X509_NAME_print_ex(out, X509_get_subject_name(cert), 0, XN_FLAG_ONELINE) >= 0) {
        len = BIO_read(out, subject, SUBJECT_MAX - 1);
    }
    subject[len > 0 ? len : 0] = '\0';
    BIO_free(out);
}

/* OpenSSL asks once a certificate of the chain, and with the name or address at the end. */
static int verify(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct broker_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    char subject[SUBJECT_MAX];

    if (good == 0 && tls->why[0] == '\0') {
        subject_put(X509_STORE_CTX_get_current_cert(store), subject);
        (void)refuse(tls->why, "the broker's certificate is refused: %s (%s)",
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)), subject);
    }
    return good;
}

/* The words of the other side's alerts, and of ours, for people. */
static const struct {
    const char *end; /* of OpenSSL's line */
    const char *words;
} alerts[] = {
    {"alert certificate required",   "the broker wants a certificate of ours (cert_file)"        },
    {"alert handshake failure",      "the broker refuses the handshake; does it want a "
                                "certificate of ours (cert_file)?"},
    {"alert unknown ca",             "the broker does not trust the issuer of our certificate"   },
    {"alert bad certificate",        "the broker refuses our certificate"                        },
    {"alert certificate expired",    "the broker says that our certificate has expired"          },
    {"alert certificate revoked",    "the broker says that our certificate is revoked"           },
    {"alert protocol version",       "the broker speaks no TLS 1.2 or later"                     },
    {"unsupported protocol",         "the broker speaks no TLS 1.2 or later"                     },
    {"wrong version number",         "what answers does not speak TLS"                           },
    {"packet length too long",       "what answers does not speak TLS"                           },
    {"unexpected eof while reading", "the broker cut the TLS connection without a word"          },
};

void broker_tls_hear(struct broker_tls *tls, const char *text)
{
    static const char sign[] = "OpenSSL Error[";
    const char *reason = strrchr(text, ':');

    /* the first reason stays: a refused certificate is followed by "certificate verify failed" */
    if (tls->why[0] != '\0' || strncmp(text, sign, sizeof sign - 1) != 0 || reason == NULL) {
        return;
    }
    reason++;
    for (size_t i = 0; i < ARRAY_LEN(alerts); i++) {
        const size_t len = strlen(reason);
        const size_t end = strlen(alerts[i].end);

        if (len >= end && strcmp(reason + len - end, alerts[i].end) == 0) {
            (void)refuse(tls->why, "%s", alerts[i].words);
            return;
        }
    }
    (void)refuse(tls->why, "TLS: %s", reason);
}

/* --- the context --- */

static bool is_address(const char *host)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool host_set(SSL_CTX *ctx, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

/* libmosquitto asks for what it connects to, which is an address: of a name for it we say so, and
 * an address is no server name (RFC 6066, 3). */
static void server_name_set(const SSL *ssl, int where, int value)
{
    const struct broker_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    (void)value;
    if ((where & SSL_CB_HANDSHAKE_START) != 0) {
        (void)SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl,
                                       is_address(tls->host) ? NULL : (char *)(uintptr_t)tls->host);
    }
}

/* NULL with the reason and the file it is about. */
static SSL_CTX *context_make(const struct broker_tls_files *files, char why[BROKER_TLS_WHY_MAX],
                             enum broker_tls_file *at_fault)
{
    static bool (*const load[BROKER_TLS_FILE_COUNT])(SSL_CTX *, const struct broker_tls_files *,
                                                     char *) = {
        [BROKER_TLS_CA] = ca_load, [BROKER_TLS_CERT] = cert_load, [BROKER_TLS_KEY] = key_load};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    *at_fault = BROKER_TLS_CA;
    ERR_clear_error();
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        !host_set(ctx, files->host)) {
        (void)refuse_openssl(why);
        goto undo_context;
    }
    for (unsigned i = 0; i < BROKER_TLS_FILE_COUNT; i++) {
        *at_fault = (enum broker_tls_file)i;
        if (!load[i](ctx, files, why)) {
            goto undo_context;
        }
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verify);
    return ctx;
undo_context:
    SSL_CTX_free(ctx);
    return NULL;
}

bool broker_tls_check(const struct broker_tls_files *files, char why[BROKER_TLS_WHY_MAX],
                      enum broker_tls_file *at_fault)
{
    SSL_CTX *ctx = context_make(files, why, at_fault);
    const bool good = ctx != NULL;

    SSL_CTX_free(ctx);
    return good;
}

bool broker_tls_set(struct broker_tls *tls, const struct broker_tls_files *files,
                    struct mosquitto *client)
{
    const char *const paths[BROKER_TLS_FILE_COUNT] = {files->ca_file, files->cert_file,
                                                      files->key_file};
    enum broker_tls_file at_fault;
    char why[BROKER_TLS_WHY_MAX];
    SSL_CTX *ctx;
    bool set;

    tls->why[0] = '\0';
    tls->host = files->host;
    ctx = context_make(files, why, &at_fault);
    if (ctx == NULL) {
        const char *path = paths[at_fault];

        return refuse(tls->why, "%.150s: %.140s", path == NULL ? "TLS" : path, why);
    }
    SSL_CTX_set_app_data(ctx, tls);
    SSL_CTX_set_info_callback(ctx, server_name_set);
    set = mosquitto_int_option(client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS &&
          mosquitto_void_option(client, MOSQ_OPT_SSL_CTX, ctx) == MOSQ_ERR_SUCCESS;
    SSL_CTX_free(ctx); /* the client has its own reference */
    return set || refuse(tls->why, "libmosquitto takes no TLS context");
}

int broker_tls_wait(struct mosquitto *client, int wait_ms)
{
    struct pollfd fd = {.fd = mosquitto_socket(client), .events = POLLIN};
    int unread = 0;
    int error = 0;
    socklen_t len = sizeof error;

    fd.events |= mosquitto_want_write(client) ? POLLOUT : 0;
    if (fd.fd < 0 || poll(&fd, 1, wait_ms) <= 0 || (fd.revents & (POLLERR | POLLHUP)) == 0) {
        return 0; /* libmosquitto sees to it */
    }
    if (ioctl(fd.fd, FIONREAD, &unread) == 0 && unread > 0) {
        return 0; /* its last words, perhaps why */
    }
    (void)getsockopt(fd.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error == 0 ? ECONNRESET : error;
}
