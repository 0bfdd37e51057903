/* SPDX-License-Identifier: MIT */
/* Thread: the main thread has the master socket and only accepts; a thread for each client serves its handle. */
#include "core/techniques/connection.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/base/str.h"
#include "core/base/banned.h"

struct server_thread {
	pthread_t thread;
	const struct ref_options *o;
	const struct connection_calls *calls;
	struct thread_list *list;
	int data_socket;	/* -1: the thread closes it, or has closed it. Under list->lock. */
	bool over;		/* under list->lock */
	struct server_thread *next;
};

struct thread_list {
	pthread_mutex_t lock;
	struct server_thread *first;	/* only the main thread changes it */
};

static void *client_serve(void *data)
{
	struct server_thread *t = data;
	struct client_handle *h = client_handle_new(t->o, t->calls, t->data_socket);

	if (patience_set(h->data_socket, t->o) == 0)
		client_handle_serve(h);
	/* From here on the number may belong to somebody else: the main thread must not touch it any more. */
	pthread_mutex_lock(&t->list->lock);
	t->data_socket = -1;
	pthread_mutex_unlock(&t->list->lock);
	client_handle_free(h);
	pthread_mutex_lock(&t->list->lock);
	t->over = true;
	pthread_mutex_unlock(&t->list->lock);
	return NULL;
}

/* Joins the threads that are over; all of them when the server ends. */
static void threads_join(struct thread_list *list, bool all)
{
	for (struct server_thread **at = &list->first; *at;) {
		struct server_thread *t = *at;
		bool over;

		pthread_mutex_lock(&list->lock);
		over = t->over;
		if (all && t->data_socket >= 0)
			shutdown(t->data_socket, SHUT_RDWR);	/* wakes the thread if it waits for its client */
		pthread_mutex_unlock(&list->lock);
		if (!over && !all) {
			at = &t->next;
			continue;
		}
		pthread_join(t->thread, NULL);
		*at = t->next;
		free(t);
	}
}

/* 0, or 1 if there is no room for one more thread now. */
static int thread_start(struct thread_list *list, const struct ref_options *o, const struct connection_calls *calls,
	int data_socket)
{
	struct server_thread *t = mem_new(sizeof(*t));
	sigset_t term, before;
	int error;

	*t = (struct server_thread){ .o = o, .calls = calls, .list = list, .data_socket = data_socket };
	/* SIGTERM is for the main thread, which waits in accept(): a new thread inherits the mask. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &before);
	error = pthread_create(&t->thread, NULL, client_serve, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		errno = error;
		say_errno("pthread_create");
		close(data_socket);
		free(t);
		return 1;
	}
	t->next = list->first;
	list->first = t;
	return 0;
}

int serve_thread(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	struct thread_list list = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int data_socket, status = 0;

	stop_shuts_down(master_socket);
	while (status == 0 && !stop_asked()) {
		enum accepted accepted = client_accept(calls, master_socket, &data_socket);

		threads_join(&list, false);
		switch (accepted) {
		case ACCEPTED:
			if (thread_start(&list, o, calls, data_socket))
				back_off();
			break;
		case ACCEPTED_FULL:
			back_off();
			break;
		case ACCEPTED_FAILED:
			status = 1;
			break;
		default:
			break;
		}
	}
	threads_join(&list, true);
	return status;
}
