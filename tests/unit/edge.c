/* SPDX-License-Identifier: MIT */
/* What the injector knows of epoll, on real epolls: who watches what, and edges that are made anew. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* It is part of libsabot.so only, which hides it. */
#include "faults/preload/edge.c"
#include "core/base/banned.h"

enum { MORE_THAN_FIT = EDGES + 8 };

static int epoll, pair[2];

static void setup(void)
{
	epoll = epoll_create1(0);
	cr_assert_geq(epoll, 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
}

static void teardown(void)
{
	close(epoll);
	close(pair[0]);
	close(pair[1]);
}

TestSuite(edge, .init = setup, .fini = teardown);

/* As look() and the real call have it. */
static void control(int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	edge_note(epoll, operation, fd, operation == EPOLL_CTL_DEL ? NULL : &event);
	cr_assert_eq(epoll_ctl(epoll, operation, fd, &event), 0);
}

static int events_now(void)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0);
}

static int watched(void)
{
	struct epoll_event event;
	unsigned at = 0;
	int n = 0;

	while (edge_watched(epoll, &at, &event) >= 0)
		n++;
	return n;
}

Test(edge, is_repeated_where_it_was_hidden)
{
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET);
	cr_assert_eq(write(pair[1], "x", 1), 1);
	cr_assert_eq(events_now(), 1);
	cr_assert_eq(events_now(), 0, "an edge comes once");
	errno = ENOENT;
	edge_repeat(pair[0]);
	cr_assert_eq(errno, ENOENT);
	cr_assert_eq(events_now(), 1);
}

Test(edge, is_not_made_where_there_is_nothing)
{
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET);
	edge_repeat(pair[0]);
	cr_assert_eq(events_now(), 0);
}

/* Who asks for one shot has not asked again. */
Test(edge, one_shot_is_left_alone)
{
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET | EPOLLONESHOT);
	cr_assert_eq(write(pair[1], "x", 1), 1);
	cr_assert_eq(events_now(), 1);
	edge_repeat(pair[0]);
	cr_assert_eq(events_now(), 0);
	cr_assert_eq(watched(), 0);
}

Test(edge, what_is_no_longer_watched_is_forgotten)
{
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET);
	cr_assert_eq(watched(), 1);
	control(EPOLL_CTL_DEL, pair[0], 0);
	cr_assert_eq(watched(), 0);
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN);
	control(EPOLL_CTL_MOD, pair[0], EPOLLOUT);
	cr_assert_eq(watched(), 0, "it is watched, but not for input");
	control(EPOLL_CTL_MOD, pair[0], EPOLLIN);
	cr_assert_eq(watched(), 1);
	edge_closed(pair[0]);
	cr_assert_eq(watched(), 0);
}

/* Closed behind our back, and gone from the kernel's list with it. */
Test(edge, what_is_closed_is_not_watched)
{
	int other = dup(pair[1]);

	control(EPOLL_CTL_ADD, other, EPOLLIN);
	close(other);
	control(EPOLL_CTL_ADD, pair[0], EPOLLIN);
	epoll_ctl(epoll, EPOLL_CTL_DEL, pair[0], NULL);
	cr_assert_eq(watched(), 0);
}

Test(edge, what_an_event_means_is_what_was_stored_there)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = pair[1] }, unknown = { .data.u64 = UINT64_MAX };
	unsigned at = 0;

	control(EPOLL_CTL_ADD, pair[0], EPOLLIN);
	control(EPOLL_CTL_ADD, pair[1], EPOLLOUT);
	cr_assert_eq(edge_meant(epoll, &event, &at), pair[1]);
	cr_assert_eq(edge_meant(epoll, &event, &at), -1);
	at = 0;
	cr_assert_eq(edge_meant(epoll, &unknown, &at), -1);
	at = 0;
	cr_assert_eq(edge_meant(epoll + 1, &event, &at), -1, "another epoll's");
}

/* One that finds no room is not known; those that are stay so, and what is given up makes room. */
Test(edge, there_is_an_end_of_room)
{
	int fds[MORE_THAN_FIT];

	for (int i = 0; i < MORE_THAN_FIT; i++) {
		fds[i] = dup(pair[0]);
		control(EPOLL_CTL_ADD, fds[i], EPOLLIN);
	}
	cr_assert_eq(watched(), EDGES);
	edge_closed(fds[0]);
	close(fds[0]);
	control(EPOLL_CTL_MOD, fds[MORE_THAN_FIT - 1], EPOLLIN);
	cr_assert_eq(watched(), EDGES);
	for (int i = 1; i < MORE_THAN_FIT; i++) {
		edge_closed(fds[i]);
		close(fds[i]);
	}
	cr_assert_eq(watched(), 0);
}

Test(edge, standard_input_is_no_edge)
{
	struct epoll_event event = { .events = EPOLLIN };

	edge_note(epoll, EPOLL_CTL_ADD, 0, &event);
	edge_note(epoll, EPOLL_CTL_ADD, -1, &event);
	cr_assert_eq(watched(), 0);
}
