/* SPDX-License-Identifier: MIT */
/* Test Anything Protocol, version 14 (a reader of version 13 understands it too). */
#include "core/base/str.h"
#include "core/model/reporter.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

struct tap_state {
	size_t n;
};

/* A description: '#' begins a directive and '\' an escape, so both are escaped; control characters are shown. */
static void tap_add(struct str *out, const char *text)
{
	struct str shown = STR_NONE;

	utf8_show(&shown, text, strlen(text), true);
	for (const char *c = str_get(&shown); *c; c++) {
		if (*c == '#' || *c == '\\')
			str_add(out, "\\");
		str_add_bytes(out, c, 1);
	}
	str_fini(&shown);
}

/* A key of the YAML block, its value as a double-quoted scalar. */
static void yaml_add(struct str *out, const char *indent, const char *key, const char *value)
{
	struct str clean = STR_NONE;

	utf8_clean(&clean, value, strlen(value));
	str_addf(out, "%s%s: \"", indent, key);
	for (const unsigned char *c = (const unsigned char *)str_get(&clean); *c; c++) {
		if (*c == '"' || *c == '\\')
			str_addf(out, "\\%c", *c);
		else if (*c == '\n')
			str_add(out, "\\n");
		else if (*c < 0x20 || *c == 0x7f)
			str_addf(out, "\\x%02x", *c);
		else
			str_add_bytes(out, c, 1);
	}
	str_add(out, "\"\n");
	str_fini(&clean);
}

static void properties_add(struct str *out, const struct result *r)
{
	bool any = false;

	for (uint32_t i = 0; i < r->n_properties && i < RESULT_PROPERTIES; i++) {
		const struct property_result *p = &r->properties[i];

		if (p->as_expected)
			continue;
		if (!any)
			str_add(out, "  properties:\n");
		any = true;
		yaml_add(out, "    - ", "name", p->name);
		yaml_add(out, "      ", "expected", verdict_names[p->expected]);
		yaml_add(out, "      ", "verdict", verdict_names[p->verdict]);
		yaml_add(out, "      ", "why", p->why);
	}
}

static void faults_add(struct str *out, const struct result *r)
{
	for (uint32_t i = 0; i < r->n_faults && i < PLAN_FAULTS; i++) {
		const struct fault_result *f = &r->faults[i];

		if (!i)
			str_add(out, "  faults:\n");
		yaml_add(out, "    - ", "in", f->in);
		yaml_add(out, "      ", "at", f->at);
		yaml_add(out, "      ", "do", f->action);
		str_addf(out, "      fired: %u\n", (unsigned)f->fired);
		if (f->site[0])
			yaml_add(out, "      ", "site", f->site);
	}
}

static void roles_add(struct str *out, const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_roles && i < OUTCOME_ROLES; i++) {
		struct str end = STR_NONE;

		if (!i)
			str_add(out, "  roles:\n");
		words_end(&end, &o->roles[i]);
		yaml_add(out, "    - ", "role", o->roles[i].name);
		yaml_add(out, "      ", "ended", str_get(&end));
		str_fini(&end);
	}
}

static void diagnosis_add(
	struct str *out, const struct report *r, const struct scenario *s, const struct result *result)
{
	struct str repro = STR_NONE;

	str_add(out, "  ---\n");
	yaml_add(out, "  ", "status", status_names[result->status]);
	yaml_add(out, "  ", "message", result->why);
	if (result->exits_why[0])
		yaml_add(out, "  ", "exit", result->exits_why);
	properties_add(out, result);
	faults_add(out, result);
	roles_add(out, &result->outcome);
	str_addf(&repro, "%s ", r->options->command);
	words_shell(&repro, s->file);
	str_addf(&repro, " --seed %llu", (unsigned long long)result->seed);
	yaml_add(out, "  ", "repro", str_get(&repro));
	str_add(out, "  ...\n");
	str_fini(&repro);
}

static int tap_begin(struct report *r)
{
	r->state = mem_new(sizeof(struct tap_state));
	fprintf(r->out, "TAP version 14\n");
	if (r->n_planned)
		fprintf(r->out, "1..%zu\n", r->n_planned);
	return 0;
}

static int tap_scenario(struct report *r, const struct scenario *s, const struct result *result)
{
	struct tap_state *state = r->state;
	bool good = result->status == STATUS_AS_EXPECTED || result->status == STATUS_SKIPPED;
	struct str out = STR_NONE;

	str_addf(&out, "%s %zu - ", good ? "ok" : "not ok", ++state->n);
	tap_add(&out, s->name);
	if (s->title) {
		str_add(&out, ": ");
		tap_add(&out, s->title);
	}
	if (result->status == STATUS_SKIPPED) {
		str_add(&out, " # SKIP ");
		tap_add(&out, result->why);
	}
	str_add(&out, "\n");
	if (!good)
		diagnosis_add(&out, r, s, result);
	fputs(str_get(&out), r->out);
	str_fini(&out);
	return report_flush(r->out);
}

static int tap_end(struct report *r, const struct summary *summary)
{
	struct tap_state *state = r->state;

	(void)summary;
	if (!r->n_planned)
		fprintf(r->out, "1..%zu\n", state->n);
	else if (state->n < r->n_planned)
		fprintf(r->out, "Bail out! stopped after %zu of %zu scenarios\n", state->n, r->n_planned);
	free(state);
	r->state = NULL;
	return report_flush(r->out);
}

const struct reporter reporter_tap = {
	.name = "tap",
	.summary = "Test Anything Protocol 14, a YAML block for each scenario that is not as expected",
	.begin = tap_begin,
	.scenario = tap_scenario,
	.end = tap_end,
};
