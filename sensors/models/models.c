/* The table of sensor models, out of models.def. The link finds a device's decoder here by the
 * inventory's `model`, the inventory builder its timing. */
#include "bowei/base/err.h"
#include "bowei/sensor_model.h"
#include <string.h>

#define MODEL(name) extern const struct sensor_model sensor_model_##name;
#include "sensors/models/models.def"
#undef MODEL

/* clang-format off */
static const struct sensor_model *const models[] = {
#define MODEL(name) &sensor_model_##name,
#include "sensors/models/models.def"
#undef MODEL
};

/* clang-format on */

const struct sensor_model *const *sensor_models(size_t *count)
{
    *count = ARRAY_LEN(models);
    return models;
}

const struct sensor_model *sensor_model_find(const char *name, size_t len)
{
    size_t low = 0;
    size_t high = ARRAY_LEN(models);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(models[middle]->name, name, len);

        if (order == 0 && models[middle]->name[len] != '\0') {
            order = 1;
        }
        if (order == 0) {
            return models[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
