/* SPDX-License-Identifier: MIT */
#include "faults/preload/environ.h"

#include <string.h>
#include <unistd.h>

#include "core/base/str.h"

static const char *value_of(const char *entry, const char *name)
{
	for (; *name; name++, entry++)
		if (*entry != *name)
			return NULL;
	return *entry == '=' ? entry + 1 : NULL;
}

const char *environment_value(const char *name)
{
	for (char **entry = environ; entry && *entry; entry++) {
		const char *value = value_of(*entry, name);

		if (value)
			return value;
	}
	return NULL;
}

static char *put(char *text, char *end, const char *a, const char *b, const char *c, const char *d)
{
	const char *parts[] = { a, b, c, d };

	for (int i = 0; i < 4; i++) {
		text_copy(text, (size_t)(end - text), parts[i]);
		text += strlen(text);
	}
	return text < end ? text + 1 : end;
}

void environment_patch(struct inv *v, int at, char **room, size_t n_room, char *text)
{
	static char *const nothing[] = { NULL };
	/* After clearenv() there is no list at all. */
	char *const *env = v->a[at] ? (char *const *)v->a[at] : nothing;
	char *end = text + ENVIRONMENT_TEXT - 1, role[12] = "";
	bool have_arena = false, have_role = false, have_preload = false, lacks_only_us = false;
	size_t n = 0;

	for (; env[n]; n++) {
		const char *preload = value_of(env[n], "LD_PRELOAD");

		have_arena |= value_of(env[n], ARENA_ENV) != NULL;
		have_role |= value_of(env[n], ROLE_ENV) != NULL;
		if (preload && strstr(preload, arena->library))
			have_preload = true;
		else if (preload && *preload)
			lacks_only_us = true;
	}
	if ((have_arena && have_role && have_preload) || n + 4 > n_room)
		return;
	for (n = 0; env[n]; n++) {
		const char *preload = value_of(env[n], "LD_PRELOAD");

		room[n] = env[n];
		if (lacks_only_us && preload && *preload) {
			room[n] = text;
			text = put(text, end, "LD_PRELOAD=", preload, ":", arena->library);
		}
	}
	if (!have_preload && !lacks_only_us) {
		room[n++] = text;
		text = put(text, end, "LD_PRELOAD=", arena->library, "", "");
	}
	if (!have_arena) {
		room[n++] = text;
		text = put(text, end, ARENA_ENV, "=", arena->path, "");
	}
	if (!have_role) {
		uint32_t index = arena->procs[self->proc].role;

		role[0] = (char)('0' + index / 10 % 10);
		role[1] = (char)('0' + index % 10);
		room[n++] = text;
		text = put(text, end, ROLE_ENV, "=", role, "");
	}
	room[n] = NULL;
	v->a[at] = (long)room;
}
