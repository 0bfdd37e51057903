/* SPDX-License-Identifier: MIT */
/*
 * A history in a file: a header with a magic number, a version and the size and number of every kind of record, then
 * the arrays as they lie in memory. It is read where it was written; another machine gets `sabot trace`.
 */
#include "core/history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/history/internal.h"
#include "core/base/banned.h"

enum { PART_EVENTS, PART_PROCS, PART_CHANNELS, PART_MODULES, PART_TEXT, N_PARTS };

#define FILE_MAGIC "SabotH\r\n"		/* the line end shows a file that was carried about as text */
#define FILE_VERSION 1u
#define FILE_ITEMS (1u << 28)		/* more of anything is damage */

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t item_size[N_PARTS];
	uint64_t n[N_PARTS];
	uint64_t tick_hz, tick_base, lost;
};

static const uint32_t item_sizes[N_PARTS] = {
	[PART_EVENTS] = sizeof(struct history_event), [PART_PROCS] = sizeof(struct history_proc),
	[PART_CHANNELS] = sizeof(struct channel), [PART_MODULES] = sizeof(struct module), [PART_TEXT] = 1,
};

static int bytes_write(FILE *f, const void *bytes, size_t n)
{
	if (n && fwrite(bytes, 1, n, f) != n)
		return errno ? -errno : -EIO;
	return 0;
}

static int history_put(const struct history *h, FILE *f)
{
	const void *parts[N_PARTS] = { h->events, h->procs, h->channels, h->modules, h->text };
	struct file_header head = {
		.magic = FILE_MAGIC, .version = FILE_VERSION,
		.n = { h->n_events, h->n_procs, h->n_channels, h->n_modules, h->n_text },
		.tick_hz = h->tick_hz, .tick_base = h->tick_base, .lost = h->lost,
	};
	int e;

	memcpy(head.item_size, item_sizes, sizeof(item_sizes));
	e = bytes_write(f, &head, sizeof(head));
	for (int i = 0; i < N_PARTS && !e; i++)
		e = bytes_write(f, parts[i], head.n[i] * item_sizes[i]);
	return e;
}

int history_save(const struct history *h, const char *path)
{
	FILE *f = fopen(path, "wbe");
	struct stat what;
	int e;

	if (!f)
		return -errno;
	errno = 0;
	e = history_put(h, f);
	if (fclose(f) && !e)
		e = -errno;
	/* Half a history helps nobody; but /dev/full, say, is not ours to remove. */
	if (e && stat(path, &what) == 0 && S_ISREG(what.st_mode))
		unlink(path);
	return e;
}

static bool header_fits(const struct file_header *head, uint64_t size)
{
	uint64_t needed = sizeof(*head);

	if (memcmp(head->magic, FILE_MAGIC, sizeof(head->magic)) || head->version != FILE_VERSION ||
		memcmp(head->item_size, item_sizes, sizeof(item_sizes)))
		return false;
	for (int i = 0; i < N_PARTS; i++) {
		if (head->n[i] > FILE_ITEMS)
			return false;
		needed += head->n[i] * item_sizes[i];
	}
	return needed == size;
}

static int part_read(FILE *f, uint64_t n, uint32_t item_size, void **out)
{
	*out = mem_new(n * item_size);
	return fread(*out, item_size, n, f) == n ? 0 : -EPROTO;
}

static int history_get(FILE *f, const struct file_header *head, struct history *out)
{
	void *parts[N_PARTS] = { NULL };
	int e = 0;

	for (int i = 0; i < N_PARTS && !e; i++)
		e = part_read(f, head->n[i], item_sizes[i], &parts[i]);
	*out = (struct history){
		.events = parts[PART_EVENTS], .n_events = head->n[PART_EVENTS],
		.procs = parts[PART_PROCS], .n_procs = head->n[PART_PROCS],
		.channels = parts[PART_CHANNELS], .n_channels = head->n[PART_CHANNELS],
		.modules = parts[PART_MODULES], .n_modules = head->n[PART_MODULES],
		.text = parts[PART_TEXT], .n_text = head->n[PART_TEXT],
		.tick_hz = head->tick_hz, .tick_base = head->tick_base, .lost = head->lost,
	};
	return e;
}

/* Nobody who follows an index of a loaded history checks it again. */
static bool indexes_fit(const struct history *h)
{
	if (h->n_text && h->text[h->n_text - 1])
		return false;
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->proc >= h->n_procs || e->channel > h->n_channels || e->text > h->n_text ||
			e->e.kind <= EV_NONE || e->e.kind >= N_EVENT_KINDS)
			return false;
	}
	for (size_t i = 0; i < h->n_channels; i++)
		if (h->channels[i].from > h->n_procs || h->channels[i].to > h->n_procs)
			return false;
	for (size_t i = 0; i < h->n_procs; i++)
		if (h->procs[i].parent > h->n_procs)
			return false;
	return true;
}

static void strings_close(struct history *h)
{
	for (size_t i = 0; i < h->n_procs; i++)
		h->procs[i].name[sizeof(h->procs[i].name) - 1] = '\0';
	for (size_t i = 0; i < h->n_channels; i++) {
		h->channels[i].name[sizeof(h->channels[i].name) - 1] = '\0';
		h->channels[i].address[sizeof(h->channels[i].address) - 1] = '\0';
	}
	for (size_t i = 0; i < h->n_modules; i++)
		h->modules[i].path[sizeof(h->modules[i].path) - 1] = '\0';
}

static int file_read(FILE *f, struct history *out)
{
	struct file_header head;
	struct stat st;
	int e;

	if (fstat(fileno(f), &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || fread(&head, sizeof(head), 1, f) != 1 || !header_fits(&head, (uint64_t)st.st_size))
		return -EPROTO;
	e = history_get(f, &head, out);
	if (e)
		return e;
	strings_close(out);
	return indexes_fit(out) ? 0 : -EPROTO;
}

int history_load(const char *path, struct history *out)
{
	FILE *f = fopen(path, "rbe");
	int e;

	*out = HISTORY_NONE;
	if (!f)
		return -errno;
	e = file_read(f, out);
	fclose(f);
	if (e)
		history_fini(out);
	return e;
}
