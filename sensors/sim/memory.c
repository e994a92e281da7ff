/* Counters that outlive the simulator; see memory.h. */
#include "sensors/sim/memory.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct memory_head {
    char magic[8];
    uint32_t seed, spaces, devices, unused;
};

static const char magic[8] = {'b', 'o', 'w', 'e', 'i', 'S', 'M', '1'};

enum err memory_open(struct memory *memory, const char *path, const struct city *city)
{
    const size_t gates = CITY_GATE_LOTS * sizeof *memory->gates;
    struct memory_head *head;
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    *memory =
        (struct memory){.size = sizeof *head + gates + city->device_count * sizeof *memory->frames};
    if (fd < 0) {
        return ERR_IO;
    }
    if (fstat(fd, &st) != 0 || ftruncate(fd, (off_t)memory->size) != 0) {
        goto undo_fd;
    }
    memory->map = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory->map == MAP_FAILED) {
        goto undo_fd;
    }
    (void)close(fd);
    head = memory->map;
    if ((size_t)st.st_size != memory->size || memcmp(head->magic, magic, sizeof magic) != 0 ||
        head->seed != city->params.seed || head->spaces != city->space_count ||
        head->devices != city->device_count) {
        memset(memory->map, 0, memory->size);
        memcpy(head->magic, magic, sizeof magic);
        head->seed = city->params.seed;
        head->spaces = city->space_count;
        head->devices = city->device_count;
        memory->fresh = true;
    }
    memory->gates = (struct entrance_counts *)(void *)((char *)memory->map + sizeof *head);
    memory->frames = (uint32_t *)(void *)((char *)memory->map + sizeof *head + gates);
    return ERR_OK;
undo_fd:
    memory->map = NULL;
    (void)close(fd);
    return ERR_IO;
}

void memory_close(struct memory *memory)
{
    if (memory->map != NULL) {
        (void)munmap(memory->map, memory->size);
    }
    *memory = (struct memory){0};
}
