/* SPDX-License-Identifier: MIT */
/*
 * Is what came of a struck run what a correct program would do? The measure is the fault-free run. A transparent fault
 * may change nothing; a disruptive one may end the struck conversation, with a word about it, and nothing beyond.
 */
#include "core/explore/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "core/model/call.h"

const char *const symptom_names[N_SYMPTOMS] = {
	[SYMPTOM_NONE] = "none", [SYMPTOM_HANG] = "hang", [SYMPTOM_BUSY_LOOP] = "busy-loop", [SYMPTOM_CRASH] = "crash",
	[SYMPTOM_DOWN] = "down", [SYMPTOM_WRONG_OUTPUT] = "wrong-output", [SYMPTOM_LOSS] = "loss",
	[SYMPTOM_UNCLEAN_EXIT] = "unclean-exit", [SYMPTOM_LEAK] = "leak", [SYMPTOM_LEFTOVER] = "leftover",
	[SYMPTOM_AMPLIFIED] = "amplified",
};

const char *const symptom_properties[N_SYMPTOMS] = {
	[SYMPTOM_NONE] = "",
	[SYMPTOM_HANG] = "no-hang",
	[SYMPTOM_BUSY_LOOP] = "no-busy-loop",
	[SYMPTOM_CRASH] = "no-crash",
	[SYMPTOM_DOWN] = "no-crash",
	[SYMPTOM_WRONG_OUTPUT] = "same-output",
	[SYMPTOM_LOSS] = "same-output",
	[SYMPTOM_UNCLEAN_EXIT] = "clean-exit",
	[SYMPTOM_LEAK] = "no-fd-leak",
	[SYMPTOM_LEFTOVER] = "no-leftovers",
	[SYMPTOM_AMPLIFIED] = "no-busy-loop",
};

#define AMPLIFIED_TIMES 10
#define AMPLIFIED_CALLS 2000
#define DOUBLED_CALLS 30

/* The same for the same lines in any order; 0 when the output was not kept whole. */
uint64_t lines_hash(const struct output *o)
{
	uint64_t sum = 1, line = 0;

	if (o->kept != o->length)
		return 0;
	for (uint32_t i = 0; i < o->kept; i++) {
		line = rng_mix(line ^ (unsigned char)o->text[i]);
		if (o->text[i] == '\n') {
			sum += line;
			line = 0;
		}
	}
	return sum + line;
}

static bool output_matches(const struct output *a, const struct output *b, enum steadiness how)
{
	return how == UNSTEADY || output_same(a, b) || (how == STEADY_LINES && lines_hash(a) == lines_hash(b));
}

bool ended_same(const struct role_outcome *a, const struct role_outcome *b)
{
	return a->ended == b->ended && a->status == b->status;
}

static void steadiness_learn(enum steadiness *how, const struct role_outcome *known, const struct role_outcome *run)
{
	if (output_matches(&known->out, &run->out, *how))
		return;
	*how = lines_hash(&known->out) && lines_hash(&known->out) == lines_hash(&run->out) ? STEADY_LINES : UNSTEADY;
}

void baseline_note(struct baseline *b, const char *format, ...)
{
	size_t n = strlen(b->notes);
	va_list args;

	va_start(args, format);
	vsnprintf(b->notes + n, sizeof(b->notes) - n, format, args);
	va_end(args);
}

/* Takes in a run in which the drivers came in another order: what differs by that alone is no finding. */
void baseline_learn_order(struct baseline *b, const struct outcome *run)
{
	if (run->end != RUN_DONE)
		return;
	for (uint32_t i = 0; i < run->n_roles && i < b->outcome.n_roles; i++)
		steadiness_learn(&b->out[i], &b->outcome.roles[i], &run->roles[i]);
	b->files_steady &= run->files_hash == b->outcome.files_hash;
}

static int64_t processor_time(const struct outcome *run)
{
	int64_t ns = 0;

	for (uint32_t i = 0; i < run->n_roles; i++)
		ns += (int64_t)run->roles[i].cpu_ns;
	return ns;
}

/* Takes in one fault-free run, and one that was followed by a probe (either may be NULL). */
void baseline_learn(struct baseline *b, const struct outcome *run, const struct outcome *probed, bool first)
{
	if (first) {
		b->files_steady = true;
		b->outcome = *run;
		b->duration_ns = run->duration_ns;
		b->cpu_ns = processor_time(run);
		b->n_calls = run->n_calls;
		return;
	}
	if (run) {
		for (uint32_t i = 0; i < run->n_roles && i < b->outcome.n_roles; i++) {
			steadiness_learn(&b->out[i], &b->outcome.roles[i], &run->roles[i]);
			b->end_varies[i] |= !ended_same(&b->outcome.roles[i], &run->roles[i]);
		}
		b->files_steady &= run->files_hash == b->outcome.files_hash;
		if (run->n_calls > b->n_calls)
			b->n_calls = run->n_calls;
		if (run->duration_ns > b->duration_ns)
			b->duration_ns = run->duration_ns;
		if (processor_time(run) > b->cpu_ns)
			b->cpu_ns = processor_time(run);
	}
	if (!probed)
		return;
	if (!b->probed.n_roles) {
		b->probed = *probed;
		return;
	}
	for (uint32_t i = 0; i < probed->n_roles && i < b->probed.n_roles; i++) {
		steadiness_learn(&b->probe[i], &b->probed.roles[i], &probed->roles[i]);
		b->probe_end_varies[i] |= !ended_same(&b->probed.roles[i], &probed->roles[i]);
	}
}

static const char *end_words(const struct outcome *o)
{
	return o->end == RUN_HUNG ? "hangs" : o->end == RUN_SPUN ? "runs in circles" : "is not over in time";
}

/* A program that fails without faults is told as that. */
bool baseline_sound(struct baseline *b, const struct scenario *s)
{
	const struct outcome *all[] = { &b->outcome, &b->probed };

	(void)s;
	for (int k = 0; k < 2; k++) {
		const struct outcome *o = all[k];

		if (o->end != RUN_DONE) {
			snprintf(b->why, sizeof(b->why), "%sit %s: %.300s",
				 k ? "run a second time, " : "", end_words(o), o->why);
			return false;
		}
		for (uint32_t i = 0; i < o->n_roles; i++) {
			const struct role_outcome *r = &o->roles[i];

			if (r->ended == ENDED_SIGNAL || r->ended == ENDED_BY_HARNESS) {
				snprintf(b->why, sizeof(b->why), "role %s %s%d", r->name,
					r->ended == ENDED_SIGNAL ? "is killed by signal "
								 : "does not end when it is stopped; signal ",
					r->ended == ENDED_SIGNAL ? r->status : SIGKILL);
				return false;
			}
		}
	}
	for (uint32_t i = 0; i < b->outcome.n_roles; i++) {
		const struct role_outcome *r = &b->outcome.roles[i];

		if (r->ended == ENDED_EXIT && r->status)
			baseline_note(b, "%s exits with %d %swithout any fault\n", r->name, r->status,
				r->driver ? "" : "when it is stopped, ");
		if (b->end_varies[i])
			baseline_note(b, "how %s ends differs from run to run: it is not compared\n", r->name);
		if (b->out[i] == STEADY_LINES)
			baseline_note(b, "the lines that %s prints come in varying order\n", r->name);
		if (b->out[i] == UNSTEADY)
			baseline_note(b, "what %s prints differs from run to run: its output is not compared\n",
				r->name);
	}
	if (b->outcome.n_blind)
		baseline_note(b, "%s: nothing in it can be struck\n", b->outcome.blind);
	if (b->outcome.n_confined)
		baseline_note(b, "%s " OUTCOME_CONFINED "\n", b->outcome.confined);
	if (!b->files_steady)
		baseline_note(b, "the files left differ from run to run: they are not compared\n");
	return true;
}

enum symptom judge_say(struct trial *t, enum symptom symptom, const char *role, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->text, sizeof(t->text), format, args);
	va_end(args);
	text_copy(t->role, sizeof(t->role), role);
	return symptom;
}

bool is_struck(const struct candidate *c, const struct role_outcome *r)
{
	return role_owns(r, c->process);
}

/* Is it the other end of the struck conversation, or might it be? */
static bool is_peer(const struct candidate *c, const struct role_outcome *r)
{
	return !c->peer[0] || role_owns(r, c->peer);
}

static bool kills_child(const struct candidate *c)
{
	return c->kills && strchr(c->process, '.') != NULL;
}

/* The driver that waits, or the one that it waits for if that is a child of its own: a shell's command, say. */
static const struct waiter *driver_waiting(const struct outcome *o)
{
	const struct waiter *parent = NULL;

	for (uint32_t i = 0; i < o->n_waiters; i++) {
		const struct waiter *one = &o->waiters[i];

		if (one->role >= o->n_roles || !o->roles[one->role].driver)
			continue;
		if (!one->call || call_table[one->call - 1].family != FAMILY_PROCESS)
			return one;
		parent = parent ? parent : one;
	}
	return parent;
}

/* The service that others wait for before they begin, and that does not become ready; NULL: there is none. */
static const char *never_ready(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_waiters; i++)
		if (o->waiters[i].held && o->waiters[i].for_whom[0])
			return o->waiters[i].for_whom;
	return NULL;
}

static enum symptom judge_end(const struct candidate *c, const struct outcome *o, struct trial *t)
{
	const struct waiter *first = o->n_waiters ? &o->waiters[0] : NULL;
	const char *who = first ? first->process : c->process;

	if (o->end == RUN_HUNG || o->end == RUN_TIMEOUT) {
		const struct waiter *one = driver_waiting(o);
		const char *service = never_ready(o);

		if (service)
			return judge_say(t, SYMPTOM_HANG, service, "%s neither becomes ready nor ends", service);
		who = one ? one->process : who;
		return judge_say(t, SYMPTOM_HANG, who, "%s",
			o->end == RUN_HUNG ? o->why[0] ? o->why : "nobody is left to wake who waits"
					   : "not over in time");
	}
	if (o->end == RUN_SPUN)
		return judge_say(t, SYMPTOM_BUSY_LOOP, o->spinner, "%s goes on calling without progress", o->spinner);
	return SYMPTOM_NONE;
}

static enum symptom judge_deaths(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i], *base = outcome_counterpart(&w->baseline.outcome, o, i);
		const char *name = signal_name(r->status);

		if (r->ended == ENDED_SIGNAL && !r->instead_of &&
			!(c->kills && is_struck(c, r) && r->status == SIGKILL))
			return judge_say(t, r->service ? SYMPTOM_DOWN : SYMPTOM_CRASH, r->name,
				"%s is killed by SIG%s", r->name, name ? name : "?");
		if (r->ended == ENDED_BY_HARNESS && !r->instead_of && base && base->ended != ENDED_BY_HARNESS)
			return judge_say(t, SYMPTOM_HANG, r->name, "%s does not end when it is stopped", r->name);
		name = signal_name(r->child_signal);
		if (r->child_signal && base && !base->child_signal)
			return judge_say(t, SYMPTOM_CRASH, r->child, "%s is killed by SIG%s", r->child,
				name ? name : "?");
	}
	return SYMPTOM_NONE;
}

/* The object itself has gone: nobody who needs it can go on. */
static bool takes_object(const struct candidate *c)
{
	return c->fault.action == ACT_FAIL && c->fault.value == EIDRM;
}

/* A service that has ended by itself although it does not without the fault. */
static enum symptom judge_services(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	for (uint32_t i = 0; i < o->n_roles && i < w->baseline.outcome.n_roles; i++) {
		const struct role_outcome *r = &o->roles[i], *base = &w->baseline.outcome.roles[i];

		if (!r->service || w->baseline.end_varies[i] || ended_same(r, base) || r->ended != ENDED_EXIT)
			continue;
		if (is_struck(c, r) && (c->kills || (c->before_ready && c->grade == GRADE_DISRUPTIVE)))
			continue;
		if (takes_object(c) && r->status && r->err.length)
			continue;
		/* A service that has lost the one that it needs may end, and say so. */
		if (c->grade == GRADE_DISRUPTIVE && c->of_service && !is_struck(c, r) && is_peer(c, r) &&
			r->status && r->err.length)
			continue;
		return judge_say(t, r->status ? SYMPTOM_DOWN : SYMPTOM_UNCLEAN_EXIT, r->name,
			"%s ends with exit status %d (without the fault: %s %d)", r->name, r->status,
			base->ended == ENDED_EXIT ? "exit status" : "signal", base->status);
	}
	return SYMPTOM_NONE;
}

const char *last_words(const struct role_outcome *r, char *line, size_t size)
{
	const char *end = r->err.text + r->err.kept, *from;

	while (end > r->err.text && end[-1] == '\n')
		end--;
	for (from = end; from > r->err.text && from[-1] != '\n'; from--)
		;
	snprintf(line, size, "%.*s", (int)(end - from), from);
	return line;
}

static enum symptom judge_role(const struct role_outcome *r, const struct role_outcome *base, enum steadiness how,
	bool end_varies, bool may_fail, struct trial *t)
{
	bool same_end = end_varies || ended_same(r, base), same_out = output_matches(&r->out, &base->out, how);
	char words[100];

	if (same_end && same_out)
		return SYMPTOM_NONE;
	if (may_fail && r->ended == ENDED_EXIT && r->status != 0)
		return SYMPTOM_NONE;
	if (!same_out)
		return judge_say(t, SYMPTOM_WRONG_OUTPUT, r->name,
			"%s prints something else (%" PRIu64 " bytes, not %" PRIu64
			") and ends with %s %d%s%s", r->name,
			r->out.length, base->out.length,
			r->ended == ENDED_EXIT ? "exit status" : "signal", r->status, r->err.kept ? ": " : "",
			last_words(r, words, sizeof(words)));
	return judge_say(t, SYMPTOM_UNCLEAN_EXIT, r->name, "%s ends with %s %d, not %d%s%s", r->name,
		r->ended == ENDED_EXIT ? "exit status" : "signal", r->status, base->status, r->err.kept ? ": " : "",
		last_words(r, words, sizeof(words)));
}

/* Outputs and exits of the drivers (and, for transparent faults, of everybody). */
static enum symptom judge_outputs(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	const struct baseline *b = &w->baseline;
	bool service_died = false;

	for (uint32_t i = 0; i < o->n_roles; i++)
		service_died |= o->roles[i].service && is_struck(c, &o->roles[i]) &&
				(c->kills || (c->before_ready && c->grade == GRADE_DISRUPTIVE &&
						     o->roles[i].ended == ENDED_EXIT));
	for (uint32_t i = 0; i < o->n_roles && i < b->outcome.n_roles; i++) {
		const struct role_outcome *r = &o->roles[i];
		bool bystands = c->stall_call && r->driver && !is_struck(c, r);
		bool may_fail = c->grade != GRADE_TRANSPARENT && !bystands &&
				(service_died || takes_object(c) || is_struck(c, r) || is_peer(c, r) ||
					(i < 64 && c->clients >> i & 1));
		enum symptom symptom;

		/* Who lost only a child can still say so. */
		if (r->ended == ENDED_NOT || (c->kills && is_struck(c, r) && !(kills_child(c) && r->driver)))
			continue;
		/* Were it true, the peer had closed: what it makes of an answer says nothing. */
		if (c->fault.action == ACT_EOF && !is_struck(c, r) && is_peer(c, r))
			continue;
		if (r->service && (c->grade != GRADE_TRANSPARENT ||
					  (r->ended != ENDED_EXIT && r->ended != ENDED_BY_STOP)))
			continue;
		/* Which client is served first is nobody's promise: what a service prints may change places. */
		symptom = judge_role(r, &b->outcome.roles[i],
			r->service && b->out[i] == STEADY ? STEADY_LINES : b->out[i], b->end_varies[i], may_fail, t);
		symptom = symptom && bystands ? judge_unserved(r, symptom, t) : symptom;
		symptom = symptom ? symptom : judge_twice(c, r, &b->outcome.roles[i], b->out[i], t);
		if (symptom)
			return symptom;
	}
	if (c->grade == GRADE_TRANSPARENT && b->files_steady && o->files_hash != b->outcome.files_hash)
		return judge_say(t, SYMPTOM_WRONG_OUTPUT, c->process, "the files left behind are not the same");
	return SYMPTOM_NONE;
}

/*
 * Does the probe get what the first client gets in a fault-free run? A conversation that was struck early has left the
 * service as it was at the start: the probe is then its first client (what it counts begins at the beginning).
 */
static bool probe_as_first(const struct baseline *b, const struct role_outcome *r)
{
	size_t n = strcspn(r->name, "~");

	for (uint32_t i = 0; i < b->outcome.n_roles; i++) {
		const struct role_outcome *first = &b->outcome.roles[i];

		if (strlen(first->name) == n && strncmp(first->name, r->name, n) == 0)
			return ended_same(r, first) && output_matches(&r->out, &first->out, b->out[i]);
	}
	return false;
}

static bool any_service(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (o->roles[i].service)
			return true;
	return false;
}

/* What a probe shows of a service that was started again is told as that. */
static void probe_explain(const struct outcome *o, struct trial *t)
{
	char seen[TRIAL_TEXT - 64];

	text_copy(seen, sizeof(seen), t->text);
	snprintf(t->text, sizeof(t->text), "with %.30s " STARTED_AGAIN ", %s",
		o->roles[restart_any(o)->instead_of - 1].name, seen);
}

/* After the fault, with no further fault, the drivers have to be served as ever. */
static enum symptom judge_probe(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	const struct baseline *b = &w->baseline;

	/* Alone, and killed: what it has left in its own way it could not take away. */
	if (takes_object(c) || (c->kills && !any_service(o) && !kills_child(c)))
		return SYMPTOM_NONE;
	for (uint32_t i = 0; i < o->n_roles && i < b->outcome.n_roles; i++) {
		const struct role_outcome *r = &o->roles[i];

		/* When only a child of it was killed it lives on, and has to serve. So has who took its place. */
		if (r->service && is_struck(c, r) && !restart_of(o, i) &&
			((c->kills && !ended_same(r, &b->outcome.roles[i])) ||
				(c->before_ready && r->ended == ENDED_EXIT)))
			return SYMPTOM_NONE;	/* nobody is there, and rightly so */
	}
	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i], *base = NULL;
		enum symptom symptom;
		uint32_t k = 0;

		while (k < b->probed.n_roles && strcmp(r->name, b->probed.roles[k].name) != 0)
			k++;
		if (!outcome_is_probe(r) || k == b->probed.n_roles || probe_as_first(b, r))
			continue;
		base = &b->probed.roles[k];
		symptom = judge_role(r, base, b->probe[k], b->probe_end_varies[k], false, t);
		if (symptom && restart_any(o))
			probe_explain(o, t);
		/* With nobody alive between the two, only what the first has left can hinder the second. */
		if (symptom && r->ended == ENDED_EXIT && r->status && base->status == 0)
			return any_service(o) ? SYMPTOM_DOWN : SYMPTOM_LEFTOVER;
		if (symptom)
			return symptom;
	}
	return SYMPTOM_NONE;
}

static bool is_leak(const struct left *l)
{
	return l->kind == LEFT_FD || l->kind == LEFT_ZOMBIE || l->kind == LEFT_PROCESS;
}

const struct left *left_next(const struct outcome *o, bool descriptors, uint32_t *at)
{
	for (; *at < o->n_left; ++*at)
		if (!o->left[*at].excused && o->left[*at].kind != LEFT_FILE &&
			is_leak(&o->left[*at]) == descriptors)
			return &o->left[*at];
	return NULL;
}

uint32_t left_count(const struct outcome *o, bool descriptors)
{
	uint32_t n = 0;

	for (uint32_t i = 0; left_next(o, descriptors, &i); i++)
		n++;
	return n;
}

/* Something that counts is left: who is answerable for it says so, if that is known. */
static enum symptom left_say(
	const struct candidate *c, const struct outcome *o, bool descriptors, struct trial *t)
{
	enum symptom symptom = descriptors ? SYMPTOM_LEAK : SYMPTOM_LEFTOVER;
	const char *how = descriptors ? "open" : "behind", *owner = NULL;
	uint32_t first = 0;
	const struct left *l = left_next(o, descriptors, &first);

	if (l && l->owner && l->owner <= o->n_roles)
		owner = o->roles[l->owner - 1].name;
	if (owner)
		return judge_say(t, symptom, owner, "%s leaves %s: %s", owner, how, l->text);
	return judge_say(t, symptom, c->process, "left %s: %s", how, l ? l->text : "");
}

static enum symptom judge_left(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	const struct outcome *base = c->grade == GRADE_TRANSPARENT ? &w->baseline.outcome : &w->baseline.probed;

	if (left_count(o, true) > left_count(base, true))
		return left_say(c, o, true, t);
	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i], *b = outcome_counterpart(base, o, i);

		if (!r->service || !b || (c->kills && is_struck(c, r)))
			continue;
		/* Nobody has told it that its peer is gone: it will give up, and give back what it holds. */
		if (r->patient_at_end > b->patient_at_end)
			continue;
		if (b->fds_at_end > 0 && r->fds_at_end > b->fds_at_end)
			return judge_say(t, SYMPTOM_LEAK, r->name,
				"%s holds %d descriptors when all is over, without the fault %d", r->name,
				r->fds_at_end, b->fds_at_end);
		if (b->threads_at_end > 0 && r->threads_at_end > b->threads_at_end)
			return judge_say(t, SYMPTOM_LEAK, r->name,
				"%s has %d threads when all is over, without the fault %d", r->name,
				r->threads_at_end, b->threads_at_end);
	}
	if (!c->kills && left_count(o, false) > left_count(base, false))
		return left_say(c, o, false, t);
	return restart_any(o) ? judge_restart_left(w, o, t) : SYMPTOM_NONE;
}

/* One datagram that came twice may be answered twice, but not be doubled from then on (RFC 1123, 4.2.3.1). */
static enum symptom judge_doubling(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	uint64_t base = w->baseline.probed.n_calls;

	if (c->fault.action != ACT_DUPLICATE || c->has_also ||
		o->n_calls <= base + w->baseline.n_calls / 2 + DOUBLED_CALLS)
		return SYMPTOM_NONE;
	return judge_say(t, SYMPTOM_AMPLIFIED, c->process, "%" PRIu64 " calls, without the fault %" PRIu64,
		o->n_calls, base);
}

static enum symptom judge_effort(
	const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	if (c->grade != GRADE_TRANSPARENT || c->fault.action == ACT_SHORT || c->fault.times == TIMES_FOREVER ||
		o->n_calls < w->baseline.n_calls * AMPLIFIED_TIMES + AMPLIFIED_CALLS)
		return SYMPTOM_NONE;
	return judge_say(t, SYMPTOM_AMPLIFIED, c->process, "%" PRIu64 " calls, without the fault %" PRIu64,
		o->n_calls, w->baseline.n_calls);
}

/* `benign:` with a reason silences a symptom by the property that asks for it. */
bool is_benign(const struct sweep *w, enum symptom symptom)
{
	return scenario_benign(w->scenario, symptom_properties[symptom]) != NULL;
}

enum symptom judge(const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t)
{
	enum symptom symptom;

	t->property[0] = '\0';
	if (c->lasting && (o->end == RUN_HUNG || o->end == RUN_TIMEOUT))
		return SYMPTOM_NONE;
	symptom = judge_stall(o, t);
	symptom = symptom ? symptom : judge_restart_hung(o, t);
	symptom = symptom ? symptom : judge_end(c, o, t);
	symptom = symptom ? symptom : judge_deaths(w, c, o, t);
	symptom = symptom ? symptom : judge_report(w, o, t);
	symptom = symptom ? symptom : judge_services(w, c, o, t);
	symptom = symptom ? symptom : judge_restart(w, o, t);
	if (c->lasting)
		return symptom && is_benign(w, symptom) ? SYMPTOM_NONE : symptom;
	symptom = symptom ? symptom : judge_outputs(w, c, o, t);
	if (c->grade != GRADE_TRANSPARENT)
		symptom = symptom ? symptom : judge_probe(w, c, o, t);
	symptom = symptom ? symptom : judge_left(w, c, o, t);
	symptom = symptom ? symptom : judge_doubling(w, c, o, t);
	symptom = symptom ? symptom : judge_effort(w, c, o, t);
	return symptom && is_benign(w, symptom) ? SYMPTOM_NONE : symptom;
}
