/* SPDX-License-Identifier: MIT */
/*
 * What a finding does not need is left out: messages of a reference workload, instances of roles that were not struck.
 * A smaller scenario has a baseline of its own; it stands for the finding if it breaks in the same way, twice.
 */
#include "core/explore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/banned.h"
#include "core/base/str.h"

/* The word after `option` in the arguments, replaced. Only the list itself is copied. */
static void argument_replace(struct role *r, const char *option, uint32_t value)
{
	size_t n = 0;
	char **copy;

	while (r->run[n])
		n++;
	copy = mem_new((n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = i && strcmp(r->run[i - 1], option) == 0 ? mem_printf("%u", value) : r->run[i];
	r->run = copy;
}

/*
 * A copy with fewer messages and clients (0: as they are). It shares its texts with s, is never freed, and lives as
 * long as the box that it is made in.
 */
struct scenario *scenario_shrunk(const struct scenario *s, uint32_t messages, uint32_t clients)
{
	struct scenario *copy = mem_new(sizeof(*copy));

	*copy = *s;
	for (size_t i = 0; i < copy->n_roles; i++) {
		if (messages && s->reference.technique)
			argument_replace(&copy->roles[i], "--messages", messages);
		if (clients && s->reference.technique)
			argument_replace(&copy->roles[i], "--clients", clients);
		if (clients && copy->roles[i].count > clients)
			copy->roles[i].count = clients;
	}
	if (messages)
		copy->reference.workload.messages = messages;
	if (clients)
		copy->reference.n_clients = clients;
	return copy;
}

/* What comes of it in a smaller scenario, each of so many times. */
static enum symptom breaks_in(struct sweep *w, struct box *box, uint32_t candidate, const struct scenario *s,
	uint32_t tries, struct outcome *out)
{
	struct sweep *small = mmap(NULL, sizeof(*small), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	enum symptom symptom = SYMPTOM_NONE;

	if (small == MAP_FAILED)
		return SYMPTOM_NONE;
	small->scenario = s;
	small->options = w->options;
	small->avoid_signals = w->avoid_signals;
	run_finish(box);
	if (worker_prepare(small, box) == 0 && worker_learn(small, box, out, false) == 0 && small->baseline.sound) {
		for (uint32_t i = 0; i < tries; i++) {
			struct trial t = { .result = RESULT_HANDLED };

			worker_trial(small, box, &w->candidates[candidate], out, &t);
			if (t.result != RESULT_BROKEN || (i && t.symptom != symptom)) {
				symptom = SYMPTOM_NONE;
				break;
			}
			symptom = t.symptom;
		}
	}
	munmap(small, sizeof(*small));
	return symptom;
}

static bool has_more_instances(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_roles; i++)
		if (s->roles[i].count > 1)
			return true;
	return false;
}

/* A fault in client/2, or on its channel, needs it. */
bool may_be_alone(const struct sweep *w, const struct candidate *c)
{
	return has_more_instances(w->scenario) && !strchr(c->process, '/') && !strchr(c->peer, '/');
}

enum symptom breaks_alone(
	struct sweep *w, struct box *box, uint32_t candidate, uint32_t tries, struct outcome *out)
{
	return breaks_in(w, box, candidate, scenario_shrunk(w->scenario, 0, 1), tries, out);
}

void finding_shrink(struct sweep *w, struct box *box, struct finding *f, bool alone, struct outcome *out)
{
	static const uint32_t steps[] = { 1, 2, 3, 5, 10, 20 };
	const struct candidate *c = &w->candidates[f->candidate];
	const struct scenario *s = w->scenario;

	if (alone && may_be_alone(w, c) && breaks_alone(w, box, f->candidate, SHRINK_TRIES, out) == f->symptom)
		f->clients = 1;
	if (!s->reference.technique)
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && steps[i] < s->reference.workload.messages; i++) {
		if (breaks_in(w, box, f->candidate, scenario_shrunk(s, steps[i], f->clients), SHRINK_TRIES, out) !=
			f->symptom)
			continue;
		f->messages = steps[i];
		return;
	}
}
