/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/capstone/common.h"
#include "core/base/banned.h"

/* No reader may shrink it under the others (SIGBUS), grow it, write to it, or take these seals off. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

struct snapshot *snapshot_make(int *fd)
{
	void *memory = MAP_FAILED;
	int made = memfd_create("table-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (made >= 0 && ftruncate(made, sizeof(struct snapshot)) == 0)
		memory = mmap(NULL, sizeof(struct snapshot), PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
	/* After our own mapping: the seal is about future ones. */
	if (memory == MAP_FAILED || fcntl(made, F_ADD_SEALS, SEALS) < 0) {
		say_errno("no segment for the snapshot");
		if (memory != MAP_FAILED)
			munmap(memory, sizeof(struct snapshot));
		fd_close(made);
		return NULL;
	}
	*fd = made;
	return memory;
}

const struct snapshot *snapshot_map(int fd)
{
	struct stat st;
	void *memory;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)sizeof(struct snapshot)) {
		say("this is no snapshot");
		return NULL;
	}
	memory = mmap(NULL, sizeof(struct snapshot), PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		say_errno("mmap");
		return NULL;
	}
	return memory;
}

void snapshot_unmap(const struct snapshot *s)
{
	if (s)
		munmap((void *)s, sizeof(*s));
}

static void words_store(_Atomic uint64_t *slot, const struct table *t, size_t from, size_t to)
{
	uint64_t words[TABLE_WORDS];

	memcpy(words, t, sizeof(words));
	for (size_t i = from; i < to; i++)
		atomic_store_explicit(&slot[i], words[i], memory_order_relaxed);
}

void snapshot_publish(struct snapshot *s, const struct table *t)
{
	uint64_t version = atomic_load_explicit(&s->version, memory_order_relaxed);

	/*
	 * This slot was in sight until the version before. The fence: whoever sees any of the new words in it sees at
	 * least the present version too, and knows that what it copied was no longer the one in sight.
	 */
	atomic_thread_fence(memory_order_release);
	words_store(s->slots[(version + 1) & 1], t, 0, TABLE_WORDS);
	/* Release: whoever sees the new version sees all words of its slot. */
	atomic_store_explicit(&s->version, version + 1, memory_order_release);
}

void snapshot_overwrite(struct snapshot *s, const struct table *t, int half)
{
	uint64_t version = atomic_load_explicit(&s->version, memory_order_relaxed);
	size_t middle = TABLE_WORDS / 2;

	words_store(s->slots[version & 1], t, half ? middle : 0, half ? TABLE_WORDS : middle);
}

void snapshot_read(const struct snapshot *s, struct table *t)
{
	uint64_t words[TABLE_WORDS], version;

	do {
		version = atomic_load_explicit(&s->version, memory_order_acquire);
		for (size_t i = 0; i < TABLE_WORDS; i++)
			words[i] = atomic_load_explicit(&s->slots[version & 1][i], memory_order_relaxed);
		/* The words before the second look at the version. */
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load_explicit(&s->version, memory_order_relaxed) != version);
	memcpy(t, words, sizeof(*t));
}
