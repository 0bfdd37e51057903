/* SPDX-License-Identifier: MIT */
/* JSON of a run, as the design's section 6 has it. Each scenario is written as one line. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>

#include "core/base/str.h"
#include "core/model/reporter.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

/* The summary comes first in the document and is known last: the scenarios wait here. */
struct json_state {
	struct str scenarios;
	size_t n;
};

static json_t *json_text(const char *bytes, size_t n)
{
	struct str clean = STR_NONE;
	json_t *text;

	utf8_clean(&clean, bytes, n);
	text = json_stringn(str_get(&clean), clean.length);
	str_fini(&clean);
	return text;
}

static json_t *json_words(const char *text)
{
	return text ? json_text(text, strlen(text)) : json_string("");
}

/* A JSON integer ends at 2^63 for most readers; a seed beyond it is told as a string, which loses nothing. */
static json_t *json_seed(uint64_t seed)
{
	char digits[24];

	if (seed <= INT64_MAX)
		return json_integer((json_int_t)seed);
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)seed);
	return json_string(digits);
}

static json_t *properties_json(const struct result *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->n_properties && i < RESULT_PROPERTIES; i++) {
		const struct property_result *p = &r->properties[i];

		json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o}", "name", json_words(p->name), "verdict",
						    verdict_names[p->verdict], "expected", verdict_names[p->expected],
						    "why", json_words(p->why)));
	}
	return list;
}

static json_t *faults_json(const struct result *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->n_faults && i < PLAN_FAULTS; i++) {
		const struct fault_result *f = &r->faults[i];

		json_array_append_new(
			list, json_pack("{s:i, s:o, s:o, s:o, s:I}", "id", (int)i + 1, "in", json_words(f->in), "at",
				      json_words(f->at), "do", json_words(f->action), "fired", (json_int_t)f->fired));
	}
	return list;
}

static json_t *output_json(const struct output *o)
{
	return json_text(o->text, output_kept(o));
}

/* The signal that ended a role, or 0. A `kill` strike and the harness use SIGKILL and leave the status beside it. */
static int end_signal(const struct role_outcome *o)
{
	switch (o->ended) {
	case ENDED_SIGNAL:
	case ENDED_BY_STOP:
		return o->status;
	case ENDED_BY_HARNESS:
	case ENDED_BY_FAULT:
		return o->status > 0 ? o->status : SIGKILL;
	default:
		return 0;
	}
}

static json_t *role_json(const struct role_outcome *o)
{
	int number = end_signal(o);
	struct str name = STR_NONE;
	json_t *role;

	if (number)
		words_signal(&name, number);
	role = json_pack("{s:o, s:i, s:o, s:o, s:o, s:o}", "role", json_words(o->name), "pid", o->pid, "exit",
		o->ended == ENDED_EXIT ? json_integer(o->status) : json_null(), "signal",
		number ? json_string(str_get(&name)) : json_null(), "stdout", output_json(&o->out), "stderr",
		output_json(&o->err));
	str_fini(&name);
	return role;
}

static json_t *roles_json(const struct outcome *outcome)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < outcome->n_roles && i < OUTCOME_ROLES; i++)
		json_array_append_new(list, role_json(&outcome->roles[i]));
	return list;
}

static int json_begin(struct report *r)
{
	r->state = mem_new(sizeof(struct json_state));
	return 0;
}

static int json_scenario(struct report *r, const struct scenario *s, const struct result *result)
{
	struct json_state *state = r->state;
	json_t *scenario = json_pack("{s:o, s:o, s:s, s:o, s:o, s:f, s:o, s:o, s:o}", "file", json_words(s->file),
		"name", json_words(s->name), "status", status_names[result->status], "why", json_words(result->why),
		"seed", json_seed(result->seed), "duration_ms", (double)result->outcome.duration_ns / 1e6, "properties",
		properties_json(result), "faults", faults_json(result), "roles", roles_json(&result->outcome));
	char *line = scenario ? json_dumps(scenario, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

	json_decref(scenario);
	if (!line)
		return -ENOMEM;
	str_addf(&state->scenarios, "%s\n", state->n++ ? "," : "");
	str_add(&state->scenarios, line);
	free(line);
	return 0;
}

static int json_end(struct report *r, const struct summary *sum)
{
	struct json_state *state = r->state;

	fprintf(r->out,
		"{\"sabot\":1,\"summary\":{\"as_expected\":%u,\"not_as_expected\":%u,\"vacuous\":%u,\"broken\":%u,"
		"\"skipped\":%u},\"scenarios\":[%s%s]}\n",
		sum->as_expected, sum->not_as_expected, sum->vacuous, sum->broken, sum->skipped,
		str_get(&state->scenarios), state->n ? "\n" : "");
	str_fini(&state->scenarios);
	free(state);
	r->state = NULL;
	return report_flush(r->out);
}

const struct reporter reporter_json = {
	.name = "json",
	.summary = "one JSON document: summary, properties, faults, roles with their output",
	.begin = json_begin,
	.scenario = json_scenario,
	.end = json_end,
};
