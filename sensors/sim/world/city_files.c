/* The simulated city as inventory files (docs/DATA_FORMAT.md): what `bowei import` reads. */
#include "bowei/base/strbuf.h"
#include "sensors/sim/world/city.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const models[TECH_COUNT] = {
    [TECH_BITS] = "bit_concentrator", [TECH_DX80] = "dx80_state",
    [TECH_DX80_SERIAL] = "dx80_raw",  [TECH_BOSCH] = "bosch_tps110",
    [TECH_NWAVE] = "nwave_nps405",    [TECH_NATIVE] = "native",
    [TECH_GATE] = "native",
};

static void put_position(struct strbuf *b, struct position_e7 at)
{
    const struct position_deg d = position_deg_of(at);

    strbuf_printf(b, "%.7f,%.7f", d.lat, d.lon);
}

static void put_key(struct strbuf *b, space_key key)
{
    char id[SPACE_ID_LEN];

    space_id_write(key, id);
    strbuf_add(b, id, sizeof id);
}

static void put_lots(const struct city *city, struct strbuf *b)
{
    strbuf_puts(b, "id,name_zh,name_en,counting,lat,lon,capacity,address,hours,fee\n");
    for (uint32_t i = 0; i < city->lot_count; i++) {
        const struct city_lot *lot = &city->lots[i];
        const char *zh = city_street_zh(lot->name);
        const char *en = city_street_en(lot->name);
        const bool gates = lot->count == 0;

        put_key(b, lot->key);
        switch (space_key_kind(lot->key)) {
        case PLACE_LOT:
            strbuf_printf(b, ",%s%u号停车场,%s Lot %u", zh, (unsigned)lot->number, en,
                          (unsigned)lot->number);
            break;
        case PLACE_TEMPORARY:
            strbuf_printf(b, ",%s%u号临时泊位,%s temporary bays %u", zh, (unsigned)lot->number, en,
                          (unsigned)lot->number);
            break;
        case PLACE_ON_STREET:
        case PLACE_BIKE_AREA:
        case PLACE_FENCE:
        case PLACE_NO_PARKING:
        case PLACE_KIND_COUNT:
            strbuf_printf(b, ",%s%u段,%s section %u", zh, (unsigned)lot->number, en,
                          (unsigned)lot->number);
            break;
        }
        strbuf_puts(b, gates ? ",gates," : ",spaces,");
        put_position(b, lot->at);
        strbuf_putc(b, ',');
        if (gates) {
            strbuf_u64(b, lot->capacity);
        }
        strbuf_printf(b, ",红山区%s,24/7,%s\n", zh, i % 3 == 0 ? "" : "2 CNY/h");
    }
}

static void put_spaces(const struct city *city, struct strbuf *b)
{
    strbuf_puts(b, "id,lat,lon,attributes\n");
    for (uint32_t i = 0; i < city->space_count; i++) {
        const struct city_space *s = &city->spaces[i];

        put_key(b, s->key);
        strbuf_putc(b, ',');
        put_position(b, s->at);
        strbuf_printf(b, ",%s%s%s\n", s->ev ? "ev" : "", s->ev && s->accessible ? ";" : "",
                      s->accessible ? "accessible" : "");
    }
}

static void put_devices(const struct city *city, struct strbuf *b)
{
    strbuf_puts(b, "id,source,model,heartbeat_s\n");
    for (uint32_t i = 0; i < city->device_count; i++) {
        const struct city_device *d = &city->devices[i];
        char line[8];

        city_line_name(city, d->line, line);
        strbuf_printf(b, "%s,%s,%s,", d->id, city_polled(d) ? line : "mqtt", models[d->tech]);
        if (!city_polled(d)) {
            strbuf_u64(b, city->params.heartbeat_s);
        }
        strbuf_putc(b, '\n');
    }
}

static void put_bindings(const struct city *city, struct strbuf *b)
{
    strbuf_puts(b, "device,channel,space,lot,rank\n");
    for (uint32_t i = 0; i < city->sensor_count; i++) {
        const struct city_sensor *s = &city->sensors[i];
        const struct city_device *d = &city->devices[s->device];

        strbuf_printf(b, "%s,%u,", d->id, (unsigned)s->channel);
        if (d->tech == TECH_GATE) {
            strbuf_putc(b, ',');
            put_key(b, city->lots[s->target].key);
        } else {
            put_key(b, city->spaces[s->target].key);
            strbuf_putc(b, ',');
        }
        strbuf_printf(b, ",%u\n", (unsigned)s->rank);
    }
}

/* The number painted on the ground, as a city's older system knows it. */
static void put_aliases(const struct city *city, struct strbuf *b)
{
    strbuf_puts(b, "scheme,value,id\n");
    for (uint32_t i = 0; i < city->space_count; i++) {
        strbuf_printf(b, "berth,HS-%06u,", (unsigned)i + 1);
        put_key(b, city->spaces[i].key);
        strbuf_putc(b, '\n');
    }
}

static enum err file_put(const char *folder, const char *name, const struct strbuf *b)
{
    char path[4096];
    size_t done = 0;
    int fd;

    if (b->failed) {
        return ERR_NO_MEMORY;
    }
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return ERR_IO;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return ERR_IO;
    }
    while (done < b->len) {
        const ssize_t n = write(fd, b->data + done, b->len - done);

        if (n <= 0) {
            (void)close(fd);
            return ERR_IO;
        }
        done += (size_t)n;
    }
    return close(fd) == 0 ? ERR_OK : ERR_IO;
}

enum err city_write(const struct city *city, const char *folder)
{
    static const struct {
        const char *name;
        void (*put)(const struct city *city, struct strbuf *b);
    } files[] = {
        {"lots.csv",     put_lots    },
        {"spaces.csv",   put_spaces  },
        {"devices.csv",  put_devices },
        {"bindings.csv", put_bindings},
        {"aliases.csv",  put_aliases },
    };
    struct strbuf b = {0};
    enum err e = ERR_OK;

    for (size_t i = 0; i < ARRAY_LEN(files) && e == ERR_OK; i++) {
        strbuf_clear(&b);
        files[i].put(city, &b);
        e = file_put(folder, files[i].name, &b);
    }
    strbuf_finish(&b);
    return e;
}
