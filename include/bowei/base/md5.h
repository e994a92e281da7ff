#ifndef BOWEI_BASE_MD5_H
#define BOWEI_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

/* MD5 (RFC 1321). Not for secrets of our own: a platform signs what it pushes with it (OneNET), and
 * libsodium rightly has none. */

#define MD5_BYTES 16

struct md5 {
    uint32_t state[4];
    uint64_t len;
    uint8_t block[64];
};

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, const void *data, size_t len);
void md5_finish(struct md5 *md5, uint8_t out[MD5_BYTES]);

#endif
