/* SPDX-License-Identifier: MIT */
/* The server's side of every conversation that is carried by a link: one loop for all clients. */
#include "core/techniques/impl.h"

#include "core/base/str.h"
#include "core/techniques/service.h"
#include "core/base/banned.h"

enum { TRIES = 40, TRIES_OF_THE_HASTY = 5 };

struct link_server {
	const struct ref_options *o;
	struct link *l;
	struct peer *peers;	/* by id, 0 … CLIENTS_MAX */
	uint32_t highest;	/* id seen */
	uint32_t n_done;
	bool resends;		/* something may have to be sent again */
	struct message *in, *out;
};

/* The client has gone, or does not take what is sent to it: only its own conversation is over. */
static void peer_drop(struct link_server *s, struct peer *p)
{
	say("client %u has gone", p->id);
	service_end(s->o, p);
}

static void peer_send(struct link_server *s, struct peer *p)
{
	enum link_end end = s->l->send(s->l, p->id, s->out);

	if (end == LINK_CLOSED || end == LINK_SILENT || end == LINK_FAILED)
		peer_drop(s, p);
}

static void fan_out(struct link_server *s, struct peer *p)
{
	while (service_next(s->o, p, s->l->largest, s->out)) {
		p->resend_ns = now_ns() + RETRY_NS;
		peer_send(s, p);
	}
}

/* When is the next message to be sent again? 0: never. */
static int64_t resend_at(const struct link_server *s)
{
	int64_t at = 0;

	for (uint32_t i = 1; i <= s->highest; i++)
		if (s->peers[i].sent > s->peers[i].acked && (at == 0 || s->peers[i].resend_ns < at))
			at = s->peers[i].resend_ns;
	return at;
}

static void peer_again(struct link_server *s, struct peer *p)
{
	p->resend_ns = now_ns() + RETRY_NS;
	p->tries++;
	if (mistake(NO_RETRANSMIT)) {
		/* Mistake: never sent again; after a while the sender goes on as if it had arrived. */
		if (p->tries >= TRIES_OF_THE_HASTY) {
			p->tries = 0;
			p->acked++;
			fan_out(s, p);
		}
		return;
	}
	if (p->tries > TRIES) {
		peer_drop(s, p);
		return;
	}
	for (uint64_t n = p->acked + 1; n <= p->sent; n++) {
		service_again(s->o, p, s->l->largest, n, s->out);
		peer_send(s, p);
	}
}

static void resend_due(struct link_server *s)
{
	int64_t now = now_ns();

	for (uint32_t i = 1; i <= s->highest; i++)
		if (s->peers[i].sent > s->peers[i].acked && s->peers[i].resend_ns <= now)
			peer_again(s, &s->peers[i]);
}

static void message_serve(struct link_server *s, size_t size)
{
	uint32_t id = size >= MESSAGE_HEADER && s->in->sender <= CLIENTS_MAX ? s->in->sender : 0;
	struct peer *p = &s->peers[id];
	bool was_done = p->done;

	if (id > s->highest)
		s->highest = id;
	if (service_take(s->o, p, s->l->lossy, s->in, size, s->out) == TAKE_REPLY)
		peer_send(s, p);
	s->n_done += p->done && !was_done;
	if (s->o->pattern == PATTERN_FAN_OUT)
		fan_out(s, p);
}

int serve_link(const struct ref_options *o, struct link *l, bool until_done)
{
	struct link_server s = { .o = o, .l = l, .resends = l->lossy && o->pattern == PATTERN_FAN_OUT };
	enum link_end end = LINK_OK;
	size_t size = 0;

	s.peers = mem_new((CLIENTS_MAX + 1) * sizeof(*s.peers));
	s.in = mem_new(sizeof(*s.in));
	s.out = mem_new(sizeof(*s.out));
	while (!(until_done && s.n_done >= o->n_clients)) {
		end = l->receive(l, s.in, &size, s.resends ? resend_at(&s) : 0);
		if (end == LINK_OK)
			message_serve(&s, size);
		else if (end != LINK_SILENT)
			break;
		if (s.resends)
			resend_due(&s);
	}
	for (uint32_t i = 0; i <= s.highest; i++)
		service_end(o, &s.peers[i]);
	free(s.peers);
	free(s.in);
	free(s.out);
	if (end == LINK_CLOSED && until_done)
		return say("only %u of %u clients came to an end", s.n_done, o->n_clients);
	return end == LINK_FAILED;
}
