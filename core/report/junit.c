/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML as CI systems read it. A verdict against the target is a <failure>, a broken harness an <error>, a run
 * that this machine cannot do <skipped>: the three are never mixed.
 */
#include "core/base/str.h"
#include "core/model/reporter.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

struct junit_state {
	struct str cases; /* the first element has the counts, so the cases wait here */
	int64_t total_ns;
};

/* XML 1.0 has no way at all to write most control characters: they become U+FFFD. */
static void xml_add_bytes(struct str *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t c;

		i += utf8_decode(bytes + i, n - i, &c);
		if (c == '<')
			str_add(out, "&lt;");
		else if (c == '>')
			str_add(out, "&gt;");
		else if (c == '&')
			str_add(out, "&amp;");
		else if (c == '"')
			str_add(out, "&quot;");
		else if (c == '\r')
			str_add(out, "&#13;");
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff)
			utf8_add(out, UTF8_REPLACEMENT);
		else
			utf8_add(out, c);
	}
}

static void xml_add(struct str *out, const char *text)
{
	xml_add_bytes(out, text, strlen(text));
}

/* A reader makes spaces of line ends and tabs in an attribute unless they are written as references. */
static void xml_attribute(struct str *out, const char *name, const char *value)
{
	struct str escaped = STR_NONE;

	xml_add(&escaped, value);
	str_addf(out, " %s=\"", name);
	for (const char *c = str_get(&escaped); *c; c++)
		if (*c == '\n' || *c == '\t')
			str_addf(out, "&#%d;", *c);
		else
			str_add_bytes(out, c, 1);
	str_add(out, "\"");
	str_fini(&escaped);
}

/* What a reader of the failure needs, as plain text. */
static void story_add(struct str *out, const struct report *r, const struct scenario *s, const struct result *result)
{
	if (result->why[0])
		str_addf(out, "%s\n", result->why);
	for (uint32_t i = 0; i < result->n_faults && i < PLAN_FAULTS; i++) {
		const struct fault_result *f = &result->faults[i];

		str_addf(out, "fault %u: in %s at %s, %s: fired %u times%s%s\n", (unsigned)i + 1, f->in, f->at,
			f->action, (unsigned)f->fired, f->site[0] ? ", at " : "", f->site);
	}
	for (uint32_t i = 0; i < result->n_properties && i < RESULT_PROPERTIES; i++) {
		const struct property_result *p = &result->properties[i];

		if (!p->as_expected)
			str_addf(out, "%s: expected %s, but %s: %s\n", p->name, verdict_names[p->expected],
				verdict_names[p->verdict], p->why);
	}
	if (result->exits_why[0])
		str_addf(out, "%s\n", result->exits_why);
	for (uint32_t i = 0; i < result->outcome.n_roles && i < OUTCOME_ROLES; i++) {
		str_addf(out, "%s: ", result->outcome.roles[i].name);
		words_end(out, &result->outcome.roles[i]);
		str_add(out, "\n");
	}
	if (result->diagram[0])
		str_addf(out, "\n%s\n", result->diagram);
	str_addf(out, "repro: %s ", r->options->command);
	words_shell(out, s->file);
	str_addf(out, " --seed %llu\n", (unsigned long long)result->seed);
}

static void problem_add(struct str *out, const struct report *r, const struct scenario *s, const struct result *result)
{
	const char *element = result->status == STATUS_BROKEN ? "error" : "failure";
	struct str story = STR_NONE;

	str_addf(out, "      <%s", element);
	xml_attribute(out, "type", status_names[result->status]);
	xml_attribute(out, "message", result->why);
	str_add(out, ">");
	story_add(&story, r, s, result);
	xml_add(out, str_get(&story));
	str_addf(out, "</%s>\n", element);
	str_fini(&story);
}

static void outputs_add(struct str *out, const struct outcome *outcome, const char *element, bool errors)
{
	bool any = false;

	for (uint32_t i = 0; i < outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *role = &outcome->roles[i];
		const struct output *o = errors ? &role->err : &role->out;
		size_t kept = output_kept(o);

		if (!kept)
			continue;
		if (!any)
			str_addf(out, "      <%s>", element);
		any = true;
		str_add(out, "[");
		xml_add(out, role->name);
		str_add(out, "]\n");
		xml_add_bytes(out, o->text, kept);
		if (o->text[kept - 1] != '\n')
			str_add(out, "\n");
	}
	if (any)
		str_addf(out, "</%s>\n", element);
}

static int junit_begin(struct report *r)
{
	r->state = mem_new(sizeof(struct junit_state));
	return 0;
}

static int junit_scenario(struct report *r, const struct scenario *s, const struct result *result)
{
	struct junit_state *state = r->state;
	struct str *out = &state->cases;
	char seconds[32];

	state->total_ns += result->outcome.duration_ns;
	snprintf(seconds, sizeof(seconds), "%.6f", (double)result->outcome.duration_ns / 1e9);
	str_add(out, "    <testcase");
	xml_attribute(out, "name", s->name);
	xml_attribute(out, "classname", s->file);
	xml_attribute(out, "file", s->file);
	xml_attribute(out, "time", seconds);
	str_add(out, ">\n");
	if (result->status == STATUS_SKIPPED) {
		str_add(out, "      <skipped");
		xml_attribute(out, "message", result->why);
		str_add(out, "/>\n");
	} else if (result->status != STATUS_AS_EXPECTED) {
		problem_add(out, r, s, result);
	}
	outputs_add(out, &result->outcome, "system-out", false);
	outputs_add(out, &result->outcome, "system-err", true);
	str_add(out, "    </testcase>\n");
	return 0;
}

static int junit_end(struct report *r, const struct summary *sum)
{
	struct junit_state *state = r->state;
	unsigned failures = sum->not_as_expected + sum->vacuous;
	unsigned tests = failures + sum->as_expected + sum->broken + sum->skipped;
	char counts[128];

	snprintf(counts, sizeof(counts), "tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.6f\"",
		tests, failures, sum->broken, sum->skipped, (double)state->total_ns / 1e9);
	fprintf(r->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"sabot\" %s>\n"
		"  <testsuite name=\"sabot\" %s>\n"
		"%s"
		"  </testsuite>\n"
		"</testsuites>\n",
		counts, counts, str_get(&state->cases));
	str_fini(&state->cases);
	free(state);
	r->state = NULL;
	return report_flush(r->out);
}

const struct reporter reporter_junit = {
	.name = "junit",
	.summary = "JUnit XML for CI systems",
	.begin = junit_begin,
	.scenario = junit_scenario,
	.end = junit_end,
};
