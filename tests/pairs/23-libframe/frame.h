/* SPDX-License-Identifier: MIT */
#ifndef FRAME_H
#define FRAME_H
#include <stddef.h>

/* One frame: four digits of length, then so many bytes. -1: the connection has ended, or worse. */
int frame_get(int fd, char *buffer, size_t size);
int frame_put(int fd, const char *text, size_t length);
#endif
