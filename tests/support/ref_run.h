/* SPDX-License-Identifier: MIT */
/* Running $SABOT_REF directly, as a person would in terminals: a server, then its clients. Every wait is bounded. */
#ifndef TESTS_SUPPORT_REF_RUN_H
#define TESTS_SUPPORT_REF_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/model/technique.h"

enum { REF_CLIENTS = 4, REF_OUTPUT = 4096, REF_DEADLINE_MS = 30000 };

/* One process: its pid, what it has printed, how it ended. */
struct ref_process {
	pid_t pid;
	int out, err;			/* read ends of its pipes; -1: closed */
	char out_text[REF_OUTPUT], err_text[REF_OUTPUT];
	size_t n_out, n_err;
	int status;			/* exit status; 128 + signal; -1: had to be killed */
};

/* What all processes of one case are told. Zeroes take the default of the program. */
struct ref_case {
	const char *technique, *pattern, *design, *size, *mistakes;
	unsigned n_clients, messages, window;
	char directory[64];		/* made by ref_case_init(), of this case alone */
	int port, key;
	char id[32];
	int lock;			/* a descriptor; -1: none */
};

/* Directory, port, id and key of its own. Fails the test if it cannot. */
void ref_case_init(struct ref_case *c);
/* Removes the directory. The number of files that were left in it, and of objects with its id or key elsewhere. */
int ref_case_fini(struct ref_case *c);

/* Starts a server (client 0) or client. */
void ref_start(const struct ref_case *c, unsigned client, struct ref_process *p);
/* Waits until it has printed "ready". False: it ended or said nothing in time. */
bool ref_ready(struct ref_process *p);
/* Reads its outputs until it has ended. */
void ref_wait(struct ref_process *p);

/* The whole case: server, clients, SIGTERM for the server. False: the technique cannot be had here (status 77). */
bool ref_run(const struct ref_case *c, struct ref_process *server, struct ref_process clients[REF_CLIENTS]);

/* The i-th of the space-separated words into a text of 32 bytes. False: there are fewer. */
bool ref_word(const char *words, size_t i, char text[32]);

#endif
