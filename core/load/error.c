/* SPDX-License-Identifier: MIT */
#include "core/load/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"

enum { SHOWN_BEFORE = 60, SHOWN = 110 }; /* bytes of a long source line that are shown */

static size_t line_begin(const char *source, size_t at)
{
	while (at && source[at - 1] != '\n')
		at--;
	return at;
}

static bool is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t columns(const char *from, const char *to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += !is_tail(*from);
	return n;
}

static int line_number(const struct loader *l, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at && i < l->length; i++)
		line += l->source[i] == '\n';
	return line;
}

int node_line(const struct loader *l, const struct node *n)
{
	return line_number(l, n->at);
}

/* Appends the source line that holds `at`, made printable, and a caret under it. */
static void picture_add(const struct loader *l, size_t begin, size_t at, struct str *out)
{
	size_t from = begin, to = at;

	if (at - begin > SHOWN) {
		from = at - SHOWN_BEFORE;
		while (from < at && is_tail(l->source[from]))
			from++;
	}
	while (to < l->length && l->source[to] != '\n' && l->source[to] != '\r' && to - from < SHOWN)
		to++;
	while (to < l->length && is_tail(l->source[to]))
		to++;
	str_add(out, "    ");
	for (size_t i = from; i < to; i++) {
		char c = l->source[i];

		str_addf(out, "%c", (unsigned char)c < 32 && c != '\t' ? '?' : c);
	}
	str_add(out, "\n    ");
	for (size_t i = from; i < at; i++)
		if (!is_tail(l->source[i]))
			str_add(out, l->source[i] == '\t' ? "\t" : " ");
	str_add(out, "^\n");
}

/* What is wrong with a scalar is told once: all else that is said of it follows from the first. */
static bool is_scalar_told(const struct loader *l, size_t at)
{
	for (unsigned i = 0; i < l->n_errors && i < LOAD_ERRORS; i++)
		if (l->errors[i].of_scalar && l->errors[i].at == at)
			return true;
	return false;
}

static bool is_told(const struct loader *l, const char *head)
{
	for (unsigned i = 0; i < l->n_errors && i < LOAD_ERRORS; i++)
		if (strcmp(l->errors[i].head, head) == 0)
			return true;
	return false;
}

static void vcomplain(struct loader *l, size_t at, bool of_scalar, const char *remedy, const char *format, va_list args)
{
	struct str head = STR_NONE, text = STR_NONE;
	size_t begin;

	if (l->n_complaints++ >= LOAD_COMPLAINTS || (of_scalar && is_scalar_told(l, at)))
		return;
	if (at > l->length)
		at = l->length;
	/* What is missing at the very end is best shown behind the last line. */
	if (at == l->length && at > 0 && l->source[at - 1] == '\n')
		at--;
	begin = line_begin(l->source, at);
	str_addf(&head, "%s:%d:%zu: ", l->path, line_number(l, begin), 1 + columns(l->source + begin, l->source + at));
	str_vaddf(&head, format, args);
	if (!is_told(l, str_get(&head)) && l->n_errors++ < LOAD_ERRORS) {
		picture_add(l, begin, at, &text);
		if (remedy && *remedy)
			str_addf(&text, "    %s\n", remedy);
		l->errors[l->n_errors - 1] = (struct load_error){ at, of_scalar, str_take(&head), str_take(&text) };
	}
	str_fini(&head);
	str_fini(&text);
}

void errors_take(struct loader *l, struct str *out)
{
	unsigned n = l->n_errors < LOAD_ERRORS ? l->n_errors : LOAD_ERRORS;

	for (unsigned i = 1; i < n; i++) {
		struct load_error e = l->errors[i];
		unsigned j = i;

		for (; j > 0 && l->errors[j - 1].at > e.at; j--)
			l->errors[j] = l->errors[j - 1];
		l->errors[j] = e;
	}
	for (unsigned i = 0; i < n; i++) {
		str_addf(out, "%s\n%s", l->errors[i].head, l->errors[i].text);
		free(l->errors[i].head);
		free(l->errors[i].text);
	}
	if (l->n_errors > n)
		str_addf(out, "%s: … and %u more\n", l->path, l->n_errors - n);
	l->n_errors = 0;
}

void complain_at(struct loader *l, size_t at, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(l, at, false, remedy, format, args);
	va_end(args);
}

void complain(struct loader *l, const struct node *at, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(l, at->at, at->kind == NODE_SCALAR, remedy, format, args);
	va_end(args);
}

/* What somebody meant who wrote name: the nearest of n names, or all of them. */
static void remedy_add(struct str *remedy, const char *name, const char *const *names, size_t n)
{
	const char *near = text_nearest(name, names, n);

	if (near)
		str_addf(remedy, "did you mean \"%s\"?", near);
	else if (n)
		str_add(remedy, "one of:");
	for (size_t i = 0; !near && i < n; i++)
		if (names[i] && *names[i])
			str_addf(remedy, " %s", names[i]);
}

void complain_unknown(
	struct loader *l, const struct node *at, const char *what, const char *name, const char *const *names, size_t n)
{
	struct str remedy = STR_NONE;

	remedy_add(&remedy, name, names, n);
	complain(l, at, str_get(&remedy), "unknown %s \"%s\"", what, name);
	str_fini(&remedy);
}

void complain_unknown_key(struct loader *l, const struct node *at, const char *map, const char *const *names, size_t n)
{
	struct str remedy = STR_NONE;

	remedy_add(&remedy, at->text, names, n);
	complain(l, at, str_get(&remedy), "unknown key \"%s\" in %s", at->text, map);
	str_fini(&remedy);
}

void complain_numbered(struct loader *l, const struct node *at, const char *what, const char *name,
	const char *(*name_of)(int), int last)
{
	const char **names = mem_new((size_t)last * sizeof(names[0]));
	size_t n = 0;

	for (int i = 1; i <= last; i++)
		if (name_of(i))
			names[n++] = name_of(i);
	complain_unknown(l, at, what, name, names, n);
	free(names);
}

char *node_describe(const struct node *n)
{
	if (n->kind == NODE_LIST)
		return mem_dup("a list");
	if (n->kind == NODE_MAP)
		return mem_dup("a map");
	if (node_is_null(n))
		return mem_dup("nothing");
	return mem_printf("\"%.40s\"%s", n->text, strlen(n->text) > 40 ? "…" : "");
}
