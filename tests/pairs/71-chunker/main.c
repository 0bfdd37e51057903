/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum state { CHUNK_HEX, CHUNK_LF, CHUNK_DATA, CHUNK_POSTLF, CHUNK_STOP };

struct chunker {
  enum state state;
  size_t datasize, got;
  char hex[16];
  unsigned hexindex;
};

/* 0: fine, -1: illegal */
static int httpchunk_read(struct chunker *ch, const char *p, size_t len)
{
  while(len && ch->state != CHUNK_STOP) {
    switch(ch->state) {
    case CHUNK_HEX:
      if(isxdigit((unsigned char)*p)) {
	if(ch->hexindex >= sizeof(ch->hex) - 1)
	  return -1;
	ch->hex[ch->hexindex++] = *p++;
	len--;
      }
      else {
	if(!ch->hexindex)
	  return -1;
	ch->hex[ch->hexindex] = 0;
	ch->datasize = strtoul(ch->hex, NULL, 16);
	ch->state = CHUNK_LF;
      }
      break;
    case CHUNK_LF:
#ifndef REPAIRED
      if(len < 2 || p[0] != '\r' || p[1] != '\n')
	return -1;
      p += 2;
      len -= 2;
      ch->hexindex = 0;
      ch->state = ch->datasize ? CHUNK_DATA : CHUNK_STOP;
#else
      if(*p == '\n') {
	ch->hexindex = 0;
	ch->state = ch->datasize ? CHUNK_DATA : CHUNK_STOP;
      }
      else if(*p != '\r')
	return -1;
      p++;
      len--;
#endif
      break;
    case CHUNK_DATA: {
      size_t piece = ch->datasize < len ? ch->datasize : len;
      ch->got += piece;
      ch->datasize -= piece;
      p += piece;
      len -= piece;
      if(!ch->datasize)
	ch->state = CHUNK_POSTLF;
      break;
    }
    case CHUNK_POSTLF:
      if(*p == '\n')
	ch->state = CHUNK_HEX;
      else if(*p != '\r')
	return -1;
      p++;
      len--;
      break;
    case CHUNK_STOP:
      break;
    }
  }
  return 0;
}

static int origin(int s)
{
  static const char *parts[] = { "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n",
    "5\r\nhello\r\nb\r\nhello again\r\n", "0\r\n\r\n" };
  for(int i = 0; i < 3; i++)
    for(size_t o = 0, n = strlen(parts[i]); o < n; ) {
      ssize_t k = send(s, parts[i] + o, n - o, MSG_NOSIGNAL);
      if(k < 0 && errno == EINTR)
	continue;
      if(k < 0)
	return 1;
      o += k;
    }
  return 0;
}

int main(void)
{
  struct chunker ch = { CHUNK_HEX, 0, 0, "", 0 };
  struct timeval tv = { 3, 0 };
  int sv[2], st, bad = 0;

  if(socketpair(AF_UNIX, SOCK_STREAM, 0, sv)) {
    perror("socketpair");
    return 1;
  }
  pid_t pid = fork();
  if(!pid) {
    close(sv[0]);
    _exit(origin(sv[1]));
  }
  close(sv[1]);
  if(pid < 0) {
    perror("fork");
    return 1;
  }
  setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
  while(ch.state != CHUNK_STOP && !bad) {
    char buf[64];
    ssize_t n = recv(sv[0], buf, sizeof(buf), 0);
    if(n < 0 && errno == EINTR)
      continue;
    if(n <= 0 || httpchunk_read(&ch, buf, n)) {
      fprintf(stderr, n <= 0 ? "transfer closed with outstanding read data remaining\n" : "illegal chunk\n");
      bad = 1;
    }
  }
  /* the line after the last chunk */
  while(!bad) {
    char buf[64];
    ssize_t n = recv(sv[0], buf, sizeof(buf), 0);
    if(n == 0 || (n < 0 && errno != EINTR))
      break;
  }
  close(sv[0]);
  while(waitpid(pid, &st, 0) < 0 && errno == EINTR)
    ;
  if(bad || st)
    return 1;
  printf("%zu bytes\n", ch.got);
  return 0;
}
