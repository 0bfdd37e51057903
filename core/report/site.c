/* SPDX-License-Identifier: MIT */
#include "core/report/site.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/report/debuginfo.h"
#include "core/base/banned.h"

/* The same address can be that of several calls: what a function jumps to returns to its caller. */
struct slot {
	const char *call;
	struct site site;
};

/* What is known of one file, newest first. `slots` is open-addressed by offset; a slot with a zero offset is free. */
struct site_file {
	struct site_file *next;
	char path[MODULE_PATH];
	struct stat stat;
	struct debuginfo *info;
	struct slot *slots;
	size_t n_slots, n_used;
};

/* A memory of pure facts about files, so nothing of a run hangs on it. */
static struct site_file *files;
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct module *module_at(const struct history *h, uint32_t image, uint64_t address)
{
	/* The newest first: a library may have been unloaded and another loaded in its place. */
	for (size_t i = h->n_modules; i-- > 0;) {
		const struct module *m = &h->modules[i];

		if (m->image == image && address >= m->start && address < m->end)
			return m;
	}
	return NULL;
}

static bool file_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void file_fini(struct site_file *f)
{
	f->info = debuginfo_free(f->info);
	free(f->slots);
	f->slots = NULL;
	f->n_slots = f->n_used = 0;
}

static struct site_file *file_get(const char *path)
{
	struct stat now = { .st_size = -1 };
	struct site_file *f = files;

	if (stat(path, &now) < 0)
		now.st_size = -1;
	while (f && strcmp(f->path, path))
		f = f->next;
	if (f && file_same(&f->stat, &now))
		return f;
	if (f) {
		file_fini(f);
	} else {
		f = mem_new(sizeof(*f));
		text_copy(f->path, sizeof(f->path), path);
		f->next = files;
		files = f;
	}
	f->stat = now;
	f->info = now.st_size < 0 ? NULL : debuginfo_new(path);
	return f;
}

static struct slot *slot_of(struct slot *slots, size_t n, uint64_t offset, const char *call)
{
	size_t i = (size_t)((offset * 0x9e3779b97f4a7c15u) >> 32) & (n - 1);

	while (slots[i].site.offset && (slots[i].site.offset != offset || slots[i].call != call))
		i = (i + 1) & (n - 1);
	return &slots[i];
}

static void slots_grow(struct site_file *f)
{
	size_t n = f->n_slots ? f->n_slots * 2 : 64;
	struct slot *slots = mem_new(n * sizeof(*slots));

	for (size_t i = 0; i < f->n_slots; i++)
		if (f->slots[i].site.offset)
			*slot_of(slots, n, f->slots[i].site.offset, f->slots[i].call) = f->slots[i];
	free(f->slots);
	f->slots = slots;
	f->n_slots = n;
}

static void file_site(struct site_file *f, uint64_t offset, const char *call, struct site *out)
{
	const char *slash = strrchr(f->path, '/');
	struct slot *slot;

	if (f->n_used * 2 >= f->n_slots)
		slots_grow(f);
	slot = slot_of(f->slots, f->n_slots, offset, call);
	if (!slot->site.offset) {
		f->n_used++;
		slot->call = call;
		slot->site.offset = offset;
		text_copy(slot->site.module, sizeof(slot->site.module), slash ? slash + 1 : f->path);
		if (f->info)
			debuginfo_find(f->info, offset, call, &slot->site);
	}
	*out = slot->site;
}

static int find(const struct history *h, uint32_t image, uint64_t address, const char *call, struct site *out)
{
	/* A return address may already belong to the next function; the call lies before it. */
	const struct module *m = address ? module_at(h, image, address - 1) : NULL;

	*out = (struct site){ .offset = address };
	if (!m || address == m->base)
		return 1;
	pthread_mutex_lock(&files_lock);
	file_site(file_get(m->path), address - m->base, call, out);
	pthread_mutex_unlock(&files_lock);
	return 0;
}

int site_find(const struct history *h, uint32_t image, uint64_t address, struct site *out)
{
	return find(h, image, address, NULL, out);
}

int site_of(const struct history *h, const struct history_event *he, struct site *out)
{
	bool calls = (he->e.kind == EV_CALL || he->e.kind == EV_INVOKED || he->e.kind == EV_STRIKE) &&
		     he->e.call < n_calls;

	return find(h, he->image, he->e.site, calls ? call_table[he->e.call].name : NULL, out);
}

void site_print(const struct site *site, char *out, size_t size)
{
	struct str text = STR_NONE;

	if (site->line)
		str_addf(&text, "%s:%d (%s)", site->file, site->line, site->function[0] ? site->function : "?");
	else if (site->tail)
		str_addf(&text, "%s, its last call, from %s", site->function[0] ? site->function : "?",
			site->inlined_into);
	else if (site->function[0])
		str_addf(&text, "%s+0x%" PRIx64, site->function, site->into);
	else if (site->module[0])
		str_addf(&text, "%s+0x%" PRIx64, site->module, site->offset);
	if (site->by_pointer)
		str_addf(&text, ", by pointer");
	if (!site->program && site->module[0] && (site->line || site->function[0]))
		str_addf(&text, " in %s", site->module);
	text_copy(out, size, str_get(&text));
	str_fini(&text);
}

void site_text(const struct history *h, const struct history_event *he, char *out, size_t size)
{
	struct site site;

	if (site_of(h, he, &site))
		text_copy(out, size, "");
	else
		site_print(&site, out, size);
}

void site_key(const struct site *site, char *out, size_t size)
{
	if (site->line)
		snprintf(out, size, "%s:%d", site->file, site->line);
	else if (site->module[0])
		snprintf(out, size, "%s+0x%" PRIx64, site->module, site->offset);
	else
		text_copy(out, size, "");
}

void site_forget(void)
{
	pthread_mutex_lock(&files_lock);
	while (files) {
		struct site_file *f = files;

		files = f->next;
		file_fini(f);
		free(f);
	}
	pthread_mutex_unlock(&files_lock);
}
