/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the reports share: histories made by hand, and golden files. After a change that is meant,
 * SABOT_GOLDEN_UPDATE=1 writes the golden files anew; look at what git says of them.
 */
#ifndef TESTS_UNIT_REPORT_SUPPORT_H
#define TESTS_UNIT_REPORT_SUPPORT_H

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/call.h"

static inline char *file_text(const char *path)
{
	struct str text = STR_NONE;
	char block[4096];
	FILE *f = fopen(path, "re");

	if (!f)
		return NULL;
	for (size_t n; (n = fread(block, 1, sizeof(block), f)) > 0;)
		str_add_bytes(&text, block, n);
	fclose(f);
	return str_take(&text);
}

static inline void golden_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	cr_assert(f, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

/* text is exactly what tests/golden/report/name has. */
static inline void golden_is(const char *name, const char *text)
{
	char *path = mem_printf("%s/tests/golden/report/%s", TEST_SOURCE_DIR, name);
	char *want;

	if (getenv("SABOT_GOLDEN_UPDATE"))
		golden_write(path, text);
	want = file_text(path);
	cr_assert(want, "%s cannot be read", path);
	cr_expect(!strcmp(want, text), "%s differs; it has\n%s\nbut this is\n%s", path, want, text);
	free(want);
	free(path);
}

/* A history made by hand: grows by proc(), chan() and call(); freed by history_fini(). */
static inline uint32_t proc(struct history *h, const char *name, uint32_t parent)
{
	h->procs = mem_grow(h->procs, (h->n_procs + 1) * sizeof(*h->procs));
	h->procs[h->n_procs] = (struct history_proc){ .parent = parent, .image = 1, .pid = 100 + (int)h->n_procs };
	text_copy(h->procs[h->n_procs].name, ROLE_NAME, name);
	return (uint32_t)h->n_procs++;
}

/* The channel's index + 1. */
static inline uint32_t chan(struct history *h, const char *name, uint32_t kind, uint32_t from, uint32_t to)
{
	h->channels = mem_grow(h->channels, (h->n_channels + 1) * sizeof(*h->channels));
	h->channels[h->n_channels] = (struct channel){ .kind = kind, .from = from + 1, .to = to + 1, .ordinal = 1 };
	text_copy(h->channels[h->n_channels].name, sizeof(h->channels[0].name), name);
	return (uint32_t)++h->n_channels;
}

/* Appends an event 1 ms after the last one; the caller changes what else it wants. */
static inline struct history_event *add(struct history *h, uint32_t p, uint8_t kind)
{
	struct history_event *e;

	h->tick_hz = 1000000000;
	h->events = mem_grow(h->events, (h->n_events + 1) * sizeof(*h->events));
	e = &h->events[h->n_events];
	*e = (struct history_event){ .proc = p, .image = 1, .e = { .kind = kind, .fd = -1, .tid = 100 + p } };
	e->e.stamp = ++h->n_events * 1000000;
	return e;
}

static inline struct history_event *call(
	struct history *h, uint32_t p, const char *name, uint32_t channel, uint32_t asked, int64_t result)
{
	struct history_event *e = add(h, p, EV_CALL);
	int row = call_find(name);

	cr_assert(row >= 0, "no call %s", name);
	e->e.call = (uint16_t)row;
	e->e.fd = channel ? 3 + (int)channel : -1;
	e->channel = channel;
	e->e.asked = asked;
	e->e.result = result < 0 ? -1 : result;
	e->e.error = (int16_t)(result < 0 ? -result : 0);
	e->e.ticks = 20000;
	e->e.hash = result > 0 ? (uint64_t)result * 77 : 0;
	return e;
}

static inline struct history_event *strike(
	struct history *h, uint32_t p, const char *name, uint32_t channel, uint32_t action, int64_t value)
{
	struct history_event *e = call(h, p, name, channel, action, 0);

	e->e.kind = EV_STRIKE;
	e->e.result = value;
	e->e.strike = 1;
	return e;
}

/* Gives the event a text. */
static inline void text(struct history *h, struct history_event *e, const char *words)
{
	size_t n = strlen(words) + 1;

	h->text = mem_grow(h->text, h->n_text + n);
	memcpy(h->text + h->n_text, words, n);
	e->text = (uint32_t)h->n_text + 1;
	h->n_text += n;
}

#endif
