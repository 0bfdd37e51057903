/* SPDX-License-Identifier: MIT */
#include "core/model/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/base/banned.h"

const char *const pattern_names[N_PATTERNS] = {
	[PATTERN_NONE] = "",
	[PATTERN_ECHO] = "echo",
	[PATTERN_ONE_WAY] = "one-way",
	[PATTERN_FAN_IN] = "fan-in",
	[PATTERN_FAN_OUT] = "fan-out",
	[PATTERN_BULK] = "bulk",
	[PATTERN_REQUEST_REPLY] = "request-reply",
	[PATTERN_SLOW_READER] = "slow-reader",
};

const char *const verdict_names[4] = {
	[VERDICT_NOT_APPLICABLE] = "n/a",
	[VERDICT_HOLDS] = "holds",
	[VERDICT_VIOLATED] = "violated",
	[VERDICT_UNKNOWN] = "unknown",
};

struct scenario *scenario_new(void)
{
	struct scenario *s = mem_new(sizeof(*s));

	s->timeout_ns = 5000000000;
	s->seed = 1;
	s->repeat = 1;
	s->reference.n_clients = 1;
	s->reference.workload = (struct workload){ .messages = 10, .window = 1, .size_min = 64, .size_max = 64 };
	return s;
}

static void texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
}

static void list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void role_fini(struct role *r)
{
	free(r->name);
	list_free(r->run);
	list_free(r->env);
	free(r->directory);
	free(r->ready_text);
	free(r->after);
	free(r->input);
}

static void reference_fini(struct reference *r)
{
	free(r->technique);
	free(r->server_design);
	texts_free(r->server_mistakes, r->n_server_mistakes);
	texts_free(r->client_mistakes, r->n_client_mistakes);
}

struct scenario *scenario_free(struct scenario *s)
{
	if (!s)
		return NULL;
	free(s->file);
	free(s->name);
	free(s->title);
	free(s->about);
	free(s->claim_text);
	free(s->claim_source);
	texts_free(s->tags, s->n_tags);
	reference_fini(&s->reference);
	for (size_t i = 0; i < s->n_roles; i++)
		role_fini(&s->roles[i]);
	texts_free(s->fault_texts, PLAN_FAULTS);
	for (size_t i = 0; i < s->n_expects; i++) {
		free(s->expects[i].property);
		free(s->expects[i].exit_role);
		free(s->expects[i].benign);
	}
	free(s->unavailable);
	free(s);
	return NULL;
}

const struct expect *scenario_expect(const struct scenario *s, const char *property)
{
	for (size_t i = 0; i < s->n_expects; i++)
		if (!s->expects[i].exit_role && s->expects[i].property && !strcmp(s->expects[i].property, property))
			return &s->expects[i];
	return NULL;
}

const char *scenario_benign(const struct scenario *s, const char *property)
{
	const struct expect *e = scenario_expect(s, property);

	return e ? e->benign : NULL;
}
