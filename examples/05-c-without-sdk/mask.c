/* Masks card numbers: in runs of 13 to 19 digits, all but the last four become
 * stars. An event that had some gets a header "masked" with their number.
 *
 * Written by docs/abi.md alone, without weir.h and without a library. */
#include <stdint.h>

typedef struct {
    uint32_t at, size; /* a pointer and a length or count */
} span;

/* Section 6: an event, 80 bytes. */
typedef struct {
    uint32_t source, flags;
    span value, key, headers, context, topic, source_topic;
    int64_t timestamp, source_offset;
    int32_t source_partition, partition;
} entry;

/* Section 7: a header, 16 bytes. */
typedef struct {
    span name, value;
} header;

_Static_assert(sizeof(entry) == 80 && sizeof(header) == 16, "the layouts of the ABI");

enum { VALUE_NULL = 1, PAGE = 65536 };

static const char name[] = "masked";
static const char digits[] = "0123456789";

/* Where the host writes batches to: from the end of this module's own data on.
 * Behind the batch, weir_process puts the headers that it makes. */
extern unsigned char __heap_base;
static uint32_t room_end;

static uint32_t address(const void *p) {
    return (uint32_t)(uintptr_t)p;
}

static uint32_t buffer_start(void) {
    return (address(&__heap_base) + 7) / 8 * 8;
}

/* Makes memory reach to an address, which is below 4 GiB. */
static int reach(uint64_t end) {
    uint64_t pages = (end + PAGE - 1) / PAGE, have = __builtin_wasm_memory_size(0);
    return pages <= have || (pages <= PAGE && __builtin_wasm_memory_grow(0, (uint32_t)(pages - have)) != UINT32_MAX);
}

__attribute__((export_name("weir_abi_1"))) void abi(void) {
}

__attribute__((export_name("weir_buffer"))) uint32_t buffer(uint32_t size) {
    uint64_t end = (uint64_t)buffer_start() + (size + UINT64_C(7)) / 8 * 8;
    if (!reach(end)) {
        return 0;
    }
    room_end = (uint32_t)end;
    return buffer_start();
}

/* Masks the card numbers of a value, in place: the bytes of a batch are the
 * module's to change. Returns how many there were. */
static uint32_t mask(unsigned char *text, uint32_t size) {
    uint32_t masked = 0, run = 0;
    for (uint32_t i = 0; i <= size; i++) {
        if (i < size && text[i] >= '0' && text[i] <= '9') {
            run++;
            continue;
        }
        if (run >= 13 && run <= 19) {
            for (uint32_t j = i - run; j < i - 4; j++) {
                text[j] = '*';
            }
            masked++;
        }
        run = 0;
    }
    return masked;
}

/* Adds a header behind the others: the pairs are copied, what they point to is
 * not. Returns the place behind the new pairs. */
static header *add_header(entry *e, header *room, uint32_t masked) {
    const header *old = (const header *)(uintptr_t)e->headers.at;
    uint32_t count = e->headers.size;
    for (uint32_t i = 0; i < count; i++) {
        room[i] = old[i];
    }
    room[count].name = (span){address(name), sizeof name - 1};
    room[count].value = (span){address(&digits[masked > 9 ? 9 : masked]), 1};
    e->headers = (span){address(room), count + 1};
    return room + count + 1;
}

__attribute__((export_name("weir_process"))) uint64_t process(uint32_t table, uint32_t count) {
    entry *events = (entry *)(uintptr_t)table;
    header *room = (header *)(uintptr_t)room_end;
    for (uint32_t i = 0; i < count; i++) {
        entry *e = &events[i];
        uint32_t masked = e->flags & VALUE_NULL ? 0 : mask((unsigned char *)(uintptr_t)e->value.at, e->value.size);
        if (masked == 0) {
            continue;
        }
        if (!reach((uint64_t)address(room) + (e->headers.size + UINT64_C(1)) * sizeof(header))) {
            __builtin_trap();
        }
        room = add_header(e, room, masked);
    }
    return (uint64_t)table << 32 | count; /* all of them, in the table as it is */
}
