/* SPDX-License-Identifier: MIT */
#include "core/load/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/load/loader.h"
#include "core/base/banned.h"

enum { TREE_DEPTH = 32, LINE_BYTES = 64 << 10 };

static int refuse_file(struct str *errors, const char *path, const char *why, const char *remedy)
{
	str_addf(errors, "%s:1:1: %s\n", path, why);
	if (remedy)
		str_addf(errors, "    %s\n", remedy);
	return 1;
}

/* The whole file, but no more than YAML_BYTES + 1 of it. 0, 1 (told) or -errno. */
static int file_read(const char *path, struct str *content, struct str *errors)
{
	char buffer[16384];
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return refuse_file(errors, path, strerror(errno), errno == EACCES ? "it cannot be read by you" : NULL);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		r = refuse_file(errors, path, "this is a directory, not a file", NULL);
	while (r == 0 && content->length <= YAML_BYTES) {
		n = read(fd, buffer, sizeof(buffer));
		if (n == 0)
			break;
		if (n > 0)
			str_add_bytes(content, buffer, (size_t)n);
		else if (errno != EINTR)
			r = refuse_file(errors, path, strerror(errno), NULL);
	}
	close(fd);
	return r;
}

/* Length of the UTF-8 sequence at s (n bytes are there), or 0 if it is not one. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t c = s[0] & (0x7fu >> length);

	if (length < 2)
		return length;
	if (length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : length;
}

static bool content_check(struct loader *l)
{
	const unsigned char *s = (const unsigned char *)l->source;
	bool something = false;
	size_t line = 0;

	if (l->length > YAML_BYTES) {
		complain_at(l, 0, "a scenario is a page of text", "the file is larger than %d MiB", YAML_BYTES >> 20);
		return false;
	}
	for (size_t i = 0, n; i < l->length; i += n) {
		if (s[i] < 32 && !strchr("\t\n\r", s[i] ? s[i] : 1)) {
			complain_at(l, i, NULL, "this is a binary file: it holds the byte 0x%02x", s[i]);
			return false;
		}
		n = utf8_length(s + i, l->length - i);
		if (!n) {
			complain_at(l, i, "scenarios are written in UTF-8", "not UTF-8: the byte 0x%02x", s[i]);
			return false;
		}
		something |= s[i] > 32;
		if (s[i] == '%' && i == line) {
			complain_at(l, i, "leave the line out", "a scenario has no directives");
			return false;
		}
		if (s[i] == '\n')
			line = i + 1;
		else if (i - line > LINE_BYTES) {
			complain_at(l, line, "a scenario is a page of text", "the line is longer than %d KiB",
				LINE_BYTES >> 10);
			return false;
		}
	}
	if (!something)
		complain_at(l, 0, "the least: sabot: 1, and technique: … or roles: …", "the file is empty");
	return something;
}

/* "scenarios/lessons/echo.yaml" is called "echo". */
static char *scenario_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

	return dot && dot != base ? mem_printf("%.*s", (int)(dot - base), base) : mem_dup(base);
}

static char *directory_of(const char *path)
{
	char *folder = mem_dup(path), *slash = strrchr(folder, '/'), *real;

	if (slash)
		slash[slash == folder] = '\0';
	real = realpath(slash ? folder : ".", NULL);
	free(folder);
	return real ? real : mem_dup("/");
}

static void list_add(struct scenario_list *list, struct scenario *s)
{
	list->items = mem_grow(list->items, (list->n + 1) * sizeof(list->items[0]));
	list->items[list->n++] = s;
}

void scenario_list_fini(struct scenario_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		scenario_free(list->items[i]);
	free(list->items);
	*list = (struct scenario_list){ .items = NULL };
}

/* One scenario for each combination of the matrix. */
static void combinations_read(struct loader *l, struct scenario_list *made)
{
	char *name = scenario_name(l->path);
	bool wrong;

	matrix_read(l);
	/* With a matrix that is wrong, every ${key} would be wrong too. */
	wrong = l->n_errors > 0;
	for (size_t i = 0; !wrong && l->n_errors < LOAD_ERRORS && matrix_choose(l, i); i++) {
		char *suffix = matrix_suffix(l);

		l->scenario = scenario_new();
		l->scenario->file = mem_dup(l->path);
		l->scenario->name = mem_printf("%s%s", name, suffix);
		free(suffix);
		list_add(made, l->scenario);
		scenario_read(l);
	}
	if (l->n_errors == 0)
		matrix_check(l);
	free(name);
}

static void tree_read(struct loader *l, struct scenario_list *made)
{
	struct yaml_error error;

	if (yaml_parse(l->source, l->length, &l->yaml, &error)) {
		complain_at(l, error.at, str_get(&error.remedy), "%s", str_get(&error.message));
		str_fini(&error.message);
		str_fini(&error.remedy);
	} else if (!l->yaml.root) {
		complain_at(l, 0, NULL, "the file holds no document");
	} else {
		combinations_read(l, made);
	}
}

int load_file(const char *path, const struct load_options *options, struct scenario_list *list, struct str *errors)
{
	struct scenario_list made = { .items = NULL };
	struct loader l = { .path = path, .options = options };
	struct str content = STR_NONE;
	int r = file_read(path, &content, errors);

	if (r == 0) {
		l.source = str_get(&content);
		l.length = content.length;
		l.directory = directory_of(path);
		if (content_check(&l))
			tree_read(&l, &made);
		r = l.n_errors > 0;
	}
	errors_take(&l, errors);
	for (size_t i = 0; r == 0 && i < made.n; i++)
		list_add(list, made.items[i]);
	if (r == 0)
		made.n = 0;
	scenario_list_fini(&made);
	yaml_fini(&l.yaml);
	str_fini(&content);
	free(l.directory);
	return r;
}

static bool is_scenario_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, without those that begin with a dot, in order. 0, or 1 (told). */
static int names_read(const char *path, char ***names, size_t *n, struct str *errors)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return refuse_file(errors, path, strerror(errno), NULL);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		*names = mem_grow(*names, (*n + 1) * sizeof((*names)[0]));
		(*names)[(*n)++] = mem_dup(e->d_name);
	}
	closedir(dir);
	if (*n)
		qsort(*names, *n, sizeof((*names)[0]), name_compare);
	return 0;
}

/* One outcome of two loads: what the harness broke counts most, then errors. */
static int load_worse(int a, int b)
{
	return a < 0 ? a : b < 0 ? b : a | b;
}

static int directory_load(
	const char *path, int depth, const struct load_options *options, struct scenario_list *list, struct str *errors)
{
	char **names = NULL;
	size_t n = 0;
	int r = names_read(path, &names, &n, errors);

	for (size_t i = 0; i < n; i++) {
		char *below = mem_printf("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", names[i]);
		struct stat st;
		bool known = stat(below, &st) == 0;
		bool special = known && !S_ISREG(st.st_mode);	/* a FIFO would be waited for */

		if (known && S_ISDIR(st.st_mode) && depth < TREE_DEPTH)
			r = load_worse(r, directory_load(below, depth + 1, options, list, errors));
		else if (is_scenario_name(names[i]) && !special)
			r = load_worse(r, load_file(below, options, list, errors));
		free(below);
		free(names[i]);
	}
	free(names);
	return r;
}

int load_path(const char *path, const struct load_options *options, struct scenario_list *list, struct str *errors)
{
	struct stat st;
	size_t before = list->n;
	int r;

	if (*path == '\0' || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return load_file(path, options, list, errors);
	r = directory_load(path, 0, options, list, errors);
	if (r == 0 && list->n == before)
		return refuse_file(errors, path, "no scenario is in this directory", "scenarios end in .yaml or .yml");
	return r;
}
