/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of other processes. Nothing here allocates; every function may be called from any thread. A process
 * that is gone is -ESRCH.
 */
#ifndef CORE_SYS_PROC_H
#define CORE_SYS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread_state {
	char state; /* as in proc(5): R S D T t Z X I */
	uint64_t cpu; /* clock ticks used */
	uint64_t ran_ns; /* time on a CPU, 0 where the kernel does not tell */
	uint64_t slices; /* times it was given a CPU, 0 where the kernel does not tell */
};

/* State of one thread (tid = pid: the main thread); ran_ns and slices only if deep. 0 or -errno. */
int proc_thread_state(int pid, int tid, bool deep, struct thread_state *out);
/* State letter alone: cheaper. 0 if the process is gone. */
char proc_state_letter(int pid);
/* How many threads it has, zombies included; cheap. Or -errno. */
int proc_thread_count(int pid);
/* Thread ids, at most max of them. Their number (which may be more than max), or -errno. */
int proc_threads(int pid, int *tids, size_t max);
/* Children of all threads of the process, zombies included. Their number (which may be more than max), or -errno. */
int proc_children(int pid, int *pids, size_t max);
/* Descriptors that are open. Their number (which may be more than max), or -errno. */
int proc_descriptors(int pid, int *fds, size_t max);
/* What a descriptor is, as /proc names it: "socket:[123]". 0 or -errno. */
int proc_descriptor_name(int pid, int fd, char *out, size_t size);
/*
 * Is the thread blocked in a system call that ends by itself after some time? 1 yes, 0 no, -errno if the kernel does
 * not say (-EACCES, or it is not blocked: -EBUSY).
 */
int proc_thread_timed(int pid, int tid);
/* Has the process a timer that may still interrupt it: a handler of SIGALRM and the like, or a timer_create(2)? */
bool proc_has_timer(int pid);
/* Has a TCP socket of this network namespace bytes that are not yet confirmed? The kernel may hold them back. */
bool proc_tcp_in_flight(void);
/* Whole file into a fixed buffer, cut if need be, always terminated. Bytes read, or -errno. */
long proc_read(const char *path, char *buffer, size_t size);

/* pidfd_open(2): a descriptor (close-on-exec), or -errno (-ENOSYS before Linux 5.3). */
int pidfd_of(int pid);
/* pidfd_getfd(2): a duplicate of the process's descriptor, or -errno (-EPERM, -ENOSYS before Linux 5.6). */
int pidfd_borrow(int pidfd, int fd);

#endif
