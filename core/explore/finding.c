/* SPDX-License-Identifier: MIT */
/*
 * A finding as a scenario file that sabot run repeats. Scalars are quoted as JSON strings, which YAML 1.2 takes as
 * they are.
 */
#include "core/explore/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/model/property.h"

#define PATIENCE_S 7
#define REPLAYS 20
#define NS_PER_S 1000000000

static void quoted(FILE *f, const char *text)
{
	json_t *s = json_string(text);
	char *out = s ? json_dumps(s, JSON_ENCODE_ANY) : NULL;

	fputs(out ? out : "\"\"", f);
	free(out);
	json_decref(s);
}

static void key(FILE *f, const char *indent, const char *name, const char *value)
{
	fprintf(f, "%s%s: ", indent, name);
	quoted(f, value);
	fputc('\n', f);
}

static void list(FILE *f, const char *indent, const char *name, char *const *items, size_t n)
{
	fprintf(f, "%s%s: [", indent, name);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", f);
		quoted(f, items[i]);
	}
	fputs("]\n", f);
}

static void ready_write(FILE *f, const struct role *r)
{
	switch (r->ready) {
	case READY_BY_LISTEN:
		fputs("    ready: listen\n", f);
		break;
	case READY_BY_START:
		fputs("    ready: started\n", f);
		break;
	case READY_BY_PATH:
		fputs("    ready: {path: ", f);
		quoted(f, r->ready_text);
		fputs("}\n", f);
		break;
	case READY_BY_OUTPUT:
		fputs("    ready: {output: ", f);
		quoted(f, r->ready_text);
		fputs("}\n", f);
		break;
	default:
		break;
	}
}

static void limits_write(FILE *f, const struct role_limits *l)
{
	const struct {
		const char *name;
		int64_t value;
	} all[] = { { "nofile", l->nofile }, { "as", l->as }, { "fsize", l->fsize }, { "stack", l->stack },
		    { "msgqueue", l->msgqueue }, { "sigpending", l->sigpending } };
	const char *between = "    limits: {";

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].value < 0)
			continue;
		fprintf(f, "%s%s: %" PRId64, between, all[i].name, all[i].value);
		between = ", ";
	}
	if (*between == ',')
		fputs("}\n", f);
}

static void role_write(FILE *f, const struct role *r)
{
	size_t n = 0;

	fprintf(f, "  %s:\n", r->name);
	while (r->run[n])
		n++;
	list(f, "    ", "run", r->run, n);
	if (r->directory)
		key(f, "    ", "directory", r->directory);
	ready_write(f, r);
	if (r->stop)
		key(f, "    ", "stop", signal_name(r->stop) ? signal_name(r->stop) : "TERM");
	if (r->driver)
		fputs("    driver: true\n", f);
	if (r->restart)
		fputs("    restart: true\n", f);
	if (r->count > 1)
		fprintf(f, "    count: %u\n", r->count);
	if (r->after)
		key(f, "    ", "after", r->after);
	if (r->input)
		key(f, "    ", "input", r->input);
	limits_write(f, &r->limits);
	for (size_t i = 0; r->env && r->env[i]; i++) {
		const char *equals = strchr(r->env[i], '=');
		char *name;

		if (!equals)
			continue;
		name = mem_printf("%.*s", (int)(equals - r->env[i]), r->env[i]);
		fputs(i ? "      " : "    env:\n      ", f);
		fprintf(f, "%s: ", name);
		quoted(f, equals + 1);
		fputc('\n', f);
		free(name);
	}
}

static void reference_write(FILE *f, const struct reference *r)
{
	fprintf(f, "technique: %s\nserver: {", r->technique);
	if (r->server_design)
		fprintf(f, "design: %s, ", r->server_design);
	fputs("mistakes: [", f);
	for (size_t i = 0; i < r->n_server_mistakes; i++)
		fprintf(f, "%s%s", i ? ", " : "", r->server_mistakes[i]);
	fprintf(f, "]%s}\nclient: {count: %u, mistakes: [",
		r->server_restart ? ", restart: true" : "", r->n_clients ? r->n_clients : 1);
	for (size_t i = 0; i < r->n_client_mistakes; i++)
		fprintf(f, "%s%s", i ? ", " : "", r->client_mistakes[i]);
	fprintf(f, "]}\nworkload: {pattern: %s, messages: %u, size: %" PRIu64 "..%" PRIu64,
		pattern_names[r->workload.pattern], r->workload.messages, r->workload.size_min, r->workload.size_max);
	if (r->workload.window)
		fprintf(f, ", window: %u", r->workload.window);
	fputs("}\n", f);
}

static void on_write(FILE *f, const struct plan_fault *p)
{
	const char *between = "    on: {";

	for (uint32_t kind = 1; kind < OBJ_N_KINDS; kind++) {
		/* Only what is a technique has a word in `on:`. */
		if (p->kinds != (uint64_t)1 << kind || kind == OBJ_SEM || kind >= OBJ_SIGNALFD || kind == OBJ_SYSV_SEM)
			continue;
		fprintf(f, "%stechnique: %s", between, object_kind_name(kind));
		between = ", ";
	}
	if (p->peer[0]) {
		fprintf(f, "%speer: ", between);
		quoted(f, p->peer);
		between = ", ";
	}
	if (p->ordinal) {
		fprintf(f, "%sobject: %u", between, p->ordinal);
		between = ", ";
	}
	if (p->path[0]) {
		fprintf(f, "%spath: ", between);
		quoted(f, p->path);
		between = ", ";
	}
	if (*between == ',')
		fputs("}\n", f);
}

static bool is_family(const char *call)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		if (strcmp(family_names[i], call) == 0)
			return true;
	return false;
}

/* The one call that the set is made of, not all of the family that has its name. */
static void at_write(FILE *f, const char *call)
{
	fprintf(f, "at: %s%s", call, is_family(call) ? "()" : "");
}

static const char *call_of_set(const struct call_set *set)
{
	uint32_t row = 0;

	while (row + 1 < n_calls && !call_set_has(set, row))
		row++;
	return call_table[row].plain;
}

static void hold_write(FILE *f, const struct plan_fault *p)
{
	fputs("    do: {hold: {until: {in: ", f);
	quoted(f, p->until.in);
	fputs(", ", f);
	at_write(f, call_of_set(&p->until.at));
	fprintf(f, "%s, nth: %u}, limit: %" PRId64 "us}}\n", p->until.when == WHEN_AFTER ? ", when: after" : "",
		p->until.nth, p->limit_ns / 1000);
}

static void action_write(FILE *f, const struct plan_fault *p)
{
	const struct fault_info *info = fault_of_action(p->action);

	switch (p->action) {
	case ACT_SHORT:
		fprintf(f, "    do: {short: %" PRId64 "}\n", p->value);
		break;
	case ACT_DELAY:
		fprintf(f, "    do: {delay: %" PRId64 "us}\n", p->value / 1000);
		break;
	case ACT_FAIL:
		fprintf(f, "    do: {fail: %s}\n", errno_name((int)p->value));
		break;
	case ACT_PAUSE:
		fputs("    do: {pause: {role: ", f);
		quoted(f, p->target);
		if (p->value == PAUSE_FOR_GOOD)
			fputs(", for: good}}\n", f);
		else
			fprintf(f, ", for: %" PRId64 "us}}\n", p->value / 1000);
		break;
	case ACT_HOLD:
		hold_write(f, p);
		break;
	case ACT_KILL:
		fputs("    do: {kill: self}\n", f);
		break;
	case ACT_REORDER:
		fprintf(f, "    do: {reorder: %" PRId64 "}\n", p->value);
		break;
	default:
		fprintf(f, "    do: %s\n", info->name);
	}
}

static void fault_write(FILE *f, const struct plan_fault *p, const char *call)
{
	fputs("  - in: ", f);
	quoted(f, p->where.in);
	fputs("\n    ", f);
	at_write(f, call);
	fputc('\n', f);
	on_write(f, p);
	if (p->where.when == WHEN_AFTER)
		fputs("    when: after\n", f);
	if (p->trigger == TRIG_ALWAYS)
		fputs("    always: true\n", f);
	else
		fprintf(f, "    nth: %" PRIu64 "\n", p->n);
	if (p->trigger == TRIG_NTH && p->times == TIMES_FOREVER)
		fputs("    times: forever\n", f);
	else if (p->trigger == TRIG_NTH && p->times > 1)
		fprintf(f, "    times: %" PRIu32 "\n", p->times);
	action_write(f, p);
}

const char *advice(const struct candidate *c, const struct finding *f)
{
	if (c->grade == GRADE_DISRUPTIVE && f->symptom == SYMPTOM_WRONG_OUTPUT && strstr(f->text, "exit status 0"))
		return "What ends before all has come is told by the status of the driver. (In a shell: set -o "
		       "pipefail; curl --fail.)";
	if (strstr(f->text, STARTED_AGAIN))
		return "What a service leaves when it is killed is there when it is started again: remove it or take "
		       "it over first (unlink, SO_REUSEADDR, flock, EOWNERDEAD), and trust nothing in it.";
	switch (f->symptom) {
	case SYMPTOM_LEAK:
		return "Close what belongs to a conversation on every way out of it, errors included.";
	case SYMPTOM_LEFTOVER:
		return "Remove what was created on every way out, errors included.";
	default:
		break;
	}
	switch (c->fault.action) {
	case ACT_INTERRUPT:
		if (c->fault.where.when == WHEN_AFTER)
			return "A handler may run between a call that has failed and the look at errno: save errno at "
			       "its beginning and put it back at its end.";
		return "A call may return EINTR whenever a handler has run: call it again, or leave in order.";
	case ACT_SHORT:
		return strcmp(c->call, "write") == 0 || strncmp(c->call, "send", 4) == 0 ?
			"A stream may take fewer bytes than it is given: send the rest." :
			"A stream gives what is there, not what was asked for: read on until the message is whole.";
	case ACT_AGAIN:
		if (waits_on_condition(&call_table[call_find(c->call)]))
			return "A wait on a condition variable may end although nobody has signalled: look at what is "
			       "waited for, in a loop.";
		return "A non-blocking call may have nothing to do: wait for readiness and try again.";
	case ACT_DELAY: case ACT_PAUSE:
		if (c->stall_call)
			return "A client may say nothing for as long as it likes: wait for all of them at once "
			       "(select, poll, a thread for each), or give up on it after a time.";
		if (strcmp(c->fault.target, "self") != 0 && c->fault.action == ACT_PAUSE &&
			c->grade == GRADE_TRANSPARENT)
			return "The other side may be late by half a second: wait longer, and take nothing late for an "
			       "answer to what was asked since.";
		if (strcmp(c->fault.target, "self") != 0 && c->fault.action == ACT_PAUSE)
			return "What is waited for may come after all: number what is asked and what is answered, and "
			       "drop what is late.";
		if (c->stops_in_call)
			return "A call that waits may return EINTR without any handler, when the process was stopped "
			       "and goes on (signal(7)): call it again.";
		return "Nothing says when the other side is scheduled: wait for events, not for a time.";
	case ACT_DROP: case ACT_DUPLICATE: case ACT_REORDER:
		return "A datagram may be lost, doubled or late: number the messages, repeat what is not answered, act "
		       "once.";
	case ACT_KILL: case ACT_RESET: case ACT_HANGUP: case ACT_EOF:
		return "A peer may be gone at any call: handle EOF, ECONNRESET and EPIPE (ignore SIGPIPE), give back "
		       "what it held.";
	case ACT_FAIL:
		if (is_timeout(&call_table[call_find(c->call)], (int)c->fault.value))
			return "The time may be over before anything has come: say so, and take nothing for an answer.";
		if (c->fault.value == EMFILE && strcmp(c->call, "recvmsg") == 0)
			return "Who is short of descriptors gets a message without those that came with it: look "
			       "whether there is SCM_RIGHTS (MSG_CTRUNC says that there was more).";
		return "This call may fail for want of a resource: say so or try later, and serve the others "
		       "meanwhile.";
	default:
		return "";
	}
}

const char *finding_property(const struct finding *f)
{
	if (f->property[0])
		return f->property;
	if (strchr(f->role, '~') && (f->symptom == SYMPTOM_DOWN || f->symptom == SYMPTOM_LEFTOVER))
		return "clean-exit";
	if (f->symptom == SYMPTOM_DOWN && strstr(f->text, "exit status"))
		return "clean-exit";
	if (f->symptom == SYMPTOM_LEAK && (strstr(f->text, ": zombie ") || strstr(f->text, ": process ")))
		return "no-zombies";
	return symptom_properties[f->symptom];
}

static void comment(FILE *f, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(f, "  %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* How the roles end without any fault, where that is not by status 0. */
static void exits_write(FILE *f, const struct sweep *w, const struct scenario *s)
{
	const struct outcome *o = &w->baseline.outcome;
	const char *between = "  exit: {";

	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i];

		if (r->ended != ENDED_EXIT || !r->status || w->baseline.end_varies[i])
			continue;
		fputs(between, f);
		/* Of what a smaller scenario has one, the first stands for all. */
		quoted(f, r->role < s->n_roles && s->roles[r->role].count <= 1 ? s->roles[r->role].name : r->name);
		fprintf(f, ": %d", r->status);
		between = ", ";
	}
	if (*between == ',')
		fputs("}\n", f);
}

/* That the property of the finding holds, and beside it no more than holds without any fault. */
static void expects_write(FILE *f, const struct sweep *w, const struct scenario *s, const char *property)
{
	fprintf(f, "expect:\n  %s: holds\n", property);
	for (size_t i = 0; i < s->n_expects; i++) {
		const struct expect *e = &s->expects[i];

		if (!e->property || e->exit_role || !strcmp(e->property, property))
			continue;
		if (e->benign) {
			fprintf(f, "  %s: {benign: ", e->property);
			quoted(f, e->benign);
			fputs("}\n", f);
		} else {
			fprintf(f, "  %s: %s\n", e->property, verdict_names[e->verdict]);
		}
	}
	for (size_t i = 0; i < n_properties && i < 64; i++)
		if (w->baseline.unmet >> i & 1 && strcmp(property_table[i]->name, "clean-exit") != 0 &&
			strcmp(property_table[i]->name, property) != 0)
			fprintf(f, "  %s: {benign: \"so it is without any fault\"}\n", property_table[i]->name);
	exits_write(f, w, s);
}

int finding_write(struct sweep *w, uint32_t index, const char *path)
{
	const struct finding *fi = &w->findings[index];
	const struct candidate *c = &w->candidates[fi->candidate];
	const struct sweep_site *site = &w->sites[c->site];
	bool shrunk = fi->messages || fi->clients;
	struct plan_fault holds[PLAN_FAULTS];
	uint32_t n_holds;
	const struct scenario *s =
		shrunk ? scenario_shrunk(w->scenario, fi->messages, fi->clients) : w->scenario;
	FILE *f = fopen(path, "w");
	char *title = mem_printf(
		"%s at %s (%s), %s: %s", symptom_names[fi->symptom], site->text, c->call, c->label, fi->text);

	if (!f) {
		free(title);
		return -errno;
	}
	fputs("sabot: 1\n", f);
	key(f, "", "title", title);
	free(title);
	fprintf(f, "about: |\n  Found by sabot explore in %s.\n", s->name);
	fprintf(f, "  Struck: %s in %s at %s, call %u of its kind: %s.\n", c->label, c->process, site->text,
		c->occurrence, c->call);
	comment(f, fi->text);
	fputs("\n", f);
	comment(f, fi->diagram);
	fputs("\n", f);
	comment(f, advice(c, fi));
	fputs("tags: [finding]\n", f);
	if (s->reference.technique) {
		reference_write(f, &s->reference);
	} else {
		fputs("roles:\n", f);
		for (size_t i = 0; i < s->n_roles; i++)
			role_write(f, &s->roles[i]);
	}
	fputs("faults:\n", f);
	fault_write(f, &c->fault, c->call);
	if (c->has_also)
		fault_write(f, &c->also, c->also_call);
	n_holds = stalls_hold(w, c, holds, PLAN_FAULTS - 2);
	for (uint32_t i = 0; i < n_holds; i++)
		fault_write(f, &holds[i], call_of_set(&holds[i].where.at));
	if (c->grade != GRADE_TRANSPARENT && (!(c->kills && c->of_service) || strchr(fi->role, '~')))
		fputs("probe: true\n", f);
	expects_write(f, w, s, finding_property(fi));
	/* What the other side still does after an end depends on the scheduler: a replay tries until it breaks. */
	if (c->grade == GRADE_DISRUPTIVE || finding_reproduced(fi) < fi->tried)
		fprintf(f, "repeat: %d\n", REPLAYS);
	fprintf(f, "timeout: %" PRId64 "s\nseed: %" PRIu64 "\nrealism: %s\n",
		s->timeout_ns > (int64_t)PATIENCE_S * NS_PER_S ? s->timeout_ns / NS_PER_S : PATIENCE_S, s->seed,
		fi->posix ? "posix" : s->realism == REALISM_ANY ? "any" : "linux");
	return fclose(f) ? -errno : 0;
}

int explore_write_findings(struct sweep *w)
{
	const char *directory = w->options.output ? w->options.output : "findings";
	int worst = 0;

	if (w->n_findings && mkdir(directory, 0777) && errno != EEXIST)
		return -errno;
	for (uint32_t i = 0; i < w->n_findings; i++) {
		struct finding *f = &w->findings[i];
		int error;

		/* Parts of one exploration may share a directory. */
		if (w->options.n_shards > 1)
			snprintf(f->scenario, sizeof(f->scenario), "%.200s/%uof%u-%02u.yaml", directory,
				w->options.shard, w->options.n_shards, i + 1);
		else
			snprintf(f->scenario, sizeof(f->scenario), "%.200s/%02u.yaml", directory, i + 1);
		error = finding_write(w, i, f->scenario);
		worst = error ? error : worst;
	}
	return worst;
}
