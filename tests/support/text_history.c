/* SPDX-License-Identifier: MIT */
#include "tests/support/text_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/check/messages.h"
#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/base/banned.h"

enum { MOST_WORDS = 24, LINE_ROOM = 65536 };

/* One item, cut into words. */
struct item {
	char who[ROLE_NAME];		/* "" not said */
	char *words[MOST_WORDS];
	size_t n;
};

static const char *complain(struct text_history *t, const char *what, const char *word)
{
	snprintf(t->why, sizeof(t->why), "%s: %s", what, word);
	return t->why;
}

static const char *word(const struct item *it, size_t i)
{
	return i < it->n ? it->words[i] : "";
}

/* The value of key=value, or NULL. */
static const char *value(const struct item *it, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 1; i < it->n; i++)
		if (!strncmp(it->words[i], key, length) && it->words[i][length] == '=')
			return it->words[i] + length + 1;
	return NULL;
}

static long number(const struct item *it, const char *key, long otherwise)
{
	const char *v = value(it, key);

	return v ? strtol(v, NULL, 0) : otherwise;
}

static bool has(const struct item *it, const char *flag)
{
	for (size_t i = 1; i < it->n; i++)
		if (!strcmp(it->words[i], flag))
			return true;
	return false;
}

static uint32_t proc_of(struct text_history *t, const char *name)
{
	uint32_t i = 0;
	const char *dot = strrchr(name, '.');
	char parent[ROLE_NAME];

	while (i < t->history.n_procs && strcmp(t->procs[i].name, name) != 0)
		i++;
	if (i < t->history.n_procs)
		return i;
	if (dot) {
		text_copy(parent, (size_t)(dot - name) + 1, name);
		uint32_t p = proc_of(t, parent);
		i = (uint32_t)t->history.n_procs;
		t->procs[i].parent = p + 1;
	}
	t->history.n_procs++;
	text_copy(t->procs[i].name, ROLE_NAME, name);
	t->procs[i].pid = 100 + (int32_t)i;
	t->procs[i].hello = true;
	return i;
}

static struct history_event *event_add(struct text_history *t, uint8_t kind, const char *who)
{
	struct history_event *e = &t->events[t->history.n_events++];

	t->now += 1000;
	*e = (struct history_event){ .proc = proc_of(t, who) };
	e->e.kind = kind;
	e->e.stamp = t->now;
	e->e.fd = -1;
	e->e.tid = 100 + e->proc;
	return e;
}

static const char *who_of(const struct item *it, const char *otherwise)
{
	return it->who[0] ? it->who : otherwise;
}

static void text_attach(struct text_history *t, struct history_event *e, const char *text)
{
	e->text = (uint32_t)t->history.n_text + 1;
	text_copy(t->text + t->history.n_text, sizeof(t->text) - t->history.n_text, text);
	t->history.n_text += strlen(text) + 1;
}

static void message_add(struct text_history *t, const struct item *it, uint8_t kind)
{
	struct history_event *e = event_add(t, kind, who_of(it, kind == EV_RECEIVED ? "server" : "client"));
	long n = strtol(word(it, 1), NULL, 0);

	e->e.fd = (int32_t)number(it, "from", 1);
	e->e.object = (uint32_t)number(it, "to", 2);
	e->e.result = (int64_t)((uint64_t)number(it, "prio", 0) << 56 | (uint64_t)n);
	e->e.asked = (uint32_t)number(it, "len", 10);
	e->e.hash = (uint64_t)number(it, "sum", n * 1000 + e->e.fd);
	e->e.tid = (uint32_t)number(it, "tid", (long)e->e.tid);
	if (kind == EV_BECAME)
		text_attach(t, e, "gave-up");
}

static uint32_t channel_of(const struct text_history *t, const char *name)
{
	for (uint32_t i = 0; i < t->history.n_channels; i++)
		if (!strcmp(t->channel_names[i], name))
			return i + 1;
	return 0;
}

/* Each channel has two objects; what all share uses the first alone. */
static void channel_set(struct text_history *t, struct history_event *e, const char *name)
{
	uint32_t c = channel_of(t, name);
	uint32_t kind = c ? t->channels[c - 1].kind : OBJ_NONE;
	bool two = kind == OBJ_UNIX_STREAM || kind == OBJ_TCP || kind == OBJ_UNIX_SEQPACKET || kind == OBJ_SOCKETPAIR ||
		kind == OBJ_UDP || kind == OBJ_UNIX_DGRAM;

	e->channel = c;
	if (c)
		e->e.object = 2 * c - 1 + (two && t->channels[c - 1].to == e->proc + 1);
}

static const char *call_add(struct text_history *t, const struct item *it, int row, size_t at, uint8_t kind)
{
	struct history_event *e = event_add(t, kind, who_of(it, "server"));
	const char *result = word(it, at + 2);
	bool before = history_call_of((uint32_t)row).way == WAY_IN || kind == EV_INVOKED;
	uint64_t ticks = (uint64_t)number(it, "ms", 0) * 1000000;

	e->e.call = (uint16_t)row;
	channel_set(t, e, word(it, at + 1));
	if (strcmp(word(it, at + 1), "-") != 0 && !e->channel)
		return complain(t, "no such channel", word(it, at + 1));
	if (value(it, "pid"))
		e->e.result = t->procs[proc_of(t, value(it, "pid"))].pid;
	else if (errno_value(result) > 0) {
		e->e.error = (int16_t)errno_value(result);
		e->e.result = -1;
	} else
		e->e.result = strtol(result, NULL, 0);
	e->e.asked = (uint32_t)number(it, "asked", e->e.result > 0 ? (long)e->e.result : 100);
	e->e.hash = (uint64_t)number(it, "hash", 0);
	e->e.tid = (uint32_t)number(it, "tid", (long)e->e.tid);
	e->e.ticks = (uint32_t)ticks;
	e->e.site = (uint64_t)row + 1;
	e->e.flags = (uint8_t)((has(it, "struck") ? EVF_STRUCK : 0) | (has(it, "nonblock") ? EVF_NONBLOCK : 0) |
		(has(it, "dropped") ? EVF_DROPPED : 0) | (has(it, "doubled") ? EVF_DUPLICATED : 0));
	e->e.strike = (uint16_t)number(it, "strike", 0);
	if (e->channel && history_call_of((uint32_t)row).moves == MOVES_UNCOUNTED)
		t->channels[e->channel - 1].uncounted = true;
	t->now += ticks;
	if (!before)
		e->e.stamp = t->now;
	return NULL;
}

static const char *strike_add(struct text_history *t, const struct item *it)
{
	struct history_event *e = event_add(t, EV_STRIKE, who_of(it, "server"));
	const struct fault_info *f = fault_find(word(it, 1));
	struct plan_fault *p = &t->scenario.faults[t->scenario.n_faults++];

	if (!f)
		return complain(t, "no such action", word(it, 1));
	p->action = e->e.asked = f->action;
	text_copy(p->target, sizeof(p->target), value(it, "target") ? value(it, "target") : "self");
	e->e.strike = (uint16_t)t->scenario.n_faults;
	if (value(it, "on"))
		channel_set(t, e, value(it, "on"));
	return NULL;
}

static const char *event_parse(struct text_history *t, const struct item *it)
{
	const char *verb = word(it, 0);
	int row;

	if (!strcmp(verb, "send"))
		message_add(t, it, EV_SENT);
	else if (!strcmp(verb, "recv"))
		message_add(t, it, EV_RECEIVED);
	else if (!strcmp(verb, "gave-up"))
		message_add(t, it, EV_BECAME);
	else if (!strcmp(verb, "became"))
		text_attach(t, event_add(t, EV_BECAME, who_of(it, "server")), word(it, 1));
	else if (!strcmp(verb, "exit"))
		event_add(t, EV_EXIT, who_of(it, "server"))->e.result = strtol(word(it, 1), NULL, 0);
	else if (!strcmp(verb, "strike"))
		return strike_add(t, it);
	else {
		bool inside = !strcmp(verb, "in");

		row = call_find(inside ? word(it, 1) : verb);
		if (row < 0)
			return complain(t, "no such verb or call", verb);
		return call_add(t, it, row, inside, inside ? EV_INVOKED : EV_CALL);
	}
	return NULL;
}

static uint32_t kind_named(const char *name)
{
	uint32_t k = OBJ_NONE;

	while (k < OBJ_N_KINDS && strcmp(object_kind_name(k), name) != 0)
		k++;
	return k;
}

static const char *channel_declare(struct text_history *t, const struct item *it)
{
	struct channel *c = &t->channels[t->history.n_channels];

	text_copy(t->channel_names[t->history.n_channels], sizeof(t->channel_names[0]), word(it, 1));
	c->kind = kind_named(word(it, 2));
	if (c->kind == OBJ_N_KINDS)
		return complain(t, "no such kind", word(it, 2));
	c->from = proc_of(t, word(it, 3)) + 1;
	c->to = strcmp(word(it, 4), "-") ? proc_of(t, word(it, 4)) + 1 : 0;
	c->listener = has(it, "listener");
	c->standard = has(it, "standard");
	text_copy(c->name, sizeof(c->name), word(it, 1));
	t->history.n_channels++;
	return NULL;
}

/* "server~restart" takes the place of server: its index + 1. */
static uint32_t role_instead(const struct outcome *o, size_t n, const char *name)
{
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (strlen(o->roles[i].name) == n && !strncmp(o->roles[i].name, name, n))
			return i + 1;
	return 0;
}

static struct role_outcome *role_of(struct outcome *o, const char *name)
{
	uint32_t i = 0;

	while (i < o->n_roles && strcmp(o->roles[i].name, name) != 0)
		i++;
	if (i == o->n_roles) {
		o->roles[o->n_roles++] = (struct role_outcome){ .ended = ENDED_EXIT, .role = UINT32_MAX,
			.driver = !strncmp(name, "client", 6), .service = strncmp(name, "client", 6) != 0 };
		text_copy(o->roles[i].name, ROLE_NAME, name);
		if (strstr(name, "~restart"))
			o->roles[i].instead_of = role_instead(o, strcspn(name, "~"), name);
	}
	return &o->roles[i];
}

static const char *role_parse(struct text_history *t, struct outcome *o, const struct item *it)
{
	static const struct {
		const char *name;
		enum ended ended;
	} ends[] = { { "exit", ENDED_EXIT }, { "signal", ENDED_SIGNAL }, { "stop", ENDED_BY_STOP },
		{ "harness", ENDED_BY_HARNESS }, { "fault", ENDED_BY_FAULT }, { "not", ENDED_NOT } };
	struct role_outcome *r = role_of(o, word(it, 1));
	size_t i = 0;

	while (i < sizeof(ends) / sizeof(*ends) && strcmp(ends[i].name, word(it, 2)) != 0)
		i++;
	if (i == sizeof(ends) / sizeof(*ends))
		return complain(t, "no such end of a role", word(it, 2));
	r->ended = ends[i].ended;
	r->status = r->ended == ENDED_SIGNAL ? signal_value(word(it, 3)) : (int)strtol(word(it, 3), NULL, 0);
	r->driver = has(it, "driver") || (r->driver && !has(it, "service"));
	r->service = !r->driver;
	r->out.hash = (uint64_t)number(it, "out", 0);
	r->err.hash = (uint64_t)number(it, "err", 0);
	r->end_varies = r->out_varies = r->err_varies = has(it, "varies");
	r->sanitizer = has(it, "asan") ? SANITIZER_MEMORY : has(it, "tsan") ? SANITIZER_RACES : SANITIZER_NONE;
	if (has(it, "reports"))
		r->err.kept = (uint32_t)snprintf(r->err.text, sizeof(r->err.text), "%s", has(it, "tsan") ?
			"a line\nWARNING: ThreadSanitizer: data race (pid=7)\n" :
			"a line\n==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\nREAD\n");
	return NULL;
}

static struct role *scenario_role(struct text_history *t, const char *name)
{
	struct role_outcome *r = role_of(&t->outcome, name);

	if (r->role == UINT32_MAX) {
		r->role = (uint32_t)t->scenario.n_roles;
		t->scenario.roles[t->scenario.n_roles++].name = mem_dup(name);
	}
	return &t->scenario.roles[r->role];
}

static const char *traits_parse(struct text_history *t, const struct item *it)
{
	static const struct {
		const char *name;
		uint32_t trait;
	} traits[] = { { "connection", TRAIT_CONNECTION }, { "boundaries", TRAIT_BOUNDARIES },
		{ "reliable", TRAIT_RELIABLE }, { "ordered", TRAIT_ORDERED }, { "priority", TRAIT_PRIORITY },
		{ "server", TRAIT_SERVER }, { "memory", TRAIT_MEMORY }, { "data", TRAIT_DATA },
		{ "flow", TRAIT_FLOW } };

	if (!t->scenario.reference.technique)
		t->scenario.reference.technique = mem_dup("reference");
	t->traits = 0;
	for (size_t i = 1; i < it->n; i++) {
		size_t k = 0;

		while (k < sizeof(traits) / sizeof(*traits) && strcmp(traits[k].name, it->words[i]) != 0)
			k++;
		if (k == sizeof(traits) / sizeof(*traits))
			return complain(t, "no such trait", it->words[i]);
		t->traits |= traits[k].trait;
	}
	return NULL;
}

static int one_of(const char *w, const char *const *names, int n)
{
	int i = 0;

	while (i < n && strcmp(names[i], w) != 0)
		i++;
	return i;
}

static const char *end_parse(struct text_history *t, const struct item *it)
{
	static const char *const ends[] = { "done", "hung", "spun", "timeout", "broken", "cannot" };
	int end = one_of(word(it, 1), ends, 6);

	if (end == 6)
		return complain(t, "no such end of a run", word(it, 1));
	t->outcome.end = (enum run_end)end;
	return NULL;
}

static const char *left_parse(struct text_history *t, const struct item *it)
{
	static const char *const kinds[] = { "socket", "fifo", "shm", "mq", "sem", "sysv", "process", "zombie", "fd",
		"file" };
	int kind = one_of(word(it, 1), kinds, 10);
	struct left *l = &t->outcome.left[t->outcome.n_left++];

	if (kind == 10)
		return complain(t, "nothing of this kind is left", word(it, 1));
	l->kind = (enum left_kind)kind;
	l->excused = has(it, "excused");
	text_copy(l->text, sizeof(l->text), word(it, 2));
	return NULL;
}

static const char *waiter_parse(struct text_history *t, const struct item *it)
{
	bool starves = strcmp(word(it, 0), "starving") == 0;
	struct waiter *w = starves ? &t->outcome.starving[t->outcome.n_starving++] :
				     &t->outcome.waiters[t->outcome.n_waiters++];

	text_copy(w->process, sizeof(w->process), word(it, 1));
	w->call = (uint32_t)(call_find(word(it, 2)) + 1);
	w->tid = 100 + proc_of(t, word(it, 1));
	while (w->role + 1 < t->outcome.n_roles && strcmp(t->outcome.roles[w->role].name, w->process) != 0)
		w->role++;
	if (strcmp(word(it, 3), "-") != 0)
		text_copy(w->for_whom, sizeof(w->for_whom), word(it, 3));
	return NULL;
}

static const char *pattern_parse(struct text_history *t, const struct item *it)
{
	int p = one_of(word(it, 1), pattern_names, N_PATTERNS);

	if (p == N_PATTERNS)
		return complain(t, "no such pattern", word(it, 1));
	t->scenario.reference.workload.pattern = (enum pattern)p;
	return NULL;
}

/* What is no event; *done is false if it is one. */
static const char *setting_parse(struct text_history *t, const struct item *it, bool *done)
{
	const char *verb = word(it, 0);

	*done = true;
	if (!strcmp(verb, "channel"))
		return channel_declare(t, it);
	if (!strcmp(verb, "role"))
		return role_parse(t, &t->outcome, it);
	if (!strcmp(verb, "technique"))
		return traits_parse(t, it);
	if (!strcmp(verb, "end"))
		return end_parse(t, it);
	if (!strcmp(verb, "left"))
		return left_parse(t, it);
	if (!strcmp(verb, "waiter") || !strcmp(verb, "starving"))
		return waiter_parse(t, it);
	if (!strcmp(verb, "pattern"))
		return pattern_parse(t, it);
	if (!strcmp(verb, "baseline")) {
		t->has_baseline = true;
		return role_parse(t, &t->baseline, it);
	}
	if (!strcmp(verb, "stalls")) {
		text_copy(t->outcome.stalled, sizeof(t->outcome.stalled), word(it, 1));
		t->outcome.starved = has(it, "starved");
	} else if (!strcmp(verb, "after"))
		t->now += (uint64_t)strtol(word(it, 1), NULL, 0) * 1000000;
	else if (!strcmp(verb, "lost"))
		t->history.lost = (uint64_t)strtol(word(it, 1), NULL, 0);
	else if (!strcmp(verb, "blind"))
		t->outcome.n_blind = (uint32_t)strtol(word(it, 1), NULL, 0);
	else if (!strcmp(verb, "stops"))
		scenario_role(t, word(it, 1))->stop = 15;
	else if (!strcmp(verb, "expects-exit"))
		t->scenario.expects[t->scenario.n_expects++] = (struct expect){ .property = mem_dup("exit"),
			.exit_role = mem_dup(word(it, 1)), .exit_code = (int)strtol(word(it, 2), NULL, 0) };
	else
		*done = false;
	return NULL;
}

static void words_cut(struct item *it, char *text)
{
	char *save, *w = strtok_r(text, " \t", &save);
	size_t length = w ? strlen(w) : 0;

	*it = (struct item){ .n = 0 };
	if (length > 1 && w[length - 1] == ':') {
		text_copy(it->who, length < ROLE_NAME ? length : ROLE_NAME, w);
		w = strtok_r(NULL, " \t", &save);
	}
	for (; w && it->n < MOST_WORDS; w = strtok_r(NULL, " \t", &save))
		it->words[it->n++] = w;
}

/* "12 × ITEM": the item so many times. */
static const char *item_parse(struct text_history *t, char *text)
{
	struct item it;
	long times = 1;
	const char *wrong = NULL;
	bool done;

	words_cut(&it, text);
	if (it.n > 2 && !strcmp(it.words[1], "times")) {
		times = strtol(it.words[0], NULL, 0);
		for (size_t i = 2; i < it.n; i++)
			it.words[i - 2] = it.words[i];
		it.n -= 2;
	}
	if (!it.n)
		return NULL;
	for (long i = 0; i < times && !wrong; i++) {
		if (t->history.n_events == TEXT_EVENTS || t->history.n_procs == TEXT_PROCS)
			return "too much for one history";
		wrong = setting_parse(t, &it, &done);
		if (!wrong && !done)
			wrong = event_parse(t, &it);
	}
	return wrong;
}

static const char *verdict_parse(struct text_history *t, char *text)
{
	char *quote = strchr(text, '"'), *save, *w;
	int v;

	if (quote) {
		char *end = strrchr(quote + 1, '"');

		if (!end)
			return "a quotation mark is missing";
		*end = *quote = '\0';
		text_copy(t->why, sizeof(t->why), quote + 1);
	}
	w = strtok_r(text, " \t\n", &save);
	v = w ? one_of(w, verdict_names, 4) : 4;
	if (v == 4)
		return "no verdict: n/a, holds, violated or unknown";
	t->verdict = (enum verdict_value)v;
	w = strtok_r(NULL, " \t\n", &save);
	if (w && strcmp(w, "at") != 0)
		return "after the verdict comes: at N … \"text\"";
	while ((w = strtok_r(NULL, " \t\n", &save)) && t->n_evidence < VERDICT_EVIDENCE)
		t->evidence[t->n_evidence++] = (uint32_t)strtol(w, NULL, 0) - 1;
	return NULL;
}

static void join(struct text_history *t)
{
	t->history.events = t->events;
	t->history.procs = t->procs;
	t->history.channels = t->channels;
	t->history.text = t->text;
	t->history.tick_hz = 1000000000;
	t->outcome.seen_all_events = true;
	for (uint32_t i = 0; i < t->history.n_procs; i++)
		if (!t->procs[i].parent)
			role_of(&t->outcome, t->procs[i].name);
}

const char *text_history_parse(struct text_history *t, const char *line)
{
	char *copy = mem_dup(line), *colon, *arrow, *save, *text;
	const char *wrong = NULL;

	memset(t, 0, sizeof(*t));
	t->traits = TRAIT_DATA;
	colon = strchr(copy, ':');
	arrow = strstr(copy, "=>");
	if (!colon || !arrow || colon > arrow) {
		free(copy);
		return "a line is PROPERTY: ITEM, ITEM … => VERDICT";
	}
	*colon = *arrow = '\0';
	text_copy(t->property, sizeof(t->property), copy);
	for (text = strtok_r(colon + 1, ",", &save); text && !wrong; text = strtok_r(NULL, ",", &save))
		wrong = item_parse(t, text);
	if (!wrong)
		wrong = verdict_parse(t, arrow + 2);
	join(t);
	free(copy);
	return wrong;
}

void text_history_fini(struct text_history *t)
{
	free(t->scenario.reference.technique);
	for (size_t i = 0; i < t->scenario.n_roles; i++)
		free(t->scenario.roles[i].name);
	for (size_t i = 0; i < t->scenario.n_expects; i++) {
		free(t->scenario.expects[i].property);
		free(t->scenario.expects[i].exit_role);
	}
	t->scenario.reference.technique = NULL;
	t->scenario.n_roles = t->scenario.n_expects = 0;
}
