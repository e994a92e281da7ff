/* MD5, RFC 1321, section 3: the signature of a platform that offers no other. Pure; called by the
 * field side for each push of such a platform. */
#include "bowei/base/md5.h"
#include "bowei/base/bytes.h"
#include <string.h>

#define BLOCK 64u

/* 3.4: the integer part of 2^32 * |sin(i + 1)| */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

static const uint8_t turns[4][4] = {
    {7, 12, 17, 22},
    {5, 9,  14, 20},
    {4, 11, 16, 23},
    {6, 10, 15, 21}
};

static uint32_t turned(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

static void block_add(uint32_t state[4], const uint8_t block[BLOCK])
{
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];

    for (unsigned i = 0; i < 64; i++) {
        static const uint8_t step[4] = {1, 5, 3, 7};
        static const uint8_t first[4] = {0, 1, 5, 0};
        unsigned round = i / 16;
        uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                         : round == 1 ? (b & d) | (c & ~d)
                         : round == 2 ? b ^ c ^ d
                                      : c ^ (b | ~d);
        uint32_t sum =
            a + mixed + sines[i] + le32_get(block + (first[round] + step[round] * i) % 16 * 4);

        a = d;
        d = c;
        c = b;
        b += turned(sum, turns[round][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void md5_init(struct md5 *md5)
{
    *md5 = (struct md5){
        .state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
    };
}

void md5_add(struct md5 *md5, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len > 0) {
        size_t used = (size_t)(md5->len % BLOCK);
        size_t part = len < BLOCK - used ? len : BLOCK - used;

        memcpy(md5->block + used, p, part);
        md5->len += part;
        p += part;
        len -= part;
        if (used + part == BLOCK) {
            block_add(md5->state, md5->block);
        }
    }
}

void md5_finish(struct md5 *md5, uint8_t out[MD5_BYTES])
{
    static const uint8_t padding[BLOCK] = {0x80};
    uint8_t bits[8];
    size_t used = (size_t)(md5->len % BLOCK);

    le64_put(bits, md5->len * 8);
    md5_add(md5, padding, (used < 56 ? 56 : 120) - used);
    md5_add(md5, bits, sizeof bits);
    for (unsigned i = 0; i < 4; i++) {
        le32_put(out + 4 * i, md5->state[i]);
    }
}
