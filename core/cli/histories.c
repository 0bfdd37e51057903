/* SPDX-License-Identifier: MIT */
#include "core/cli/histories.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/str.h"
#include "core/base/banned.h"

/* The name of the directory that the file is in. */
static char *directory_name(const char *path)
{
	const char *end = strrchr(path, '/'), *start = end;

	if (!end)
		return mem_dup(path);
	while (start > path && start[-1] != '/')
		start--;
	return end == start ? mem_dup(path) : mem_printf("%.*s", (int)(end - start), start);
}

static void file_add(struct history_files *files, const char *path)
{
	files->items = mem_grow(files->items, (files->n + 1) * sizeof(*files->items));
	files->items[files->n++] = (struct history_file){ .path = mem_dup(path), .name = directory_name(path) };
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int directory_walk(const char *path, struct history_files *files)
{
	char *roots[] = { mem_dup(path), NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	int error = walk ? 0 : -errno;

	for (FTSENT *e; walk && (e = fts_read(walk));)
		if (e->fts_info == FTS_F && !strcmp(e->fts_name, HISTORY_FILE))
			file_add(files, e->fts_path);
	if (walk)
		fts_close(walk);
	free(roots[0]);
	return error;
}

int histories_find(const char *path, struct history_files *files)
{
	struct stat st;
	size_t before = files->n;
	int error = 0;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 1 : -errno;
	if (S_ISDIR(st.st_mode))
		error = directory_walk(path, files);
	else
		file_add(files, path);
	return error ? error : files->n == before;
}

void histories_fini(struct history_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->items[i].path);
		free(files->items[i].name);
	}
	free(files->items);
	*files = (struct history_files){ .items = NULL };
}
