/* SPDX-License-Identifier: MIT */
#include "core/techniques/probes/lab.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/base/banned.h"

struct lab *lab_new(const struct link *link, const char *guarantee, const char *directory)
{
	struct lab *lab = mmap(NULL, sizeof(*lab), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *tmp = getenv("TMPDIR");

	if (lab == MAP_FAILED)
		return NULL;
	lab->link = link;
	lab->guarantee = guarantee;
	if (directory) {
		text_copy(lab->directory, sizeof(lab->directory), directory);
	} else {
		if (!tmp || strlen(tmp) > 50)
			tmp = "/tmp";
		snprintf(lab->directory, sizeof(lab->directory), "%.50s/sabot-probe-XXXXXX", tmp);
		if (!mkdtemp(lab->directory))
			return NULL;
		lab->made_directory = true;
	}
	signal(SIGPIPE, SIG_IGN);
	lab_unknown(lab, "the experiment came to no conclusion");
	return lab;
}

int lab_make(struct lab *lab)
{
	static unsigned n_trials;

	lab->place = (struct place){ .id = -1,
		.id2 = -1,
		.fds = { -1, -1 },
		.guard = { -1, -1 },
		.backlog = lab->place.backlog,
		.variant = lab->place.variant };
	snprintf(lab->place.path, sizeof(lab->place.path), "%s/p%u", lab->directory, ++n_trials);
	snprintf(lab->place.name, sizeof(lab->place.name), "/sabot-probe-%d-%u", (int)getpid(), n_trials);
	lab->made = true;
	lab->taken = lab->stop = lab->n_log = 0;
	return lab->link->make(&lab->place);
}

void lab_clear(struct lab *lab)
{
	for (unsigned i = 0; i < lab->n_puppets; i++)
		puppet_kill(&lab->puppets[i]);
	lab->n_puppets = 0;
	if (lab->made)
		lab->link->destroy(&lab->place);
	if (lab->made)
		lab_let_go(lab);
	lab->made = false;
}

void lab_let_go(struct lab *lab)
{
	for (int i = 0; i < 2; i++) {
		if (lab->place.fds[i] >= 0)
			close(lab->place.fds[i]);
		lab->place.fds[i] = -1;
	}
}

bool lab_say(struct lab *lab, const char *value, const char *format, ...)
{
	va_list args;

	text_copy(lab->value, sizeof(lab->value), value);
	va_start(args, format);
	vsnprintf(lab->evidence, sizeof(lab->evidence), format, args);
	va_end(args);
	return true;
}

bool lab_unknown(struct lab *lab, const char *format, ...)
{
	va_list args;

	text_copy(lab->value, sizeof(lab->value), "unknown");
	va_start(args, format);
	vsnprintf(lab->evidence, sizeof(lab->evidence), format, args);
	va_end(args);
	return true;
}

/* --- messages ------------------------------------------------------------------------------------------------- */

void message_fill(void *bytes, size_t n, uint64_t id)
{
	unsigned char *to = bytes;
	uint64_t state = id;

	memcpy(to, &id, n < 8 ? n : 8);
	for (size_t i = 8; i < n; i += 8) {
		uint64_t word = rng_next(&state);

		memcpy(to + i, &word, n - i < 8 ? n - i : 8);
	}
}

bool message_intact(const void *bytes, size_t n, uint64_t *id)
{
	const unsigned char *from = bytes;
	uint64_t state, word;

	*id = 0;
	memcpy(id, from, n < 8 ? n : 8);
	state = *id;
	for (size_t i = 8; i < n; i += 8) {
		word = rng_next(&state);
		if (memcmp(from + i, &word, n - i < 8 ? n - i : 8))
			return false;
	}
	return true;
}

size_t link_small(const struct link *link)
{
	return link->bytes < 64 ? link->bytes : 64;
}

const char *result_name(int64_t result)
{
	static char texts[8][32];
	static unsigned next;
	char *text = texts[next++ % 8];
	const char *name;

	if (result == WORK_BLOCKED)
		return "it blocked";
	if (result == WORK_DIED)
		return "it died";
	if (result == WORK_LATE)
		return "no end within the deadline";
	if (result >= 0) {
		snprintf(text, sizeof(texts[0]), "%lld", (long long)result);
		return text;
	}
	name = strerrorname_np((int)-result);
	snprintf(text, sizeof(texts[0]), "%s", name ? name : "?");
	return text;
}

/* --- pieces of work ------------------------------------------------------------------------------------------- */

int64_t work_receiver(struct puppet *me)
{
	me->end.receives = true;
	return me->end.link->receiver(&me->end);
}

int64_t work_sender(struct puppet *me)
{
	return me->end.link->sender(&me->end);
}

int64_t work_accept(struct puppet *me)
{
	return me->end.link->accept(&me->end, me->flags);
}

int64_t work_close(struct puppet *me)
{
	struct end *e = &me->end;

	for (int fd = 3; fd < 256; fd++)
		close(fd);
	e->fd = e->listener = -1;
	e->n_connections = 0;
	return 0;
}

static unsigned char private_buffer[LAB_BUFFER];

int64_t work_send(struct puppet *me)
{
	struct parcel p = { .bytes = private_buffer, .n = me->size, .flags = me->flags, .class = me->class };

	p.connection = me->connection;
	message_fill(private_buffer, me->size, me->id);
	return me->end.link->send(&me->end, &p);
}

int64_t work_receive(struct puppet *me)
{
	struct parcel p = { .bytes = private_buffer, .n = me->size, .flags = me->flags, .class = me->class };
	ssize_t n;

	p.connection = me->connection;
	n = me->end.link->receive(&me->end, &p);
	me->truncated = p.truncated;
	me->said_pid = p.said_pid;
	me->said_code = p.said_code;
	me->class = p.class;
	me->id = 0;
	me->intact = n >= 0 && message_intact(private_buffer, (size_t)n, &me->id);
	return n;
}

int64_t send_one(struct puppet *p, uint64_t id, size_t size, unsigned flags)
{
	p->id = id;
	p->size = size;
	p->flags = flags;
	return puppet_do(p, work_send);
}

int64_t receive_one(struct puppet *p, size_t size, unsigned flags)
{
	p->size = size;
	p->flags = flags;
	return puppet_do(p, work_receive);
}

/* --- pairs ---------------------------------------------------------------------------------------------------- */

static bool went_wrong(struct lab *lab, const char *what, int64_t result)
{
	if (result >= 0)
		return false;
	lab_unknown(lab, "could not be set up: %s: %s", what, result_name(result));
	return true;
}

struct puppet *pair_add_sender(struct lab *lab, struct puppet *receiver)
{
	struct puppet *s = puppet_new(lab);

	if (!s) {
		lab_unknown(lab, "no more processes: %s", strerror(errno));
		return NULL;
	}
	if (went_wrong(lab, "the sender's end", puppet_do(s, work_sender)))
		return NULL;
	if (lab->link->accept) {
		receiver->flags = 0;
		if (went_wrong(lab, "accept", puppet_do(receiver, work_accept)))
			return NULL;
	}
	return s;
}

int pair_open(struct lab *lab, struct puppet **sender, struct puppet **receiver)
{
	if (went_wrong(lab, "making the object", lab_make(lab)))
		return -1;
	*receiver = puppet_new(lab);
	if (!*receiver) {
		lab_unknown(lab, "no more processes: %s", strerror(errno));
		return -1;
	}
	if (went_wrong(lab, "the receiver's end", puppet_do(*receiver, work_receiver)))
		return -1;
	*sender = pair_add_sender(lab, *receiver);
	return *sender ? 0 : -1;
}

bool is_message(const struct link *link, int64_t n)
{
	return n > 0 || (n == 0 && link->bytes == 0);
}

int lab_framed(struct lab *lab, int64_t sizes[4], uint64_t *sum)
{
	struct puppet *s, *r;
	size_t unit = link_small(lab->link);
	int64_t n;

	*sum = 0;
	for (int i = 0; i < 4; i++)
		sizes[i] = WORK_BLOCKED;
	if (pair_open(lab, &s, &r))
		return -1;
	for (unsigned i = 0; i < 3; i++) {
		n = send_one(s, i + 1, unit > 8 ? unit - 8 * i : unit, 0);
		if (n < 0) {
			lab_unknown(lab, "send %u of 3 gave %s", i + 1, result_name(n));
			return -1;
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		n = sizes[i] = receive_one(r, LAB_BUFFER / 2, PARCEL_DONTWAIT | PARCEL_ANY_CLASS);
		if (!is_message(lab->link, n))
			break;
		*sum += r->id;
	}
	lab->framed = sizes[0] == (int64_t)unit && is_message(lab->link, sizes[2]) && sizes[3] == -EAGAIN;
	lab_clear(lab);
	return 0;
}
