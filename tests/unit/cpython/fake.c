/* SPDX-License-Identifier: Apache-2.0 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>

static enum pyro_rc fake_readv(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct fake *fake = (struct fake *)reader;

	fake->reads++;
	*ret_done = 0;
	if (fake->fail != PYRO_RC_OK)
		return fake->fail;
	for (size_t i = 0; i < count; i++) {
		if (spans[i].addr < FAKE_BASE || spans[i].addr - FAKE_BASE > FAKE_SIZE ||
		    spans[i].size > FAKE_SIZE - (spans[i].addr - FAKE_BASE))
			return PYRO_RC_FAULT;
		memcpy(spans[i].into, fake->memory + (spans[i].addr - FAKE_BASE), spans[i].size);
		(*ret_done)++;
	}
	return PYRO_RC_OK;
}

#define FRAME_SIZE 176u

uint64_t fake_alloc(struct fake *fake, size_t size)
{
	const uint64_t addr = FAKE_BASE + fake->used;

	size = (size + 15) & ~(size_t)15;
	if (size > FAKE_SIZE - fake->used) {
		fprintf(stderr, "the fake is full\n");
		exit(1);
	}
	fake->used += (uint32_t)size;
	return addr;
}

void *fake_at(struct fake *fake, uint64_t addr)
{
	return fake->memory + (addr - FAKE_BASE);
}

void fake_put(struct fake *fake, uint64_t addr, uint64_t value, size_t width)
{
	memcpy(fake_at(fake, addr), &value, width);
}

uint64_t fake_string(struct fake *fake, const void *text, size_t count, unsigned int kind,
		     bool ascii, uint64_t hash)
{
	const struct pyro_layout *l = &fake->layout;
	const uint32_t head = ascii ? l->str_ascii : l->str_compact;
	const uint64_t addr = fake_alloc(fake, head + (count + 1) * kind);
	const uint32_t state = kind | 1u << 3 | (ascii ? 1u << 4 : 0) | 1u << 5;

	fake_put(fake, addr + l->str_length, count, 8);
	fake_put(fake, addr + l->str_hash, hash, 8);
	fake_put(fake, addr + l->str_state, state << (l->free_threaded && l->minor >= 14 ? 8 : 2),
		 4);
	memcpy(fake_at(fake, addr + head), text, count * kind);
	return addr;
}

uint64_t fake_ascii(struct fake *fake, const char *text)
{
	return fake_string(fake, text, strlen(text), 1, true, UINT64_MAX);
}

uint64_t fake_bytes(struct fake *fake, const void *data, size_t size)
{
	const struct pyro_layout *l = &fake->layout;
	const uint64_t addr = fake_alloc(fake, l->by_data + size + 1);

	fake_put(fake, addr + l->by_length, size, 8);
	if (size > 0)
		memcpy(fake_at(fake, addr + l->by_data), data, size);
	return addr;
}

uint64_t fake_code(struct fake *fake, const struct fake_code *code)
{
	const struct pyro_layout *l = &fake->layout;
	const uint64_t addr = fake_alloc(fake, 512 + code->units * 2);

	fake_put(fake, addr, 1, 8); /* references */
	fake_put(fake, addr + l->ob_type, fake->code_type, 8);
	fake_put(fake, addr + l->co_name, fake_ascii(fake, code->name), 8);
	if (l->co_qualname != PYRO_ABSENT)
		fake_put(fake, addr + l->co_qualname, fake_ascii(fake, code->qualname), 8);
	fake_put(fake, addr + l->co_filename, fake_ascii(fake, code->file), 8);
	fake_put(fake, addr + l->co_linetable, fake_bytes(fake, code->table, code->table_size), 8);
	fake_put(fake, addr + l->co_first_line, (uint32_t)code->first_line, 4);
	if (l->co_units != PYRO_ABSENT)
		fake_put(fake, addr + l->co_units, code->units, 8);
	if (l->co_version != PYRO_ABSENT)
		fake_put(fake, addr + l->co_version, code->version, 4);
	if (l->co_framesize != PYRO_ABSENT)
		fake_put(fake, addr + l->co_framesize, FRAME_SIZE / 8, 4);
	return addr;
}

uint64_t fake_frame(struct fake *fake, uint64_t previous, uint64_t code, uint32_t offset,
		    uint8_t owner)
{
	const struct pyro_layout *l = &fake->layout;
	uint64_t addr;

	if (!previous && !owner && l->minor >= 12)
		previous = fake_frame(fake, 0, 0, 0, 3);
	/* Frames of functions lie one right after the other, those of generators and entries
	 * elsewhere. */
	if (owner == 0) {
		addr = fake_alloc(fake, FRAME_SIZE);
		fake->data_top = addr + FRAME_SIZE;
	} else {
		addr = fake->elsewhere;
		fake->elsewhere += FRAME_SIZE;
	}
	fake_put(fake, addr + l->fr_previous, previous, 8);
	/* From 3.14 on a tagged reference. */
	fake_put(fake, addr + l->fr_code, code | (l->minor >= 14 ? 1 : 0), 8);
	if (l->minor <= 10)
		fake_put(fake, addr + l->fr_instr, l->minor == 10 ? offset / 2 : offset, 4);
	else
		fake_put(fake, addr + l->fr_instr, code + l->co_code + offset, 8);
	if (l->fr_owner != PYRO_ABSENT)
		fake_put(fake, addr + l->fr_owner, owner, 1);
	if (l->fr_entry != PYRO_ABSENT && !previous && !owner)
		fake_put(fake, addr + l->fr_entry, 1, 1);
	return addr;
}

uint64_t fake_thread(struct fake *fake, uint64_t pthread, uint64_t native_id, uint64_t top)
{
	const struct pyro_layout *l = &fake->layout;
	const uint64_t addr = fake_alloc(fake, 512);
	uint64_t head;

	memcpy(&head, fake_at(fake, fake->interp + l->in_threads), 8);
	fake_put(fake, addr + l->ts_next, head, 8);
	fake_put(fake, addr + l->ts_interp, fake->interp, 8);
	fake_put(fake, addr + l->ts_thread_id, pthread, 8);
	if (l->ts_native_id != PYRO_ABSENT)
		fake_put(fake, addr + l->ts_native_id, native_id, 8);
	if (l->ts_data_top != PYRO_ABSENT)
		fake_put(fake, addr + l->ts_data_top, fake->data_top, 8);
	if (l->cf_frame != PYRO_ABSENT) {
		const uint64_t cframe = fake_alloc(fake, 32);

		fake_put(fake, cframe + l->cf_frame, top, 8);
		top = cframe;
	}
	/* The newest of 3.10 has no frame. */
	if (l->ts_cframe != PYRO_ABSENT && l->cf_frame == PYRO_ABSENT)
		fake_put(fake, addr + l->ts_cframe, fake_alloc(fake, 32), 8);
	fake_put(fake, addr + l->ts_top, top, 8);
	fake_put(fake, fake->interp + l->in_threads, addr, 8);
	return addr;
}

void fake_cframe_below(struct fake *fake, uint64_t thread, uint64_t frame)
{
	const struct pyro_layout *l = &fake->layout;
	uint64_t below, cframe;

	if (l->cf_frame == PYRO_ABSENT)
		return;
	below = fake_alloc(fake, 32);
	memcpy(&cframe, fake_at(fake, thread + l->ts_top), 8);
	fake_put(fake, below + l->cf_frame, frame, 8);
	fake_put(fake, cframe + l->cf_previous, below, 8);
}

/* _Py_DebugOffsets of 3.14 as a build of it has them; free-threaded objects have a head of 32
 * bytes, everything after it moves. */
static void put_table_14(struct fake *fake, bool threaded)
{
	const uint64_t o = threaded ? 16 : 0;
	const uint64_t values[] = {
		4096,
		784,
		808, /* runtime */
		8192,
		7280,
		7272,
		7344,
		7360,
		7584,
		7688,
		7696,
		7704, /* interp */
		16,
		7784,
		7784,
		7800 + (threaded ? 8 : 0),
		7792 + (threaded ? 8 : 0),
		7992,
		threaded ? 8000u : 0u,
		400,
		0,
		8,
		16,
		72,
		152,
		160,
		232,
		32, /* thread */
		88,
		8,
		0,
		56,
		80,
		threaded ? 78u : 74u,
		64,
		threaded ? 72u : 0u, /* frame */
		216 + 2 * o,
		112 + o,
		120 + o,
		128 + o,
		136 + o,
		68 + o,
		52 + o,
		96 + o, /* code */
		104 + o,
		208 + o + (threaded ? 8 : 0),
		threaded ? 208 + o : 0,
		16 + o,
		8 + o, /* object */
		416 + o,
		24 + o,
		88 + o,
		168 + o, /* type */
		32 + o,
		24 + o,
		16 + o,
		40 + o,
		24 + o,
		16 + o, /* tuple, list */
		200 + o,
		24 + o,
		40 + o,
		32 + o,
		48 + o,
		32 + o,
		40 + o, /* set, dict */
		24 + o,
		16 + o,
		32 + o,
		16 + o,
		24 + o, /* float, long */
		33 + o,
		16 + o,
		32 + o, /* bytes */
		64 + o,
		32 + o,
		16 + o,
		40 + o, /* unicode */
		256,
		16, /* gc */
		168 + o,
		24 + o,
		72 + o,
		67 + o, /* generator */
	};
	uint8_t *at = fake_at(fake, fake->origin.runtime_addr);
	const uint64_t version = fake->origin.version, flag = threaded;

	memcpy(at, "xdebugpy", 8);
	memcpy(at + 8, &version, 8);
	memcpy(at + 16, &flag, 8);
	memcpy(at + 24, values, sizeof(values));
}

struct fake *fake_create(uint32_t minor, bool free_threaded)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	uint64_t name;

	if (!fake)
		exit(1);
	fake->reader.readv = fake_readv;
	fake->origin.version = 0x030000f0u | minor << 16;
	fake->origin.free_threaded = free_threaded;
	snprintf(fake->origin.version_text, sizeof(fake->origin.version_text), "3.%u.0", minor);
	fake_alloc(fake, 4096);
	fake->origin.runtime_addr = fake_alloc(fake, 8192);
	if (minor >= 13)
		put_table_14(fake, free_threaded);
	if (pyro_layout_find(&fake->reader, &fake->origin, &fake->layout, NULL) != PYRO_RC_OK) {
		fprintf(stderr, "no layout for 3.%u\n", minor);
		exit(1);
	}
	fake->elsewhere = fake_alloc(fake, 64 * FRAME_SIZE);
	fake->interp = fake_alloc(fake, 16384);
	fake_put(fake, fake->origin.runtime_addr + fake->layout.rt_interpreters, fake->interp, 8);
	if (fake->layout.rt_gil != PYRO_ABSENT) {
		fake->gil = fake->origin.runtime_addr + fake->layout.rt_gil;
	} else {
		fake->gil = fake->interp + fake->layout.in_own_gil;
		fake_put(fake, fake->interp + fake->layout.in_gil, fake->gil, 8);
	}
	fake_put(fake, fake->gil + fake->layout.gil_interval, 5000, 8);
	fake->code_type = fake_alloc(fake, 1024);
	name = fake_alloc(fake, 16);
	memcpy(fake_at(fake, name), "code", 5);
	fake_put(fake, fake->code_type + fake->layout.ty_name, name, 8);
	return fake;
}

uint64_t fake_interp(struct fake *fake, uint64_t id, bool own_gil)
{
	const struct pyro_layout *l = &fake->layout;
	const uint64_t head = fake->origin.runtime_addr + l->rt_interpreters;
	uint64_t first, gil;

	memcpy(&first, fake_at(fake, head), 8);
	fake->interp = fake_alloc(fake, 16384);
	fake_put(fake, fake->interp + l->in_next, first, 8);
	fake_put(fake, fake->interp + l->in_id, id, 8);
	fake_put(fake, head, fake->interp, 8);
	if (l->in_gil == PYRO_ABSENT)
		return fake->interp;
	gil = own_gil ? fake->interp + l->in_own_gil : fake->gil;
	fake_put(fake, fake->interp + l->in_gil, gil, 8);
	fake_put(fake, gil + l->gil_interval, 5000, 8);
	return fake->interp;
}

void fake_destroy(struct fake *fake)
{
	free(fake);
}
