/* SPDX-License-Identifier: MIT */
/*
 * A sanitizer ends a program as a said failure does, by an exit status and some words on stderr; but what it says is
 * that the program has crashed. What leaks where a program gives up has not.
 */
#include "core/explore/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"

enum { WORDS = 120 };

static bool has_crashed(const struct role_outcome *r, char *words)
{
	return output_report(&r->err, SANITIZER_MEMORY, words, WORDS) && strncmp(words, "LeakSanitizer", 13) != 0;
}

enum symptom judge_report(const struct sweep *w, const struct outcome *o, struct trial *t)
{
	const struct outcome *base = &w->baseline.outcome;
	char words[WORDS];

	for (uint32_t i = 0; i < base->n_roles; i++)
		if (has_crashed(&base->roles[i], words))
			return SYMPTOM_NONE;
	for (uint32_t i = 0; i < o->n_roles && !scenario_benign(w->scenario, MEMORY_CLEAN); i++)
		if (has_crashed(&o->roles[i], words)) {
			text_copy(t->property, sizeof(t->property), MEMORY_CLEAN);
			return judge_say(t, SYMPTOM_CRASH, o->roles[i].name, "%s: %s", o->roles[i].name, words);
		}
	return SYMPTOM_NONE;
}

/* Of a line like "    #1 0x55d0 in serve server.c:57". */
bool report_place(const struct outcome *o, const char *role, char *key, size_t key_size, char *text, size_t text_size)
{
	const struct role_outcome *r = role_named(o, role);
	uint32_t end = r ? r->err.kept : 0;

	for (uint32_t at = 0, next; at < end; at = next + 1) {
		const char *newline = memchr(r->err.text + at, '\n', end - at);
		char line[512], function[64], file[256];
		const char *slash;

		next = newline ? (uint32_t)(newline - r->err.text) : end;
		snprintf(line, sizeof(line), "%.*s", (int)(next - at), r->err.text + at);
		/* What the sanitizer calls itself says nothing, nor does a module without lines. */
		if (sscanf(line, " #%*u %*x in %63s %255s", function, file) != 2 || strstr(line, "sanitizer") ||
			!strchr(file, ':'))
			continue;
		slash = strrchr(file, '/');
		text_copy(key, key_size, slash ? slash + 1 : file);
		snprintf(text, text_size, "%s, at %.200s (%s)", role, slash ? slash + 1 : file, function);
		return true;
	}
	return false;
}
