/* Certificate and key: read from their files, checked as a pair, given to each new connection. Both
 * files are taken or neither, so that a renewal caught between its two writes changes nothing. */
#include "api/tls.h"
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX (256u << 10) /* a chain of many certificates has 20 KB */

struct tls_pair {
    char *certificate, *key; /* PEM */
    gnutls_certificate_credentials_t credentials;
    uint32_t users; /* sessions, and one for being in force; guarded by tls.lock */
};

static void pair_destroy(struct tls_pair *pair)
{
    if (pair == NULL) {
        return;
    }
    if (pair->credentials != NULL) {
        gnutls_certificate_free_credentials(pair->credentials);
    }
    if (pair->key != NULL) {
        explicit_bzero(pair->key, strlen(pair->key));
    }
    free(pair->key);
    free(pair->certificate);
    free(pair);
}

static char *refuse(char why[TLS_FAULT_MAX], const char *text)
{
    (void)snprintf(why, TLS_FAULT_MAX, "%s", text);
    return NULL;
}

static char *text_read(int fd, size_t size, char why[TLS_FAULT_MAX])
{
    char *text = malloc(size + 1);
    size_t len = 0;

    if (text == NULL) {
        return refuse(why, "no memory");
    }
    while (len < size) {
        const ssize_t got = read(fd, text + len, size - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            free(text);
            return refuse(why, "cannot be read");
        }
        len += (size_t)got;
    }
    text[len] = '\0';
    return text;
}

/* A whole file; a secret one is for its owner and group alone. */
static char *file_read(const char *path, bool secret, char why[TLS_FAULT_MAX])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text = NULL;

    if (fd < 0) {
        return refuse(why, strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)refuse(why, "is not a file");
    } else if (st.st_size == 0 || st.st_size > (off_t)PEM_MAX) {
        (void)refuse(why, "must have 1 byte to 256 KiB");
    } else if (secret && (st.st_mode & S_IRWXO) != 0) {
        (void)refuse(why, "others may read it (chmod o= it)");
    } else {
        text = text_read(fd, (size_t)st.st_size, why);
    }
    close(fd);
    return text;
}

/* Reads both files. key_at_fault: which of them why is about. */
static struct tls_pair *pair_read(const char *certificate_file, const char *key_file,
                                  char why[TLS_FAULT_MAX], bool *key_at_fault)
{
    struct tls_pair *pair = calloc(1, sizeof *pair);
    gnutls_datum_t certificate;
    gnutls_datum_t key;
    int rc;

    *key_at_fault = false;
    if (pair == NULL) {
        (void)refuse(why, "no memory");
        return NULL;
    }
    pair->certificate = file_read(certificate_file, false, why);
    if (pair->certificate == NULL) {
        goto undo_pair;
    }
    *key_at_fault = true;
    pair->key = file_read(key_file, true, why);
    if (pair->key == NULL) {
        goto undo_pair;
    }
    certificate =
        (gnutls_datum_t){(unsigned char *)pair->certificate, (unsigned)strlen(pair->certificate)};
    key = (gnutls_datum_t){(unsigned char *)pair->key, (unsigned)strlen(pair->key)};
    rc = gnutls_certificate_allocate_credentials(&pair->credentials);
    if (rc == GNUTLS_E_SUCCESS) {
        rc = gnutls_certificate_set_x509_key_mem(pair->credentials, &certificate, &key,
                                                 GNUTLS_X509_FMT_PEM);
    }
    if (rc < 0) { /* GnuTLS says in words: no certificate, no key, no match */
        *key_at_fault = rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
        (void)refuse(why, rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH
                              ? "the key does not belong to the certificate"
                              : gnutls_strerror(rc));
        goto undo_pair;
    }
    pair->users = 1;
    return pair;
undo_pair:
    pair_destroy(pair);
    return NULL;
}

bool tls_files_check(const char *certificate_file, const char *key_file, char why[TLS_FAULT_MAX],
                     bool *key_at_fault)
{
    struct tls_pair *pair = pair_read(certificate_file, key_file, why, key_at_fault);
    const bool good = pair != NULL;

    pair_destroy(pair);
    return good;
}

enum err tls_init(struct tls *tls, const char *certificate_file, const char *key_file,
                  char why[TLS_FAULT_MAX])
{
    bool key_at_fault = false;

    *tls = (struct tls){0};
    if (certificate_file == NULL || key_file == NULL) {
        return ERR_OK;
    }
    tls->current = pair_read(certificate_file, key_file, why, &key_at_fault);
    if (tls->current == NULL) {
        return ERR_CONFIG;
    }
    if (pthread_mutex_init(&tls->lock, NULL) != 0) {
        pair_destroy(tls->current);
        tls->current = NULL;
        return ERR_NO_MEMORY;
    }
    tls->certificate_file = certificate_file;
    tls->key_file = key_file;
    return ERR_OK;
}

void tls_finish(struct tls *tls)
{
    if (tls->current != NULL) {
        tls_release(tls, tls->current);
        pthread_mutex_destroy(&tls->lock);
        tls->current = NULL;
    }
}

bool tls_reload(struct tls *tls, char why[TLS_FAULT_MAX], bool *changed)
{
    bool key_at_fault = false;
    struct tls_pair *fresh;
    struct tls_pair *former;

    *changed = false;
    if (tls->certificate_file == NULL) {
        return true;
    }
    fresh = pair_read(tls->certificate_file, tls->key_file, why, &key_at_fault);
    if (fresh == NULL) {
        return false;
    }
    /* only this thread replaces it */
    if (strcmp(fresh->certificate, tls->current->certificate) == 0 &&
        strcmp(fresh->key, tls->current->key) == 0) {
        pair_destroy(fresh);
        return true;
    }
    pthread_mutex_lock(&tls->lock);
    former = tls->current;
    tls->current = fresh;
    pthread_mutex_unlock(&tls->lock);
    tls_release(tls, former);
    *changed = true;
    return true;
}

void tls_texts(const struct tls *tls, const char **certificate, const char **key)
{
    *certificate = tls->current == NULL ? NULL : tls->current->certificate;
    *key = tls->current == NULL ? NULL : tls->current->key;
}

struct tls_pair *tls_take(struct tls *tls, void *session)
{
    struct tls_pair *pair;

    if (tls->certificate_file == NULL || session == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&tls->lock);
    pair = tls->current;
    pair->users++;
    pthread_mutex_unlock(&tls->lock);
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, pair->credentials) < 0) {
        tls_release(tls, pair);
        return NULL;
    }
    return pair;
}

void tls_release(struct tls *tls, struct tls_pair *pair)
{
    bool last;

    if (pair == NULL) {
        return;
    }
    pthread_mutex_lock(&tls->lock);
    last = --pair->users == 0;
    pthread_mutex_unlock(&tls->lock);
    if (last) {
        pair_destroy(pair);
    }
}
